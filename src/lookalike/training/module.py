"""A trained encoder as a differentiable distance between images: a loss for networks that make images."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lookalike.encoders import Encoder, EncoderOptions, load_encoder
from lookalike.encoders.base import Preprocessing
from lookalike.encoders.torch_base import TorchEncoder
from lookalike.errors import InvalidArgument, TrainingError, printable
from lookalike.training.pytorch import Tensor, functional, nn, torch

__all__ = ["SimilarityModule", "optimise_towards"]

_MODES = {"bilinear": "bilinear", "bicubic": "bicubic", "nearest": "nearest-exact"}
_SLACK = 1e-4
"""How far a pixel may be outside of [0, 1]: what float16 arithmetic may add."""


class SimilarityModule(nn.Module):
    """d(a, b) = 1 - cos(f(a), f(b)) with the encoder f, differentiable in both images; 0 is the same, 2 the most.

    Resizing and scaling as the encoder wants them happen inside, so gradients reach the pixels that were given. What
    decoding files does besides, rounding resized pixels to whole numbers of 255, is left out: it has no gradient.

    Args:
        encoder: the folder of a run, or any encoder that runs in PyTorch (``timm:...``), or one that is loaded. A
            loaded one shares its weights with this module.
        weights: of the encoder, or of the run's parent.
        device: where it runs; images must lie there.

    Raises:
        TrainingError: the encoder does not run in PyTorch, or resizes in a way that has no gradient here (lanczos).
    """

    def __init__(
        self, encoder: str | Path | Encoder, *, weights: Path | None = None, device: str = "cpu"
    ) -> None:
        super().__init__()
        if not isinstance(encoder, Encoder):
            encoder = load_encoder(str(encoder), EncoderOptions(weights=weights, device=device))
        if not isinstance(encoder, TorchEncoder):
            raise TrainingError(
                f"{printable(encoder.card.name)} does not run in PyTorch, so it has no gradient; use a timm:, torchvision:, "
                "open_clip: or net: encoder, or a run that was trained on one"
            )
        how = encoder.card.preprocessing
        if how.interpolation not in _MODES:
            raise TrainingError(
                f"{printable(encoder.card.name)} resizes by {how.interpolation}, which PyTorch cannot do; add "
                "?interpolation=bicubic to its name"
            )
        self.encoder_card = encoder.card
        self.network = encoder.module
        self._encoder = encoder
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(how.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(how.std).view(1, 3, 1, 1), persistent=False)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Distances (n,) between rows of a and b.

        Args:
            a, b: RGB (n, 3, h, w), floating point, in [0, 1]; their sizes may differ, and either n may be 1.

        Raises:
            InvalidArgument: another shape or type, or a value outside of [0, 1].
        """
        x, y = self.embed(a), self.embed(b)
        if len(x) != len(y) and 1 not in (len(x), len(y)):
            raise InvalidArgument(
                f"SimilarityModule compares row by row: got {len(x)} and {len(y)} images; give as many of both, or one"
            )
        return 1 - (x * y).sum(dim=1)

    def embed(self, images: Tensor) -> Tensor:
        """Embeddings (n, d) of unit length.

        Args:
            images: RGB (n, 3, h, w), floating point, in [0, 1].

        Raises:
            InvalidArgument: another shape or type, or a value outside of [0, 1].
        """
        check_images(images)
        pixels = resize_images(images, self.encoder_card.input_size, self.encoder_card.preprocessing)
        vectors: Tensor = self._encoder._forward((pixels - self.mean) / self.std)
        return functional.normalize(vectors, dim=1)


def check_images(images: Tensor) -> None:
    """Raise InvalidArgument unless ``images`` is floating point (n, 3, h, w) in [0, 1].

    Pixels in [-1, 1] or [0, 255] give no error further on, only wrong distances.
    """
    if not isinstance(images, torch.Tensor) or images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape:
        shape = tuple(images.shape) if isinstance(images, torch.Tensor) else type(images).__name__
        raise InvalidArgument(f"images must be a tensor (n, 3, height, width), got {shape}")
    if not images.is_floating_point():
        raise InvalidArgument(
            f"images must be floating point in [0, 1], got {images.dtype}; divide uint8 pixels by 255"
        )
    low, high = (float(end) for end in images.detach().aminmax())
    if not (low >= -_SLACK and high <= 1 + _SLACK):
        raise InvalidArgument(
            f"images must be in [0, 1], got values from {low:.4g} to {high:.4g}; use (x + 1) / 2 for [-1, 1], x / 255 "
            "for [0, 255], or clamp(0, 1)"
        )


def resize_images(images: Tensor, size: tuple[int, int], how: Preprocessing) -> Tensor:
    """Images (n, 3, h, w) in [0, 1] as a network's input size wants them, differentiably.

    The policies are those of :func:`lookalike.images.resize`: ``squash``, ``crop`` and ``pad`` (with the mean).
    """
    height, width = images.shape[-2:]
    if how.resize == "squash":
        return _scaled(images, size, how)
    if how.resize == "crop":
        # The roundings are those of lookalike.images.resize.
        cover = [math.floor(side / how.crop_fraction) for side in size]
        if cover[0] * width >= cover[1] * height:
            inner = (cover[0], max(size[1], int(cover[0] * width / height)))
        else:
            inner = (max(size[0], int(cover[1] * height / width)), cover[1])
        larger = _scaled(images, inner, how)
        top, left = round((inner[0] - size[0]) / 2), round((inner[1] - size[1]) / 2)
        return larger[:, :, top : top + size[0], left : left + size[1]]
    factor = min(size[0] / height, size[1] / width)
    inner = (max(1, min(round(height * factor), size[0])), max(1, min(round(width * factor), size[1])))
    canvas = images.new_tensor(how.mean).clamp(0, 1).view(1, 3, 1, 1).expand(len(images), 3, *size).clone()
    top, left = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas[:, :, top : top + inner[0], left : left + inner[1]] = _scaled(images, inner, how)
    return canvas


def _scaled(images: Tensor, size: tuple[int, int], how: Preprocessing) -> Tensor:
    if tuple(images.shape[-2:]) == size:
        return images
    mode = _MODES[how.interpolation]
    settings: dict[str, Any] = {"mode": mode}
    if mode != "nearest-exact":
        settings |= {"antialias": how.antialias, "align_corners": False}
    # Bicubic curves overshoot; resized files are cut to [0, 255] as well.
    return functional.interpolate(images, size=size, **settings).clamp(0, 1)


def optimise_towards(
    distance: Callable[[Tensor, Tensor], Tensor],
    start: Tensor,
    target: Tensor,
    *,
    steps: int = 50,
    lr: float = 0.02,
) -> tuple[Tensor, list[float]]:
    """Change the pixels of ``start`` until it looks like ``target``: the distance as a loss, by Adam.

    Pixels are kept in [0, 1] by cutting off after each step.

    Args:
        distance: a :class:`SimilarityModule`.
        start: (n, 3, h, w) in [0, 1]; left as it is.
        target: (n, 3, h, w) in [0, 1].
        steps: of the optimiser.
        lr: step size.

    Returns:
        the changed images, and the mean distance before each step and after the last: steps + 1 numbers.
    """
    image = start.detach().clone().requires_grad_(True)
    optimizer = torch.optim.Adam([image], lr=lr)
    history = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = distance(image, target).mean()
        history.append(float(loss.detach()))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            image.clamp_(0, 1)
    with torch.no_grad():
        history.append(float(distance(image, target).mean()))
    return image.detach(), history
