"""The whole state of a run, so that one that was killed goes on as if nothing had happened.

Two files: ``last.safetensors`` holds all tensors (trained weights, the objective's, optimizer moments, averages,
random generators), its metadata the plain values (step, epoch, best figure, ...) as JSON. One file is renamed into
place, so tensors and values always belong together; ``last.json`` repeats the values for people. The best weights so
far lie beside them in ``best-EPOCH.safetensors``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lookalike.encoders.torch_base import require
from lookalike.errors import TrainingError, printable
from lookalike.training.pytorch import Tensor, torch
from lookalike.training.recipe import Recipe
from lookalike.training.run_folder import RunFolder, write_atomic

LAST = "last.safetensors"
VERSION = 1


@dataclass
class Progressed:
    """How far a run is.

    Attributes:
        epoch: the one that is running, from 0.
        epoch_step: steps of it that are done.
        step: steps that are done in all.
        best: the best validation figure; None before the first.
        best_epoch: the epoch (from 1) that gave it; 0 is before training.
        waited: epochs since then.
        loss_sum, loss_count: losses since the last line of the log.
        seconds: of training and validation, over all starts.
        ema_steps: steps averaged.
        stopped: True when nothing remains to be done but the final comparison.
        history: validation figure after each epoch.
        threads: of PyTorch when the state was saved; another number would change the last bits. 0: not known.
    """

    epoch: int = 0
    epoch_step: int = 0
    step: int = 0
    best: float | None = None
    best_epoch: int = 0
    waited: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    seconds: float = 0.0
    ema_steps: int = 0
    stopped: bool = False
    history: list[float] = field(default_factory=list)
    threads: int = 0


def save_checkpoint(
    folder: RunFolder,
    done: Progressed,
    recipe: Recipe,
    parts: Mapping[str, Mapping[str, Tensor]],
    optimizer: Any,
) -> None:
    """Write the state; the old one stays until the new one is on the disk.

    Args:
        folder: of the run.
        done: how far it is.
        recipe: what is being run; only the same one can go on.
        parts: tensors by part (``network``, ``objective``, ``ema``) and name.
        optimizer: its moments are saved by position.
    """
    tensors = {f"{part}/{name}": value for part, named in parts.items() for name, value in named.items()}
    plain: dict[str, Any] = {}
    for position, moments in optimizer.state_dict()["state"].items():
        for name, value in moments.items():
            if isinstance(value, torch.Tensor):
                tensors[f"optimizer/{position}/{name}"] = value
            elif value is not None:
                plain[f"{position}/{name}"] = value
    tensors["random/cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors |= {f"random/cuda{i}": state for i, state in enumerate(torch.cuda.get_rng_state_all())}
    done.threads = torch.get_num_threads()
    values = {"version": VERSION, "recipe": fingerprint(recipe), "done": asdict(done), "optimizer": plain}
    text = json.dumps(values)
    saved = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    write_atomic(folder.checkpoints / LAST, _safe().save(saved, {"lookalike": text}))
    write_atomic(folder.checkpoints / "last.json", (json.dumps(values, indent=2) + "\n").encode())
    for old in folder.checkpoints.glob("best-*.safetensors"):
        if old != best_file(folder, done.best_epoch):
            old.unlink(missing_ok=True)


@dataclass(frozen=True)
class Checkpoint:
    """A state that was read.

    Attributes:
        done: how far the run was.
        parts: tensors by part and name.
        optimizer: plain values of the optimizer's state by ``position/name``.
    """

    done: Progressed
    parts: dict[str, dict[str, Tensor]]
    optimizer: dict[str, Any]

    def part(self, name: str) -> dict[str, Tensor]:
        """One part's tensors."""
        return self.parts.get(name, {})

    def restore_optimizer(self, optimizer: Any) -> None:
        """Put the moments back."""
        state: dict[int, dict[str, Any]] = {}
        for key, value in (*self.part("optimizer").items(), *self.optimizer.items()):
            position, _, name = key.partition("/")
            state.setdefault(int(position), {})[name] = value
        current = optimizer.state_dict()
        optimizer.load_state_dict({"state": state, "param_groups": current["param_groups"]})

    def restore_random(self) -> None:
        """Put PyTorch's random generators back."""
        states = self.part("random")
        torch.set_rng_state(states["cpu"])
        for i in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
            if f"cuda{i}" in states:
                torch.cuda.set_rng_state(states[f"cuda{i}"], i)


def load_checkpoint(folder: RunFolder, recipe: Recipe) -> Checkpoint | None:
    """The saved state of a run; None where none was saved yet.

    Raises:
        TrainingError: it belongs to another recipe or version, or is damaged.
    """
    path = folder.checkpoints / LAST
    if not path.is_file():
        return None
    where = printable(str(path))
    try:
        with require("safetensors", "torch", "checkpoints").safe_open(str(path), "pt", device="cpu") as file:
            values = json.loads(file.metadata()["lookalike"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        done = Progressed(**values["done"])
    except Exception as error:  # the package raises its own kinds for every sort of damage
        raise TrainingError(
            f"{where}: the checkpoint is damaged ({type(error).__name__}); start again without --resume"
        ) from None
    if values["version"] != VERSION:
        raise TrainingError(f"{where}: written by another version of lookalike; start again without --resume")
    if values["recipe"] != fingerprint(recipe):
        raise TrainingError(
            f"{where}: this run was started with another recipe; --resume takes the folder's own recipe.toml without "
            "changes, or choose another --out"
        )
    parts: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        part, _, rest = name.partition("/")
        parts.setdefault(part, {})[rest] = value
    return Checkpoint(done, parts, values["optimizer"])


def best_file(folder: RunFolder, epoch: int) -> Path:
    """Where the weights of an epoch lie while they are the best."""
    return folder.checkpoints / f"best-{epoch}.safetensors"


def save_best(folder: RunFolder, epoch: int, parts: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Keep an epoch's weights; those before are removed with the next checkpoint."""
    tensors = {f"{part}/{name}": value for part, named in parts.items() for name, value in named.items()}
    saved = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    write_atomic(best_file(folder, epoch), _safe().save(saved))


def load_best(folder: RunFolder, epoch: int) -> dict[str, dict[str, Tensor]]:
    """The weights that :func:`save_best` kept.

    Raises:
        TrainingError: the file is gone or damaged.
    """
    path = best_file(folder, epoch)
    parts: dict[str, dict[str, Tensor]] = {}
    try:
        for name, value in _safe().load(path.read_bytes()).items():
            part, _, rest = name.partition("/")
            parts.setdefault(part, {})[rest] = value
    except Exception as error:
        raise TrainingError(
            f"{printable(str(path))}: the best weights cannot be read ({type(error).__name__}); start again without "
            "--resume"
        ) from None
    return parts


def fingerprint(recipe: Recipe) -> str:
    """Changes with whatever changes the result: all but how often things are logged and saved."""
    values = {
        key: value
        for key, value in recipe.to_dict().items()
        if key not in ("log", "checkpoint", "description")
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]


def _safe() -> Any:
    return require("safetensors.torch", "torch", "checkpoints")
