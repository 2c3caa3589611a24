"""Progress is told as it happens; slots of readers are few, and free again when a reader goes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from lookalike.web.work import Task
from tests.web.conftest import make_app


class Steps:
    """Work that goes on when the test says so."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)

    def __call__(self, tell: Any) -> str:
        for step in range(1, 4):
            assert self.go.acquire(timeout=60)
            tell("stepping", step, 3)
        assert self.go.acquire(timeout=60)
        return "found"


@pytest.fixture
def own(settings: Any, listen: Callable[[Any], str]) -> tuple[Any, str]:
    app = make_app(settings)
    return app.state.context, listen(app)


@pytest.fixture
def steps(own: tuple[Any, str]) -> Iterator[tuple[Steps, Task]]:
    work = Steps()
    yield work, own[0].findings.start(("drawn", "steps"), work)
    for _ in range(4):
        work.go.release()


def states(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line[6:])["task"]


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_every_step_is_told_and_the_end(own: tuple[Any, str], steps: tuple[Steps, Task]) -> None:
    context, site = own
    work, task = steps
    with httpx.stream("GET", f"{site}/g/drawn/tasks/{task.id}/events", timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert "connect-src 'self'" in answer.headers["content-security-policy"]
        told = states(answer.iter_lines())
        for step in range(1, 4):
            work.go.release()
            assert next(one for one in told if one["done"] == step)["total"] == 3
        work.go.release()
        assert [one["state"] for one in told][-1] == "done"
    assert context.findings.result(("drawn", "steps")) == "found"
    wait_for(lambda: len(context.streams) == 0)
    assert task._watchers == []


def test_a_reader_that_goes_away_frees_its_slot(own: tuple[Any, str], steps: tuple[Steps, Task]) -> None:
    context, site = own
    context.streams._per_address = 2
    url = f"{site}/g/drawn/tasks/{steps[1].id}/events"
    with httpx.Client(timeout=60) as client:
        with client.stream("GET", url) as first, client.stream("GET", url) as second:
            assert (first.status_code, second.status_code, client.get(url).status_code) == (200, 200, 503)
            assert len(context.streams) == 2
        wait_for(lambda: len(context.streams) == 0)
        with client.stream("GET", url) as third:
            assert third.status_code == 200
    wait_for(lambda: steps[1]._watchers == [])


def test_streams_end_when_the_server_does(own: tuple[Any, str], steps: tuple[Steps, Task]) -> None:
    import asyncio

    from lookalike.serving.run import end_streams
    from lookalike.serving.streams import EventStream, Streams

    streams, sent = Streams(), []

    async def forever() -> Any:
        while True:
            yield {}
            await asyncio.sleep(60)

    async def never() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    async def one() -> None:
        task = asyncio.create_task(EventStream(streams, forever())({"type": "http"}, never, send))
        while not sent[1:]:
            await asyncio.sleep(0.01)
        app: Any = type("App", (), {"state": type("State", (), {"streams": streams})})
        end_streams(app)
        await asyncio.wait_for(task, 10)

    asyncio.run(one())
    assert len(streams) == 0
    assert sent[-1] == {"type": "http.response.body", "body": b""}


def test_news_that_fail_are_logged_and_the_answer_ends(caplog: pytest.LogCaptureFixture) -> None:
    import asyncio

    from lookalike.serving.streams import EventStream, Streams

    streams, sent = Streams(), []

    async def broken() -> Any:
        yield {"done": 1}
        raise ZeroDivisionError("no news")

    async def never() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    async def hung_up(message: Any) -> None:
        raise BrokenPipeError

    def answer(to: Any) -> None:
        stream = EventStream(streams, broken())
        asyncio.run(asyncio.wait_for(stream({"type": "http", "path": "/g/x"}, never, to), 10))

    answer(send)
    assert [one.get("more_body") for one in sent] == [None, True, None]
    assert sent[-1] == {"type": "http.response.body", "body": b""}
    (record,) = caplog.records
    assert record.getMessage() == "events of /g/x"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)
    answer(hung_up)
    assert len(caplog.records) == 1
    assert len(streams) == 0


def test_unknown_tasks_and_those_of_other_galleries(client: Any) -> None:
    context = client.app.state.context
    task = context.work.start(("other", "thing"), lambda _: None)
    assert client.get(f"/g/drawn/tasks/{task.id}").status_code == 404
    assert client.get(f"/g/drawn/tasks/{task.id}/events").status_code == 404
    assert client.get(f"/tasks/{task.id}").json()["task"]["id"] == task.id
    assert client.get("/tasks/nothing/events").status_code == 404
    assert client.get(f"/api/jobs/{task.id}").status_code == 404


@pytest.mark.parametrize("can_listen", [True, False], ids=["events", "polling"])
def test_indexing_is_followed_by_the_page(
    own: tuple[Any, str], visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, can_listen: bool
) -> None:
    context, site = own
    served, go = context.gallery("drawn"), threading.Semaphore(0)

    def index(_: str, progress: Any, counted: Any) -> Any:
        from lookalike.gallery import IndexReport

        counted(97)
        report = IndexReport()
        for _step in range(2):
            assert go.acquire(timeout=60)
            report.unchanged += 40
            progress(report)
        assert go.acquire(timeout=60)
        return report

    monkeypatch.setattr(served, "index", index)
    page = visit(f"{site}/")
    if not can_listen:
        page.add_init_script("delete window.EventSource")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(site)))
    page.goto(f"{site}/g/drawn")
    # Nothing is done before the click is answered, so that each state has to be asked for.
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator(".roots button").first.click()
    for done in ("40 of 97", "80 of 97"):
        go.release()
        page.locator("#job", has_text=done).wait_for()
    assert page.locator("#job progress").get_attribute("value") == "80"
    go.release()
    page.get_by_text("Indexed.").wait_for()
    tasks = [one for one in asked if "/tasks/" in one]
    if can_listen:
        assert len(tasks) == 1
        assert tasks[0].endswith("/events")
    else:
        assert len(tasks) > 2
        assert not any(one.endswith("/events") for one in tasks)


def test_a_hidden_page_holds_no_connection(
    own: tuple[Any, str], visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, site = own
    go = threading.Event()

    def index(*_: Any) -> Any:
        from lookalike.gallery import IndexReport

        assert go.wait(60)
        return IndexReport()

    monkeypatch.setattr(context.gallery("drawn"), "index", index)
    page = visit(f"{site}/g/drawn")

    def be(hidden: bool) -> None:
        page.evaluate(
            "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
            " document.dispatchEvent(new Event('visibilitychange')); }",
            hidden,
        )

    page.locator(".roots button").first.click()
    wait_for(lambda: len(context.streams) == 1)
    be(hidden=True)
    wait_for(lambda: len(context.streams) == 0)
    go.set()
    wait_for(lambda: context.work.newest(("drawn", "index")).is_over)
    assert page.get_by_text("Indexed.").count() == 0
    be(hidden=False)
    page.get_by_text("Indexed.").wait_for()
    wait_for(lambda: len(context.streams) == 0)
