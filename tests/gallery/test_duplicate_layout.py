"""The second look: versions of one picture agree place for place, pictures of one kind do not."""

from __future__ import annotations

import io
import sys
from itertools import combinations
from types import FrameType

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from lookalike.cli.duplicates import unlooked_sentence
from lookalike.gallery import duplicate_groups, duplicate_layout
from lookalike.gallery.duplicate_layout import PLACES, TRIMS, agreement, disagreeing
from lookalike.gallery.duplicates import find_duplicates
from lookalike.images import thumbnail
from lookalike.images.rendered import looks, render

from .fakes import FakeGallery

RNG = np.random.default_rng(4)


def scene(seed: int) -> Image.Image:
    """A smooth coloured picture of its own, 160 x 120."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((160, 120), Image.Resampling.BICUBIC)


def small(image: Image.Image) -> bytes:
    return thumbnail(np.asarray(image))


def versions(image: Image.Image) -> list[Image.Image]:
    """Trimmed at one corner, halved, brighter, tinted, saved badly."""
    width, height = image.size
    tinted = np.clip(np.asarray(image) * np.array([1.12, 1.0, 0.88]), 0, 255).astype(np.uint8)
    bad = io.BytesIO()
    image.save(bad, "JPEG", quality=25)
    return [
        image.crop((0, 0, round(width * 0.9), round(height * 0.9))),
        image.resize((width // 2, height // 2)),
        ImageEnhance.Brightness(image).enhance(1.15),
        Image.fromarray(tinted),
        Image.open(bad).convert("RGB"),
    ]


def look(pictures: list[bytes]) -> np.ndarray:
    """bool (n, n): which pairs disagree."""
    gallery = FakeGallery(np.ones((len(pictures), 4), dtype=np.float32))
    gallery.pictures = dict(zip(gallery.ids.tolist(), pictures, strict=True))
    return disagreeing(gallery, gallery.ids, np.ones((len(pictures), len(pictures)), dtype=bool))


def test_versions_of_one_picture_agree() -> None:
    one = scene(1)
    apart = look([small(image) for image in (one, *versions(one))])
    assert not apart[0].any()
    assert np.array_equal(apart, apart.T), "the order of a pair does not matter"


def test_other_pictures_do_not() -> None:
    one = scene(1)
    turned = one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    flat = Image.new("RGB", one.size, (90, 120, 40))
    apart = look([small(image) for image in (one, scene(2), turned, flat)])
    assert apart[0, 1:].all()
    assert not apart[np.arange(3), np.arange(3)].any()


def test_drawn_look_alikes_are_told_apart() -> None:
    """Two faces of different looks: one kind of thing, two pictures."""
    drawn = [small(Image.fromarray(render("face", one, RNG))) for one in looks(4, RNG)]
    apart = look(drawn)
    assert all(apart[i, j] for i, j in combinations(range(4), 2))


def test_no_small_picture_no_objection() -> None:
    assert not look([small(scene(1)), b""])[0, 1]
    assert not look([small(scene(1)), b"not a picture"])[0, 1]


@pytest.mark.parametrize(("given", "wanted"), [(None, False), (True, False), (False, True)])
def test_groups_hold_no_pair_that_was_refused(given: bool | None, wanted: bool) -> None:
    """Four images with the same vector: two versions of one picture, two of another."""
    matrix = np.repeat(np.array([[1.0, 0.0]], dtype=np.float32), 4, axis=0)
    gallery = FakeGallery(matrix)
    pictures = [scene(1), versions(scene(1))[2], scene(2), versions(scene(2))[3]]
    gallery.pictures = {int(i): small(image) for i, image in zip(gallery.ids, pictures, strict=True)}
    found = find_duplicates(gallery, second_look=given)
    groups = sorted(sorted(i.id for i in (g.keep, *g.drop)) for g in found.groups)
    assert groups == ([[10, 11, 12, 13]] if wanted else [[10, 11], [12, 13]])
    assert found.refused == (None if wanted else 4)
    assert found.to_dict()["refused"] == found.refused


def test_a_given_threshold_is_the_only_rule() -> None:
    gallery = FakeGallery(np.ones((2, 4), dtype=np.float32))
    gallery.pictures = {10: small(scene(1)), 11: small(scene(2))}
    assert len(find_duplicates(gallery, threshold=0.1)) == 1
    assert len(find_duplicates(gallery, threshold=0.1, second_look=True)) == 0


def by_definition(one: bytes, other: bytes) -> float:
    """The best correlation over either of the two being trimmed, one view after the other."""

    def unit(data: bytes, trim: float, x: float, y: float) -> np.ndarray:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        width, height = image.width * (1 - trim), image.height * (1 - trim)
        left, top = (image.width - width) * x, (image.height - height) * y
        box = (left, top, left + width, top + height)
        part = image.resize((PLACES, PLACES), Image.Resampling.BILINEAR, box=box)
        colors = np.asarray(part, dtype=np.float64).reshape(-1, 3)
        colors = (colors - colors.mean(axis=0)).ravel()
        length = np.linalg.norm(colors)
        return colors / length if length > 1e-6 else colors * 0

    boxes = [(trim, x, y) for trim in (0.0, *TRIMS) for x in (0, 0.5, 1) for y in (0, 0.5, 1)]
    left, right = unit(one, 0, 0, 0), unit(other, 0, 0, 0)
    return max(max(unit(one, *box) @ right, unit(other, *box) @ left) for box in boxes)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rows", [1, 3, 64])
def test_blocks_give_what_the_definition_gives(seed: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random pictures of random sizes, one of them damaged and one of one colour, and random pairs of them."""
    monkeypatch.setattr(duplicate_layout, "ROWS_AT_ONCE", rows)
    rng = np.random.default_rng(seed)
    n = 9
    pictures = {}
    for place in range(n - 2):
        like = scene(int(rng.integers(4)))
        noisy = np.asarray(like.resize((int(rng.integers(30, 160)), int(rng.integers(30, 160)))))
        noise = rng.normal(0, rng.uniform(1, 60), noisy.shape)
        pictures[place] = small(Image.fromarray(np.clip(noisy + noise, 0, 255).astype(np.uint8)))
    pictures[n - 2] = b"not a picture"
    pictures[n - 1] = small(Image.new("RGB", (40, 30), (90, 120, 40)))
    asked = np.triu(rng.random((n, n)) < 0.6, 1)
    asked |= asked.T
    found = agreement(pictures, asked)
    assert found.dtype == np.float32
    assert np.array_equal(found, found.T)
    for i, j in combinations(range(n), 2):
        if asked[i, j] and n - 2 not in (i, j):
            assert found[i, j] == pytest.approx(by_definition(pictures[i], pictures[j]), abs=1e-6)
        elif n - 2 in (i, j):
            assert found[i, j] == np.inf
    assert agreement({}, np.zeros((2, 2), dtype=bool)).tolist() == [[np.inf] * 2] * 2


