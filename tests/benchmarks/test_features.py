"""Features of a table's images: each image once, kept, and what happens to bad ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.benchmarks.distances import (
    generic_distances,
    lengths,
    nearest_columns,
    one_length,
    set_distances,
    unit_rows,
    with_faces,
)
from lookalike.benchmarks.features import Features, raw
from lookalike.encoders import load_encoder
from lookalike.encoders.callable import CallableEncoder
from lookalike.errors import ImageError
from lookalike.similarity import distance_matrix, set_distance_matrix
from tests.benchmarks.pair_folders import make_pairs


def counting(calls: list[int], version: str | None = None) -> CallableEncoder:
    def function(images: np.ndarray) -> np.ndarray:
        calls.append(len(images))
        return images.reshape(len(images), -1)[:, ::7].astype(np.float32)

    encoder = CallableEncoder(function, name="own", input_size=(8, 8), version=version)
    calls.clear()
    return encoder


def listed(folder: Path) -> dict[str, Path]:
    return {file.stem: file for file in sorted((folder / "left").iterdir())}


def test_a_function_without_a_version_is_never_kept(tmp_path: Path) -> None:
    images = listed(make_pairs(tmp_path, 5))
    for version, expected in ((None, 5), ("1", 0)):
        calls: list[int] = []
        encoder = counting(calls, version)
        first = Features(images, cache_folder=tmp_path / "cache").embed(encoder)
        calls.clear()
        again = Features(images, cache_folder=tmp_path / "cache").embed(encoder)
        assert sum(calls) == expected
        np.testing.assert_array_equal(first, again)


def test_the_cache_is_asked_by_content_and_progress_is_told(tmp_path: Path) -> None:
    from lookalike.judgments import open_judgments

    table = open_judgments(make_pairs(tmp_path, 6))
    told: list[tuple[str, int, int]] = []
    features = Features.of(table, ("left", "right"), progress=lambda *said: told.append(said))
    vectors = features.embed(load_encoder("classic:layout"))
    assert vectors.shape[0] == 12 == len(features)
    assert told[-1] == ("embedding: classic:layout", 12, 12)
    again = Features.of(table, ("left", "right"))
    np.testing.assert_array_equal(again.embed(load_encoder("classic:layout")), vectors)
    assert again.rows(table.column("right")).tolist() == list(range(6, 12))


def test_a_bad_image_is_named(tmp_path: Path) -> None:
    folder = make_pairs(tmp_path, 3)
    bad = sorted((folder / "left").iterdir())[1]
    bad.write_bytes(bad.read_bytes()[:60])
    features = Features(listed(folder), cache=False)
    with pytest.raises(ImageError, match=bad.name):
        features.embed(load_encoder("classic:layout"))
    assert list(features.find_bad()) == [bad.stem]


def test_raw_takes_the_unit_length_off_and_leaves_the_encoder_alone() -> None:
    encoder = CallableEncoder(lambda images: images.reshape(len(images), -1).astype(float), input_size=(2, 2))
    image = [np.full((2, 2, 3), 10, np.uint8)]
    assert np.linalg.norm(encoder.embed(image)) == pytest.approx(1)
    assert np.linalg.norm(raw(encoder).embed(image)) == pytest.approx(10 * np.sqrt(12))  # 12 values of 10
    assert encoder.card.normalized


def test_generic_distances_are_those_of_similarity() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((30, 64), dtype=np.float32), rng.random((20, 64), dtype=np.float32)
    for metric in ("cosine", "euclidean"):
        np.testing.assert_allclose(generic_distances(x, y, metric), distance_matrix(x, y, metric), atol=1e-4)  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
    st.integers(0, 9),
)
def test_set_distances_are_those_of_similarity(left: list[int], right: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = ([rng.random((count, 5)).astype(np.float32) for count in counts] for counts in (left, right))
    np.testing.assert_allclose(set_distances(a, b), set_distance_matrix(a, b), atol=1e-5)


def test_set_distances_by_hand() -> None:
    # Faces at 0 and 10 against a face at 7: the nearer of |0 - 7| and |10 - 7| is 3; no face is +inf.
    left = [np.array([[0.0], [10.0]]), np.empty((0, 1))]
    right = [np.array([[7.0]]), np.empty((0, 1))]
    assert set_distances(left, right).tolist() == [[3.0, np.inf], [np.inf, np.inf]]


def test_faces_are_added_by_hand() -> None:
    # 0.2 + 0.75 x 0.4 = 0.5; without a face 0.2 + 0.75 x 0.85 = 0.8375.
    generic = np.full((1, 2), 0.2, np.float32)
    faces = np.array([[0.4, np.inf]], np.float32)
    np.testing.assert_allclose(with_faces(generic, faces), [[0.5, 0.8375]], rtol=1e-6)
    assert np.isinf(faces[0, 1])  # what was handed over is left as it was


def test_nearest_columns_take_ties_in_order() -> None:
    distances = np.array([[0.5, 0.1, 0.5, 0.1, 0.9], [np.inf] * 5], np.float32)
    assert nearest_columns(distances, 3).tolist() == [[1, 3, 0], [0, 1, 2]]
    assert nearest_columns(distances, 9).shape == (2, 5)


def test_euclidean_from_cosine_with_rows_of_zeros() -> None:
    rng = np.random.default_rng(1)
    x, y = (20 + rng.standard_normal((9, 40)).astype(np.float32) for _ in range(2))
    x[2], y[5] = 0, 0
    np.testing.assert_allclose(
        generic_distances(x, y, "euclidean"), distance_matrix(x, y, "euclidean"), atol=2e-2
    )
    assert one_length(lengths(x)) is None
    assert one_length(lengths(unit_rows(y[:4]) * np.float32(3))) == pytest.approx(3)
    assert one_length(np.zeros(3, dtype=np.float32)) is None


def test_nearest_columns_of_a_wide_matrix() -> None:
    rng = np.random.default_rng(2)
    distances = rng.integers(0, 400, (20, 1000)).astype(np.float32)
    wanted = np.argsort(distances, axis=1, kind="stable")[:, :5]
    np.testing.assert_array_equal(nearest_columns(distances, 5), wanted)
