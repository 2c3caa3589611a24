"""Pictures that nobody took, made by scripts/make_views.py and scripts/mix_views.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lookalike.encoders.faces_types import DESCRIPTOR, LANDMARKS, Face

SCRIPTS = Path(__file__).parents[2] / "scripts"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


mix, views = script("mix_views"), script("make_views")


def face_at(points: np.ndarray, shape: tuple[int, int]) -> Face:
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    box = (float(left), float(top), float(right), float(bottom))
    return Face(box, points.astype(np.float32), np.zeros(DESCRIPTOR, dtype=np.float32), 1.0, shape)


@settings(max_examples=50, deadline=None)
@given(
    angle=st.floats(-3, 3), scale=st.floats(0.2, 5), moved=st.tuples(st.floats(-50, 50), st.floats(-50, 50))
)
def test_landmarks_are_laid_upon_landmarks(angle: float, scale: float, moved: tuple[float, float]) -> None:
    target = np.random.default_rng(0).uniform(0, 100, (LANDMARKS, 2)).astype(np.float32)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    source = (target @ turn.T + moved).astype(np.float32)
    found = mix.laid_upon(source, target)
    assert np.allclose(found, np.c_[turn, moved], atol=1e-3)


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    target = np.random.default_rng(1).uniform(0, 100, (LANDMARKS, 2)).astype(np.float32)
    assert np.linalg.det(mix.laid_upon(target * np.float32([-1, 1]), target)[:, :2]) > 0


def test_a_blend_by_hand() -> None:
    a, b = np.full((4, 6, 3), 200, dtype=np.uint8), np.full((9, 3, 3), 100, dtype=np.uint8)
    assert (mix.blended(a, b, 0.75) == 175).all()
    assert mix.blended(a, b, 0.75).shape == a.shape


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 250), width=st.integers(1, 250), seed=st.integers(0, 1000))
def test_parts_are_parts(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    part = mix.part(pixels, np.random.default_rng(seed))
    assert 1 <= max(part.shape[:2]) <= mix.LONGER
    assert part.dtype == np.uint8
    tall, wide = views.part(pixels, np.random.default_rng(seed)).shape[:2]
    if min(height, width) > 20:
        assert 0.35 < tall * wide / (height * width) < 0.75


def test_of_two_faces_the_second_lies_upon_the_first() -> None:
    points = np.random.default_rng(2).uniform(20, 60, (LANDMARKS, 2))
    # The second picture is white where its face is, at twice the size and elsewhere; the first is black.
    first = np.zeros((100, 90, 3), dtype=np.uint8)
    second = np.zeros((200, 220, 3), dtype=np.uint8)
    box = (2 * points + 50).astype(int)
    second[box[:, 1].min() : box[:, 1].max(), box[:, 0].min() : box[:, 0].max()] = 255
    made = mix.two_faces(
        first,
        face_at(points, (100, 90)),
        second,
        face_at(2 * points + 50, (200, 220)),
        np.random.default_rng(0),
    )
    bright = np.argwhere(made[..., 0] > 60)
    # Cut around the face, at least a fifth of its box beyond it: the white part has the box's size, and lies within.
    side = points.max(axis=0) - points.min(axis=0)
    found = bright.max(axis=0) - bright.min(axis=0)
    assert np.allclose(found[::-1], side, atol=3)
    assert (bright.min(axis=0) > 3).all()
    assert made.max() < 255 * 0.7


def test_files_of_every_kind_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = np.random.default_rng(3)
    photographs, out = tmp_path / "photographs", tmp_path / "out"
    photographs.mkdir()
    for row in range(4):
        pixels = dice.integers(0, 255, (50, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(photographs / f"{row}.jpg")
    faces = [[face_at(dice.uniform(10, 30, (LANDMARKS, 2)), (50, 40))] if row < 2 else [] for row in range(4)]
    monkeypatch.setattr(mix, "detect_cached", lambda *_: faces)
    monkeypatch.setattr(mix, "FaceEncoder", lambda: None)
    monkeypatch.setattr(sys, "argv", ["mix_views.py", str(photographs), "--out", str(out)])
    mix.main()
    made = {path.name: path.read_bytes() for path in out.iterdir()}
    kinds = [name.split("-")[1] for name in made]
    assert (kinds.count("part"), kinds.count("blend"), kinds.count("faces")) == (6, 6, 4)
    mix.main()
    assert made == {path.name: path.read_bytes() for path in out.iterdir()}
