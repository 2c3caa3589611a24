"""Forced-choice sets of a human study from a pair table: distances, near-duplicates removed, and the sets drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import EncoderOptions
from lookalike.errors import BenchmarkError
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.benchmarks.near_duplicates import NearDuplicates
    from lookalike.judgments import ForcedChoiceTable, PairTable

FACIAL = ("face", "face-generic")

Rows = NDArray[np.int64]
Phi = Callable[[Rows], NDArray[Any]]


@dataclass(frozen=True)
class Material:
    """What distractors are chosen by: distances by feature, and the pairs without near-duplicates."""

    near: NearDuplicates | None = None
    phi: Mapping[str, Phi] = field(default_factory=dict)


def material(
    table: PairTable,
    wanted: Sequence[str],
    faces: bool,
    name: str,
    settings: EncoderOptions,
    cache: bool,
    threshold: float,
    progress: Progress | None,
) -> Material:
    """Distances of left to right images, computed for the rows that are asked for, and near-duplicates."""
    if set(wanted) == {"random"} and not faces:
        return Material()
    from lookalike.benchmarks.distances import generic_distances, set_distances
    from lookalike.benchmarks.features import Features
    from lookalike.benchmarks.near_duplicates import near_duplicates
    from lookalike.encoders import load_encoder

    encoder = load_encoder(name, settings)
    held = Features.of(table, ("left", "right"), cache=cache, progress=progress)
    vectors = held.embed(encoder)
    left, right = held.rows(table.column("left")), held.rows(table.column("right"))
    x, y = vectors[left], vectors[right]
    phi: dict[str, Phi] = {"generic": lambda rows: generic_distances(x[rows], y)}
    if not faces and not set(wanted) & set(FACIAL):
        return Material(near_duplicates(x, y, generic_threshold=threshold, progress=progress), phi)
    from lookalike.encoders.faces import FaceEncoder

    finder = load_encoder("faces", settings if settings.weights is None else None)
    if not isinstance(finder, FaceEncoder):
        raise BenchmarkError("the encoder called faces finds no faces; another package has taken its name")
    found = held.face_sets(finder)
    faces_left, faces_right = [found[row] for row in left], [found[row] for row in right]
    phi["face"] = lambda rows: set_distances([faces_left[row] for row in rows], faces_right)
    if "face-generic" in wanted:
        crops = held.generic_facial(finder, encoder)
        crops_left, crops_right = [crops[row] for row in left], [crops[row] for row in right]
        phi["face-generic"] = lambda rows: set_distances(
            [crops_left[row] for row in rows], crops_right, "cosine"
        )
    near = near_duplicates(x, y, faces_left, faces_right, generic_threshold=threshold, progress=progress)
    return Material(near, phi)


def paper_sets(table: PairTable, made: Material, per_set: int, options: int, seed: int) -> ForcedChoiceTable:
    from lookalike.benchmarks.distractors import paper_design

    if made.near is None:
        raise BenchmarkError("the paper's design needs near-duplicates to be known")
    return paper_design(table, made.phi, made.near, per_set=per_set, options=options, seed=seed)


def plain_sets(
    table: PairTable, made: Material, wanted: Sequence[str], per_set: int, options: int, seed: int
) -> ForcedChoiceTable:
    """A set for each feature; those by faces choose their queries first, because fewer pairs suit them."""
    import pyarrow as pa

    from lookalike.benchmarks.distractors import distractor_sets
    from lookalike.judgments import ForcedChoiceTable

    pool = np.arange(len(table)) if made.near is None else made.near.kept_d
    rng = np.random.default_rng(seed)
    free = rng.permutation(pool)
    sets: dict[str, ForcedChoiceTable] = {}
    for feature in sorted(wanted, key=lambda one: one not in FACIAL):
        phi = made.phi.get(feature)
        fit = free if feature not in FACIAL or phi is None else _comparable(phi, free, pool, options, per_set)
        if len(fit) < per_set:
            faced = " whose faces can be compared" if feature in FACIAL else ""
            raise BenchmarkError(
                f"the set {feature} needs {per_set} pairs{faced}, {len(fit)} are left of {len(pool)} without "
                "near-duplicates; give more pairs, a smaller --per-set or a smaller --generic-threshold"
            )
        queries = fit[:per_set]
        free = free[~np.isin(free, queries)]
        draw = partial(distractor_sets, table, queries, feature, phi, pool=pool, options=options)
        sets[feature] = draw(seed=int(rng.integers(2**31)))
    together = pa.concat_tables([sets[feature].table for feature in wanted])
    return ForcedChoiceTable(together, table.images)


def _comparable(phi: Phi, rows: Rows, pool: Rows, options: int, enough: int) -> Rows:
    """The first rows with a finite distance to their own right image and to enough others: as in the paper's design."""
    found: list[int] = []
    for start in range(0, len(rows), 256):
        some = rows[start : start + 256]
        finite = np.isfinite(phi(some))
        suits = finite[np.arange(len(some)), some] & (finite[:, pool].sum(axis=1) >= options)
        found += some[suits].tolist()
        if len(found) >= enough:
            break
    return np.array(found, dtype=np.int64)
