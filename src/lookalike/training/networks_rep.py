"""A convolution that is trained with three branches and used as one (RepVGG)."""

from __future__ import annotations

from lookalike.training.pytorch import Tensor, functional, nn, torch


class ConvNorm(nn.Module):
    """A convolution without bias, then batch normalisation: (n, wide_in, h, w) -> (n, wide_out, h', w')."""

    def __init__(self, wide_in: int, wide_out: int, side: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(wide_in, wide_out, side, stride, padding=side // 2, bias=False)
        self.norm = nn.BatchNorm2d(wide_out)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(x))
        return y


class RepConv(nn.Module):
    """relu( BN(3x3 conv(x)) + BN(1x1 conv(x)) + BN(x) ), which :meth:`fuse` turns into relu(3x3 conv(x)).

    Ding et al. 2021, *RepVGG: Making VGG-style ConvNets great again*, arXiv 2101.03697, section 3. The identity
    branch exists where width and resolution stay; it is what makes the network a residual one.

    Shapes: (n, wide_in, h, w) -> (n, wide_out, h / stride, w / stride), rounded up.

    Args:
        wide_in: channels in.
        wide_out: channels out.
        stride: 1 or 2.
    """

    def __init__(self, wide_in: int, wide_out: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.square = ConvNorm(wide_in, wide_out, 3, stride)
        self.point = ConvNorm(wide_in, wide_out, 1, stride)
        self.identity = nn.BatchNorm2d(wide_in) if wide_in == wide_out and stride == 1 else None
        self.fused: nn.Conv2d | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.fused is not None:
            return functional.relu(self.fused(x))
        y: Tensor = self.square(x) + self.point(x)
        if self.identity is not None:
            y = y + self.identity(x)
        return functional.relu(y)

    @torch.no_grad()
    def fuse(self) -> None:
        """Replace the branches by the one convolution that equals them in evaluation mode."""
        if self.fused is not None:
            return
        kernel, bias = _folded(self.square.conv.weight, self.square.norm)
        point, point_bias = _folded(self.point.conv.weight, self.point.norm)
        kernel, bias = kernel + functional.pad(point, [1, 1, 1, 1]), bias + point_bias
        if self.identity is not None:
            wide = kernel.shape[0]
            same = torch.zeros_like(kernel)
            same[torch.arange(wide), torch.arange(wide), 1, 1] = 1
            same, same_bias = _folded(same, self.identity)
            kernel, bias = kernel + same, bias + same_bias
        fused = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, self.stride, padding=1)
        fused.weight = nn.Parameter(kernel)
        fused.bias = nn.Parameter(bias)
        self.fused = fused
        del self.square, self.point
        self.identity = None


def _folded(kernel: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Kernel and bias of a convolution followed by batch normalisation with its running statistics."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    return kernel * scale[:, None, None, None], norm.bias - mean * scale
