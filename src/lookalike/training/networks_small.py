"""``net:small``: a small residual network to be trained from scratch."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Self

from lookalike.encoders.base import EncoderCard, Preprocessing
from lookalike.training.networks_residual import ConvNorm, Residual
from lookalike.training.pytorch import Tensor, functional, nn, torch

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class SmallNet(nn.Module):
    """Four stages of :class:`Residual` blocks with widths w, 2w, 4w, 8w, average pooling and a projection.

    At the default (112 px, width 48, depths 1-2-2-1, strides 2-2-2-1) it has 3.7 million parameters, and the map is
    7 x 7. The projection is linear, so the embedding is the mean of the projected map; it also lets numbers be
    negative, which centred targets need and which a ReLU at the end would forbid.

    Shapes: (n, 3, size, size), scaled as the card says -> (n, dim).

    Args:
        width: w.
        size: side of the input in pixels.
        dim: length of the embedding; 0 takes 8w.
        depths: blocks of the four stages.
        strides: 1 or 2 for the first block of each stage; the stem before them always halves the size.
        project: False leaves the projection out (dim is then 8w, and the embedding is never negative).

    Attributes:
        card: size of input, preprocessing, dim and feature map; the network has no name of its own before training.
    """

    def __init__(
        self,
        *,
        width: int = 48,
        size: int = 112,
        dim: int = 384,
        depths: tuple[int, ...] = (1, 2, 2, 1),
        strides: tuple[int, ...] = (2, 2, 2, 1),
        project: bool = True,
    ) -> None:
        super().__init__()
        widths = [width * 2**stage for stage in range(4)]
        dim = dim or widths[-1]
        self.stem = ConvNorm(3, width, 3, stride=2)
        blocks: list[nn.Module] = []
        wide = width
        for stage_width, depth, stride in zip(widths, depths, strides, strict=True):
            for number in range(depth):
                blocks.append(Residual(wide, stage_width, stride if number == 0 else 1))
                wide = stage_width
        self.blocks = nn.Sequential(*blocks)
        self.project = nn.Linear(wide, dim) if project else nn.Identity()
        side = size
        for stride in (2, *strides):
            side = math.ceil(side / stride)
        _initialise(self)
        self.card = EncoderCard(
            name=f"net:small?width={width}&size={size}&dim={dim}",
            dim=dim,
            input_size=(size, size),
            preprocessing=Preprocessing(mean=IMAGENET_MEAN, std=IMAGENET_STD),
            feature_map=(side, side, dim),
            licence="Apache-2.0",
            source="lookalike.training.networks, from scratch",
            training_data="none yet",
            details={"depths": list(depths), "strides": list(strides), "project": project, "width": width},
        )

    def forward(self, x: Tensor) -> Tensor:
        embedding: Tensor = self.project(self._local(x).mean(dim=(2, 3)))
        return embedding

    def forward_map(self, x: Tensor) -> Tensor:
        """(n, 3, size, size) -> the map (n, dim, h, w), whose mean over places is the embedding."""
        projected: Tensor = self.project(self._local(x).permute(0, 2, 3, 1))
        return projected.permute(0, 3, 1, 2)

    def _local(self, x: Tensor) -> Tensor:
        # A training step on a CPU is 1.2 to 1.4 times as fast with channels last (measured on two cores, bf16).
        x = x.contiguous(memory_format=torch.channels_last)
        y: Tensor = self.blocks(functional.relu(self.stem(x)))
        return y

    def fuse(self) -> Self:
        """A copy in evaluation mode without normalisation layers, equal to 1e-4; this one stays."""
        fused = deepcopy(self).eval()
        for module in list(fused.modules()):
            if isinstance(module, ConvNorm):
                module.fuse()
        return fused


def _initialise(network: nn.Module) -> None:
    """He et al. 2015 for convolutions; every block begins as its shortcut (Goyal et al. 2017, section 5.1)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, Residual):
            nn.init.zeros_(module.second.scale)
