"""Whiten what a trained ``net:small`` gives, within its last layer: the same network, an encoder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.fitted import KEY
from lookalike.encoders.preprocess import to_network
from lookalike.encoders.registry import EncoderOptions
from lookalike.encoders.trained import load
from lookalike.encoders.trained_card import read_card, write_card
from lookalike.encoders.trained_file import read_fitted, read_tensors
from lookalike.encoders.trained_torch import TrainedTorchEncoder
from lookalike.encoders.transform import Whitening, refuse_few
from lookalike.errors import TrainingError, printable
from lookalike.images import ImageLike, decode
from lookalike.images.files import file_sha256
from lookalike.training.backbones import LAST
from lookalike.training.pytorch import torch
from lookalike.training.run_folder import RunFolder

BATCH = 64


def whiten_run(
    run: Path, images: Sequence[ImageLike], out: Path, *, dims: int = 256, exponent: float = 0.5
) -> Path:
    """A run folder whose encoder is that of ``run``, whitened on images.

    A network that imitates a teacher says too little along the directions that it finds hard. With mean m and principal
    components of the last layer's outputs W h + b, that layer becomes P W, P (b - m), P = diag(variance ^ (-exponent / 2)) times
    the first ``dims`` components (:class:`~lookalike.encoders.transform.Whitening`, here without the square root and the
    mirror image, and before the embedding is scaled to unit length). The feature map's mean stays the embedding.

    Args:
        run: folder of a finished run of one ``net:small`` network, adapter ``full``.
        images: photographs that nothing is scored on; which belong together is not asked.
        out: the new folder.
        dims: length of the new embedding; fewer where the old one is shorter.
        exponent: in [0, 1].

    Returns:
        ``out``.

    Figures of the run are not taken over: they are of other weights.

    Raises:
        TrainingError: the run is of another kind, or ``out`` holds one already.
        InvalidArgument: too few images, or an exponent out of range.
    """
    card, source, target = read_card(run), RunFolder(run), RunFolder(out)
    read = {name: tensor for name, tensor in read_tensors(source.weights).items() if name != KEY}
    tensors = {name: torch.tensor(np.asarray(tensor)) for name, tensor in read.items()}
    names = [f"backbone.{LAST}{name}" for name in ("weight", "bias")]
    alone = len(card.parents) == 1 and not any(name.startswith("head.") for name in tensors)
    if not alone or any(name not in tensors for name in names):
        raise TrainingError(
            f"{printable(str(run))} is no trained net:small network with a last layer; only such a one can be whitened"
        )
    if target.started:
        raise TrainingError(f"{printable(str(out))} holds a run already; name another folder")
    refuse_few(len(images))
    found = Whitening.fit(plain_embeddings(run, images), dims=dims, exponent=exponent, sqrt=False)
    projection = torch.tensor(found.components * found.scales[:, np.newaxis], dtype=torch.float64)
    weight, bias = (tensors[name].double() for name in names)
    mean = torch.tensor(found.mean, dtype=torch.float64)
    tensors |= dict(
        zip(names, ((projection @ weight).float(), (projection @ (bias - mean)).float()), strict=True)
    )
    target.create()
    target.write_recipe(source.recipe.read_text(encoding="utf-8"))
    target.write_weights(tensors, read_fitted(source.weights))
    target.write_results({"whitened": {"run": str(run), "images": len(images), "exponent": exponent}})
    parent = card.parents[0]
    changed = replace(
        card,
        name=f"{card.name}, whitened",
        parents=(replace(parent, spec=_with_dim(parent.spec, found.dim)),),
        dim=found.dim,
        results={},
        weights_sha256=file_sha256(target.weights),
    )
    write_card(out, changed)
    return out


def plain_embeddings(run: Path, images: Sequence[ImageLike]) -> NDArray[np.float32]:
    """What the last layer gives, before it is scaled to unit length: float32 (n, d).

    Raises:
        TrainingError: the run's network is not run by PyTorch.
    """
    encoder = load(str(run), EncoderOptions(device="cpu"))
    if not isinstance(encoder, TrainedTorchEncoder):
        raise TrainingError(f"{printable(str(run))} is no network of its own, so it has no last layer")
    network = encoder.module["parents"][0].eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            pixels = [to_network(decode(one), encoder.card) for one in images[start : start + BATCH]]
            found.append(network(torch.from_numpy(np.stack(pixels))).numpy())
    return np.concatenate(found)


def _with_dim(spec: str, dim: int) -> str:
    name, _, settings = spec.partition("?")
    kept = [one for one in settings.split("&") if one and not one.startswith("dim=")]
    return f"{name}?{'&'.join([*kept, f'dim={dim}'])}"
