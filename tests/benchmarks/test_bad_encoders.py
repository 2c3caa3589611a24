"""One bad encoder is a line of the result; nothing that is no number is ever scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.benchmarks import bench_pairs, bench_tll
from lookalike.benchmarks.ablation import ablate
from lookalike.benchmarks.features import Features
from lookalike.benchmarks.tll import refuse_faces
from lookalike.benchmarks.triplets import bench_triplets
from lookalike.encoders import Encoder, EncoderCard, Preprocessing, load_encoder
from lookalike.encoders.cache import EmbeddingCache
from lookalike.encoders.callable import CallableEncoder
from lookalike.encoders.transform import whitened
from lookalike.errors import BenchmarkError, EncoderError
from lookalike.judgments import open_judgments
from tests.benchmarks.pair_folders import make_pairs

from .rigged import shade_encoder, voted


def pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32)


def bad(kind: str, name: str = "bad") -> CallableEncoder:
    """Good on the noise that a CallableEncoder is tried on, bad on images."""
    calls: list[int] = []

    def function(images: np.ndarray) -> Any:
        calls.append(len(images))
        rows = pixels(images)
        if len(calls) > 1:
            if kind == "raises":
                raise ZeroDivisionError("division\nby zero")
            rows[-1, 0] = np.nan if kind == "nan" else np.inf
        return rows

    return CallableEncoder(function, name=name, input_size=(4, 4))


def good(name: str = "good") -> CallableEncoder:
    return CallableEncoder(lambda images: pixels(images) - 127.5, name=name, input_size=(4, 4))


class Broken(Encoder):
    """Raises what is no LookalikeError."""

    card = EncoderCard("broken", 3, (4, 4), Preprocessing(), sha256="broken")

    def _embed(self, pixels: list[np.ndarray]) -> np.ndarray:
        raise RuntimeError(f"out of memory\non {len(pixels)} images")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pairs(tmp_path_factory.mktemp("pairs"), 24)


@pytest.mark.parametrize("kind", ["nan", "inf", "raises"])
@pytest.mark.parametrize("bench", [bench_pairs, bench_tll])
def test_pairs_go_on_without_it(folder: Path, kind: str, bench: Any) -> None:
    found = bench(folder, [bad(kind), good()], cache=False).to_dict()["encoders"]
    assert set(found["bad"]) == {"error"}
    assert "bad" in found["bad"]["error"]
    assert "\n" not in found["bad"]["error"]
    if kind != "raises":
        assert ".png" in found["bad"]["error"]  # the image is named
    assert found["good"]["cosine"]["recall"]["1"] == 100.0
    with pytest.raises(BenchmarkError, match="nothing could be measured; bad"):
        bench(folder, [bad(kind)], cache=False)


def test_any_exception_of_an_encoder_is_its_own_line(folder: Path) -> None:
    found = bench_pairs(folder, [Broken(), good()], cache=False).to_dict()["encoders"]
    assert found["broken"] == {"error": "encoder broken failed with RuntimeError: out of memory on 32 images"}


@pytest.mark.parametrize("kind", ["nan", "raises"])
def test_triplets_go_on_without_it(tmp_path: Path, kind: str) -> None:
    found = bench_triplets(voted(tmp_path), [bad(kind), shade_encoder()]).to_dict()["encoders"]
    assert set(found["bad"]) == {"error"}
    assert found["shade"]["score"] > 0


def test_an_ablation_of_it_is_refused(folder: Path) -> None:
    with pytest.raises(EncoderError, match=r"bad gave a value that is not a number .*\.png"):
        ablate(open_judgments(folder), bad("nan"), attributes=["color"])


def test_an_ablation_of_what_raises_anything_is_an_encoder_error(folder: Path) -> None:
    with pytest.raises(EncoderError, match="broken failed with RuntimeError"):
        ablate(open_judgments(folder), Broken(), attributes=["color"])


def test_what_the_cache_holds_is_looked_at_too(folder: Path, tmp_path: Path) -> None:
    table = open_judgments(folder)
    encoder = load_encoder("classic:layout")
    features = Features.of(table, ("left", "right"), cache_folder=tmp_path)
    with EmbeddingCache(tmp_path / "embeddings") as cache:
        cache.put_many(
            encoder.card.fingerprint,
            {features.contents[3]: np.full(encoder.card.dim, np.nan, dtype=np.float32)},
        )
    with pytest.raises(EncoderError, match=r"classic:layout gave .* for image .*p003\.png"):
        features.embed(encoder)


def test_faces_and_an_encoder_of_faces_do_not_go_together(folder: Path) -> None:
    with pytest.raises(BenchmarkError, match="leave out --encoder faces:cnn"):
        bench_pairs(folder, ["classic", "faces:cnn"], faces=True)
    refuse_faces(["classic", "onnx:faces.onnx", good()])


def test_an_encoder_named_twice_is_measured_once_everywhere(folder: Path, tmp_path: Path) -> None:
    said = "classic:layout was named more than once; it was measured once."
    for result in (
        bench_pairs(folder, ["classic:layout", "classic:layout"]),
        bench_triplets(voted(tmp_path), ["classic:layout", "classic:layout"]),
    ):
        assert list(result.to_dict()["encoders"]) == ["classic:layout"]
        assert said in result.notes


def test_whitening_is_the_same_on_every_path(tmp_path: Path) -> None:
    table = open_judgments(make_pairs(tmp_path, 52))
    encoder = load_encoder("classic:color")
    features = Features.of(table, ("left", "right"), cache_folder=tmp_path / "cache")
    paths = [str(path) for path in features.paths]
    np.testing.assert_allclose(
        features.whitened(encoder), whitened(encoder, paths).embed(paths), rtol=0, atol=2e-6
    )
    few = Features(dict(list(zip(features.contents, features.paths, strict=True))[:99]), cache=False)
    with pytest.raises(ValueError, match="at least 100 images"):
        few.whitened(encoder)
    lost = bench_pairs(table.select(np.arange(30)), [encoder], transform="whiten").to_dict()["encoders"]
    assert "at least 100 images" in lost["classic:color | whiten"]["error"]
