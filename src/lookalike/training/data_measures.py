"""Figures of held-out data from embeddings alone, each with a score for every item, so that two runs pair up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.paired_tests import PairedTest, paired_means, paired_proportions
from lookalike.benchmarks.recall import TIE_TOLERANCE, ranking
from lookalike.benchmarks.statistics import Estimate, bootstrap_mean, proportion
from lookalike.benchmarks.two_afc import two_afc
from lookalike.errors import TrainingError
from lookalike.similarity import distance_matrix

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]

NEIGHBOURS = 5
RADIUS = 2


@dataclass(frozen=True)
class Score:
    """One figure of the held-out rows.

    Attributes:
        name: what it is, such as ``2AFC score``.
        estimate: value with its 95 % interval.
        items: float64 (n,), the score of each held-out item; the value is their (weighted) mean.
        weights: float64 (n,), or None for all alike.
        higher_is_better: False for an error.
        more: further figures by name.
    """

    name: str
    estimate: Estimate
    items: Floats
    weights: Floats | None = None
    higher_is_better: bool = True
    more: dict[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The figure."""
        return self.estimate.value

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: value, name, interval, n, higher_is_better, more."""
        return {
            "value": self.estimate.value,
            "name": self.name,
            "interval": [self.estimate.low, self.estimate.high],
            "n": self.estimate.n,
            "higher_is_better": self.higher_is_better,
            "more": dict(self.more),
        }


def compare_scores(trained: Score, untouched: Score, *, seed: int = 0) -> PairedTest:
    """Trained minus untouched on the same held-out items: difference with its paired interval, and p.

    McNemar's test where every item is right or wrong, else the sign-flip test (:mod:`lookalike.benchmarks`).

    Raises:
        TrainingError: the two are not scores of the same items.
    """
    if trained.name != untouched.name or trained.items.shape != untouched.items.shape:
        raise TrainingError(
            f"{trained.name} of {len(trained.items)} items cannot be compared in pairs with {untouched.name} of "
            f"{len(untouched.items)}"
        )
    columns = {"trained": trained.items, "untouched": untouched.items}
    whole = trained.weights is None and all(
        bool(np.isin(side, (0.0, 1.0)).all()) for side in columns.values()
    )
    if whole:
        return paired_proportions(columns, seed=seed)[0]
    return paired_means(columns, trained.weights, seed=seed)[0]


def votes_score(reference: Vectors, a: Vectors, b: Vectors, votes_a: Floats, votes_b: Floats) -> Score:
    """Vote-weighted 2AFC score of cosine distances (DreamSim section 4), each (n, d) and (n,)."""
    found = two_afc(cosines_apart(reference, a), cosines_apart(reference, b), votes_a, votes_b)
    more = {} if found.majority is None else {"majority": found.majority.value}
    more["score_by_item"] = found.score_by_item.value
    return Score("2AFC score", found.score, found.items, found.votes, more=more)


def recall_score(left: Vectors, right: Vectors, k: int = 1) -> Score:
    """recall@k by cosine distance: query i's answer is right image i among all right images."""
    if len(left) < 2:
        raise TrainingError(
            "recall needs at least 2 held-out pairs that are alike; raise data.validation_share"
        )
    places = ranking(distance_matrix(left, right), tolerance=TIE_TOLERANCE)
    hits = places.hits(k)
    others = (n for n in (1, 5, 20) if n != k and n < len(right))
    more = {f"recall@{n}": float(places.hits(n).mean()) for n in others}
    more["mean_reciprocal_rank"] = float(places.reciprocal_ranks.mean())
    return Score(f"recall@{k}", proportion(hits), hits, more=more)


def separation_score(left: Vectors, right: Vectors, same: Floats) -> Score:
    """Area under the ROC curve: how often an alike pair (same >= 0.5) is closer than one that is not; ties half.

    An item is an alike pair, its score the share of the others that are farther apart (Hanley and McNeil 1982).
    """
    distance = cosines_apart(left, right)
    alike, unlike = distance[same >= 0.5], np.sort(distance[(same >= 0) & (same < 0.5)])
    if not len(alike) or not len(unlike):
        missing = "alike" if not len(alike) else "not alike"
        raise TrainingError(
            f"no held-out pair is {missing}: raise data.validation_share or set data.negatives"
        )
    nearer = np.searchsorted(unlike, alike, side="left")
    not_farther = np.searchsorted(unlike, alike, side="right")
    items = 1 - (nearer + not_farther) / (2 * len(unlike))
    return Score("area under ROC", bootstrap_mean(items), items)


def neighbours_score(vectors: Vectors, labels: Rows, k: int | None = None) -> Score:
    """Leave-one-out accuracy of the k nearest by cosine, each voting with 1 + cosine; None: :func:`neighbours_of`.

    Images with an unknown label (-1), and those whose class has no second image here, are no queries; the former are
    no neighbours either.
    """
    k = neighbours_of(labels) if k is None else k
    items, asked = _neighbour_hits(vectors, labels, k)
    more = {"queries": float(asked.sum())}
    return Score(f"{k}-NN accuracy", proportion(items[asked]), items[asked], more=more)


