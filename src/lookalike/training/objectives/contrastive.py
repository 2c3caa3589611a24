"""Contrastive loss on labelled pairs, also when only some pairs are labelled."""

from __future__ import annotations

from typing import ClassVar

from lookalike.errors import RecipeError
from lookalike.training.batch import Batch
from lookalike.training.objectives.base import (
    Embed,
    Objective,
    full_precision,
    number,
    one_of,
    positive,
    unit,
)
from lookalike.training.pytorch import Tensor, torch


class Contrastive(Objective):
    """Contrastive loss (Hadsell, Chopra, LeCun 2006, *Dimensionality reduction by learning an invariant mapping*, eq. 4).

    With d the distance of a pair, s = 1 for alike and 0 for not alike (or the share of people saying alike) and
    margin m:  loss = s d^2 / 2 + (1 - s) max(0, m - d)^2 / 2, the mean over labelled pairs.

    d is the Euclidean distance of unit vectors, sqrt(2 - 2 cos), in [0, 2] (``distance="cosine-l2"``), or the
    Euclidean distance of the embeddings as they are (``distance="euclidean"``, as in the paper).

    Pairs that nobody labelled (``batch.same`` = -1) add ``unlabelled`` times a pseudo-label term (Lee 2013,
    *Pseudo-Label*, with the threshold of confidence of FixMatch, Sohn et al. 2020, arXiv 2001.07685, eq. 4): the
    network's own belief is q = sigmoid((m/2 - d) / (m ``softness``)); where max(q, 1 - q) >= ``threshold`` the
    pair is taken as labelled by q >= 0.5, elsewhere it adds nothing. The sum is divided by the number of *all*
    unlabelled pairs, so the term grows as the network becomes sure. The belief is a constant: no gradient passes
    through it. m/2 is where d^2 = (m - d)^2: the distance at which the loss itself does not care.

    Shapes: left, right (n, ...), same (n,) in [0, 1] or -1 -> scalar; ``same`` None means that all are alike.

    Logs: ``labelled``, ``unlabelled`` (mean losses), ``taken`` (share of unlabelled pairs that are believed in).

    Args:
        dim: length of the embeddings.
        margin: m, in the unit of the distance.
        distance: ``cosine-l2`` or ``euclidean``.
        unlabelled: weight of the pseudo-label term; 0 leaves unlabelled pairs out.
        threshold: confidence from which a pseudo-label is taken, in [0.5, 1].
        softness: width of the sigmoid in margins.
    """

    kind: ClassVar[str] = "contrastive"
    needs = "pairs"

    def __init__(
        self,
        dim: int,
        *,
        margin: float = 1.0,
        distance: str = "cosine-l2",
        unlabelled: float = 0.0,
        threshold: float = 0.9,
        softness: float = 0.1,
    ) -> None:
        super().__init__(dim)
        self.margin = positive(self.kind, "margin", margin)
        self.distance = one_of(self.kind, "distance", distance, ("cosine-l2", "euclidean"))
        self.unlabelled = number(self.kind, "unlabelled", unlabelled, 0.0)
        self.threshold = number(self.kind, "threshold", threshold, 0.5, 1.0)
        self.softness = positive(self.kind, "softness", softness)
        if self.distance == "cosine-l2" and self.margin > 2:
            raise RecipeError(
                "objective 'contrastive': margin is at most 2, the largest distance of unit vectors"
            )

    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        assert batch.images_a is not None
        left, right = self.embeddings(embed, batch.images, batch.images_a)
        with full_precision(left):
            distance = self._distances(left, right)
            same = torch.ones_like(distance) if batch.same is None else batch.same.to(distance.dtype)
            weight = torch.ones_like(distance) if batch.weight is None else batch.weight.to(distance.dtype)
            known = (same >= 0).to(distance.dtype) * weight
            unknown = (same < 0).to(distance.dtype) * weight
            labelled = _share(self._pair_loss(distance, same.clamp_min(0)), known, known)
            belief = torch.sigmoid((self.margin / 2 - distance.detach()) / (self.margin * self.softness))
            sure = unknown * (torch.maximum(belief, 1 - belief) >= self.threshold)
            believed = _share(self._pair_loss(distance, (belief >= 0.5).to(distance.dtype)), sure, unknown)
            loss = labelled + self.unlabelled * believed
        self.log(
            labelled=labelled,
            unlabelled=believed,
            taken=sure.sum() / unknown.sum().clamp_min(1e-12),
        )
        return loss

    def _distances(self, left: Tensor, right: Tensor) -> Tensor:
        if self.distance == "cosine-l2":
            left, right = unit(left), unit(right)
        # The root of an exact zero has no gradient; the tiny constant gives it the gradient 0.
        return ((left - right).square().sum(dim=1) + 1e-12).sqrt()

    def _pair_loss(self, distance: Tensor, same: Tensor) -> Tensor:
        apart = (self.margin - distance).clamp_min(0).square()
        return (same * distance.square() + (1 - same) * apart) / 2


def _share(values: Tensor, weight: Tensor, count: Tensor) -> Tensor:
    """sum(values * weight) / sum(count); 0 where nothing is counted."""
    return (values * weight).sum() / count.sum().clamp_min(1e-12)
