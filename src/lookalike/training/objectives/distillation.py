"""Distillation: embeddings that agree with a teacher's, in direction and in how they lie to one another."""

from __future__ import annotations

from typing import ClassVar

from lookalike.errors import RecipeError, TrainingError
from lookalike.training.batch import Batch
from lookalike.training.data_teacher import LEAST_KNOWN
from lookalike.training.objectives.base import (
    Embed,
    Objective,
    cosine_distance,
    full_precision,
    mean,
    number,
    one_of,
    projection,
    unit,
    whole,
)
from lookalike.training.pytorch import Tensor, nn, torch

PARTIAL_DIM = 128
"""Length of the second teacher's own projection."""


class Distillation(Objective):
    """Cosine and relational distillation from the teacher's embeddings t (n, ``teacher_dim``).

    loss = cosine x mean_i (1 - cos(P z_i, t_i)) + relational x mean_{i != j} (cos(z_i, z_j) - cos(t_i, t_j))^2

    The first term is feature distillation through a projection P (Romero et al. 2015, *FitNets*, arXiv 1412.6550);
    the second compares the Gram matrices of unit vectors (Tung, Mori 2019, *Similarity-preserving knowledge
    distillation*, arXiv 1907.09682; Park et al. 2019, *Relational knowledge distillation*, arXiv 1904.05068). It is
    taken on the embedding z itself, because z is what will be compared later; ``relations="projection"`` takes P z.

    Where a second teacher knows some of the images (rows F of ``batch.partial`` that are not zero), their relations are
    learned as well: + partial x mean_{i != j in F} (cos(z_i - z', z_j - z') - cos(p_i - p', p_j - p'))^2, with the means
    z', p' over F: how its images differ, not what they have in common (centred as in Kornblith et al. 2019, *CKA*,
    arXiv 1905.00414). A batch with fewer than 4 such rows teaches nothing of it. ``partial_relations = "projection"``
    takes a linear projection of z of its own.

    Shapes: images (n, ...), targets (n, teacher_dim) -> scalar; n >= 2 for the relational term. Where
    ``images_a`` and ``targets_a`` are there too, they are further rows. Logs: ``cosine`` (mean cos(P z, t)),
    ``relational`` (mean squared difference), ``partial`` (the same of the second teacher).

    Args:
        dim: length of the embeddings.
        teacher_dim: length of the targets.
        cosine: weight of the first term.
        relational: weight of the second.
        project: ``linear``, ``mlp`` or ``none`` (then dim must be teacher_dim).
        relations: ``embedding`` or ``projection``.
        partial: weight of the second teacher's relations; 0: there is none.
        partial_relations: ``embedding`` or ``projection``.
    """

    kind: ClassVar[str] = "distillation"
    facts: ClassVar[tuple[str, ...]] = ("teacher_dim",)
    needs = "teacher"

    def __init__(
        self,
        dim: int,
        *,
        teacher_dim: int,
        cosine: float = 1.0,
        relational: float = 1.0,
        project: str = "linear",
        relations: str = "embedding",
        partial: float = 0.0,
        partial_relations: str = "embedding",
    ) -> None:
        super().__init__(dim)
        self.teacher_dim = whole(self.kind, "teacher_dim", teacher_dim, 1)
        self.cosine = number(self.kind, "cosine", cosine, 0.0)
        self.relational = number(self.kind, "relational", relational, 0.0)
        self.relations = one_of(self.kind, "relations", relations, ("embedding", "projection"))
        one_of(self.kind, "project", project, ("linear", "mlp", "none"))
        self.partial = number(self.kind, "partial", partial, 0.0)
        one_of(self.kind, "partial_relations", partial_relations, ("embedding", "projection"))
        if self.cosine == self.relational == 0:
            raise RecipeError(
                "objective 'distillation': cosine and relational are both 0; nothing would be learned"
            )
        if project == "none" and dim != teacher_dim:
            raise RecipeError(
                f"objective 'distillation' without projection: embeddings have length {dim}, the teacher's "
                f'{teacher_dim}; set project = "linear"'
            )
        hidden = max(dim, teacher_dim) if project == "mlp" else 0
        self.projection = nn.Identity() if project == "none" else projection(dim, hidden, teacher_dim)
        own = self.partial > 0 and partial_relations == "projection"
        self.partial_projection = projection(dim, 0, PARTIAL_DIM) if own else nn.Identity()

    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        assert batch.targets is not None
        images, targets, weight = [batch.images], batch.targets, batch.weight
        if batch.images_a is not None and batch.targets_a is not None:
            images.append(batch.images_a)
            targets = torch.cat([targets, batch.targets_a])
            weight = None if weight is None else torch.cat([weight, weight])
        if targets.ndim != 2 or targets.shape[1] != self.teacher_dim:
            raise TrainingError(
                f"objective 'distillation': targets are {tuple(targets.shape)}, expected (n, {self.teacher_dim})"
            )
        found = torch.cat(self.embeddings(embed, *images))
        with full_precision(found):
            targets = targets.to(found.dtype)
            projected = self.projection(found)
            apart = mean(cosine_distance(projected, targets), weight)
            student = projected if self.relations == "projection" else found
            differences = _gram_difference(student, targets)
            self.log(cosine=1 - apart, relational=differences)
            loss = self.cosine * apart + self.relational * differences
            return loss if self.partial == 0 else loss + self.partial * self._second(batch, found)

    def _second(self, batch: Batch, found: Tensor) -> Tensor:
        """The second teacher's term, on the rows of ``batch.images`` that it knows."""
        if batch.partial is None:
            raise TrainingError(
                "objective 'distillation' with partial > 0 needs a second teacher: name it in data.teacher.partial"
            )
        known = batch.partial.abs().sum(dim=1) > 0
        student = self.partial_projection(found[: len(batch)][known])
        if len(student) < LEAST_KNOWN:
            return found.sum() * 0
        teacher = batch.partial[known].to(found.dtype)
        differences = _gram_difference(student - student.mean(dim=0), teacher - teacher.mean(dim=0))
        self.log(partial=differences)
        return differences


def _gram_difference(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean over ordered pairs i != j of the squared difference of cosines; 0 for a single row."""
    rows = len(student)
    if rows < 2:
        return student.sum() * 0
    student, teacher = unit(student), unit(teacher)
    # The diagonal is 1 - 1 (or 0 for a zero row) and shall not count.
    squared = (student @ student.T - teacher @ teacher.T).square()
    return (squared.sum() - squared.diagonal().sum()) / (rows * (rows - 1))
