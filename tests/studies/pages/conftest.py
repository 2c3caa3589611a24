"""A browser, and studies served as `lookalike study serve` does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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


def _listen(app: Any) -> tuple[Any, threading.Thread, str]:
    import uvicorn

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", lifespan="off", ws="none", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.01)
    return server, thread, f"http://127.0.0.1:{listener.getsockname()[1]}"


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
    running: list[tuple[Any, threading.Thread, Any]] = []

    def start(type: str = "kafc", **settings: Any) -> Served:
        study = drawn_study(tmp_path / f"study-{len(running)}", type, **settings)
        store = Store(f"sqlite:///{study.folder / 'answers.sqlite'}")
        app = create_study_app([study], lambda _: store)
        server, thread, url = _listen(app)
        running.append((server, thread, store))
        return Served(study, store, f"{url}/s/{study.config.name}/")

    yield start
    for server, thread, store in running:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=10)
        store.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """``visit(url, size="phone", touch=True, ...)`` opens a page; errors and refused resources fail the test."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def open_page(
        url: str | None = None,
        *,
        size: str | tuple[int, int] = "desktop",
        touch: bool = False,
        context: Any = None,
        **options: Any,
    ) -> Any:
        if context is None:
            width, height = SIZES[size] if isinstance(size, str) else size
            options = {"locale": "en-GB", "reduced_motion": "reduce", **options}
            context = browser.new_context(
                viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch, **options
            )
            contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda message: _complain(complaints, message))
        if url is not None:
            page.goto(url)
        return page

    open_page.complaints = complaints  # type: ignore[attr-defined]
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _complain(complaints: list[str], message: Any) -> None:
    # A request that a test lets fail, or that the server refuses by design, is reported by the browser itself.
    if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
        complaints.append(f"console {message.type}: {message.text}")
