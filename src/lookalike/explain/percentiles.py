"""Reference sets: what images usually have in common, so that a similarity can be read as a percentile.

Built in: statistics of random pairs of photographs of a look-alike site (means, spreads and quantiles only, made by
``scripts/make_reference_quantiles.py``). Or the images of a gallery or a folder: then "closer than 99 % of pairs" is
said of the pairs of *that* collection.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import ExplainError
from lookalike.explain.attributes import PIXEL_ATTRIBUTES, Norm
from lookalike.explain.attributes_pixels import VERSION
from lookalike.explain.centring import CorpusMean
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.encoders import Encoder
    from lookalike.encoders.faces_types import Face
    from lookalike.images import ImageLike

LEAST_IMAGES = 20
"""With fewer images a percentile would mean nothing."""

MOST_IMAGES = 400
"""Of a larger folder or gallery, so many images are taken (seeded)."""

PAIRS = 20_000
"""So many random pairs are compared."""

LEVELS = np.unique(
    np.concatenate(
        [np.linspace(0, 1, 11), np.linspace(1, 99, 99), np.linspace(99, 100, 11), [0.01, 0.05, 99.95, 99.99]]
    )
)
"""Percentiles that are kept: every whole one, tenths of the first and last, and the tails."""


@dataclass(frozen=True, eq=False)
class Quantiles:
    """How a similarity is spread over random pairs.

    Attributes:
        values: similarity at each of :data:`LEVELS`, rising, float64.
        pairs: how many were compared.
    """

    values: NDArray[np.float64]
    pairs: int

    @classmethod
    def of(cls, similarities: NDArray[np.floating]) -> Quantiles:
        """From the similarities of random pairs."""
        return cls(np.quantile(np.asarray(similarities, dtype=np.float64), LEVELS / 100), len(similarities))

    def percentile(self, similarity: float) -> float:
        """Share of random pairs that are less alike, in per cent; never 0 or 100, which no sample can know."""
        low = float(np.interp(similarity, *_rising(self.values)))
        least = 100.0 / (self.pairs + 1)
        return float(np.clip(low, least, 100.0 - least))

    def excess(self, similarity: float) -> float:
        """How far above the median, in distances from the median to the 99th percentile: tells ties at the top apart."""
        median, high = np.interp([50.0, 99.0], LEVELS, self.values)
        return float((similarity - median) / max(high - median, 1e-9))


def _rising(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values without repeats and the middle level of each: ties count half."""
    distinct, first = np.unique(values, return_index=True)
    last = np.append(first[1:], len(values)) - 1
    return distinct, (LEVELS[first] + LEVELS[last]) / 2


@dataclass(frozen=True, eq=False)
class ContentReference:
    """Random pairs as one encoder sees them.

    Attributes:
        mean: what is subtracted before a cosine; with the mean of pooled feature maps where the encoder has any.
        quantiles: of centred cosines.
        typical: name of a counterfactual -> mean change of the centred cosine that it makes to random pairs.
        spread: standard deviation of the centred cosines of random pairs.
    """

    mean: CorpusMean
    quantiles: Quantiles
    spread: float
    typical: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Reference:
    """Random pairs to compare with.

    Attributes:
        kind: "built-in", "gallery", "folder" or "images".
        name: for people.
        images: how many.
        norms: block -> mean and spread.
        quantiles: attribute -> quantiles of its similarity.
        content: fingerprint of an encoder -> its reference.
    """

    kind: str
    name: str
    images: int
    norms: Mapping[str, Norm]
    quantiles: Mapping[str, Quantiles]
    content: Mapping[str, ContentReference] = field(default_factory=dict)

    def percentile(self, attribute: str, similarity: float) -> float | None:
        """Percentile of a similarity; None where the reference says nothing of that attribute."""
        found = self.quantiles.get(attribute)
        return None if found is None else found.percentile(similarity)

    def excess(self, attribute: str, similarity: float) -> float | None:
        """See :meth:`Quantiles.excess`; None where the reference says nothing of that attribute."""
        found = self.quantiles.get(attribute)
        return None if found is None else found.excess(similarity)

    def to_dict(self) -> dict[str, Any]:
        """What it is, without its numbers."""
        return {"kind": self.kind, "name": self.name, "images": self.images}

    @classmethod
    def builtin(cls) -> Reference:
        """The reference that ships with lookalike.

        Raises:
            ExplainError: its files are damaged or of another version.
        """
        return _builtin()

    @classmethod
    def from_images(
        cls,
        images: Sequence[ImageLike],
        encoder: Encoder | None = None,
        *,
        vectors: NDArray[np.floating] | None = None,
        kind: str = "images",
        name: str = "",
        faces: Callable[[Sequence[ImageLike]], list[list[Face]]] | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Reference:
        """Random pairs of these images; see :func:`lookalike.explain.reference_build.reference_of`."""
        from lookalike.explain.reference_build import reference_of

        return reference_of(
            images, encoder, vectors=vectors, kind=kind, name=name, faces=faces, seed=seed, progress=progress
        )

    def with_content(self, fingerprint: str, content: ContentReference) -> Reference:
        """The same, knowing one more encoder."""
        return replace(self, content={**self.content, fingerprint: content})


@cache
def _builtin() -> Reference:
    folder = files("lookalike.explain").joinpath("reference")
    norms: dict[str, Norm] = {}
    quantiles: dict[str, Quantiles] = {}
    images = 0
    for name in (*PIXEL_ATTRIBUTES, "face", "face_layout"):
        document = _read(folder.joinpath(f"{name}.json"), name)
        images = max(images, int(document["images"]))
        quantiles[name] = _quantiles(document)
        for block, norm in document["norms"].items():
            norms[block] = Norm(_floats(norm["mean"]), _floats(norm["spread"]))
    content = {
        fingerprint: ContentReference(
            CorpusMean(
                _floats(one["mean"]), str(one["encoder"]), fingerprint, int(one["images"]),
                None if one["feature_mean"] is None else _floats(one["feature_mean"]),
            ),
            _quantiles(one), float(one["spread"]), dict(one["typical"]),
        )
        for fingerprint, one in _read(folder.joinpath("content.json"), "content")["encoders"].items()
    }  # fmt: skip
    return Reference("built-in", "photographs of a look-alike site", images, norms, quantiles, content)


def _read(file: Any, name: str) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExplainError(
            f"the built-in reference of {name} cannot be read ({error}); install lookalike again"
        ) from error
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ExplainError(
            f"the built-in reference of {name} is of another version than this code; run "
            "scripts/make_reference_quantiles.py"
        )
    return document


def _quantiles(document: Mapping[str, Any]) -> Quantiles:
    return Quantiles(np.asarray(document["values"], dtype=np.float64), int(document["pairs"]))


def _floats(values: Sequence[float]) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)
