"""Finding the card of an ONNX file, and the message that shows which card to write."""

from __future__ import annotations

import json
import os
from pathlib import Path

from lookalike.encoders.known_cards import KNOWN_CARDS
from lookalike.encoders.onnx_card import Graph, OnnxCard, parse_card
from lookalike.errors import EncoderCardError, printable

CARDS_FOLDER_VARIABLE = "LOOKALIKE_CARDS"
"""Environment variable: a folder of cards for models whose own folder cannot be written to."""

_IMAGENET_MEAN = [0.485, 0.456, 0.406]
_IMAGENET_STD = [0.229, 0.224, 0.225]


def card_places(model: Path) -> list[Path]:
    """Where a card for ``model`` is looked for, in this order: beside it, then in $LOOKALIKE_CARDS."""
    names = [model.name + ".json", model.stem + ".json"]
    folders = [model.parent]
    extra = os.environ.get(CARDS_FOLDER_VARIABLE)
    if extra:
        folders.append(Path(extra).expanduser())
    return [folder / name for folder in folders for name in names]


def find_card(model: Path, sha256: str, graph: Graph) -> OnnxCard:
    """The card of an ONNX file: beside it, in $LOOKALIKE_CARDS, or among those known by content.

    Raises:
        EncoderCardError: no card (the message shows the one to write), or a wrong one (it names the key).
    """
    for place in card_places(model):
        try:
            text = place.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise EncoderCardError(f"{_shown(place)}: the card cannot be read: {error}") from error
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise EncoderCardError(
                f"{_shown(place)}: not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
            ) from error
        return parse_card(document, graph, _shown(place), place.parent)
    if sha256 in KNOWN_CARDS:
        return parse_card(KNOWN_CARDS[sha256], graph, f"known card of {_shown(model)}")
    raise EncoderCardError(missing_card_message(model, graph))


def missing_card_message(model: Path, graph: Graph) -> str:
    """One line that shows the card to write, filled in as far as the graph tells."""
    place = model.with_name(model.name + ".json")
    outputs = ", ".join(str(tensor) for tensor in graph.outputs)
    return (
        f"{_shown(model)} has no card; write {_shown(place)} with: {json.dumps(draft_card(graph))} "
        f"(the graph's input: {graph.input}; its outputs: {outputs}; where {_shown(place.parent)} cannot be "
        f"written to, name a folder of cards in ${CARDS_FOLDER_VARIABLE})"
    )


def draft_card(graph: Graph) -> dict[str, object]:
    """A card for this graph; what the graph does not tell reads ``FILL IN: ...``."""
    height, width = graph.size(graph.layout)
    flat = [tensor.name for tensor in graph.outputs if len(tensor.shape) == 2]
    maps = [tensor.name for tensor in graph.outputs if len(tensor.shape) == 4]
    outputs = {"embedding": (flat or [graph.outputs[0].name])[0]}
    if maps:
        outputs["feature_map"] = maps[0]
    known = height is not None and width is not None
    return {
        "size": [height, width] if known else "FILL IN: [height, width]",
        "mean": f"FILL IN: as in training, such as {_IMAGENET_MEAN} or [0.5, 0.5, 0.5]",
        "std": f"FILL IN: as in training, such as {_IMAGENET_STD} or [0.5, 0.5, 0.5]",
        "resize": "squash",
        "interpolation": "bicubic",
        "outputs": outputs,
        "layout": graph.layout,
    }


def _shown(path: Path) -> str:
    return printable(str(path))
