"""The odd files that must be read: one for each format, mode and peculiarity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.odd_parts import (
    SIZE,
    encoded,
    exif,
    keyed_palette,
    numbers,
    picture,
    png_16_bit_rgb,
    swapped_profile,
    with_profile,
)


def _alpha(mode: str) -> Image.Image:
    """`picture` in a mode with alpha: opaque in the left half, clear in the right."""
    image = picture().convert(mode)
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[:, : SIZE[0] // 2] = 255
    image.putalpha(Image.fromarray(mask))
    return image


def _key(image: Image.Image, key: int | tuple[int, int, int]) -> bytes:
    return encoded(image, "PNG", transparency=key)


def _oriented(number: int, format: str = "JPEG") -> Callable[[], bytes]:
    return lambda: encoded(picture(), format, exif=exif(number))


def _animated(format: str) -> Callable[[], bytes]:
    frames = [picture(), picture().rotate(180), picture().convert("L").convert("RGB")]
    return lambda: encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=80)


def _tiff(image: Image.Image, compression: str | None = None) -> Callable[[], bytes]:
    return lambda: encoded(image, "TIFF", compression=compression)


def _grey16() -> Image.Image:
    return Image.fromarray(numbers(np.uint16, 65535))


def _adobe_cmyk() -> bytes:
    return encoded(picture().convert("CMYK"), "JPEG", quality=95)


def _photo_exif() -> bytes:
    facts = exif(6, "2021:07:14 18:03:59", "Acme", "Acme Snap 3\x00")
    return encoded(picture(), "JPEG", exif=facts)


GOOD: dict[str, tuple[Callable[[], bytes], str]] = {
    "plain.jpg": (lambda: encoded(picture(), "JPEG", quality=95), "baseline JPEG"),
    "progressive.jpg": (lambda: encoded(picture(), "JPEG", progressive=True), "progressive JPEG"),
    "grey.jpg": (lambda: encoded(picture().convert("L"), "JPEG"), "greyscale JPEG"),
    "cmyk.jpg": (_adobe_cmyk, "CMYK JPEG, inverted as Adobe writes it"),
    "photo-exif.jpg": (_photo_exif, "JPEG with date, camera and orientation 6"),
    "mpo.jpg": (
        lambda: encoded(picture(), "MPO", save_all=True, append_images=[picture()]),
        "multi-picture JPEG",
    ),
    "bad-exif.jpg": (
        lambda: encoded(picture(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff"),
        "broken EXIF",
    ),
    **{f"orientation-{n}.jpg": (_oriented(n), f"EXIF orientation {n}") for n in range(1, 9)},
    "orientation-6.png": (_oriented(6, "PNG"), "PNG with EXIF orientation"),
    "orientation-8.webp": (_oriented(8, "WEBP"), "WebP with EXIF orientation"),
    "orientation-6.tif": (_oriented(6, "TIFF"), "TIFF with orientation"),
    "plain.png": (lambda: encoded(picture(), "PNG"), "RGB PNG"),
    "rgba.png": (lambda: encoded(_alpha("RGBA"), "PNG"), "alpha"),
    "la.png": (lambda: encoded(_alpha("LA"), "PNG"), "greyscale with alpha"),
    "palette.png": (lambda: encoded(picture().quantize(64), "PNG"), "palette"),
    "palette-clear.png": (lambda: encoded(keyed_palette(), "PNG"), "palette with transparency"),
    "key-rgb.png": (lambda: _key(picture(), (20, 20, 96)), "RGB with a colour key"),
    "key-grey.png": (lambda: _key(picture().convert("L"), 60), "greyscale with a colour key"),
    "one-bit.png": (lambda: encoded(picture().convert("1"), "PNG"), "1-bit"),
    "grey16.png": (lambda: encoded(_grey16(), "PNG"), "16-bit greyscale"),
    "rgb16.png": (png_16_bit_rgb, "16-bit RGB"),
    "icc-swapped.png": (
        lambda: with_profile(picture(), swapped_profile()),
        "profile that swaps red and green",
    ),
    "icc-bad.png": (lambda: with_profile(picture(), b"not a profile" * 20), "damaged profile"),
    "icc-cmyk-claim.jpg": (
        lambda: with_profile(picture().convert("L"), swapped_profile(), "JPEG"),
        "RGB profile in a greyscale image",
    ),
    "interlaced.gif": (lambda: encoded(picture(), "GIF", interlace=1), "GIF"),
    "clear.gif": (lambda: encoded(keyed_palette(), "GIF", transparency=0), "GIF with transparency"),
    "animated.gif": (_animated("GIF"), "animated GIF"),
    "animated.png": (_animated("PNG"), "APNG"),
    "animated.webp": (_animated("WEBP"), "animated WebP"),
    "pages.tif": (_animated("TIFF"), "TIFF of several pages"),
    "lossy.webp": (lambda: encoded(picture(), "WEBP", quality=90), "lossy WebP"),
    "lossless.webp": (lambda: encoded(_alpha("RGBA"), "WEBP", lossless=True), "lossless WebP with alpha"),
    "plain.avif": (lambda: encoded(picture(), "AVIF", quality=90), "AVIF"),
    "alpha.avif": (lambda: encoded(_alpha("RGBA"), "AVIF", quality=90), "AVIF with alpha"),
    "plain.heic": (lambda: encoded(picture(), "HEIF", quality=90), "HEIC"),
    "alpha.heif": (lambda: encoded(_alpha("RGBA"), "HEIF", quality=90), "HEIF with alpha"),
    "plain.tif": (_tiff(picture()), "TIFF"),
    "lzw.tif": (_tiff(picture(), "tiff_lzw"), "TIFF, LZW"),
    "jpeg.tif": (_tiff(picture(), "jpeg"), "TIFF, JPEG inside"),
    "fax.tif": (_tiff(picture().convert("1"), "group4"), "TIFF, fax"),
    "cmyk.tif": (_tiff(picture().convert("CMYK")), "CMYK TIFF"),
    "lab.tif": (_tiff(Image.new("LAB", SIZE, (180, 128, 128))), "CIELAB"),
    "grey16.tif": (_tiff(_grey16()), "16-bit TIFF"),
    "int32.tif": (_tiff(Image.fromarray(numbers(np.int32, 2**30))), "32-bit integers"),
    "float.tif": (_tiff(Image.fromarray(numbers(np.float32, 1.0))), "floats 0..1"),
    "float-nan.tif": (
        _tiff(
            Image.fromarray(
                np.where(np.eye(*SIZE[::-1]) > 0, np.nan, numbers(np.float32, 900)).astype(np.float32)
            )
        ),
        "floats 0..900 with NaN",
    ),
    "plain.bmp": (lambda: encoded(picture(), "BMP"), "BMP"),
    "palette.bmp": (lambda: encoded(picture().quantize(16), "BMP"), "palette BMP"),
    "plain.jp2": (lambda: encoded(picture(), "JPEG2000"), "JPEG 2000"),
    "plain.ppm": (lambda: encoded(picture(), "PPM"), "PPM"),
    "grey16.pgm": (lambda: encoded(_grey16(), "PPM"), "16-bit PGM"),
    "png-called.jpg": (lambda: encoded(picture(), "PNG"), "a PNG called .jpg"),
    "jpeg-called.PNG": (lambda: encoded(picture(), "JPEG"), "a JPEG called .PNG"),
    "tail.jpg": (
        lambda: encoded(picture(), "JPEG") + b"\x00 rubbish at the end" * 9,
        "rubbish after the end",
    ),
    "one-pixel.png": (lambda: encoded(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG"), "1 x 1"),
    "sliver.png": (lambda: encoded(picture(900, 1), "PNG"), "900 x 1"),
}
