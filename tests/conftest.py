"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

# Before NumPy or PyTorch are loaded: several test processes share the cores, and tiny arrays on two threads
# each can be a hundred times slower than on one. A test of threads sets its own number.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pairs, images and weights; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LOOKALIKE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs the measuring data in {folder}, which is absent here")
    return folder


@pytest.fixture(scope="session")
def mobilenet(shared: Path) -> Path:
    """MobileNetV2 with ImageNet weights as ONNX (outputs embedding and feature_map)."""
    return shared / "models" / "mobilenet_v2_imagenet.onnx"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the user's own embedding cache."""
    monkeypatch.setenv("LOOKALIKE_CACHE", str(tmp_path_factory.mktemp("cache")))
