"""Hinge on two-alternative votes: which of a and b is more like the reference."""

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
    one_of,
)
from lookalike.training.pytorch import Tensor, torch


class TripletHinge(Objective):
    """DreamSim's loss (Fu, Tamir, Sundaram et al. 2023, arXiv 2306.09344, section 4).

    With D(x, y) = 1 - cos(f(x), f(y)), delta = D(reference, a) - D(reference, b) and margin m:

    - ``votes="majority"`` (DreamSim, whose votes are unanimous): y = 1 where most people chose b, -1 where most
      chose a; loss = max(0, m - delta y). Rows with as many votes for a as for b say nothing and are left out.
    - ``votes="share"``: p = votes_b / (votes_a + votes_b); loss = p max(0, m - delta) + (1 - p) max(0, m + delta),
      the hinge expected over the people asked. The same number as above where the votes are unanimous; a
      split vote pulls gently (its slope within the margin is 1 - 2 p) and holds back beyond the margin.

    The mean over rows (weighted by ``batch.weight``, if any). Shapes: reference, a, b (n, ...) -> scalar.

    Logs: ``accuracy`` (share of the people's votes that the network agrees with, a draw counts half).

    Args:
        dim: length of the embeddings.
        margin: m, in units of cosine distance.
        votes: ``majority`` or ``share``.
    """

    kind: ClassVar[str] = "triplet-hinge"
    needs = "triplets"

    def __init__(self, dim: int, *, margin: float = 0.05, votes: str = "majority") -> None:
        super().__init__(dim)
        self.margin = number(self.kind, "margin", margin, 0.0, 2.0)
        self.votes = one_of(self.kind, "votes", votes, ("majority", "share"))

    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        assert batch.images_a is not None
        assert batch.images_b is not None
        assert batch.votes_a is not None
        assert batch.votes_b is not None
        reference, a, b = self.embeddings(embed, batch.images, batch.images_a, batch.images_b)
        with full_precision(reference):
            delta = cosine_distance(reference, a) - cosine_distance(reference, b)
            share = vote_share(batch.votes_a, batch.votes_b).to(delta.dtype)
            weight = torch.ones_like(delta) if batch.weight is None else batch.weight.to(delta.dtype)
            if self.votes == "majority":
                weight = weight * (share != 0.5)
                share = (share > 0.5).to(delta.dtype)
            towards_b = (self.margin - delta).clamp_min(0)
            towards_a = (self.margin + delta).clamp_min(0)
            loss = mean(share * towards_b + (1 - share) * towards_a, weight)
            chosen_b = (torch.sign(delta) + 1) / 2
            agreement = mean(chosen_b * share + (1 - chosen_b) * (1 - share), weight)
        self.log(accuracy=agreement)
        return loss


def vote_share(votes_a: Tensor, votes_b: Tensor) -> Tensor:
    """Share of the votes that went to b: (n,), (n,) -> float32 (n,) in [0, 1].

    Raises:
        TrainingError: a negative or infinite count, or a row without votes.
    """
    total = (votes_a + votes_b).float()
    bad = ~torch.isfinite(total) | (votes_a < 0) | (votes_b < 0) | (total <= 0)
    if bool(bad.any()):
        row = int(bad.nonzero()[0])
        raise TrainingError(
            f"triplet {row} of a batch has {float(votes_a[row]):g} votes for a and {float(votes_b[row]):g} for b; "
            "every row needs at least one vote: leave the others out"
        )
    return votes_b.float() / total


def check_votes(votes_a: Tensor, votes_b: Tensor) -> None:
    """Look whether a whole training set's votes can teach anything; (n,), (n,). Also takes NumPy arrays.

    Raises:
        TrainingError: no rows, a row without votes, only draws, or a decision for the same side in every row
            of ten or more (the network could then answer by the position: sides must be shuffled).
    """
    votes_a, votes_b = torch.as_tensor(votes_a), torch.as_tensor(votes_b)
    if len(votes_a) == 0:
        raise TrainingError("no triplets to learn from; check data.train, data.where and the split")
    share = vote_share(votes_a, votes_b)
    decided = share != 0.5
    if not bool(decided.any()):
        raise TrainingError(
            f"all {len(share)} triplets are draws: as many votes for a as for b; nothing to learn"
        )
    chosen = share[decided] > 0.5
    if len(chosen) >= 10 and bool((chosen == chosen[0]).all()):
        side = "b" if bool(chosen[0]) else "a"
        raise TrainingError(
            f"all {len(chosen)} decided triplets are won by {side}: one-sided votes; check the columns votes_a and "
            "votes_b, or exchange a and b (with their votes) in a random half of the rows"
        )
