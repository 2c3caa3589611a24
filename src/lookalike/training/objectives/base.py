"""What every objective is: a loss of a batch, given the function from images to embeddings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from lookalike.errors import RecipeError, TrainingError
from lookalike.training.batch import Batch, Needs
from lookalike.training.pytorch import Tensor, functional, nn, torch

Embed = Callable[[Tensor], Tensor]
"""Images (pixels or features, see :class:`Batch`) (n, ...) -> embeddings (n, d), not normalised."""


class Objective(nn.Module, ABC):
    """A loss. Its own parameters (a classifier, a decoder, a projection) are trained with the network's.

    A loop optimises ``network.parameters()`` and ``objective.parameters()`` together, saves
    ``objective.state_dict()`` in its checkpoints and calls :meth:`after_step` after every optimizer step.

    Class attributes:
        kind: its name in a recipe.
        facts: settings that the data know and a recipe need not say: ``classes`` (int), ``attributes``
            (name -> number of classes), ``count`` (rows of the training set), ``teacher_dim``.

    Attributes:
        needs: what it wants to find in a batch (:data:`~lookalike.training.batch.FIELDS`).
        dim: length d of the embeddings.
        logs: figures of the latest :meth:`forward` for a log: detached scalars.
        output: a module that belongs behind the trained network whenever it is used afterwards (hashing's
            layer of bits), or None. Projections that are thrown away after training are not named here.
    """

    kind: ClassVar[str]
    facts: ClassVar[tuple[str, ...]] = ()
    needs: Needs
    output: nn.Module | None

    def __init__(self, dim: int) -> None:
        super().__init__()
        whole(self.kind, "dim", dim, 1)
        self.dim = dim
        self.logs: dict[str, float] = {}
        self.output = None

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """The loss, a scalar that the network's and the objective's parameters can be improved by.

        Embedding happens in whatever precision the caller's autocast asks for; the loss itself is computed in
        float32 (or float64 where the embeddings are).

        Raises:
            TrainingError: the batch is empty, lacks something, or embeddings are not (n, d).
        """
        batch.check(self.needs, f"objective {self.kind!r}")
        return self.loss(batch, embed)

    @abstractmethod
    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        """What a subclass computes; the batch has been checked."""

    def after_step(self) -> None:
        """Called after every optimizer step; a memory bank is brought up to date here."""

    def embeddings(self, embed: Embed, *images: Tensor) -> list[Tensor]:
        """Embeddings of several sets of images in one call of the network, each (n_i, d), float32 or float64.

        One call, because batch normalisation shall see all images of a step together.
        """
        joined = embed(torch.cat(images) if len(images) > 1 else images[0])
        rows = sum(part.shape[0] for part in images)
        if tuple(joined.shape) != (rows, self.dim):
            raise TrainingError(
                f"objective {self.kind!r}: the network gives {tuple(joined.shape)} for {rows} images, "
                f"expected ({rows}, {self.dim})"
            )
        return list(torch.split(exact(joined), [part.shape[0] for part in images]))

    def log(self, **figures: Tensor | float) -> None:
        """Remember figures for :attr:`logs`."""
        for name, value in figures.items():
            self.logs[name] = float(value.detach()) if isinstance(value, Tensor) else float(value)


def exact(tensor: Tensor) -> Tensor:
    """bf16 and fp16 -> float32; float32 and float64 stay."""
    return tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor


def full_precision(tensor: Tensor) -> torch.autocast:
    """A context without autocast: a similarity in bf16 has three digits, too few beside a margin of 0.05."""
    return torch.autocast(tensor.device.type, enabled=False)


def cosine_distance(a: Tensor, b: Tensor) -> Tensor:
    """1 - cos, row by row: (n, d), (n, d) -> (n,) in [0, 2]; 1 where a row is all zeros, never NaN."""
    return 1 - functional.cosine_similarity(a, b, dim=1, eps=1e-8)


def unit(vectors: Tensor) -> Tensor:
    """Rows scaled to L2 length 1, (n, d) -> (n, d); zeros stay zeros."""
    return functional.normalize(vectors, dim=1, eps=1e-8)


def mean(values: Tensor, weight: Tensor | None = None) -> Tensor:
    """(Weighted) mean of (n,); exactly 0, still attached to the graph, where all weights are 0."""
    if weight is None:
        return values.mean()
    weight = weight.to(values.dtype)
    return (values * weight).sum() / weight.sum().clamp_min(torch.finfo(values.dtype).tiny)


def projection(dim: int, hidden: int, out: int) -> nn.Module:
    """Linear-ReLU-linear (hidden > 0) or one linear layer, (n, dim) -> (n, out)."""
    if hidden == 0:
        return nn.Linear(dim, out)
    return nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, out))


def number(kind: str, name: str, value: float, low: float, high: float = float("inf")) -> float:
    """``value`` as a float in [low, high].

    Raises:
        RecipeError: it is no number or outside.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        upper = f" and at most {high:g}" if high != float("inf") else ""
        raise RecipeError(
            f"objective {kind!r}: {name} must be a number of at least {low:g}{upper}, got {value!r}"
        )
    return float(value)


def whole(kind: str, name: str, value: int, low: int) -> int:
    """``value`` as an int of at least ``low``.

    Raises:
        RecipeError: it is no whole number or too small.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise RecipeError(
            f"objective {kind!r}: {name} must be a whole number of at least {low}, got {value!r}"
        )
    return value


def positive(kind: str, name: str, value: float) -> float:
    """``value`` as a float above 0.

    Raises:
        RecipeError: it is not.
    """
    if number(kind, name, value, 0.0) == 0:
        raise RecipeError(f"objective {kind!r}: {name} must be above 0")
    return float(value)


def one_of(kind: str, name: str, value: str, known: tuple[str, ...]) -> str:
    """``value``, one of ``known``.

    Raises:
        RecipeError: it is not.
    """
    if value not in known:
        raise RecipeError(f"objective {kind!r}: {name} must be one of {', '.join(known)}, got {value!r}")
    return value
