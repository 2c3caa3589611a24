"""Set two pairs against each other: a triplet, a trial of a forced choice, or an odd one out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.encoders import DEFAULT_ENCODER, Encoder, EncoderOptions, load_encoder
from lookalike.errors import InvalidArgument
from lookalike.explain.counterfactuals import centred_cosines
from lookalike.explain.explaining import as_reference, explain_seen, mean_of
from lookalike.explain.explanation import Explanation
from lookalike.explain.images_seen import SeenImage, face_finder, see
from lookalike.explain.places import METHODS
from lookalike.explain.triplets import Choice, Gap, OddOneOut
from lookalike.images import ImageLike
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.explain.percentiles import Reference
    from lookalike.similarity.comparator import Comparator

MOST_OPTIONS = 12
"""A forced choice has at most so many options."""


def explain_choice(
    query: ImageLike,
    options: Sequence[ImageLike],
    *,
    chosen: int | None = None,
    other: int | None = None,
    encoder: str | Encoder | None = None,
    mean: Any = None,
    reference: Any = None,
    comparator: Comparator | None = None,
    where: Sequence[str] = METHODS,
    faces: bool | Any | None = None,
    faithfulness: bool = False,
    options_of_encoder: EncoderOptions | None = None,
    progress: Progress | None = None,
) -> Choice:
    """Why one option rather than another is closer to the query: a triplet, or a trial of a forced choice.

    Args:
        query: the image that the others are compared with.
        options: two to :data:`MOST_OPTIONS` images.
        chosen: place of the option to explain (what a person chose); None: the encoder's own choice.
        other: place of the option to set it against; None: the encoder's best of the others.
        encoder, mean, reference, comparator, where, faces, faithfulness, progress: as for
            :func:`~lookalike.explain.explanation.explain`.
        options_of_encoder: device and threads.

    Raises:
        InvalidArgument: too few or too many options, or a place that is not among them.
        ImageError, EncoderError, ExplainError: as for ``explain``.
    """
    if not 2 <= len(options) <= MOST_OPTIONS:
        raise InvalidArgument(f"a choice is among 2 to {MOST_OPTIONS} options, got {len(options)}")
    for place in (chosen, other):
        if place is not None and not 0 <= place < len(options):
            raise InvalidArgument(f"option {place} is not among the {len(options)} options (counted from 0)")
    if chosen is not None and chosen == other:
        raise InvalidArgument("an option cannot be set against itself; name two different ones")
    started = time.perf_counter()
    made = _Setting(
        encoder, mean, reference, faces, options_of_encoder, comparator, where, faithfulness, progress
    )
    names = tuple(chr(ord("B") + place) for place in range(len(options)))
    seen = made.see([query, *options], ["image A", *(f"image {name}" for name in names)])
    scores = made.scores([(0, place) for place in range(1, len(seen))], seen)
    order = [int(place) for place in np.argsort(-np.asarray(scores), kind="stable")]
    taken = next(place for place in order if place != other) if chosen is None else chosen
    rival = next(place for place in order if place != taken) if other is None else other
    pairs = {names[place]: made.explain(seen[0], seen[place + 1]) for place in (taken, rival)}
    gaps = gaps_of(pairs[names[taken]], [pairs[names[rival]]])
    seconds = round(time.perf_counter() - started, 4)
    return Choice(
        seen[0], tuple(seen[1:]), names, tuple(scores), names[taken], names[rival], names[order[0]], pairs, gaps,
        seconds,
    )  # fmt: skip


def odd_one_out(
    images: Sequence[ImageLike],
    *,
    encoder: str | Encoder | None = None,
    mean: Any = None,
    reference: Any = None,
    comparator: Comparator | None = None,
    where: Sequence[str] = METHODS,
    faces: bool | Any | None = None,
    faithfulness: bool = False,
    options: EncoderOptions | None = None,
    progress: Progress | None = None,
) -> OddOneOut:
    """Which of three images the closest pair leaves, and in what that pair is alike and the third is not.

    Args:
        images: three.
        encoder, mean, reference, comparator, where, faces, faithfulness, options, progress: as for
            :func:`~lookalike.explain.explanation.explain`.

    Raises:
        InvalidArgument: not three images.
        ImageError, EncoderError, ExplainError: as for ``explain``.
    """
    if len(images) != 3:
        raise InvalidArgument(f"an odd one out is found among three images, got {len(images)}")
    started = time.perf_counter()
    made = _Setting(encoder, mean, reference, faces, options, comparator, where, faithfulness, progress)
    names = ("A", "B", "C")
    seen = made.see(images, [f"image {name}" for name in names])
    places = list(combinations(range(3), 2))
    scores = made.scores(places, seen)
    best = int(np.argmax(scores))
    first, second = places[best]
    odd = 3 - first - second
    closest = made.explain(seen[first], seen[second])
    others = [made.explain(seen[odd], seen[place], whole=False) for place in (first, second)]
    return OddOneOut(
        tuple(seen), names, {f"{names[i]}-{names[j]}": score for (i, j), score in zip(places, scores, strict=True)},
        names[odd], closest, gaps_of(closest, others), round(time.perf_counter() - started, 4),
    )  # fmt: skip


def gaps_of(mine: Explanation, others: Sequence[Explanation]) -> tuple[Gap, ...]:
    """Attributes that all have a percentile for, by what this pair has ahead of the best of the others."""
    known = [
        {one.name: one.percentile for one in pair.attributes if one.percentile is not None} for pair in others
    ]
    found = [
        Gap(one.name, one.percentile, max(table[one.name] for table in known))
        for one in mine.attributes
        if one.percentile is not None and all(one.name in table for table in known)
    ]
    return tuple(sorted(found, key=lambda gap: -gap.difference))


class _Setting:
    """What several pairs share: encoder, reference, mean, finder of faces, and what is wanted of each pair."""

    def __init__(
        self,
        encoder: str | Encoder | None,
        mean: Any,
        reference: Any,
        faces: bool | Any | None,
        options: EncoderOptions | None,
        comparator: Comparator | None,
        where: Sequence[str],
        faithfulness: bool,
        progress: Progress | None,
    ) -> None:
        self.encoder: Encoder = load_encoder(DEFAULT_ENCODER if encoder is None else encoder, options)
        self.reference: Reference = as_reference(reference, self.encoder, progress)
        self.mean = mean
        self.finder, self.why = face_finder(faces)
        self.comparator, self.where, self.faithfulness = comparator, where, faithfulness
        self.progress = progress

    def see(self, images: Sequence[ImageLike], names: Sequence[str]) -> list[SeenImage]:
        wanted = self.encoder.wanted_size
        return [see(image, name, wanted, self.finder) for image, name in zip(images, names, strict=True)]

    def scores(self, places: Sequence[tuple[int, int]], seen: Sequence[SeenImage]) -> list[float]:
        rows = self.encoder.embed([image.source for image in seen])
        middle = mean_of(self.mean, self.encoder, self.reference.content.get(self.encoder.card.fingerprint))
        drawn = np.stack([rows[place] for pair in places for place in pair])
        return [float(score) for score in centred_cosines(drawn, middle)]

    def explain(self, a: SeenImage, b: SeenImage, *, whole: bool = True) -> Explanation:
        """One pair; not ``whole``: its attributes only."""
        return explain_seen(
            a, b, self.encoder, self.reference, mean=self.mean, comparator=self.comparator if whole else None,
            where=self.where if whole else (), why_no_faces=self.why, faithfulness=whole and self.faithfulness,
            progress=self.progress,
        )  # fmt: skip
