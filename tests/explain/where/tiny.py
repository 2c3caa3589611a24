"""Encoders so small that the right map is known, and pictures for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder, EncoderCard, Preprocessing
from lookalike.explain.centring import CorpusMean
from lookalike.images import resize

SIDE, CELLS = 56, 7
CELL = SIDE // CELLS
GREY, RED, GREEN, BLUE = (128, 128, 128), (250, 0, 0), (0, 250, 0), (0, 0, 250)


class ColourEncoder(Encoder):
    """Shares of grey, red, green and blue pixels: a map of 7 x 7 cells, whose mean is the embedding.

    A pixel is red when it is nearly pure, so blurring a small red square takes it away.
    """

    def __init__(self, *, head: bool = False, resize_by: Any = "squash", crop_fraction: float = 1.0) -> None:
        self.head = head
        self.calls: list[int] = []
        self.card = EncoderCard(
            name="colours with a head" if head else "colours",
            dim=4,
            input_size=(SIDE, SIDE),
            preprocessing=Preprocessing(
                resize=resize_by, crop_fraction=crop_fraction, interpolation="nearest"
            ),
            feature_map=(CELLS, CELLS, 4),
            sha256=f"colours{head}",
        )

    def _feature_map(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.stack([self._one(image) for image in pixels])

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.calls.append(len(pixels))
        pooled = self._feature_map(pixels).mean(axis=(1, 2))
        return np.sqrt(pooled) if self.head else pooled

    def _one(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        how = self.card.preprocessing
        seen = resize(
            image,
            self.card.input_size,
            policy=how.resize,
            interpolation="nearest",
            crop_fraction=how.crop_fraction,
            fill=GREY,
        )
        pure = (seen > 240) & (seen.sum(axis=2, keepdims=True, dtype=np.int32) < 270)
        shares = np.concatenate([~pure.any(axis=2, keepdims=True), pure], axis=2).astype(np.float32)
        return shares.reshape(CELLS, CELL, CELLS, CELL, 4).mean(axis=(1, 3))


class LinearPatches(Encoder):
    """Each 8 x 8 patch times one random matrix, and the mean over patches: any picture gives another map."""

    def __init__(self, dim: int = 5, seed: int = 0, *, normalized: bool = True) -> None:
        self.weights = np.random.default_rng(seed).normal(size=(CELL * CELL * 3, dim)).astype(np.float32)
        self.card = EncoderCard(
            name="patches",
            dim=dim,
            input_size=(SIDE, SIDE),
            preprocessing=Preprocessing(interpolation="nearest"),
            normalized=normalized,
            feature_map=(CELLS, CELLS, dim),
            sha256=f"patches{dim}-{seed}",
        )

    def _feature_map(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        batch = np.stack([resize(image, (SIDE, SIDE), interpolation="nearest") for image in pixels])
        patches = batch.reshape(-1, CELLS, CELL, CELLS, CELL, 3).transpose(0, 1, 3, 2, 4, 5)
        scaled = patches.reshape(-1, CELLS, CELLS, CELL * CELL * 3).astype(np.float32) / 255
        return scaled @ self.weights

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self._feature_map(pixels).mean(axis=(1, 2))


def picture(**squares: tuple[int, int]) -> NDArray[np.uint8]:
    """A grey picture with squares of one cell: ``picture(red=(1, 5))``."""
    made = np.full((SIDE, SIDE, 3), GREY, np.uint8)
    for name, (row, column) in squares.items():
        colour = {"red": RED, "green": GREEN, "blue": BLUE}[name]
        made[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL] = colour
    return made


def grey_mean(encoder: Encoder) -> CorpusMean:
    """What all these pictures share: they are grey nearly everywhere."""
    grey = np.array([1, 0, 0, 0], np.float32)
    return CorpusMean(grey, encoder.card.name, encoder.card.fingerprint, 1, grey)


def noise(seed: int, side: int = SIDE) -> NDArray[np.uint8]:
    """A picture of coarse noise (8 x 8 squares)."""
    small = np.random.default_rng(seed).integers(0, 256, (CELLS, CELLS, 3), dtype=np.uint8)
    return np.kron(small, np.ones((side // CELLS, side // CELLS, 1), np.uint8))
