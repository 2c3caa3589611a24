"""The layout of a training run's folder, and its files' writers and readers.

::

    my-run/
    ├── recipe.toml          the recipe as it was run: every setting, paths made absolute
    ├── log.csv              one line for each logged step: step, epoch, loss, validation, lr, seconds
    ├── checkpoints/         last.safetensors + last.json: what --resume goes on from
    ├── weights.safetensors  the best trained weights, names as lookalike.encoders.trained_card describes
    ├── results.json         figures: training, validation, trained against untouched
    ├── card.json            what the encoder is; written after all that it names: where it is, the run is finished
    └── model-card.md        the same for people

All files are written under a temporary name and then renamed: a reader sees an old file, a new one or none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.encoders.fitted import KEY, Hashes
from lookalike.encoders.trained_card import CARD, WEIGHTS, TrainedCard, is_run, read_card, write_card
from lookalike.errors import TrainingError, printable

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["RunFolder", "TrainedCard", "is_run", "write_atomic"]

RECIPE = "recipe.toml"
LOG = "log.csv"
RESULTS = "results.json"
CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class RunFolder:
    """Where the files of one run lie.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def recipe(self) -> Path:
        """``recipe.toml``."""
        return self.path / RECIPE

    @property
    def log(self) -> Path:
        """``log.csv``."""
        return self.path / LOG

    @property
    def results(self) -> Path:
        """``results.json``."""
        return self.path / RESULTS

    @property
    def weights(self) -> Path:
        """``weights.safetensors``."""
        return self.path / WEIGHTS

    @property
    def card(self) -> Path:
        """``card.json``."""
        return self.path / CARD

    @property
    def checkpoints(self) -> Path:
        """``checkpoints/``."""
        return self.path / CHECKPOINTS

    @property
    def finished(self) -> bool:
        """True when the encoder can be used."""
        return is_run(self.path)

    @property
    def started(self) -> bool:
        """True when there is something to go on from, or a finished run; a start that failed at once leaves neither."""
        return self.card.exists() or (self.checkpoints / "last.safetensors").exists()

    def create(self) -> None:
        """Make the folder.

        Raises:
            TrainingError: it cannot be made.
        """
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(
                f"cannot write to {printable(str(self.path))}: {error.strerror or error}; choose another --out"
            ) from None

    def write_recipe(self, text: str) -> None:
        """Keep the recipe as it was run."""
        write_atomic(self.recipe, text.encode())

    def write_results(self, document: Mapping[str, Any]) -> None:
        """Keep the figures."""
        write_atomic(self.results, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())

    def read_results(self) -> dict[str, Any]:
        """The figures of a finished run.

        Raises:
            TrainingError: there are none, or the file is damaged.
        """
        try:
            found = json.loads(self.results.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise TrainingError(
                f"{printable(str(self.results))}: no readable figures ({error}); train again"
            ) from None
        return dict(found)

    def write_weights(self, tensors: Mapping[str, Tensor], fitted_pairs: Hashes | None = None) -> None:
        """Keep the trained tensors, on the CPU and contiguous, by the names of ``trained_card``.

        Args:
            tensors: by name.
            fitted_pairs: hashes of the judgments that were learned from, uint64 (n,). They are one more
                tensor, by a name that readers of weights leave out: a header may have only 100 MB.
        """
        import torch
        from safetensors.torch import save

        content = {name: tensor.contiguous() for name, tensor in tensors.items()}
        if fitted_pairs is not None:
            content[KEY] = torch.from_numpy(np.ascontiguousarray(fitted_pairs, dtype=np.uint64))
        write_atomic(self.weights, save(content))

    def write_card(self, card: TrainedCard) -> None:
        """Finish the run."""
        write_card(self.path, card)

    def read_card(self) -> TrainedCard:
        """The card of a finished run.

        Raises:
            EncoderCardError: there is none, or it is damaged.
        """
        return read_card(self.path)


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, force it to the disk, and rename it.

    Raises:
        TrainingError: the disk is full or the folder cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise TrainingError(
            f"cannot write {printable(str(path))}: {error.strerror or error}; free disk space or choose another --out"
        ) from None
