"""Ensembles: how their names are read, and that cosines average."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from lookalike.encoders import load_encoder
from lookalike.encoders.base import Encoder, EncoderCard, Preprocessing
from lookalike.encoders.classic import ClassicEncoder
from lookalike.encoders.ensemble import EnsembleEncoder, split_ensemble, split_weight
from lookalike.encoders.registry import EncoderOptions
from lookalike.errors import InvalidArgument, NoSuchOutput, UnknownEncoder
from lookalike.images import decode


class Fixed(Encoder):
    """Random but fixed functions of the mean colour; with text."""

    concurrent = True

    def __init__(
        self, seed: int, dim: int, *, size: int = 8, text: bool = True, normalized: bool = True
    ) -> None:
        self.matrix = np.random.default_rng(seed).normal(size=(3, dim)).astype(np.float32)
        self.seen: list[tuple[int, ...]] = []
        self.card = EncoderCard(
            f"fixed{seed}",
            dim,
            (size, size),
            Preprocessing(),
            normalized=normalized,
            text=text,
            sha256=str(seed),
        )

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.seen += [one.shape for one in pixels]
        return np.stack([one.mean(axis=(0, 1)).astype(np.float32) @ self.matrix for one in pixels])

    def _embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[len(text), 1, 2] for text in texts], dtype=np.float32) @ self.matrix


def images(count: int = 4) -> list[np.ndarray]:
    return list(np.random.default_rng(3).integers(0, 256, (count, 9, 9, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("classic", ["classic"]),
        ("classic+onnx:/a/b.onnx", ["classic", "onnx:/a/b.onnx"]),
        ("classic:color+classic:layout+timm:vit", ["classic:color", "classic:layout", "timm:vit"]),
        ("0.5*classic+2*onnx:/x", ["0.5*classic", "2*onnx:/x"]),
        ("onnx:/c++/a*b.onnx+classic", ["onnx:/c++/a*b.onnx", "classic"]),
        ("onnx:/a+classical/b.onnx", ["onnx:/a+classical/b.onnx"]),
        ("onnx:/a+2*b+classic.onnx", ["onnx:/a+2*b+classic.onnx"]),
        ("onnx:/a b.onnx + classic", ["onnx:/a b.onnx ", " classic"]),
        ("1e-1*classic+.5*classic", ["1e-1*classic", ".5*classic"]),
    ],
)
def test_split(spec: str, parts: list[str]) -> None:
    assert split_ensemble(spec) == parts


def test_split_weight() -> None:
    assert split_weight("0.5*classic") == (0.5, "classic")
    assert split_weight("onnx:/2*b.onnx") == (1.0, "onnx:/2*b.onnx")
    assert split_weight(" 2 * classic ") == (2.0, "classic")
    for wrong in ("0*classic", "1e999*classic"):
        with pytest.raises(InvalidArgument, match="weight of classic"):
            split_weight(wrong)


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(1, 6), st.floats(0.01, 100)), min_size=1, max_size=4),
    st.booleans(),
)
def test_cosine_is_the_weighted_mean_of_cosines(parts: list[tuple[int, int, float]], unit: bool) -> None:
    encoders = [Fixed(seed, dim, normalized=unit) for seed, dim, _ in parts]
    weights = [weight for _, _, weight in parts]
    joined = EnsembleEncoder(encoders, weights).embed(images())
    wanted = np.zeros((4, 4))
    for encoder, weight in zip(encoders, weights, strict=True):
        rows = encoder.embed(images()).astype(np.float64)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        wanted += weight / sum(weights) * rows @ rows.T
    assert joined.dtype == np.float32
    np.testing.assert_allclose(joined @ joined.T, wanted, atol=1e-5)


def test_text_only_when_every_part_has_it() -> None:
    both = EnsembleEncoder([Fixed(1, 4), Fixed(2, 5)])
    assert both.embed_text(["a cup", "a hat"]).shape == (2, 9)
    np.testing.assert_allclose(np.linalg.norm(both.embed_text(["x"]), axis=1), 1, atol=1e-6)
    one = EnsembleEncoder([Fixed(1, 4), Fixed(2, 5, text=False)])
    assert not one.card.text
    with pytest.raises(NoSuchOutput):
        one.embed_text(["a cup"])
    with pytest.raises(NoSuchOutput):
        one.feature_map(images())


def test_a_file_and_its_pixels_give_the_same_vector() -> None:
    """Indexing hands over pixels, searching a path: both are decoded once, at the largest size that a part wants."""
    noise = np.random.default_rng(0).integers(0, 255, (1024, 1024, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG")
    small, large = Fixed(1, 3, size=16), Fixed(2, 3, size=200)
    ensemble = EnsembleEncoder([small, large])
    assert ensemble.wanted_size == (200, 200)
    by_file = ensemble.embed([file.getvalue()])
    by_pixels = ensemble.embed([decode(file.getvalue(), min_size=ensemble.wanted_size)])
    assert np.array_equal(by_file, by_pixels)
    assert small.seen == large.seen
    assert 400 <= small.seen[0][0] < 1024


def test_real_parts() -> None:
    ensemble = load_encoder("2*classic:color+1*classic:layout")
    assert isinstance(ensemble, EnsembleEncoder)
    assert ensemble.card.name == "2*classic:color+1*classic:layout"
    assert ensemble.card.parts == ("classic:color", "classic:layout")
    assert ensemble.card.details["weights"] == pytest.approx([2 / 3, 1 / 3])
    assert ensemble.concurrent
    again = ClassicEncoder({"color": 2, "layout": 1}).embed(images())
    np.testing.assert_allclose(ensemble.embed(images()), again, atol=1e-6)
    batch = images(40)
    assert np.array_equal(ensemble.embed(batch), np.concatenate([ensemble.embed([image]) for image in batch]))
    assert ensemble.embed([]).shape == (0, ensemble.card.dim)
    assert list(ensemble.part_slices) == ["classic:color", "classic:layout"]


def test_fingerprint() -> None:
    def fingerprint(spec: str) -> str:
        return load_encoder(spec).card.fingerprint

    assert fingerprint("classic:color+classic:layout") == fingerprint("2*classic:color+2*classic:layout")
    assert fingerprint("classic:color+classic:layout") != fingerprint("2*classic:color+classic:layout")
    assert fingerprint("classic:color+classic:layout") != fingerprint("classic:layout+classic:color")
    assert fingerprint("3*classic") == fingerprint("classic")


def test_faults(tmp_path: object) -> None:
    with pytest.raises(UnknownEncoder, match="clasic"):
        load_encoder("classic+clasic")
    with pytest.raises(InvalidArgument, match="ensemble"):
        EnsembleEncoder([])
    with pytest.raises(InvalidArgument, match="one weight for each"):
        EnsembleEncoder([Fixed(1, 2)], [1, 2])
    with pytest.raises(InvalidArgument, match="above 0"):
        EnsembleEncoder([Fixed(1, 2)], [-1])
    with pytest.raises(InvalidArgument, match="weights file"):
        load_encoder("classic+classic:color", EncoderOptions(weights=tmp_path))  # type: ignore[arg-type]
