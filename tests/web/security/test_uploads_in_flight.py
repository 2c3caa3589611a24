"""Bytes of uploads that are on their way are bounded together."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from PIL import Image

from lookalike.web.faults import PageError
from lookalike.web.inflight import Room
from tests.web.conftest import CSRF, make_app

BYTES = {**CSRF, "Content-Type": "application/octet-stream"}


def test_forty_at_once_never_take_more_than_the_room(settings: Any, listen: Callable[[Any], str]) -> None:
    app = make_app(replace(settings, upload_max_bytes=100_000))
    site, room = listen(app), app.state.context.arriving
    buffer = io.BytesIO()
    Image.new("RGB", (30, 30), "red").save(buffer, "PNG")
    data = buffer.getvalue() + bytes(90_000)

    def give(_: int) -> int:
        return httpx.post(f"{site}/api/images", content=data, headers=BYTES, timeout=120).status_code

    with ThreadPoolExecutor(40) as people:
        assert set(people.map(give, range(40))) == {201}
    assert room.total == 400_000
    assert 0 < room.highest <= room.total
    assert room.used == 0


def test_who_says_no_length_takes_the_room_of_the_largest(settings: Any) -> None:
    from fastapi.testclient import TestClient

    app = make_app(replace(settings, upload_max_bytes=100_000))

    def parts() -> Any:
        yield b"no image"

    answer = TestClient(app).post("/api/images", content=parts(), headers=BYTES)
    assert answer.status_code == 400
    assert app.state.context.arriving.highest == 100_000


@pytest.mark.parametrize(
    ("headers", "bytes_"),
    [
        ([(b"content-length", b"1")], 1),
        ([(b"content-length", b"1"), (b"transfer-encoding", b"chunked")], 100),
        ([(b"transfer-encoding", b"chunked")], 100),
        ([(b"content-length", b"900")], 100),
        ([], 100),
    ],
)
def test_a_length_declared_beside_chunks_is_not_believed(headers: Any, bytes_: int) -> None:
    from starlette.requests import Request

    from lookalike.web.inflight import declared

    assert declared(Request({"type": "http", "headers": headers}), 100) == bytes_


def test_whoever_waits_too_long_is_refused_and_leaves_no_trace() -> None:
    room = Room(10, seconds=0.05, waiting=1)

    async def one() -> None:
        async with room.taken(8):
            waiting = asyncio.create_task(room.taken(5).__aenter__())
            await asyncio.sleep(0)
            with pytest.raises(PageError, match="too many images"):
                await room.taken(1).__aenter__()
            with pytest.raises(PageError, match="too many images") as refused:
                await waiting
            assert refused.value.status == 503
            async with room.taken(2):
                assert room.used == 10
        assert room.used == 0
        async with room.taken(99):
            assert room.used == 10

    asyncio.run(one())


def test_first_come_first_served() -> None:
    room, order = Room(10), []

    async def take(size: int) -> None:
        async with room.taken(size):
            order.append(size)

    async def one() -> None:
        async with room.taken(10):
            tasks = [asyncio.create_task(take(size)) for size in (9, 3, 2)]
            await asyncio.sleep(0.01)
            assert order == []
        await asyncio.gather(*tasks)

    asyncio.run(one())
    assert order == [9, 3, 2]


def test_an_upload_that_creeps_is_ended() -> None:
    from lookalike.web.inflight import body_of

    class Creeping:
        async def stream(self) -> Any:
            while True:
                await asyncio.sleep(0.01)
                yield b"."

    request: Any = Creeping()
    with pytest.raises(PageError, match="in time") as refused:
        asyncio.run(body_of(request, seconds=0.1))
    assert refused.value.status == 408
