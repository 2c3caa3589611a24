"""Resizing by named policies, cropping, thumbnails.

The same function serves every path, so the same pixels give the same result wherever they came from.
"""

from __future__ import annotations

import io
import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import InvalidArgument

Policy = Literal["squash", "crop", "pad"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]
Pixels = NDArray[np.uint8]

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_SUPPORT = {"bilinear": 1, "bicubic": 2, "lanczos": 3}


def resize(
    pixels: Pixels,
    size: tuple[int, int],
    *,
    policy: str = "squash",
    interpolation: str = "bicubic",
    antialias: bool = True,
    crop_fraction: float = 1.0,
    fill: tuple[int, int, int] = (255, 255, 255),
) -> Pixels:
    """RGB uint8 (h, w, 3) to exactly ``size`` = (height, width).

    Args:
        pixels: uint8 (h, w, 3).
        size: (height, width) of the result.
        policy: ``squash``: the whole image, its aspect ratio given up (what DreamSim does). ``crop``: the
            aspect ratio is kept, the image covers ``size / crop_fraction``, and the middle ``size`` of it
            is taken (what torchvision's Resize + CenterCrop does, with the same rounding). ``pad``: the
            whole image, aspect ratio kept, in the middle of a canvas of colour ``fill``.
        interpolation: ``nearest``, ``bilinear``, ``bicubic`` (Keys, a = -0.5) or ``lanczos`` (3 lobes).
        antialias: True widens the filter when shrinking (Pillow, torchvision's default); False samples
            points, as ``torch.nn.functional.interpolate`` does by default.
        crop_fraction: for ``crop``; timm's ``crop_pct``, in (0, 1].

    Raises:
        InvalidArgument: unknown names, an empty size, or pixels of another type or shape.
    """
    check_pixels(pixels)
    height, width = size
    if interpolation not in _FILTERS:
        raise InvalidArgument(f"unknown interpolation {interpolation!r}; choose from: {', '.join(_FILTERS)}")
    if height < 1 or width < 1 or not 0 < crop_fraction <= 1:
        raise InvalidArgument(
            f"cannot resize to {size} with crop fraction {crop_fraction}: "
            "sides start at 1, the fraction is in (0, 1]"
        )
    whole = (0.0, 0.0, float(pixels.shape[1]), float(pixels.shape[0]))
    if policy == "squash":
        return _sample(pixels, (height, width), whole, interpolation, antialias)
    if policy == "crop":
        box = _crop_region(pixels.shape[:2], (height, width), crop_fraction)
        return _sample(pixels, (height, width), box, interpolation, antialias)
    if policy == "pad":
        inner, top, left = _pad_region(pixels.shape[:2], (height, width))
        result = np.empty((height, width, 3), np.uint8)
        result[:] = np.asarray(fill, np.uint8)
        part = _sample(pixels, inner, whole, interpolation, antialias)
        result[top : top + inner[0], left : left + inner[1]] = part
        return result
    raise InvalidArgument(f"unknown resize policy {policy!r}; choose from: squash, crop, pad")


def _crop_region(
    shape: tuple[int, ...], size: tuple[int, int], fraction: float
) -> tuple[float, float, float, float]:
    """The part of the image (left, top, right, bottom) that ends up in the crop.

    Resizing only that part in one step equals resizing everything and cropping then, without the wasted
    work. The roundings are those of torchvision (`_compute_resized_output_size`, `center_crop`) and timm
    (floor(size / crop_pct)).
    """
    h, w = shape
    cover_h, cover_w = math.floor(size[0] / fraction), math.floor(size[1] / fraction)
    if cover_h * w >= cover_w * h:
        full_h, full_w = cover_h, max(size[1], int(cover_h * w / h))
    else:
        full_h, full_w = max(size[0], int(cover_w * h / w)), cover_w
    top, left = round((full_h - size[0]) / 2.0), round((full_w - size[1]) / 2.0)
    y, x = h / full_h, w / full_w
    return left * x, top * y, min(w, (left + size[1]) * x), min(h, (top + size[0]) * y)


