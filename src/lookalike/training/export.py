"""A trained encoder as one ONNX file with the card beside it, checked against the original on real images.

``onnx:FILE`` then is the same encoder without PyTorch: the network, the head and how an image is prepared.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lookalike.encoders import Encoder, EncoderOptions, load_encoder
from lookalike.encoders.fitted import KEY, MOST_IN_CARD, Hashes, file_entry, to_npy, to_text
from lookalike.errors import EncoderError, InvalidArgument, TrainingError, printable
from lookalike.images import ImageLike
from lookalike.progress import Progress
from lookalike.training.export_graph import FEATURE_MAP, Exported, build_graph
from lookalike.training.export_images import default_images
from lookalike.training.export_parity import Original, Parity, failures
from lookalike.training.export_precision import INT8_WAYS, to_fp16, to_int8
from lookalike.training.run_folder import write_atomic

if TYPE_CHECKING:
    from lookalike.judgments import PairTable

__all__ = ["CALIBRATION_IMAGES", "PRECISIONS", "ExportReport", "Parity", "Precision", "export_onnx"]

Precision = Literal["fp32", "fp16", "int8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8")
CALIBRATION_IMAGES = 64
"""How many images the ranges of int8 activations are measured on."""


@dataclass(frozen=True)
class ExportReport:
    """What was written and how well it agrees.

    Attributes:
        file: the ONNX file.
        card: the card beside it.
        precision: fp32, fp16 or int8.
        method: how the precision was reached, in words; for int8 which of several ways passed the check.
        opset: of the ONNX file.
        bytes: size of the file.
        encoder: name of what was exported.
        dim: length of an embedding.
        feature_map: True when the file has that output.
        parity: agreement with the original.
    """

    file: Path
    card: Path
    precision: str
    method: str
    opset: int
    bytes: int
    encoder: str
    dim: int
    feature_map: bool
    parity: Parity

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**asdict(self), "file": str(self.file), "card": str(self.card)}


def export_onnx(
    encoder: str | Path | Encoder,
    target: str | Path,
    *,
    precision: Precision = "fp32",
    images: Sequence[ImageLike] | None = None,
    pairs: PairTable | None = None,
    weights: Path | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Write an encoder as ONNX, if it agrees with the original.

    Args:
        encoder: the folder of a run, any PyTorch encoder, or an ``onnx:`` one (to make it smaller). A head on an
            ``onnx:`` encoder is joined to its graph.
        target: FILE.onnx; the card becomes FILE.onnx.json. Files of these names are replaced. An encoder that learned
            from more than 200,000 judgments gets a third file, FILE.pairs.npy, which the card needs beside it.
        precision: ``fp32``; ``fp16`` (weights stored at half precision, computed in float32; half the size); or
            ``int8`` (about a quarter of the size): static quantisation with a scale for each channel, the network's end in
            floats, and where that loses too much, only the stored weights. The report says which.
        images: for calibration and the check; None takes those of ``pairs``, else photographs that come along.
        pairs: recall on them must then agree as well.
        weights: the parent's weights.
        progress: called as work goes on.

    Raises:
        TrainingError: there is no network to export, or the result does not agree; no file is left behind then.
        InvalidArgument: an unknown precision or a wrong file name.
        EncoderError: the encoder cannot be loaded.
    """
    place = _checked_target(target, precision)
    if not isinstance(encoder, Encoder):
        encoder = load_encoder(str(encoder), EncoderOptions(weights=weights, device="cpu"))
    tell = progress or _silent
    chosen = list(images) if images is not None else default_images(pairs)
    if len(chosen) < 2:
        raise TrainingError(f"export: {len(chosen)} images are too few to check the result; give at least 2")
    draft = place.with_name(f".{place.stem}.{os.getpid()}.onnx")
    draft_card = draft.with_name(f"{draft.name}.json")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        tell("exporting the network", 0, 3)
        exported = build_graph(encoder)
        draft_card.write_text(json.dumps(exported.card, indent=2) + "\n", encoding="utf-8")
        tell("checking", 1, 3)
        method, parity = _write_checked(encoder, exported, precision, draft, chosen, pairs)
        if encoder.fitted_pairs is not None:
            document = {**exported.card, KEY: _kept(encoder.fitted_pairs, place)}
            draft_card.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        card = place.with_name(f"{place.name}.json")
        draft_card.replace(card)
        draft.replace(place)
    except OSError as error:
        raise TrainingError(f"export: cannot write {printable(str(place))}: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
        draft_card.unlink(missing_ok=True)
    tell("done", 3, 3)
    return ExportReport(
        file=place,
        card=card,
        precision=precision,
        method=method,
        opset=exported.opset,
        bytes=place.stat().st_size,
        encoder=encoder.card.name,
        dim=encoder.card.dim,
        feature_map=FEATURE_MAP in exported.card["outputs"],
        parity=parity,
    )


def _write_checked(
    encoder: Encoder,
    exported: Exported,
    precision: Precision,
    draft: Path,
    images: Sequence[ImageLike],
    pairs: PairTable | None,
) -> tuple[str, Parity]:
    """Write the draft in the first way that agrees with the original; (the way, its agreement)."""
    # What ranges were measured on is not what the result is checked on, where there are enough images.
    calibration = images[:CALIBRATION_IMAGES]
    checked = images[CALIBRATION_IMAGES:] if len(images) >= 2 * CALIBRATION_IMAGES else images
    ways = INT8_WAYS if precision == "int8" else (precision,)
    original = Original(encoder, checked, pairs)
    wrong: list[str] = []
    wrong_before: list[str] = []
    for way in ways:
        method: str = way
        if precision == "int8":
            method = to_int8(exported, draft, calibration, way)
        else:
            exported.save(draft, to_fp16(exported.model) if precision == "fp16" else exported.model)
        try:
            parity = original.compare(draft)
        except EncoderError as error:
            wrong = wrong_before = [str(error)]
            continue
        wrong = failures(parity, precision)
        if not wrong:
            if precision == "int8" and wrong_before:
                method = f"{method} ({' and '.join(ways[: ways.index(way)])} did not agree: {'; '.join(wrong_before)})"
            return method, parity
        wrong_before = wrong
    raise TrainingError(
        f"export of {printable(encoder.card.name)} as {precision} does not agree with the original: "
        f"{'; '.join(wrong)}; nothing was written; choose a higher precision"
    )


def _kept(fitted_pairs: Hashes, place: Path) -> str | dict[str, str]:
    """What the card says of the judgments that were learned from; many of them are written to a file beside it."""
    if len(fitted_pairs) <= MOST_IN_CARD:
        return to_text(fitted_pairs)
    content = to_npy(fitted_pairs)
    file = place.with_name(f"{place.stem}.pairs.npy")
    write_atomic(file, content)
    return file_entry(file.name, content)


def _checked_target(target: str | Path, precision: str) -> Path:
    if precision not in PRECISIONS:
        raise InvalidArgument(f"export: precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    place = Path(target).expanduser().absolute()
    if place.suffix != ".onnx" or place.is_dir():
        raise InvalidArgument(f"export: the file must be named NAME.onnx, got {printable(str(place))}")
    return place


def _silent(stage: str, done: int, total: int) -> None:
    del stage, done, total
