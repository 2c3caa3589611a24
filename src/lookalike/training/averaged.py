"""An encoder between two runs of one network: its weights are their weighted mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lookalike.encoders.fitted import KEY, joined
from lookalike.encoders.trained_card import read_card, write_card
from lookalike.encoders.trained_file import read_fitted, read_tensors
from lookalike.errors import InvalidArgument, TrainingError, printable
from lookalike.images.files import file_sha256
from lookalike.training.pytorch import torch
from lookalike.training.run_folder import RunFolder


def average_runs(first: Path, second: Path, out: Path, *, share: float = 0.5) -> Path:
    """A run folder with weights (1 - share) first + share second, for a run and the one that it went on to be.

    Fine-tuning on few judgments forgets some of what was known; on the straight line back to where it began most of what it
    gained stays and what it forgot returns (Wortsman et al. 2022, *Robust fine-tuning of zero-shot models*, arXiv 2109.01903).

    Args:
        first: where the second began.
        second: where it ended; recipe and card are its, but not its figures, which are of other weights.
        out: the new folder.
        share: of the second, in [0, 1].

    Returns:
        ``out``.

    Raises:
        InvalidArgument: a share out of range.
        TrainingError: the two do not have the same tensors, or ``out`` holds a run already.
    """
    if not 0 <= share <= 1:
        raise InvalidArgument(f"the share of the second run lies in [0, 1], got {share:g}")
    if RunFolder(out).started:
        raise TrainingError(f"{printable(str(out))} holds a run already; name another folder")
    source, target, card = RunFolder(second), RunFolder(out), read_card(second)
    one, two = (
        {
            name: np.asarray(tensor)
            for name, tensor in read_tensors(RunFolder(run).weights).items()
            if name != KEY
        }
        for run in (first, second)
    )
    if {name: tensor.shape for name, tensor in one.items()} != {
        name: tensor.shape for name, tensor in two.items()
    }:
        raise TrainingError(
            f"{printable(str(first))} and {printable(str(second))} do not have the same layers; only a run and the one that "
            "went on from it have a mean"
        )
    mixed = {
        name: tensor
        if tensor.dtype.kind != "f"
        else ((1 - share) * one[name] + share * tensor).astype(tensor.dtype)
        for name, tensor in two.items()
    }
    target.create()
    target.write_recipe(source.recipe.read_text(encoding="utf-8"))
    target.write_weights(
        {name: torch.tensor(tensor) for name, tensor in mixed.items()},
        joined([read_fitted(RunFolder(first).weights), read_fitted(source.weights)]),
    )
    target.write_results({"averaged": {"from": str(first), "to": str(second), "share": share}})
    name = f"{card.name}, {share:.0%} of the way"
    write_card(out, replace(card, name=name, results={}, weights_sha256=file_sha256(target.weights)))
    return out
