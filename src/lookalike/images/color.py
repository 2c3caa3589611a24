"""Any Pillow mode to plain sRGB over white.

Rules, each tested: transparency (alpha channel, palette transparency, PNG colour keys) is laid over white;
16-bit values are scaled by their range (65535 -> 255), never clipped; 32-bit integers are taken as 16-bit
when they all lie in 0..65535, else stretched from their minimum to their maximum; floats are taken as 0..1
when they all lie there, else as 0..255 when they all lie there, else stretched (NaN counts as the minimum);
an embedded ICC profile is converted to sRGB, and ignored when it is damaged or does not fit the pixels;
CMYK without a profile is converted as 255 - min(255, ink + black).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

WHITE = (255, 255, 255)
_SAME_AS_SRGB = 2
"""A profile that changes no colour of a coarse cube by more than this is sRGB for our purposes, and
skipped."""


def to_rgb(image: Image.Image) -> Image.Image:
    """``image`` (loaded, any mode) as an "RGB" image of the same size, by the rules above."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return _managed(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _from_numbers(image)
    if image.mode == "LAB":
        return _apply(image, _lab_transform()) or image.convert("RGB")
    if has_alpha(image):
        return _over_white(image)
    if image.mode in ("L", "CMYK"):
        return _managed(image)
    return _managed(_rgb_of(image, image.info.get("icc_profile")))


def _rgb_of(image: Image.Image, profile: object) -> Image.Image:
    rgb = image.convert("RGB")
    if profile:
        rgb.info["icc_profile"] = profile
    return rgb


def has_alpha(image: Image.Image) -> bool:
    """Whether some pixels may be transparent."""
    return image.has_transparency_data


def _over_white(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    rgba = _keyed(image) if image.mode in ("RGB", "L", "1") else image
    if rgba.mode in ("La", "RGBa"):
        rgba = rgba.convert({"La": "LA", "RGBa": "RGBA"}[rgba.mode])
    if rgba.mode not in ("RGBA", "LA"):
        rgba = rgba.convert("RGBA")
    alpha = rgba.getchannel("A")
    color = rgba.convert("L" if rgba.mode == "LA" else "RGB")
    color.info = {"icc_profile": profile} if profile else {}
    color = _managed(color)
    if alpha.getextrema() == (255, 255):
        return color
    page = Image.new("RGB", color.size, WHITE)
    page.paste(color, mask=alpha)
    return page


def _keyed(image: Image.Image) -> Image.Image:
    """A PNG colour key (tRNS of greyscale or RGB) as an alpha channel."""
    key = image.info["transparency"]
    if isinstance(key, bytes):
        return image.convert("RGBA")
    image = image.convert("L") if image.mode == "1" else image
    values = [key] if isinstance(key, int) else list(key)
    # Of 16-bit samples Pillow keeps the high byte but leaves the key as it was.
    wide = max(values) > 255
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    clear = (pixels == np.array([v >> 8 if wide else v for v in values])).all(axis=2)
    rgba = image.convert("RGB").convert("RGBA")
    rgba.putalpha(Image.fromarray(np.where(clear, 0, 255).astype(np.uint8)))
    return rgba


def _from_numbers(image: Image.Image) -> Image.Image:
    """Modes I;16*, I and F: one channel of wide numbers."""
    values: NDArray[Any] = np.asarray(image)
    if image.mode == "F":
        grey = _from_floats(values)
    elif values.dtype.itemsize == 2 or (values.size and values.min() >= 0 and values.max() <= 65535):
        grey = _by_rows(values, lambda part: (part.astype(np.uint32) + 128) // 257)
    else:
        grey = _stretch(values, float(values.min()), float(values.max()))
    key = image.info.get("transparency")
    if isinstance(key, int):
        grey = np.where(values == key, np.uint8(255), grey)
    result = Image.fromarray(grey)
    if image.info.get("icc_profile"):
        result.info["icc_profile"] = image.info["icc_profile"]
    return _managed(result)


def _from_floats(values: NDArray[Any]) -> NDArray[np.uint8]:
    ranges = []
    for part in _row_blocks(values):
        finite = part[np.isfinite(part)]
        if finite.size:
            ranges.append((float(finite.min()), float(finite.max())))
    low = min((pair[0] for pair in ranges), default=0.0)
    high = max((pair[1] for pair in ranges), default=0.0)
    if low >= 0 and high <= 1:
        return _stretch(values, 0.0, 1.0, low)
    return _stretch(values, 0.0, 255.0, low) if low >= 0 and high <= 255 else _stretch(values, low, high)


def _stretch(
    values: NDArray[Any], low: float, high: float, missing: float | None = None
) -> NDArray[np.uint8]:
    """``low``..``high`` to 0..255; NaN becomes ``missing`` (default ``low``)."""
    scale = 255.0 / (high - low) if high > low else 0.0
    gap = low if missing is None else missing

    def convert(part: NDArray[Any]) -> NDArray[Any]:
        clean = np.nan_to_num(part.astype(np.float64), nan=gap, posinf=high, neginf=low)
        return np.rint((np.clip(clean, low, high) - low) * scale)

    return _by_rows(values, convert)


def _row_blocks(values: NDArray[Any]) -> list[NDArray[Any]]:
    """Views of about a million numbers each: wide copies of a large image would take much memory."""
    step = max(1, (1 << 20) // max(1, values.shape[1]))
    return [values[start : start + step] for start in range(0, values.shape[0], step)]


def _by_rows(values: NDArray[Any], convert: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[np.uint8]:
    return np.concatenate([convert(part).astype(np.uint8) for part in _row_blocks(values)])


def _managed(image: Image.Image) -> Image.Image:
    """An "RGB", "L" or "CMYK" image as sRGB, through its ICC profile where it has a usable one."""
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and profile:
        converted = _apply(image, _profile_transform(profile, image.mode))
        if converted is not None:
            return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def _apply(image: Image.Image, transform: ImageCmsTransform | None) -> Image.Image | None:
    if transform is None:
        return None
    from PIL import ImageCms

    try:
        return ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, ValueError, OSError):
        return None


@lru_cache(maxsize=64)
def _profile_transform(profile: bytes, mode: str) -> ImageCmsTransform | None:
    """The transform of a profile to sRGB; None where there is nothing to do or the profile is unusable.

    lcms2 transforms may be used by many threads at once; photographs of one camera share one profile.
    """
    if profile[16:20] != {"RGB": b"RGB ", "L": b"GRAY", "CMYK": b"CMYK"}[mode]:
        return None
    try:
        from PIL import ImageCms

        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        if mode == "RGB":
            cube = _cube()
            after = np.asarray(ImageCms.applyTransform(cube, transform), np.int16)
            if np.abs(after - np.asarray(cube, np.int16)).max() <= _SAME_AS_SRGB:
                return None
    except (ImportError, OSError, ValueError, TypeError, AttributeError, ImageCms.PyCMSError):
        return None
    return transform


@lru_cache(maxsize=1)
def _lab_transform() -> ImageCmsTransform | None:
    try:
        from PIL import ImageCms

        lab = ImageCms.createProfile("LAB")
        return ImageCms.buildTransform(lab, ImageCms.createProfile("sRGB"), "LAB", "RGB")
    except (ImportError, OSError, ValueError, ImageCms.PyCMSError):
        return None


def _cube() -> Image.Image:
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    return Image.fromarray(cube.reshape(27, 27, 3))
