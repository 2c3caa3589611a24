"""A comparator that says how alike the images of a batch are, and a student that takes it over."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from lookalike import Comparator, load_encoder  # noqa: E402 - after the check for torch
from lookalike.errors import RecipeError, TrainingError  # noqa: E402
from lookalike.images import decode  # noqa: E402
from lookalike.judgments import make_twins, open_judgments  # noqa: E402
from lookalike.training.batch import Batch  # noqa: E402
from lookalike.training.data import LoadedData, load_data  # noqa: E402
from lookalike.training.data_options import DataOptions, options_of  # noqa: E402
from lookalike.training.data_teacher import Teacher  # noqa: E402
from lookalike.training.objectives import make_objective  # noqa: E402
from lookalike.training.recipe import Recipe  # noqa: E402
from tests.encoders.trained_runs import TINY_NET  # noqa: E402

CLASSIC = load_encoder("classic:layout")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pairs/, others/ and taught/, a comparator fitted on the pairs."""
    folder = tmp_path_factory.mktemp("place")
    make_twins(28, ("shape", "color"), size=32, seed=4).save(folder / "pairs")
    (folder / "others").mkdir()
    for row, pixels in enumerate(make_twins(6, (), size=32, seed=9).left):
        Image.fromarray(pixels).save(folder / "others" / f"{row}.png")
    pairs = open_judgments(folder / "pairs")
    fitted = Comparator.fit(
        *(pairs.paths(side) for side in ("left", "right")), encoder="classic:layout", faces=False, cache=False
    )
    fitted.save(folder / "taught")
    return folder


def loaded(place: Path, needs: Any = "pairs", **more: Any) -> LoadedData:
    options = DataOptions(
        place / "pairs", needs, batch=64, split_by="component", fold=(0, 4), seed=3,
        teacher=Teacher(("classic:layout",), comparator=str(place / "taught")), **more,
    )  # fmt: skip
    return load_data(options, reads=CLASSIC.card)


def test_the_term_by_hand() -> None:
    z = torch.eye(2, dtype=torch.float64)
    unlabelled = torch.full((2,), -1.0)
    loss = make_objective("info-nce", 2, temperature=1.0, soft=3.0)

    def soft(likeness: list[list[float]]) -> float:
        batch = Batch(z, images_a=z, same=unlabelled, likeness=torch.tensor(likeness))
        found = float(loss(batch, lambda x: x))
        assert found == pytest.approx(3 * loss.logs["soft"])  # rows without a label teach nothing else
        return loss.logs["soft"]

    # The student's likeness is (1, 0; 0, 1), each way 0.731 and 0.269. Log odds may be moved as a whole.
    assert soft([[1, 0], [0, 1]]) == pytest.approx(0, abs=1e-9)
    assert soft([[5, 4], [4, 5]]) == pytest.approx(0, abs=1e-9)
    # Against one half each: 1/2 ln(0.5 / 0.7311) + 1/2 ln(0.5 / 0.2689) = 0.1201 nats.
    assert soft([[0, 0], [0, 0]]) == pytest.approx(0.1201, abs=1e-4)
    # Each way is asked: columns agree with the student's rows only in the first row.
    rows = torch.tensor([[1.0, 0], [9, 9]]).log_softmax(1).exp()
    columns = torch.tensor([[1.0, 9], [0, 9]]).log_softmax(1).exp()
    own = z.log_softmax(1)
    both = [(p * (p.log() - own)).sum(1).mean() for p in (rows, columns)]
    assert soft([[1, 0], [9, 9]]) == pytest.approx(float(sum(both) / 2), abs=1e-6)


def test_rows_without_labels_teach() -> None:
    torch.manual_seed(0)
    left, right = torch.eye(12), torch.eye(12)
    wanted = 6 * torch.eye(12).roll(3, dims=1)  # each left image belongs to the right one three rows on
    start = Batch(left, images_a=right, same=torch.full((12,), -1.0), likeness=wanted)
    objective = make_objective("info-nce", 8, temperature=0.2, soft=1.0)
    networks = torch.nn.ModuleList([torch.nn.Linear(12, 8), torch.nn.Linear(12, 8)])
    optimizer = torch.optim.Adam(networks.parameters(), lr=0.05)

    def embed(x: torch.Tensor) -> torch.Tensor:
        return torch.cat([network(part) for network, part in zip(networks, x.chunk(2), strict=True)])

    for _ in range(200):
        loss = objective(start, embed)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = [torch.nn.functional.normalize(n(x), dim=1) for n, x in zip(networks, (left, right), strict=True)]
    assert (found[0] @ found[1].T).argmax(dim=1).tolist() == [(i + 3) % 12 for i in range(12)]


