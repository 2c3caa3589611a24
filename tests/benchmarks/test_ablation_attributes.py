"""Attributes taken away: the attribute is gone, the shape stays, and a seed decides what is random."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.benchmarks.ablation_attributes import ATTRIBUTES, GRID, Attribute, remove
from lookalike.benchmarks.ablation_segment import LEAST, MOST, foreground_mask
from lookalike.errors import InvalidArgument
from lookalike.images import decode
from lookalike.judgments.twins import make_twins, render_factors
from lookalike.judgments.twins_values import PALETTES


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    return make_twins(1, size=90, seed=4, style="flat").left[0][:80]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_image_keeps_its_shape_and_the_original_is_not_touched(
    name: str, picture: NDArray[np.uint8]
) -> None:
    before = picture.copy()
    after = remove(picture, name, seed=1)
    assert after.shape == picture.shape
    assert after.dtype == np.uint8
    assert not np.array_equal(after, picture)
    assert np.array_equal(picture, before)
    assert np.array_equal(after, remove(picture, name, seed=1))


def test_without_colour_the_three_channels_are_the_luma() -> None:
    # 0.299 x 200 + 0.587 x 100 + 0.114 x 50 = 59.8 + 58.7 + 5.7 = 124.2
    pixels = np.full((4, 4, 3), (200, 100, 50), np.uint8)
    assert np.all(remove(pixels, "color") == 124)


def test_without_layout_the_same_patches_lie_elsewhere() -> None:
    numbered = np.repeat(np.repeat(np.arange(16).reshape(4, 4), 5, axis=0), 6, axis=1).astype(np.uint8)
    pixels = np.pad(np.repeat(numbered[:, :, None], 3, axis=2), ((0, 3), (0, 2), (0, 0)), constant_values=99)
    after = remove(pixels, "layout", seed=7)
    assert sorted(after[:20:5, :24:6, 0].ravel()) == list(range(16))
    assert not np.any(after[:20, :24] == pixels[:20, :24])  # no patch stays in its place
    assert np.all(after[20:] == 99)
    assert np.all(after[:, 24:] == 99)
    assert not np.array_equal(after, remove(pixels, "layout", seed=8))


def test_without_texture_neighbours_are_closer_and_the_mean_stays(picture: NDArray[np.uint8]) -> None:
    after = remove(picture, "texture")
    steps = [np.abs(np.diff(image.astype(int), axis=1)).mean() for image in (picture, after)]
    assert steps[1] < 0.6 * steps[0]
    assert abs(after.mean() - picture.mean()) < 2


def test_the_pose_is_mirrored_and_comes_back(picture: NDArray[np.uint8]) -> None:
    assert np.array_equal(remove(remove(picture, "pose"), "pose"), picture)
    assert np.array_equal(remove(picture, "pose")[:, 0], picture[:, -1])


def test_edges_are_black_lines_on_white_where_the_square_ends() -> None:
    pixels = np.full((64, 64, 3), 40, np.uint8)
    pixels[16:48, 16:48] = 220
    lines = remove(pixels, "edges")[:, :, 0] == 0
    rows, columns = np.nonzero(lines)
    assert lines.sum() > 90
    assert np.all(np.minimum(np.abs(rows - 15.5), np.abs(rows - 47.5)).clip(0, 2) <= 2)
    assert not lines[20:44, 20:44].any()
    assert not lines[:12].any()
    assert np.all(
        np.minimum.reduce([abs(columns - 15.5), abs(columns - 47.5), abs(rows - 15.5), abs(rows - 47.5)]) <= 2
    )


def test_a_sketch_is_grey_and_mostly_paper(picture: NDArray[np.uint8]) -> None:
    after = remove(picture, "sketch")
    assert np.array_equal(after[:, :, 0], after[:, :, 2])
    assert np.median(after) > 180
    assert after.min() < 200


def test_foreground_and_background_share_out_the_image() -> None:
    pixels = np.full((80, 100, 3), (30, 90, 160), np.uint8)
    pixels[24:56, 30:70] = (240, 220, 60)
    mean = np.rint(pixels.reshape(-1, 3).mean(axis=0))
    without_thing, thing = remove(pixels, "foreground"), remove(pixels, "background")
    assert np.all(without_thing[40, 50] == mean)
    assert np.all(without_thing[2, 2] == (30, 90, 160))
    assert np.all(thing[40, 50] == (240, 220, 60))
    assert np.all(thing[2, 2] == mean)
    mask = foreground_mask(pixels)
    truth = np.zeros_like(mask)
    truth[24:56, 30:70] = True
    assert (mask & truth).sum() / (mask | truth).sum() > 0.75


def test_the_thing_of_synthetic_twins_is_found() -> None:
    """Measured on 300 twins (seed 1): median overlap 0.86, tenth percentile 0.75; here the first 40 of them."""
    twins = make_twins(40, (), seed=1)
    overlaps = []
    for pixels, factors in zip(twins.left, twins.left_factors, strict=True):
        bare = render_factors(replace(factors, texture="plain", style="flat", face="none"))
        truth = np.any(bare != np.array(PALETTES[factors.color].ground, np.uint8), axis=2)
        found = foreground_mask(pixels)
        overlaps.append((found & truth).sum() / (found | truth).sum())
    assert np.median(overlaps) > 0.8
    assert np.percentile(overlaps, 10) > 0.6


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_even_image_still_has_a_middle(value: int) -> None:
    mask = foreground_mask(np.full((40, 30, 3), value, np.uint8))
    assert mask.shape == (40, 30)
    assert LEAST <= mask.mean() <= MOST
    assert mask[20, 15]
    assert not mask[0, 0]


def test_real_photographs_go_through_every_attribute(shared: Path) -> None:
    for path in sorted((shared / "nights-mini").glob("*_ref.jpg"))[:3]:
        pixels = decode(path)
        for name in ATTRIBUTES:
            assert remove(pixels, name).shape == pixels.shape


def test_an_attribute_of_ones_own() -> None:
    dark = Attribute("light", "Light", "halved", lambda pixels, _: pixels // 2)
    assert np.all(remove(np.full((5, 5, 3), 200, np.uint8), dark) == 100)


def test_what_cannot_be_ablated_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="no attribute is called 'smell'; choose from: color"):
        remove(np.zeros((8, 8, 3), np.uint8), "smell")
    with pytest.raises(InvalidArgument, match="too small"):
        remove(np.zeros((GRID - 1, 8, 3), np.uint8), "color")
    with pytest.raises(InvalidArgument, match="float64"):
        remove(np.zeros((8, 8, 3)), "color")  # type: ignore[arg-type]
