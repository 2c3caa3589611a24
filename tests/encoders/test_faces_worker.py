"""Processes that help to look for faces."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from lookalike.encoders.faces import FaceEncoder, FaceOptions, pack, unpack
from lookalike.encoders.faces_worker import FaceWorker, WorkerLost, serve
from lookalike.errors import ImageNotFound
from tests.encoders.face_pictures import astronaut, face_encoder, found_on, no_face

pytest.importorskip("dlib")
pytest.importorskip("skimage")


def test_processes_find_the_same_bit_for_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.encoders.faces.WORTH_WORKERS", 2)
    images = [no_face(), astronaut(), no_face(1)]
    alone = [list(found_on("no_face")), list(found_on("astronaut")), face_encoder().detect(images[2:])[0]]
    encoder = FaceEncoder(threads=2)
    try:
        helped = encoder.detect(images)
        assert encoder._team.running
        assert not encoder._models._loaded  # nothing was done in this process
        assert all(pack(a) == pack(b) for a, b in zip(alone, helped, strict=True))
        encoder._models = face_encoder()._models
        for worker in encoder._team._all:  # lost processes cost time only
            worker._process.kill()
        assert all(pack(a) == pack(b) for a, b in zip(alone, encoder.detect(images), strict=True))
        with pytest.raises(ImageNotFound, match=r"nowhere\.jpg"):
            encoder.detect([no_face(), "nowhere.jpg"])
    finally:
        encoder.close()
    assert not encoder._team.running


def test_what_goes_over_the_wire() -> None:
    """Height and width as uint32, then the pixels; the answer is its length as int64, then packed faces."""
    pixels = no_face()
    asked = struct.pack("<II", 64, 80) + pixels.tobytes()
    answers = io.BytesIO()
    serve(FaceOptions(), io.BytesIO(asked + asked[:100]), answers)  # the second question is cut short
    data = answers.getvalue()
    (length,) = struct.unpack_from("<q", data)
    assert len(data) == 8 + length
    assert unpack(data[8:]) == []


def test_a_process_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.encoders.faces.WORTH_WORKERS", 2)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(WorkerLost):
        FaceWorker(FaceOptions())
    encoder = FaceEncoder(threads=2)
    assert encoder.detect([no_face(), np.zeros((30, 30, 3), np.uint8)]) == [[], []]
