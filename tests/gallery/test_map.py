"""The map: neighbours stay neighbours, any number of images works, the same seed draws the same map."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lookalike.errors import InvalidArgument, MissingDependency
from lookalike.gallery.map import Method, color_values, project, to_unit_square

from .fakes import FakeGallery
from .test_clusters import blobs, names

METHODS: list[Method] = ["umap", "tsne", "pca"]


@pytest.mark.parametrize("method", METHODS)
def test_groups_stay_together(method: Method) -> None:
    gallery = FakeGallery(blobs(groups=3, each=40), label=names(3, 40))
    drawn = project(gallery, method=method, color="label")
    assert drawn.method == method
    assert drawn.note == ""
    assert drawn.xy.shape == (120, 2)
    assert drawn.xy.dtype == np.float32
    distances = np.linalg.norm(drawn.xy[:, None] - drawn.xy[None], axis=2)
    np.fill_diagonal(distances, 9)
    own = np.array(drawn.values)
    assert np.mean(own[distances.argmin(axis=1)] == own) > 0.99


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [0, 1, 2, 5, 15, 16, 17])
def test_few_images(method: Method, n: int) -> None:
    drawn = project(FakeGallery(blobs(1, n) if n else np.empty((0, 64), dtype=np.float32)), method=method)
    assert drawn.xy.shape == (n, 2)
    assert np.isfinite(drawn.xy).all()
    assert ((drawn.xy >= 0) & (drawn.xy <= 1)).all()
    assert (drawn.method == "pca") == (n < 16 or method == "pca")
    assert bool(drawn.note) == (n < 16 and method != "pca")
    json.dumps(drawn.to_dict(), allow_nan=False)


@pytest.mark.parametrize("method", METHODS)
def test_identical_images(method: Method) -> None:
    drawn = project(FakeGallery(np.tile(blobs(1, 1), (40, 1))), method=method)
    np.testing.assert_allclose(drawn.xy, 0.5)


@pytest.mark.parametrize("method", METHODS)
def test_many_copies_among_others(method: Method) -> None:
    rows = np.concatenate([np.tile(blobs(1, 1), (40, 1)), blobs(3, 10)])
    assert np.isfinite(project(FakeGallery(rows), method=method).xy).all()


@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_map(method: Method) -> None:
    gallery = FakeGallery(blobs(3, 20, noise=20))
    first, second = project(gallery, method=method, seed=4), project(gallery, method=method, seed=4)
    np.testing.assert_array_equal(first.xy, second.xy)


def test_large_galleries_are_reduced_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.gallery.map.LARGE", 50)
    drawn = project(FakeGallery(blobs(3, 40)), method="tsne")
    assert drawn.xy.shape == (120, 2)


def test_filter_colour_and_table() -> None:
    gallery = FakeGallery(blobs(2, 20), label=names(2, 20), price=[1.5 * i for i in range(40)])
    drawn = project(gallery, method="pca", where="label = 'group 1'", color="price")
    assert drawn.ids.tolist() == list(range(30, 50))
    assert drawn.kind == "number"
    assert drawn.values[0] == 30.0
    frame = drawn.to_pandas()
    assert list(frame.columns) == ["id", "path", "x", "y", "price"]
    assert drawn.to_dict()["points"][0]["id"] == 30
    plain = project(gallery, method="pca")
    assert (plain.kind, plain.values) == (None, ())
    assert project(gallery, method="pca", color="path").kind == "category"


def test_colours() -> None:
    assert color_values([1, None, 2.5]) == ((1.0, None, 2.5), "number")
    assert color_values([1.0, float("nan")]) == ((1.0, None), "number")
    assert color_values([True, False, None]) == (("True", "False", None), "category")
    assert color_values(["a", 1]) == (("a", "1"), "category")
    assert color_values([datetime(1970, 1, 2), None]) == ((86400.0, None), "number")
    assert color_values([None]) == ((None,), "category")


def test_umap_missing_names_the_alternatives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingDependency, match=r"--method tsne or --method pca.*lookalike\[map\]") as caught:
        project(FakeGallery(blobs(2, 20)))
    assert caught.value.extra == "map"
    assert project(FakeGallery(blobs(2, 20)), method="tsne").method == "tsne"


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(InvalidArgument, match="umap, tsne or pca"):
        project(FakeGallery(blobs(2, 5)), method="mds")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="no column 'colour'"):
        project(FakeGallery(blobs(2, 5)), color="colour")


@settings(max_examples=100, deadline=None)
@given(
    arrays(
        np.float32, st.tuples(st.integers(0, 30), st.integers(0, 3)), elements=st.floats(-1e6, 1e6, width=32)
    )
)
def test_scaling_keeps_shape(points: np.ndarray) -> None:
    xy = to_unit_square(points)
    assert xy.shape == (len(points), 2)
    assert ((xy >= 0) & (xy <= 1)).all()
    if len(points) and points.shape[1] >= 2:
        span = np.ptp(points[:, :2].astype(np.float64), axis=0).max()
        if span > 1:
            expected = np.ptp(points[:, :2].astype(np.float64), axis=0) / span
            np.testing.assert_allclose(np.ptp(xy, axis=0), expected, atol=1e-4)
