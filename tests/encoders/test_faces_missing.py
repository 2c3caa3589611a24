"""Without dlib or its weights: one line that says what to install."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from lookalike.encoders import faces_models as models
from lookalike.encoders import list_encoders, load_encoder, registry
from lookalike.errors import MissingDependency, WeightsNotFound


def package_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ModuleSpec("face_recognition_models", None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    monkeypatch.setattr(models, "find_spec", lambda _: spec)


def test_without_dlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    for name in models._FILES.values():
        (tmp_path / "models" / name).write_bytes(b"weights")
    package_in(tmp_path, monkeypatch)
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(MissingDependency) as caught:
        load_encoder("faces")
    assert str(caught.value) == "finding faces needs dlib; install it with: pip install 'lookalike[faces]'"
    assert (caught.value.package, caught.value.extra) == ("dlib", "faces")


def test_without_the_package_of_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "find_spec", lambda _: None)
    with pytest.raises(MissingDependency, match="finding faces needs face_recognition_models"):
        load_encoder("faces:cnn")


def test_without_one_file_of_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package_in(tmp_path, monkeypatch)
    with pytest.raises(WeightsNotFound, match=r"shape_predictor_68_face_landmarks\.dat is missing"):
        load_encoder("faces")


def test_weights_that_are_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dlib")
    (tmp_path / "models").mkdir()
    for name in models._FILES.values():
        (tmp_path / "models" / name).write_bytes(b"these are no weights")
    package_in(tmp_path, monkeypatch)
    loaded = models.FaceModels(models.FaceOptions())
    with pytest.raises(WeightsNotFound, match="cannot read its weights for points68") as caught:
        loaded._model("points68")
    assert "\n" not in str(caught.value)


def test_listing_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = registry.find_spec
    monkeypatch.setattr(registry, "find_spec", lambda name: None if name == "dlib" else real(name))
    status = {status.entry.name: status for status in list_encoders()}["faces"]
    assert "dlib" in status.missing
    assert status.install == "pip install 'lookalike[faces]'"


def test_the_package_of_weights_and_dlib_are_imported_late() -> None:
    code = (
        "import sys, lookalike, lookalike.encoders.faces;"
        "print([m for m in ('dlib', 'face_recognition_models', 'pkg_resources') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
