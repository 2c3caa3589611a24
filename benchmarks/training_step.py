"""A training step of ``lookalike train`` against a plain PyTorch loop with the same network, loss, batches and optimizer.

The plain loop is what one would write by hand: read a batch, forward, loss, backward, step. Lookalike's adds the
schedule, the moving average, the finite-loss check, the log and what lets a killed run resume. Both learn
``net:small`` from the same files by distillation; reading and cropping are the same code on both sides, and are
timed with it. By turns, each side from the same start. Ratio above 1: lookalike is faster.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from _common import Results, number, parser, say, shared_data, summary

SPEC = "net:small?width=48&size=112&dim=256"


def recipe_of(images: Path, batch: int, precision: str) -> Any:
    """Distillation of a small network from ``classic``; the teacher is asked before the clock starts."""
    from lookalike.training import Recipe

    return Recipe.from_dict(
        {
            "name": "step",
            "seed": 0,
            "encoder": {"name": SPEC},
            "adapter": {"kind": "full"},
            "objective": {"kind": "distillation", "cosine": 1.0, "relational": 10.0, "project": "none"},
            "data": {
                "train": str(images),
                "validation_share": 0.1,
                "teacher": {"encoders": ["classic"], "whiten": True, "dims": 256},
                "augment": {"crop": 0.5, "aspect": 0.15, "flip": 0.5, "colour": 0.2},
            },
            "optimizer": {
                "name": "adamw",
                "lr": 1e-3,
                "epochs": 1,
                "batch": batch,
                "precision": precision,
                "ema": 0.999,
            },
            "checkpoint": {"every_seconds": 0},
        }
    )


class Sides:
    """Both loops over the same opened data."""

    def __init__(self, recipe: Any, folder: Path) -> None:
        from lookalike.training.data import open_data
        from lookalike.training.network import open_network
        from lookalike.training.recipe_check import needs_of

        self.recipe, self.folder = recipe, folder
        opened = open_network(recipe)
        self.data = open_data(
            recipe, needs=needs_of(recipe), reads=opened.card, frozen=None, folder=folder, progress=None
        )
        self.runs = 0

    def _start(self) -> tuple[Any, Any]:
        import torch

        from lookalike.training.network import open_network
        from lookalike.training.objectives.registry import make_objective

        torch.manual_seed(0)
        network = open_network(self.recipe).network
        facts = {"teacher_dim": self.data.facts["teacher_dim"]}
        section = self.recipe.objective
        return network, make_objective(section.kind, network.dim, **{**facts, **section.settings})

    def plain(self, steps: int) -> float:
        """Crops/s of the loop by hand."""
        import torch

        network, objective = self._start()
        optimizer = torch.optim.AdamW([*network.parameters(), *objective.parameters()], lr=1e-3)
        network.train()
        batches, rows = self.data.batches(0), 0
        started = time.perf_counter()
        for _ in range(steps):
            batch = next(batches)
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(
                "cpu", dtype=torch.bfloat16, enabled=self.recipe.optimizer.precision == "bf16"
            ):
                loss = objective(batch, network)
            loss.backward()
            optimizer.step()
            rows += len(batch)
        return rows / (time.perf_counter() - started)

    def ours(self, steps: int) -> float:
        """Crops/s of the product's loop."""
        from lookalike.training.loop import Machine, Trainer
        from lookalike.training.run_folder import RunFolder

        network, objective = self._start()
        self.runs += 1
        folder = RunFolder(self.folder / f"run-{self.runs}")
        folder.create()
        machine = Machine("cpu", self.recipe.optimizer.precision == "bf16")
        trainer = Trainer(self.recipe, network, objective, self.data, folder, machine)
        batches, rows = self.data.batches(0), 0
        started = time.perf_counter()
        for _ in range(steps):
            batch = next(batches)
            trainer._step(batch)
            trainer._written_down()
            rows += len(batch)
        taken = time.perf_counter() - started
        trainer.log.close()
        return rows / taken


def measure(options: argparse.Namespace, folder: Path) -> None:
    """The whole benchmark."""
    results = Results("training_step", options)
    steps, rounds = (3, 2) if options.quick else (options.steps, options.rounds)
    rows, kept = [], {}
    for precision in ("fp32", "bf16"):
        recipe = recipe_of(shared_data() / "tll" / "left", 16 if options.quick else options.batch, precision)
        sides = Sides(recipe, folder / precision)
        sides.plain(2)
        speeds: dict[str, list[float]] = {"plain": [], "lookalike": []}
        for turn in range(rounds):
            say(f"{precision}: round {turn + 1} of {rounds}")
            speeds["plain"].append(sides.plain(steps))
            speeds["lookalike"].append(sides.ours(steps))
        plain, ours = summary(speeds["plain"]), summary(speeds["lookalike"])
        ratio = ours["median"] / plain["median"]
        rows.append([precision, number(plain["median"]), number(ours["median"]), number(ratio, 2)])
        kept[precision] = {"plain": plain, "lookalike": ours, "ratio": ratio}
        results.keep(speeds=kept)
    results.table(f"Training, {SPEC}, crops/s", ["precision", "plain loop", "lookalike", "ratio"], rows)
    results.target("bf16: lookalike against the plain loop", kept["bf16"]["ratio"], 0.98)
    results.write()


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument("--steps", type=int, default=20)
    options_of.add_argument("--rounds", type=int, default=3)
    options_of.add_argument("--batch", type=int, default=64)
    options = options_of.parse_args()
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder:
        measure(options, Path(folder))


if __name__ == "__main__":
    main()