def _pad_region(shape: tuple[int, ...], size: tuple[int, int]) -> tuple[tuple[int, int], int, int]:
    h, w = shape
    scale = min(size[0] / h, size[1] / w)
    inner = min(size[0], max(1, round(h * scale))), min(size[1], max(1, round(w * scale)))
    return inner, (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2


def _sample(
    pixels: Pixels,
    size: tuple[int, int],
    box: tuple[float, float, float, float],
    interpolation: str,
    antialias: bool,
) -> Pixels:
    if size == pixels.shape[:2] and box == (0.0, 0.0, pixels.shape[1], pixels.shape[0]):
        return pixels.copy()
    if antialias or interpolation == "nearest":
        image = Image.fromarray(pixels)
        return np.array(image.resize((size[1], size[0]), _FILTERS[interpolation], box=box))
    rows = _taps(size[0], box[1], box[3], pixels.shape[0], interpolation)
    columns = _taps(size[1], box[0], box[2], pixels.shape[1], interpolation)
    # Rows first, then columns, each as a sum over few taps: no intermediate is larger than rows x full width.
    middle = sum(w[:, None, None] * pixels[i].astype(np.float32) for i, w in zip(*rows, strict=True))
    result = sum(w[None, :, None] * middle[:, i] for i, w in zip(*columns, strict=True))
    rounded: Pixels = np.clip(np.rint(result), 0, 255).astype(np.uint8)
    return rounded


def _taps(
    count: int, start: float, stop: float, length: int, interpolation: str
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For each of ``count`` output samples the source indices (taps, count) and their weights (taps,
    count)."""
    centre = start + (np.arange(count) + 0.5) * ((stop - start) / count) - 0.5
    support = _SUPPORT[interpolation]
    index = np.floor(centre).astype(np.intp)[None, :] + np.arange(1 - support, support + 1)[:, None]
    weights = _kernel(np.abs(centre[None, :] - index), interpolation)
    # Beyond the border there is nothing: the weights inside are normalised, as Pillow does.
    weights = np.where((index >= 0) & (index < length), weights, 0.0)
    weights /= weights.sum(axis=0, keepdims=True)
    return np.clip(index, 0, length - 1), weights.astype(np.float32)


def _kernel(x: NDArray[np.float64], interpolation: str) -> NDArray[np.float64]:
    if interpolation == "bilinear":
        return np.maximum(0.0, 1.0 - x)
    if interpolation == "lanczos":
        return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0.0)
    a = -0.5  # Keys 1981, eq. 4; the value that Pillow uses too
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def crop_box(pixels: Pixels, box: tuple[int, int, int, int]) -> Pixels:
    """The part (left, top, right, bottom) of uint8 (h, w, 3), in pixels; right and bottom are excluded. A
    copy.

    Raises:
        InvalidArgument: the box is empty or reaches outside the image.
    """
    check_pixels(pixels)
    left, top, right, bottom = (int(v) for v in box)
    height, width = pixels.shape[:2]
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise InvalidArgument(
            f"the box {left},{top},{right},{bottom} (left, top, right, bottom) is empty or reaches outside "
            f"the image of {width} x {height} pixels"
        )
    return pixels[top:bottom, left:right].copy()


def thumbnail(pixels: Pixels, side: int = 160, quality: int = 80) -> bytes:
    """A small JPEG of uint8 (h, w, 3): long side at most ``side``, never enlarged, aspect ratio kept.

    Raises:
        InvalidArgument: ``side`` below 1, ``quality`` outside 1..95, or pixels of another type or shape.
    """
    check_pixels(pixels)
    if side < 1 or not 1 <= quality <= 95:
        raise InvalidArgument(
            f"thumbnail side {side} and quality {quality}: the side starts at 1, quality is 1 to 95"
        )
    image = Image.fromarray(pixels)
    longest = max(image.size)
    if longest > side:
        width, height = (max(1, round(v * side / longest)) for v in image.size)
        # reducing_gap first averages whole blocks: several times faster on large images, no visible
        # difference.
        image = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def check_pixels(pixels: object) -> None:
    """Raise InvalidArgument unless ``pixels`` is a non-empty uint8 array (h, w, 3)."""
    if (
        not isinstance(pixels, np.ndarray)
        or pixels.dtype != np.uint8
        or pixels.ndim != 3
        or pixels.shape[2] != 3
        or not pixels.size
    ):
        found = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise InvalidArgument(f"pixels must be a uint8 array of shape (height, width, 3), not {found}")
