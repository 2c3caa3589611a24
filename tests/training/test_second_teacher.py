"""A second teacher that knows some of the images only, and drawn twins among human pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from lookalike import load_encoder  # noqa: E402 - after the check for torch
from lookalike.encoders import CallableEncoder  # noqa: E402
from lookalike.encoders.faces import FaceEncoder  # noqa: E402
from lookalike.encoders.faces_types import DESCRIPTOR, Face  # noqa: E402
from lookalike.errors import RecipeError, TrainingError  # noqa: E402
from lookalike.judgments import make_twins  # noqa: E402
from lookalike.training.batch import Batch  # noqa: E402
from lookalike.training.data import load_data  # noqa: E402
from lookalike.training.data_options import DataOptions  # noqa: E402
from lookalike.training.data_teacher import Teacher, partial_targets, teacher_targets  # noqa: E402
from lookalike.training.objectives import make_objective  # noqa: E402
from lookalike.training.recipe import Recipe  # noqa: E402
from tests.encoders.trained_runs import TINY_NET  # noqa: E402

CLASSIC = load_encoder("classic:layout")


def red_only(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Mean colour of images that are mostly red, zeros for others."""
    means = images.reshape(len(images), -1, 3).mean(axis=1)
    return np.where(means[:, :1] > means[:, 1:2], means, 0)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """20 images, the first 12 of them reddish."""
    rng = np.random.default_rng(0)
    for row in range(20):
        pixels = rng.integers(0, 90, (24, 24, 3), dtype=np.uint8)
        pixels[..., 0 if row < 12 else 1] += 120
        Image.fromarray(pixels).save(tmp_path / f"{row:02}.png")
    return tmp_path


def test_the_term_by_hand() -> None:
    z = torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1], [3, 7]], dtype=torch.float64)
    p = torch.tensor([[1.0, 0], [-1, 0], [1, 0], [-1, 0], [0, 0]], dtype=torch.float64)
    loss = make_objective("distillation", 2, teacher_dim=2, project="none", relational=0.0, partial=3.0)
    # Of the 12 ordered pairs of the four known rows, 8 differ by 1: 3 x 8/12. Row 5 is unknown.
    found = loss(Batch(z, targets=z, partial=p), lambda x: x)
    assert float(found) == pytest.approx(2.0)
    assert loss.logs["partial"] == pytest.approx(2 / 3)
    # What all known rows have in common, in the student or in the teacher, makes no difference.
    moved = loss(
        Batch(z + 5, targets=z + 5, partial=torch.where(p.any(dim=1)[:, None], p + 9, p)), lambda x: x
    )
    assert float(moved) == pytest.approx(2.0)
    few = loss(Batch(z[:3], targets=z[:3], partial=p[:3]), lambda x: x)
    assert float(few) == 0
    with pytest.raises(TrainingError, match=r"name it in data\.teacher\.partial"):
        loss(Batch(z, targets=z), lambda x: x)


@pytest.mark.parametrize("relations", ["embedding", "projection"])
def test_the_student_comes_to_relate_known_images_as_the_teacher_does(relations: str) -> None:
    torch.manual_seed(0)
    images, partial = torch.randn(24, 6), torch.randn(24, 3)
    partial[16:] = 0
    network = torch.nn.Linear(6, 8)
    objective = make_objective(
        "distillation", 8, teacher_dim=6, relational=0.0, partial=5.0, partial_relations=relations
    )
    optimizer = torch.optim.Adam([*network.parameters(), *objective.parameters()], lr=0.02)
    batch = Batch(images, targets=images, partial=partial)
    for step in range(120):
        optimizer.zero_grad()
        objective(batch, network).backward()
        if step == 0:
            before = objective.logs["partial"]
        optimizer.step()
    assert objective.logs["partial"] < 0.7 * before
    assert objective.logs["cosine"] > 0.6


def test_rows_carry_what_the_second_teacher_knows(pictures: Path) -> None:
    second = CallableEncoder(red_only, name="red", input_size=(16, 16))
    options = DataOptions(
        str(pictures),
        "teacher",
        batch=20,
        validation_share=0.2,
        teacher=Teacher(("classic:color",), partial=second),
    )
    loaded = load_data(options, reads=CLASSIC.card)
    batch = next(iter(loaded.batches(0)))
    assert batch.partial is not None
    assert batch.partial.shape == (16, 3)
    known = [
        int(loaded.train.names[i][-6:-4]) < 12 for i in loaded.train.columns["images"][batch.index.numpy()]
    ]
    assert batch.partial.any(dim=1).tolist() == known
    assert any(f"knows {sum(known)} of the 16 training images" in note for note in loaded.notes)
    nothing = CallableEncoder(lambda x: np.zeros((len(x), 3)), name="blind", input_size=(16, 16))
    with pytest.raises(TrainingError, match=r"blind knows 0 of the 20 images, at least 4 are needed"):
        partial_targets(nothing, sorted(pictures.glob("*.png")))