def neighbours_of(labels: Rows) -> int:
    """How many neighbours to ask: :data:`NEIGHBOURS`, or fewer where most classes have no so many other images."""
    counts = np.bincount(labels[labels >= 0])
    counts = counts[counts > 1]
    return int(np.clip(np.median(counts) - 1, 1, NEIGHBOURS)) if len(counts) else 1


def attributes_score(vectors: Vectors, attributes: dict[str, Rows]) -> Score:
    """Mean over attributes of :func:`neighbours_score`; an item is an image, its score the share that is right."""
    found = {
        name: _neighbour_hits(vectors, labels, neighbours_of(labels)) for name, labels in attributes.items()
    }
    asked = np.stack([mask for _, mask in found.values()])
    hits = np.stack([items for items, _ in found.values()])
    counted = asked.any(axis=0)
    items = (hits * asked).sum(axis=0)[counted] / asked.sum(axis=0)[counted]
    more = {name: float(right[mask].mean()) for name, (right, mask) in found.items()}
    return Score("k-NN accuracy of attributes", bootstrap_mean(items), items, more=more)


def teacher_score(vectors: Vectors, targets: Vectors) -> Score:
    """Agreement with the teacher on who is like whom, whatever the two lengths of embeddings.

    An item is an image, its score Pearson's correlation between its cosines to all others by student and by teacher
    (representational similarity, Kriegeskorte et al. 2008).
    """
    if len(vectors) < 4:
        raise TrainingError(
            "agreement with a teacher needs at least 4 held-out images; raise data.validation_share"
        )
    rows = [1 - distance_matrix(side, side).astype(np.float64) for side in (vectors, targets)]
    off = ~np.eye(len(vectors), dtype=bool)
    student, teacher = (row[off].reshape(len(vectors), -1) for row in rows)
    student, teacher = (side - side.mean(axis=1, keepdims=True) for side in (student, teacher))
    lengths = np.sqrt((student**2).sum(axis=1) * (teacher**2).sum(axis=1))
    items = np.where(lengths > 1e-12, (student * teacher).sum(axis=1) / np.maximum(lengths, 1e-12), 0.0)
    same = vectors.shape[1] == targets.shape[1]
    more = {"cosine": float(1 - cosines_apart(vectors, targets).mean())} if same else {}
    return Score("agreement with the teacher", bootstrap_mean(items), items, more=more)


def hamming_score(vectors: Vectors, labels: Rows, radius: int = RADIUS) -> Score:
    """F1 of what lies within a Hamming radius of each image's bits (sign of each component): alike is the same label.

    Recall alone is 1 where all images get one code, so a run that chose its best epoch by it would keep a collapse: the
    figure is the harmonic mean of recall and precision; ``more`` has both.
    """
    bits = np.where(vectors > 0, 1.0, -1.0).astype(np.float32)
    apart = np.rint((bits.shape[1] - bits @ bits.T) / 2).astype(np.int64)
    alike = (labels[:, None] == labels[None]) & (labels >= 0)[:, None]
    np.fill_diagonal(alike, False)
    asked = alike.any(axis=1)
    if not asked.any():
        raise TrainingError("no held-out image has an alike one to be found; raise data.validation_share")
    within = apart <= radius
    np.fill_diagonal(within, False)
    found, wanted, returned = ((one).sum(axis=1)[asked] for one in (within & alike, alike, within))
    items = np.asarray(2 * found / (wanted + returned), dtype=np.float64)
    more = {
        "recall": float((found / wanted).mean()),
        "precision": float((found / np.maximum(returned, 1)).mean()),
        "returned": float(returned.mean()),
    }
    return Score(f"Hamming F1, radius {radius}", bootstrap_mean(items), items, more=more)


def error_score(losses: Floats) -> Score:
    """Mean loss of the held-out items; lower is better."""
    return Score("held-out loss", bootstrap_mean(losses), losses, higher_is_better=False)


def cosines_apart(a: Vectors, b: Vectors) -> Floats:
    """1 - cos, row by row, float64 (n,); 1 where a row is all zeros."""
    first, second = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    dots = np.einsum("nd,nd->n", first, second)
    return np.asarray(1 - np.where(lengths > 0, dots / np.where(lengths > 0, lengths, 1), 0.0))


def _neighbour_hits(vectors: Vectors, labels: Rows, k: int) -> tuple[Floats, NDArray[np.bool_]]:
    """(1 where the neighbours are right, which images are queries), both (n,)."""
    known = labels >= 0
    counts = np.bincount(labels[known], minlength=int(labels.max(initial=0)) + 1)
    asked = known & (counts[np.maximum(labels, 0)] > 1)
    if not asked.any():
        raise TrainingError(
            "no class has two held-out images, so neighbours cannot be asked: raise data.validation_share"
        )
    distance = distance_matrix(vectors, vectors).astype(np.float64)
    np.fill_diagonal(distance, np.inf)
    distance[:, ~known] = np.inf
    near = np.argsort(distance, axis=1, kind="stable")[:, : max(1, min(k, int(known.sum()) - 1))]
    votes = np.zeros((len(labels), len(counts)))
    for column in range(near.shape[1]):
        weight = 2 - np.take_along_axis(distance, near[:, column : column + 1], axis=1)[:, 0]
        votes[np.arange(len(labels)), labels[near[:, column]]] += weight
    return (votes.argmax(axis=1) == labels).astype(np.float64), asked
