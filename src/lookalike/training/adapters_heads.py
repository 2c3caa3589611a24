"""Heads behind a frozen network: an MLP with a residual, and a linear map."""

from __future__ import annotations

from typing import Self

from lookalike.errors import TrainingError
from lookalike.training.pytorch import Tensor, nn, torch


class MlpHead(nn.Module):
    """x + W2 dropout(relu(W1 x + b1)) + b2: DreamSim's head (arXiv 2306.09344, appendix; hidden 512).

    It starts as the exact identity, because W2 and b2 start at zero: before the first step a network with this
    head scores what the frozen network scores. (W1 gets a gradient from the second step on.)

    Shapes: (..., dim) -> (..., dim).

    Args:
        dim: length d of the embeddings.
        hidden: width of the middle.
        dropout: share of the middle left out in training, in [0, 1).
    """

    def __init__(self, dim: int, hidden: int = 512, dropout: float = 0.0) -> None:
        super().__init__()
        if dim < 1 or hidden < 1 or not 0 <= dropout < 1:
            raise TrainingError(
                f"adapter 'mlp': dim and hidden must be at least 1 and dropout in [0, 1), got {dim}, {hidden}, {dropout}"
            )
        self.first = nn.Linear(dim, hidden)
        self.dropout = nn.Dropout(dropout)
        self.second = nn.Linear(hidden, dim)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.second(self.dropout(self.first(x).relu()))
        return y


class LinearHead(nn.Module):
    """W x + b. Starts as the identity (the first ``out`` numbers where out < dim), or by :meth:`from_pca`.

    Shapes: (..., dim) -> (..., out).

    Args:
        dim: length d of the embeddings.
        out: length afterwards, at most dim; 0 keeps dim.
    """

    def __init__(self, dim: int, out: int = 0) -> None:
        super().__init__()
        out = out or dim
        if not 1 <= out <= dim:
            raise TrainingError(f"adapter 'linear': the length afterwards must be 1 to {dim}, got {out}")
        self.layer = nn.Linear(dim, out)
        with torch.no_grad():
            self.layer.weight.copy_(torch.eye(out, dim))
            self.layer.bias.zero_()

    @classmethod
    def from_pca(cls, features: Tensor, out: int, whiten: float = 0.0) -> Self:
        """A head that starts as the principal components of ``features``.

        Row k of W is the k-th eigenvector of the covariance, divided by (its standard deviation)^``whiten``;
        b = -W mean. ``whiten`` 0 keeps distances, 1 whitens, 0.5 is halfway.

        Args:
            features: (n, d), n > out.
            out: components to keep.
            whiten: in [0, 1].

        Raises:
            TrainingError: too few rows or too many components.
        """
        rows, dim = features.shape
        if not 1 <= out <= min(dim, rows - 1) or not 0 <= whiten <= 1:
            raise TrainingError(
                f"adapter 'linear' by PCA: {rows} embeddings of length {dim} give at most {min(dim, rows - 1)} "
                f"components (asked for {out}), and whiten must be in [0, 1] (got {whiten:g})"
            )
        exact = features.detach().double().cpu()
        mean = exact.mean(dim=0)
        _, singular, axes = torch.linalg.svd(exact - mean, full_matrices=False)
        # An axis' sign is arbitrary: the largest entry is made positive, so that every machine gets the same one.
        axes = axes * torch.sign(axes.gather(1, axes.abs().argmax(dim=1, keepdim=True)))
        deviation = (singular / (rows - 1) ** 0.5).clamp_min(
            1e-6 * float(singular[0]) / (rows - 1) ** 0.5 + 1e-12
        )
        weight = (axes / deviation[:, None] ** whiten)[:out]
        head = cls(dim, out)
        with torch.no_grad():
            head.layer.weight.copy_(weight)
            head.layer.bias.copy_(-(weight @ mean))
        return head

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        return y