def face(value: float, other: float = 0.0) -> Face:
    descriptor = np.full(DESCRIPTOR, value, np.float32)
    descriptor[0] += other
    return Face((0.0, 0.0, 9.0, 9.0), np.zeros((68, 2), np.float32), descriptor, 1.0, (10, 10))


def finding(monkeypatch: pytest.MonkeyPatch, faces: list[list[Face]]) -> FaceEncoder:
    """An encoder of faces that finds these, whatever it is shown."""
    monkeypatch.setattr("lookalike.encoders.faces.detect_cached", lambda *_, **__: faces)
    encoder = FaceEncoder.__new__(FaceEncoder)
    encoder.card = replace(CLASSIC.card, name="faces", dim=DESCRIPTOR)
    return encoder


def test_of_several_faces_none_stands_for_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = finding(monkeypatch, [[face(1)], [], [face(2), face(3)], [face(4)], [face(5)], [face(6)]])
    found = partial_targets(encoder, [b""] * 6)
    assert found[:, 0].tolist() == [1, 0, 0, 4, 5, 6]


def test_faces_among_several_teachers_count_where_there_is_one(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Joined targets: cosine = weighted mean of the teachers' cosines, faces taken from the mean face of the training."""
    shown = sorted(pictures.glob("*.png"))[:6]
    faces = finding(monkeypatch, [[face(0, 1)], [face(0, 3)], [face(0, 1)], [face(0, 3)], [], [face(0, 9)]])
    alone = teacher_targets(Teacher((CLASSIC,)), shown)
    joined = teacher_targets(Teacher((CLASSIC, faces), weights=(3.0, 1.0)), shown, np.arange(5))
    own = alone @ alone.T
    assert joined.shape == (6, alone.shape[1] + DESCRIPTOR)
    assert np.allclose(np.linalg.norm(joined, axis=1), 1, atol=1e-6)
    among = joined @ joined.T
    # The mean face of those to fit on is 2: 1 lies on one side of it, 3 and 9 on the other.
    assert among[0, 2] == pytest.approx(0.75 * own[0, 2] + 0.25, abs=1e-6)
    assert among[0, 1] == pytest.approx(0.75 * own[0, 1] - 0.25, abs=1e-6)
    assert among[1, 5] == pytest.approx(0.75 * own[1, 5] + 0.25, abs=1e-6)
    # Of an image without a face the other teacher says everything.
    assert among[0, 4] == pytest.approx(np.sqrt(0.75) * own[0, 4], abs=1e-6)
    # Whitened or not, the part of the faces is their difference from the mean face.
    whitened = teacher_targets(Teacher((CLASSIC, faces), True, 2, weights=(3.0, 1.0)), shown, np.arange(5))
    assert whitened.shape == (6, 2 + DESCRIPTOR)
    assert np.allclose(whitened[:, 2:], joined[:, -DESCRIPTOR:], atol=1e-6)
    for few in (np.arange(3), np.arange(0)):
        with pytest.raises(
            TrainingError, match=rf"encoders: faces finds one face in {len(few)} of the training"
        ):
            teacher_targets(Teacher((CLASSIC, faces)), shown, few)
    for only in (faces, "faces", "faces:cnn"):
        with pytest.raises(RecipeError, match="faces alone say nothing of most images"):
            Teacher((only,))


def pairs_recipe(train: str, **data: Any) -> dict[str, Any]:
    return {
        "name": "r", "encoder": {"name": TINY_NET}, "adapter": {"kind": "full"}, "objective": {"kind": "info-nce"},
        "data": {"train": train, **data},
    }  # fmt: skip


def test_twins_are_the_stated_share_of_the_training_rows_only(tmp_path: Path) -> None:
    make_twins(20, ("shape", "color"), size=32, seed=4).save(tmp_path)
    options = DataOptions(
        tmp_path, "pairs", batch=64, split_by="component", fold=(0, 4), twins_share=0.25,
        twins={"shared": ["shape"], "size": 32}, seed=3,
    )  # fmt: skip
    loaded = load_data(options, reads=CLASSIC.card)
    assert (loaded.rows, len(loaded.validation)) == (20, 5)  # 15 human pairs and 5 twins: a quarter
    assert "5 drawn twins stand among the 20 training pairs" in loaded.notes
    again = load_data(options, reads=CLASSIC.card).batch(np.arange(20))
    batch = loaded.batch(np.arange(20))
    assert torch.equal(batch.images, again.images)
    # Groups: the human rows' own ones; twins of one shape are no negatives of one another, nor of a human row's group.
    drawn = make_twins(5, ("shape",), size=32, seed=3)
    shapes = [one.shape for one in drawn.left_factors]
    groups = batch.labels.tolist()
    assert not set(groups[:15]) & set(groups[15:])
    for i in range(5):
        for j in range(5):
            assert (groups[15 + i] == groups[15 + j]) == (shapes[i] == shapes[j])
    wanted = load_data(
        DataOptions(tmp_path, "pairs", batch=64, split_by="component", fold=(0, 4), seed=3),
        reads=CLASSIC.card,
    )
    held = [{one.validation.table.names[i] for i in one.validation.pictures} for one in (loaded, wanted)]
    assert held[0] == held[1]
    assert loaded.fitted_pairs is not None
    assert wanted.fitted_pairs is not None
    assert np.array_equal(loaded.fitted_pairs, wanted.fitted_pairs)  # twins are no human judgments


def test_bystanders_are_negatives_that_stay_where_they_were(tmp_path: Path) -> None:
    make_twins(20, ("shape", "color"), size=32, seed=4).save(tmp_path / "pairs")
    others = make_twins(6, (), size=32, seed=9)
    (tmp_path / "others").mkdir()
    for row, pixels in enumerate(others.left):
        Image.fromarray(pixels).save(tmp_path / "others" / f"{row}.png")
    options = DataOptions(
        tmp_path / "pairs", "pairs", batch=64, split_by="component", fold=(0, 4), seed=3,
        bystanders=str(tmp_path / "others"), bystanders_share=0.25, teacher=Teacher(("classic:color",)),
    )  # fmt: skip
    loaded = load_data(options, reads=CLASSIC.card)
    assert (loaded.rows, len(loaded.validation)) == (
        20,
        5,
    )  # 15 human pairs, and 5 rows of bystanders: a quarter
    assert "5 rows of bystanders stand among the 20 training rows" in loaded.notes
    batch = loaded.batch(np.arange(20))
    assert batch.same is not None
    assert batch.same.tolist() == [1.0] * 15 + [0.0] * 5
    assert batch.labels is not None
    assert len(set(batch.labels[15:].tolist()) - set(batch.labels[:15].tolist())) == 5
    shown = loaded.train.shown[15:]
    assert {Path(loaded.train.names[i]).name for i in shown.ravel()} <= {f"{row}.png" for row in range(6)}
    assert len(np.unique(shown)) >= 5
    assert (shown[:, 0] != shown[:, 1]).all()
    objective = make_objective("info-nce", batch.images[0].numel())
    flat = batch.map(lambda tensor: tensor.flatten(1) if tensor.ndim == 4 else tensor)
    alike = objective(flat, lambda images: images)
    assert float(alike) > float(
        objective(flat.rows(slice(15)), lambda images: images)
    )  # more negatives, no positive more
    assert loaded.fitted_pairs is not None
    assert len(loaded.fitted_pairs) == 15


def test_what_does_not_go_together_is_said() -> None:
    imitating = {"kind": "distillation", "partial": 1.0}
    one_teacher = pairs_recipe("p", teacher={"encoders": ["classic"]})
    for document, message in (
        (pairs_recipe("p", twins_share=0.2, twins={"n": 9}), "leave n and without out"),
        (
            {**pairs_recipe("p", twins_share=0.2), "objective": {"kind": "triplet-hinge"}},
            "learns from triplets",
        ),
        (pairs_recipe("p", twins_share=1.0), "twins_share"),
        (
            {**pairs_recipe("p", bystanders="b"), "objective": {"kind": "triplet-hinge"}},
            "objective 'triplet-hinge' takes no such rows",
        ),
        (pairs_recipe("p", bystanders_share=0.2), "data.bystanders must say where"),
        (pairs_recipe("p", teacher={"encoders": ["classic"], "partial": "faces"}), "go together"),
        ({**one_teacher, "objective": imitating}, "go together"),
    ):
        with pytest.raises(RecipeError, match=message) as caught:
            Recipe.from_dict(document)
        assert "\n" not in str(caught.value)
