"""Run the installed command line in this process, and a folder of pictures to run it on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lookalike.cli.main import run
from lookalike.gallery import Gallery
from tests.gallery.conftest import save_pictures


@dataclass
class Outcome:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Outcome]


@pytest.fixture
def lookalike(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """``lookalike("search", path, ...)`` -> :class:`Outcome`; exceptions must not get past ``run``."""

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["lookalike", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "300")
        status = 0
        capsys.readouterr()
        try:
            run()
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return call


def save_photos(folder: Path) -> Path:
    """Two labelled folders, one copy, one near-copy and one bad file."""
    first = save_pictures(folder / "cups", 10)
    save_pictures(folder / "plates", 10, first=50)
    (folder / "cups" / "copy.jpg").write_bytes(first[0].read_bytes())
    (folder / "cups" / "broken.jpg").write_bytes(first[1].read_bytes()[:300])
    return folder


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of photos; the working directory is beside it."""
    monkeypatch.chdir(tmp_path)
    return save_photos(tmp_path / "photos")


@pytest.fixture
def indexed(lookalike: Command, photos: Path) -> Path:
    """A gallery of the photos with a quick encoder."""
    assert lookalike("index", photos, "--gallery", "g", "--encoder", "classic:layout").status == 0
    return Path("g")


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the photos and their gallery ``g``, for tests that change neither."""
    folder = tmp_path_factory.mktemp("kept")
    photos = save_photos(folder / "photos")
    Gallery.create(folder / "g", "classic:layout").index(photos, cache=False)
    return folder
