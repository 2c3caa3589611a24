"""How far work in the background has come: asked for, or told as it happens by server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from lookalike.serving.streams import EventStream
from lookalike.web.context import context_of
from lookalike.web.work import Task

router = APIRouter(include_in_schema=False)

PULSE = 1.0
"""Without news, the state is told again after so many seconds: the page counts them."""

PAUSE = 0.2
"""Between two events, however much happens."""


@router.get("/g/{name}/tasks/{task}")
def task_state(request: Request, name: str, task: str) -> dict[str, Any]:
    """``{"task": {id, state, stage, done, total, seconds, error, counts}}``."""
    return {"task": context_of(request).work.task(task, (name,)).to_dict()}


@router.get("/g/{name}/tasks/{task}/events")
async def task_events(request: Request, name: str, task: str) -> Response:
    """The same, whenever it changes, until the task is over."""
    context = context_of(request)
    return EventStream(context.streams, news_of(context.work.task(task, (name,))))


@router.get("/tasks/{task}")
def any_task_state(request: Request, task: str) -> dict[str, Any]:
    """As `task_state`, of a task that is about no gallery."""
    return {"task": context_of(request).work.task(task).to_dict()}


@router.get("/tasks/{task}/events")
async def any_task_events(request: Request, task: str) -> Response:
    """As `task_events`, of a task that is about no gallery."""
    context = context_of(request)
    return EventStream(context.streams, news_of(context.work.task(task)))


async def news_of(task: Task, *, pulse: float = PULSE, pause: float = PAUSE) -> AsyncIterator[dict[str, Any]]:
    """The states of a task, the first one at once, the last one when it is over."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def told() -> None:  # by the thread that works
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(changed.set)

    task.watch(told)
    try:
        while True:
            changed.clear()
            is_over = task.is_over
            yield {"task": task.to_dict()}
            if is_over:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), pulse)
                await asyncio.sleep(pause)
    finally:
        task.unwatch(told)
