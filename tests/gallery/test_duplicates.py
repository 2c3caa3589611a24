"""Duplicates: exact and near, groups without chains, and the image to keep."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lookalike.gallery.duplicate_groups as groups_module
from lookalike.errors import InvalidArgument
from lookalike.gallery.duplicate_groups import close_groups
from lookalike.gallery.duplicates import Duplicates, find_duplicates
from lookalike.gallery.keep_rule import KeepRule

from .fakes import FakeGallery
from .test_duplicate_threshold import copies_of, photos


def circle(*degrees: float) -> NDArray[np.float32]:
    """Unit vectors in the plane: distances follow from the angles."""
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def distance(degrees: float) -> float:
    return float(1 - np.cos(np.radians(degrees)))


def members(duplicates: Duplicates) -> list[list[int]]:
    return [sorted(i.id for i in (g.keep, *g.drop)) for g in duplicates.groups]


def test_exact_copies_have_the_same_bytes() -> None:
    gallery = FakeGallery(circle(0, 90, 0, 180), content=["a", "b", "a", "a"])
    found = find_duplicates(gallery, kind="exact")
    assert members(found) == [[10, 12, 13]]
    assert found.groups[0].kind == "exact"
    assert found.threshold is None
    assert [i.distance for i in found.groups[0].drop] == [0, 0]
    assert found.bytes_freed == 200


def test_near_copies_within_the_threshold() -> None:
    gallery = FakeGallery(circle(0, 5, 90, 93, 180))
    found = find_duplicates(gallery, threshold=distance(6))
    assert sorted(members(found)) == [[10, 11], [12, 13]]
    by_first = {g.keep.id: g for g in found.groups}
    assert by_first[10].drop[0].distance == pytest.approx(distance(5), abs=1e-6)
    assert by_first[10].diameter == pytest.approx(distance(5), abs=1e-6)
    assert by_first[10].kind == "near"


def test_a_chain_with_different_ends_is_cut() -> None:
    """Thirty images, each 4 degrees from the next: neighbours are duplicates, the ends are not."""
    gallery = FakeGallery(circle(*np.arange(30) * 4.0))
    limit = distance(8.1)
    found = find_duplicates(gallery, threshold=limit)
    assert len(found) >= 10
    for group in found.groups:
        assert group.diameter <= limit + 1e-6
        assert len(group.drop) <= 2
    assert sum(len(m) for m in members(found)) + found.left_out == 30


def test_copies_join_the_near_group_of_their_content() -> None:
    gallery = FakeGallery(circle(0, 0, 3, 3, 90, 90), content=["a", "a", "b", "b", "c", "c"])
    every = find_duplicates(gallery, threshold=distance(5))
    assert sorted(members(every)) == [[10, 11, 12, 13], [14, 15]]
    near = find_duplicates(gallery, threshold=distance(5), kind="near")
    assert members(near) == [[10, 12]]
    assert members(find_duplicates(gallery, kind="exact")) == [[10, 11], [12, 13], [14, 15]]


def test_filter_keeps_other_images_out() -> None:
    gallery = FakeGallery(circle(0, 1, 2, 90), label=["cup", "mug", "cup", "cup"])
    assert members(find_duplicates(gallery, threshold=0.01, where="label = 'cup'")) == [[10, 12]]


def test_missing_images_take_no_part() -> None:
    gallery = FakeGallery(circle(0, 0, 0), missing=[False, True, False], content=["a", "a", "a"])
    assert members(find_duplicates(gallery)) == [[10, 12]]


def test_more_copies_than_neighbours_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups_module, "NEIGHBOURS", (4, 16, 512))
    matrix = np.concatenate([copies_of(photos(1), 100, noise=0.001), photos(60, seed=5)])
    found = find_duplicates(FakeGallery(matrix), threshold=0.01)
    assert members(found) == [list(range(10, 110))]


def test_huge_component_is_cut_into_balls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups_module, "LINKAGE_LIMIT", 10)
    gallery = FakeGallery(circle(*np.arange(60) * 1.0))
    found = find_duplicates(gallery, threshold=distance(5))
    assert found.groups
    assert all(group.diameter <= distance(5) + 1e-6 for group in found.groups)


def test_queries_go_out_in_blocks() -> None:
    gallery = FakeGallery(photos(5000))
    find_duplicates(gallery, threshold=0.01)
    assert gallery.largest_query <= 2048


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_galleries(n: int) -> None:
    matrix = photos(n) if n else np.empty((0, 8), dtype=np.float32)
    found = find_duplicates(FakeGallery(matrix))
    assert len(found) == 0
    assert found.images == n
    json.dumps(found.to_dict(), allow_nan=False)


def test_known_near_duplicates_are_found_by_the_automatic_threshold() -> None:
    originals = photos(600)
    matrix = np.concatenate([originals, copies_of(originals[:40], 1, noise=0.03)])
    found = find_duplicates(FakeGallery(matrix))
    assert {tuple(m) for m in members(found)} >= {(10 + i, 610 + i) for i in range(40)}
    assert len(found) <= 44


def test_json_contract_and_table() -> None:
    gallery = FakeGallery(circle(0, 1, 90), bytes=[5, 50, 500], taken=[None, datetime(2020, 5, 1), None])
    found = find_duplicates(gallery, threshold=0.01)
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["groups"][0]["keep"] == "/photos/00001.jpg"
    assert document["groups"][0]["drop"] == ["/photos/00000.jpg"]
    assert document["bytes_freed"] == 5
    assert document["threshold"]["method"] == "given"
    frame = found.to_pandas()
    assert list(frame["keep"]) == [True, False]
    assert list(frame["path"]) == ["/photos/00001.jpg", "/photos/00000.jpg"]


def test_wrong_arguments_are_named() -> None:
    gallery = FakeGallery(circle(0, 1))
    with pytest.raises(InvalidArgument, match="all, exact or near"):
        find_duplicates(gallery, kind="fuzzy")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="beauty"):
        find_duplicates(gallery, keep=["beauty"])
    with pytest.raises(InvalidArgument, match="twice"):
        find_duplicates(gallery, keep=["bytes", "bytes"])
    with pytest.raises(InvalidArgument, match="from 0 to 2"):
        find_duplicates(gallery, threshold=-0.1)


def record(**changes: object) -> dict[str, object]:
    plain = {
        "path": "/a.jpg", "content": "x", "width": 10, "height": 10, "format": "JPEG", "bytes": 100,
        "taken": None, "modified": datetime(2020, 1, 1),
    }  # fmt: skip
    return plain | changes


@pytest.mark.parametrize(
    ("criteria", "better", "worse", "words"),
    [
        (("pixels",), {"width": 20}, {}, "most pixels: 20x10 against 10x10"),
        (("format",), {"format": "HEIF"}, {"format": "JPEG"}, "better format: HEIF against JPEG"),
        (("format",), {"format": "PNG"}, {"format": "HEIF"}, "better format"),
        (("format",), {"format": "JPEG"}, {"format": "XYZ"}, "better format"),
        (("bytes",), {"bytes": 5000}, {}, "largest file: 5,000 bytes against 100"),
        (("oldest",), {"taken": datetime(2010, 1, 1)}, {}, "oldest: taken 2010-01-01"),
        (("newest",), {"modified": datetime(2021, 1, 1)}, {}, "newest: modified 2021-01-01"),
        (("newest",), {}, {"modified": None}, "against undated"),
        (("path",), {"path": "/a"}, {"path": "/long/a"}, "shortest path"),
        (("pixels", "bytes"), {"bytes": 300}, {}, "largest file"),
        ((), {"path": "/a"}, {"path": "/b"}, "first in the alphabet"),
    ],
)
def test_keep_rule(
    criteria: tuple[str, ...], better: dict[str, object], worse: dict[str, object], words: str
) -> None:
    rule = KeepRule(criteria)
    first, second = record(**better), record(**worse)
    assert rule.order([0, 1], [second, first]) == [1, 0]
    assert words in rule.reason([first, second])


def test_format_preference_is_overridable() -> None:
    records = [record(format="HEIF"), record(format="JPEG", path="/b.jpg")]
    assert KeepRule(("format",), ("jpg", "heic")).order([0, 1], records) == [1, 0]
    assert KeepRule(("format",), ("heic", "jpg")).order([0, 1], records) == [0, 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 180), min_size=2, max_size=40), st.floats(0.5, 60))
def test_grouping_invariants(degrees: list[float], reach: float) -> None:
    """Every pair of a group is within the limit, and no image is in two groups."""
    limit = distance(reach)
    matrix = circle(*degrees)
    gallery = FakeGallery(matrix)
    found = close_groups(gallery, gallery.ids, gallery.matrix, limit)
    groups, left_out = found.groups, found.left_out
    flat = [position for group in groups for position in group]
    assert len(flat) == len(set(flat))
    assert left_out >= 0
    for group in groups:
        assert len(group) >= 2
        inside = gallery.matrix[group]
        assert float((1 - inside @ inside.T).max()) <= limit + 1e-5
    linked = (1 - gallery.matrix @ gallery.matrix.T <= limit).sum(axis=1) > 1
    assert set(flat) <= set(np.flatnonzero(linked).tolist())


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(12)))
def test_order_of_the_gallery_does_not_matter(order: list[int]) -> None:
    degrees = [0, 2, 2.5, 40, 41, 80, 120, 121.5, 123, 160, 170, 171]
    matrix = circle(*[degrees[i] for i in order])
    found = find_duplicates(
        FakeGallery(matrix, path=[f"/{i:02}" for i in order], bytes=[1000 + i for i in order]),
        threshold=distance(4),
    )
    result = [(g.keep.path, [i.path for i in g.drop]) for g in found.groups]
    assert {tuple(sorted([k, *d])) for k, d in result} == {
        ("/06", "/07", "/08"), ("/00", "/01", "/02"), ("/10", "/11"), ("/03", "/04"),
    }  # fmt: skip


def test_real_photographs(shared: Path, mobilenet: Path) -> None:
    """100 photographs; 25 recompressed, 25 shrunk, 25 cropped: found, and hardly anything else."""
    from PIL import Image

    from lookalike.encoders.onnx_session import import_onnxruntime

    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(mobilenet, options, providers=["CPUExecutionProvider"])

    def embed(image: Image.Image) -> NDArray[np.float32]:
        pixels = np.asarray(image.resize((224, 224), Image.Resampling.BICUBIC), dtype=np.float32) / 127.5 - 1
        output = session.run(["embedding"], {"pixel_values": pixels.transpose(2, 0, 1)[None]})[0]
        return np.asarray(output[0], dtype=np.float32)

    def recompressed(image: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=50)
        return Image.open(buffer).convert("RGB")

    photographs = [Image.open(p).convert("RGB") for p in sorted((shared / "tll" / "left").iterdir())[:100]]
    copies = [recompressed(image) for image in photographs[:25]]
    copies += [image.resize((120, 147), Image.Resampling.LANCZOS) for image in photographs[25:50]]
    copies += [image.crop((5, 6, 195, 239)) for image in photographs[50:75]]
    found = find_duplicates(FakeGallery(np.stack([embed(image) for image in photographs + copies])))
    pairs = {tuple(m) for m in members(found)}
    assert len(pairs & {(10 + i, 110 + i) for i in range(75)}) >= 72
    assert len(pairs) <= 77
