"""Several attributes of one image at once, a layer of classes for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from lookalike.errors import RecipeError, TrainingError
from lookalike.training.batch import Batch
from lookalike.training.objectives.base import Embed, Objective, full_precision, mean, number, whole
from lookalike.training.objectives.classifier import class_losses
from lookalike.training.pytorch import Tensor, nn


class Attributes(Objective):
    """Sum of one cross-entropy for each attribute (multi-task learning, Caruana 1997), all on the same embedding.

    loss = sum over attributes k of weight_k x mean over rows with a known k of -log softmax(W_k z + b_k)[label_k],
    divided by the sum of the weights of the attributes that occur in the batch.

    Shapes: images (n, ...), attributes: name -> (n,) int64, -1 where unknown -> scalar.
    Logs: ``accuracy.NAME`` for each attribute.

    Args:
        dim: length of the embeddings.
        attributes: name -> number of classes, such as {"digit": 10, "parity": 2, "size": 2}.
        weights: name -> weight; an attribute not named weighs 1. 0 leaves one out.
    """

    kind: ClassVar[str] = "attributes"
    facts: ClassVar[tuple[str, ...]] = ("attributes",)
    needs = "attributes"

    def __init__(
        self, dim: int, *, attributes: Mapping[str, int], weights: Mapping[str, float] | None = None
    ) -> None:
        super().__init__(dim)
        if not attributes:
            raise RecipeError("objective 'attributes': name at least one attribute")
        unknown = sorted(set(weights or {}) - set(attributes))
        if unknown:
            raise RecipeError(
                f"objective 'attributes': weights.{unknown[0]} names no attribute; there are: {', '.join(attributes)}"
            )
        self.weights = {
            name: number(self.kind, f"weights.{name}", (weights or {}).get(name, 1.0), 0.0)
            for name in attributes
        }
        if not any(self.weights.values()):
            raise RecipeError("objective 'attributes': all weights are 0; nothing would be learned")
        # An attribute's name may hold a dot, which a module's name may not: layers go by position.
        self.names = list(attributes)
        self.layers = nn.ModuleList(
            nn.Linear(dim, whole(self.kind, f"attributes.{name}", classes, 2))
            for name, classes in attributes.items()
        )

    def logits(self, embeddings: Tensor) -> dict[str, Tensor]:
        """(n, d) -> for each attribute (n, classes)."""
        return {name: layer(embeddings) for name, layer in zip(self.names, self.layers, strict=True)}

    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        missing = [name for name in self.names if name not in batch.attributes]
        if missing:
            raise TrainingError(f"objective 'attributes': the data have no attribute {missing[0]!r}")
        (embeddings,) = self.embeddings(embed, batch.images)
        with full_precision(embeddings):
            total = embeddings.new_zeros(())
            weights = 0.0
            for name, logits in self.logits(embeddings).items():
                losses, known, right = class_losses(f"{self.kind}: {name}", logits, batch.attributes[name])
                if not bool(known.any()) or self.weights[name] == 0:
                    continue
                counted = known.to(losses.dtype)
                counted = counted if batch.weight is None else counted * batch.weight.to(losses.dtype)
                total = total + self.weights[name] * mean(losses, counted)
                weights += self.weights[name]
                self.log(**{f"accuracy.{name}": mean(right, counted)})
        if weights == 0:
            raise TrainingError("objective 'attributes': no row of the batch has a known attribute")
        return total / weights
