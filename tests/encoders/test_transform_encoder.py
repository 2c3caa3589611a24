"""An encoder with a whitening: both sides, caches, names, real figures."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.encoders import Encoder, EncoderOptions, absolute_spec, load_encoder
from lookalike.encoders.cache import EmbeddingCache, embed_cached
from lookalike.encoders.classic import ClassicEncoder
from lookalike.encoders.transform import (
    LEAST_IMAGES,
    Mirrored,
    TransformedEncoder,
    Whitening,
    fit_whitening,
    whitened,
)
from lookalike.encoders.transform_spec import split_transform
from lookalike.errors import EncoderError, InvalidArgument, NoSuchOutput, NotAnImage, WeightsNotFound
from tests.gallery.conftest import BatchThumb, Thumb, picture

COUNT = LEAST_IMAGES + 20
PIXELS = [np.asarray(picture(seed)) for seed in range(COUNT)]


@pytest.fixture(scope="module")
def fitted() -> Whitening:
    return fit_whitening(Thumb(), PIXELS)


def test_both_sides_follow_the_formula(fitted: Whitening) -> None:
    base = Thumb()
    encoder = TransformedEncoder(base, fitted)
    plain, mirrored = base.embed(PIXELS[:9]), base.embed([image[:, ::-1] for image in PIXELS[:9]])
    np.testing.assert_array_equal(encoder.embed(PIXELS[:9]), fitted.apply(plain, mirrored))
    np.testing.assert_array_equal(Mirrored(base).embed(PIXELS[:9]), mirrored)
    upside = encoder.embed([image[:, ::-1] for image in PIXELS[:9]])
    np.testing.assert_allclose(
        upside, encoder.embed(PIXELS[:9]), atol=1e-5
    )  # an image equals its mirror image


@pytest.mark.parametrize("base", [Thumb(), BatchThumb(), ClassicEncoder({"layout": 1.0})])
def test_a_batch_of_one_gives_the_same_bits(base: Encoder) -> None:
    encoder = whitened(base, PIXELS)
    many = encoder.embed(PIXELS)
    assert many.dtype == np.float32
    assert many.shape == (COUNT, encoder.card.dim)
    for position in (0, 31, 32, 119):
        np.testing.assert_array_equal(encoder.embed([PIXELS[position]])[0], many[position])
    assert encoder.embed([]).shape == (0, encoder.card.dim)


def test_the_card(fitted: Whitening) -> None:
    base = Thumb()
    encoder = TransformedEncoder(base, fitted)
    card = encoder.card
    assert (card.name, card.dim, card.normalized, card.text) == ("thumb | whiten", fitted.dim, True, False)
    assert card.details["fitted_on"] == COUNT
    marks = {
        base.card.fingerprint,
        card.fingerprint,
        Mirrored(base).card.fingerprint,
        TransformedEncoder(base, fit_whitening(base, PIXELS, exponent=0.4)).card.fingerprint,
        TransformedEncoder(Thumb(version=2), fit_whitening(Thumb(version=2), PIXELS)).card.fingerprint,
    }
    assert len(marks) == 5
    assert TransformedEncoder(base, fitted, name="other").card.fingerprint == card.fingerprint


def test_another_encoder_is_refused(fitted: Whitening) -> None:
    with pytest.raises(EncoderError, match=r"fitted to encoder thumb .* not to thumb"):
        TransformedEncoder(Thumb(version=2), fitted)
    loose = Whitening(fitted.mean, fitted.components, fitted.scales, True, True, 0.5)
    with pytest.raises(EncoderError, match="108 numbers, encoder classic gives"):
        TransformedEncoder(ClassicEncoder(), loose)


def test_text_is_refused_and_feature_maps_pass_through(fitted: Whitening) -> None:
    encoder = TransformedEncoder(Thumb(), fitted)
    with pytest.raises(NoSuchOutput, match=r"images only.* search by text without the transform"):
        encoder.embed_text(["a cup"])
    with pytest.raises(NoSuchOutput, match="thumb has no feature map"):
        encoder.feature_map(PIXELS[:1])


def test_with_a_cache_nothing_is_computed_twice(tmp_path: Path) -> None:
    files = []
    for seed, pixels in enumerate(PIXELS):
        files.append(tmp_path / f"{seed}.png")
        Image.fromarray(pixels).save(files[-1])
    base, cache = Thumb(), EmbeddingCache(tmp_path / "cache")
    seen: list[tuple[int, int]] = []
    encoder = whitened(base, files, cache=cache, progress=lambda _, done, total: seen.append((done, total)))
    assert seen[-1] == (COUNT, COUNT)
    assert base.embedded == 2 * COUNT
    rows = embed_cached(encoder, files, cache)
    assert base.embedded == 2 * COUNT
    np.testing.assert_array_equal(rows, TransformedEncoder(Thumb(), encoder.whitening).embed(files))
    np.testing.assert_array_equal(embed_cached(base, files, cache), Thumb().embed(files))
    assert base.embedded == 2 * COUNT
    streams = [io.BytesIO(file.read_bytes()) for file in files[:3]]
    np.testing.assert_array_equal(encoder.embed(streams), rows[:3])
    (tmp_path / "bad.jpg").write_bytes(b"no image")
    with pytest.raises(NotAnImage, match=r"bad\.jpg"):
        encoder.embed([tmp_path / "bad.jpg"])


def test_a_sample_is_seeded_and_few_images_are_refused() -> None:
    many = [np.asarray(picture(seed)) for seed in range(150)]
    one = fit_whitening(Thumb(), many, limit=100)
    assert one.images == 100
    assert one.digest == fit_whitening(Thumb(), many, limit=100).digest
    assert one.digest != fit_whitening(Thumb(), many, limit=100, seed=1).digest
    with pytest.raises(InvalidArgument, match="at least 100 images, there are 99"):
        fit_whitening(Thumb(), PIXELS[:99])
    with pytest.raises(InvalidArgument, match="limit = 5"):
        fit_whitening(Thumb(), PIXELS, limit=5)
    assert not fit_whitening(Thumb(), PIXELS, mirror=False).mirror


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("classic|whiten:a.npz", ("classic", "a.npz")),
        ("a+b | whiten:/x/y z.npz", ("a+b", "/x/y z.npz")),
        ("classic|whiten:a|whiten:b", ("classic|whiten:a", "b")),
        ("onnx:/odd|name.onnx|whiten:b", ("onnx:/odd|name.onnx", "b")),
        ("classic", None),
        ("whiten:a.npz", None),
        ("onnx:/odd|name.onnx", None),
    ],
)
def test_names_are_taken_apart(spec: str, parts: tuple[str, str] | None) -> None:
    assert split_transform(spec) == parts


@pytest.mark.parametrize(
    "spec", ["classic|whiten", "classic | whiten", "classic|whiten:", "|whiten:a", "a|whiten:b+classic"]
)
def test_names_that_say_too_little(spec: str) -> None:
    with pytest.raises(InvalidArgument, match="whiten:FILE"):
        load_encoder(spec)


def test_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    base = load_encoder("classic:color")
    fit_whitening(base, PIXELS, dims=20).save("w.npz")
    encoder = load_encoder("whiten:w.npz", EncoderOptions(threads=1))
    named = load_encoder("classic:color|whiten:w.npz")
    assert (encoder.card.name, named.card.name) == (
        f"whiten:{tmp_path}/w.npz",
        f"classic:color|whiten:{tmp_path}/w.npz",
    )
    np.testing.assert_array_equal(encoder.embed(PIXELS[:2]), named.embed(PIXELS[:2]))
    assert (
        load_encoder("whiten:w.npz+2*classic:layout").card.dim == 20 + load_encoder("classic:layout").card.dim
    )
    ensemble = load_encoder("classic:color+classic:layout")
    fit_whitening(ensemble, PIXELS, dims=20).save("e.npz")
    assert load_encoder("classic:color+classic:layout|whiten:e.npz").card.dim == 20
    with pytest.raises(EncoderError, match="fitted to encoder classic:color"):
        load_encoder("classic:layout|whiten:w.npz")
    with pytest.raises(WeightsNotFound, match="whiten:FILE"):
        load_encoder("whiten:")
    unnamed = Whitening.load("w.npz")
    Whitening(unnamed.mean, unnamed.components, unnamed.scales, True, True, 0.5).save("unnamed.npz")
    with pytest.raises(EncoderError, match=r"unnamed\.npz does not say which encoder"):
        load_encoder("whiten:unnamed.npz")


def test_names_keep_their_meaning_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_spec("whiten:w.npz+2*classic") == f"whiten:{tmp_path}/w.npz+2*classic"
    assert absolute_spec("onnx:m.onnx | whiten:w.npz") == f"onnx:{tmp_path}/m.onnx|whiten:{tmp_path}/w.npz"
    assert absolute_spec("0.5*onnx:m.onnx+classic") == f"0.5*onnx:{tmp_path}/m.onnx+classic"


@pytest.mark.slow
def test_it_brings_mobilenet_nearer_to_people(shared: Path, mobilenet: Path, tmp_path: Path) -> None:
    """1,200 real pairs: recall@1 8.5 -> 10.75, @5 15.2 -> 18.75, @20 25.8 -> 31.9 (docs/how-to/whiten.md)."""
    with (shared / "tll" / "pairs.csv").open(newline="") as file:
        pairs = [(row["left"], row["right"]) for row in csv.DictReader(file)]
    left = [shared / "tll" / "left" / f"{name}.jpg" for name, _ in pairs]
    right = [shared / "tll" / "right" / f"{name}.jpg" for _, name in pairs]
    base, cache = load_encoder(f"onnx:{mobilenet}"), EmbeddingCache(tmp_path)
    found = []
    for encoder in (base, whitened(base, [*left, *right], cache=cache)):
        cosines = embed_cached(encoder, left, cache) @ embed_cached(encoder, right, cache).T
        ranks = (cosines > np.diag(cosines)[:, np.newaxis]).sum(axis=1)
        found.append([100 * float((ranks < k).mean()) for k in (1, 5, 20)])
    np.testing.assert_allclose(found[0], [8.5, 15.2, 25.8], atol=0.3)
    np.testing.assert_allclose(found[1], [10.75, 18.75, 31.92], atol=0.4)
