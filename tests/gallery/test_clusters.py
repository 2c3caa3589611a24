"""Clusters: known groups are found, medoids are real images, and the same seed gives the same answer."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lookalike.gallery.cluster_methods as methods
from lookalike.errors import InvalidArgument
from lookalike.gallery.clusters import agree, cluster

from .fakes import FakeGallery


def blobs(groups: int = 4, each: int = 40, noise: int = 0, seed: int = 0) -> NDArray[np.float32]:
    """Groups of vectors around orthogonal directions, then single vectors anywhere."""
    generator = np.random.default_rng(seed)
    centres = np.eye(64)[:groups] * 8
    rows = np.repeat(centres, each, axis=0) + generator.normal(scale=0.3, size=(groups * each, 64))
    rows = np.concatenate([rows, generator.normal(size=(noise, 64))])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def names(groups: int = 4, each: int = 40, noise: int = 0) -> list[str | None]:
    return [f"group {i // each}" for i in range(groups * each)] + [None] * noise


@pytest.mark.parametrize(("method", "k"), [("hdbscan", None), ("kmeans", 4)])
def test_known_groups_are_found(method: str, k: int | None) -> None:
    gallery = FakeGallery(blobs(), label=names())
    found = cluster(gallery, method=method, k=k, labels="label")  # type: ignore[arg-type]
    assert [c.size for c in found.clusters] == [40] * 4
    assert found.agreement is not None
    assert found.agreement.nmi == pytest.approx(1.0)
    assert found.agreement.ari == pytest.approx(1.0)
    assert {c.label for c in found.clusters} == {f"group {i}" for i in range(4)}
    assert all(c.label_share == 1.0 for c in found.clusters)


def test_images_that_belong_nowhere_are_counted() -> None:
    found = cluster(FakeGallery(blobs(noise=30), label=names(noise=30)), labels="label")
    assert [c.size for c in found.clusters[:4]] == [40] * 4
    assert found.to_dict()["unclustered"] == len(found.unclustered) > 0
    assert set(found.unclustered.tolist()) <= set(range(170, 200))
    assert set(found.unclustered.tolist()) <= set(range(170, 200))
    assert found.agreement is not None
    assert found.agreement.images == 160, "images without a label take no part in the agreement"


@pytest.mark.parametrize("method", ["hdbscan", "kmeans"])
def test_medoid_is_nearest_to_the_mean_and_members_follow_by_distance(method: str) -> None:
    gallery = FakeGallery(blobs(groups=3, each=31, noise=10))
    found = cluster(gallery, method=method)  # type: ignore[arg-type]
    assert len(found) >= 3
    for one in found.clusters:
        vectors = gallery.matrix[one.ids - 10]
        assert one.ids[0] == one.medoid
        assert int(np.argmax(vectors @ vectors.mean(axis=0))) == 0
        assert np.all(np.diff(one.distances) >= 0)
        np.testing.assert_allclose(one.distances, 1 - vectors @ vectors[0], atol=1e-5)
        assert one.path == gallery.table["path"][one.medoid - 10].as_py()


@pytest.mark.parametrize("method", ["hdbscan", "kmeans"])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 15])
def test_few_images(method: str, n: int) -> None:
    gallery = FakeGallery(blobs(groups=1, each=n) if n else np.empty((0, 64), dtype=np.float32))
    found = cluster(gallery, method=method)  # type: ignore[arg-type]
    assert sum(c.size for c in found.clusters) + len(found.unclustered) == n
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("method", ["hdbscan", "kmeans"])
def test_identical_images(method: str) -> None:
    found = cluster(FakeGallery(np.tile(blobs(1, 1), (60, 1))), method=method)  # type: ignore[arg-type]
    assert sum(c.size for c in found.clusters) + len(found.unclustered) == 60


@pytest.mark.parametrize("method", ["hdbscan", "kmeans"])
def test_same_seed_same_clusters(method: str) -> None:
    gallery = FakeGallery(blobs(noise=100))
    first = cluster(gallery, method=method, seed=3).to_dict()  # type: ignore[arg-type]
    assert first == cluster(gallery, method=method, seed=3).to_dict()  # type: ignore[arg-type]


def test_sample_above_the_limit_and_the_rest_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "DENSITY_ROWS", 200)
    monkeypatch.setattr("lookalike.gallery.clusters.DENSITY_ROWS", 200)
    found = cluster(FakeGallery(blobs(each=100, noise=20), label=names(each=100, noise=20)), labels="label")
    assert "sample of 200 of 420" in found.note
    assert sum(c.size for c in found.clusters[:4]) > 340
    assert all(c.label_share == 1.0 for c in found.clusters[:4])


def test_faiss_above_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "MEANS_ROWS", 100)
    gallery = FakeGallery(blobs(), label=names())
    first, second = (cluster(gallery, method="kmeans", k=8, labels="label") for _ in range(2))
    assert first.to_dict() == second.to_dict()
    assert first.agreement is not None
    assert first.agreement.nmi > 0.75


def test_filter_and_table() -> None:
    gallery = FakeGallery(blobs(), label=names())
    found = cluster(gallery, method="kmeans", k=1, where="label = 'group 2'")
    assert [c.size for c in found.clusters] == [40]
    frame = found.to_pandas()
    assert list(frame["medoid"]).count(True) == 1
    assert set(frame["id"]) == set(range(90, 130))
    assert {"medoid", "size"} <= set(found.to_dict()["clusters"][0])


def test_agreement_by_hand() -> None:
    """Two labels of two images; clusters {0, 1} and {2}, the fourth unclustered. H(labels) = ln 2,
    H(clusters) = 1.5 ln 2, I = ln 2: NMI = 1 / 1.25 = 0.8. ARI: index 1, expected 2 * 1 / 6, maximum
    1.5: 4 / 7."""
    found = agree(np.array([0, 0, 1, -1]), ["a", "a", "b", "b"], "label")
    assert found.nmi == pytest.approx(0.8)
    assert found.ari == pytest.approx(4 / 7)
    assert found.nmi_clustered == pytest.approx(1.0)


def test_wrong_arguments_are_named() -> None:
    gallery = FakeGallery(blobs(2, 5))
    for arguments, words in [
        ({"method": "ward"}, "hdbscan or kmeans"),
        ({"method": "kmeans", "k": 0}, "k = 0"),
        ({"k": 3}, "finds k itself"),
        ({"min_size": 1}, "2 or more"),
        ({"labels": "colour"}, "no column 'colour'"),
        ({"labels": "label"}, "no image has a value"),
    ]:
        with pytest.raises(InvalidArgument, match=words):
            cluster(gallery, **arguments)  # type: ignore[arg-type]


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 60), st.integers(1, 70), st.integers(0, 99))
def test_k_means_puts_every_image_somewhere(n: int, k: int, seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32)
    found = cluster(FakeGallery(rows), method="kmeans", k=k, seed=seed)
    assert sum(c.size for c in found.clusters) == n
    assert len(found) <= min(n, k)
    assert [c.size for c in found.clusters] == sorted((c.size for c in found.clusters), reverse=True)
