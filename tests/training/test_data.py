"""Training data: every kind gives what its objectives need, in an order that a resumed run meets again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from lookalike.encoders import CallableEncoder, load_encoder  # noqa: E402
from lookalike.encoders.preprocess import to_network  # noqa: E402
from lookalike.errors import ImageError, JudgmentError, RecipeError, TrainingError  # noqa: E402
from lookalike.judgments import make_twins  # noqa: E402
from lookalike.training.augment import Augment  # noqa: E402
from lookalike.training.batch import Batch  # noqa: E402
from lookalike.training.data import LoadedData, load_data  # noqa: E402
from lookalike.training.data_made import twins_table  # noqa: E402
from lookalike.training.data_options import DataOptions  # noqa: E402
from lookalike.training.data_teacher import Teacher  # noqa: E402

CLASSIC = load_encoder("classic")
TWINS = {"n": 40, "size": 32}
DIGITS = {"n": 120}
VIEWS = Augment(crop=0.4, flip=0.5, colour=0.2)


def data(needs: Any, train: str | Path = "twins", frozen: Any = None, **settings: Any) -> LoadedData:
    settings = {"twins": TWINS, "digits": DIGITS, "batch": 16, "validation_share": 0.25, **settings}
    reads = frozen.card if frozen is not None else CLASSIC.card
    return load_data(DataOptions(train, needs, **settings), reads=reads, frozen=frozen)


def tensors(batch: Batch) -> dict[str, Any]:
    return dict(batch.named_tensors())


def equal(one: Batch, other: Batch) -> bool:
    a, b = tensors(one), tensors(other)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def small_colour_encoder() -> CallableEncoder:
    """The mean colour of the left and of the right half: 6 numbers, changed by the mirror."""

    def embed(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.concatenate(
            [images[:, :, :8].mean(axis=(1, 2)), images[:, :, 8:].mean(axis=(1, 2))], axis=1
        )

    return CallableEncoder(embed, name="halves", input_size=(16, 16))


@pytest.mark.parametrize(
    ("needs", "settings", "facts"),
    [
        ("triplets", {}, {"count": 30}),
        ("pairs", {}, {"count": 30}),
        ("pairs", {"negatives": 2}, {"count": 90}),
        ("images", {}, {"count": 60}),
        ("views", {"augment": VIEWS}, {"count": 60}),
        ("labels", {}, {"count": 60, "classes": 10}),
        ("labels", {"train": "digits"}, {"count": 90, "classes": 10}),
        (
            "attributes",
            {"train": "digits"},
            {"count": 90, "attributes": {"digit": 10, "parity": 2, "size": 2}},
        ),
        ("triplets", {"train": "digits"}, {"count": 90}),
        ("pairs", {"train": "digits", "negatives": 1}, {"count": 180}),
        ("teacher", {"teacher": Teacher((small_colour_encoder(),))}, {"count": 60, "teacher_dim": 6}),
    ],
)
def test_every_kind_gives_what_its_objectives_need(
    needs: Any, settings: dict[str, Any], facts: dict[str, Any]
) -> None:
    loaded = data(needs, **settings)
    assert loaded.facts == facts
    assert loaded.rows == facts["count"]
    batches = list(loaded.batches(0))
    assert len(batches) == loaded.steps_per_epoch
    for batch in batches:
        batch.check(needs)
        assert batch.images.dtype == torch.float32
        assert batch.images.shape[1:] == (3, 112, 112)
    figure = loaded.validation.score(lambda x: x.reshape(len(x), -1)[:, ::97])
    assert figure["interval"][0] <= figure["value"] <= figure["interval"][1]


def test_an_epoch_is_the_same_again_and_resumes_in_the_middle() -> None:
    first, second = (data("triplets", augment=VIEWS, batch=8) for _ in range(2))
    whole = list(first.batches(3))
    assert len(whole) == 4  # 30 rows: three batches of 8, and 6 rows are at least half of one
    assert all(equal(*both) for both in zip(whole, second.batches(3), strict=True))
    assert all(equal(*both) for both in zip(whole[2:], first.batches(3, start_step=2), strict=True))
    assert not equal(whole[0], next(iter(first.batches(4))))
    rows = torch.cat([batch.index for batch in whole])  # type: ignore[misc]
    assert sorted(rows.tolist()) == list(range(30))


def test_leaving_an_epoch_early_ends_its_thread() -> None:
    import threading

    batches = data("images").batches(0)
    next(batches)
    assert any(thread.name == "lookalike-batches" for thread in threading.enumerate())
    batches.close()  # type: ignore[attr-defined]
    assert not any(thread.name == "lookalike-batches" for thread in threading.enumerate())


def test_pixels_are_the_encoders_own_input_bit_for_bit() -> None:
    loaded = data("pairs", validation_share=0.5)
    batch = loaded.batch(np.arange(5))
    pictures = [loaded.train.pictures[i] for i in loaded.train.columns["images"][:5]]
    wanted = np.stack([to_network(picture, CLASSIC.card) for picture in pictures])  # type: ignore[arg-type]
    assert np.array_equal(batch.images.numpy(), wanted)


def test_features_equal_what_the_pixels_give() -> None:
    encoder = small_colour_encoder()
    features, pixels = data("triplets", frozen=encoder), data("triplets")
    for name in ("images", "images_a", "images_b"):
        rows = np.arange(7)
        found = getattr(features.batch(rows), name).numpy()
        pictures = [pixels.train.pictures[i] for i in pixels.train.columns[name][rows]]
        assert np.array_equal(found, encoder.embed(pictures))
    assert np.array_equal(features.order(2), pixels.order(2))


def test_mirrored_features_are_taken_by_a_coin_and_are_the_second_view() -> None:
    encoder = small_colour_encoder()
    loaded = data("views", frozen=encoder, augment=Augment(flip=0.5))
    batch = loaded.batch(np.arange(8))
    pictures = [np.asarray(loaded.train.pictures[i]) for i in loaded.train.columns["images"][:8]]
    assert np.array_equal(batch.images.numpy(), encoder.embed(pictures))
    mirrored = encoder.embed([np.ascontiguousarray(picture[:, ::-1]) for picture in pictures])
    assert np.array_equal(batch.images_a.numpy(), mirrored)  # type: ignore[union-attr]
    flipped = data("images", frozen=encoder, augment=Augment(flip=0.5)).batch(np.arange(8)).images.numpy()
    from_plain = (flipped == batch.images.numpy()).all(axis=1)
    assert 0 < from_plain.sum() < 8
    assert np.array_equal(flipped[~from_plain], mirrored[~from_plain])


def test_a_frozen_encoder_takes_only_the_flip() -> None:
    with pytest.raises(RecipeError, match="only flip is possible"):
        data("images", frozen=small_colour_encoder(), augment=VIEWS)


def test_pairs_are_numbered_by_group_and_lose_labels_by_share() -> None:
    loaded = data("pairs", negatives=1, labelled=0.1)
    same = loaded.train.values["same"]
    # 30 alike pairs and 30 that are not; a tenth of 60 keeps its label.
    assert (same >= 0).sum() == 6
    assert "6 of 60 pairs keep their label" in loaded.notes
    assert len(np.unique(loaded.train.values["labels"])) == 30
    unlike = loaded.train.columns["images"][30:], loaded.train.columns["images_a"][30:]
    alike = set(zip(*(loaded.train.columns[n][:30] for n in ("images", "images_a")), strict=True))
    assert not alike & set(zip(*unlike, strict=True))
    assert loaded.validation.measure == "separation"


def test_a_contrastive_loss_needs_pairs_that_are_not_alike() -> None:
    with pytest.raises(TrainingError, match=r"data.negatives = 1 or choose the objective 'info-nce'"):
        data("pairs", contrasts=True)


def test_test_rows_are_kept_apart() -> None:
    loaded = data("triplets", test_share=0.25, split_by="component")
    assert loaded.test is not None
    sides = [set(t.shown.ravel()) for t in (loaded.train, loaded.validation.table, loaded.test.table)]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert loaded.summary()["test"] == len(loaded.test)


def test_digits_can_leave_classes_out() -> None:
    loaded = data("labels", "digits", where={"digit": [0, 1, 7]})
    assert set(loaded.train.values["labels"]) == {0, 1, 7}
    with pytest.raises(RecipeError, match="digits have no 'colour'"):
        data("labels", "digits", where={"colour": "red"})
    with pytest.raises(RecipeError, match="no setting 'count'"):
        data("labels", "digits", digits={"count": 3})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of six images, and a file that is none."""
    rng = np.random.default_rng(0)
    for name, colour in (("dark", (160, 40, 40)), ("light", (40, 40, 200))):
        (tmp_path / name).mkdir()
        for i in range(6):
            pixels = (rng.integers(-30, 30, (24, 30, 3)) + colour).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
    (tmp_path / "dark" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"broken")
    return tmp_path


