"""The held-out rows, and the figure that belongs to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import TrainingError
from lookalike.training.batch import Batch
from lookalike.training.data_measures import (
    Floats,
    Score,
    attributes_score,
    error_score,
    hamming_score,
    neighbours_score,
    recall_score,
    separation_score,
    teacher_score,
    votes_score,
)
from lookalike.training.data_store import PixelStore, Store
from lookalike.training.data_table import Rows, Table

if TYPE_CHECKING:
    from torch import Tensor

EmbedArrays = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Network inputs (pixels (b, 3, h, w) as the card says, or features (b, d)) -> embeddings (b, d')."""

MEASURES = ("2afc", "recall", "separation", "labels", "attributes", "teacher", "views", "hamming", "loss")
AT_ONCE = 64
LOSS_ITEMS = 512
_VIEW_EPOCH = 1 << 40
"""The epoch whose dice the views of the measure ``views`` use: no training epoch has it."""


class Validation:
    """Held-out rows with their measure.

    Args:
        table: the rows.
        store: network inputs of their pictures.
        measure: one of :data:`MEASURES`; None chooses by the kind of the rows.
        seed: of the views.
        targets: the teacher's embeddings float32 (N, t) by picture, for ``teacher``.
        k: of recall@k.

    Attributes:
        measure: the one chosen.
        pictures: int64, numbers of the pictures that are embedded.

    Raises:
        TrainingError: an unknown measure.
    """

    def __init__(
        self,
        table: Table,
        store: Store,
        measure: str | None = None,
        *,
        seed: int = 0,
        targets: NDArray[np.float32] | None = None,
        k: int = 1,
    ) -> None:
        self.table, self.store, self.seed, self.targets, self.k = table, store, seed, targets, k
        self.measure = measure or choose_measure(table, targets is not None)
        if self.measure not in MEASURES:
            raise TrainingError(f"there is no measure {self.measure!r}; choose from: {', '.join(MEASURES)}")
        self.pictures: Rows = np.unique(table.shown)

    def __len__(self) -> int:
        return len(self.table)

    def score(self, embed: EmbedArrays, loss: Callable[[Batch], float] | None = None) -> dict[str, Any]:
        """As :meth:`measured`, as plain values: value, name, interval, n, higher_is_better, more."""
        return self.measured(embed, loss).to_dict()

    def measured(self, embed: EmbedArrays, loss: Callable[[Batch], float] | None = None) -> Score:
        """The figure of a network on the held-out rows, with a score for every item.

        Args:
            embed: called with up to :data:`AT_ONCE` inputs at a time; each picture is embedded once.
            loss: for the measure ``loss``: the objective's loss of a batch of one row.

        Raises:
            TrainingError: embeddings that are not finite or of the wrong shape, or rows that do not allow the
                measure.
        """
        if self.measure == "loss":
            return error_score(self._losses(loss))
        if self.measure == "views":
            plain, other = self._embedded(embed), self._embedded(embed, other_view=True)
            return recall_score(plain, other, self.k)
        found = self._embedded(embed)
        vectors = np.zeros((int(self.pictures.max()) + 1, found.shape[1]), dtype=np.float32)
        vectors[self.pictures] = found
        return self._of_rows(vectors)

    def _of_rows(self, vectors: NDArray[np.float32]) -> Score:
        table, values = self.table, self.table.values
        sides = [vectors[column] for column in table.columns.values()]
        if self.measure == "2afc":
            votes = [values[name].astype(np.float64) for name in ("votes_a", "votes_b")]
            return votes_score(sides[0], sides[1], sides[2], votes[0], votes[1])
        if self.measure == "recall":
            alike = values["same"] >= 0.5 if "same" in values else np.ones(len(table), dtype=bool)
            return recall_score(sides[0][alike], sides[1][alike], self.k)
        if self.measure == "separation":
            return separation_score(sides[0], sides[1], values["same"].astype(np.float64))
        if self.measure == "attributes":
            return attributes_score(sides[0], dict(table.attributes))
        if self.measure == "teacher":
            assert self.targets is not None
            return teacher_score(sides[0], self.targets[table.columns["images"]])
        if self.measure == "hamming" and len(sides) == 2:
            numbers = np.tile(np.arange(len(table), dtype=np.int64), 2)
            return hamming_score(np.concatenate(sides), numbers)
        if self.measure == "hamming":
            return hamming_score(sides[0], values["labels"])
        return neighbours_score(sides[0], values["labels"])

    def _embedded(self, embed: EmbedArrays, *, other_view: bool = False) -> NDArray[np.float32]:
        parts = []
        for start in range(0, len(self.pictures), AT_ONCE):
            part = self.pictures[start : start + AT_ONCE]
            inputs = self._other_view(part) if other_view else self.store.plain(part)
            found = np.asarray(embed(inputs.numpy()), dtype=np.float32)
            if found.ndim != 2 or len(found) != len(part):
                raise TrainingError(f"the network gives {found.shape} for {len(part)} held-out images")
            if not np.isfinite(found).all():
                raise TrainingError(
                    "the embeddings of held-out images are not finite numbers: lower optimizer.lr or set optimizer.clip"
                )
            parts.append(found)
        return np.concatenate(parts)

    def _other_view(self, pictures: Rows) -> Tensor:
        """An augmented view, always the same; the mirror image where nothing but the mirror is asked for."""
        store = self.store
        if isinstance(store, PixelStore) and store.augment.beyond_flip:
            return store.view(pictures, pictures, seed=self.seed, epoch=_VIEW_EPOCH, view=1)
        return store.mirrored_view(pictures)

    def _losses(self, loss: Callable[[Batch], float] | None) -> Floats:
        """The loss of each of the first :data:`LOSS_ITEMS` held-out rows by itself."""
        import torch

        if loss is None:
            raise TrainingError("the held-out loss needs the objective's loss")
        pictures = self.table.columns["images"][:LOSS_ITEMS]
        values = []
        for row, picture in enumerate(pictures):
            one = np.array([picture])
            values.append(float(loss(Batch(self.store.plain(one), index=torch.tensor([row])))))
        return np.array(values, dtype=np.float64)


def choose_measure(table: Table, teacher: bool) -> str:
    """The measure that belongs to a kind of rows."""
    if teacher and table.kind in ("images", "teacher"):
        return "teacher"
    if table.kind == "triplets":
        return "2afc"
    if table.kind == "pairs":
        same = table.values.get("same")
        return "recall" if same is None or bool((same >= 0.5).all()) else "separation"
    if table.kind == "attributes":
        return "attributes"
    return "labels" if "labels" in table.values else "views"
