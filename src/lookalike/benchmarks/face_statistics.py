"""How many faces the images of pairs have, and whether the two images of a pair agree on it.

After figure 5c of Totally-Looks-Like (arXiv 1803.01485): faces per image, and agreement inside pairs. A pure
function of the counts; :func:`count_faces` makes the counts of a list of sets.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.benchmarks.estimates import Estimate
from lookalike.benchmarks.statistics import proportion
from lookalike.errors import BenchmarkError


@dataclass(frozen=True)
class Agreement:
    """How often the two images of a pair agree, beside how often they would by chance.

    Attributes:
        observed: share of pairs that agree, with Wilson's interval.
        chance: the share expected if left and right images were paired at random: sum over the values c of
            share of left images with c times share of right images with c.
        kappa: Cohen's kappa (1960), (observed - chance) / (1 - chance): 0 is chance, 1 is perfect agreement;
            None where chance is 1 (all images alike), because it is then undefined.
    """

    observed: Estimate
    chance: float
    kappa: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; shares in [0, 1]."""
        return {"observed": self.observed.to_dict(), "chance": self.chance, "kappa": self.kappa}


@dataclass(frozen=True)
class FaceStatistics:
    """Faces in the images of n pairs.

    Attributes:
        pairs: n.
        left_histogram: number of faces -> number of left images, from 0 to the largest count on either side.
        right_histogram: likewise, of right images.
        left_share: share of left images with at least one face, with Wilson's interval.
        right_share: likewise, of right images.
        left_mean: faces per left image.
        right_mean: faces per right image.
        both: pairs where both images have a face.
        left_only: pairs where only the left image has one.
        right_only: pairs where only the right image has one.
        neither: pairs without a face.
        presence: agreement on whether there is a face.
        number: agreement on how many there are (0 and 0 too).
        number_given_both: share of pairs with the same number of faces among those where both have one; None
            when there is no such pair.
    """

    pairs: int
    left_histogram: dict[int, int]
    right_histogram: dict[int, int]
    left_share: Estimate
    right_share: Estimate
    left_mean: float
    right_mean: float
    both: int
    left_only: int
    right_only: int
    neither: int
    presence: Agreement
    number: Agreement
    number_given_both: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; shares in [0, 1], keys of histograms are text."""
        given = self.number_given_both
        return {
            "pairs": self.pairs,
            "faces_per_image": {
                "left": {str(count): images for count, images in self.left_histogram.items()},
                "right": {str(count): images for count, images in self.right_histogram.items()},
            },
            "mean_faces": {"left": self.left_mean, "right": self.right_mean},
            "images_with_a_face": {"left": self.left_share.to_dict(), "right": self.right_share.to_dict()},
            "pairs_with_a_face": {
                "both": self.both,
                "left_only": self.left_only,
                "right_only": self.right_only,
                "neither": self.neither,
            },
            "agreement": {
                "presence": self.presence.to_dict(),
                "number": self.number.to_dict(),
                "number_given_both": None if given is None else given.to_dict(),
            },
        }


def face_statistics(left_counts: ArrayLike, right_counts: ArrayLike) -> FaceStatistics:
    """Figure 5c's statistics of n pairs.

    Args:
        left_counts: integers (n,) >= 0: faces in the left image of each pair.
        right_counts: likewise, of the right image of the same pair.

    Raises:
        BenchmarkError: no pairs, different lengths, or values that are not counts.
    """
    left, right = _counts(left_counts, "left"), _counts(right_counts, "right")
    if len(left) != len(right):
        raise BenchmarkError(
            f"face counts of {len(left)} left and {len(right)} right images; give one of each for every pair"
        )
    if not len(left):
        raise BenchmarkError("there are no pairs to count faces in; give at least one")
    has_left, has_right = left > 0, right > 0
    both = has_left & has_right
    highest = int(max(left.max(), right.max()))
    return FaceStatistics(
        pairs=len(left),
        left_histogram=_histogram(left, highest),
        right_histogram=_histogram(right, highest),
        left_share=proportion(has_left.astype(np.float64)),
        right_share=proportion(has_right.astype(np.float64)),
        left_mean=float(left.mean()),
        right_mean=float(right.mean()),
        both=int(both.sum()),
        left_only=int((has_left & ~has_right).sum()),
        right_only=int((~has_left & has_right).sum()),
        neither=int((~has_left & ~has_right).sum()),
        presence=_agreement(has_left.astype(np.int64), has_right.astype(np.int64)),
        number=_agreement(left, right),
        number_given_both=proportion((left == right)[both].astype(np.float64)) if both.any() else None,
    )


def count_faces(sets: Sequence[Sized]) -> NDArray[np.int64]:
    """Length of each set of faces (or of descriptors): int64 (n,)."""
    return np.array([len(faces) for faces in sets], dtype=np.int64)


def _counts(values: ArrayLike, side: str) -> NDArray[np.int64]:
    counts = np.asarray(values)
    if counts.ndim != 1 or (counts.size and not np.issubdtype(counts.dtype, np.integer)):
        raise BenchmarkError(
            f"face counts of the {side} images are integers (n,), got {counts.dtype} {counts.shape}"
        )
    if counts.size and counts.min() < 0:
        raise BenchmarkError(f"a face count of the {side} images is {counts.min()}; counts are 0 or more")
    return counts.astype(np.int64)


def _histogram(counts: NDArray[np.int64], highest: int) -> dict[int, int]:
    return {number: int(images) for number, images in enumerate(np.bincount(counts, minlength=highest + 1))}


def _agreement(left: NDArray[np.int64], right: NDArray[np.int64]) -> Agreement:
    observed = proportion((left == right).astype(np.float64))
    values = np.union1d(left, right)
    chance = float(sum((left == value).mean() * (right == value).mean() for value in values))
    kappa = (observed.value - chance) / (1 - chance) if chance < 1 else None
    return Agreement(observed, chance, kappa)
