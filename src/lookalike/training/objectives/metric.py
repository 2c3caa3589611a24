"""Metric learning on labels with the losses and miners of pytorch-metric-learning."""

from __future__ import annotations

from typing import Any, ClassVar

from lookalike.encoders.torch_base import require
from lookalike.errors import RecipeError, TrainingError
from lookalike.training.batch import Batch
from lookalike.training.objectives.base import Embed, Objective, full_precision, one_of, unit
from lookalike.training.pytorch import Tensor

LOSSES = {
    "multi-similarity": "MultiSimilarityLoss",
    "triplet": "TripletMarginLoss",
    "contrastive": "ContrastiveLoss",
    "nt-xent": "NTXentLoss",
    "supervised-contrastive": "SupConLoss",
    "circle": "CircleLoss",
}
MINERS = {
    "multi-similarity": "MultiSimilarityMiner",
    "batch-hard": "BatchHardMiner",
    "batch-easy-hard": "BatchEasyHardMiner",
    "triplet-margin": "TripletMarginMiner",
}


class Metric(Objective):
    """A loss of pytorch-metric-learning (Musgrave, Belongie, Lim 2020, arXiv 2008.09164) on unit embeddings and labels.

    The default, multi-similarity with its miner (Wang et al. 2019, arXiv 1904.06627, eq. 12 and 10, 11): with
    S_ij = cos(z_i, z_j), alpha 2, beta 50, lambda 0.5,
    loss = mean_i [ log(1 + sum_{k in P_i} exp(-alpha (S_ik - lambda))) / alpha
    + log(1 + sum_{k in N_i} exp(beta (S_ik - lambda))) / beta ],
    P_i and N_i being the positives and negatives that the miner leaves: negatives more similar than the least
    similar positive minus ``epsilon``, positives less similar than the most similar negative plus ``epsilon``.

    Shapes: images (n, ...), labels (n,) int64 -> scalar; 0 when the miner finds nothing worth learning. Images of
    one class must meet in a batch. Logs: ``mined`` (number of index entries that the miner chose).

    Args:
        dim: length of the embeddings.
        loss: one of :data:`LOSSES`.
        miner: one of :data:`MINERS`, or ``none``.
        loss_settings: passed to the loss, such as {"temperature": 0.1}.
        miner_settings: passed to the miner, such as {"epsilon": 0.1}.
    """

    kind: ClassVar[str] = "metric"
    needs = "labels"

    def __init__(
        self,
        dim: int,
        *,
        loss: str = "multi-similarity",
        miner: str = "multi-similarity",
        loss_settings: dict[str, Any] | None = None,
        miner_settings: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(dim)
        one_of(self.kind, "loss", loss, tuple(LOSSES))
        one_of(self.kind, "miner", miner, (*MINERS, "none"))
        self.function = _build("losses", LOSSES[loss], loss_settings)
        self.miner = None if miner == "none" else _build("miners", MINERS[miner], miner_settings)

    def loss(self, batch: Batch, embed: Embed) -> Tensor:
        assert batch.labels is not None
        labels = batch.labels.long()
        (embeddings,) = self.embeddings(embed, batch.images)
        labelled = labels >= 0
        if not bool(labelled.any()):
            raise TrainingError("objective 'metric': no row of the batch has a label")
        with full_precision(embeddings):
            vectors, labels = unit(embeddings[labelled]), labels[labelled]
            chosen = None if self.miner is None else self.miner(vectors, labels)
            loss: Tensor = self.function(vectors, labels, chosen)
        if chosen is not None:
            self.log(mined=float(sum(len(part) for part in chosen)))
        return loss


def _build(module: str, name: str, settings: dict[str, Any] | None) -> Any:
    """The loss or miner of that name.

    Raises:
        RecipeError: it does not take these settings.
    """
    made = getattr(require(f"pytorch_metric_learning.{module}", "torch", "objective metric"), name)
    try:
        return made(**(settings or {}))
    except TypeError as error:
        raise RecipeError(
            f"objective 'metric': {name} of pytorch-metric-learning refuses {settings}: {error}"
        ) from None