def test_a_batch_carries_what_the_comparator_says_of_all_its_pairs(place: Path) -> None:
    data = loaded(place, bystanders=str(place / "others"), bystanders_share=0.25)
    rows = np.array([3, 22, 0, 9, 25])  # 21 pairs, then bystanders
    batch = data.batch(rows)
    assert batch.likeness is not None
    assert (batch.likeness.shape, batch.likeness.dtype) == ((5, 5), torch.float32)
    comparator = Comparator.load(place / "taught")
    pictures, columns = data.train.pictures, data.train.columns
    for i, j in ((0, 0), (1, 3), (4, 2)):
        first, second = (
            decode(pictures[columns[name][rows[k]]]) for name, k in (("images", i), ("images_a", j))
        )
        asked = comparator.score(first, second, cache=False)
        assert float(batch.likeness[i, j]) == pytest.approx(asked, abs=1e-4)
    for chosen in (slice(1, 3), torch.tensor([1, 2]), torch.tensor([False, True, True, False, False])):
        part = batch.rows(chosen)
        part.check("pairs")
        assert torch.equal(part.likeness, batch.likeness[1:3, 1:3])
    with pytest.raises(TrainingError, match=r"likeness is \(5, 4\) for 5 rows"):
        replace(batch, likeness=batch.likeness[:, :4]).check("pairs")
    # Whoever learns of a comparator learns of the 28 pairs that it was fitted on, those held out here too.
    assert data.fitted_pairs is not None
    assert len(data.fitted_pairs) == 28
    assert any("was fitted on 7 of the pairs that are held out here" in note for note in data.notes)


def test_a_comparator_without_the_held_out_pairs_is_no_reason_for_a_note(place: Path) -> None:
    plain = DataOptions(place / "pairs", "pairs", batch=64, split_by="component", fold=(0, 4), seed=3)
    train = load_data(plain, reads=CLASSIC.card).train
    sides = [[train.pictures[i] for i in train.columns[name]] for name in ("images", "images_a")]
    fitted = Comparator.fit(*sides, encoder="classic:layout", faces=False, cache=False)
    known = replace(plain, teacher=Teacher(("classic:layout",), comparator=fitted))
    data = load_data(known, reads=CLASSIC.card)
    assert not any("comparator" in note for note in data.notes)
    assert data.fitted_pairs is not None
    assert len(data.fitted_pairs) == 21
    # What the comparator's own encoder learned from is learned from here too.
    fitted.encoder.fitted_pairs = np.array([7], dtype=np.uint64)
    assert 7 in load_data(known, reads=CLASSIC.card).fitted_pairs


def test_pictures_that_cannot_be_read_are_left_out_of_the_likeness(place: Path, tmp_path: Path) -> None:
    others = tmp_path / "others"
    shutil.copytree(place / "others", others)
    (others / "0.png").write_bytes(b"no picture")
    data = loaded(place, bystanders=str(others), bystanders_share=0.25, skip_bad=True)
    assert data.rows < 28
    batch = data.batch(np.arange(data.rows))
    assert batch.likeness is not None
    assert bool(torch.isfinite(batch.likeness).all())


def test_a_recipe_names_a_comparator_beside_itself(place: Path) -> None:
    (place / "r.toml").write_text(
        f"""name = "r"
[encoder]
name = "{TINY_NET}"
[adapter]
kind = "full"
[objective]
kind = "info-nce"
soft = 0.5
[data]
train = "pairs"
[data.teacher]
encoders = ["classic:layout"]
comparator = "taught"
""",
        encoding="utf-8",
    )
    recipe = Recipe.load(place / "r.toml")
    teacher = options_of(recipe, "pairs").teacher
    assert teacher is not None
    assert teacher.comparator == str(place / "taught")
    document = recipe.to_dict()
    for section, key in (("objective", "soft"), ("teacher", "comparator")):
        changed = {name: dict(part) if isinstance(part, dict) else part for name, part in document.items()}
        holder = changed["data"]["teacher"] = dict(changed["data"]["teacher"])
        (holder if section == "teacher" else changed["objective"]).pop(key)
        with pytest.raises(RecipeError, match="go together"):
            Recipe.from_dict(changed)


def test_what_is_missing_is_said(place: Path) -> None:
    z = torch.eye(2)
    with pytest.raises(TrainingError, match=r"name its folder in data\.teacher\.comparator"):
        make_objective("info-nce", 2, soft=1.0)(Batch(z, images_a=z), lambda x: x)
    with pytest.raises(RecipeError, match="give data of pairs"):
        load_data(
            DataOptions(
                place / "others", "teacher", batch=4, teacher=Teacher(("classic:layout",), comparator=str(place / "taught"))
            ),
            reads=CLASSIC.card,
        )  # fmt: skip
