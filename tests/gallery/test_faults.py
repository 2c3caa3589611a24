"""Faults: kill -9, a full disk, two writers, other versions and encoders, damaged galleries."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import (
    EncoderMismatch,
    GalleryDamaged,
    GalleryError,
    GalleryExists,
    GalleryLocked,
    GalleryNotFound,
    GalleryVersionError,
    InvalidArgument,
)
from lookalike.gallery import Gallery
from lookalike.gallery.lock import write_lock
from tests.conftest import ROOT
from tests.gallery.conftest import Thumb, save_pictures

KILLS = 20


def start(place: Path, photos: Path, storage: str = "float32") -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.gallery.indexing_child", str(place), str(photos), storage]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def test_kill_9_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """At least 20 kills at random moments; each run goes on where the record says, never where it hoped to be."""
    save_pictures(tmp_path / "photos", 400)
    rng = random.Random(0)
    acknowledged: set[str] = set()
    kills = number = heard = 0
    while kills < KILLS:
        place = tmp_path / f"gallery-{number}"
        process = start(place, tmp_path / "photos", ["float32", "binary"][number % 2])
        assert process.stdout is not None
        assert process.stderr is not None
        with process:
            # From before the first commit to the middle of one.
            process.stdout.readline()
            time.sleep(rng.uniform(0.0, 0.12))
            process.send_signal(signal.SIGKILL)
            told = process.stdout.read().split("\n")[:-1]
            errors = process.stderr.read()
        assert not errors
        acknowledged.update(path for path in told if path != "done")
        heard += len(told)
        if place.joinpath("gallery.json").exists():
            check_sound(place, acknowledged)
        if process.returncode == -signal.SIGKILL and "done" not in told:
            kills += 1
            continue
        number += 1
        acknowledged = set()
    assert heard > 0, "every kill came before the first commit: the test tested nothing"
    gallery = Gallery.open(place, encoder=Thumb())
    gallery.index(tmp_path / "photos", cache=False)
    assert len(gallery) == 400
    check_sound(place, acknowledged)


def check_sound(place: Path, acknowledged: set[str]) -> None:
    gallery = Gallery.open(place, encoder=Thumb())
    paths = gallery.rows(["path"]).column("path").to_pylist()
    assert len(paths) == len(set(paths)), "an image is there twice"
    assert acknowledged <= set(paths), "an acknowledged image is lost"
    assert gallery.check().sound


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small tmpfs (root outside a container)")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_full_disk_is_one_line_and_keeps_what_was_told(small_disk: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    save_pictures(photos, 600)
    process = start(small_disk / "gallery", photos)
    told, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "the disk is full" in errors
    assert errors.count("\n") == 1
    acknowledged = {line for line in told.splitlines() if line.endswith(".jpg")}
    assert 0 < len(acknowledged) < 600
    roomy = tmp_path / "roomy"
    shutil.copytree(small_disk / "gallery", roomy)
    check_sound(roomy, acknowledged)
    gallery = Gallery.open(roomy, encoder=Thumb())
    gallery.index(photos, cache=False)
    assert len(gallery) == 600


def test_second_writer_is_told_or_waits(
    gallery: Gallery, photos: Path, reopen: Callable[[], Gallery]
) -> None:
    with write_lock(gallery.location):
        with pytest.raises(GalleryLocked, match=f"process {os.getpid()}"):
            reopen().index(photos, cache=False)
        with pytest.raises(GalleryLocked):
            reopen().index(photos, cache=False, wait=0.3)
        assert len(reopen().search(str(photos / "a" / "0000.jpg"))) == 10  # readers are never held up
    assert reopen().index(photos, cache=False, wait=0.3).unchanged == 20


def test_dead_writer_leaves_no_lock(gallery: Gallery, photos: Path) -> None:
    code = (
        "import sys, time; from lookalike.gallery.lock import write_lock\n"
        f"with write_lock({gallery.location!r}): print('held', flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(GalleryLocked, match=str(process.pid)):
            gallery.index(photos, cache=False)
        process.kill()
        process.wait()
    assert gallery.index(photos, cache=False).unchanged == 20


def edit(gallery: Gallery, **changes: object) -> None:
    file = Path(gallery.location) / "gallery.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_gallery_of_a_newer_version_is_refused(gallery: Gallery) -> None:
    edit(gallery, format=99, something_new=True)
    with pytest.raises(GalleryVersionError, match=r"format 99.*upgrade lookalike"):
        Gallery.open(gallery.location)


def test_gallery_of_another_encoder_is_refused(gallery: Gallery) -> None:
    with pytest.raises(EncoderMismatch, match="cannot be compared"):
        Gallery.open(gallery.location, encoder=Thumb(version=2))
    with pytest.raises(EncoderMismatch):
        Gallery.open(gallery.location, encoder="classic")


def test_damaged_gallery_is_named(gallery: Gallery, tmp_path: Path) -> None:
    edit(gallery, format="x")
    with pytest.raises(GalleryDamaged, match=r"gallery\.json cannot be read"):
        Gallery.open(gallery.location)
    edit(gallery, format=1)
    shutil.rmtree(Path(gallery.location) / "images.lance")
    with pytest.raises(GalleryDamaged, match="tables are missing"):
        Gallery.open(gallery.location)
    with pytest.raises(GalleryNotFound, match="lookalike index"):
        Gallery.open(tmp_path / "nowhere")


def test_contradictions_are_found(gallery: Gallery) -> None:
    table = gallery.store.images.search().to_arrow().slice(0, 1)
    gallery.store.images.add(table)
    faults = gallery.check().faults
    assert len(faults) == 2
    assert "repeat another row's id" in faults[0]


def test_a_gallery_never_moves_into_a_folder_of_something_else(
    photos: Path, gallery: Gallery, tmp_path: Path
) -> None:
    with pytest.raises(GalleryExists, match="other files"):
        Gallery.create(photos, Thumb())
    with pytest.raises(GalleryExists, match="already"):
        Gallery.create(gallery.location, Thumb())
    (tmp_path / "file").write_text("x")
    with pytest.raises(GalleryError, match="cannot make this folder"):
        Gallery.create(tmp_path / "file", Thumb())
    with pytest.raises(InvalidArgument, match="storage"):
        Gallery.create(tmp_path / "new", Thumb(), storage="float8")


def test_wrong_arguments(gallery: Gallery) -> None:
    with pytest.raises(InvalidArgument, match="shape"):
        gallery.nearest(np.ones((1, 3), dtype=np.float32), 1)
    with pytest.raises(InvalidArgument, match="k must be"):
        gallery.nearest(np.ones((1, 108), dtype=np.float32), 0)
    with pytest.raises(InvalidArgument, match="mode"):
        gallery.nearest(np.ones((1, 108), dtype=np.float32), 1, mode="fast")  # type: ignore[arg-type]
