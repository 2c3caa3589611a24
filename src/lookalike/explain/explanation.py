"""Why two images look alike: in what (attributes), where (maps), and what if that were not so."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lookalike.errors import ExplainError, InvalidArgument, printable
from lookalike.explain.counterfactuals import Counterfactual
from lookalike.explain.images_seen import SeenImage
from lookalike.explain.percentiles import Reference
from lookalike.explain.places import Place

PAGES = "lookalike.reports.explain_page"
"""Draws explanations. Reports stand above this room, so they are found by name when something is to be drawn."""


@dataclass(frozen=True)
class AttributeScore:
    """How alike the two are in one attribute.

    Attributes:
        name: of the attribute. how: what is compared, in words.
        similarity: in [-1, 1], 0 being usual; None where it cannot be said.
        percentile: share of the reference's random pairs that are less alike, per cent; None where it is not known.
        note: why something is missing, else "".
        excess: how far above the median of random pairs, in distances from it to their 99th percentile.
    """

    name: str
    how: str
    similarity: float | None
    percentile: float | None
    note: str = ""
    excess: float | None = None


@dataclass(frozen=True)
class PeopleScore:
    """What a comparator says: probability at even odds, its start, and log odds that each cue adds."""

    name: str
    probability: float
    intercept: float
    contributions: dict[str, float]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why ``a`` is like ``b``.

    Attributes:
        a, b: the images as they were looked at.
        encoder, fingerprint: which encoder.
        score: its centred cosine (plain where nothing to centre on is known: ``centred`` is False then).
        cosine: its plain cosine.
        percentile: of the score among random pairs, or None.
        reference: whose random pairs.
        attributes: in the order of ATTRIBUTES; empty when they were not asked for.
        counterfactuals: the pair without each attribute.
        where: maps, in the order asked for.
        comparator: what it says, when one was given.
        notes: what could not be done, and why.
        seconds: how long it took.
    """

    a: SeenImage
    b: SeenImage
    encoder: str
    fingerprint: str
    score: float
    cosine: float
    centred: bool
    percentile: float | None
    reference: Reference
    attributes: tuple[AttributeScore, ...] = ()
    counterfactuals: tuple[Counterfactual, ...] = ()
    where: tuple[Place, ...] = ()
    comparator: PeopleScore | None = None
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def ranked(self) -> list[AttributeScore]:
        """Attributes with a percentile, the most alike first; the others behind."""
        return ranked(self.attributes)

    @property
    def top(self) -> str | None:
        """The attribute in which they are most alike; ``content`` is no reason of its own and is never named here."""
        return top_of(self.attributes)

    def sentences(self, language: str = "en") -> list[str]:
        """In plain words, the most telling first; ``en`` or ``zh``."""
        from lookalike.explain.sentences import sentences

        return sentences(self, language)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; described in docs/how-to/explain-a-pair.md."""
        people = self.comparator
        return {
            "kind": "pair",
            "a": self.a.name,
            "b": self.b.name,
            "encoder": {"name": self.encoder, "fingerprint": self.fingerprint},
            "score": self.score,
            "centred": self.centred,
            "cosine": self.cosine,
            "percentile": self.percentile,
            "reference": self.reference.to_dict(),
            "top": self.top,
            "attributes": [vars(one).copy() for one in self.attributes],
            "counterfactuals": [one.to_dict() for one in self.counterfactuals],
            "where": [one.to_dict() for one in self.where],
            "comparator": None if people is None else vars(people).copy(),
            "sentences": {"en": self.sentences("en"), "zh": self.sentences("zh")},
            "notes": list(self.notes),
            "seconds": self.seconds,
        }

    def save(self, path: str | os.PathLike[str], *, language: str = "en") -> Path:
        """Write it as a page (.html), a picture (.png) or a document (.json), by the file's ending.

        Raises:
            InvalidArgument: another ending, or no such language.
            ExplainError: the file cannot be written.
        """
        return save(self, path, language)

    def _repr_html_(self) -> str:
        return pages().embedded(self)  # type: ignore[no-any-return]


def ranked(scores: Sequence[AttributeScore]) -> list[AttributeScore]:
    """The most alike first, those without a percentile last; of equal percentiles the one further out."""
    return sorted(
        scores, key=lambda one: (one.percentile is None, -(one.percentile or 0.0), -(one.excess or 0.0))
    )


def top_of(scores: Sequence[AttributeScore]) -> str | None:
    """The attribute to name as the reason: the highest percentile of all but ``content``; None without any."""
    named = [one for one in ranked(scores) if one.percentile is not None and one.name != "content"]
    return named[0].name if named else None


def pages() -> Any:
    """The module that draws (:data:`PAGES`)."""
    from importlib import import_module

    return import_module(PAGES)


def save(found: Any, path: str | os.PathLike[str], language: str = "en") -> Path:
    """See :meth:`Explanation.save`; ``found`` may also be a choice or an odd one out."""
    from lookalike.explain.sentences import words

    words(language)
    target = Path(path)
    ending = target.suffix.lower()
    if ending == ".json":
        content = (json.dumps(found.to_dict(), ensure_ascii=False, indent=2) + "\n").encode("utf-8")
    elif ending == ".html":
        content = pages().page_of(found, language).encode("utf-8", "replace")
    elif ending == ".png":
        content = pages().picture_of(found, language)
    else:
        raise InvalidArgument(
            f"an explanation is written as .html, .png or .json, not as {printable(ending or target.name)}"
        )
    try:
        target.write_bytes(content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExplainError(f"cannot write {printable(str(target))}: {reason}") from error
    return target
