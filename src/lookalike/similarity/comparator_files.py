"""A comparator as a folder: ``comparator.json`` for people and checks, ``comparator.npz`` for numbers; no pickles."""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike._version import __version__
from lookalike.encoders import Encoder, EncoderOptions, load_encoder
from lookalike.encoders.npz_file import read_npz
from lookalike.errors import ComparatorError, printable
from lookalike.similarity.comparator import Comparator, refuse_other
from lookalike.similarity.comparator_fit import Calibration
from lookalike.similarity.comparator_model import Trained
from lookalike.similarity.comparator_space import Space
from lookalike.similarity.cues import View, measures

SCHEMA_VERSION = 1
"""Raised when an older lookalike could no longer read what this one writes."""

KIND = "lookalike comparator"
CARD_FILE = "comparator.json"
ARRAY_FILE = "comparator.npz"


def save(comparator: Comparator, folder: str | os.PathLike[str]) -> None:
    """Write a comparator; an older one in that folder is replaced, its card last.

    Raises:
        ComparatorError: the folder cannot be written.
    """
    place = Path(folder)
    stream = io.BytesIO()
    arrays: dict[str, Any] = _arrays(comparator.trained)
    if comparator.fitted is not None:
        arrays["fitted"] = comparator.fitted
    np.savez(stream, **arrays)
    content = stream.getvalue()
    card = json.dumps(_card(comparator, hashlib.sha256(content).hexdigest()), indent=2) + "\n"
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, data in ((ARRAY_FILE, content), (CARD_FILE, card.encode())):
            new = place / f"{name}.new"
            new.write_bytes(data)
            new.replace(place / name)
    except OSError as error:
        raise ComparatorError(
            f"cannot write the comparator to {printable(str(place))}: {error.strerror or error}"
        ) from error


