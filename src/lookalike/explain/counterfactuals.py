"""What if that were not so: how alike the two would be with an attribute taken from both.

The ablations are those of the benchmark (:mod:`lookalike.benchmarks.ablation_attributes`), plus silhouettes and faces.
Taking something from two images makes any two of them more alike or less (all grey images have greyness in common), so
what it does to random pairs is shown beside the change where it is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.ablation_attributes import ATTRIBUTES as ABLATIONS
from lookalike.benchmarks.ablation_attributes import GRID, Attribute, remove
from lookalike.encoders import Encoder
from lookalike.explain.centring import CorpusMean, centred_cosine
from lookalike.images import ImageLike
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.encoders.faces_types import Face
    from lookalike.explain.images_seen import SeenImage

Pixels = NDArray[np.uint8]
Side = Literal["both", "one"]


def _silhouette(pixels: Pixels, _: np.random.Generator) -> Pixels:
    from lookalike.benchmarks.ablation_segment import foreground_mask

    filled = np.where(foreground_mask(pixels), np.uint8(0), np.uint8(255))
    return np.repeat(filled[:, :, np.newaxis], 3, axis=2)


SILHOUETTE = Attribute(
    "silhouette", "All but the outline", "the thing black on white, nothing inside", _silhouette
)


@dataclass(frozen=True)
class Removal:
    """One way to take an attribute away.

    Attributes:
        name: key in JSON. ablation: what is done to the pixels; None: the faces are painted over.
        side: "both", or "one" (mirroring both would change nothing between them).
    """

    name: str
    ablation: Attribute | None
    side: Side = "both"


REMOVALS: tuple[Removal, ...] = (
    Removal("colour", ABLATIONS["color"]),
    Removal("texture", ABLATIONS["texture"]),
    Removal("layout", ABLATIONS["layout"]),
    Removal("all but the outline", SILHOUETTE),
    Removal("direction", ABLATIONS["pose"], "one"),
    Removal("face", None),
)
"""In the order of reports: greyscale, blur, patch shuffle, silhouette, one mirrored, faces painted over."""


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """The pair without something.

    Attributes:
        name: of the removal. how: what was done, in words. side: to both images, or to A only.
        before, after: the encoder's centred cosine of the images as they are, and without it.
        typical: mean change of random pairs under the same removal; None where it is not known.
        a, b: what the images looked like, RGB uint8.
    """

    name: str
    how: str
    side: Side
    before: float
    after: float
    typical: float | None
    a: Pixels
    b: Pixels

    @property
    def change(self) -> float:
        """After minus before: negative where they are less alike without it."""
        return self.after - self.before

    @property
    def beyond(self) -> float:
        """The change beyond what the removal does to any two images (the change itself where that is not known)."""
        return self.change - (self.typical or 0.0)

    def to_dict(self) -> dict[str, object]:
        """Plain JSON types, without the pictures."""
        return {
            "attribute": self.name, "how": self.how, "side": self.side, "before": self.before, "after": self.after,
            "change": self.change, "typical_change": self.typical, "beyond_typical": self.beyond,
        }  # fmt: skip


def counterfactuals(
    a: SeenImage,
    b: SeenImage,
    encoder: Encoder,
    mean: CorpusMean | None,
    typical: Mapping[str, float] | None = None,
) -> tuple[Counterfactual, ...]:
    """The pair without each attribute; what cannot be taken away (a face that is not there) is left out.

    Args:
        a: one image; "one" is done to it.
        b: the other.
        encoder: says how alike; all altered images go through it in one batch.
        mean: subtracted before the cosine; None: plain cosine.
        typical: removal -> mean change of random pairs.
    """
    usual = typical or {}
    made = [(removal, *_altered(removal, a, b)) for removal in REMOVALS if _possible(removal, a, b)]
    pictures = [a.pixels, b.pixels, *(pixels for _, first, second in made for pixels in (first, second))]
    scores = centred_cosines(encoder.embed(pictures), mean)
    return tuple(
        Counterfactual(
            removal.name, _how(removal), removal.side, float(scores[0]), float(score), usual.get(removal.name),
            first, second,
        )
        for (removal, first, second), score in zip(made, scores[1:], strict=True)
    )  # fmt: skip


def centred_cosines(rows: NDArray[np.float32], mean: CorpusMean | None) -> NDArray[np.float64]:
    """Centred cosines of rows 0 and 1, 2 and 3, ... of embeddings (2 n, d): float64 (n,); plain ones without a mean."""
    middle = np.zeros(rows.shape[1]) if mean is None else mean.mean
    return np.asarray(centred_cosine(rows[0::2], rows[1::2], middle))


def typical_changes(
    encoder: Encoder,
    mean: CorpusMean,
    images: Sequence[ImageLike],
    *,
    pairs: int = 300,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Mean change of the centred cosine of random pairs by each removal (but faces): removal -> change.

    Args:
        encoder: any. mean: of its embeddings.
        images: at least two; random pairs of them are drawn.
        pairs: how many. seed: of the choice. progress: told about every pair.
    """
    from lookalike.explain.images_seen import see
    from lookalike.explain.reference_build import random_places

    totals: dict[str, list[float]] = {}
    drawn = np.random.default_rng(seed).permutation(
        random_places(len(images), pairs, np.random.default_rng(seed))
    )
    for done, (i, j) in enumerate(drawn[:pairs], start=1):
        both = [see(images[int(k)], "", encoder.wanted_size, None, attributes=False) for k in (i, j)]
        for found in counterfactuals(both[0], both[1], encoder, mean):
            totals.setdefault(found.name, []).append(found.change)
        if progress is not None:
            progress("taking things away from random pairs", done, min(pairs, len(drawn)))
    return {name: float(np.mean(changes)) for name, changes in totals.items()}


def _possible(removal: Removal, a: SeenImage, b: SeenImage) -> bool:
    if removal.ablation is None:
        return bool(a.faces) and bool(b.faces)
    return bool(min(*a.pixels.shape[:2], *b.pixels.shape[:2]) >= GRID)


def _altered(removal: Removal, a: SeenImage, b: SeenImage) -> tuple[Pixels, Pixels]:
    if removal.ablation is None:
        return _faceless(a), _faceless(b)
    first = remove(a.pixels, removal.ablation, seed=0)
    # Another seed: two images shuffled alike would still share their layout.
    return first, remove(b.pixels, removal.ablation, seed=1) if removal.side == "both" else b.pixels


def _how(removal: Removal) -> str:
    if removal.ablation is None:
        return "faces filled with the image's mean colour"
    return removal.ablation.how


def _faceless(image: SeenImage) -> Pixels:
    result = image.pixels.copy()
    colour = np.rint(image.pixels.reshape(-1, 3).mean(axis=0)).astype(np.uint8)
    for face in image.faces or ():
        left, top, right, bottom = on_image(face, image.pixels)
        result[top:bottom, left:right] = colour
    return result


def on_image(face: Face, pixels: Pixels) -> tuple[int, int, int, int]:
    """Box of a face in pixels of this array: left, top, right, bottom, kept inside."""
    height, width = pixels.shape[:2]
    down, across = height / face.image_size[0], width / face.image_size[1]
    left, top, right, bottom = face.box
    return (
        int(np.clip(left * across, 0, width)), int(np.clip(top * down, 0, height)),
        int(np.clip(right * across, 0, width)), int(np.clip(bottom * down, 0, height)),
    )  # fmt: skip
