"""How close is too close? A near-duplicate threshold from the gallery's own distances.

Around an image, the number of *other* images within distance t grows as a power of t: N(t) = m (t / r_m)^a,
where r_m is the distance of the m-th neighbour and a the local intrinsic dimension (Levina and Bickel 2004,
"Maximum likelihood estimation of intrinsic dimension", eq. 8; Amsaleg et al. 2015 on its use in similarity
search). Both are read off neighbours 8 to 32, which lie beyond an image's own copies, and extrapolated
towards zero: the threshold is the largest t at which three images in ten thousand are expected to have a
neighbour by chance.

The budget is strict because the extrapolation is an average. With MobileNetV2 it predicts the pairs within
0.15 and 0.2 of 12,000 Tiny ImageNet images well (8.5 and 618 against 9 and 705), but on 1,200
Totally-Looks-Like images, where portraits crowd together, about four times too few (2.1 within 0.15 against
some 11 that are no duplicates).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.gallery.reading import BLOCK_ROWS, ReadableGallery

SMALL = 50
"""Below this many images there is no statistic worth the name."""
SAMPLE = 2000
RANDOM_PAIRS = 20_000
FIRST_RANK, LAST_RANK = 8, 32
"""Neighbours that are read as background; nearer ones may be copies of the image."""
MOST_COPIES = 128
"""Copies of one image that the estimate can look past."""
GAP = 1.5
"""Copies end where the next neighbour is this many times farther away."""
FALSE_SHARE, FALSE_LEAST = 0.0003, 0.3
"""Images that may be joined by chance: a share of the gallery, but no fewer than this."""
FLOOR_SHARE, CEILING_SHARE = 0.02, 0.25
"""Limits of the threshold, as shares of the median distance of two random images."""
PLAIN_SHARE = 0.15
"""Threshold without statistics, as a share of the upper quartile of the distances of two images."""
CEILING = 0.15
"""Rosenfeld et al. 2018 drop pairs up to this distance as near-duplicates (DenseNet121)."""
PLAIN_LOW = 0.03
"""Lower limit of the threshold that is used without statistics."""


@dataclass(frozen=True)
class ThresholdChoice:
    """A near-duplicate threshold and where it comes from. Distances are cosine distances in [0, 2].

    Attributes:
        value: pairs at most this far apart are near-duplicates.
        method: ``given`` (by the caller), ``neighbours`` (the extrapolation), ``random pairs`` (copies hide
            the background), ``small`` (too few images).
        images: distinct images looked at.
        sampled: how many of them had their neighbours measured.
        random_median: median distance of two random images; nan when not measured.
        nearest_median: median distance to the nearest neighbour; nan when not measured.
        radius: median distance of the 32nd neighbour beyond copies; nan unless ``neighbours``.
        dimension: exponent a of the growth; nan unless ``neighbours``.
        expected_false: images expected to have a neighbour within ``value`` by chance; nan unless
            ``neighbours``.
        floor: smallest value that would have been chosen.
        ceiling: largest value that would have been chosen.
        reason: one sentence for people.
    """

    value: float
    method: Literal["given", "neighbours", "random pairs", "small"]
    images: int
    reason: str
    sampled: int = 0
    random_median: float = float("nan")
    nearest_median: float = float("nan")
    radius: float = float("nan")
    dimension: float = float("nan")
    expected_false: float = float("nan")
    floor: float = float("nan")
    ceiling: float = float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; what was not measured is None."""
        return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in asdict(self).items()}


def given_threshold(value: float, images: int) -> ThresholdChoice:
    """A threshold that the caller named.

    Raises:
        InvalidArgument: it is not within [0, 2].
    """
    if not 0 <= value <= 2:
        raise InvalidArgument(f"threshold {value:g} is not a cosine distance; give a number from 0 to 2")
    return ThresholdChoice(float(value), "given", images, f"threshold {value:g} as given")


