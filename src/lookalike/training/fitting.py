"""From a recipe to a trained encoder in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.encoders.fitted import Hashes, joined
from lookalike.encoders.torch_base import choose_device, has_bf16
from lookalike.encoders.trained_card import TrainedCard
from lookalike.errors import RecipeError, TrainingError, printable
from lookalike.extras import require_stats
from lookalike.images.files import file_sha256
from lookalike.training.checkpoint import load_checkpoint
from lookalike.training.comparison import Comparison, compare_runs
from lookalike.training.data import open_data
from lookalike.training.evaluate import evaluate
from lookalike.training.loop import AfterStep, Machine, Trainer, explained_memory
from lookalike.training.model_card import write_model_card
from lookalike.training.network import Opened, encoder_tensors, open_network, start_from_pca
from lookalike.training.objectives.base import Objective
from lookalike.training.objectives.registry import OBJECTIVES, make_objective
from lookalike.training.protocols import TrainData
from lookalike.training.pytorch import torch
from lookalike.training.recipe import Recipe
from lookalike.training.recipe_check import is_frozen, needs_of
from lookalike.training.run_folder import RunFolder

if TYPE_CHECKING:
    from lookalike.progress import Progress


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: with the trained encoder; ``load_encoder(run.folder)`` uses it.
        recipe: what was run.
        comparison: trained against untouched.
        validation: the best validation figure.
        best_epoch: the epoch (from 1) whose weights were kept; 0: no epoch was better than the beginning.
        epochs: that were run.
        steps: that were done.
        seconds: of training and validation.
        history: validation figure after each epoch.
        data: what was learned from, in plain values.
    """

    folder: Path
    recipe: Recipe
    comparison: Comparison
    validation: float
    best_epoch: int
    epochs: int
    steps: int
    seconds: float
    history: tuple[float, ...]
    data: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain values: what results.json holds."""
        return {
            "name": self.recipe.name,
            "folder": self.folder.name,
            "comparison": self.comparison.to_dict(),
            "validation": {
                "best": self.validation,
                "best_epoch": self.best_epoch,
                "history": list(self.history),
            },
            "epochs": self.epochs,
            "steps": self.steps,
            "seconds": round(self.seconds, 2),
            "data": self.data,
        }


def fit(
    recipe: Recipe | Path | str,
    *,
    out: Path | str | None = None,
    resume: bool = False,
    device: str = "auto",
    progress: Progress | None = None,
    after_step: AfterStep | None = None,
) -> Run:
    """Train what a recipe says and keep the encoder in a folder.

    On the CPU the same recipe gives the same weights, bit by bit, also when it was killed in between and resumed.

    Args:
        recipe: a recipe, its file, or the name of a shipped one.
        out: folder of the run; None: the recipe's name in the working directory.
        resume: go on from the folder's last checkpoint, or begin where there is none.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        progress: called with what is being done.
        after_step: called with the number of steps after each.

    Raises:
        RecipeError: the recipe is wrong.
        TrainingError: the folder holds another run, the data are not enough, the loss diverges, or memory runs out.
        EncoderError, ImageError, JudgmentError: what the recipe names cannot be read.
        MissingDependency: PyTorch or another package is not installed.
    """
    require_stats("the paired test that training ends with")
    chosen = recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)
    folder = RunFolder(Path(out).expanduser() if out is not None else Path(chosen.name))
    _check_folder(folder, resume)
    machine = _machine(chosen, device)
    with _deterministic(chosen.seed), explained_memory(chosen):
        return _fit(chosen, folder, machine, resume, progress, after_step)


def _fit(
    recipe: Recipe,
    folder: RunFolder,
    machine: Machine,
    resume: bool,
    progress: Progress | None,
    after_step: AfterStep | None,
) -> Run:
    opened = open_network(recipe, machine.device)
    folder.create()
    data = open_data(
        recipe,
        needs=needs_of(recipe),
        reads=opened.card,
        frozen=opened.frozen,
        folder=folder.path,
        progress=progress,
    )
    _start_head(opened, recipe, data)
    objective = _objective(recipe, data, opened.network.dim)
    opened.network.to(machine.device)
    objective.to(machine.device)
    # The encoder as it was, before a checkpoint's weights come in.
    rows = "validation" if data.test is None else "test"
    held_out = data.test if data.test is not None else data.validation
    headless = objective.output is None
    untouched = evaluate(
        held_out, opened.network, objective, machine.device, seed=recipe.seed, untouched=headless
    )
    resumed = load_checkpoint(folder, recipe) if resume else None
    if resumed is not None and resumed.done.threads:
        torch.set_num_threads(resumed.done.threads)  # sums in another order would end in other last bits
    folder.write_recipe(recipe.to_toml())
    torch.manual_seed(recipe.seed + 1)
    trainer = Trainer(
        recipe, opened.network, objective, data, folder, machine,
        resumed=resumed, progress=progress, after_step=after_step,
    )  # fmt: skip
    trainer.run()
    trained = evaluate(held_out, opened.network, objective, machine.device, seed=recipe.seed)
    done = trainer.done
    run = Run(
        folder.path, recipe, compare_runs(rows, trained, untouched, recipe.seed),
        float(done.best if done.best is not None else trained.value), done.best_epoch, done.epoch, done.step,
        done.seconds, tuple(done.history), data.summary(),
    )  # fmt: skip
    # What the weights that it began with had learned from, it has learned from as well.
    finish(run, folder, opened, objective, joined([opened.fitted_pairs, data.fitted_pairs]))
    return run


def finish(
    run: Run, folder: RunFolder, opened: Opened, objective: Objective, fitted_pairs: Hashes | None = None
) -> None:
    """Write weights and figures, then the card that makes the folder an encoder, then the same for people."""
    recipe = run.recipe
    folder.write_weights(encoder_tensors(opened.network, objective.output), fitted_pairs)
    folder.write_results(run.to_dict())
    adapter: dict[str, Any] = {"kind": recipe.adapter.kind}
    if recipe.adapter.kind == "lora":
        adapter |= {
            "rank": recipe.adapter.rank,
            "alpha": recipe.adapter.alpha,
            "targets": list(recipe.adapter.targets),
        }
    if recipe.adapter.kind == "mlp":
        adapter |= {"hidden": recipe.adapter.hidden, "residual": True}
    if objective.output is not None:
        adapter["output"] = recipe.objective.kind
    wide = (
        getattr(objective, "bits", opened.network.dim) if objective.output is not None else opened.network.dim
    )
    folder.write_card(
        TrainedCard(
            name=recipe.name,
            parents=opened.parents,
            adapter=adapter,
            features=opened.features,
            dim=int(wide),
            weights_sha256=file_sha256(folder.weights),
            licence=_licence(opened),
            training_data=_described(run),
            recipe=recipe.to_dict(),
            results=run.to_dict(),
        )
    )
    write_model_card(folder.path)


def _start_head(opened: Opened, recipe: Recipe, data: TrainData) -> None:
    if not (recipe.adapter.kind == "linear" and recipe.adapter.pca):
        return
    found: dict[bytes, Any] = {}
    for batch in data.batches(0):
        for name, tensor in batch.named_tensors():
            if name in ("images", "images_a", "images_b"):
                found.update({row.numpy().tobytes(): row for row in tensor})
    # In the order of their bytes: which came first must not matter.
    start_from_pca(opened, recipe, torch.stack([found[key] for key in sorted(found)]))


def _objective(recipe: Recipe, data: TrainData, dim: int) -> Objective:
    chosen = OBJECTIVES.get(recipe.objective.kind)
    facts = {name: data.facts[name] for name in (chosen.facts if chosen else ()) if name in data.facts}
    return make_objective(recipe.objective.kind, dim, **{**facts, **recipe.objective.settings})


def _check_folder(folder: RunFolder, resume: bool) -> None:
    where = printable(str(folder.path))
    if folder.path.exists() and not folder.path.is_dir():
        raise TrainingError(f"{where} is a file; choose another folder with --out")
    if folder.started and not resume:
        state = "a finished run" if folder.finished else "a run that was begun"
        raise TrainingError(
            f"{where} holds {state}; go on with --resume, or choose another folder with --out"
        )


def _machine(recipe: Recipe, wanted: str) -> Machine:
    device, precision = choose_device(wanted), recipe.optimizer.precision
    if precision == "bf16" and not has_bf16(device):
        raise RecipeError(
            f"optimizer.precision = 'bf16': device {device} cannot compute in bf16; use 'auto' or 'fp32'"
        )
    auto = precision == "auto" and device.startswith("cuda") and not is_frozen(recipe) and has_bf16(device)
    return Machine(device, precision == "bf16" or auto)


@contextmanager
def _deterministic(seed: int) -> Iterator[None]:
    """Seeds and fixed algorithms while a run lasts; the caller's settings, threads and random state come back."""
    # cuBLAS reads this when it is first used.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before, warn = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    settings: Any = torch.utils.deterministic  # its type is that of a module without this switch
    fill = settings.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    settings.fill_uninitialized_memory = False  # a debugging aid that writes all memory twice
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warn)
        settings.fill_uninitialized_memory = fill
        torch.set_rng_state(state)
        torch.set_num_threads(threads)


def _licence(opened: Opened) -> str:
    return opened.card.licence if opened.parents[0].fingerprint else "as chosen by whoever trained it"


def _described(run: Run) -> str:
    train = Path(run.recipe.data.train)
    return f"{train.name if train.is_absolute() else train}: {run.data.get('train', '?')} rows"
