"""Symmetric InfoNCE between the two sides of pairs."""

from __future__ import annotations

from typing import ClassVar

from lookalike.errors import TrainingError
from lookalike.training.batch import Batch
from lookalike.training.objectives.base import (
    Embed,
    Objective,
    cosine_distance,
    full_precision,
    mean,
    number,
    positive,
    unit,
)
from lookalike.training.pytorch import Tensor, functional, torch


class InfoNce(Objective):
    """Symmetric InfoNCE (van den Oord et al. 2018, arXiv 1807.03748, eq. 4; both ways as in CLIP, Radford et al. 2021,
    arXiv 2103.00020, figure 3).

    With S_ij = cos(left_i, right_j) / temperature:  loss = mean over i of
    1/2 [-log softmax_j(S_ij) at j = i] + 1/2 [-log softmax_j(S_ji) at j = i].

    A pair that is not alike or not labelled (``batch.same`` < 0.5) is no positive: its images serve as negatives
    only. Two rows of the same group (``batch.labels``, where given) are not negatives of one another.

    ``pull`` > 0 adds pull x mean(1 - cos(f(x), target)) over both sides, where ``batch.targets`` and
    ``targets_a`` hold each image's embedding before this training: few pairs then cannot wash away what was
    learned before (a form of learning without forgetting, Li and Hoiem 2016, arXiv 1606.09282).

    ``soft`` > 0 adds soft x mean over all i of 1/2 KL(softmax_j(A_ij) || softmax_j(S_ij)) + 1/2 the same of the transposed
    matrices, with A = ``batch.likeness``, the log odds by which a comparator pairs image i with image j. A comparator sees
    both images and is right more often than a distance between embeddings can be; rows that nobody labelled teach as well
    (distillation of soft targets, Hinton et al. 2015, arXiv 1503.02531; of a model that reads both sides into one that
    embeds each alone, as in Hofstätter et al. 2020, arXiv 2010.02666).

    Shapes: left, right (n, ...) -> scalar; n >= 2. Logs: ``accuracy`` (share of rows whose partner is the nearest,
    both ways), ``pull``, ``soft`` (the divergence in nats).

    Args:
        dim: length of the embeddings.
        temperature: divides cosines.
        pull: weight of staying near the targets.
        soft: weight of the comparator's opinion.
    """

    kind: ClassVar[str] = "info-nce"
    needs = "pairs"

    def __init__(self, dim: int, *, temperature: float = 0.07, pull: float = 0.0, soft: float = 0.0) -> None:
        super().__init__(dim)
        self.temperature = positive(self.kind, "temperature", temperature)
        self.pull = number(self.kind, "pull", pull, 0.0)
        self.soft = number(self.kind, "soft", soft, 0.0)

    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        assert batch.images_a is not None
        if len(batch) < 2:
            raise TrainingError(
                "objective 'info-nce' needs at least 2 pairs in a batch: raise optimizer.batch"
            )
        left, right = self.embeddings(embed, batch.images, batch.images_a)
        with full_precision(left):
            likeness = unit(left) @ unit(right).T / self.temperature
            logits = likeness.masked_fill(self._not_negative(batch, likeness), float("-inf"))
            truth = torch.arange(len(batch), device=logits.device)
            weight = torch.ones_like(logits[0]) if batch.weight is None else batch.weight.to(logits.dtype)
            if batch.same is not None:
                weight = weight * (batch.same >= 0.5)
            both = [functional.cross_entropy(way, truth, reduction="none") for way in (logits, logits.T)]
            loss = mean((both[0] + both[1]) / 2, weight)
            right_way = [(way.argmax(dim=1) == truth).to(logits.dtype) for way in (logits, logits.T)]
            self.log(accuracy=mean((right_way[0] + right_way[1]) / 2, weight))
            if self.pull > 0:
                pulled = self._pulled(batch, left, right)
                self.log(pull=pulled)
                loss = loss + self.pull * pulled
            if self.soft > 0:
                apart = self._soft(batch, likeness)
                self.log(soft=apart)
                loss = loss + self.soft * apart
        return loss

    def _soft(self, batch: Batch, logits: Tensor) -> Tensor:
        """How far the batch's likeness is from the comparator's, both ways, in nats."""
        if batch.likeness is None:
            raise TrainingError(
                "objective 'info-nce' with soft > 0 needs a comparator: name its folder in data.teacher.comparator"
            )
        wanted = batch.likeness.to(logits.dtype)
        ways = [
            functional.kl_div(
                student.log_softmax(dim=1), teacher.log_softmax(dim=1), reduction="none", log_target=True
            ).sum(dim=1)
            for student, teacher in ((logits, wanted), (logits.T, wanted.T))
        ]
        return mean((ways[0] + ways[1]) / 2, batch.weight)

    def _not_negative(self, batch: Batch, logits: Tensor) -> Tensor:
        """bool (n, n): pairs of different rows that belong to one group."""
        if batch.labels is None:
            return torch.zeros_like(logits, dtype=torch.bool)
        one_group = batch.labels[:, None] == batch.labels[None, :]
        return one_group & ~torch.eye(len(batch), dtype=torch.bool, device=logits.device)

    def _pulled(self, batch: Batch, left: Tensor, right: Tensor) -> Tensor:
        if batch.targets is None or batch.targets_a is None:
            raise TrainingError(
                "objective 'info-nce' with pull > 0 needs targets of both sides of every pair; set pull = 0 or "
                "choose data with a teacher"
            )
        targets = torch.cat([batch.targets, batch.targets_a]).to(left.dtype)
        if targets.shape[1] != self.dim:
            raise TrainingError(
                f"objective 'info-nce': targets have length {targets.shape[1]}, embeddings {self.dim}; pull needs "
                "the untrained network's own embeddings"
            )
        return mean(cosine_distance(torch.cat([left, right]), targets))
