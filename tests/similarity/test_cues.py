"""Cues one by one, against values worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.encoders.faces_types import Face
from lookalike.errors import ComparatorError, InvalidArgument
from lookalike.similarity import cues
from lookalike.similarity.comparator import fit_described
from lookalike.similarity.comparator_describe import Descriptions
from lookalike.similarity.comparator_space import learn_space
from lookalike.similarity.cues_faces import (
    FaceNumber,
    NearestFaces,
    by_size,
    landmark_shape,
    mouth_of,
    place_of,
)
from lookalike.similarity.cues_vectors import (
    AlignedMaps,
    BestBuddies,
    WhitenedVectors,
    learn_whitening,
    whiten,
)


def face(size: float = 50.0, descriptor: float = 0.0, tilt: float = 0.0, top: float = 60.0) -> Face:
    """A face of a given size; 68 points on a circle, turned by ``tilt``; a descriptor of one number repeated."""
    angles = np.linspace(0, 2 * np.pi, 68, endpoint=False) + tilt
    points = size / 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + 100
    box = (80.0, top, 80.0 + size, top + size)
    return Face(box, points.astype(np.float32), np.full(128, descriptor, np.float32), 1.0, (200, 200))


def with_faces(*found: tuple[Face, ...]) -> Descriptions:
    random = np.random.default_rng(0)
    return Descriptions({"embedding": random.random((len(found), 8)).astype(np.float32)}, found, "e", "f")


@dataclass(frozen=True)
class Brightness:
    """A measure that someone else could write."""

    name: str = "brightness"
    cue: str = "light"
    needs: str = "brightness"
    levelled: bool = False
    gated: bool = False

    def learn(self, images: Descriptions) -> cues.State:
        return {}

    def view(self, state: cues.State, images: Descriptions) -> cues.View:
        rows = images.vectors["brightness"]
        return cues.View(rows, np.ones(len(rows), dtype=bool))

    def compare(self, a: cues.View, b: cues.View) -> np.ndarray:
        return np.asarray(-np.abs(a.rows - b.rows.T), dtype=np.float32)


@pytest.fixture
def brightness() -> Iterator[Brightness]:
    yield cues.register(Brightness())  # type: ignore[misc]
    cues.unregister("brightness")


def test_registry_names_every_cue() -> None:
    assert cues.cue_names(cues.measures().values()) == [
        "content", "local", "shape", "texture", "layout", "colour", "faces", "face layout",
    ]  # fmt: skip
    assert [m.name for m in cues.choose({"faces"}, ["faces"])] == ["nearest faces", "largest face"]
    with pytest.raises(InvalidArgument, match="known: content"):
        cues.choose({"faces"}, ["smell"])


def test_own_cue_is_learned(brightness: Brightness) -> None:
    with pytest.raises(InvalidArgument, match="already"):
        cues.register(brightness)
    random = np.random.default_rng(0)
    light = random.random((60, 1)).astype(np.float32)
    left, right = (
        Descriptions({"embedding": random.random((60, 8)).astype(np.float32), "brightness": light}, None, "e")
        for _ in range(2)
    )
    trained = fit_described(left, right)
    assert trained.space.columns == (("content", "embedding"), ("light", "brightness"))
    assert trained.weights[1] > 5 * abs(trained.weights[0])


def test_nearest_faces_by_hand() -> None:
    # Descriptors are one number repeated 128 times: the distance of x and y is |x - y| * sqrt(128).
    one = with_faces((face(60, 0.0), face(20, 0.5)), ())
    other = with_faces((face(60, 0.1),), (face(60, 0.45),))
    measure = NearestFaces()
    found = measure.compare(measure.view({}, one), measure.view({}, other))
    np.testing.assert_allclose(found[0], [-0.1 * np.sqrt(128), -0.05 * np.sqrt(128)], rtol=1e-4)
    assert list(measure.view({}, one).present) == [True, False]


def test_face_features_by_hand() -> None:
    # Box from 60 to 110 in an image 200 high: middle 85 / 200; size 50 / 200.
    np.testing.assert_allclose(place_of(face(50)), [0.425, np.log(0.25)], rtol=1e-6)
    shape = landmark_shape(face(50))
    assert np.linalg.norm(shape) == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(shape, landmark_shape(face(90)), atol=1e-6)  # size does not matter
    assert np.abs(shape - landmark_shape(face(50, tilt=0.5))).max() > 0.01  # tilt does
    points = np.zeros((68, 2), np.float32)
    points[36:42] = [-10, 0]
    points[42:48] = [10, 0]
    points[66] = [0, 5]
    # Eyes 20 apart, lips 5 apart: 1/4.
    assert mouth_of(Face((0, 0, 1, 1), points, np.zeros(128, np.float32), 1.0, (9, 9)))[0] == pytest.approx(
        0.25
    )
    assert [f.box[2] for f in by_size([face(10), face(70)])] == [150.0, 90.0]


def test_face_number_is_minus_the_difference() -> None:
    measure = FaceNumber("height", "face layout", place_of, 2, 0)
    a = measure.view({}, with_faces((face(top=20),), ()))
    b = measure.view({}, with_faces((face(top=60),)))
    assert measure.compare(a, b)[0, 0] == pytest.approx(-40 / 200, abs=1e-6)
    assert list(a.present) == [True, False]


def test_columns_of_presence_and_gates_by_hand() -> None:
    random = np.random.default_rng(1)
    found: list[tuple[Face, ...]] = [
        tuple(face(40 + 5 * k, random.random(), random.random()) for k in range(i % 3)) for i in range(30)
    ]
    side = with_faces(*found)
    space, left, right = learn_space(side, side, cues.choose(side.holds), 0)
    columns = {
        name: values for (_, name), values in zip(space.columns, space.compare(left, right), strict=True)
    }
    # Image 0 has no face, image 1 has one, image 2 has two.
    assert columns["faces in both"][1, 2] == 1
    assert columns["face in one only"][0, 2] == 1
    assert columns["face in one only"][0, 0] == 0
    assert columns["as many faces"][0, 2] == -2
    assert columns["landmarks"][0, 1] == 0
    assert columns["embedding, both have faces"][0, 1] == 0
    assert columns["embedding, both have faces"][1, 2] == columns["embedding"][1, 2]


def test_faces_must_be_looked_for() -> None:
    side = with_faces(*[(face(40 + i, i / 50),) for i in range(25)])
    space, _, _ = learn_space(side, side, cues.choose(side.holds), 0)
    with pytest.raises(ComparatorError, match="looks at faces"):
        space.prepare(Descriptions(side.vectors, None, "e"))


def test_no_face_anywhere_is_no_trouble() -> None:
    side = with_faces(*[()] * 25)
    trained = fit_described(side, side)
    by_name = dict(zip((name for _, name in trained.space.columns), trained.weights, strict=True))
    assert by_name["landmarks"] == 0
    assert np.isfinite(trained.weights).all()


@given(st.integers(0, 10_000))
def test_whitened_rows_are_unit_and_symmetric(seed: int) -> None:
    random = np.random.default_rng(seed)
    side = Descriptions({"embedding": random.standard_normal((30, 6)).astype(np.float32)}, None, "e")
    measure = WhitenedVectors("embedding", "content", "embedding")
    view = measure.view(measure.learn(side), side)
    np.testing.assert_allclose(np.linalg.norm(view.rows, axis=1), 1, atol=1e-5)
    matrix = measure.compare(view, view)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-5)


def test_whitening_by_hand() -> None:
    # Points (+-2, 0) and (0, +-1): variances 8/3 and 2/3, so exponent 1 makes all four equally far from the mean.
    rows = np.array([[2, 0], [-2, 0], [0, 1], [0, -1]] * 3, dtype=np.float32)
    state = learn_whitening(rows, 2, 1.0)
    projected = (rows - state["mean"]) @ state["projection"]
    lengths = np.linalg.norm(projected, axis=1)
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-5)
    assert not learn_whitening(rows[:1], 2, 1.0)
    assert not learn_whitening(np.ones((9, 2), np.float32), 2, 1.0)
    assert whiten(rows, {}).shape == (12, 1)


def test_aligned_maps_look_at_the_same_places() -> None:
    random = np.random.default_rng(0)
    maps = random.standard_normal((40, 9, 12)).astype(np.float16)
    side = Descriptions({"embedding": np.ones((40, 2), np.float32), "map": maps}, None, "e")
    moved = Descriptions({"embedding": np.ones((40, 2), np.float32), "map": maps[:, ::-1]}, None, "e")
    measure = AlignedMaps("aligned map", "local", "map")
    state = measure.learn(side)
    here, there = measure.view(state, side), measure.view(state, moved)
    np.testing.assert_allclose(np.diag(measure.compare(here, here)), 1.0, atol=1e-4)  # 9 cells, mean cosine 1
    assert np.abs(np.diag(measure.compare(here, there))).mean() < 0.5


def test_best_buddies_by_hand() -> None:
    """Cells choose each other wherever they lie; a cell that is not chosen back adds nothing."""
    up, right, slant = (0.0, 1.0), (1.0, 0.0), (0.8, 0.6)
    a = np.array([[up, right], [up, slant]], dtype=np.float32)
    b = np.array([[right, up], [right, slant]], dtype=np.float32)
    scores = BestBuddies("buddies", "local", "map").compare(
        cues.View(a, np.ones(2, bool)), cues.View(b, np.ones(2, bool))
    )
    # (up, right) and (right, up): two pairs of buddies, cosine 1 each, over two cells: 1.
    # (up, right) and (right, slant): up prefers slant (0.6), slant prefers right (0.8): no buddies; right and right: 1. So 0.5.
    # (up, slant) and (right, up): up-up 1; slant and right choose each other (0.8): 0.9.
    # (up, slant) and (right, slant): slant-slant 1; up prefers slant, which has its own: 0.5.
    np.testing.assert_allclose(scores, [[1.0, 0.5], [0.9, 0.5]], atol=1e-6)


def test_best_buddies_see_a_moved_part_where_aligned_maps_do_not() -> None:
    random = np.random.default_rng(3)
    maps = random.normal(size=(40, 9, 12)).astype(np.float32)
    moved = np.roll(maps, 4, axis=1)
    images, others = (Descriptions({"map": one}, None, "e", None) for one in (maps, moved))
    found = {}
    for measure in (BestBuddies("buddies", "local", "map"), AlignedMaps("aligned", "local", "map")):
        state = measure.learn(images)
        scores = measure.compare(measure.view(state, images), measure.view(state, others))
        found[measure.name] = float((scores.argmax(axis=1) == np.arange(40)).mean())
    assert found["buddies"] == 1.0
    assert found["aligned"] < 0.3
