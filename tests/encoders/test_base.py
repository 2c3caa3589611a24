"""What every encoder shares: cards, fingerprints, checks and unit length."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, EncoderCard, Preprocessing, normalize
from lookalike.errors import InvalidArgument, NoSuchOutput

CARD = EncoderCard("x", 3, (10, 20), Preprocessing(), sha256="ab")


class Mean(Encoder):
    def __init__(self, card: EncoderCard) -> None:
        self.card = card

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.stack([one.mean(axis=(0, 1)) for one in pixels]).astype(np.float32)


def test_fingerprint_depends_on_numbers_only() -> None:
    for same in (
        replace(CARD, name="y"),
        replace(CARD, licence="MIT"),
        replace(CARD, title="t", parts=("p",)),
    ):
        assert same.fingerprint == CARD.fingerprint
    for other in (
        replace(CARD, sha256="cd"),
        replace(CARD, input_size=(20, 10)),
        replace(CARD, preprocessing=Preprocessing(resize="crop")),
        replace(CARD, version=2),
        replace(CARD, details={"pooling": "mean"}),
        replace(CARD, normalized=False),
    ):
        assert other.fingerprint != CARD.fingerprint
    assert len(CARD.fingerprint) == 32
    assert json.loads(json.dumps(CARD.to_dict()))["fingerprint"] == CARD.fingerprint


def test_wanted_size_leaves_room_for_the_crop() -> None:
    card = replace(
        CARD, input_size=(224, 224), preprocessing=Preprocessing(resize="crop", crop_fraction=0.875)
    )
    assert Mean(card).wanted_size == (256, 256)


def test_embed() -> None:
    images = [np.full((4, 4, 3), value, np.uint8) for value in (0, 10, 200)]
    vectors = Mean(CARD).embed(images)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [0, 1, 1], atol=1e-6)
    assert Mean(replace(CARD, normalized=False)).embed(images)[2].tolist() == [200, 200, 200]
    assert Mean(CARD).embed([]).shape == (0, 3)
    with pytest.raises(InvalidArgument, match="the card promises"):
        Mean(replace(CARD, dim=4)).embed(images)
    with pytest.raises(NoSuchOutput):
        Mean(CARD).feature_map(images)
    with pytest.raises(NoSuchOutput):
        Mean(CARD).embed_text(["x"])


@given(
    arrays(
        np.float32, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.floats(-100, 100, width=32)
    )
)
def test_normalize(vectors: NDArray[np.float32]) -> None:
    scaled = normalize(vectors)
    assert scaled.dtype == np.float32
    for before, after in zip(vectors, scaled, strict=True):
        if np.abs(before).max() > 1e-15:
            assert np.linalg.norm(after.astype(np.float64)) == pytest.approx(1, abs=1e-5)
        assert np.array_equal(normalize(before[np.newaxis])[0], after)
