"""Pixels: every mode and peculiarity against values known by hand, and the same result on every path."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lookalike.images import decode, read_image
from lookalike.images.color import _profile_transform
from tests.odd_formats import GOOD
from tests.odd_parts import SIZE, encoded, exif, numbers, picture, srgb_profile, with_profile

PICTURE = np.asarray(picture())
HALF = SIZE[0] // 2


def good(name: str) -> NDArray[np.uint8]:
    return decode(GOOD[name][0]())


def close(a: NDArray[np.uint8], b: NDArray[np.uint8], tolerance: float) -> bool:
    return a.shape == b.shape and float(np.abs(a.astype(float) - b).mean()) <= tolerance


@pytest.mark.parametrize(
    "name",
    [
        "plain.png",
        "plain.bmp",
        "plain.tif",
        "lzw.tif",
        "plain.ppm",
        "plain.jp2",
        "png-called.jpg",
        "rgb16.png",
    ],
)
def test_lossless_formats_give_the_very_pixels(name: str) -> None:
    # Of 16-bit samples n * 257 the 8-bit value is n.
    assert np.array_equal(good(name), PICTURE)


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("plain.jpg", 2),
        ("lossy.webp", 3),
        ("plain.avif", 4),
        ("plain.heic", 4),
        ("jpeg.tif", 4),
        ("mpo.jpg", 4),
        ("tail.jpg", 4),
    ],
)
def test_lossy_formats_come_close(name: str, tolerance: float) -> None:
    assert close(good(name), PICTURE, tolerance)


TURNED = {
    1: PICTURE,
    2: PICTURE[:, ::-1],
    3: PICTURE[::-1, ::-1],
    4: PICTURE[::-1],
    5: PICTURE.transpose(1, 0, 2),
    6: np.rot90(PICTURE, -1),
    7: np.rot90(PICTURE, 2).transpose(1, 0, 2),
    8: np.rot90(PICTURE, 1),
}


@pytest.mark.parametrize("number", range(1, 9))
def test_exif_orientation(number: int) -> None:
    found = read_image(GOOD[f"orientation-{number}.jpg"][0]())
    assert close(found.pixels, TURNED[number], 3)
    assert (found.info.height, found.info.width) == TURNED[number].shape[:2]


@pytest.mark.parametrize("name", ["orientation-6.png", "orientation-6.tif", "orientation-8.webp"])
def test_orientation_in_other_formats(name: str) -> None:
    found = read_image(GOOD[name][0]())
    assert close(found.pixels, TURNED[int(name[12])], 3)
    assert (found.info.height, found.info.width) == (SIZE[0], SIZE[1])


@pytest.mark.parametrize("name", ["rgba.png", "la.png", "lossless.webp", "alpha.avif", "alpha.heif"])
def test_what_is_transparent_shows_white(name: str) -> None:
    pixels = good(name)
    grey = np.asarray(picture().convert("L").convert("RGB"))
    expected = grey if name == "la.png" else PICTURE
    assert (pixels[:, HALF + 2 :] >= 250).all()
    assert close(pixels[:, : HALF - 2], expected[:, : HALF - 2], 6)


def test_half_transparent_is_half_white() -> None:
    assert decode(encoded(Image.new("RGBA", (2, 2), (0, 100, 200, 128)), "PNG"))[0, 0].tolist() == [
        127,
        177,
        227,
    ]


def test_premultiplied_and_palette_alpha() -> None:
    rgba = Image.new("RGBA", (2, 1), (10, 20, 30, 255))
    rgba.putpixel((1, 0), (10, 20, 30, 0))
    expected = [[[10, 20, 30], [255, 255, 255]]]
    assert decode(rgba.convert("RGBa")).tolist() == expected
    palette = rgba.quantize(4)
    assert decode(palette).tolist() == expected


def test_colour_keys_and_palette_transparency() -> None:
    assert good("key-rgb.png")[0, 0].tolist() == [255, 255, 255]
    assert np.array_equal(good("key-rgb.png")[5:, 5:], PICTURE[5:, 5:])
    grey = np.asarray(picture().convert("L"))
    pixels = good("key-grey.png")
    assert (grey == 60).any()
    assert (pixels[grey == 60] == 255).all()
    assert np.array_equal(pixels[grey != 60][:, 0], grey[grey != 60])
    assert (good("palette-clear.png") == 255).all(axis=2).any()


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    expected = ((numbers(np.uint16, 65535).astype(int) + 128) // 257).astype(np.uint8)
    for name in ("grey16.png", "grey16.tif", "grey16.pgm"):
        assert np.abs(good(name)[..., 0].astype(int) - expected).max() <= 1, name
    for mode in ("I;16", "I;16B"):
        image = Image.frombytes(mode, (2, 1), b"\x00\x00\xff\xff")
        assert decode(image)[0, :, 1].tolist() == [0, 255]


def test_floats_and_wide_integers_follow_the_documented_rule() -> None:
    ramp = np.rint(numbers(float, 255.0)).astype(int)
    assert np.abs(good("float.tif")[..., 0] - ramp).max() <= 1
    assert np.abs(good("int32.tif")[..., 0] - ramp).max() <= 1
    assert decode(Image.fromarray(np.array([[0, 128, 255]], np.float32)))[0, :, 0].tolist() == [0, 128, 255]
    odd = np.array([[np.nan, -10, 10, np.inf]], np.float32)
    assert decode(Image.fromarray(odd))[0, :, 0].tolist() == [0, 0, 255, 255]
    assert decode(Image.fromarray(np.full((1, 2), np.nan, np.float32))).max() == 0


@pytest.mark.parametrize("name", ["cmyk.jpg", "cmyk.tif"])
def test_cmyk_is_not_inverted(name: str) -> None:
    assert close(good(name), PICTURE, 4)


def test_lab() -> None:
    # L* = 180 / 255 * 100 = 70.6, neutral: sRGB grey 173 (CIE 15, sRGB transfer curve).
    assert np.abs(good("lab.tif").astype(int) - 173).max() <= 2


def test_profiles() -> None:
    red, green = good("icc-swapped.png")[..., 0], good("icc-swapped.png")[..., 1]
    # With red and green primaries swapped, the ramps change places (blue stays nearly as it was).
    assert np.corrcoef(red.ravel(), PICTURE[..., 1].ravel())[0, 1] > 0.9
    assert np.corrcoef(green.ravel(), PICTURE[..., 0].ravel())[0, 1] > 0.9
    assert np.array_equal(good("icc-bad.png"), PICTURE)
    assert np.array_equal(decode(with_profile(picture(), srgb_profile())), PICTURE)
    assert _profile_transform(srgb_profile(), "RGB") is None


@pytest.mark.parametrize("name", ["animated.gif", "animated.png", "animated.webp", "pages.tif"])
def test_the_first_frame_of_animations(name: str) -> None:
    assert close(good(name), PICTURE, 8)


def test_facts() -> None:
    info = read_image(GOOD["photo-exif.jpg"][0]()).info
    assert info.taken == datetime(2021, 7, 14, 18, 3, 59)
    assert info.camera == "Acme Snap 3"
    assert (info.width, info.height, info.format) == (SIZE[1], SIZE[0], "JPEG")
    assert info.bytes == len(GOOD["photo-exif.jpg"][0]())
    for taken in ("0000:00:00 00:00:00", "yesterday", "2021:13:45 99:00:00"):
        data = encoded(picture(), "JPEG", exif=exif(taken=taken, make="Acme", model="ACME X1"))
        assert read_image(data).info.taken is None
        assert read_image(data).info.camera == "ACME X1"
    tiff = encoded(picture(), "TIFF", exif=exif(make="Acme", taken="2020:01:02 03:04:05"))
    assert read_image(tiff).info.camera == "Acme"
