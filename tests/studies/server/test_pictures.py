"""Served images differ in pixels only (checklist 18, 19, 32)."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.errors import ImageError
from lookalike.studies import Item, Items, Study, StudyConfig
from lookalike.studies.server.pictures import ServedPictures, image_token
from lookalike.studies.server.webp import encode, padded
from tests.studies.small import TEXTS, picture


def study_of(folder: Path, pictures: list[bytes]) -> Study:
    """A 2AFC study of exactly three images."""
    files = {}
    for number, data in enumerate(pictures):
        content = hashlib.sha256(data).hexdigest()
        files[content] = folder.parent / f"{number}.img"
        files[content].write_bytes(data)
    names = list(files)
    item = Item("only", "2afc", fixed=(names[0],), options=(names[1], names[2]))
    config = StudyConfig.parse({"name": "pictures", "title": "x", "type": "2afc"})
    return Study.create(folder, config, Items([item]), files, {"en": TEXTS})


def jpeg_with_exif() -> bytes:
    image = Image.open(io.BytesIO(picture(5, (90, 50))))
    exif = Image.Exif()
    exif[0x010E] = "the right answer"
    exif[0x0112] = 6  # to be turned: 50 x 90
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif, comment=b"the right answer")
    return buffer.getvalue()


def test_sizes_formats_and_metadata_do_not_come_through(tmp_path: Path) -> None:
    flat = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(flat, "PNG")
    study = study_of(tmp_path / "s", [picture(1, (64, 48)), jpeg_with_exif(), flat.getvalue()])
    served = ServedPictures(study)
    pictures = [served[content] for content in study.items.images()]
    assert len({(p.bytes, p.width, p.height) for p in pictures}) == 1
    for one in pictures:
        data = one.path.read_bytes()
        assert len(data) == one.bytes
        assert hashlib.sha256(data).hexdigest() == one.sha256
        assert b"right answer" not in data
        with Image.open(io.BytesIO(data)) as image:
            assert (image.format, image.size) == ("WEBP", (one.width, one.height))
            assert set(image.info) <= {"loop", "background", "timestamp", "duration"}
            image.load()


def test_the_frame_fits_upright_and_wide_images_and_small_ones_are_enlarged(tmp_path: Path) -> None:
    study = study_of(tmp_path / "s", [picture(1, (20, 10)), picture(2, (100, 50)), picture(3, (30, 60))])
    served = ServedPictures(study)
    frames = [served[content] for content in study.items.images()]
    assert {(p.width, p.height) for p in frames} == {(100, 100)}
    boxes = [Image.open(p.path).convert("RGBA").getchannel("A").getbbox() for p in frames]
    assert boxes == [(0, 25, 100, 75), (0, 25, 100, 75), (25, 0, 75, 100)]


def test_pictures_are_made_once_and_again_when_something_is_missing(tmp_path: Path) -> None:
    study = study_of(tmp_path / "s", [picture(i) for i in range(3)])
    steps: list[int] = []
    first = ServedPictures(study, progress=lambda done, _: steps.append(done))
    content = study.items.images()[0]
    ServedPictures(study, progress=lambda done, _: steps.append(done))
    assert steps == [1, 2, 3]
    first[content].path.write_bytes(b"cut")
    again = ServedPictures(study, progress=lambda done, _: steps.append(done))
    assert steps == [1, 2, 3] * 2
    assert again[content].sha256 == first[content].sha256
    assert not list((study.folder / "served").glob("*.part"))


def test_a_broken_image_is_one_clear_line(tmp_path: Path) -> None:
    study = study_of(tmp_path / "s", [picture(i) for i in range(3)])
    study.image_path(study.items.images()[1]).write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    with pytest.raises(ImageError):
        ServedPictures(study)


@pytest.mark.parametrize("size", [(40, 30), (41, 31), (30, 40), (7, 5)])
def test_padding_changes_the_length_and_nothing_else(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (30, 40, 3)).astype(np.uint8)
    plain = encode(pixels, size, 90)
    for extra in (8, 10, 1_000):
        data = padded(plain, len(plain) + extra, "name")
        assert len(data) == len(plain) + extra
        with Image.open(io.BytesIO(data)) as one, Image.open(io.BytesIO(plain)) as other:
            assert np.array_equal(np.asarray(one.convert("RGBA")), np.asarray(other.convert("RGBA")))


def test_tokens_of_two_sessions_have_nothing_in_common() -> None:
    one, other = image_token("a" * 64, "0" * 64), image_token("b" * 64, "0" * 64)
    assert one != other
    assert len(one) == len(other) == 22
    assert image_token("a" * 64, "0" * 64) == one
