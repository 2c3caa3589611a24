"""Face crops and generic-facial features (GF)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lookalike.encoders import load_encoder
from lookalike.encoders.cache import EmbeddingCache
from lookalike.encoders.faces_crops import face_crops, generic_facial
from lookalike.encoders.faces_types import Face, descriptors
from lookalike.errors import InvalidArgument
from tests.encoders.face_pictures import astronaut, face_encoder, found_on, no_face, two_faces


def face(box: tuple[float, float, float, float], size: tuple[int, int] = (20, 30)) -> Face:
    return Face(box, np.zeros((68, 2), np.float32), np.zeros(128, np.float32), 1.0, size)


def picture() -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """uint8 (20, 30, 3) in which a pixel's first value is its column, its second its row."""
    rows, columns = np.mgrid[:20, :30].astype(np.uint8)
    return np.stack([columns, rows, np.zeros_like(rows)], axis=2)


@pytest.mark.parametrize(
    ("box", "margin", "expected"),  # expected: first and last column, first and last row that are inside
    [
        ((5, 4, 15, 14), 0.0, (5, 14, 4, 13)),
        ((5, 4, 15, 14), 0.2, (3, 16, 2, 15)),  # 10 pixels * 0.2 = 2 on each side
        ((-4, -2, 8, 6), 0.0, (0, 7, 0, 5)),  # cut at the border
        ((20, 10, 40, 30), 0.5, (10, 29, 0, 19)),
        ((40, 25, 60, 45), 0.0, (29, 29, 19, 19)),  # beyond the border: the nearest pixel
        ((5.4, 4.4, 9.6, 8.6), 0.0, (5, 9, 4, 8)),
    ],
)
def test_crop_by_hand(
    box: tuple[float, float, float, float], margin: float, expected: tuple[int, int, int, int]
) -> None:
    (crop,) = face_crops(picture(), [face(box)], margin=margin)
    first, last = crop[0, 0], crop[-1, -1]
    assert (first[0], last[0], first[1], last[1]) == expected
    assert crop.flags.c_contiguous
    assert crop.dtype == np.uint8


def test_no_faces_no_crops() -> None:
    assert face_crops(picture(), []) == []
    assert descriptors([]).shape == (0, 128)


@pytest.mark.parametrize("margin", [-0.1, float("nan"), float("inf")])
def test_margins_that_make_no_sense(margin: float) -> None:
    with pytest.raises(InvalidArgument, match="margin"):
        face_crops(picture(), [], margin=margin)


def test_faces_of_another_image_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="30 x 20 pixels, this one has 80 x 64"):
        face_crops(no_face(), [face((1, 1, 5, 5))])


def test_generic_facial_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dlib")
    monkeypatch.setenv("LOOKALIKE_CACHE", str(tmp_path))
    images, told = [two_faces(), no_face(), astronaut()], []
    encoder = load_encoder("classic:color")

    def progress(stage: str, done: int, total: int) -> None:
        told.append((stage, done, total))

    sets = generic_facial(face_encoder(), encoder, images, progress=progress)
    assert [rows.shape for rows in sets] == [
        (2, encoder.card.dim),
        (0, encoder.card.dim),
        (1, encoder.card.dim),
    ]
    assert told == [("faces", 3, 3), ("face crops", 3, 3)]
    (crop,) = face_crops(images[2], found_on("astronaut"))
    np.testing.assert_array_equal(sets[2], encoder.embed([crop]))

    def never(_: Sequence[object]) -> None:
        raise AssertionError("everything is kept: nothing is to be computed again")

    monkeypatch.setattr(encoder, "embed", never)
    again = generic_facial(face_encoder(), encoder, images)
    assert all((a == b).all() for a, b in zip(sets, again, strict=True))
    assert generic_facial(face_encoder(), encoder, []) == []


def test_one_list_of_faces_for_each_image(tmp_path: Path) -> None:
    pytest.importorskip("dlib")
    with EmbeddingCache(tmp_path) as cache:
        wide = generic_facial(
            face_encoder(),
            load_encoder("classic:color"),
            [picture()],
            faces=[[face((5, 4, 15, 14))]],
            margin=1.0,
            cache=cache,
        )
        assert wide[0].shape[0] == 1
        with pytest.raises(InvalidArgument, match="1 images and faces of 0"):
            generic_facial(face_encoder(), load_encoder("classic:color"), [picture()], faces=[], cache=cache)
