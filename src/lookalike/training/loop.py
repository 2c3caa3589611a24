"""The training loop: plain PyTorch, so that a run that was killed can go on bit by bit, and that it can be read here."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lookalike.errors import TrainingError
from lookalike.training.batch import Batch
from lookalike.training.checkpoint import Checkpoint, Progressed, load_best, save_best, save_checkpoint
from lookalike.training.data_measures import Score
from lookalike.training.ema import MovingAverage
from lookalike.training.evaluate import evaluate
from lookalike.training.log import Log
from lookalike.training.network import Network
from lookalike.training.objectives.base import Objective
from lookalike.training.protocols import TrainData
from lookalike.training.pytorch import nn, torch
from lookalike.training.recipe import Recipe
from lookalike.training.run_folder import RunFolder
from lookalike.training.schedule import make_optimizer, rate_at, set_rate

if TYPE_CHECKING:
    from lookalike.progress import Progress

AfterStep = Callable[[int], None]
"""Called with the number of steps that are done."""


@dataclass(frozen=True)
class Machine:
    """Where and with what numbers a run computes.

    Attributes:
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        bf16: autocast to bfloat16.
    """

    device: str = "cpu"
    bf16: bool = False

    def autocast(self) -> AbstractContextManager[Any]:
        """Around the forward pass."""
        kind = self.device.partition(":")[0]
        return torch.autocast(kind, dtype=torch.bfloat16) if self.bf16 else nullcontext()


class Trainer:
    """One run from its first step to its last.

    Args:
        recipe: what is wanted.
        network: on its device.
        objective: on the same.
        data: what is learned from.
        folder: where checkpoints, log and best weights go.
        machine: device and precision.
        resumed: a state to go on from.
        progress: called as steps are done.
        after_step: called after every step.

    Attributes:
        done: how far the run is.
    """

    def __init__(
        self,
        recipe: Recipe,
        network: Network,
        objective: Objective,
        data: TrainData,
        folder: RunFolder,
        machine: Machine,
        *,
        resumed: Checkpoint | None = None,
        progress: Progress | None = None,
        after_step: AfterStep | None = None,
    ) -> None:
        self.recipe, self.network, self.objective, self.data = recipe, network, objective, data
        self.folder, self.machine, self.progress, self.after_step = folder, machine, progress, after_step
        self.steps = recipe.optimizer.epochs * data.steps_per_epoch
        self.optimizer = make_optimizer((network, objective), recipe.optimizer)
        self.average = MovingAverage(network, recipe.optimizer.ema) if recipe.optimizer.ema > 0 else None
        self.done = Progressed()
        if resumed is not None:
            self._restore(resumed)
        self.log = Log(folder, recipe.log, self.done.step)
        self._begun = time.perf_counter() - self.done.seconds
        self._saved = time.perf_counter()

    def run(self) -> None:
        """Train until the last epoch or until nothing improves; then the best weights are in the network.

        Raises:
            TrainingError: the loss is not finite, or memory runs out: says what to change.
        """
        try:
            if self.done.best is None:
                self._judge(0)
            while not self.done.stopped and self.done.epoch < self.recipe.optimizer.epochs:
                self._epoch()
            self.done.stopped = True
            self._save()
            self._take_best()
        finally:
            self.log.close()

    def _epoch(self) -> None:
        for batch in self.data.batches(self.done.epoch, self.done.epoch_step):
            self._step(batch)
            self._written_down()
        self.done.epoch, self.done.epoch_step = self.done.epoch + 1, 0
        found = self._judge(self.done.epoch)
        self._log_line(found.value)
        every = self.recipe.checkpoint.every_epochs
        if (
            self.done.stopped
            or self.done.epoch % every == 0
            or self.done.epoch == self.recipe.optimizer.epochs
        ):
            self._save()

    def _step(self, batch: Batch) -> None:
        section = self.recipe.optimizer
        rate = rate_at(self.done.step, self.steps, section)
        set_rate(self.optimizer, rate)
        self.network.set_training()
        self.objective.train()
        self.optimizer.zero_grad(set_to_none=True)
        with explained_memory(self.recipe):
            loss = self._backward(batch.to(self.machine.device))
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss is not a finite number at step {self.done.step + 1} (lr {rate:.2g}, batch {section.batch}): "
                "lower optimizer.lr, set optimizer.clip = 1, raise optimizer.warmup or optimizer.batch"
                + (", or set optimizer.precision = 'fp32'" if self.machine.bf16 else "")
            )
        if section.clip > 0:
            nn.utils.clip_grad_norm_(
                [p for group in self.optimizer.param_groups for p in group["params"]], section.clip
            )
        self.optimizer.step()
        self.objective.after_step()
        if self.average is not None:
            self.average.update(self.network)
        done = self.done
        done.step, done.epoch_step = done.step + 1, done.epoch_step + 1
        done.loss_sum, done.loss_count = done.loss_sum + loss, done.loss_count + 1

    def _backward(self, batch: Batch) -> float:
        """Gradients of a batch, in parts where that is asked for; the loss."""
        return accumulated(
            batch, self.recipe.optimizer.accumulate, self.network, self.objective, self.machine
        )

    def _written_down(self) -> None:
        done, section = self.done, self.recipe.checkpoint
        if self.progress is not None:
            self.progress(f"training, epoch {done.epoch + 1}", done.step, self.steps)
        if done.step % self.recipe.log.every_steps == 0 and done.epoch_step < self.data.steps_per_epoch:
            self._log_line(None)
        late = section.every_seconds > 0 and time.perf_counter() - self._saved > section.every_seconds
        # Not at an epoch's end: the checkpoint after its validation says more.
        if (late or (section.every_steps and done.step % section.every_steps == 0)) and (
            done.epoch_step < self.data.steps_per_epoch
        ):
            self._save()
        if self.after_step is not None:
            self.after_step(done.step)

    def _judge(self, epoch: int) -> Score:
        """Measure the held-out rows; remember the best, and whether it is time to stop. Epoch 0 is before training."""
        with self.average.swapped_in(self.network) if self.average is not None else nullcontext():
            found = evaluate(
                self.data.validation, self.network, self.objective, self.machine.device, seed=self.recipe.seed
            )
            done, sign = self.done, 1 if found.higher_is_better else -1
            if done.best is None or sign * found.value > sign * done.best:
                done.best, done.best_epoch, done.waited = found.value, epoch, 0
                save_best(self.folder, epoch, self._trained())
            else:
                done.waited += 1
        if epoch:
            done.history.append(found.value)
            patience = self.recipe.stop.patience
            done.stopped = bool(patience) and done.waited >= patience
        return found

    def _take_best(self) -> None:
        if self.recipe.stop.restore_best:
            parts = load_best(self.folder, self.done.best_epoch)
            self.network.load_trained(parts["network"])
            self.objective.load_state_dict(parts.get("objective", {}))
        elif self.average is not None:
            self.network.load_trained(self.average.state)

    def _trained(self) -> dict[str, dict[str, Any]]:
        return {"network": self.network.trained_state(), "objective": dict(self.objective.state_dict())}

    def _log_line(self, validation: float | None) -> None:
        done = self.done
        done.seconds = time.perf_counter() - self._begun
        loss = done.loss_sum / done.loss_count if done.loss_count else math.nan
        rate = rate_at(max(0, done.step - 1), self.steps, self.recipe.optimizer)
        # After an epoch's last step done.epoch is already the next one.
        epoch = done.epoch if validation is not None else done.epoch + 1
        self.log.write(done.step, epoch, loss, rate, done.seconds, validation, self.objective.logs)
        done.loss_sum, done.loss_count = 0.0, 0

    def _save(self) -> None:
        self.done.seconds = time.perf_counter() - self._begun
        parts = self._trained()
        if self.average is not None:
            parts["ema"], self.done.ema_steps = self.average.state, self.average.steps
        save_checkpoint(self.folder, self.done, self.recipe, parts, self.optimizer)
        self._saved = time.perf_counter()

    def _restore(self, state: Checkpoint) -> None:
        self.done = state.done
        self.network.load_trained(state.part("network"))
        self.objective.load_state_dict(state.part("objective"))
        if self.average is not None:
            self.average.load(state.part("ema"), state.done.ema_steps)
        state.restore_optimizer(self.optimizer)
        state.restore_random()


def accumulated(batch: Batch, parts: int, network: Network, objective: Objective, machine: Machine) -> float:
    """Gradients of the mean loss of a batch, computed in so many parts of about equal size; returns that loss.

    The loss of a part counts by its share of the rows: for losses that are means over rows the sum is the loss of the
    whole batch, up to rounding.
    """
    rows, total = len(batch), 0.0
    parts = min(parts, rows)
    for i in range(parts):
        start, stop = i * rows // parts, (i + 1) * rows // parts
        part = batch if parts == 1 else batch.rows(slice(start, stop))
        with machine.autocast():
            loss = objective(part, network)
        share = loss * ((stop - start) / rows)
        share.backward()
        total += float(share.detach())
    return total


@contextmanager
def explained_memory(recipe: Recipe) -> Iterator[None]:
    """Running out of memory as one line that says what to change."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error).lower()
        known = isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in text
        if not known and "out of memory" not in text:
            raise
        section = recipe.optimizer
        raise TrainingError(
            f"out of memory with optimizer.batch = {section.batch}: lower it, or keep it and raise optimizer.accumulate "
            f"(now {section.accumulate}), or choose a smaller network or input size"
        ) from None
