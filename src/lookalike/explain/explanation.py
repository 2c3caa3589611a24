"""Why two images look alike: in what (attributes), where (maps), and what if that were not so."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import DEFAULT_ENCODER, Encoder, EncoderOptions, load_encoder
from lookalike.errors import ExplainError, InvalidArgument, printable
from lookalike.explain.attributes import (
    ATTRIBUTES,
    PIXEL_ATTRIBUTES,
    face_layout_similarity,
    face_similarity,
    pixel_similarity,
)
from lookalike.explain.centring import CorpusMean
from lookalike.explain.counterfactuals import Counterfactual, centred_cosines, counterfactuals
from lookalike.explain.images_seen import SeenImage, face_finder, see
from lookalike.explain.percentiles import ContentReference, Reference
from lookalike.explain.places import METHODS, Place, Query, places
from lookalike.images import ImageLike
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.similarity.comparator import Comparator

PAGES = "lookalike.reports.explain_page"
"""Draws explanations. Reports stand above this room, so they are found by name when something is to be drawn."""

NO_PAIRS = "no random pairs are known for this encoder: give a gallery or a reference folder"


@dataclass(frozen=True)
class AttributeScore:
    """How alike the two are in one attribute.

    Attributes:
        name: of the attribute. how: what is compared, in words.
        similarity: in [-1, 1], 0 being usual; None where it cannot be said.
        percentile: share of the reference's random pairs that are less alike, per cent; None where it is not known.
        note: why something is missing, else "".
    """

    name: str
    how: str
    similarity: float | None
    percentile: float | None
    note: str = ""


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
        return sorted(self.attributes, key=lambda one: (one.percentile is None, -(one.percentile or 0.0)))

    @property
    def top(self) -> str | None:
        """The attribute in which they are most alike; ``content`` is no reason of its own and is never named here."""
        named = [one for one in self.ranked if one.percentile is not None and one.name != "content"]
        return named[0].name if named else None

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


def explain(
    a: ImageLike,
    b: ImageLike,
    *,
    encoder: str | Encoder | None = None,
    mean: CorpusMean | NDArray[np.floating] | None = None,
    reference: Reference | str | os.PathLike[str] | Sequence[ImageLike] | None = None,
    comparator: Comparator | None = None,
    where: Sequence[str] = METHODS,
    attributes: bool = True,
    faces: bool | Any | None = None,
    faithfulness: bool = True,
    options: EncoderOptions | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Explain why two images look alike.

    Args:
        a: anything :func:`lookalike.images.decode` takes, except open files.
        b: likewise.
        encoder: name of an encoder, or one; None takes the default.
        mean: what all images share, subtracted before the cosine: a CorpusMean, or float (d,); None takes the
            reference's own, or the one beside the encoder's weights.
        reference: random pairs to compare with: a Reference, a folder, or images; None takes the built-in one.
        comparator: its cues' own contributions are added.
        where: which maps: "decomposition", "occlusion"; what this encoder cannot give is noted instead.
        attributes: False leaves attributes and counterfactuals out.
        faces: None: looked for where dlib is installed; True: must be; False: not; or an encoder of faces.
        faithfulness: measure each map by deletion and insertion.
        options: device and threads of the encoder.
        progress: told about long stages.

    Raises:
        ImageError: an image cannot be read.
        EncoderError: the encoder cannot be had.
        ExplainError: a reference of too few images, or a mean of another encoder.
        InvalidArgument: an unknown map.
    """
    started = time.perf_counter()
    loaded = load_encoder(DEFAULT_ENCODER if encoder is None else encoder, options)
    against = as_reference(reference, loaded, progress)
    finder, why_no_faces = face_finder(faces if attributes else False)
    seen_a = see(a, "image A", loaded.wanted_size, finder, attributes)
    seen_b = see(b, "image B", loaded.wanted_size, finder, attributes)
    found = explain_seen(
        seen_a, seen_b, loaded, against, mean=mean, comparator=comparator, where=where, attributes=attributes,
        why_no_faces=why_no_faces, faithfulness=faithfulness, progress=progress,
    )  # fmt: skip
    object.__setattr__(found, "seconds", round(time.perf_counter() - started, 4))
    return found


