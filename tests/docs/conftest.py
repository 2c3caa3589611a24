"""What the pages' examples find around them: photographs, a small network and the command ``lookalike``."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from tests.docs import sample_judgments, sample_photos, sample_study, tiny_onnx

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """photos/, new/, pairs/, votes/ and models/ as the pages expect them; copied for each page."""
    folder = tmp_path_factory.mktemp("prepared")
    sample_photos.make(folder)
    sample_judgments.make(folder)
    (folder / "models").mkdir()
    tiny_onnx.write(folder / "models" / "my-network.onnx")
    return folder


@pytest.fixture(scope="session")
def answered_study(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of pairs/ that simulated participants took."""
    folder = tmp_path_factory.mktemp("answered") / "my-study"
    sample_study.make(prepared / "pairs", folder)
    return folder


@pytest.fixture(scope="session")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedding cache for all pages: each would otherwise embed the same forty photographs."""
    return tmp_path_factory.mktemp("embeddings")


@pytest.fixture
def workplace(prepared: Path, remembered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh working directory with the prepared files, in which `lookalike` and `python` are commands."""
    folder = tmp_path / "work"
    shutil.copytree(prepared, folder)
    monkeypatch.chdir(folder)
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, arguments in {
        "lookalike": '-W error::DeprecationWarning:lookalike -c "from lookalike.cli.main import run; run()"',
        "python": "",
    }.items():
        command = commands / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(commands), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"), prepend=os.pathsep)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("LOOKALIKE_CACHE", str(remembered))
    return folder