@pytest.mark.parametrize("frozen", [None, small_colour_encoder()])
def test_bad_images_stop_or_are_skipped_and_counted(folder: Path, frozen: Any) -> None:
    with pytest.raises(ImageError, match=r"bad.png"):
        data("labels", folder, frozen=frozen)
    loaded = data("labels", folder, frozen=frozen, skip_bad=True, validation_share=0.4)
    assert loaded.rows + len(loaded.validation) == 12
    assert any(note.startswith("1 of 13 images cannot be read") for note in loaded.notes)
    assert loaded.validation.score(lambda x: x.reshape(len(x), -1))["value"] == 1.0


def test_pixels_in_a_memory_map_are_the_same_and_used_again(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "dark" / "bad.png").unlink()
    out = tmp_path_factory.mktemp("run")
    options = DataOptions(folder, "labels", validation_share=0.4)
    inside = load_data(options, reads=CLASSIC.card, folder=out).batch(np.arange(4))
    monkeypatch.setattr("lookalike.training.data_store.RAM_BYTES", 0)
    mapped = load_data(options, reads=CLASSIC.card, folder=out)
    assert equal(mapped.batch(np.arange(4)), inside)
    monkeypatch.setattr("lookalike.training.data_store.decode", None)  # a second decoding would fail
    again = load_data(options, reads=CLASSIC.card, folder=out)
    assert equal(again.batch(np.arange(4)), inside)


