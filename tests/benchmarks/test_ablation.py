"""Attribute ablation: an encoder that sees one thing loses with that thing, and with nothing else."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from PIL import Image

from lookalike.benchmarks.ablation import AblationResult, ablate
from lookalike.benchmarks.ablation_attributes import ATTRIBUTES, Attribute
from lookalike.encoders import load_encoder
from lookalike.encoders.base import Encoder, EncoderCard, Preprocessing
from lookalike.errors import BenchmarkError, ImageError, InvalidArgument
from lookalike.judgments import ImageCatalogue, PairTable, RatingTable, TripletTable
from lookalike.judgments.content import content_ids
from lookalike.judgments.twins import make_twins


class MeanColor(Encoder):
    """The mean of each channel: blind to layout and pose, and to all but colour."""

    batch_size = 3

    def __init__(self, unit: float = 1.0) -> None:
        self.unit = unit
        self.seen: list[int] = []
        self.card = EncoderCard(
            "mean-color", 3, (16, 16), Preprocessing(), normalized=False, details={"unit": unit}
        )

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.seen.append(len(pixels))
        return np.array([image.reshape(-1, 3).mean(axis=0) * self.unit for image in pixels], dtype=np.float32)


def even(folder: Path, colors: dict[str, tuple[int, int, int]]) -> tuple[dict[str, str], ImageCatalogue]:
    """One PNG of an even colour for each name: name -> content id, and the catalogue."""
    folder.mkdir(exist_ok=True)
    files = []
    for name, color in colors.items():
        files.append(folder / f"{name}.png")
        Image.new("RGB", (16, 16), color).save(files[-1])
    ids = content_ids(files)
    return dict(zip(colors, ids, strict=True)), ImageCatalogue.from_hashed(
        zip(ids, files, strict=True), folder
    )


def triplets(folder: Path, votes: list[tuple[int, int]]) -> TripletTable:
    """Reference red, a another red, b blue of the red's lightness; as many rows as votes."""
    ids, images = even(folder, {"r": (200, 0, 0), "a": (180, 0, 0), "b": (0, 70, 164)})
    columns = {
        **{side: [ids[name]] * len(votes) for side, name in (("reference", "r"), ("a", "a"), ("b", "b"))},
        "votes_a": pa.array([a for a, _ in votes], pa.int32()),
        "votes_b": pa.array([b for _, b in votes], pa.int32()),
    }
    return TripletTable(pa.table(columns), images)


def test_agreement_and_shift_by_hand(tmp_path: Path) -> None:
    """Colours are even, so the embedding is the colour itself and all can be computed on paper.

    As they are: |r - a| = 20; |r - b| = sqrt(200^2 + 70^2 + 164^2) = sqrt(71796) = 267.95: a is chosen, as
    3 + 1 = 4 of 3 + 1 + 1 + 0 = 5 voters do: 0.8.
    Grey: r = 0.299 x 200 = 59.8 -> 60, a = 53.82 -> 54, b = 0.587 x 70 + 0.114 x 164 = 41.09 + 18.696 = 59.79
    -> 60. |r - a| = sqrt(3) x 6 = 10.39, |r - b| = 0: b is chosen, as 1 of 5: 0.2; the change is -0.6.
    Mean distance: (20 + 267.95) / 2 = 143.97 before, 5.20 after: -138.78, times 1 / spread.
    """
    result = ablate(
        triplets(tmp_path / "t", [(3, 1), (1, 0)]), MeanColor(), metric="euclidean", attributes=["color"]
    )
    assert result.kind == "triplets"
    assert result.measure == "2AFC score"
    assert (result.items, result.images) == (2, 3)
    assert result.intact.value == pytest.approx(0.8)
    row = result.row("color", "both")
    assert row.agreement.value == pytest.approx(0.2)
    assert row.change.value == pytest.approx(-0.6)
    before, after = (20 + math.sqrt(71796)) / 2, 6 * math.sqrt(3) / 2
    assert row.shift.value * result.spread == pytest.approx(after - before)
    # Only the reference grey: (60, 60, 60). To a (180, 0, 0): sqrt(120^2 + 2 x 60^2) = 146.97; to b (0, 70, 164):
    # sqrt(60^2 + 10^2 + 104^2) = 120.48: b is chosen again.
    one = result.row("color", "one")
    assert one.agreement.value == pytest.approx(0.2)
    assert one.shift.value * result.spread == pytest.approx((146.969 + 120.482) / 2 - before, abs=1e-2)


def test_random_pairs_give_the_unit_of_the_shift(tmp_path: Path) -> None:
    """Distances from r are 20 (to a) and 267.95 (to b), drawn about equally: the deviation is near 124."""
    result = ablate(
        triplets(tmp_path / "t", [(1, 0)]), MeanColor(), metric="euclidean", attributes=["color"], side="both"
    )
    assert result.spread == pytest.approx((math.sqrt(71796) - 20) / 2, rel=0.02)
    drop = (6 * math.sqrt(3) / 2 - (20 + math.sqrt(71796)) / 2) / result.spread
    assert result.rows[0].random_shift == pytest.approx(drop, abs=0.05)


@pytest.fixture(scope="module")
def colored(tmp_path_factory: pytest.TempPathFactory) -> PairTable:
    return make_twins(30, ("color",), size=48, seed=3).save(tmp_path_factory.mktemp("pairs"))


