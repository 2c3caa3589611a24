"""Ordinal embedding: places for images such that what people found nearer lies nearer.

Soft ordinal embedding (Terada and von Luxburg 2014): the sum over comparisons "reference is nearer to a than to b" of
max(0, |r - a| + 1 - |r - b|)^2, minimised by L-BFGS from several random starts. A tenth of the comparisons is kept out
of the fit, and the share of these that the map gets right is its honest figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.statistics import Estimate, bootstrap_mean
from lookalike.errors import StudyError
from lookalike.studies.analysis.responses import Responses
from lookalike.studies.analysis.shared_items import index_images, refuse_few, refuse_separate

HELD_OUT = 0.1
STARTS = 5


@dataclass(frozen=True)
class Embedding:
    """Images as points.

    Attributes:
        images: content ids.
        points: float64 (n, d), centred; only nearer or farther has a meaning.
        held_out: share of comparisons kept out of the fit that the points get right.
        fitted: the same of those in the fit.
        comparisons: how many there are in all.
    """

    images: tuple[str, ...]
    points: NDArray[np.float64]
    held_out: Estimate
    fitted: float
    comparisons: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        points = {image: [float(x) for x in row] for image, row in zip(self.images, self.points, strict=True)}
        return {
            "held_out": self.held_out.to_dict(), "fitted": self.fitted, "comparisons": self.comparisons,
            "dimensions": self.points.shape[1], "points": points,
        }  # fmt: skip


def ordinal_embedding(
    responses: Responses, *, dimensions: int = 2, seed: int = 0, starts: int = STARTS
) -> Embedding:
    """Place all images of a study.

    Args:
        responses: answers of the types kafc, 2afc (chosen nearer to the query than each other option) or odd-one-out
            (either of the pair nearer to the other than to the odd one).
        dimensions: of the map.
        seed: of starts and of what is kept out.
        starts: the best of so many random starts is taken.

    Raises:
        StudyError: items do not share their images (each has its own, as in TLL and NIGHTS), or too few answers.
    """
    images, triplets, answer = comparisons(responses)
    what = "an ordinal embedding"
    refuse_separate(triplets.tolist(), len(images), what)
    refuse_few(len(triplets), len(images), dimensions, what)
    rng = np.random.default_rng(seed)
    # Whole answers are kept out: the comparisons of one are not independent.
    given = np.unique(answer)
    kept_out = np.isin(answer, rng.permutation(given)[: max(1, int(HELD_OUT * len(given)))])
    test, train = triplets[kept_out], triplets[~kept_out]
    fits = [_fit(train, len(images), dimensions, rng) for _ in range(starts)]
    points = min(fits, key=lambda fit: fit[1])[0]
    right = bootstrap_mean(fulfilled(points, test), seed=seed)
    return Embedding(
        tuple(images),
        points - points.mean(axis=0),
        right,
        float(fulfilled(points, train).mean()),
        len(triplets),
    )


def comparisons(responses: Responses) -> tuple[list[str], NDArray[np.intp], NDArray[np.intp]]:
    """(images, intp (m, 3) of (reference, nearer, farther), intp (m,) the answer), one answer giving several.

    Raises:
        StudyError: the answers are no choices among images.
    """
    items = responses.items
    if not items or any(len(item.options) < 2 for item in items):
        raise StudyError("an ordinal embedding is not computed: it needs choices among images")
    images, rows = index_images([item.images for item in items])
    found: list[tuple[int, int, int]] = []
    answer: list[int] = []
    for number, (item, option) in enumerate(zip(responses.item, responses.chosen, strict=True)):
        row = rows[item]
        query, options = row[: len(items[item].fixed)], row[len(items[item].fixed) :]
        others = [one for n, one in enumerate(options) if n != option]
        if option < 0:
            continue
        if query:
            found += [(query[0], options[option], other) for other in others]
        else:
            found += [(one, other, options[option]) for one in others for other in others if one != other]
        answer += [number] * (len(found) - len(answer))
    return images, np.array(found, dtype=np.intp).reshape(-1, 3), np.array(answer, dtype=np.intp)


def fulfilled(points: NDArray[np.float64], triplets: NDArray[np.intp]) -> NDArray[np.float64]:
    """1 where the points have the nearer one nearer, 0.5 at a tie, else 0: float64 (m,)."""
    near = np.linalg.norm(points[triplets[:, 0]] - points[triplets[:, 1]], axis=1)
    far = np.linalg.norm(points[triplets[:, 0]] - points[triplets[:, 2]], axis=1)
    return np.where(near < far, 1.0, np.where(near == far, 0.5, 0.0))


def _fit(
    triplets: NDArray[np.intp], images: int, dimensions: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], float]:
    from scipy.optimize import minimize

    start = rng.normal(size=(images, dimensions))
    best = minimize(
        _loss,
        start.ravel(),
        args=(triplets, images, dimensions),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 500},
    )
    return best.x.reshape(images, dimensions), float(best.fun)


def _loss(
    flat: NDArray[np.float64], triplets: NDArray[np.intp], images: int, dimensions: int
) -> tuple[float, NDArray[np.float64]]:
    """The stress and its gradient."""
    x = flat.reshape(images, dimensions)
    r, a, b = triplets.T
    to_a, to_b = x[r] - x[a], x[r] - x[b]
    near, far = (np.maximum(np.linalg.norm(v, axis=1), 1e-12) for v in (to_a, to_b))
    short = np.maximum(0.0, near + 1 - far)
    pull = (2 * short / near)[:, None] * to_a
    push = (2 * short / far)[:, None] * to_b
    gradient = np.zeros_like(x)
    for rows, change in ((r, pull - push), (a, -pull), (b, push)):
        for d in range(dimensions):
            gradient[:, d] += np.bincount(rows, change[:, d], images)
    return float((short**2).sum()), gradient.ravel()
