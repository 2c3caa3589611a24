"""Features of a backbone that does not change: embedded once, read again and again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder
from lookalike.encoders.parallel import available_cores
from lookalike.errors import ImageError, RecipeError
from lookalike.images import ImageLike, decode
from lookalike.training.augment import Augment

if TYPE_CHECKING:
    from torch import Tensor

    from lookalike.progress import Progress

Rows = NDArray[np.int64]


class FeatureStore:
    """Embeddings float32 (N, d) of a backbone that does not change, and of the mirrored pictures where wanted.

    Every distinct picture is embedded once, and looked up in the embedding cache first.

    Args:
        pictures: N images.
        encoder: the frozen backbone.
        flip: probability that a view is the mirrored picture's; 0 embeds no mirrored pictures.
        skip_bad, progress: as for :class:`PixelStore`.

    Raises:
        ImageError: a picture cannot be read.
    """

    def __init__(
        self,
        pictures: Sequence[ImageLike],
        encoder: Encoder,
        flip: float = 0.0,
        *,
        mirror: bool | None = None,
        skip_bad: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.flip, self.bad = Augment(flip=flip), _unreadable(pictures) if skip_bad else {}
        wanted = [number for number in range(len(pictures)) if number not in self.bad]
        with_mirror = flip > 0 if mirror is None else mirror
        plain, mirrored = sides_of(encoder, [pictures[number] for number in wanted], with_mirror, progress)
        self.features = spread(plain, wanted, len(pictures))
        self.mirrored = None if mirrored is None else spread(mirrored, wanted, len(pictures))

    def mirrored_view(self, pictures: Rows) -> Tensor:
        """float32 (n, d) of the mirror images.

        Raises:
            RecipeError: they were not embedded.
        """
        import torch

        if self.mirrored is None:
            raise RecipeError(
                "two views of a frozen encoder's features are an image and its mirror image: set data.augment.flip"
            )
        return torch.from_numpy(self.mirrored[pictures])

    def plain(self, pictures: Rows) -> Tensor:
        """float32 (n, d)."""
        import torch

        return torch.from_numpy(self.features[pictures])

    def view(self, pictures: Rows, rows: Rows, *, seed: int, epoch: int, view: int) -> Tensor:
        """float32 (n, d): of the picture or, by a coin, of its mirror image."""
        import torch

        features = self.features[pictures]
        if self.mirrored is not None:
            coin = self.flip.dice(seed, epoch, rows, view, "flip") < self.flip.flip
            features = np.where(coin[:, None], self.mirrored[pictures], features)
        return torch.from_numpy(np.ascontiguousarray(features))


def sides_of(
    encoder: Encoder, pictures: Sequence[ImageLike], mirror: bool, progress: Progress | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Cached embeddings of pictures and, where wanted, of their mirror images: float32 (n, d) each."""
    from lookalike.encoders.cache import EmbeddingCache
    from lookalike.encoders.transform_sides import embed_sides

    if not len(pictures):
        empty = np.empty((0, encoder.card.dim), dtype=np.float32)
        return empty, empty if mirror else None
    # A function without a version has no name under which its embeddings could be found again.
    cache = EmbeddingCache() if getattr(encoder, "cacheable", True) else None
    return embed_sides(encoder, pictures, mirror, cache, progress)


def _unreadable(pictures: Sequence[ImageLike]) -> dict[int, str]:
    """Numbers of the pictures that cannot be decoded, with the reason."""

    def one(picture: ImageLike) -> str | None:
        try:
            decode(picture, min_size=(64, 64))
        except ImageError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(available_cores(), thread_name_prefix="lookalike-decode") as pool:
        return {number: line for number, line in enumerate(pool.map(one, pictures)) if line is not None}


def spread(rows: NDArray[np.float32], places: Sequence[int], count: int) -> NDArray[np.float32]:
    """Rows at their places among ``count``, zeros elsewhere: float32 (count, d)."""
    if len(places) == count:
        return rows
    found = np.zeros((count, rows.shape[1]), dtype=np.float32)
    found[list(places)] = rows
    return found
