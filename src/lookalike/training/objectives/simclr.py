"""SimCLR: two augmented views of one image shall be alike, and unlike all others."""

from __future__ import annotations

from typing import ClassVar

from lookalike.encoders.torch_base import require
from lookalike.errors import TrainingError
from lookalike.training.batch import Batch
from lookalike.training.objectives.base import (
    Embed,
    Objective,
    full_precision,
    positive,
    projection,
    unit,
    whole,
)
from lookalike.training.pytorch import Tensor, torch


class SimClr(Objective):
    """NT-Xent over two views of each image (Chen et al. 2020, arXiv 2002.05709, eq. 1), computed by
    pytorch-metric-learning's ``NTXentLoss``.

    The 2n views z_1 .. z_2n, projected and of unit length; i's other view is p(i):
    loss = mean over i of -log( exp(z_i.z_p(i) / t) / sum over k != i of exp(z_i.z_k / t) ).

    The projection (linear-ReLU-linear) is thrown away after training, as in the paper: the embedding before it
    carries more. Shapes: two views (n, ...) each -> scalar; n >= 2. Logs: ``accuracy`` (share of views whose
    nearest other view is their partner).

    Args:
        dim: length of the embeddings.
        temperature: t.
        hidden: width of the projection's middle; 0 leaves the projection out.
        projected: length of the projected vectors.
    """

    kind: ClassVar[str] = "simclr"
    needs = "views"

    def __init__(
        self, dim: int, *, temperature: float = 0.1, hidden: int = 512, projected: int = 128
    ) -> None:
        super().__init__(dim)
        losses = require("pytorch_metric_learning.losses", "torch", "objective simclr")
        self.temperature = positive(self.kind, "temperature", temperature)
        whole(self.kind, "hidden", hidden, 0)
        whole(self.kind, "projected", projected, 1)
        self.projection = projection(dim, hidden, projected) if hidden else torch.nn.Identity()
        self._nt_xent = losses.NTXentLoss(temperature=self.temperature)

    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        assert batch.images_a is not None
        if len(batch) < 2:
            raise TrainingError(
                "objective 'simclr' needs at least 2 images in a batch: raise optimizer.batch"
            )
        views = torch.cat(self.embeddings(embed, batch.images, batch.images_a))
        with full_precision(views):
            vectors = unit(self.projection(views))
            labels = torch.arange(len(batch), device=views.device).repeat(2)
            loss: Tensor = self._nt_xent(vectors, labels)
            with torch.no_grad():
                similar = (vectors @ vectors.T).fill_diagonal_(-2)
                self.log(accuracy=(labels[similar.argmax(dim=1)] == labels).float().mean())
        return loss
