"""What a run writes down as it goes: ``log.csv`` and, where wanted and installed, TensorBoard's events."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from lookalike.errors import TrainingError
from lookalike.training.recipe import LogSection
from lookalike.training.run_folder import RunFolder, write_atomic

COLUMNS = ("step", "epoch", "loss", "validation", "lr", "seconds")


class Log:
    """Lines of a run.

    Args:
        folder: of the run.
        section: what is wanted.
        after_step: lines of later steps, from before an interruption, are dropped; 0 begins anew.

    Raises:
        TrainingError: TensorBoard is wanted and not installed.
    """

    def __init__(self, folder: RunFolder, section: LogSection, after_step: int = 0) -> None:
        self.path = folder.log if section.csv else None
        self._board: Any = _board(folder.path / "tensorboard", after_step) if section.tensorboard else None
        if self.path is not None:
            kept = (
                [row for row in read_log(self.path) if int(row["step"]) <= after_step] if after_step else []
            )
            text = io.StringIO()
            writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(kept)
            write_atomic(self.path, text.getvalue().encode())

    def write(
        self,
        step: int,
        epoch: int,
        loss: float,
        lr: float,
        seconds: float,
        validation: float | None = None,
        more: dict[str, float] | None = None,
    ) -> None:
        """One line: ``step`` steps are done, in ``epoch`` (from 1); loss is the mean since the last line."""
        shown = "" if validation is None else f"{validation:.6g}"
        if self.path is not None:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                row = (step, epoch, f"{loss:.6g}", shown, f"{lr:.6g}", f"{seconds:.2f}")
                csv.writer(file, lineterminator="\n").writerow(row)
        if self._board is not None:
            self._board.add_scalar("loss", loss, step)
            self._board.add_scalar("lr", lr, step)
            if validation is not None:
                self._board.add_scalar("validation", validation, step)
            for name, value in (more or {}).items():
                self._board.add_scalar(f"objective/{name}", value, step)

    def close(self) -> None:
        """Finish TensorBoard's file."""
        if self._board is not None:
            self._board.close()


def read_log(path: Path) -> list[dict[str, str]]:
    """The complete lines of a log; a last line cut off by a crash is left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    whole = text[: text.rfind("\n") + 1]
    rows = csv.DictReader(io.StringIO(whole))
    return [row for row in rows if None not in row.values() and str(row.get("step", "")).isdigit()]


def _board(folder: Path, after_step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise TrainingError(
            "log.tensorboard = true needs the package tensorboard: pip install tensorboard; or leave it out, log.csv is "
            "written in any case"
        ) from None
    return SummaryWriter(str(folder), purge_step=after_step or None)
