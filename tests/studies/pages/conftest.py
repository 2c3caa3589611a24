"""A browser, and studies served as `lookalike study serve` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import browsing
from tests.studies.pages.drawn import drawn_study

SIZES = {"desktop": (1000, 760), "phone": (360, 640), "small": (320, 568)}


@dataclass
class Served:
    """A study that is being served."""

    study: Any
    store: Any
    url: str

    def rows(self) -> list[dict[str, Any]]:
        """Its answers, in the order of the trials."""
        rows: list[dict[str, Any]] = self.store.answers(self.study).to_pylist()
        return sorted(rows, key=lambda row: (row["session"], row["trial_index"]))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """``serve(type="kafc", trials=3, ...)`` makes a study of drawn pictures and serves it."""
    pytest.importorskip("fastapi", reason="needs the extra web")
    from lookalike.errors import ServeError
    from lookalike.serving.assets import assets_folder
    from lookalike.studies.server import create_study_app
    from lookalike.studies.store import Store

    try:
        assets_folder("study")
    except ServeError as error:
        pytest.skip(str(error))
    running: list[tuple[Callable[[], None], Any]] = []

    def start(type: str = "kafc", **settings: Any) -> Served:
        study = drawn_study(tmp_path / f"study-{len(running)}", type, **settings)
        store = Store(f"sqlite:///{study.folder / 'answers.sqlite'}")
        app = create_study_app([study], lambda _: store)
        url, stop = browsing.listen(app)
        running.append((stop, store))
        return Served(study, store, f"{url}/s/{study.config.name}/")

    yield start
    for stop, store in running:
        stop()
        store.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """``visit(url, size="phone", touch=True, ...)`` opens a page; errors and refused resources fail the test."""
    yield from browsing.visiting(browser, SIZES)
