"""Supervised classification; the embedding is what the network gives before the classes' layer."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.errors import TrainingError
from lookalike.training.batch import Batch
from lookalike.training.objectives.base import (
    Embed,
    Objective,
    full_precision,
    mean,
    number,
    one_of,
    positive,
    unit,
    whole,
)
from lookalike.training.pytorch import Tensor, functional, nn, torch


class Classifier(Objective):
    """Cross-entropy of a layer of classes on top of the embedding z (n, d).

    - ``head="linear"``: logits = W z + b;
    - ``head="cosine"``: logits = scale x cos(W_c, z) (Wang et al. 2017, *NormFace*, arXiv 1704.06369): the angle is
      all that counts, as it will be when embeddings are compared.

    loss = mean of -log softmax(logits)[label], with label smoothing where wanted (Szegedy et al. 2016).
    Shapes: images (n, ...), labels (n,) int64 in [0, classes), -1 where unknown -> scalar. Logs: ``accuracy``.

    Args:
        dim: length of the embeddings.
        classes: how many.
        head: ``linear`` or ``cosine``.
        scale: of the cosine head.
        smoothing: share of the target spread over all classes, in [0, 1).
    """

    kind: ClassVar[str] = "classifier"
    facts: ClassVar[tuple[str, ...]] = ("classes",)
    needs = "labels"

    def __init__(
        self, dim: int, *, classes: int, head: str = "linear", scale: float = 16.0, smoothing: float = 0.0
    ) -> None:
        super().__init__(dim)
        self.classes = whole(self.kind, "classes", classes, 2)
        self.head = one_of(self.kind, "head", head, ("linear", "cosine"))
        self.scale = positive(self.kind, "scale", scale)
        self.smoothing = number(self.kind, "smoothing", smoothing, 0.0, 0.999)
        self.layer = nn.Linear(dim, classes, bias=head == "linear")

    def logits(self, embeddings: Tensor) -> Tensor:
        """(n, d) -> (n, classes)."""
        if self.head == "linear":
            logits: Tensor = self.layer(embeddings)
            return logits
        return self.scale * (unit(embeddings) @ unit(self.layer.weight).T)

    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        assert batch.labels is not None
        (embeddings,) = self.embeddings(embed, batch.images)
        with full_precision(embeddings):
            return self._cross_entropy(self.logits(embeddings), batch.labels, batch.weight)

    def _cross_entropy(self, logits: Tensor, labels: Tensor, weight: Tensor | None) -> Tensor:
        losses, known, right = class_losses(self.kind, logits, labels, self.smoothing)
        if not bool(known.any()):
            raise TrainingError("objective 'classifier': no row of the batch has a label")
        counted = known.to(losses.dtype) if weight is None else known * weight.to(losses.dtype)
        self.log(accuracy=mean(right, counted))
        return mean(losses, counted)

    def class_table(self) -> NDArray[np.float64]:
        """Cosine between the classes' weight vectors, (classes, classes)."""
        return class_cosines(self.layer.weight.detach().cpu().numpy(), np.arange(self.classes), self.classes)


def class_losses(
    kind: str, logits: Tensor, labels: Tensor, smoothing: float = 0.0
) -> tuple[Tensor, Tensor, Tensor]:
    """Cross-entropy (n,), which rows have a label (n,) bool, and which are right (n,) 0 or 1.

    Raises:
        TrainingError: a label is no class.
    """
    labels = labels.long()
    if bool((labels >= logits.shape[1]).any()) or bool((labels < -1).any()):
        wrong = labels[(labels >= logits.shape[1]) | (labels < -1)]
        raise TrainingError(
            f"objective {kind!r}: label {int(wrong[0])} is not one of the {logits.shape[1]} classes "
            f"(0 to {logits.shape[1] - 1}; -1 where unknown)"
        )
    losses = functional.cross_entropy(
        logits, labels, ignore_index=-1, reduction="none", label_smoothing=smoothing
    )
    return losses, labels >= 0, (logits.argmax(dim=1) == labels).to(logits.dtype)


def class_cosines(
    embeddings: ArrayLike, labels: ArrayLike, classes: int | None = None
) -> NDArray[np.float64]:
    """Table of cosines between the mean directions of classes: which classes the embedding holds for alike.

    Rows are scaled to length 1, averaged within each class, and the means are compared.

    Args:
        embeddings: (n, d).
        labels: (n,) integers, 0-based.
        classes: how many; None takes the highest label + 1.

    Returns:
        float64 (classes, classes), 1 on the diagonal; NaN for a class without images.

    Raises:
        TrainingError: shapes do not fit, or nothing is given.
    """
    vectors, numbers = np.asarray(embeddings, dtype=np.float64), np.asarray(labels)
    if vectors.ndim != 2 or numbers.shape != vectors.shape[:1] or len(vectors) == 0:
        raise TrainingError(
            f"class_cosines needs embeddings (n, d) and labels (n,), got {vectors.shape} and {numbers.shape}"
        )
    classes = int(numbers.max()) + 1 if classes is None else classes
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.where(lengths > 0, lengths, 1)
    means = np.full((classes, vectors.shape[1]), np.nan)
    for number_of_class in range(classes):
        of_class = vectors[numbers == number_of_class]
        if len(of_class):
            means[number_of_class] = of_class.mean(axis=0)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    means = means / np.where(lengths > 0, lengths, 1)
    return np.asarray(means @ means.T)


def check_labels(labels: ArrayLike | Tensor) -> int:
    """Number of classes of a whole training set's labels (n,), -1 where unknown.

    Raises:
        TrainingError: nothing is labelled, or all of it with one class.
    """
    numbers = torch.as_tensor(labels).long()
    known = numbers[numbers >= 0]
    if len(known) == 0:
        raise TrainingError("no labels to learn from; check data.train, data.labels and the split")
    if bool((known == known[0]).all()):
        raise TrainingError(
            f"all {len(known)} labels are class {int(known[0])}: a classifier needs at least two classes"
        )
    return int(known.max()) + 1
