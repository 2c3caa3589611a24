"""The encoder ``faces`` on real pictures."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike.encoders import EncoderOptions, load_encoder
from lookalike.encoders.faces import Face, FaceEncoder, FaceOptions, largest, pack, parse_options, unpack
from lookalike.encoders.faces_models import FaceModels
from lookalike.errors import EncoderError, InvalidArgument, UnknownEncoder
from lookalike.images import decode, resize
from lookalike.similarity import compare
from tests.encoders.face_pictures import astronaut, face_encoder, found_on, no_face, two_faces

dlib = pytest.importorskip("dlib")
pytest.importorskip("skimage")


def same(a: list[Face], b: list[Face]) -> bool:
    return pack(a) == pack(b)


def test_one_face_where_it_is() -> None:
    (face,) = found_on("astronaut")
    assert face.box == (56.0, 76.0, 146.0, 167.0)
    assert face.image_size == (256, 256)
    assert face.score > 1
    assert (face.width, face.height, face.area) == (90.0, 91.0, 8190.0)
    assert face.landmarks.shape == (68, 2)
    assert face.landmarks.dtype == np.float32
    left, top, right, bottom = face.box
    inside = (face.landmarks > (left - 20, top - 20)) & (face.landmarks < (right + 20, bottom + 20))
    assert inside.all()
    eyes, mouth = face.landmarks[36:48], face.landmarks[48:]
    assert eyes[:, 1].max() < mouth[:, 1].min()
    assert face.descriptor.shape == (128,)
    assert face.descriptor.dtype == np.float32


def test_two_faces_and_none() -> None:
    encoder = face_encoder()
    assert sorted(face.box[0] for face in found_on("two_faces")) == [56.0, 315.0]
    assert found_on("no_face") == ()
    sets = encoder.embed_sets([two_faces(), no_face()])
    assert [rows.shape for rows in sets] == [(2, 128), (0, 128)]
    assert all(rows.dtype == np.float32 for rows in sets)
    assert np.linalg.norm(sets[0][0] - sets[0][1]) < 0.1  # one woman, twice


@pytest.mark.parametrize(("landmarks", "file"), [("small", "points5"), ("large", "points68")])
def test_descriptor_is_that_of_face_recognition(landmarks: Any, file: str) -> None:
    """face_recognition.face_encodings(image, model=...): detector(image, 1), predictor, one descriptor, no jitter."""
    pixels = two_faces()
    models = FaceModels(FaceOptions(landmarks=landmarks))
    models._loaded = face_encoder()._models._loaded  # not loaded again: it takes seconds
    predictor, network = models._model(file), models._model("descriptor")
    boxes = dlib.get_frontal_face_detector()(pixels, 1)
    wanted = [
        np.array(network.compute_face_descriptor(pixels, predictor(pixels, box), 1), np.float32)
        for box in boxes
    ]
    found = models.faces(pixels)
    assert len(found) == 2
    for face, box, descriptor in zip(found, boxes, wanted, strict=True):
        np.testing.assert_array_equal(face.descriptor, descriptor)
        assert face.box == (box.left(), box.top(), box.right() + 1, box.bottom() + 1)


def test_one_by_one_and_together_in_order() -> None:
    encoder = face_encoder()
    images = [no_face(), two_faces(), astronaut(), no_face(1)]
    together = encoder.detect(images)
    assert [len(faces) for faces in together] == [0, 2, 1, 0]
    alone = [
        found_on("no_face"),
        found_on("two_faces"),
        found_on("astronaut"),
        encoder.detect([no_face(1)])[0],
    ]
    for faces, others in zip(alone, together, strict=True):
        assert same(list(faces), others)
    assert encoder.detect([]) == []


def test_largest_face_is_the_embedding() -> None:
    encoder = face_encoder()
    small = resize(astronaut(), (180, 180))
    canvas = np.zeros((256, 436, 3), np.uint8)
    canvas[:180, :180], canvas[:, 180:] = small, astronaut()
    faces = encoder.detect([canvas])[0]
    assert len(faces) == 2
    biggest = largest(faces)
    assert biggest is not None
    assert biggest.box[0] > 180
    rows = encoder.embed([canvas, no_face()])
    np.testing.assert_array_equal(rows[0], biggest.descriptor)
    np.testing.assert_array_equal(rows[1], np.zeros(128, np.float32))
    assert encoder.embed([]).shape == (0, 128)
    assert largest([]) is None


def test_an_image_without_a_face_has_nothing_in_common_with_any() -> None:
    encoder = face_encoder()
    assert compare(astronaut(), astronaut(), [encoder]).distances["faces"] == pytest.approx(0, abs=1e-6)
    assert compare(astronaut(), no_face(), [encoder]).distances["faces"] == 1.0
    assert compare(no_face(), no_face(), [encoder]).distances["faces"] == 1.0


def test_large_photographs(tmp_path: Path) -> None:
    """2,048 pixels are shrunk to 1,600 for the search; the box is in pixels of the decoded image."""
    pixels = resize(astronaut(), (2048, 2048))
    file = tmp_path / "large.jpg"
    Image.fromarray(pixels).save(file, quality=95)
    (face,) = face_encoder().detect([file])[0]
    assert face.image_size == (2048, 2048)
    (small,) = found_on("astronaut")
    np.testing.assert_allclose(np.array(face.box) / 8, small.box, atol=12)
    np.testing.assert_allclose(face.landmarks / 8, small.landmarks, atol=6)
    assert np.linalg.norm(face.descriptor - small.descriptor) < 0.15


def test_no_reduced_decoding(tmp_path: Path) -> None:
    """A JPEG decoded for this encoder has all its pixels, also when others (galleries, ensembles) decode."""
    file = tmp_path / "photo.jpg"
    Image.fromarray(resize(no_face(), (3000, 4000))).save(file)
    assert decode(file, min_size=face_encoder().wanted_size).shape == (3000, 4000, 3)
    assert load_encoder("faces+classic").wanted_size[0] > 100_000


def test_paths_bytes_and_pixels_alike(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Image.fromarray(astronaut()).save(file)
    encoder = face_encoder()
    forms = [file, str(file), file.read_bytes(), io.BytesIO(file.read_bytes()), Image.open(file)]
    others = encoder.detect(forms)
    assert all(same(list(found_on("astronaut")), other) for other in others)


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (1, 300), (3000, 1), (7, 40)])
def test_tiny_images_have_no_faces(shape: tuple[int, int]) -> None:
    assert face_encoder().detect([np.full((*shape, 3), 128, np.uint8)]) == [[]]


def test_cnn_finds_the_face() -> None:
    pixels = np.ascontiguousarray(astronaut()[60:180, 40:160])
    encoder = load_encoder("faces:cnn-0", EncoderOptions(threads=1))
    assert isinstance(encoder, FaceEncoder)
    (face,) = encoder.detect([pixels])[0]
    assert face.score > 0.5
    assert 0 <= face.box[0] < 40 < 80 < face.box[2] <= 121
    assert encoder.detect([np.zeros((1, 300, 3), np.uint8)]) == [[]]


@pytest.mark.parametrize(
    ("argument", "options", "name"),
    [
        ("", FaceOptions("hog", 1, "small"), "faces"),
        ("hog", FaceOptions("hog", 1, "small"), "faces"),
        ("cnn", FaceOptions("cnn", 1, "small"), "faces:cnn"),
        ("hog-2", FaceOptions("hog", 2, "small"), "faces:hog-2"),
        ("cnn-0", FaceOptions("cnn", 0, "small"), "faces:cnn-0"),
        ("hog-large", FaceOptions("hog", 1, "large"), "faces:hog-large"),
        ("hog-2-large", FaceOptions("hog", 2, "large"), "faces:hog-2-large"),
    ],
)
def test_options_by_name(argument: str, options: FaceOptions, name: str) -> None:
    assert parse_options(argument) == options
    assert options.name == name


@pytest.mark.parametrize("argument", ["dog", "hog-9", "hog-", "-2", "hog 2", "cnn-x", "hog-1-big", "a\nb"])
def test_options_that_are_not_understood(argument: str) -> None:
    with pytest.raises(UnknownEncoder, match="write faces, faces:cnn") as caught:
        load_encoder(f"faces:{argument}")
    assert "\n" not in str(caught.value)


def test_fingerprints_tell_the_options_apart() -> None:
    specs = ("faces", "faces:hog-2", "faces:hog-large", "faces:cnn")
    cards = [load_encoder(spec).card for spec in specs]
    assert [card.name for card in cards] == list(specs)
    assert len({card.fingerprint for card in cards}) == len(specs)
    assert load_encoder("faces:hog").card.fingerprint == cards[0].fingerprint
    assert cards[0].dim == 128
    assert not cards[0].normalized
    assert len(cards[0].sha256) == 64


def test_packed_faces_come_back() -> None:
    faces = list(found_on("two_faces"))
    again = unpack(pack(faces))
    assert same(faces, again)
    assert again[0].box == faces[0].box
    assert again[0].image_size == (256, 512)
    assert unpack(pack([])) == []
    for blob in (b"", pack(faces)[:-1], b"XXXX" + pack(faces)[4:]):
        with pytest.raises(InvalidArgument):
            unpack(blob)


def test_share_of_faces_in_real_pairs(shared: Path) -> None:
    """dlib's HOG finds a face in 65 % of the left images (data README); of 16, 5 to 15 would do."""
    files = sorted((shared / "tll" / "left").iterdir())[:16]
    found = sum(bool(faces) for faces in face_encoder().detect(files))
    assert 5 <= found <= 15


def test_what_dlib_cannot_do_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    models = FaceModels(FaceOptions())

    def fails(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(models, "_detect", fails)
    with pytest.raises(
        EncoderError, match=r"80 x 64 pixels \(out of memory\); use a smaller image"
    ) as caught:
        models.faces(no_face())
    assert "\n" not in str(caught.value)
