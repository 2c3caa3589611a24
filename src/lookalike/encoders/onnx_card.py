"""The card beside an ONNX file: a small JSON document that says how an image becomes the network's input."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

from lookalike.encoders.base import Preprocessing
from lookalike.encoders.fitted import Hashes, from_text, read_file
from lookalike.errors import EncoderCardError, printable

T = TypeVar("T")


@dataclass(frozen=True)
class Tensor:
    """An input or output as the graph declares it; a dimension that the graph leaves open is None."""

    name: str
    shape: tuple[int | None, ...]
    type: str

    def __str__(self) -> str:
        return f"{self.name} ({', '.join('?' if n is None else str(n) for n in self.shape)})"


@dataclass(frozen=True)
class Graph:
    """What an ONNX file tells about itself."""

    input: Tensor
    outputs: tuple[Tensor, ...]

    @property
    def layout(self) -> str:
        """``NCHW`` or ``NHWC``, by where the three channels are; ``NCHW`` when the graph does not tell."""
        shape = self.input.shape
        return "NHWC" if shape[3] == 3 and shape[1] != 3 else "NCHW"

    def size(self, layout: str) -> tuple[int | None, int | None]:
        """(height, width) of the input, None where the graph leaves it open."""
        first = 2 if layout == "NCHW" else 1
        return self.input.shape[first], self.input.shape[first + 1]


@dataclass(frozen=True)
class OnnxCard:
    """A card that was read and found right. Field by field what the JSON document may hold.

    Attributes:
        size: (height, width) of the input in pixels.
        mean, std: per RGB channel, for pixels in [0, 1].
        resize, interpolation, antialias, crop_fraction: see :class:`~lookalike.encoders.base.Preprocessing`.
        embedding: the output that is the embedding.
        feature_map: the output that is the feature map, or None.
        pooling: what makes one vector of an embedding output with more than two dimensions: ``cls`` takes the
            first token of (n, tokens, d), ``mean`` averages over tokens or places; None for (n, d).
        layout: ``NCHW`` or ``NHWC``, of the input and of the feature map.
        normalize: give embeddings unit length.
        name, licence, source, training_data: for people.
        fitted_pairs: hashes of the human judgments that were learned from (:mod:`lookalike.encoders.fitted`), or None.
    """

    size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    embedding: str
    feature_map: str | None = None
    resize: str = "squash"
    interpolation: str = "bicubic"
    antialias: bool = True
    crop_fraction: float = 1.0
    pooling: str | None = None
    layout: str = "NCHW"
    normalize: bool = True
    name: str = ""
    licence: str = "unknown"
    source: str = "unknown"
    training_data: str = "unknown"
    fitted_pairs: Hashes | None = None

    @property
    def preprocessing(self) -> Preprocessing:
        """The part of the card that makes pixels a network's input."""
        return Preprocessing(
            resize=self.resize,  # type: ignore[arg-type]  # one of the three, checked when the card was read
            interpolation=self.interpolation,  # type: ignore[arg-type]
            antialias=self.antialias,
            mean=self.mean,
            std=self.std,
            crop_fraction=self.crop_fraction,
        )


def parse_card(document: object, graph: Graph, where: str, folder: Path | None = None) -> OnnxCard:
    """A card from its JSON document, checked against the graph; ``folder``: where it lies, for files that it names.

    Raises:
        EncoderCardError: naming the key that is missing, unknown, of the wrong type or against the graph.
    """
    return _CardReader(document, graph, where, folder).read()


