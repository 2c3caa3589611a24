"""What the loop asks of training data. ``lookalike.training.data.open_data`` gives an object that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lookalike.encoders.base import Encoder, EncoderCard
    from lookalike.progress import Progress
    from lookalike.training.batch import Batch, Needs
    from lookalike.training.data_measures import Score
    from lookalike.training.recipe import Recipe

EmbedArrays = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Network inputs (pixels (b, 3, h, w) as the card says, or features (b, d)) -> embeddings (b, d')."""


class HeldOut(Protocol):
    """Rows that nothing is trained on, with the figure that belongs to them."""

    @property
    def measure(self) -> str:
        """Which figure: one of ``lookalike.training.data_validation.MEASURES``."""

    def __len__(self) -> int:
        """Number of rows."""

    def measured(self, embed: EmbedArrays, loss: Callable[[Batch], float] | None = None) -> Score:
        """The figure of a network, with a score for every row.

        Args:
            embed: from network inputs to embeddings, in evaluation mode.
            loss: the objective's loss of a batch, for the measure ``loss``.

        Raises:
            TrainingError: embeddings that are not finite, or rows that do not allow the measure.
        """


class TrainData(Protocol):
    """Everything a run reads. Pixels or, where the backbone is frozen, features: the loop does not care which."""

    @property
    def needs(self) -> Needs:
        """Which fields of :class:`~lookalike.training.batch.Batch` are filled."""

    @property
    def rows(self) -> int:
        """Training rows, after the split; at least 1."""

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one epoch; at least 1. Counted in batches of ``recipe.optimizer.batch`` rows."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What an objective may want to know: ``count`` always; ``classes``, ``attributes`` (name -> number of
        classes) and ``teacher_dim`` where there are such."""

    @property
    def validation(self) -> HeldOut:
        """Looked at during training: early stopping and the choice of the best weights."""

    @property
    def test(self) -> HeldOut | None:
        """Looked at once, for the final comparison; None where the recipe keeps none (validation serves then)."""

    @property
    def notes(self) -> Sequence[str]:
        """What people should know (rows left out, unreadable images), a line each."""

    def batches(self, epoch: int, start_step: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from ``start_step`` on, ``steps_per_epoch - start_step`` of them.

        The same (recipe, seed, epoch, step) gives the same tensors bit by bit, whatever was read before: that is
        what makes a resumed run equal to an uninterrupted one. Tensors lie on the CPU.
        """

    def summary(self) -> dict[str, Any]:
        """Plain values for results.json and the model card: kind, rows of each side, images, split, notes."""


class OpenData(Protocol):
    """The signature of ``lookalike.training.data.open_data``."""

    def __call__(
        self,
        recipe: Recipe,
        *,
        needs: Needs,
        reads: EncoderCard,
        frozen: Encoder | None = None,
        folder: Path | None = None,
        progress: Progress | None = None,
    ) -> TrainData:
        """Read what ``recipe.data`` names (:class:`~lookalike.training.recipe_data.DataSection`).

        Args:
            recipe: ``data``, ``seed`` and ``optimizer.batch`` are used.
            needs: what the objective wants to find in a batch.
            reads: input size and preprocessing of the backbone.
            frozen: the encoder whose cached embeddings take the place of pixels; None gives pixels.
            folder: of the run, for what does not fit in memory.
            progress: called as images are read.

        Raises:
            TrainingError: an empty split, one-sided votes, no rows: says what to change.
            RecipeError: the section asks for what the data lack.
            ImageError: an image is missing or cannot be read; says which.
        """
