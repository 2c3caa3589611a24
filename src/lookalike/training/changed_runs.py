"""Encoders made of finished runs without training: a last layer whitened, or weights between those of two runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import load_encoder
from lookalike.encoders.fitted import KEY, joined
from lookalike.encoders.trained_card import read_card
from lookalike.encoders.trained_file import read_fitted, read_tensors
from lookalike.encoders.transform import Whitening, refuse_few
from lookalike.errors import InvalidArgument, TrainingError, printable
from lookalike.images import ImageLike
from lookalike.images.files import file_sha256
from lookalike.training.backbones import LAST
from lookalike.training.pytorch import torch
from lookalike.training.run_folder import RunFolder

BATCH = 64

Tensors = dict[str, NDArray[Any]]


def whiten_run(
    run: Path, images: Sequence[ImageLike], out: Path, *, dims: int = 256, exponent: float = 0.5
) -> Path:
    """A run folder whose encoder is that of ``run``, whitened on images within its last layer.

    A network that imitates a teacher says too little along the directions that it finds hard. With mean m and principal
    components of the last layer's outputs W h + b, that layer becomes P W, P (b - m), P = diag(variance ^ (-exponent / 2)) times
    the first ``dims`` components (:class:`~lookalike.encoders.transform.Whitening`, here without the square root and the
    mirror image, and before the embedding is scaled to unit length). The feature map's mean stays the embedding.

    Args:
        run: folder of a finished run of one ``net:small`` network, adapter ``full``.
        images: photographs that nothing is scored on; which belong together is not asked.
        out: the new folder; the run's figures are not taken over, for they are of other weights.
        dims: length of the new embedding; fewer where the old one is shorter.
        exponent: in [0, 1].

    Returns:
        ``out``.

    Raises:
        TrainingError: the run is of another kind, or ``out`` holds one already.
        InvalidArgument: too few images, or an exponent out of range.
    """
    _refuse_started(out)
    card, tensors = read_card(run), _read(run)
    names = [f"backbone.{LAST}{name}" for name in ("weight", "bias")]
    alone = len(card.parents) == 1 and not any(name.startswith("head.") for name in tensors)
    if not alone or any(name not in tensors for name in names):
        raise TrainingError(
            f"{printable(str(run))} is no trained net:small network with a last layer; only such a one can be whitened"
        )
    refuse_few(len(images))
    found = Whitening.fit(last_outputs(run, images), dims=dims, exponent=exponent, sqrt=False)
    projection = (found.components * found.scales[:, np.newaxis]).astype(np.float64)
    weight, bias = (tensors[name].astype(np.float64) for name in names)
    changed = (projection @ weight, projection @ (bias - found.mean))
    tensors |= {name: tensor.astype(np.float32) for name, tensor in zip(names, changed, strict=True)}
    parent = replace(card.parents[0], spec=_with(card.parents[0].spec, "dim", found.dim))
    about = {"whitened": {"run": str(run), "images": len(images), "exponent": exponent}}
    name = f"{card.name}, whitened"
    return _write(out, tensors, [run], about, name=name, parents=(parent,), dim=found.dim)


def average_runs(
    first: Path, second: Path, out: Path, *, share: float = 0.5, size: int | None = None
) -> Path:
    """A run folder with weights (1 - share) first + share second, for a run and the one that it went on to be.

    Fine-tuning on few judgments forgets some of what was known; on the straight line back to where it began most of what it
    gained stays and what it forgot returns (Wortsman et al. 2022, *Robust fine-tuning of zero-shot models*, arXiv 2109.01903).

    What is learned from crops, resized to the input, is shown larger than the same thing in a whole picture; reading whole
    pictures at a larger size makes up for it, without training (Touvron et al. 2019, *Fixing the train-test resolution
    discrepancy*, arXiv 1906.06423).

    Args:
        first: where the second began.
        second: where it ended; recipe and card are its, but not its figures, which are of other weights.
        out: the new folder.
        share: of the second, in [0, 1].
        size: side in pixels that the new encoder reads images at (``net:small`` only); None: that of the second.

    Returns:
        ``out``.

    Raises:
        InvalidArgument: a share or a size out of range.
        TrainingError: the two do not have the same tensors, ``out`` holds a run already, or a size is given for another network.
    """
    if not 0 <= share <= 1:
        raise InvalidArgument(f"the share of the second run lies in [0, 1], got {share:g}")
    if size is not None and size < 1:
        raise InvalidArgument(f"the size of the input is 1 pixel or more, got {size}")
    _refuse_started(out)
    card = read_card(second)
    if size is not None and [one.spec.partition("?")[0] for one in card.parents] != ["net:small"]:
        raise TrainingError(
            f"{printable(str(second))} is no net:small network; only such a one reads images of any size"
        )
    one, two = _read(first), _read(second)
    if {name: tensor.shape for name, tensor in one.items()} != {n: tensor.shape for n, tensor in two.items()}:
        raise TrainingError(
            f"{printable(str(first))} and {printable(str(second))} do not have the same layers; only a run and the one that "
            "went on from it have a mean"
        )
    for name, tensor in two.items():
        if tensor.dtype.kind == "f":
            two[name] = ((1 - share) * one[name] + share * tensor).astype(tensor.dtype)
    about: dict[str, dict[str, Any]] = {"averaged": {"from": str(first), "to": str(second), "share": share}}
    parents = card.parents
    if size is not None:
        about["averaged"]["size"] = size
        parents = (replace(parents[0], spec=_with(parents[0].spec, "size", size)),)
    return _write(
        out, two, [first, second], about, name=f"{card.name}, {share:.0%} of the way", parents=parents
    )


def last_outputs(run: Path, images: Sequence[ImageLike]) -> NDArray[np.float32]:
    """What the last layer gives, before it is scaled to unit length, as the mean of the feature map: float32 (n, d)."""
    encoder = load_encoder(str(run))
    parts = [
        encoder.feature_map(images[start : start + BATCH]).mean(axis=(1, 2))
        for start in range(0, len(images), BATCH)
    ]
    return np.concatenate(parts)


def _refuse_started(out: Path) -> None:
    if RunFolder(out).started:
        raise TrainingError(f"{printable(str(out))} holds a run already; name another folder")


def _read(run: Path) -> Tensors:
    found = read_tensors(RunFolder(run).weights)
    return {name: np.asarray(tensor) for name, tensor in found.items() if name != KEY}


def _write(
    out: Path, tensors: Tensors, sources: Sequence[Path], about: Mapping[str, Any], **changes: Any
) -> Path:
    """A finished run's folder: recipe and card of the last source, the judgments that any of them learned from."""
    target, source = RunFolder(out), RunFolder(sources[-1])
    target.create()
    target.write_recipe(source.recipe.read_text(encoding="utf-8"))
    fitted = joined(read_fitted(RunFolder(run).weights) for run in sources)
    target.write_weights({name: torch.tensor(tensor) for name, tensor in tensors.items()}, fitted)
    target.write_results(about)
    sha256 = file_sha256(target.weights)
    target.write_card(replace(source.read_card(), results={}, weights_sha256=sha256, **changes))
    return out


def _with(spec: str, key: str, value: int) -> str:
    """A network's name with one setting changed."""
    name, _, settings = spec.partition("?")
    kept = [one for one in settings.split("&") if one and not one.startswith(f"{key}=")]
    return f"{name}?{'&'.join([*kept, f'{key}={value}'])}"