class _CardReader:
    """Takes the keys of one document one by one; what is left over is unknown."""

    def __init__(self, document: object, graph: Graph, where: str, folder: Path | None) -> None:
        self.where = where
        self.folder = folder
        self.graph = graph
        if not isinstance(document, Mapping):
            raise EncoderCardError(f"{where}: a card is a JSON object {{...}}, this is {_kind(document)}")
        self.left = dict(document)

    def read(self) -> OnnxCard:
        layout = self.choice("layout", ("NCHW", "NHWC"), self.graph.layout)
        size = self.size(layout)
        embedding, feature_map = self.outputs()
        card = OnnxCard(
            size=size,
            mean=self.channels("mean"),
            std=self.channels("std", positive=True),
            embedding=embedding,
            feature_map=feature_map,
            resize=self.choice("resize", ("squash", "crop", "pad"), "squash"),
            interpolation=self.choice(
                "interpolation", ("bicubic", "bilinear", "lanczos", "nearest"), "bicubic"
            ),
            antialias=self.flag("antialias", True),
            crop_fraction=self.fraction("crop_fraction"),
            pooling=self.pooling(embedding),
            layout=layout,
            normalize=self.flag("normalize", True),
            name=self.text("name", ""),
            licence=self.text("licence", "unknown"),
            source=self.text("source", "unknown"),
            training_data=self.text("training_data", "unknown"),
            fitted_pairs=self.hashes("fitted_pairs"),
        )
        if self.left:
            known = [f.name for f in fields(OnnxCard) if f.name not in ("embedding", "feature_map")]
            raise self.wrong(next(iter(self.left)), f"unknown key; known: outputs, {', '.join(known)}")
        return card

    def wrong(self, key: str, reason: str) -> EncoderCardError:
        return EncoderCardError(f"{self.where}: {printable(key)}: {reason}")

    def take(self, key: str, check: Callable[[object], T | None], wanted: str, default: T | None = None) -> T:
        if key not in self.left:
            if default is None:
                raise self.wrong(key, f"missing; it must be {wanted}")
            return default
        value = self.left.pop(key)
        checked = check(value)
        if checked is None:
            raise self.wrong(key, f"must be {wanted}, got {json.dumps(value)[:200]}")
        return checked

    def size(self, layout: str) -> tuple[int, int]:
        fixed = self.graph.size(layout)
        default = (fixed[0], fixed[1]) if fixed[0] is not None and fixed[1] is not None else None
        size = self.take("size", _size, "[height, width] in pixels", default)
        for asked, built in zip(size, fixed, strict=True):
            if built is not None and asked != built:
                open_or = [("any" if n is None else n) for n in fixed]
                raise self.wrong(
                    "size", f"is {list(size)}, but the graph's input {self.graph.input} takes {open_or}"
                )
        return size

    def channels(self, key: str, *, positive: bool = False) -> tuple[float, float, float]:
        values = self.take(key, _three_numbers, "three numbers, one for each of R, G, B")
        if positive and min(values) <= 0:
            raise self.wrong(key, f"must be above 0 in every channel, got {list(values)}")
        return values

    def outputs(self) -> tuple[str, str | None]:
        names = [tensor.name for tensor in self.graph.outputs]
        default = {"embedding": names[0]} if len(names) == 1 else None
        wanted = '{"embedding": NAME, "feature_map": NAME} (feature_map only where there is one)'
        outputs = self.take("outputs", _names, wanted, default)
        for key, name in outputs.items():
            if key not in ("embedding", "feature_map"):
                raise self.wrong(f"outputs.{key}", "unknown key; known: embedding, feature_map")
            if name not in names:
                raise self.wrong(
                    f"outputs.{key}", f"the graph has no output {name!r}; it has: {', '.join(names)}"
                )
        if "embedding" not in outputs:
            raise self.wrong("outputs.embedding", f"missing; the graph's outputs: {', '.join(names)}")
        return outputs["embedding"], outputs.get("feature_map")

    def pooling(self, embedding: str) -> str | None:
        if "pooling" not in self.left:
            return None
        tensor = next(tensor for tensor in self.graph.outputs if tensor.name == embedding)
        if len(tensor.shape) == 2:
            raise self.wrong(
                "pooling", f"the output {tensor} is one vector for each image already; leave pooling out"
            )
        return self.choice("pooling", ("cls", "mean"), "mean")

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        def check(value: object) -> str | None:
            return value if isinstance(value, str) and value in allowed else None

        return self.take(key, check, "one of " + ", ".join(allowed), default)

    def flag(self, key: str, default: bool) -> bool:
        return self.take(
            key, lambda value: value if isinstance(value, bool) else None, "true or false", default
        )

    def fraction(self, key: str) -> float:
        def check(value: object) -> float | None:
            number = _number(value)
            return number if number is not None and 0 < number <= 1 else None

        return self.take(key, check, "a number above 0 and at most 1", 1.0)

    def hashes(self, key: str) -> Hashes | None:
        if isinstance(self.left.get(key), Mapping):
            try:
                return read_file(self.left.pop(key), self.folder)
            except ValueError as error:
                raise self.wrong(key, printable(str(error))) from None
        return self.take(key, from_text, "base64 of numbers of 64 bits") if key in self.left else None

    def text(self, key: str, default: str) -> str:
        return self.take(key, lambda value: value if isinstance(value, str) else None, "a text", default)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _three_numbers(value: object) -> tuple[float, float, float] | None:
    if not isinstance(value, list) or len(value) != 3:
        return None
    red, green, blue = (_number(item) for item in value)
    return None if red is None or green is None or blue is None else (red, green, blue)


def _size(value: object) -> tuple[int, int] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    if any(isinstance(side, bool) or not isinstance(side, int) or not 0 < side <= 16384 for side in value):
        return None
    return value[0], value[1]


def _names(value: object) -> dict[str, str] | None:
    if not isinstance(value, Mapping) or not all(
        isinstance(item, str) for pair in value.items() for item in pair
    ):
        return None
    return dict(value)


def _kind(value: object) -> str:
    kinds: dict[type, str] = {
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return kinds.get(type(value), "null")
