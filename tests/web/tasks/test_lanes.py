"""Slow requests have threads of their own: pages, participants and searches go on while they pile up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from lookalike.web.faults import PageError
from lookalike.web.lanes import Lane
from tests.web.conftest import CSRF, make_app

PEOPLE = 45
"""More than the 40 threads that plain pages share."""


def test_pages_and_searches_go_on_while_explanations_pile_up(
    settings: Any, listen: Callable[[Any], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(settings)
    site, go = listen(app), threading.Event()
    began = threading.Semaphore(0)

    def slow(*_: Any, **__: Any) -> Any:
        began.release()
        assert go.wait(100)
        raise PageError(409, "not today")

    monkeypatch.setattr(app.state.context, "explain", slow)
    with (
        httpx.Client(timeout=120, limits=httpx.Limits(max_connections=100)) as client,
        ThreadPoolExecutor(PEOPLE) as people,
    ):
        url = f"{site}/compare/parts?a=drawn:1&b=drawn:2"
        client.get(f"{site}/")
        asked = [people.submit(client.get, url) for _ in range(PEOPLE)]
        try:
            assert began.acquire(timeout=60)
            assert client.get(f"{site}/", timeout=60).status_code == 200
            assert client.get(f"{site}/g/drawn?like=3", timeout=60).status_code == 200
            search = client.post(
                f"{site}/api/galleries/drawn/search", json={"ids": [1]}, headers=CSRF, timeout=60
            )
            assert search.status_code == 200
            assert not any(one.done() for one in asked)
        finally:
            go.set()
        assert {one.result().status_code for one in asked} == {409}


def test_a_lane_that_is_full_refuses() -> None:
    lane, go = Lane("test", 1, 1), threading.Event()

    async def one() -> None:
        first = [asyncio.create_task(lane.run(go.wait, 60)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(PageError, match="too many people") as refused:
            await lane.run(go.wait, 60)
        assert refused.value.status == 503
        go.set()
        assert await asyncio.gather(*first) == [True, True]
        assert await lane.run(lambda: "again") == "again"

    asyncio.run(one())
    lane.close()