def test_equal_twins_are_one_picture_which_no_split_parts() -> None:
    everything = ["shape", "color", "texture", "layout", "pose", "style", "face"]
    table = twins_table("pairs", {"n": 12, "shared": everything, "size": 32}, seed=0)
    assert (table.columns["images"] == table.columns["images_a"]).all()
    apart = twins_table("pairs", {"n": 12, "shared": ["shape"], "size": 32}, seed=0)
    assert len(np.unique(apart.shown)) == 24


def test_saved_judgments_are_read_split_by_column_and_filtered(tmp_path: Path) -> None:
    saved = make_twins(30, ["shape"], size=32, seed=1).triplets().save(tmp_path / "t")
    won = saved.array("votes_a") > saved.array("votes_b")
    saved.select(won).save(tmp_path / "one-sided", copy_images=True)
    with pytest.raises(TrainingError, match="one-sided votes"):
        data("triplets", tmp_path / "one-sided")
    with pytest.raises(TrainingError, match="needs a column named split"):
        data("triplets", tmp_path / "t", split_by="column")
    with pytest.raises(RecipeError, match=r"data.where: .*no column sampler"):
        data("triplets", tmp_path / "t", where={"sampler": "x"})
    with pytest.raises(TrainingError, match="holds triplets, the objective needs pairs"):
        data("pairs", tmp_path / "t")
    assert data("images", tmp_path / "t").rows == round(90 * 0.75)


def test_two_folders_show_training_rows_twice_and_held_out_rows_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for i in range(12):
            Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)).save(
                tmp_path / name / f"{i}.png"
            )
    rows = [f"{i % 12},{(i + 1) % 12},{(i + 5) % 12},{i % 3},{(i + 1) % 2 + 1}" for i in range(24)]
    (tmp_path / "triplets.csv").write_text("reference,a,b,votes_a,votes_b\n" + "\n".join(rows) + "\n")
    loaded = data("triplets", tmp_path, images=("one", "two"), batch=8)
    assert loaded.rows == 36
    assert len(loaded.validation) == 6
    first, second = loaded.train.select(np.arange(18)), loaded.train.select(np.arange(18, 36))
    assert {Path(str(first.pictures[i])).parent.name for i in first.shown.ravel()} == {"one"}
    assert {Path(str(second.pictures[i])).parent.name for i in second.shown.ravel()} == {"two"}
    assert np.array_equal(first.values["votes_a"], second.values["votes_a"])
    held = loaded.validation.table
    assert {Path(str(held.pictures[i])).parent.name for i in held.shown.ravel()} == {"one"}
    assert data("triplets", tmp_path, images=("one", "two"), limit=5).rows == 10


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    table = make_twins(20, ["shape"], size=32, seed=1).save(tmp_path / "t")
    gone = table.paths("left")[3]
    gone.unlink()
    with pytest.raises((ImageError, JudgmentError), match=gone.name):
        data("pairs", tmp_path / "t")


def test_a_teacher_is_whitened_on_training_images_and_teachers_are_weighed() -> None:
    encoder = small_colour_encoder()
    loaded = data("teacher", teacher=Teacher((encoder,), whiten=True, dims=3))
    assert loaded.facts["teacher_dim"] == 3  # halves averaged with the mirror: one colour is left
    targets = loaded.batch(np.arange(9)).targets
    assert torch.allclose(targets.norm(dim=1), torch.ones(9), atol=1e-5)  # type: ignore[union-attr]
    two = data("teacher", teacher=Teacher((encoder, encoder), weights=(3.0, 1.0))).batch(np.arange(9)).targets
    one = data("teacher", teacher=Teacher((encoder,))).batch(np.arange(9)).targets
    # The cosine of joined targets is the weighted mean of the teachers' cosines, here of two equal ones.
    assert torch.allclose(two @ two.T, one @ one.T, atol=1e-5)  # type: ignore[operator,union-attr]
    assert loaded.validation.measure == "teacher"
    with pytest.raises(RecipeError, match=r"name its encoder in data.teacher"):
        data("teacher")
