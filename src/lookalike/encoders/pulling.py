"""Weights on this machine before they are needed: `lookalike encoders pull`."""

from __future__ import annotations

from pathlib import Path

from lookalike.encoders.ensemble import split_ensemble, split_weight
from lookalike.encoders.registry import load_encoder

FETCHED = ("timm", "torchvision", "open_clip")
"""Schemes whose weights come from a hub; the others lie where their name says."""


def pull_weights(spec: str) -> list[Path]:
    """Fetch the weights of an encoder, or of every part of an ensemble, unless they are here already.

    Returns:
        The files; empty for an encoder that needs none from elsewhere.

    Raises:
        WeightsNotFound: no network, or the server does not hand out the file.
        UnknownEncoder: no encoder has that name.
        MissingDependency: its library is not installed.
    """
    files = []
    for part in split_ensemble(spec):
        _, name = split_weight(part)
        if name.partition(":")[0] in FETCHED:
            from lookalike.encoders.weights_source import pull

            files.append(pull(name))
        else:
            load_encoder(name)
    return files
