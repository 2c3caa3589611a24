"""A user's own function as an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike.encoders import Preprocessing
from lookalike.encoders.cache import EmbeddingCache, embed_cached
from lookalike.encoders.callable import CallableEncoder
from lookalike.errors import EncoderError, InvalidArgument


def mean_colour(images: np.ndarray) -> np.ndarray:
    return images.mean(axis=(1, 2))


def test_five_lines_are_enough() -> None:
    encoder = CallableEncoder(mean_colour, name="mean colour", input_size=(8, 8), normalized=False)
    red = np.zeros((40, 20, 3), np.uint8)
    red[..., 0] = 200
    assert encoder.card.dim == 3
    np.testing.assert_allclose(encoder.embed([red, red]), [[200, 0, 0], [200, 0, 0]])


def test_rows_are_scaled_to_unit_length_unless_told_otherwise() -> None:
    encoder = CallableEncoder(lambda images: np.tile([[3.0, 4.0]], (len(images), 1)), input_size=(4, 4))
    np.testing.assert_allclose(encoder.embed([np.zeros((4, 4, 3), np.uint8)]), [[0.6, 0.8]], rtol=1e-6)


def test_what_the_function_gets() -> None:
    seen: list[np.ndarray] = []

    def keep(images: np.ndarray) -> np.ndarray:
        seen.append(images)
        return images.reshape(len(images), -1)[:, :2].astype(np.float64)

    CallableEncoder(keep, input_size=(6, 5))
    assert seen[0].dtype == np.uint8
    assert seen[0].shape == (2, 6, 5, 3)
    half = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    encoder = CallableEncoder(keep, input_size=(6, 5), preprocessing=half, pixels="float32", normalized=False)
    encoder.embed([np.full((9, 9, 3), 255, np.uint8)])
    assert seen[-1].dtype == np.float32
    assert seen[-1].shape == (1, 3, 6, 5)
    np.testing.assert_allclose(seen[-1], 2.0, rtol=1e-5)  # (255/255 - 0.5) / 0.25


def test_batches_are_no_larger_than_asked() -> None:
    sizes: list[int] = []

    def count(images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        return mean_colour(images)

    encoder = CallableEncoder(count, input_size=(4, 4), batch_size=3)
    sizes.clear()
    assert encoder.embed([np.zeros((4, 4, 3), np.uint8)] * 7).shape == (7, 3)
    assert sizes == [3, 3, 1]


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda images: images.mean(axis=(0, 1, 2)), "shape"),
        (lambda images: mean_colour(images)[:1], "shape"),
        (lambda images: images, "shape"),
        (lambda _: None, "NoneType|shape"),
        (lambda images: ["a"] * len(images), "no array of numbers"),
        (lambda images: np.full((len(images), 3), np.nan), "NaN or infinity"),
    ],
)
def test_what_is_no_embedding_is_refused_at_once(function: Any, what: str) -> None:
    with pytest.raises(EncoderError, match=what) as caught:
        CallableEncoder(function, name="odd", input_size=(8, 8))
    assert "odd" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_row_length_that_changes_is_refused() -> None:
    encoder = CallableEncoder(lambda images: np.ones((len(images), len(images))), input_size=(4, 4))
    with pytest.raises(EncoderError, match=r"must be \(n, 2\)"):
        encoder.embed([np.zeros((4, 4, 3), np.uint8)])


def test_bad_arguments() -> None:
    with pytest.raises(InvalidArgument, match="name"):
        CallableEncoder(mean_colour, name=" ")
    with pytest.raises(InvalidArgument, match="uint8 or float32"):
        CallableEncoder(mean_colour, pixels="bgr")  # type: ignore[arg-type]


def test_only_a_version_makes_two_functions_the_same() -> None:
    one, other = (CallableEncoder(mean_colour, name="c", input_size=(4, 4)) for _ in range(2))
    assert not one.cacheable
    assert one.card.fingerprint != other.card.fingerprint
    first, again, next_one = (
        CallableEncoder(mean_colour, name="c", input_size=(4, 4), version=v) for v in (1, 1, 2)
    )
    assert first.cacheable
    assert first.card.fingerprint == again.card.fingerprint != next_one.card.fingerprint


def test_with_a_version_nothing_is_computed_twice(tmp_path: Path) -> None:
    calls: list[int] = []

    def count(images: np.ndarray) -> np.ndarray:
        calls.append(len(images))
        return mean_colour(images)

    Image.new("RGB", (5, 5), (9, 8, 7)).save(tmp_path / "a.png")
    with EmbeddingCache(tmp_path / "cache") as cache:
        for _ in range(2):
            encoder = CallableEncoder(count, input_size=(4, 4), version="1")
            calls.clear()
            embed_cached(encoder, [tmp_path / "a.png"], cache)
    assert calls == []
