"""The near-duplicate filter on vectors whose distances are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.benchmarks.distances import generic_distances
from lookalike.benchmarks.near_duplicates import near_duplicates
from lookalike.errors import BenchmarkError
from lookalike.similarity import distance_matrix

Rows = NDArray[np.float64]


def at(*degrees: float) -> Rows:
    """Unit vectors in the plane; their cosine distance is 1 - cos of the angle between them."""
    angles = np.radians(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)])


NO_FACES: list[Rows] = [np.empty((0, 2))] * 4


def test_by_hand() -> None:
    # 1 - cos 20 degrees = 0.0603 and 1 - cos 31.788 degrees = 0.15: up to 31 degrees two images are duplicates.
    # left 0, 20, 90, 180; right 270, 230, 90, 120: left 0 - left 20 are 20 apart; right 270 - right 230 are 40
    # apart; left 90 - right 90 is pair 2 itself; right 90 - right 120 and left 90 - right 120 are 30 apart.
    found = near_duplicates(at(0, 20, 90, 180), at(270, 230, 90, 120))
    reasons = {(r.pair, r.side_pair, r.other): round(r.distance, 4) for r in found.removed}
    assert reasons == {
        (0, "left-left", 1): 0.0603,
        (1, "left-left", 0): 0.0603,
        (2, "right-right", 3): 0.134,
        (3, "right-right", 2): 0.134,
        (2, "left-right", 3): 0.134,
        (3, "right-left", 2): 0.134,
    }
    assert {r.rule for r in found.removed} == {"generic"}
    assert found.kept_d.tolist() == []
    assert found.kept_obj.tolist() == []
    assert not found.faces
    assert found.to_dict()["tll_obj"] is None


def test_a_pair_is_no_duplicate_of_itself() -> None:
    found = near_duplicates(at(0, 90), at(0, 95))
    assert found.removed == []
    assert found.kept_d.tolist() == [0, 1]


def test_thresholds_can_be_changed_and_include_their_value() -> None:
    left, right = at(0, 60), at(180, 270)  # left-left: 1 - cos 60 = 0.5
    assert near_duplicates(left, right).removed == []
    assert near_duplicates(left, right, generic_threshold=0.51).kept_d.tolist() == []


def test_faces_by_hand() -> None:
    far = at(0, 90, 180, 270)
    faces_left = [
        np.array([[0.0, 0.0], [5.0, 5.0]]),
        np.array([[9.0, 9.0]]),
        np.empty((0, 2)),
        np.empty((0, 2)),
    ]
    faces_right = [np.array([[0.1, 0.0]]), np.array([[5.0, 4.5]]), np.empty((0, 2)), np.array([[20.0, 0.0]])]
    # Pair 0's second left face and pair 1's right face are exactly 0.5 apart; pair 0's own faces, 0.1 apart, do not
    # count, nor do the two on its left image.
    found = near_duplicates(far, far, faces_left, faces_right)
    assert [(r.pair, r.side_pair, r.other, r.rule, r.distance) for r in found.removed] == [
        (0, "left-right", 1, "face", 0.5),
        (1, "right-left", 0, "face", 0.5),
    ]
    assert found.kept_d.tolist() == [2, 3]
    # Pair 3 has a face on its right image, so it is not of objects only.
    assert found.kept_obj.tolist() == [2]
    assert near_duplicates(far, far, faces_left, faces_right, face_threshold=0.4).kept_d.tolist() == [
        0,
        1,
        2,
        3,
    ]


def test_nobody_has_a_face() -> None:
    far = at(0, 90, 180, 270)
    found = near_duplicates(far, far, NO_FACES, NO_FACES)
    assert found.kept_obj.tolist() == [0, 1, 2, 3]
    assert found.faces


def test_removals_name_their_images() -> None:
    found = near_duplicates(at(0, 20), at(180, 270))
    names = [("l0", "r0"), ("l1", "r1")]
    assert [removal.names(names) for removal in found.removed] == [("l0", "l1"), ("l1", "l0")]
    across = near_duplicates(at(0, 90), at(180, 0))
    assert [removal.names(names) for removal in across.removed] == [("l0", "r1"), ("r1", "l0")]


def test_the_blocks_find_what_the_whole_matrix_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((60, 3)), rng.standard_normal((60, 3))
    faces = [rng.standard_normal((k, 3)) for k in rng.integers(0, 3, 120)]
    whole = near_duplicates(left, right, faces[:60], faces[60:], generic_threshold=0.01, face_threshold=0.3)
    monkeypatch.setattr("lookalike.benchmarks.near_duplicates._MEMORY", 4096)
    steps: list[int] = []
    blocks = near_duplicates(
        left,
        right,
        faces[:60],
        faces[60:],
        generic_threshold=0.01,
        face_threshold=0.3,
        progress=lambda _, done, __: steps.append(done),
    )
    assert blocks.removed == whole.removed
    assert steps == [0, 1, 2]
    across = distance_matrix(left, right)
    np.fill_diagonal(across, np.inf)
    expected = {
        (i, "left-right", int(across[i].argmin())) for i in np.flatnonzero(across.min(axis=1) <= 0.01)
    }
    generic = {(r.pair, r.side_pair, r.other) for r in whole.removed if r.rule == "generic"}
    assert {one for one in generic if one[1] == "left-right"} == expected
    # Every generic duplicate is seen from both of its images.
    pairs = {r.pair for r in whole.removed}
    assert {r.other for r in whole.removed} <= pairs


@pytest.mark.parametrize(
    "bad",
    [
        lambda: near_duplicates(at(), at()),
        lambda: near_duplicates(at(0), at(0, 1)),
        lambda: near_duplicates(at(0), at(0), [np.empty((0, 2))]),
        lambda: near_duplicates(at(0), at(0), [], []),
    ],
)
def test_sides_that_do_not_fit_are_refused(bad: object) -> None:
    with pytest.raises(BenchmarkError) as caught:
        bad()  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_distances_that_are_known_are_used_and_left_as_they_are() -> None:
    rng = np.random.default_rng(5)
    left, right = rng.standard_normal((50, 4)), rng.standard_normal((50, 4))
    across = generic_distances(left.astype(np.float32), right.astype(np.float32))
    before = across.copy()
    known = near_duplicates(left, right, generic_threshold=0.05, across=across)
    found = near_duplicates(left, right, generic_threshold=0.05)
    np.testing.assert_array_equal(across, before)
    assert known.kept_d.tolist() == found.kept_d.tolist()
    assert [(r.pair, r.side_pair, r.other) for r in known.removed] == [
        (r.pair, r.side_pair, r.other) for r in found.removed
    ]
    with pytest.raises(BenchmarkError, match="distances of 50 left"):
        near_duplicates(left, right, across=across[:3])


def test_every_near_duplicate_is_found_as_by_brute_force() -> None:
    rng = np.random.default_rng(6)
    sides = {"left": rng.standard_normal((40, 3)), "right": rng.standard_normal((40, 3))}
    found = near_duplicates(sides["left"], sides["right"], generic_threshold=0.03)
    got = {(r.pair, r.side_pair): (r.other, r.distance) for r in found.removed}
    wanted = {}
    for mine, a in sides.items():
        for theirs, b in sides.items():
            d = 1 - (a @ b.T) / np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
            np.fill_diagonal(d, np.inf)
            for pair in np.flatnonzero(d.min(axis=1) <= 0.03):
                wanted[int(pair), f"{mine}-{theirs}"] = (int(d[pair].argmin()), float(d[pair].min()))
    assert got.keys() == wanted.keys()
    for key, (other, distance) in wanted.items():
        assert got[key][0] == other  # type: ignore[index]
        assert got[key][1] == pytest.approx(distance, abs=1e-6)  # type: ignore[index]
