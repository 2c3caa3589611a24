"""Deep hashing: embeddings of a few bits, compared by counting the bits that differ."""

from __future__ import annotations

from typing import ClassVar, cast

from lookalike.errors import RecipeError, TrainingError
from lookalike.training.batch import Batch, Needs
from lookalike.training.objectives.base import (
    Embed,
    Objective,
    full_precision,
    number,
    one_of,
    positive,
    whole,
)
from lookalike.training.pytorch import Tensor, functional, nn, torch


class Hashing(Objective):
    """Pairwise deep hashing with a tanh relaxation (Li, Wang, Kang 2016, *DPSH*, arXiv 1511.03855, eq. 3 and 5;
    tanh instead of sign as in Cao et al. 2017, *HashNet*, arXiv 1702.00758; balance as in Erin Liong et al. 2015).

    u = tanh(beta (W z + b)) in (-1, 1)^bits; theta_ij = u_i.u_j / 2; s_ij = 1 where i and j are alike, else 0:

    - pairs: mean over i != j of log(1 + exp(theta_ij)) - s_ij theta_ij, alike and different pairs counting half each;
    - quantisation: mean over i and bits of (|u| - 1)^2;
    - balance: mean over bits of (mean over i of u)^2: each bit is 1 for half of the images.

    loss = pairs + quantisation x (...) + balance x (...). A bit of the code is [u > 0]; see
    :func:`~lookalike.training.objectives.codes.binary_codes`. The layer W, b belongs to the trained encoder
    (:attr:`output`): its embedding W z + b is what codes are read from.

    ``supervision="labels"``: alike are images of one class (labels (n,)); ``"pairs"``: alike are left and right of
    one row (``batch.same`` >= 0.5 or None) and rows of one group (``batch.labels``); everything else in the
    batch is different, but a row that is not labelled (-1) is not compared with its own partner.

    Shapes: images (n, ...) [and images_a] -> scalar. Logs: ``pairs``, ``quantisation``, ``balance``.

    Args:
        dim: length of the embeddings.
        bits: length of the code, a multiple of 8.
        supervision: ``labels`` or ``pairs``.
        beta: steepness of tanh.
        quantisation: weight of that term.
        balance: weight of that term.
    """

    kind: ClassVar[str] = "hashing"

    def __init__(
        self,
        dim: int,
        *,
        bits: int = 64,
        supervision: str = "labels",
        beta: float = 1.0,
        quantisation: float = 0.1,
        balance: float = 0.1,
    ) -> None:
        super().__init__(dim)
        self.bits = whole(self.kind, "bits", bits, 8)
        if bits % 8:
            raise RecipeError(f"objective 'hashing': bits must be a multiple of 8, got {bits}")
        self.needs = cast(Needs, one_of(self.kind, "supervision", supervision, ("labels", "pairs")))
        self.beta = positive(self.kind, "beta", beta)
        self.quantisation = number(self.kind, "quantisation", quantisation, 0.0)
        self.balance = number(self.kind, "balance", balance, 0.0)
        self.output = nn.Linear(dim, bits)

    def relaxed(self, embeddings: Tensor) -> Tensor:
        """Relaxed codes u: (n, d) -> (n, bits) in (-1, 1)."""
        assert self.output is not None
        return torch.tanh(self.beta * self.output(embeddings))

    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        images = [batch.images]
        if self.needs == "pairs":
            assert batch.images_a is not None
            images.append(batch.images_a)
        embeddings = torch.cat(self.embeddings(embed, *images))
        if len(embeddings) < 2:
            raise TrainingError(
                "objective 'hashing' needs at least 2 images in a batch: raise optimizer.batch"
            )
        with full_precision(embeddings):
            codes = self.relaxed(embeddings)
            alike, compared = self._supervision(batch, len(embeddings))
            theta = codes @ codes.T / 2
            losses = functional.softplus(theta) - alike * theta
            pairs = _balanced_mean(losses, alike, compared)
            quantised = (codes.abs() - 1).square().mean()
            balanced = codes.mean(dim=0).square().mean()
        self.log(pairs=pairs, quantisation=quantised, balance=balanced)
        return pairs + self.quantisation * quantised + self.balance * balanced

    def _supervision(self, batch: Batch, rows: int) -> tuple[Tensor, Tensor]:
        """Who is alike (1) and which pairs are compared (1), both float (rows, rows)."""
        device = batch.images.device
        different = ~torch.eye(rows, dtype=torch.bool, device=device)
        if self.needs == "labels":
            assert batch.labels is not None
            labels = batch.labels
            if not bool((labels >= 0).any()):
                raise TrainingError("objective 'hashing': no row of the batch has a label")
            known = labels >= 0
            return (labels[:, None] == labels[None]).float(), (
                different & known[:, None] & known[None]
            ).float()
        pairs = len(batch)
        row = torch.arange(pairs, device=device).repeat(2)
        partner = (row[:, None] == row[None]) & different
        alike = partner.clone()
        if batch.same is not None:
            same = batch.same.repeat(2)
            alike &= (same >= 0.5)[:, None]
            different = different & ~(partner & (same < 0)[:, None])
        if batch.labels is not None:
            groups = batch.labels.repeat(2)
            alike |= (groups[:, None] == groups[None]) & ~partner
        return alike.float(), different.float()


def _balanced_mean(losses: Tensor, alike: Tensor, compared: Tensor) -> Tensor:
    """Half the mean over alike pairs plus half the mean over different ones; only one kind: its mean."""
    parts = []
    for chosen in (alike * compared, (1 - alike) * compared):
        if bool(chosen.any()):
            parts.append((losses * chosen).sum() / chosen.sum())
    return torch.stack(parts).mean() if parts else losses.sum() * 0
