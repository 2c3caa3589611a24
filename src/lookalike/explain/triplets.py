"""Why B rather than C, and which of three is the odd one out: two pairs explained and set against each other."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.errors import InvalidArgument
from lookalike.explain.explanation import Explanation, pages, save
from lookalike.explain.images_seen import SeenImage
from lookalike.explain.sentences import choice_sentences, odd_sentences


@dataclass(frozen=True)
class Gap:
    """One attribute of two pairs.

    Attributes:
        name: of the attribute.
        mine, theirs: percentiles of the pair that is explained and of the other one.
    """

    name: str
    mine: float
    theirs: float

    @property
    def difference(self) -> float:
        """Percentile points in favour of the pair that is explained."""
        return self.mine - self.theirs


@dataclass(frozen=True, eq=False)
class Choice:
    """Why one option is closer to the query than another.

    Attributes:
        query: the image that options are compared with ("A").
        options, names: n images, called "B", "C", ... in the order given.
        scores: the encoder's centred cosine of each option with the query.
        chosen: name of the option that is explained: the encoder's own choice, or the one that was asked about.
        other: the option that it is set against: the next best, or the one asked about.
        picked: name of the encoder's own choice.
        pairs: name -> explanation of (query, option), for ``chosen`` and ``other``.
        gaps: attributes by difference, those in favour of ``chosen`` first.
    """

    query: SeenImage
    options: tuple[SeenImage, ...]
    names: tuple[str, ...]
    scores: tuple[float, ...]
    chosen: str
    other: str
    picked: str
    pairs: dict[str, Explanation]
    gaps: tuple[Gap, ...]
    seconds: float = field(default=0.0, compare=False)

    def pair_of(self, name: str) -> Explanation:
        """The explanation of the query and an option.

        Raises:
            InvalidArgument: that option was not explained.
        """
        if name not in self.pairs:
            raise InvalidArgument(f"{name!r} was not explained; explained: {', '.join(self.pairs)}")
        return self.pairs[name]

    def score_of(self, name: str) -> float:
        """The encoder's score of an option."""
        return self.scores[self.names.index(name)]

    def map_correlation(self) -> float | None:
        """Correlation of A's first map for ``chosen`` with that for ``other``; None without maps. Near 1: the map does
        not look at the other image."""
        both = [self.pairs[name].where for name in (self.chosen, self.other)]
        if not all(both) or both[0][0].map.a_map.shape != both[1][0].map.a_map.shape:
            return None
        first, second = (place[0].map.a_map.ravel() for place in both)
        if first.std() < 1e-12 or second.std() < 1e-12:
            return None
        return float(np.corrcoef(first, second)[0, 1])

    def sentences(self, language: str = "en") -> list[str]:
        """In plain words; ``en`` or ``zh``."""
        return choice_sentences(self, language)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; described in docs/how-to/explain-a-pair.md."""
        return {
            "kind": "choice",
            "query": self.query.name,
            "options": [
                {"name": name, "image": image.name, "score": score}
                for name, image, score in zip(self.names, self.options, self.scores, strict=True)
            ],
            "chosen": self.chosen,
            "other": self.other,
            "picked": self.picked,
            "map_correlation": self.map_correlation(),
            "gaps": [_gap_dict(gap) for gap in self.gaps],
            "pairs": {name: pair.to_dict() for name, pair in self.pairs.items()},
            "sentences": {"en": self.sentences("en"), "zh": self.sentences("zh")},
            "seconds": self.seconds,
        }

    def save(self, path: str | os.PathLike[str], *, language: str = "en") -> Path:
        """As :meth:`lookalike.explain.explanation.Explanation.save`."""
        return save(self, path, language)

    def _repr_html_(self) -> str:
        return pages().embedded(self)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class OddOneOut:
    """Which of three images does not belong.

    Attributes:
        images, names: the three, called "A", "B", "C".
        scores: "A-B", "A-C", "B-C" -> the encoder's centred cosine.
        odd: name of the one that the closest pair leaves.
        closest: explanation of that pair.
        gaps: attributes of the closest pair against the better of the odd one's two pairs.
    """

    images: tuple[SeenImage, ...]
    names: tuple[str, ...]
    scores: dict[str, float]
    odd: str
    closest: Explanation
    gaps: tuple[Gap, ...]
    seconds: float = field(default=0.0, compare=False)

    @property
    def pair(self) -> tuple[str, str]:
        """Names of the closest pair."""
        first, second = (name for name in self.names if name != self.odd)
        return first, second

    def sentences(self, language: str = "en") -> list[str]:
        """In plain words; ``en`` or ``zh``."""
        return odd_sentences(self, language)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; described in docs/how-to/explain-a-pair.md."""
        return {
            "kind": "odd-one-out",
            "images": {name: image.name for name, image in zip(self.names, self.images, strict=True)},
            "scores": self.scores,
            "odd": self.odd,
            "pair": list(self.pair),
            "gaps": [_gap_dict(gap) for gap in self.gaps],
            "closest": self.closest.to_dict(),
            "sentences": {"en": self.sentences("en"), "zh": self.sentences("zh")},
            "seconds": self.seconds,
        }

    def save(self, path: str | os.PathLike[str], *, language: str = "en") -> Path:
        """As :meth:`lookalike.explain.explanation.Explanation.save`."""
        return save(self, path, language)

    def _repr_html_(self) -> str:
        return pages().embedded(self)  # type: ignore[no-any-return]


def _gap_dict(gap: Gap) -> dict[str, Any]:
    return {"attribute": gap.name, "mine": gap.mine, "theirs": gap.theirs, "difference": gap.difference}
