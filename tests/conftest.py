"""Fixtures that every test may use."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before NumPy or PyTorch are loaded: several test processes share the cores, and tiny arrays on two threads
# each can be a hundred times slower than on one. A test of threads sets its own number.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_FLAGS = (
    *("--no-sandbox", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
)
LONG = (
    *(
        "tests/docs/test_code_blocks.py",
        "tests/training/",
        "tests/gallery/test_faults.py",
        "tests/gallery/test_map.py",
    ),
    *("tests/encoders/test_torchvision.py", "tests/encoders/test_onnx.py", "tests/studies/proof/"),
)
"""Where single tests take ten seconds and more."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Several processes begin with the long tests: what begins last decides how long one of them waits for the other.

    Files stay whole, and each process comes to the same order, as pytest-xdist needs.
    """
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(LONG))


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium; tests that need it skip where it, or Playwright, is not installed.

    A browser for each module: while Playwright runs, nothing else in the process may start an event loop.
    """
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install 'lookalike[dev]')")
    places = (os.environ.get("LOOKALIKE_CHROMIUM", ""), "/usr/bin/chromium", "/usr/bin/chromium-browser")
    program = next((place for place in places if place and Path(place).is_file()), None)
    if program is None:
        pytest.skip("needs Chromium: set LOOKALIKE_CHROMIUM, or apt-get install chromium")
    with api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        yield made
        made.close()
    # Playwright leaves its event loop, already closed, as the current one: no later test may get it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.set_event_loop(None)
