"""What tests of pages share: an application on a free port, and pages whose complaints fail the test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any


def listen(app: Any) -> tuple[str, Callable[[], None]]:
    """Serve an ASGI application from a thread; its address, and what stops it."""
    import uvicorn

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", lifespan="off", ws="none", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.01)

    def stop() -> None:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=10)

    return f"http://127.0.0.1:{listener.getsockname()[1]}", stop


def visiting(browser: Any, sizes: Mapping[str, tuple[int, int]]) -> Iterator[Callable[..., Any]]:
    """The body of a fixture: ``visit(url, size="phone", touch=True, ...)`` opens a page.

    Errors of its scripts, and what the console says (what a policy refused, say), fail the test at its end;
    ``visit.complaints`` is their list. With ``context`` the page joins one that the test made.
    """
    complaints: list[str] = []
    contexts: list[Any] = []

    def hear(message: Any) -> None:
        # A request that a test lets fail, or that the server refuses by design, is reported by the browser itself.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            complaints.append(f"console {message.type}: {message.text}")

    def visit(
        url: str | None = None,
        *,
        size: str | tuple[int, int] = "desktop",
        touch: bool = False,
        context: Any = None,
        **options: Any,
    ) -> Any:
        if context is None:
            width, height = sizes[size] if isinstance(size, str) else size
            options = {"locale": "en-GB", "reduced_motion": "reduce", **options}
            context = browser.new_context(
                viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch, **options
            )
            contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", hear)
        if url is not None:
            page.goto(url)
            if options.get("java_script_enabled", True):  # what is clicked before is a plain link still
                page.locator("[data-island]:not([data-ready])").first.wait_for(state="detached")
        return page

    visit.complaints = complaints  # type: ignore[attr-defined]
    yield visit
    for context in contexts:
        context.close()
    assert complaints == []
