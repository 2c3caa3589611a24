"""Random views of images: crops, flips, light, grey, blur and noise, whose dice depend on nothing but their names.

Every random number is a hash of (seed, epoch, image row, view, what it is for), so a view is the same however the
epoch was cut into batches, and a run that was killed draws the same views again.

Colours: brightness, contrast and saturation move a little and the hue not at all, because a network that learned to
look past colour cannot say that two things are alike *in* colour. SimCLR's jitter (Chen et al. 2020, appendix A:
strength 0.8, hue 0.2) is meant to do just that; it is there for those who ask for it (``colour = 0.8, hue = 0.2``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import RecipeError

if TYPE_CHECKING:
    from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""

_MASK = np.uint64(0xFFFFFFFFFFFFFFFF)
_DICE = (
    "area",
    "aspect",
    "top",
    "left",
    "flip",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "grey",
    "blur",
    "sigma",
    "noise",
)
_NUMBER = {name: number for number, name in enumerate(_DICE)}


@dataclass(frozen=True)
class Augment:
    """How strongly images are changed; everything 0 (the default) leaves them as they are.

    Attributes:
        crop: 1 minus the smallest share of the area that a random resized crop keeps (0.5: 50 to 100 %).
        aspect: a crop's sides are stretched by up to 1 + aspect.
        flip: probability of left and right exchanged.
        colour: brightness, contrast and saturation are each multiplied by a number in [1 - colour, 1 + colour].
        hue: the hue turns by up to this part of the circle (at most 0.5) to either side.
        grey: probability of losing all colour.
        blur: probability of a Gaussian blur, sigma 0.1 to 1 % of the side (at least one pixel).
        noise: standard deviation of Gaussian noise at each pixel, of 1.

    Raises:
        RecipeError: a value out of range; says which.
    """

    crop: float = 0.0
    aspect: float = 0.0
    flip: float = 0.0
    colour: float = 0.0
    hue: float = 0.0
    grey: float = 0.0
    blur: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value, high = (
                getattr(self, item.name),
                {"hue": 0.5, "aspect": 3.0, "crop": 0.99}.get(item.name, 1.0),
            )
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
                raise RecipeError(
                    f"data.augment.{item.name} must be a number from 0 to {high:g}, got {value!r}"
                )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any] | None) -> Augment:
        """From a recipe's table; None or an empty one changes nothing.

        Raises:
            RecipeError: an unknown name, or a value out of range.
        """
        known = [item.name for item in fields(cls)]
        for name in settings or {}:
            if name not in known:
                raise RecipeError(f"data.augment has no setting {name!r}; it has {', '.join(known)}")
        return cls(**(settings or {}))

    @property
    def idle(self) -> bool:
        """True when nothing is changed."""
        return not any(getattr(self, item.name) for item in fields(self))

    @property
    def beyond_flip(self) -> bool:
        """True when more than the mirror is asked for."""
        return any(getattr(self, item.name) for item in fields(self) if item.name != "flip")

    def dice(
        self, seed: int, epoch: int, rows: NDArray[np.int64], view: int, what: str
    ) -> NDArray[np.float64]:
        """Uniform numbers in [0, 1), one for each row: float64 (n,)."""
        return uniform(seed, epoch, rows, view, _NUMBER[what])

    def __call__(
        self,
        pixels: NDArray[np.uint8],
        rows: NDArray[np.int64],
        *,
        seed: int,
        epoch: int,
        view: int = 0,
        size: tuple[int, int] | None = None,
    ) -> Tensor:
        """One random view of each image.

        Args:
            pixels: uint8 (n, h, w, 3).
            rows: int64 (n,), what the dice of each image are named by.
            seed, epoch, view: the rest of their name.
            size: (height, width) of the result; None: as they come.

        Returns:
            Tensor float32 (n, 3, height, width) in [0, 1].
        """
        import torch

        images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255
        if not len(rows):
            return images

        def roll(what: str) -> NDArray[np.float64]:
            return self.dice(seed, epoch, rows, view, what)

        images = self._place(images, roll, size or (images.shape[2], images.shape[3]))
        images = self._light(images, roll)
        if self.blur:
            images = self._blurred(images, roll)
        if self.noise:
            images = images + self.noise * _normal(images, roll("noise"))
        return images.clamp(0, 1)

    def _place(self, images: Tensor, roll: Any, size: tuple[int, int]) -> Tensor:
        """Crop, stretch and mirror in one bilinear look-up; the mirror alone moves whole pixels."""
        import torch
        from torch.nn import functional

        flip = roll("flip") < self.flip
        if not self.crop and not self.aspect and size == tuple(images.shape[2:]):
            chosen = torch.from_numpy(flip)[:, None, None, None]
            return torch.where(chosen, images.flip(3), images) if flip.any() else images
        area = 1 - self.crop * roll("area")
        stretch = np.exp((2 * roll("aspect") - 1) * math.log(1 + self.aspect) / 2)
        high, wide = np.minimum(np.sqrt(area) / stretch, 1.0), np.minimum(np.sqrt(area) * stretch, 1.0)
        down, right = (2 * roll("top") - 1) * (1 - high), (2 * roll("left") - 1) * (1 - wide)
        theta = np.zeros((len(flip), 2, 3), dtype=np.float32)
        theta[:, 0, 0], theta[:, 0, 2] = np.where(flip, -wide, wide), right
        theta[:, 1, 1], theta[:, 1, 2] = high, down
        grid = functional.affine_grid(torch.from_numpy(theta), [len(flip), 3, *size], align_corners=False)
        return functional.grid_sample(
            images, grid, mode="bilinear", padding_mode="border", align_corners=False
        )

    def _light(self, images: Tensor, roll: Any) -> Tensor:
        def factor(what: str) -> Tensor:
            return _column(1 + self.colour * (2 * roll(what) - 1), images)

        if self.colour:
            images = images * factor("brightness")
            mean = _grey(images).mean(dim=(2, 3), keepdim=True)
            images = mean + (images - mean) * factor("contrast")
            grey = _grey(images)
            images = (grey + (images - grey) * factor("saturation")).clamp(0, 1)
        if self.hue:
            images = _turned(images, 2 * math.pi * self.hue * (2 * roll("hue") - 1)).clamp(0, 1)
        if self.grey:
            lose = _column((roll("grey") < self.grey).astype(np.float64), images)
            images = images + lose * (_grey(images) - images)
        return images

    def _blurred(self, images: Tensor, roll: Any) -> Tensor:
        """Separable Gaussian, one kernel for each image; the border is mirrored."""
        import torch
        from torch.nn import functional

        chosen = np.flatnonzero(roll("blur") < self.blur)
        if not len(chosen):
            return images
        part = images[torch.from_numpy(chosen)]
        count, channels, high, wide = part.shape
        top = max(1.0, 0.01 * max(high, wide))
        sigma = 0.1 + roll("sigma")[chosen] * (top - 0.1)
        reach = min(math.ceil(3 * top), min(high, wide) - 1)
        steps = np.arange(-reach, reach + 1)
        kernel = np.exp(-(steps**2) / (2 * sigma[:, None] ** 2))
        kernel /= kernel.sum(axis=1, keepdims=True)
        weights = torch.from_numpy(np.repeat(kernel, channels, axis=0).astype(np.float32))
        flat = part.reshape(1, count * channels, high, wide)
        for shape, pad in (
            ((-1, 1, 1, len(steps)), (reach, reach, 0, 0)),
            ((-1, 1, len(steps), 1), (0, 0, reach, reach)),
        ):
            padded = functional.pad(flat, pad, mode="reflect")
            flat = functional.conv2d(padded, weights.reshape(shape), groups=count * channels)
        blurred = images.clone()
        blurred[torch.from_numpy(chosen)] = flat.reshape(part.shape)
        return blurred


def uniform(seed: int, epoch: int, rows: NDArray[np.int64], view: int, what: int) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1) by hashing (splitmix64, Steele, Lea and Flood 2014): float64 (n,)."""
    state = np.asarray(rows).astype(np.uint64)
    with np.errstate(over="ignore"):
        for part in (seed, epoch, view, what):
            state = _mixed(state ^ _mixed(np.full(1, part & 0xFFFFFFFFFFFFFFFF, dtype=np.uint64)))
    return (state >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state + np.uint64(0x9E3779B97F4A7C15)) & _MASK
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _column(values: NDArray[np.float64], like: Tensor) -> Tensor:
    import torch

    return torch.from_numpy(values).to(like.dtype)[:, None, None, None]


def _grey(images: Tensor) -> Tensor:
    red, green, blue = LUMA
    return red * images[:, :1] + green * images[:, 1:2] + blue * images[:, 2:]


def _turned(images: Tensor, angles: NDArray[np.float64]) -> Tensor:
    """Colours turned around the grey axis by an angle each (Rodrigues' rotation about (1, 1, 1) / sqrt 3)."""
    import torch

    cos, sin = np.cos(angles)[:, None, None], np.sin(angles)[:, None, None]
    axis = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)
    turns = cos * np.eye(3) + (1 - cos) / 3 * np.ones((3, 3)) + sin * axis
    return torch.einsum("nij,njhw->nihw", torch.from_numpy(turns).to(images.dtype), images)


def _normal(like: Tensor, dice: NDArray[np.float64]) -> Tensor:
    """Standard normal numbers of the images' shape, each image's from its own die."""
    import torch

    noise = torch.empty_like(like)
    for row, die in enumerate(dice):
        generator = torch.Generator().manual_seed(int(die * 2.0**53))
        torch.randn(like.shape[1:], generator=generator, out=noise[row])
    return noise
