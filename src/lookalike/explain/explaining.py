"""The way in: look at two images, score them, and put the explanation together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import DEFAULT_ENCODER, Encoder, EncoderOptions, load_encoder
from lookalike.errors import InvalidArgument, printable
from lookalike.explain.attributes import (
    ATTRIBUTES,
    PIXEL_ATTRIBUTES,
    face_layout_similarity,
    face_similarity,
    pixel_similarity,
)
from lookalike.explain.centring import CorpusMean
from lookalike.explain.counterfactuals import centred_cosines, counterfactuals
from lookalike.explain.explanation import AttributeScore, Explanation, PeopleScore
from lookalike.explain.images_seen import SeenImage, face_finder, see
from lookalike.explain.percentiles import ContentReference, Reference
from lookalike.explain.places import METHODS, Query, places
from lookalike.images import ImageLike
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.similarity.comparator import Comparator

NO_PAIRS = "no random pairs are known for this encoder: give a gallery or a reference folder"


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
    if (
        content is not None and middle is content.mean
    ):  # centred otherwise, it would be compared with other numbers
        percentile = content.quantiles.percentile(score)
    maps, notes = places(Query(a, b, encoder, middle, faithfulness, progress), where)
    return Explanation(
        a, b, encoder.card.name, encoder.card.fingerprint, score, float(centred_cosines(vectors, None)[0]),
        middle is not None, percentile, reference,
        attribute_scores(a, b, reference, score, percentile, why_no_faces) if attributes else (),
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

        kind, name = "folder", printable(Path(reference).name)
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


def attribute_scores(
    a: SeenImage,
    b: SeenImage,
    reference: Reference,
    score: float,
    percentile: float | None = None,
    why_no_faces: str = "",
) -> tuple[AttributeScore, ...]:
    """Every attribute of two images.

    Args:
        a: one image. b: the other.
        reference: whose random pairs they are compared with.
        score: what the encoder says, for ``content``. percentile: of that score.
        why_no_faces: told where nobody looked for faces.
    """
    found = []
    for name, attribute in ATTRIBUTES.items():
        note, excess = "", None
        if name in PIXEL_ATTRIBUTES:
            value: float | None = pixel_similarity(name, a.features, b.features, reference.norms)
            place, excess = reference.percentile(name, value or 0.0), reference.excess(name, value or 0.0)
        elif name == "content":
            value, place, note = score, percentile, "" if percentile is not None else NO_PAIRS
        else:
            value, place, note = _face_score(name, a, b, reference, why_no_faces)
        found.append(AttributeScore(name, attribute.how, value, place, note, excess))
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
    note = "among pairs in which both have a face" + (
        "" if known is reference else ", of the built-in reference"
    )
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
