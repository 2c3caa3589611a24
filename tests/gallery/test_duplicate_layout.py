"""The second look: versions of one picture agree place for place, pictures of one kind do not."""

from __future__ import annotations

import io
from itertools import combinations

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from lookalike.gallery.duplicate_layout import disagreeing
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
    n = len(pictures)
    first, second = np.divmod(np.arange(n * n), n)
    return disagreeing(gallery, gallery.ids, first, second).reshape(n, n)


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
