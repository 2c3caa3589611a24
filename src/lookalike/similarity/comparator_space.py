"""From descriptions of two images to the numbers that a comparator weighs: one column for each measure and gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import normalize
from lookalike.errors import ComparatorError
from lookalike.similarity.cues import Cue, State, View

if TYPE_CHECKING:
    from lookalike.similarity.comparator_describe import Descriptions

LEVEL_NEIGHBOURS = 10
"""How many of the most alike reference images make an image's level (Conneau et al. 2018, CSLS: 10)."""

REFERENCE_PAIRS = 500
"""Pairs whose images are kept as reference, at most."""

COPY = 0.999
"""Cosine of two embeddings from which on two images are held to be copies of one."""

_SCALE_SAMPLE = 300
PRESENCE = "presence"
_MOST_COUNTED = 3


@dataclass(frozen=True, eq=False)
class Prepared:
    """n images, ready for pair scores.

    Attributes:
        views: measure -> what it sees.
        levels: measure -> float32 (n,), mean likeness to the most alike reference images.
        faces: int (n,), how many faces, at most 3 counted; None when nobody looked.
    """

    views: Mapping[str, View]
    levels: Mapping[str, NDArray[np.float32]]
    faces: NDArray[np.intp] | None

    def __len__(self) -> int:
        return len(next(iter(self.views.values())))

    def take(self, rows: NDArray[np.intp] | slice) -> Prepared:
        """Some of the images."""
        return Prepared(
            {name: view.take(rows) for name, view in self.views.items()},
            {name: level[rows] for name, level in self.levels.items()},
            None if self.faces is None else self.faces[rows],
        )