def choose_threshold(
    gallery: ReadableGallery,
    ids: NDArray[np.int64],
    matrix: NDArray[np.float32],
    *,
    candidates: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> ThresholdChoice:
    """Choose the near-duplicate threshold for images of different content.

    Args:
        gallery: answers the neighbour queries.
        ids: int64 (n,), ascending.
        matrix: float32 (n, d), unit rows, in the order of ids.
        candidates: ids to search among; None = the whole gallery, which then holds just ``ids``.
        seed: of the samples.
    """
    n = int(ids.size)
    generator = np.random.default_rng(seed)
    if n < SMALL:
        return _plain(matrix, generator, "small")
    random_median = float(np.median(random_distances(matrix, generator)))
    rows = np.sort(generator.permutation(n)[:SAMPLE])
    near = sorted_neighbours(gallery, ids[rows], matrix[rows], LAST_RANK + MOST_COPIES, candidates)
    ceiling = min(CEILING, CEILING_SHARE * random_median)
    background = beyond_copies(near, ceiling)
    if len(background) < max(20, len(rows) // 10):
        return _plain(matrix, generator, "random pairs")
    dimension = intrinsic_dimension(background)
    radii = background[:, -1].astype(np.float64)
    budget = max(FALSE_LEAST, FALSE_SHARE * n)
    floor = FLOOR_SHARE * random_median
    estimate = _solve(radii, dimension, n, budget, ceiling)
    value = float(np.clip(estimate, floor, ceiling))
    false = expected_false(value, radii, dimension, n)
    limit = "the upper limit" if estimate >= ceiling else "the lower limit" if estimate <= floor else ""
    return ThresholdChoice(
        value=value,
        method="neighbours",
        images=n,
        sampled=len(rows),
        random_median=random_median,
        nearest_median=float(np.median(near[:, 0])),
        radius=float(np.median(radii)),
        dimension=dimension,
        expected_false=false,
        floor=floor,
        ceiling=ceiling,
        reason=_sentence(value, n, random_median, float(np.median(radii)), dimension, false, limit),
    )


def random_distances(matrix: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float64]:
    """Distances of random pairs of different rows, float64; every pair when there are few rows."""
    n = len(matrix)
    if n * (n - 1) // 2 <= RANDOM_PAIRS:
        first, second = np.triu_indices(n, 1)
    else:
        first = generator.integers(0, n, RANDOM_PAIRS)
        second = (first + generator.integers(1, n, RANDOM_PAIRS)) % n
    out = np.empty(len(first), dtype=np.float64)
    for start in range(0, len(first), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        out[part] = 1.0 - np.einsum("ij,ij->i", matrix[first[part]], matrix[second[part]])
    return np.clip(out, 0.0, 2.0)


def sorted_neighbours(
    gallery: ReadableGallery,
    ids: NDArray[np.int64],
    matrix: NDArray[np.float32],
    k: int,
    candidates: NDArray[np.int64] | None,
) -> NDArray[np.float32]:
    """Distances to the k nearest other images, float32 (n, k), ascending, inf where there are fewer."""
    out = np.full((len(ids), k), np.inf, dtype=np.float32)
    for start in range(0, len(ids), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        distances, found = gallery.nearest(matrix[part], k + 1, ids=candidates)
        distances = np.where((found == ids[part, None]) | (found < 0), np.inf, np.maximum(distances, 0.0))
        out[part] = np.sort(distances, axis=1)[:, :k]
    return out


def beyond_copies(near: NDArray[np.float32], ceiling: float) -> NDArray[np.float32]:
    """The first 32 neighbours beyond each image's copies, float32 (m, 32); rows without so many are left out.

    Copies are the leading neighbours, all within ``ceiling``, up to the last gap by a factor of 1.5.
    """
    tiny = 1e-6
    held = np.maximum(near, tiny)
    with np.errstate(invalid="ignore"):
        gap = (held[:, :-1] <= ceiling) & np.isfinite(held[:, 1:]) & (held[:, 1:] >= GAP * held[:, :-1])
    positions = np.arange(1, gap.shape[1] + 1)
    copies = np.max(np.where(gap, positions, 0), axis=1)
    columns = copies[:, None] + np.arange(LAST_RANK)
    hidden = near[:, -1] <= ceiling  # copies to the last neighbour asked for: no background in sight
    inside = (columns[:, -1] < near.shape[1]) & ~hidden
    picked = np.take_along_axis(held[inside], columns[inside], axis=1)
    return np.asarray(picked[np.isfinite(picked).all(axis=1)], dtype=np.float32)


def intrinsic_dimension(background: NDArray[np.float32]) -> float:
    """Exponent a of N(t) ~ t^a, pooled over images, from the spacings of neighbours 8 to 32.

    By Rényi's representation j log(r_{j+1} / r_j) are independent and exponential with mean 1 / a.
    """
    rank = np.arange(FIRST_RANK, LAST_RANK)
    spacings = rank * np.log(background[:, FIRST_RANK:] / background[:, FIRST_RANK - 1 : -1])
    return float(1.0 / max(float(np.mean(spacings)), 1e-3))


def expected_false(value: float, radii: NDArray[np.float64], dimension: float, n: int) -> float:
    """Images of n expected to have another image within ``value`` by chance."""
    each = LAST_RANK * np.exp(dimension * np.log(max(value, 1e-12) / radii))
    return float(n * np.mean(np.minimum(each, 1.0)))


def _solve(radii: NDArray[np.float64], dimension: float, n: int, budget: float, high: float) -> float:
    """Largest t <= high that keeps ``expected_false`` within the budget, by bisection."""
    if expected_false(high, radii, dimension, n) <= budget:
        return high
    low = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expected_false(middle, radii, dimension, n) <= budget else (low, middle)
    return low


def _plain(
    matrix: NDArray[np.float32], generator: np.random.Generator, method: Literal["small", "random pairs"]
) -> ThresholdChoice:
    """A share of the distance of clearly different images: the upper quartile, which copies hardly lower."""
    n = len(matrix)
    distances = random_distances(matrix, generator) if n > 1 else np.zeros(1)
    quartile = float(np.quantile(distances, 0.75))
    value = float(np.clip(PLAIN_SHARE * quartile, PLAIN_LOW, CEILING))
    why = (
        f"only {n} different images, too few for statistics"
        if method == "small"
        else "most images have so many copies that the distances between different ones stay hidden"
    )
    return ThresholdChoice(
        value=value,
        method=method,
        images=n,
        random_median=float(np.median(distances)) if n > 1 else float("nan"),
        floor=PLAIN_LOW,
        ceiling=CEILING,
        reason=(
            f"{why}: threshold {value:.3f} = {PLAIN_SHARE:.0%} of {quartile:.3f}, the upper quartile of the "
            f"distances of two images, held between {PLAIN_LOW:g} and {CEILING:g}"
        ),
    )


def _sentence(
    value: float, n: int, random_median: float, radius: float, dimension: float, false: float, limit: str
) -> str:
    tail = f" ({limit} for this gallery)" if limit else ""
    number = f"about {false:.1f}" if false >= 0.1 else "fewer than 0.1"
    return (
        f"two random images lie {random_median:.3f} apart, an image's {LAST_RANK}nd neighbour {radius:.3f}, "
        f"and the number of neighbours grows as distance^{dimension:.1f}: at {value:.3f}{tail} "
        f"{number} of {n:,} unrelated images would have another one that close by chance"
    )