def explain_seen(
    a: SeenImage,
    b: SeenImage,
    encoder: Encoder,
    reference: Reference,
    *,
    mean: CorpusMean | NDArray[np.floating] | None = None,
    comparator: Comparator | None = None,
    where: Sequence[str] = (),
    attributes: bool = True,
    why_no_faces: str = "",
    faithfulness: bool = True,
    progress: Progress | None = None,
) -> Explanation:
    """As :func:`explain`, of images that were looked at before (:func:`~lookalike.explain.images_seen.see`)."""
    wrong = [name for name in where if name not in METHODS]
    if wrong:
        raise InvalidArgument(f"no map is called {wrong[0]!r}; choose from: {', '.join(METHODS)}")
    content = reference.content.get(encoder.card.fingerprint)
    middle = mean_of(mean, encoder, content)
    vectors = encoder.embed([a.source, b.source])
    score = float(centred_cosines(vectors, middle)[0])
    percentile = None
    if content is not None and middle is content.mean:  # centred otherwise, it would be compared with other numbers
        percentile = content.quantiles.percentile(score)
    maps, notes = places(Query(a, b, encoder, middle, faithfulness, progress), where)
    return Explanation(
        a, b, encoder.card.name, encoder.card.fingerprint, score, float(centred_cosines(vectors, None)[0]),
        middle is not None, percentile, reference,
        _scores(a, b, reference, score, percentile, why_no_faces) if attributes else (),
        counterfactuals(a, b, encoder, middle, content.typical if content else None) if attributes else (),
        maps, None if comparator is None else _people(comparator, a, b), tuple(notes),
    )  # fmt: skip


def as_reference(
    reference: Reference | str | os.PathLike[str] | Sequence[ImageLike] | None,
    encoder: Encoder,
    progress: Progress | None = None,
    faces: Callable[..., Any] | None = None,
) -> Reference:
    """A reference set from whatever was given: itself, a folder, images, or None for the built-in one.

    Raises:
        ExplainError: too few images.
        SourceError: the folder cannot be read.
    """
    if reference is None:
        return Reference.builtin()
    if isinstance(reference, Reference):
        return reference
    kind, name = "images", ""
    if isinstance(reference, str | os.PathLike):
        from lookalike.images import open_source

        kind, name = "folder", printable(os.path.basename(os.path.normpath(os.fspath(reference))))
        images: Sequence[ImageLike] = list(open_source(os.fspath(reference)))
    else:
        images = reference
    return Reference.from_images(images, encoder, kind=kind, name=name, faces=faces, progress=progress)


def mean_of(
    mean: CorpusMean | NDArray[np.floating] | None, encoder: Encoder, content: ContentReference | None
) -> CorpusMean | None:
    """What is subtracted: the mean that was given, else the reference's, else the one beside the weights, else None.

    Raises:
        ExplainError: it belongs to another encoder.
    """
    if mean is None:
        return CorpusMean.beside(encoder) if content is None else content.mean
    if not isinstance(mean, CorpusMean):
        card = encoder.card
        mean = CorpusMean(np.asarray(mean, dtype=np.float32), card.name, card.fingerprint)
    mean.check(encoder)
    return mean


def _scores(
    a: SeenImage, b: SeenImage, reference: Reference, score: float, percentile: float | None, why_no_faces: str
) -> tuple[AttributeScore, ...]:
    found = []
    for name, attribute in ATTRIBUTES.items():
        if name in PIXEL_ATTRIBUTES:
            value: float | None = pixel_similarity(name, a.features, b.features, reference.norms)
            place, note = reference.percentile(name, value or 0.0), ""
        elif name == "content":
            value, place, note = score, percentile, "" if percentile is not None else NO_PAIRS
        else:
            value, place, note = _face_score(name, a, b, reference, why_no_faces)
        found.append(AttributeScore(name, attribute.how, value, place, note))
    return tuple(found)


def _face_score(
    name: str, a: SeenImage, b: SeenImage, reference: Reference, why_no_faces: str
) -> tuple[float | None, float | None, str]:
    if a.faces is None or b.faces is None:
        return None, None, why_no_faces
    if not (a.faces and b.faces):
        missing = "either image" if not (a.faces or b.faces) else "A" if b.faces else "B"
        return None, None, f"no face was found in {missing}"
    known = reference if "landmarks" in reference.norms else Reference.builtin()
    note = "among pairs in which both have a face" + ("" if known is reference else ", of the built-in reference")
    if name == "face":
        value = face_similarity(a.faces, b.faces)
    else:
        value = face_layout_similarity(a.faces, b.faces, known.norms["landmarks"])
    return value, known.percentile(name, value), note


def _people(comparator: Comparator, a: SeenImage, b: SeenImage) -> PeopleScore:
    from lookalike.similarity.comparator_model import to_probability

    ready = comparator.prepare([a.source, b.source])
    first, second = ready.take(slice(0, 1)), ready.take(slice(1, 2))
    score = np.array(float(comparator.matrix(first, second)[0, 0]))
    added = {name: float(value) for name, value in comparator.contributions_of(first, second).items()}
    return PeopleScore(comparator.name, float(to_probability(score)), float(comparator.intercept), added)