@dataclass(frozen=True, eq=False)
class Space:
    """What was learned of images without using which belong together, beyond leaving partners out of levels.

    Attributes:
        measures: in the order of the columns.
        states: measure -> what it learned.
        reference: measure -> view of the reference images: some left images of the fit, then their partners.
        marks: float32 (r, d), unit embeddings by which copies of reference images are known.
        centre: measure -> mean of the measure over chance pairs, after levels.
        scale: measure -> its standard deviation there.
        with_faces: whether faces are looked at.
    """

    measures: tuple[Cue, ...]
    states: Mapping[str, State]
    reference: Mapping[str, View]
    marks: NDArray[np.float32]
    centre: Mapping[str, float]
    scale: Mapping[str, float]
    with_faces: bool

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """(cue, column) of every column."""
        names = [(m.cue, m.name) for m in self.measures]
        if self.with_faces:
            names += [(m.cue, f"{m.name}, both have faces") for m in self.measures if m.gated]
            names += [(PRESENCE, name) for name in ("faces in both", "face in one only", "as many faces")]
        return tuple(names)

    def prepare(self, images: Descriptions) -> Prepared:
        """Views and levels of images.

        A reference image that is the image itself (or a copy of it) does not count towards its level, nor does
        that reference image's partner: else images that took part in the fit would have other levels than new
        ones, and a right answer would be known by never having been seen.

        Raises:
            ComparatorError: the comparator looks at faces, and nobody looked for any in these images.
        """
        if self.with_faces and images.faces is None:
            raise ComparatorError(
                "this comparator looks at faces; describe the images with an encoder of faces"
            )
        views = {m.name: m.view(self.states[m.name], images) for m in self.measures}
        ignored = self._ignored(images)
        levels = {m.name: self._levels(m, views[m.name], ignored) for m in self.measures if m.levelled}
        faces = None
        if self.with_faces and images.faces is not None:
            faces = np.array([min(len(found), _MOST_COUNTED) for found in images.faces], dtype=np.intp)
        return Prepared(views, levels, faces)

    def compare(self, a: Prepared, b: Prepared) -> NDArray[np.float32]:
        """All columns for every pair: float32 (columns, n, m)."""
        out = np.zeros((len(self.columns), len(a), len(b)), dtype=np.float32)
        for place, measure in enumerate(self.measures):
            name = measure.name
            values = measure.compare(a.views[name], b.views[name])
            if measure.levelled:
                values -= (a.levels[name] / 2)[:, np.newaxis]
                values -= (b.levels[name] / 2)[np.newaxis]
            values = (values - np.float32(self.centre[name])) / np.float32(self.scale[name])
            both = a.views[name].present[:, np.newaxis] & b.views[name].present[np.newaxis]
            out[place] = np.where(both, values, np.float32(0))
        if a.faces is not None and b.faces is not None:
            self._add_faces(out, a.faces, b.faces)
        return out

    def _add_faces(self, out: NDArray[np.float32], a: NDArray[np.intp], b: NDArray[np.intp]) -> None:
        both = ((a > 0)[:, np.newaxis] & (b > 0)[np.newaxis]).astype(np.float32)
        place = len(self.measures)
        for source, measure in enumerate(self.measures):
            if measure.gated:
                np.multiply(out[source], both, out=out[place])
                place += 1
        out[place] = both
        out[place + 1] = (a > 0)[:, np.newaxis] != (b > 0)[np.newaxis]
        out[place + 2] = -np.abs(a[:, np.newaxis] - b[np.newaxis])

    def _ignored(self, images: Descriptions) -> NDArray[np.bool_]:
        """bool (n, r): reference images that are copies of an image, and the partners of those."""
        likeness = normalize(images.vectors["embedding"]) @ self.marks.T
        copies = likeness >= np.float32(COPY)
        partners = np.roll(
            copies, len(self.marks) // 2, axis=1
        )  # left images first, their partners after them
        return np.asarray(copies | partners, dtype=bool)

    def _levels(self, measure: Cue, view: View, ignored: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Mean likeness to the LEVEL_NEIGHBOURS most alike reference images; 0 where there are too few."""
        reference = self.reference[measure.name]
        levels = np.zeros(len(view), dtype=np.float32)
        if not reference.present.any():
            return levels
        for start in range(0, len(view), 256):
            part = slice(start, min(start + 256, len(view)))
            likeness = measure.compare(view.take(part), reference)
            likeness[:, ~reference.present] = -np.inf
            likeness[ignored[part]] = -np.inf
            count = min(LEVEL_NEIGHBOURS, likeness.shape[1])
            best = -np.partition(-likeness, count - 1, axis=1)[:, :count]
            usable = np.isfinite(best)
            total = np.where(usable, best, 0.0).sum(axis=1)
            levels[part] = total / np.maximum(usable.sum(axis=1), 1)
        return np.where(view.present, levels, np.float32(0))


def learn_space(
    left: Descriptions, right: Descriptions, measures: Sequence[Cue], seed: int = 0
) -> tuple[Space, Prepared, Prepared]:
    """Learn the space from pairs (row i of ``left`` belongs to row i of ``right``); also hands back both sides."""
    n = len(left)
    union = left.join(right)
    states = {m.name: m.learn(union) for m in measures}
    random = np.random.default_rng(seed)
    kept = np.sort(random.permutation(n)[:REFERENCE_PAIRS])
    rows = np.concatenate([kept, kept + n])
    bare = union.take(rows)
    reference = {m.name: _halved(m.view(states[m.name], bare)) for m in measures if m.levelled}
    marks = normalize(bare.vectors["embedding"]).astype(np.float16).astype(np.float32)
    neutral = {m.name: 0.0 for m in measures}
    one = {m.name: 1.0 for m in measures}
    space = Space(tuple(measures), states, reference, marks, neutral, one, union.faces is not None)
    prepared = space.prepare(left), space.prepare(right)
    centre, scale = _scales(space, *prepared, random)
    return replace(space, centre=centre, scale=scale), *prepared


def _halved(view: View) -> View:
    """Rounded to float16, so that a saved comparator takes half the space and gives the same scores."""
    return View(view.rows.astype(np.float16).astype(np.float32), view.present)


def _scales(
    space: Space, left: Prepared, right: Prepared, random: np.random.Generator
) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and deviation of every measure over chance pairs in which both images have the cue."""
    a = random.permutation(len(left))[:_SCALE_SAMPLE]
    b = random.permutation(len(right))[:_SCALE_SAMPLE]
    first, second = left.take(a), right.take(b)
    columns = space.compare(first, second)
    chance = a[:, np.newaxis] != b[np.newaxis]
    centre: dict[str, float] = {}
    scale: dict[str, float] = {}
    for place, measure in enumerate(space.measures):
        views = first.views[measure.name], second.views[measure.name]
        usable = views[0].present[:, np.newaxis] & views[1].present[np.newaxis] & chance
        values = columns[place][usable]
        centre[measure.name] = float(values.mean()) if values.size else 0.0
        spread = float(values.std()) if values.size > 1 else 0.0
        scale[measure.name] = spread if spread > 1e-6 else 1.0
    return centre, scale
