"""Non-parametric instance discrimination: every image is a class of its own, kept in a memory bank."""

from __future__ import annotations

from typing import Any, ClassVar

from lookalike.errors import TrainingError
from lookalike.training.batch import Batch
from lookalike.training.objectives.base import (
    Embed,
    Objective,
    full_precision,
    mean,
    number,
    positive,
    unit,
    whole,
)
from lookalike.training.pytorch import Tensor, functional, torch


class InstanceDiscrimination(Objective):
    """Wu, Xiong, Yu, Lin 2018, *Unsupervised feature learning via non-parametric instance discrimination*,
    arXiv 1805.01978.

    The bank V (count, d) holds a unit vector v_i for each image of the training set. With f the unit embedding
    of image i and t the temperature, P(j | f) = exp(v_j.f / t) / Z (eq. 2):

    - ``negatives=0``: full softmax, loss = -log P(i | f), Z = sum over the bank; a matrix product per step, the
      right choice up to some hundred thousand images;
    - ``negatives=m``: noise-contrastive estimation (eq. 6, 7): with h(j, f) = P / (P + m / count) and m uniform
      draws j', loss = -log h(i, f) - sum over j' of log(1 - h(j', f)). Z is a constant, estimated from the first
      batch as count x mean exp(v_j'.f / t) (eq. 8).

    ``proximal`` > 0 adds proximal x |f - v_i|^2 (eq. 9), v_i being what f was an epoch ago. After the step,
    v_i <- unit(momentum v_i + (1 - momentum) f). The bank starts as random unit vectors.

    Shapes: images (n, ...), index (n,) int64 in [0, count) -> scalar. Logs: ``accuracy`` (share of images whose
    own vector is the nearest of the bank; full softmax only).

    Args:
        dim: length of the embeddings.
        count: images of the training set.
        temperature: t.
        momentum: share of the old vector that stays, in [0, 1).
        negatives: m, or 0 for the full softmax.
        proximal: weight of the proximal term.
        seed: of the bank's random start.
    """

    kind: ClassVar[str] = "instance"
    facts: ClassVar[tuple[str, ...]] = ("count",)
    needs = "images"
    bank: Tensor
    normaliser: Tensor

    def __init__(
        self,
        dim: int,
        *,
        count: int,
        temperature: float = 0.07,
        momentum: float = 0.5,
        negatives: int = 0,
        proximal: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__(dim)
        self.count = whole(self.kind, "count", count, 2)
        self.temperature = positive(self.kind, "temperature", temperature)
        self.momentum = number(self.kind, "momentum", momentum, 0.0, 0.9999)
        self.negatives = whole(self.kind, "negatives", negatives, 0)
        self.proximal = number(self.kind, "proximal", proximal, 0.0)
        start = torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))
        self.register_buffer("bank", unit(start))
        self.register_buffer("normaliser", torch.zeros(()))
        # The bank must not change between forward and backward, which still needs it: the new vectors wait.
        self._waiting: list[tuple[Tensor, Tensor]] = []
        before_saving: Any = self.register_state_dict_pre_hook
        before_saving(_bring_up_to_date)

    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        index = self._index(batch)
        (found,) = self.embeddings(embed, batch.images)
        with full_precision(found):
            vectors = unit(found)
            bank = self.bank.to(vectors.dtype)
            own = bank[index]
            if self.negatives:
                losses = self._noise_contrastive(vectors, own, bank)
            else:
                logits = vectors @ bank.T / self.temperature
                losses = functional.cross_entropy(logits, index, reduction="none")
                self.log(accuracy=(logits.argmax(dim=1) == index).float().mean())
            losses = losses + self.proximal * (vectors - own).square().sum(dim=1)
        if self.training:
            self._waiting.append((index, vectors.detach()))
        return mean(losses, batch.weight)

    def after_step(self) -> None:
        """Move the vectors of the images seen since the last step."""
        for index, vectors in self._waiting:
            moved = self.momentum * self.bank[index] + (1 - self.momentum) * vectors.to(self.bank.dtype)
            self.bank[index] = unit(moved)
        self._waiting = []

    def _index(self, batch: Batch) -> Tensor:
        if batch.index is None:
            raise TrainingError(
                "objective 'instance' needs every image's position in the training set (index)"
            )
        index = batch.index.long()
        if bool((index < 0).any()) or bool((index >= self.count).any()):
            raise TrainingError(
                f"objective 'instance' was made for {self.count} images, but the batch has positions "
                f"{int(index.min())} to {int(index.max())}; set objective.count to the size of the training set"
            )
        return index

    def _noise_contrastive(self, vectors: Tensor, own: Tensor, bank: Tensor) -> Tensor:
        drawn = torch.randint(self.count, (len(vectors), self.negatives), device=vectors.device)
        scores = torch.cat([own[:, None], bank[drawn]], dim=1) @ vectors[:, :, None]
        exponents = (scores[:, :, 0] / self.temperature).exp()
        if float(self.normaliser) == 0:
            self.normaliser.fill_(self.count * exponents[:, 1:].detach().mean())
        probability = exponents / self.normaliser.to(exponents.dtype)
        noise = self.negatives / self.count
        from_data = (probability[:, 0] / (probability[:, 0] + noise)).log()
        from_noise = (noise / (probability[:, 1:] + noise)).log().sum(dim=1)
        return -from_data - from_noise


def _bring_up_to_date(objective: InstanceDiscrimination, *_: Any) -> None:
    """A saved bank holds every vector that has been computed."""
    objective.after_step()
