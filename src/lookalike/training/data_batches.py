"""The order of an epoch, and batches made ready in the background."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

READY = 2
"""Batches that wait, made, for the loop."""


def epoch_order(rows: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order of an epoch's rows, the same for the same (rows, seed, epoch): int64 (rows,)."""
    return np.random.default_rng([seed, 7, epoch]).permutation(rows)


def steps_of(rows: int, batch: int) -> int:
    """Batches of one epoch: a last one smaller than half a batch is left out (other rows fall to it each epoch)."""
    whole, rest = divmod(rows, batch)
    return max(1, whole + (1 if 2 * rest >= batch else 0))


def in_background(make: Callable[[int], T], steps: range) -> Iterator[T]:
    """``make(step)`` for every step, in order, made by one thread while the consumer works.

    What the thread raises is raised here, in its turn. Leaving the loop early ends the thread.
    """
    ready: queue.Queue[tuple[bool, T | BaseException]] = queue.Queue(READY)
    ended = threading.Event()

    def put(item: tuple[bool, T | BaseException]) -> None:
        while not ended.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(item, timeout=0.1)
                break

    def work() -> None:
        for step in steps:
            if ended.is_set():
                return
            try:
                made = make(step)
            except BaseException as error:  # handed over, and raised by the consumer
                put((False, error))
                return
            put((True, made))

    thread = threading.Thread(target=work, name="lookalike-batches", daemon=True)
    thread.start()
    try:
        for _ in steps:
            good, made = ready.get()
            if not good:
                assert isinstance(made, BaseException)
                raise made
            yield made  # type: ignore[misc]
    finally:
        ended.set()
        thread.join()