def refuse_occupied(folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Nothing where a comparator may be written to a folder: it is new or empty, or a comparator to overwrite.

    Raises:
        ComparatorError: it holds other things, or a comparator that nobody asked to overwrite, or is no folder.
    """
    place = Path(folder)
    name = printable(str(place))
    try:
        if not place.exists():
            return
        if not place.is_dir():
            raise ComparatorError(f"{name} is a file; name a folder for the comparator")
        if not any(place.iterdir()):
            return
    except OSError as error:
        raise ComparatorError(f"cannot look into {name}: {error.strerror or error}") from error
    try:
        _read_card(place)
    except ComparatorError as error:
        raise ComparatorError(
            f"{name} is not empty and holds no comparator that could be overwritten; name a new folder"
        ) from error
    if not overwrite:
        raise ComparatorError(f"{name} holds a comparator already; give --overwrite to replace it")


def load(
    folder: str | os.PathLike[str],
    encoder: str | Encoder | None = None,
    options: EncoderOptions | None = None,
) -> Comparator:
    """Read what :func:`save` wrote; see :meth:`lookalike.similarity.comparator.Comparator.load`."""
    place = Path(folder)
    card = _read_card(place)
    arrays = _read_arrays(place, card)
    try:
        comparator = Comparator(
            _trained(card, arrays, printable(str(place))),
            str(card["encoder"]["spec"]),
            str(card["encoder"]["fingerprint"]),
            card["faces"]["spec"] if card["faces"] else None,
            card["faces"]["fingerprint"] if card["faces"] else "",
            options,
            arrays.get("fitted"),  # an older lookalike did not keep it
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(place, f"{type(error).__name__} {error}") from error
    if encoder is not None:
        loaded = load_encoder(encoder, options)
        refuse_other(comparator.fingerprint, comparator.encoder_spec, loaded)
        comparator._encoder = loaded
    return comparator


def _card(comparator: Comparator, digest: str) -> dict[str, Any]:
    trained = comparator.trained
    space = trained.space
    faces = {"spec": comparator.face_spec, "fingerprint": comparator.face_fingerprint}
    return {
        "kind": KIND,
        "schema": SCHEMA_VERSION,
        "lookalike": __version__,
        "encoder": {"spec": comparator.encoder_spec, "fingerprint": comparator.fingerprint},
        "faces": faces if comparator.face_spec else None,
        "pairs": trained.pairs,
        "seed": trained.seed,
        "measures": [
            {"name": m.name, "cue": m.cue, "levelled": m.levelled, "gated": m.gated} for m in space.measures
        ],
        "columns": [
            {"cue": cue, "name": name, "weight": float(weight)}
            for (cue, name), weight in zip(space.columns, trained.weights, strict=True)
        ],
        "calibration": {"slope": trained.calibration.slope, "intercept": trained.calibration.intercept},
        "centre": dict(space.centre),
        "scale": dict(space.scale),
        "sha256": digest,
    }


def _arrays(trained: Trained) -> dict[str, NDArray[Any]]:
    """Names such as ``state/2/mean``: the number is the measure's place in the card.

    Marks and reference rows were rounded to float16 when they were learned, so nothing is lost here.
    """
    space = trained.space
    arrays: dict[str, NDArray[Any]] = {"weights": trained.weights, "marks": space.marks.astype(np.float16)}
    for place, measure in enumerate(space.measures):
        for name, values in space.states[measure.name].items():
            arrays[f"state/{place}/{name}"] = values
        if measure.levelled:
            view = space.reference[measure.name]
            arrays[f"reference/{place}/rows"] = view.rows.astype(np.float16)
            arrays[f"reference/{place}/present"] = view.present
    return arrays


def _read_card(place: Path) -> dict[str, Any]:
    try:
        card = json.loads((place / CARD_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ComparatorError(
            f"{printable(str(place))} holds no comparator ({CARD_FILE} is missing); "
            "make one with `lookalike comparator fit`"
        ) from error
    except (OSError, ValueError) as error:
        raise _damaged(place, f"{CARD_FILE} cannot be read") from error
    if not isinstance(card, dict) or card.get("kind") != KIND:
        raise ComparatorError(f"{printable(str(place / CARD_FILE))} is not a comparator that lookalike wrote")
    if int(card.get("schema", 0)) > SCHEMA_VERSION:
        raise ComparatorError(
            f"the comparator in {printable(str(place))} was written by lookalike {card.get('lookalike')}; "
            "this version is older, install that one"
        )
    return card


def _read_arrays(place: Path, card: dict[str, Any]) -> dict[str, NDArray[Any]]:
    try:
        content = (place / ARRAY_FILE).read_bytes()
    except OSError as error:
        raise _damaged(place, f"{ARRAY_FILE} cannot be read") from error
    if hashlib.sha256(content).hexdigest() != card.get("sha256"):
        raise _damaged(place, f"{ARRAY_FILE} is not the file that {CARD_FILE} was written with")
    try:
        return read_npz(content)
    except ValueError as error:
        raise _damaged(place, f"{ARRAY_FILE}: {error}") from error


def _trained(card: dict[str, Any], arrays: dict[str, NDArray[Any]], where: str) -> Trained:
    known = measures()
    names = [str(entry["name"]) for entry in card["measures"]]
    if missing := [name for name in names if name not in known]:
        raise ComparatorError(
            f"the comparator in {where} uses measures that are not here: {', '.join(missing)}; "
            "import the package that registers them"
        )
    chosen = tuple(known[name] for name in names)
    states: dict[str, dict[str, NDArray[Any]]] = {name: {} for name in names}
    for key, values in arrays.items():
        if key.startswith("state/"):
            _, place, field = key.split("/", 2)
            states[names[int(place)]][field] = values
    reference = {
        measure.name: View(arrays[f"reference/{i}/rows"].astype(np.float32), arrays[f"reference/{i}/present"])
        for i, measure in enumerate(chosen)
        if measure.levelled
    }
    marks = arrays["marks"].astype(np.float32)
    space = Space(chosen, states, reference, marks, card["centre"], card["scale"], card["faces"] is not None)
    if [name for _, name in space.columns] != [entry["name"] for entry in card["columns"]]:
        raise ComparatorError(
            f"the measures of the comparator in {where} have changed since it was fitted; fit it anew"
        )
    calibration = Calibration(float(card["calibration"]["slope"]), float(card["calibration"]["intercept"]))
    return Trained(space, arrays["weights"], calibration, int(card["pairs"]), int(card["seed"]))


def _damaged(place: Path, reason: str) -> ComparatorError:
    return ComparatorError(
        f"the comparator in {printable(str(place))} is damaged: {reason}; fit it anew or copy it again"
    )
