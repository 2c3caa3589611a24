"""Every objective: right gradients, learns a toy problem in 30 steps, and says clearly what is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lookalike.errors import RecipeError, TrainingError
from lookalike.training.batch import Batch
from lookalike.training.objectives import (
    OBJECTIVES,
    binary_codes,
    check_labels,
    check_votes,
    hamming_recall,
    make_objective,
    objective_settings,
)

torch = pytest.importorskip("torch")

CLASSES, PER_CLASS, DIM = 4, 6, 16
SETTINGS = {
    "triplet-hinge": {"votes": "share"},
    "contrastive": {"unlabelled": 0.5},
    "info-nce": {"temperature": 0.2},
    "simclr": {"hidden": 0, "temperature": 0.2},
    "instance": {"count": CLASSES * PER_CLASS, "temperature": 0.2},
    "classifier": {"classes": CLASSES, "head": "cosine"},
    "attributes": {"attributes": {"class": CLASSES, "parity": 2}},
    "autoencoder": {"size": 8, "channels": 1, "width": 16, "noise": 0.05},
    "distillation": {"teacher_dim": 2},
    "hashing": {"bits": 8},
    "metric": {},
}


@pytest.fixture(autouse=True)
def _one_thread():
    """Tiny tensors: on a busy machine two threads wait for one another a hundred times longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def toy(dtype=torch.float32):
    """One batch that has every field: two noisy views of 24 points in 16 numbers, of which 2 tell the class."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(CLASSES).repeat(PER_CLASS)
    corners = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])

    def view(of):
        noise = 0.8 * torch.randn(len(of), DIM, generator=generator)
        noise[:, :2] = corners[of] + 0.2 * noise[:, :2]
        return noise.to(dtype)

    reference, alike, other = view(labels), view(labels), view((labels + 1) % CLASSES)
    b_wins = torch.arange(len(labels)) % 2 == 0
    votes = torch.randint(4, 7, (len(labels),), generator=generator)
    same = torch.where(torch.arange(len(labels)) % 3 == 0, -1.0, 1.0)
    return Batch(
        reference,
        torch.where(b_wins[:, None], other, alike),
        torch.where(b_wins[:, None], alike, other),
        votes_a=torch.where(b_wins, 6 - votes, votes).float(),
        votes_b=torch.where(b_wins, votes, 6 - votes).float(),
        labels=labels,
        attributes={"class": labels, "parity": labels % 2},
        index=torch.arange(len(labels)),
        targets=corners[labels].to(dtype),
        same=same,
    ), alike  # fmt: skip


def batch_for(kind: str, dtype=torch.float32) -> Batch:
    batch, alike = toy(dtype)
    if kind == "triplet-hinge":
        return batch
    if kind == "contrastive":  # every other pair is of two classes
        same = torch.where(torch.arange(len(batch)) % 2 == 0, 0.0, 1.0)
        return replace(batch, same=torch.where(batch.same < 0, -1.0, same))
    if kind == "autoencoder":
        return Batch(batch.images[:, :1, None, None].expand(-1, 1, 8, 8).contiguous())
    if kind == "info-nce":
        return replace(batch, images_a=alike, same=None)
    return replace(batch, images_a=alike, same=None, labels=None if kind == "simclr" else batch.labels)


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_gradients(kind: str) -> None:
    torch.manual_seed(0)
    batch = batch_for(kind, torch.float64).rows(slice(0, 5))
    dim = 4 if kind == "autoencoder" else DIM
    objective = make_objective(kind, dim, **SETTINGS[kind]).double().eval()
    places = [batch.images] + [x for x in (batch.images_a, batch.images_b) if x is not None]
    inputs = [place.clone().requires_grad_(True) for place in places]
    names = ("images", "images_a", "images_b")

    def loss(*images):
        given = replace(batch, **dict(zip(names, images, strict=False)))
        return objective(given, lambda x: x.flatten(1)[:, :dim])

    assert torch.autograd.gradcheck(loss, inputs, eps=1e-6, atol=1e-4)


def nearest_is_alike(vectors, labels) -> float:
    unit = torch.nn.functional.normalize(vectors, dim=1)
    nearest = (unit @ unit.T).fill_diagonal_(-2).argmax(dim=1)
    return float((labels[nearest] == labels).float().mean())


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_thirty_steps_teach_something(kind: str) -> None:
    torch.manual_seed(0)
    batch, labels = batch_for(kind), toy()[0].labels
    dim = 4 if kind == "autoencoder" else 8
    embed = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(64 if kind == "autoencoder" else DIM, dim)
    )
    objective = make_objective(kind, dim, **SETTINGS[kind])
    optimizer = torch.optim.Adam([*embed.parameters(), *objective.parameters()], lr=0.02)

    def measure() -> float:
        objective.eval()
        with torch.no_grad():
            objective(batch, embed)
            vectors = embed(batch.images)
        objective.train()
        if kind == "autoencoder":
            return -objective.logs["error"]
        if kind == "hashing":
            codes = binary_codes(objective.output(vectors).detach().numpy())
            return hamming_recall(codes, codes, labels, labels, radius=1).recall
        if kind == "distillation":
            return objective.logs["cosine"]
        return next(
            (v for k, v in objective.logs.items() if k.startswith("accuracy")),
            nearest_is_alike(vectors, labels),
        )

    before, losses = measure(), []
    for _ in range(30):
        loss = objective(batch, embed)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        objective.after_step()
        losses.append(float(loss.detach()))
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.8 * losses[0], (losses[0], losses[-1])
    assert measure() > before, (before, measure())


def test_few_labels_help_more_with_pseudo_labels_than_their_absence_hurts() -> None:
    """With labels on a sixth of the pairs the pseudo-label term takes pairs in and stays finite."""
    batch = batch_for("contrastive")
    few = torch.where(torch.arange(len(batch)) % 6 == 0, batch.same, torch.full_like(batch.same, -1.0))
    torch.manual_seed(0)
    embed = torch.nn.Linear(DIM, 8)
    objective = make_objective("contrastive", 8, unlabelled=1.0)
    optimizer = torch.optim.Adam(embed.parameters(), lr=0.02)
    for _ in range(30):
        loss = objective(replace(batch, same=few), embed)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert objective.logs["taken"] > 0.5
    assert torch.isfinite(loss)


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_an_empty_batch_is_an_error(kind: str) -> None:
    objective = make_objective(kind, 8, **SETTINGS[kind])
    with pytest.raises(TrainingError, match="empty batch"):
        objective(batch_for(kind).rows(slice(0, 0)), lambda x: x)


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_bf16_embeddings_give_a_float32_loss(kind: str) -> None:
    dim = 4 if kind == "autoencoder" else DIM
    objective = make_objective(kind, dim, **SETTINGS[kind])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = objective(batch_for(kind), lambda x: x.flatten(1)[:, :dim].bfloat16())
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)


def test_what_is_wrong_with_settings_is_said() -> None:
    for kind, settings, message in (
        ("triplet-hing", {}, "did you mean triplet-hinge"),
        ("triplet-hinge", {"margn": 1}, "did you mean margin"),
        ("triplet-hinge", {"margin": -1}, "margin must be a number of at least 0"),
        ("triplet-hinge", {"margin": "x"}, "got 'x'"),
        ("triplet-hinge", {"votes": "all"}, "majority, share"),
        ("classifier", {}, "needs the setting 'classes'; the data give it"),
        ("info-nce", {"temperature": 0}, "above 0"),
        ("contrastive", {"margin": 3}, "at most 2"),
        ("hashing", {"bits": 12}, "multiple of 8"),
        ("attributes", {"attributes": {"a": 2}, "weights": {"b": 1}}, "weights.b"),
        ("attributes", {"attributes": {}}, "at least one"),
        ("distillation", {"teacher_dim": 3, "project": "none"}, "linear"),
        ("autoencoder", {"size": 30}, "multiple of 4"),
        ("metric", {"loss_settings": {"colour": 1}}, "refuses"),
    ):
        with pytest.raises(RecipeError, match=message) as caught:
            make_objective(kind, 8, **settings)
        assert "\n" not in str(caught.value)
    assert objective_settings("triplet-hinge") == {"margin": 0.05, "votes": "majority"}


def test_what_is_wrong_with_a_batch_is_said() -> None:
    batch, _ = toy()
    for kind, given, message in (
        ("triplet-hinge", Batch(batch.images), "no images_a"),
        ("triplet-hinge", replace(batch, votes_a=batch.votes_a[:3]), "votes_a has 3 rows"),
        (
            "triplet-hinge",
            replace(batch, votes_a=batch.votes_a * 0, votes_b=batch.votes_b * 0),
            "at least one vote",
        ),
        ("classifier", replace(batch, labels=batch.labels + 3), "label 4 is not one of"),
        ("classifier", replace(batch, labels=batch.labels * 0 - 1), "no row of the batch has a label"),
        ("hashing", replace(batch, labels=batch.labels * 0 - 1), "no row of the batch has a label"),
        ("instance", replace(batch, index=None), "index"),
        ("instance", replace(batch, index=batch.index + 9), "objective.count"),
        ("attributes", replace(batch, attributes={"class": batch.labels}), "'parity'"),
        ("info-nce", batch.rows(slice(0, 1)), "at least 2"),
        ("autoencoder", Batch(batch.images), "pixels"),
        ("distillation", replace(batch, targets=batch.images), "targets are"),
    ):
        with pytest.raises(TrainingError, match=message) as caught:
            make_objective(kind, DIM, **SETTINGS[kind])(given, lambda x: x)
        assert "\n" not in str(caught.value)
    with pytest.raises(TrainingError, match=r"expected \(24, 8\)"):
        make_objective("classifier", 8, classes=4)(batch, lambda x: x)


def test_one_sided_votes_and_one_class_are_refused() -> None:
    check_votes(np.array([6, 0]), np.array([0, 6]))
    for votes_a, votes_b, message in (
        ([6] * 12, [0] * 12, "won by a: one-sided"),
        ([0] * 12, [1] * 12, "won by b: one-sided"),
        ([2, 3], [2, 3], "draws"),
        ([], [], "no triplets"),
        ([0, 1], [0, 1], "at least one vote"),
    ):
        with pytest.raises(TrainingError, match=message):
            check_votes(np.array(votes_a, dtype=float), np.array(votes_b, dtype=float))
    assert check_labels([0, 2, -1]) == 3
    with pytest.raises(TrainingError, match="class 1"):
        check_labels([1, 1, -1])
    with pytest.raises(TrainingError, match="no labels"):
        check_labels([-1])


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_zero_vectors_give_no_nan(kind: str) -> None:
    given = batch_for(kind).map(lambda x: x * 0 if x.is_floating_point() and x.ndim > 1 else x)
    dim = 4 if kind == "autoencoder" else DIM
    weights = torch.zeros(DIM, DIM, requires_grad=True)
    loss = make_objective(kind, dim, **SETTINGS[kind])(
        given, lambda x: (x.flatten(1)[:, :DIM] @ weights)[:, :dim]
    )
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(weights.grad).all()
