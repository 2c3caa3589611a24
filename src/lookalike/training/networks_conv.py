"""Plain small networks: an encoder and decoder for images, and one for digits."""

from __future__ import annotations

from lookalike.encoders.base import EncoderCard, Preprocessing
from lookalike.errors import RecipeError
from lookalike.training.pytorch import Tensor, nn


class ConvEncoder(nn.Module):
    """``net:conv``: strided 4x4 convolutions down to a quarter, an eighth, ... and one linear layer to the bottleneck.

    Each stage halves the side and doubles the width, until the side is below 8 (at most five stages). Shapes:
    (n, channels, size, size) -> (n, dim).

    Args:
        size: side of the input in pixels, at least 8.
        dim: length of the bottleneck.
        channels: of the images.
        width: channels of the first map.
    """

    def __init__(self, *, size: int = 64, dim: int = 64, channels: int = 3, width: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        wide, side = channels, size
        while side >= 8 and len(layers) < 15:
            wide_out = width if wide == channels else min(wide * 2, 8 * width)
            layers += [nn.Conv2d(wide, wide_out, 4, 2, 1, bias=False), nn.BatchNorm2d(wide_out), nn.ReLU()]
            wide, side = wide_out, side // 2
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Linear(wide * side * side, dim)
        self.card = _card(
            f"net:conv?size={size}&dim={dim}&channels={channels}&width={width}", size, dim, channels
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.blocks(x).flatten(1))
        return y


class ConvDecoder(nn.Module):
    """From a bottleneck back to an image: a linear layer to a small map, then doubling and 3x3 convolutions.

    Doubling by nearest neighbour before a convolution leaves no checkerboard (Odena et al. 2016). Shapes:
    (n, dim) -> (n, channels, size, size), not bounded.

    Args:
        dim: length of the bottleneck.
        size: side of the image, a multiple of 4, from 32 on of 8.
        channels: of the images.
        width: channels of the first, smallest map; halved with every doubling, at least 8.

    Raises:
        RecipeError: the side cannot be reached by doubling.
    """

    def __init__(self, dim: int, *, size: int = 64, channels: int = 3, width: int = 128) -> None:
        super().__init__()
        doublings = 2 if size < 32 else 3
        if size < 4 or size % 2**doublings:
            raise RecipeError(f"a decoder's size must be a multiple of {2**doublings}, got {size}")
        self.side, self.width = size // 2**doublings, width
        self.start = nn.Linear(dim, width * self.side * self.side)
        layers: list[nn.Module] = []
        wide = width
        for _ in range(doublings):
            narrow = max(wide // 2, 8)
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(wide, narrow, 3, padding=1), nn.ReLU()]
            wide = narrow
        self.layers = nn.Sequential(*layers, nn.Conv2d(wide, channels, 3, padding=1))

    def forward(self, bottleneck: Tensor) -> Tensor:
        small = self.start(bottleneck).relu().view(-1, self.width, self.side, self.side)
        y: Tensor = self.layers(small)
        return y


class DigitsNet(nn.Module):
    """``net:digits``: two 5x5 convolutions with pooling and one hidden layer (LeNet-like, LeCun et al. 1998).

    Shapes: (n, channels, size, size) -> (n, dim).

    Args:
        size: side of the input in pixels, at least 8.
        dim: length of the embedding.
        channels: of the images.
        width: channels of the first map.
    """

    def __init__(self, *, size: int = 28, dim: int = 64, channels: int = 3, width: int = 16) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(nn.Conv2d(channels, width, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(width, 2 * width, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        )
        side = size // 2 // 2
        self.hidden = nn.Linear(2 * width * side * side, 128)
        self.head = nn.Linear(128, dim)
        self.card = _card(
            f"net:digits?size={size}&dim={dim}&channels={channels}&width={width}", size, dim, channels
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.hidden(self.blocks(x).flatten(1)).relu())
        return y


def _card(name: str, size: int, dim: int, channels: int) -> EncoderCard:
    return EncoderCard(
        name=name,
        dim=dim,
        input_size=(size, size),
        preprocessing=Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25)),
        licence="Apache-2.0",
        source="lookalike.training.networks, from scratch",
        training_data="none yet",
        details={"channels": channels},
    )
