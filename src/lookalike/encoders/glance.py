"""``glance``: the encoder inside the package, learned from scratch by ``lookalike.training``; works offline.

Its weights (ONNX, int8), card and model card lie in ``embedded/`` beside this module; how they were made
stands in the model card, which ``lookalike encoders show glance`` prints.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lookalike.encoders.base import Encoder
from lookalike.encoders.onnx import load as load_onnx
from lookalike.encoders.registry import EncoderOptions
from lookalike.errors import UnknownEncoder, WeightsNotFound, printable
from lookalike.images.files import file_sha256

FOLDER = Path(__file__).with_name("embedded")
SHA256 = "264ca43fd2c09df28f8ff7025941d3e4fa1cc40d1c3538a0e6c49eed3ba02d85"
"""Of glance.onnx; a file with other bytes is refused."""


def load(argument: str, options: EncoderOptions) -> Encoder:
    """``glance`` or ``glance?runtime=openvino&precision=bf16`` -> the embedded encoder.

    Raises:
        UnknownEncoder: something else stands behind the name.
        InvalidArgument, MissingDependency: see :func:`lookalike.encoders.onnx.load`.
        WeightsNotFound: the weights are missing or not those that were shipped.
    """
    if argument and not argument.startswith("?"):
        raise UnknownEncoder(f"glance has no parts: write glance, not glance:{printable(argument)}")
    if options.weights is not None:
        raise UnknownEncoder(
            "glance takes no --weights: its own are inside the package; use onnx:PATH for others"
        )
    path = FOLDER / "glance.onnx"
    try:
        found = file_sha256(path)
        pairs = np.load(FOLDER / "glance.pairs.npy", allow_pickle=False)
        model_card = (FOLDER / "glance.md").read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise WeightsNotFound(
            f"{printable(str(FOLDER))}: a file of glance is missing or damaged ({error}); reinstall lookalike"
        ) from error
    if found != SHA256:
        raise WeightsNotFound(
            f"{printable(str(path))}: the weights are damaged (SHA-256 {found[:16]}..., shipped was "
            f"{SHA256[:16]}...); reinstall lookalike"
        )
    encoder = load_onnx(f"{path}{argument}", options)
    encoder.card = replace(encoder.card, name=encoder.card.name.replace(f"onnx:{path}", "glance", 1))
    encoder.fitted_pairs, encoder.model_card = pairs, model_card
    return encoder
