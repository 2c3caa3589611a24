"""Denoising autoencoder: the embedding is what is enough to draw the image again."""

from __future__ import annotations

from typing import ClassVar

from lookalike.errors import TrainingError
from lookalike.training.batch import Batch
from lookalike.training.networks_conv import ConvDecoder
from lookalike.training.objectives.base import Embed, Objective, full_precision, mean, number, whole
from lookalike.training.pytorch import Tensor, functional, torch


class Autoencoder(Objective):
    """Denoising autoencoder (Vincent et al. 2008, *Extracting and composing robust features*).

    x~ = x with Gaussian noise of standard deviation ``noise`` added and, where ``masked`` > 0, that share of its
    8 x 8 patches set to 0; z = embed(x~), the bottleneck; loss = mean over pixels of (decoder(z) - x)^2.
    In evaluation mode nothing is added or masked.

    Pixels are those that the backbone sees (mean subtracted, divided by std), so ``noise`` is in standard deviations.
    When the images are larger than ``size``, the decoder draws their ``size`` x ``size`` reduction (area average).

    Shapes: images (n, channels, h, w) -> scalar. Logs: ``error`` (root of the mean squared error).

    Args:
        dim: length of the bottleneck.
        size: side of the drawn image in pixels, a multiple of 4 (of 8 from 32 on).
        channels: of the images.
        width: channels of the decoder's first map.
        noise: standard deviation.
        masked: share of patches left out, in [0, 1).
    """

    kind: ClassVar[str] = "autoencoder"
    needs = "images"

    def __init__(
        self,
        dim: int,
        *,
        size: int = 64,
        channels: int = 3,
        width: int = 128,
        noise: float = 0.2,
        masked: float = 0.0,
    ) -> None:
        super().__init__(dim)
        self.size = whole(self.kind, "size", size, 4)
        self.channels = whole(self.kind, "channels", channels, 1)
        self.noise = number(self.kind, "noise", noise, 0.0)
        self.masked = number(self.kind, "masked", masked, 0.0, 0.99)
        self.decoder = ConvDecoder(
            dim, size=size, channels=channels, width=whole(self.kind, "width", width, 8)
        )

    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        images = batch.images
        if images.ndim != 4 or images.shape[1] != self.channels:
            raise TrainingError(
                f"objective 'autoencoder' needs pixels (n, {self.channels}, h, w), got {tuple(images.shape)}; a "
                "frozen backbone's features cannot be drawn: train the backbone or build one with net:conv"
            )
        (bottleneck,) = self.embeddings(embed, self.spoil(images) if self.training else images)
        with full_precision(bottleneck):
            wanted = images.to(bottleneck.dtype)
            if wanted.shape[-2:] != (self.size, self.size):
                wanted = functional.interpolate(wanted, (self.size, self.size), mode="area")
            errors = (self.decoder(bottleneck) - wanted).square().mean(dim=(1, 2, 3))
            loss = mean(errors, batch.weight)
        self.log(error=loss.detach().sqrt())
        return loss

    def spoil(self, images: Tensor) -> Tensor:
        """The images with noise and missing patches, drawn from PyTorch's global generator."""
        spoiled = images + self.noise * torch.randn_like(images) if self.noise else images
        if self.masked:
            height, width = images.shape[-2:]
            patches = (-(-height // 8), -(-width // 8))
            kept = (torch.rand(len(images), 1, *patches, device=images.device) >= self.masked).to(
                images.dtype
            )
            kept = kept.repeat_interleave(8, dim=2).repeat_interleave(8, dim=3)
            spoiled = spoiled * kept[:, :, :height, :width]
        return spoiled