def test_the_number_of_pairs_costs_no_python() -> None:
    """19,900 pairs of 200 pictures: some 25 calls for each picture, none for a pair (a clock would lie here)."""
    n = 200
    gallery = FakeGallery(np.ones((n, 4), dtype=np.float32))
    gallery.pictures = dict.fromkeys(gallery.ids.tolist(), small(scene(1).resize((40, 30))))
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename == duplicate_layout.__file__

    sys.setprofile(count)
    try:
        found = disagreeing(gallery, gallery.ids, ~np.eye(n, dtype=bool))
    finally:
        sys.setprofile(None)
    assert not found.any()
    assert calls < 30 * n


def test_a_component_too_large_for_it_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three linked images, two allowed: the vectors decide, and the result says for how many."""
    monkeypatch.setattr(duplicate_groups, "LINKAGE_LIMIT", 2)
    east, north = [1.0, 0.0], [0.0, 1.0]
    gallery = FakeGallery(np.array([east, east, east, north, north], dtype=np.float32))
    gallery.pictures = {int(i): small(scene(int(i))) for i in gallery.ids}
    found = find_duplicates(gallery, threshold=0.1, second_look=True)
    assert [sorted(i.id for i in (g.keep, *g.drop)) for g in found.groups] == [[10, 11, 12]]
    assert (found.refused, found.unlooked) == (1, 3)
    assert found.to_dict()["unlooked"] == 3
    assert unlooked_sentence(3).startswith("not taken for 3 images")
    assert find_duplicates(gallery, threshold=0.1).unlooked is None