def test_an_encoder_that_sees_colour_alone_loses_with_colour_alone(colored: PairTable) -> None:
    result = ablate(colored, MeanColor(1 / 255), attributes=["color", "layout", "pose"], side="both")
    assert result.kind == "pairs"
    assert result.measure == "recall@10"
    for blind in ("layout", "pose"):
        row = result.row(blind, "both")
        assert row.change.value == 0
        assert (row.p, row.p_holm) == (1, 1)
        assert abs(row.shift.value) < 1e-6
    color = result.row("color", "both")
    assert color.change.value < -0.3
    assert color.change.high < 0
    assert color.p_holm < 0.01
    assert color.p_holm == pytest.approx(3 * color.p)  # Holm: the smallest of three p-values, times three
    assert color.more["recall"]["10"] == color.agreement.value


def test_the_seed_fixes_everything_and_images_are_shuffled_differently(colored: PairTable) -> None:
    encoder = load_encoder("classic:layout")
    few = colored.select(np.arange(8))
    first, again = (ablate(few, encoder, attributes=["layout"], side="both", seed=2) for _ in range(2))
    assert first == again
    other = ablate(few, encoder, attributes=["layout"], side="both", seed=3)
    assert other.rows[0].shift != first.rows[0].shift


def test_a_shared_layout_is_lost_when_patches_are_shuffled(tmp_path: Path) -> None:
    table = make_twins(30, ("layout",), size=64, seed=1).triplets().save(tmp_path)
    result = ablate(table, load_encoder("classic:layout"), attributes=["layout", "color"], side="both")
    assert result.intact.value > 0.9
    assert result.row("layout", "both").change.high < 0
    assert result.row("layout", "both").shift.low > 0
    assert abs(result.row("color", "both").change.value) < 0.1


def test_ablated_images_are_embedded_in_batches_and_intact_ones_once(tmp_path: Path) -> None:
    table, encoder = make_twins(8, ("color",), size=32).save(tmp_path), MeanColor()
    said: list[tuple[str, int, int]] = []
    ablate(table, encoder, attributes=["pose"], side="one", progress=lambda *step: said.append(step))
    assert max(encoder.seen) <= encoder.batch_size
    assert sum(encoder.seen) == 16 + 8  # all as they are, and the left ones mirrored
    assert said[0][0] == "embedding"
    assert said[-1] == ("without pose", 8, 8)
    encoder.seen.clear()
    ablate(table, encoder, attributes=["pose"], side="one")
    assert sum(encoder.seen) == 8


def test_a_result_is_plain_and_a_table(colored: PairTable) -> None:
    result = ablate(colored.select(np.arange(6)), MeanColor(), attributes=["pose", "color"], name="mine")
    document = result.to_dict()
    assert document["encoder"] == "mine"
    assert [row["side"] for row in document["rows"]] == ["one", "both", "one", "both"]
    frame = result.to_pandas()
    assert list(frame["attribute"]) == ["pose", "pose", "color", "color"]
    assert frame["change"].iloc[0] == result.rows[0].change.value
    with pytest.raises(InvalidArgument, match="no row for texture"):
        result.row("texture", "one")


def test_an_attribute_of_ones_own_can_be_ablated(tmp_path: Path) -> None:
    table = make_twins(5, ("color",), size=32).save(tmp_path)
    black = Attribute("all", "Everything", "made black", lambda pixels, _: pixels * 0)
    result = ablate(table, MeanColor(), attributes=[black], side="both", metric="euclidean")
    assert result.rows[0].shift.value < 0


def test_a_bad_image_is_named(tmp_path: Path) -> None:
    table = make_twins(4, ("color",), size=32).save(tmp_path)
    table.paths("right")[2].write_bytes(b"no longer an image")
    with pytest.raises(ImageError, match=r"right/00002\.png"):
        ablate(table, MeanColor(), attributes=["pose"])


def test_what_cannot_be_ablated_is_said_in_one_line(tmp_path: Path, colored: PairTable) -> None:
    ids, images = even(tmp_path / "e", {"x": (1, 2, 3), "y": (4, 5, 6)})
    ratings = RatingTable(pa.table({"a": [ids["x"]], "b": [ids["y"]], "rating": [1.0]}), images)
    with pytest.raises(BenchmarkError, match="not on a table of ratings"):
        ablate(ratings, MeanColor())
    with pytest.raises(BenchmarkError, match="no triplet of the table has a vote"):
        ablate(triplets(tmp_path / "t", [(0, 0)]), MeanColor())
    with pytest.raises(BenchmarkError, match="is empty"):
        ablate(colored.select(np.arange(0)), MeanColor())
    with pytest.raises(BenchmarkError, match="all distances are alike"):
        ablate(colored.select(np.arange(4)), MeanColor(0.0), attributes=["pose"])
    with pytest.raises(InvalidArgument, match="no attribute is called 'smell'"):
        ablate(colored, MeanColor(), attributes=["smell"])
    with pytest.raises(InvalidArgument, match="each once"):
        ablate(colored, MeanColor(), attributes=[])
    with pytest.raises(InvalidArgument, match="got 'left'"):
        ablate(colored, MeanColor(), side="left")  # type: ignore[arg-type]


def test_real_triplets_lose_most_with_the_modality(shared: Path, mobilenet: Path) -> None:
    """A change of modality hurts most (DreamSim, section 3.2); measured on all 116: edges on one image -0.23."""
    from lookalike.judgments import read_triplets

    table = read_triplets(shared / "nights-mini").select(np.arange(40))
    result: AblationResult = ablate(
        table, load_encoder(f"onnx:{mobilenet}"), attributes=["edges", "pose"], side="one"
    )
    assert result.row("edges", "one").change.value < result.row("pose", "one").change.value
    assert result.row("edges", "one").shift.low > 1
    assert abs(result.row("pose", "one").shift.value) < 0.3


def test_every_attribute_says_what_it_does() -> None:
    for name, attribute in ATTRIBUTES.items():
        assert attribute.name == name
        assert attribute.title
        assert attribute.how
