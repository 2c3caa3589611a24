"""A residual block of two 3x3 convolutions, whose normalisation folds away once it is trained."""

from __future__ import annotations

from lookalike.training.pytorch import Tensor, functional, nn, torch


class ConvNorm(nn.Module):
    """A convolution without bias, then batch normalisation: (n, wide_in, h, w) -> (n, wide_out, h', w').

    Args:
        wide_in: channels in.
        wide_out: channels out.
        side: side of the kernel.
        stride: 1 or 2.
    """

    def __init__(self, wide_in: int, wide_out: int, side: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(wide_in, wide_out, side, stride, padding=side // 2, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(wide_out)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(x))
        return y

    @property
    def scale(self) -> Tensor:
        """What the normalisation multiplies by, (wide_out,)."""
        factors: Tensor = self.norm.weight  # type: ignore[assignment]
        return factors

    def fuse(self) -> None:
        """Fold the normalisation's running statistics into the convolution, in place, once training is over."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = torch.nn.utils.fusion.fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
            self.norm = nn.Identity()


class Residual(nn.Module):
    """relu( BN(conv(relu(BN(conv(x))))) + shortcut(x) ), He et al. 2016, arXiv 1512.03385, section 3.

    The shortcut is the identity; where size or width changes, a mean over 2 x 2 places and a 1x1 convolution
    (arXiv 1812.01187, ResNet-D), which looks at every place where a strided convolution would skip three of four.

    Shapes: (n, wide_in, h, w) -> (n, wide_out, h / stride, w / stride), rounded up.

    Args:
        wide_in: channels in.
        wide_out: channels out.
        stride: 1 or 2.
    """

    def __init__(self, wide_in: int, wide_out: int, stride: int = 1) -> None:
        super().__init__()
        self.first = ConvNorm(wide_in, wide_out, 3, stride)
        self.second = ConvNorm(wide_out, wide_out, 3)
        parts: list[nn.Module] = []
        if stride > 1:
            parts.append(nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False))
        if stride > 1 or wide_in != wide_out:
            parts.append(ConvNorm(wide_in, wide_out, 1))
        self.shortcut = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(functional.relu(self.first(x)))
        z: Tensor = functional.relu(y + self.shortcut(x))
        return z
