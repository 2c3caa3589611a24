"""One runner and one registry for everything that is done in the background."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from lookalike.errors import GalleryError, InvalidArgument
from lookalike.web.faults import MISTAKE
from lookalike.web.work import Stopped, Task, Work


def finish(task: Task) -> Task:
    end = time.monotonic() + 60
    while not task.is_over:
        assert time.monotonic() < end
        time.sleep(0.01)
    return task


def test_lanes_do_not_wait_for_each_other_and_keep_their_order() -> None:
    work, go, order = Work(), threading.Event(), []

    def long(_: Any) -> None:
        assert go.wait(60)

    indexing = work.start(("g", "index"), long, lane="index")
    second = work.start(("h", "index"), lambda _: order.append("second"), lane="index")
    third = work.start(("i", "index"), lambda _: order.append("third"), lane="index")
    assert finish(work.start(("g", "map"), lambda _: None)).state == "done"
    assert (indexing.state, second.state) == ("running", "waiting")
    go.set()
    finish(third)
    assert order == ["second", "third"]
    assert work.newest(("h", "index")) is second
    work.close()


def test_what_fails_is_one_line_without_folders_or_secrets() -> None:
    work = Work()

    def ours(_: Any) -> None:
        raise GalleryError("/srv/secret/photos: cannot be\nwritten")

    def theirs(_: Any) -> None:
        raise ZeroDivisionError("/srv/secret")

    def badly_asked(_: Any) -> None:
        raise InvalidArgument("no 'C:\\Users\\Ann B\\x.toml':\nwrite one")

    assert finish(work.start(("g", 1), ours)).error == f"{MISTAKE} (GalleryError)"
    assert finish(work.start(("g", 2), theirs)).error == f"{MISTAKE} (ZeroDivisionError)"
    assert finish(work.start(("g", 3), badly_asked)).error == "no 'x.toml': write one"
    work.close()


def test_what_waits_is_stopped_at_once_and_can_be_started_again() -> None:
    work, go, told, ran = Work(), threading.Event(), [], []

    def long(_: Any) -> None:
        assert go.wait(60)

    def index(_: Any) -> None:
        ran.append("index")

    running = work.start(("g", "index"), long, lane="index")
    waiting = work.start(("h", "index"), index, lane="index")
    waiting.watch(lambda: told.append(waiting.state))
    work.stop(waiting)
    assert (waiting.state, told) == ("stopped", ["stopped"])
    again = work.start(("h", "index"), index, lane="index")
    assert again is not waiting
    go.set()
    assert finish(again).state == "done"
    assert (waiting.state, running.state, ran) == ("stopped", "done", ["index"])
    work.close()


def test_what_runs_is_asked_to_stop() -> None:
    work, began = Work(), threading.Event()

    def until_stopped(task: Task) -> None:
        began.set()
        assert task.stopping.wait(60)
        raise Stopped("stopped")

    task = work.start(("g", "index"), until_stopped, tells_task=True)
    assert began.wait(60)
    work.stop(task)
    assert finish(task).state == "stopped"
    work.stop(task)
    work.close()


def test_closing_stops_what_runs_and_what_waits() -> None:
    work = Work()

    def until_stopped(task: Task) -> None:
        assert task.stopping.wait(60)
        raise Stopped("stopped")

    running = work.start(("g", "index"), until_stopped, lane="index", tells_task=True)
    waiting = work.start(("h", "index"), until_stopped, lane="index", tells_task=True)
    work.close()
    assert (running.state, waiting.state) == ("stopped", "stopped")


def test_indexing_searching_and_playing_share_the_registry(app: Any) -> None:
    context = app.state.context
    assert context.findings.work is context.work
    with pytest.raises(AttributeError):
        _ = context.jobs
