"""One thread that writes: it commits everything that has queued up at once, then tells each caller.

A commit that is on disk for certain takes milliseconds; three hundred participants one after the other would wait
for seconds. While one commit runs, the next answers queue; they share the next commit. Long work (giving a newcomer
trials) goes one piece a commit behind the answers, so that a crowd at the door does not keep those inside waiting.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from lookalike.studies.store.refusals import Refused, Unavailable

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

T = TypeVar("T")
MAX_BATCH = 200
log = logging.getLogger("lookalike.studies")


@dataclass
class _Job:
    work: Callable[[Connection], Any]
    future: Future[Any] = field(default_factory=Future)


class Writer:
    """The only thread of this process that writes to a database.

    A piece of work gets the open transaction. It may be run a second time when a neighbour in its batch fails, so it
    must have no effects but through the connection. To refuse, it raises `Refused`, and nothing that it wrote
    stays, or returns a `Refused`, and what it wrote (an event) stays: both reach the caller as the exception.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._short: deque[_Job] = deque()
        self._long: deque[_Job] = deque()
        self._closed = False
        self._changed = threading.Condition()
        self.commits = 0
        self._thread = threading.Thread(target=self._loop, name="lookalike-store", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Connection], T | Refused], *, long: bool = False) -> Future[T]:
        """Queue a piece of work; the future is done only after its commit.

        Args:
            work: gets the open transaction.
            long: takes many times as long as an answer: it waits for the short work that is there, and each commit has
                at most one.

        Raises (from the future):
            Refused: the work said no.
            Unavailable: the database cannot be written.
        """
        job = _Job(work)
        with self._changed:
            if self._closed:
                raise Unavailable("the database is closed")
            (self._long if long else self._short).append(job)
            self._changed.notify()
        return job.future

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _loop(self) -> None:
        while batch := self._next_batch():
            self._commit([job for job in batch if job.future.set_running_or_notify_cancel()])

    def _next_batch(self) -> list[_Job]:
        """Wait for work, then take the short work that is there and one long piece; nothing when all is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._short or self._long or self._closed)
            batch = [self._short.popleft() for _ in range(min(MAX_BATCH, len(self._short)))]
            if self._long:
                batch.append(self._long.popleft())
            return batch

    def _commit(self, batch: list[_Job]) -> None:
        """All of a batch in one transaction; each by itself when one of them fails."""
        if not batch:
            return
        results: list[Any] = []
        try:
            with self._engine.begin() as connection:
                for job in batch:
                    results.append(_outcome(job, connection))
            self.commits += 1
        except Exception as error:
            if len(batch) > 1:
                for job in batch:
                    self._commit([job])
            else:
                batch[0].future.set_exception(_translated(error))
            return
        for job, result in zip(batch, results, strict=True):
            if isinstance(result, Refused):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)


def _outcome(job: _Job, connection: Connection) -> Any:
    # The batch commits what the neighbours did, never half of a refused action. In plain SQL: half of what
    # begin_nested() costs. Any other exception takes the whole transaction back, and this with it.
    connection.exec_driver_sql("SAVEPOINT action")
    try:
        result = job.work(connection)
    except Refused as refused:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT action")
        result = refused
    connection.exec_driver_sql("RELEASE SAVEPOINT action")
    return result


def _translated(error: Exception) -> Exception:
    """Trouble with the database becomes one line; anything else is a mistake of ours and stays what it is."""
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    if not isinstance(error, SQLAlchemyError):
        return error
    reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    log.error("the database failed: %s", " ".join(reason.split()))
    made = Unavailable("the database cannot be written at present; your answer is not stored yet, try again")
    made.__cause__ = error
    return made
