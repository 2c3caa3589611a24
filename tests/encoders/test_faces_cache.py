"""Faces kept on disk: the same bits, order, copies, kills and damage."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike.encoders.cache import EmbeddingCache
from lookalike.encoders.faces_cache import FaceCache, detect_cached
from lookalike.encoders.faces_types import Face, pack
from lookalike.errors import NotAnImage
from lookalike.images import decode
from tests.encoders.face_pictures import astronaut, face_encoder, no_face, two_faces

pytest.importorskip("dlib")
pytest.importorskip("skimage")


_FOUND: dict[bytes, list[Face]] = {}


class Counting:
    """The encoder of faces; remembers how many images it was asked about."""

    def __init__(self) -> None:
        self.card = face_encoder().card
        self.asked = 0

    def detect(self, images: Sequence[Any]) -> list[list[Face]]:
        self.asked += len(images)
        return [self._look(image) for image in images]

    def _look(self, image: Any) -> list[Face]:
        """What dlib finds, looked for once for each picture of the tests."""
        pixels = decode(image)
        key = pixels.tobytes()
        if key not in _FOUND:
            _FOUND[key] = face_encoder().detect([pixels])[0]
        return list(_FOUND[key])

    def close(self) -> None:
        pass


def files(folder: Path) -> list[Path]:
    names = []
    for name, pixels in (("two", two_faces()), ("none", no_face()), ("one", astronaut())):
        names.append(folder / f"{name}.png")
        Image.fromarray(pixels).save(names[-1])
    return names


def packed(found: list[list[Face]]) -> list[bytes]:
    return [pack(faces) for faces in found]


def test_a_hit_is_the_fresh_result_bit_for_bit(tmp_path: Path) -> None:
    images, told = files(tmp_path), []
    fresh = face_encoder().detect(images)
    encoder: Any = Counting()
    first = detect_cached(encoder, images, tmp_path / "c", lambda *step: told.append(step))
    assert [len(faces) for faces in first] == [2, 0, 1]
    assert encoder.asked == 3
    assert told == [("faces", 3, 3)]
    again = detect_cached(encoder, images, tmp_path / "c")
    assert encoder.asked == 3  # also the image without faces is remembered
    assert packed(fresh) == packed(first) == packed(again)
    assert again[0][0].landmarks.flags.writeable


def test_order_and_copies(tmp_path: Path) -> None:
    two, none, one = files(tmp_path)
    encoder: Any = Counting()
    found = detect_cached(encoder, [one, two, one, none, one.read_bytes()], tmp_path / "c")
    assert [len(faces) for faces in found] == [1, 2, 1, 0, 1]
    assert encoder.asked == 3
    assert detect_cached(encoder, [], tmp_path / "c") == []


def test_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_CACHE", str(tmp_path))
    detect_cached(face_encoder(), [no_face()])
    assert [file.suffix for file in (tmp_path / "faces").iterdir()] == [".sqlite"]


def test_a_bad_file_is_named_and_what_came_before_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.encoders.faces_cache._DETECT_AT_ONCE", 1)
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no image at all")
    encoder: Any = Counting()
    with pytest.raises(NotAnImage, match=r"bad\.jpg"):
        detect_cached(encoder, [no_face(), bad], tmp_path / "c")
    detect_cached(encoder, [no_face()], tmp_path / "c")
    assert encoder.asked == 2  # the noise once, the bad file once


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:1000])


def scribble(file: Path) -> None:
    file.write_bytes(b"\0" * 5000)


def turn_bits(file: Path) -> None:
    data = bytearray(file.read_bytes())
    place = data.index(b"LKF1") + 200
    data[place] ^= 255
    file.write_bytes(data)


@pytest.mark.parametrize("damage", [cut, scribble, turn_bits])
def test_damage_costs_time_only(tmp_path: Path, damage: Any) -> None:
    images, encoder = [astronaut(), no_face()], Counting()
    whole: Any = encoder
    first = detect_cached(whole, images, tmp_path)
    (file,) = tmp_path.glob("*.sqlite")
    damage(file)
    asked = encoder.asked
    assert packed(detect_cached(whole, images, tmp_path)) == packed(first)
    assert encoder.asked > asked
    asked = encoder.asked
    assert packed(detect_cached(whole, images, tmp_path)) == packed(first)
    assert encoder.asked == asked


def test_a_killed_writer_leaves_a_sound_cache(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from lookalike.encoders.faces_cache import FaceCache
cache = FaceCache(Path({str(tmp_path)!r}))
for number in range(1_000_000):
    cache.put_many("abc", {{f"{{number}}": []}})
    print(number, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    process.kill()
    done = 20 + len(process.stdout.read().split("\n")[:-1])
    process.wait()
    process.stdout.close()
    with FaceCache(tmp_path) as cache:
        assert len(cache.get_many("abc", [str(number) for number in range(done)])) == done


def test_rows_of_something_else_are_not_taken_for_faces(tmp_path: Path) -> None:
    with EmbeddingCache(tmp_path) as other:
        other.put_many("abc", {"x": np.ones(32, np.float32)})
    with FaceCache(tmp_path) as cache:
        assert cache.get_many("abc", ["x"]) == {}
        cache.put_many("abc", {})
        assert cache.count("abc") == 1
