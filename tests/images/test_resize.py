"""Resize policies, point sampling, cropping and thumbnails."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lookalike.errors import InvalidArgument
from lookalike.images import crop_box, resize, thumbnail
from tests.odd_parts import picture

KINDS = ("nearest", "bilinear", "bicubic", "lanczos")
# Of middling contrast: where a filter overshoots 0..255, results depend on when the passes clip.
GRAIN = np.random.default_rng(3).integers(80, 176, (61, 83, 3), dtype=np.uint8)


def test_squash_is_pillow_s_resize() -> None:
    expected = np.asarray(Image.fromarray(GRAIN).resize((40, 30), Image.Resampling.BICUBIC))
    assert np.array_equal(resize(GRAIN, (30, 40)), expected)


@pytest.mark.parametrize(
    ("size", "fraction"), [((32, 32), 1.0), ((32, 32), 0.875), ((20, 50), 0.9), ((50, 20), 1.0)]
)
@pytest.mark.parametrize("shape", [(61, 83), (83, 61), (50, 50), (300, 40)])
def test_crop_equals_resizing_then_cropping(
    size: tuple[int, int], fraction: float, shape: tuple[int, int]
) -> None:
    pixels = np.random.default_rng(0).integers(80, 176, (*shape, 3), dtype=np.uint8)
    cover = int(size[0] / fraction), int(size[1] / fraction)
    if cover[0] * shape[1] >= cover[1] * shape[0]:
        full = cover[0], max(size[1], int(cover[0] * shape[1] / shape[0]))
    else:
        full = max(size[0], int(cover[1] * shape[0] / shape[1])), cover[1]
    whole = np.asarray(Image.fromarray(pixels).resize(full[::-1], Image.Resampling.BICUBIC))
    top, left = round((full[0] - size[0]) / 2), round((full[1] - size[1]) / 2)
    expected = whole[top : top + size[0], left : left + size[1]]
    found = resize(pixels, size, policy="crop", crop_fraction=fraction)
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_pad_keeps_the_aspect_ratio_on_a_coloured_canvas() -> None:
    white = np.full((10, 20, 3), 255, np.uint8)
    found = resize(white, (40, 40), policy="pad", fill=(1, 2, 3))
    assert (found[10:30] == 255).all()
    assert (found[:10] == (1, 2, 3)).all()
    assert (found[30:] == (1, 2, 3)).all()
    assert resize(GRAIN, (7, 300), policy="pad").shape == (7, 300, 3)
    assert resize(np.zeros((1, 900, 3), np.uint8), (8, 8), policy="pad").shape == (8, 8, 3)


def test_without_antialias_points_are_sampled() -> None:
    stripes = np.zeros((8, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    # An averaging filter gives grey; shrunk sevenfold, points fall on single columns, black or white.
    assert np.abs(resize(stripes, (8, 8), interpolation="bilinear").astype(int) - 128).max() <= 40
    points = resize(stripes[:, :63], (8, 9), interpolation="bilinear", antialias=False)
    assert set(np.unique(points)) == {0, 255}
    assert points[0, :, 0].tolist() == [0, 255] * 4 + [0]


@pytest.mark.parametrize("kind", KINDS)
def test_antialias_changes_nothing_when_enlarging(kind: str) -> None:
    soft = resize(GRAIN, (100, 120), interpolation=kind).astype(int)
    hard = resize(GRAIN, (100, 120), interpolation=kind, antialias=False).astype(int)
    assert np.abs(soft - hard).max() <= 2


def test_bilinear_point_sampling_by_hand() -> None:
    row = np.repeat(np.array([[0, 100, 200, 40]], np.uint8)[..., None], 3, axis=2)
    # Four to two: the points are at 0.5 and 2.5: means of neighbours.
    assert resize(row, (1, 2), interpolation="bilinear", antialias=False)[0, :, 0].tolist() == [50, 120]


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from(["squash", "crop", "pad"]),
    st.sampled_from(KINDS),
    st.booleans(),
    st.floats(0.3, 1.0),
    st.integers(0, 255),
)
def test_shape_and_constancy(
    shape: tuple[int, int],
    size: tuple[int, int],
    policy: str,
    kind: str,
    antialias: bool,
    fraction: float,
    value: int,
) -> None:
    flat = np.full((*shape, 3), value, np.uint8)
    found = resize(
        flat,
        size,
        policy=policy,
        interpolation=kind,
        antialias=antialias,
        crop_fraction=fraction,
        fill=(value,) * 3,
    )
    assert found.shape == (*size, 3)
    assert found.dtype == np.uint8
    assert (found == value).all()


def test_the_same_input_gives_the_same_result_whatever_its_layout() -> None:
    for view in (GRAIN[::-1], GRAIN[:, ::2], np.asfortranarray(GRAIN)):
        for antialias in (True, False):
            a = resize(view, (20, 20), antialias=antialias)
            assert np.array_equal(a, resize(view.copy(order="C"), (20, 20), antialias=antialias))


@pytest.mark.parametrize(
    "wrong",
    [
        {"policy": "stretch"},
        {"interpolation": "cubic"},
        {"size": (0, 5)},
        {"crop_fraction": 0.0},
        {"crop_fraction": 1.5},
    ],
)
def test_wrong_arguments(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument):
        resize(GRAIN, **{"size": (5, 5), **wrong})  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument):
        resize(GRAIN.astype(np.float32), (5, 5))  # type: ignore[arg-type]


def test_crop_box() -> None:
    assert np.array_equal(crop_box(GRAIN, (3, 5, 20, 40)), GRAIN[5:40, 3:20])
    for box in ((0, 0, 84, 61), (-1, 0, 5, 5), (5, 5, 5, 9), (9, 0, 3, 5)):
        with pytest.raises(InvalidArgument, match="box"):
            crop_box(GRAIN, box)


def test_thumbnails() -> None:
    with Image.open(io.BytesIO(thumbnail(np.asarray(picture(400, 100))))) as image:
        assert (image.format, image.size) == ("JPEG", (160, 40))
    with Image.open(io.BytesIO(thumbnail(np.asarray(picture(40, 30))))) as image:
        assert image.size == (40, 30)
    with Image.open(io.BytesIO(thumbnail(np.asarray(picture(5000, 1))))) as image:
        assert image.size == (160, 1)
    for options in ({"side": 0}, {"quality": 100}):
        with pytest.raises(InvalidArgument):
            thumbnail(GRAIN, **options)
