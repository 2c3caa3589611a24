"""The layout of a finished training run, as far as using its encoder needs it: ``card.json`` and the tensors' names.

``card.json`` is one JSON object with the fields of :class:`TrainedCard`. ``weights.safetensors`` beside it holds
only what was trained:

- ``head.*``: the linear layers of a head, ``weight`` (out, in) and ``bias`` (out,), in the natural order of their
  names (``head.0.weight``, ``head.2.weight``; or ``head.fc1.weight``, ``head.fc2.weight``), ReLU between them;
- ``backbone.NAME`` (one parent) or ``backbones.I.NAME`` (the I-th of several): parameters and buffers of the
  parent's module that training changed, by their name there;
- ``backbone.NAME.lora_A.weight`` (rank, in) and ``backbone.NAME.lora_B.weight`` (out, rank): low-rank changes, to
  be added to NAME's weight as alpha / rank times B A (Hu et al. 2021, arXiv 2106.09685, section 4.1).

Its header holds the hashes of the human judgments that were learned from (:mod:`lookalike.encoders.fitted`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lookalike.errors import EncoderCardError, printable

CARD = "card.json"
WEIGHTS = "weights.safetensors"
KIND = "lookalike trained encoder"
SCHEMA_VERSION = 1
"""Raised when an older lookalike could no longer read what this one writes."""

FEATURES = ("raw", "normalized", "centred")
"""What a head is given of each parent's embedding: as the network computes it; at unit L2 length; or at unit
length and then its own mean subtracted (DreamSim's ensemble)."""


@dataclass(frozen=True)
class Parent:
    """The encoder that training started from.

    Attributes:
        spec: as :func:`lookalike.load_encoder` takes it, or ``net:...`` for a network trained from scratch.
        fingerprint: of its card when it was trained on; '' for a network from scratch.
        weights: a weights file given by the user, absolute or relative to the run folder; None is the encoder's own.
    """

    spec: str
    fingerprint: str = ""
    weights: str | None = None


@dataclass(frozen=True)
class TrainedCard:
    """What ``card.json`` says. Everything but ``parents``, ``adapter`` and ``features`` is for people.

    Attributes:
        name: of the run.
        parents: one, or several whose embeddings are concatenated in this order.
        adapter: ``kind`` and its settings: ``alpha`` and ``rank`` for lora; ``residual`` for a head (None or absent:
            an mlp head whose two ends are equally long adds its input, others do not).
        features: one of :data:`FEATURES`.
        dim: length of the embedding.
        weights_sha256: of the weights file; '' is not checked.
        licence: what is known about the licence of the result.
        training_data: what it was trained on.
        recipe: the recipe as plain JSON types.
        results: figures, as in results.json.
    """

    name: str
    parents: tuple[Parent, ...]
    adapter: Mapping[str, Any] = field(default_factory=dict)
    features: str = "raw"
    dim: int = 0
    weights_sha256: str = ""
    licence: str = "unknown"
    training_data: str = "unknown"
    recipe: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return {"kind": KIND, "version": SCHEMA_VERSION, **asdict(self)}


def is_run(folder: Path) -> bool:
    """True for a folder that holds a finished run."""
    try:
        return (folder / CARD).is_file()
    except (OSError, ValueError):
        return False


def read_card(folder: Path) -> TrainedCard:
    """The card of a finished run.

    Raises:
        EncoderCardError: none there, not readable, damaged, or of a newer lookalike.
    """
    path = folder / CARD
    where = printable(str(path))
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EncoderCardError(
            f"{printable(str(folder))} is no finished training run: it has no {CARD}; name the folder that "
            "`lookalike train` wrote, or finish the run with --resume"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise EncoderCardError(f"{where}: the card cannot be read: {error}") from None
    except ValueError as error:
        raise EncoderCardError(
            f"{where}: not valid JSON ({error}); train again or restore the file"
        ) from None
    return parse_card(document, where)


def parse_card(document: object, where: str) -> TrainedCard:
    """A card from its JSON document; unknown keys are left alone, so that a newer writer may add some.

    Raises:
        EncoderCardError: it is none, or a key is missing or wrong.
    """
    if not isinstance(document, Mapping) or document.get("kind") != KIND:
        raise EncoderCardError(f"{where}: this is not the card of an encoder that `lookalike train` wrote")
    version = document.get("version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise EncoderCardError(
            f"{where}: it has version {version}, this lookalike knows up to {SCHEMA_VERSION}; upgrade lookalike"
        )
    try:
        parents = tuple(
            Parent(str(one["spec"]), str(one.get("fingerprint") or ""), one.get("weights"))
            for one in document["parents"]
        )
        card = TrainedCard(
            name=str(document["name"]),
            parents=parents,
            adapter=dict(document.get("adapter") or {}),
            features=str(document.get("features") or "raw"),
            dim=int(document.get("dim") or 0),
            recipe=dict(document.get("recipe") or {}),
            results=dict(document.get("results") or {}),
            **{
                key: str(document[key])
                for key in ("weights_sha256", "licence", "training_data")
                if key in document
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EncoderCardError(f"{where}: a key is missing or wrong: {error}; train again") from None
    if not card.parents:
        raise EncoderCardError(f"{where}: parents: names no encoder that was trained")
    if card.features not in FEATURES:
        raise EncoderCardError(f"{where}: features: must be one of {', '.join(FEATURES)}")
    return card


def write_card(folder: Path, card: TrainedCard) -> Path:
    """Write ``card.json``; a reader sees the old card or the new one, never half of one."""
    path = folder / CARD
    draft = path.with_name(f"{CARD}.new")
    draft.write_text(json.dumps(card.to_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)
    return path
