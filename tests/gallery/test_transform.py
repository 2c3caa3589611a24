"""Galleries with a transform: fitted on the first images, kept, used by everything afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.encoders.cache import EmbeddingCache
from lookalike.encoders.transform import LEAST_IMAGES, TransformedEncoder, Whitening
from lookalike.errors import (
    EncoderMismatch,
    GalleryDamaged,
    GalleryError,
    GalleryNotFound,
    InvalidArgument,
    NoSuchOutput,
)
from lookalike.gallery import Gallery
from lookalike.gallery import encoding as encoding_module
from lookalike.gallery.transform import sample
from lookalike.images import ImageRef, open_source
from tests.cli.conftest import Command, lookalike  # noqa: F401
from tests.gallery.conftest import BatchThumb, Thumb, save_pictures
from tests.gallery.test_object_store import bucket  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent.parent
COUNT = LEAST_IMAGES + 20


@pytest.fixture
def many(tmp_path: Path) -> Path:
    save_pictures(tmp_path / "photos", COUNT)
    return tmp_path / "photos"


@pytest.fixture
def whitened_gallery(tmp_path: Path, many: Path) -> Gallery:
    made = Gallery.create(tmp_path / "gallery", Thumb(), transform="whiten")
    made.index(many, cache=False)
    return made


def settings_of(gallery: Gallery) -> dict[str, object]:
    return dict(json.loads((Path(gallery.location) / "gallery.json").read_text()))


def test_vectors_are_those_of_the_transformed_encoder(whitened_gallery: Gallery, many: Path) -> None:
    place = Path(whitened_gallery.location)
    whitening = Whitening.load(place / "transform.npz")
    assert (whitening.images, whitening.dim, whitening.fitted_to) == (COUNT, 108, Thumb().card.fingerprint)
    expected = TransformedEncoder(Thumb(), whitening).embed(sorted(many.iterdir()))
    np.testing.assert_allclose(whitened_gallery.vectors().matrix, expected, atol=1e-6)
    stamped = settings_of(whitened_gallery)
    assert stamped["transform"] == {
        "name": "whiten",
        "base": Thumb().card.fingerprint,
        "digest": whitening.digest,
        "images": COUNT,
    }
    assert stamped["fingerprint"] == whitened_gallery.encoder.card.fingerprint
    assert whitened_gallery.check().sound


def test_search_with_one_image_several_a_crop_and_no_words(whitened_gallery: Gallery, many: Path) -> None:
    again = Gallery.open(whitened_gallery.location, encoder=Thumb())
    files = sorted(many.iterdir())
    assert again.search(files[5], k=1).paths == [str(files[5])]
    assert again.search(files[5], k=1)[0].distance == pytest.approx(0, abs=1e-5)
    mirrored = Image.open(files[5]).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert again.search(mirrored, k=1)[0].distance < 0.02
    both = again.search([files[5], files[9]], k=2, combine="max")
    assert set(both.paths) == {str(files[5]), str(files[9])}
    assert len(again.search([files[5], files[9]], negative=files[1], k=3)) == 3
    assert again.search(files[5], crop=(0, 0, 40, 29), k=1).paths == [str(files[5])]
    with pytest.raises(NoSuchOutput, match="images only"):
        again.search(text="a cup")


def test_later_images_use_the_kept_transform(whitened_gallery: Gallery, many: Path) -> None:
    before = (Path(whitened_gallery.location) / "transform.npz").read_bytes()
    save_pictures(many, 150, first=500)
    again = Gallery.open(whitened_gallery.location, encoder=Thumb())
    report = again.index(many, cache=False)
    assert (report.indexed, report.unchanged) == (150, COUNT)
    assert (Path(again.location) / "transform.npz").read_bytes() == before
    assert len(again) == COUNT + 150
    assert not again.fit_transform([open_source(str(many))])


def test_with_the_cache_each_side_is_computed_once(tmp_path: Path, many: Path) -> None:
    thumb = Thumb()
    gallery = Gallery.create(tmp_path / "gallery", thumb, transform="whiten")
    report = gallery.index(many)
    assert thumb.embedded == 2 * COUNT
    assert (report.indexed, report.cached) == (COUNT, COUNT)
    other = Gallery.create(tmp_path / "other", thumb, transform="whiten")
    other.index(many)
    assert thumb.embedded == 2 * COUNT
    assert other.settings.transform == gallery.settings.transform
    assert EmbeddingCache().count(thumb.card.fingerprint) == COUNT


def test_encoders_that_want_batches_and_small_storage(tmp_path: Path, many: Path) -> None:
    for storage in ("float16", "int8", "binary"):
        gallery = Gallery.create(tmp_path / storage, BatchThumb(), storage=storage, transform="whiten")
        gallery.index(many, cache=False)
        files = sorted(many.iterdir())
        found = [gallery.search(file, k=1).paths[0] == str(file) for file in files[:20]]
        assert np.mean(found) > 0.9, storage


def test_bad_files_copies_and_too_few_images(tmp_path: Path, many: Path) -> None:
    gallery = Gallery.create(tmp_path / "gallery", Thumb(), transform="whiten")
    few = tmp_path / "few"
    files = save_pictures(few, LEAST_IMAGES - 1)
    (few / "copy.jpg").write_bytes(files[0].read_bytes())
    (few / "bad.jpg").write_bytes(b"no image")
    with pytest.raises(
        InvalidArgument, match=f"gallery: a whitening .* at least {LEAST_IMAGES} images, there are 99"
    ):
        gallery.index(few, cache=False)
    with pytest.raises(
        GalleryError, match="has no images yet, and its transform is fitted on the first ones"
    ):
        gallery.search(files[0])
    assert len(gallery) == 0
    save_pictures(few, 1, first=900)
    report = gallery.index(few, cache=False)  # more images: it goes on
    assert (report.indexed, report.problems) == (LEAST_IMAGES + 1, 1)
    assert gallery.settings.transform["images"] == LEAST_IMAGES


def test_fitted_on_several_sources(tmp_path: Path) -> None:
    for name, first in (("a", 0), ("b", 400)):
        save_pictures(tmp_path / name, 60, first=first)
    gallery = Gallery.create(tmp_path / "gallery", Thumb(), transform="whiten")
    assert gallery.awaits_transform
    assert gallery.fit_transform([open_source(str(tmp_path / name)) for name in "ab"])
    assert not gallery.awaits_transform
    assert gallery.settings.transform["images"] == 120
    assert gallery.index(tmp_path / "a").indexed == 60


def test_another_process_fits_while_this_one_waits(tmp_path: Path, many: Path) -> None:
    Gallery.create(tmp_path / "gallery", Thumb(), transform="whiten")
    waiting = Gallery.open(tmp_path / "gallery", encoder=Thumb())
    Gallery.open(tmp_path / "gallery", encoder=Thumb()).index(many)
    assert len(waiting.search(sorted(many.iterdir())[0], k=3)) == 3
    assert waiting.index(many).unchanged == COUNT


def test_other_encoders_and_other_files_are_refused(whitened_gallery: Gallery) -> None:
    place = Path(whitened_gallery.location)
    assert Gallery.open(place, encoder=whitened_gallery.encoder).encoder is whitened_gallery.encoder
    with pytest.raises(EncoderMismatch, match="made with encoder thumb"):
        Gallery.open(place, encoder=Thumb(version=2))
    whitening = Whitening.load(place / "transform.npz")
    Whitening(-whitening.mean, whitening.components, whitening.scales, True, True, 0.5).save(
        place / "transform.npz"
    )
    with pytest.raises(GalleryDamaged, match="not the one that the gallery was made with"):
        _ = Gallery.open(place, encoder=Thumb()).encoder
    (place / "transform.npz").write_bytes(b"PK")
    with pytest.raises(GalleryDamaged, match=r"transform\.npz cannot be read"):
        _ = Gallery.open(place, encoder=Thumb()).encoder
    (place / "transform.npz").unlink()
    with pytest.raises(GalleryDamaged, match="index into a new gallery"):
        _ = Gallery.open(place, encoder=Thumb()).encoder


def test_unknown_transforms_and_galleries_without(tmp_path: Path, many: Path) -> None:
    with pytest.raises(InvalidArgument, match="'bleach' is not known; use whiten"):
        Gallery.create(tmp_path / "gallery", Thumb(), transform="bleach")
    with pytest.raises(GalleryNotFound):
        Gallery.open(tmp_path / "gallery")
    plain = Gallery.create(tmp_path / "plain", Thumb())
    plain.index(many)
    assert not plain.fit_transform([open_source(str(many))])
    assert settings_of(plain)["fingerprint"] == Thumb().card.fingerprint
    assert not (tmp_path / "plain" / "transform.npz").exists()


def test_a_death_before_the_stamp_leaves_the_fit_to_the_next_run(
    tmp_path: Path, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = Gallery.create(tmp_path / "gallery", Thumb(), transform="whiten")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(encoding_module, "write_settings", die)
        with pytest.raises(KeyboardInterrupt):
            gallery.index(many, cache=False)
    assert (tmp_path / "gallery" / "transform.npz").exists()
    again = Gallery.open(tmp_path / "gallery", encoder=Thumb())
    assert again.awaits_transform
    assert again.index(many, cache=False).indexed == COUNT
    assert again.check().sound


KILLED = """
import os, signal, sys
from lookalike.gallery import Gallery
from lookalike.gallery.indexing import Indexer
from tests.gallery.conftest import Thumb
Indexer.run = lambda self: os.kill(os.getpid(), signal.SIGKILL)
Gallery.create(sys.argv[1], Thumb(), transform="whiten").index(sys.argv[2], cache=False)
"""


def test_kill_9_between_the_fit_and_the_first_row(tmp_path: Path, many: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", KILLED, str(tmp_path / "gallery"), str(many)]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    again = Gallery.open(tmp_path / "gallery", encoder=Thumb())
    assert not again.awaits_transform
    assert again.index(many, cache=False).indexed == COUNT
    assert again.search(sorted(many.iterdir())[7], k=1).paths == [str(sorted(many.iterdir())[7])]


def test_the_sample_is_even_and_seeded() -> None:
    refs = [ImageRef(str(number)) for number in range(1000)]
    assert sample(refs, 2000, 0) == refs
    chosen = sample(refs, 300, 0)
    assert chosen == sample(refs, 300, 0)
    assert len(set(chosen)) == 300
    assert 400 < np.mean([int(ref.name) for ref in chosen]) < 600


def test_in_an_object_store(bucket: str, many: Path) -> None:  # noqa: F811
    Gallery.create(f"{bucket}/w", Thumb(), transform="whiten").index(many, cache=False)
    again = Gallery.open(f"{bucket}/w", encoder=Thumb())
    file = sorted(many.iterdir())[3]
    assert again.search(file, k=1).paths == [str(file)]
    assert again.settings.transform["images"] == COUNT


def test_the_command_line(lookalike: Command, tmp_path: Path) -> None:  # noqa: F811
    for name, first in (("a", 0), ("b", 400)):
        save_pictures(tmp_path / name, 60, first=first)
    place, encoder = tmp_path / "gallery", "classic:color_layout"
    more = ("--gallery", place, "--encoder", encoder, "--transform", "whiten")
    few = lookalike("index", tmp_path / "a", *more)
    assert few.status == 1
    assert "at least 100 images, there are 60" in few.err
    done = lookalike("index", tmp_path / "a", tmp_path / "b", *more)
    assert done.status == 0, done.err
    assert "encoder classic:color_layout, transform whiten" in done.out
    found = lookalike("search", tmp_path / "b" / "0407.jpg", "--gallery", place, "--json").json
    assert found["hits"][0]["path"] == str(tmp_path / "b" / "0407.jpg")
    assert lookalike("index", tmp_path / "a", "--gallery", place).status == 0
    save_pictures(tmp_path / "c", 3)
    assert lookalike("index", tmp_path / "c", "--gallery", tmp_path / "plain").status == 0
    refused = lookalike("index", tmp_path / "c", "--gallery", tmp_path / "plain", "--transform", "whiten")
    assert refused.status == 1
    assert "was made without the transform whiten" in refused.err
    assert lookalike("doctor", "--gallery", place, "--json").status == 0
