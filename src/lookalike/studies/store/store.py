"""The store: every method returns after what it did is on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from lookalike.errors import MissingDependency, StudyError
from lookalike.studies.store.clock import now_us
from lookalike.studies.store.engine import checked_url, open_engine
from lookalike.studies.store.records import Ack, PanelIds, Session, Slot, Surroundings, Timing
from lookalike.studies.store.refusals import Refused, Unavailable
from lookalike.studies.store.writer import Writer

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection

    from lookalike.studies.study import Study
    from lookalike.studies.types import AnswerPayload

T = TypeVar("T")


class Store:
    """Answers of one or several studies in one database.

    Reading and writing may go on at once from many threads, and from several processes.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``.
        clock: microseconds since 1970; a test's own.

    Raises:
        StudyError: no such database, another program's, or a newer lookalike's.
        MissingDependency: SQLAlchemy or PostgreSQL's driver is not installed.
    """

    def __init__(self, url: str, *, clock: Callable[[], int] = now_us) -> None:
        try:
            from lookalike.studies.store.schema import prepare
        except ImportError as error:
            raise MissingDependency("sqlalchemy", "web", "keeping answers") from error
        self.url = checked_url(url).render_as_string(hide_password=True)
        self.clock = clock
        self._writing = open_engine(url, writing=True)
        self._reading = open_engine(url, writing=False)
        self._writer = Writer(self._writing)
        try:
            self.submit(prepare).result()
        except Unavailable as error:
            self.close()
            raise StudyError(f"cannot open the database {self.url}: {_cause(error)}") from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what is queued and let go of the database."""
        self._writer.close()
        self._writing.dispose()
        self._reading.dispose()

    @property
    def commits(self) -> int:
        """Transactions that were committed; fewer than answers when many came at once."""
        return self._writer.commits

    def submit(self, work: Callable[[Connection], T | Refused], *, long: bool = False) -> Future[T]:
        """Queue work for the writing thread; see `lookalike.studies.store.writer.Writer.submit`."""
        return self._writer.submit(work, long=long)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot of the database.

        Raises:
            Unavailable: it cannot be read.
        """
        from sqlalchemy.exc import OperationalError, TimeoutError

        try:
            with self._reading.begin() as connection:
                yield connection
        except OperationalError as error:
            raise Unavailable(f"the database cannot be read: {error.orig}") from error
        except TimeoutError as error:  # every connection is in use
            raise Unavailable("the database cannot be read: too many are reading; try again") from error

    def register(self, study: Study) -> None:
        """Make a study known before anyone starts.

        Raises:
            StudyError: people have started it already under other settings or items.
        """
        from lookalike.studies.store.register import register_study

        self.submit(partial(register_study, study=study, now=self.clock())).result()

    def start_session(
        self,
        study: Study,
        panel: PanelIds | None = None,
        *,
        language: str | None = None,
        device: str | None = None,
        viewport: tuple[int, int] | None = None,
        simulated: bool = False,
        now: int | None = None,
    ) -> Session:
        """Give a new participant a sequence of trials.

        Raises:
            Refused: 409 the panel's id has started already; 503 all trials are taken.
        """
        around = Surroundings(language, device, viewport)
        return self.submit_start(study, panel or PanelIds(), around, simulated, now).result()

    def submit_start(
        self, study: Study, panel: PanelIds, around: Surroundings, simulated: bool, now: int | None = None
    ) -> Future[Session]:
        """As `start_session`, without waiting."""
        from lookalike.studies.store.visits import start

        moment = self.clock() if now is None else now
        return self.submit(
            lambda connection: start(connection, study, panel, around, simulated, moment), long=True
        )

    def resume(self, study: Study, token: str, *, now: int | None = None) -> Session:
        """The session of a token, with the same trials in the same order.

        Raises:
            Refused: 401 there is none; 410 it was withdrawn.
        """
        return self.submit_resume(study, token, now).result()

    def submit_resume(self, study: Study, token: str, now: int | None = None) -> Future[Session]:
        """As `resume`, without waiting."""
        from lookalike.studies.store.visits import resume

        moment = self.clock() if now is None else now
        return self.submit(lambda connection: resume(connection, study, token, moment))

    def answer(
        self,
        study: Study,
        token: str,
        index: int,
        nonce: str,
        payload: AnswerPayload,
        timing: Timing | None = None,
        *,
        now: int | None = None,
    ) -> Ack:
        """Store one answer; the same answer with the same nonce again gives the same acknowledgement.

        Raises:
            Refused: 401, 409 (another answer is stored, or another trial comes first), 410, 422.
            Unavailable: nothing was stored.
        """
        return self.submit_answer(study, token, index, nonce, payload, timing, now).result()

    def submit_answer(
        self,
        study: Study,
        token: str,
        index: int,
        nonce: str,
        payload: AnswerPayload,
        timing: Timing | None = None,
        now: int | None = None,
    ) -> Future[Ack]:
        """As `answer`, without waiting: many answers share one commit."""
        from lookalike.studies.store.recording import record

        moment = self.clock() if now is None else now
        took = timing or Timing()
        return self.submit(
            lambda connection: record(connection, study, token, index, nonce, payload, took, moment)
        )

    def save_questions(
        self, study: Study, token: str, given: dict[str, Any], *, now: int | None = None
    ) -> None:
        """Store the answers to the questions after the trials.

        Raises:
            Refused: 409 before the last trial; 401, 410.
        """
        from lookalike.studies.store.visits import save_questions

        moment = self.clock() if now is None else now
        self.submit(lambda connection: save_questions(connection, study, token, given, moment)).result()

    def finish(self, study: Study, token: str, *, now: int | None = None) -> Session:
        """Close a session.

        Raises:
            Refused: 409 while answers are missing; 401, 410.
        """
        from lookalike.studies.store.visits import finish

        moment = self.clock() if now is None else now
        return self.submit(lambda connection: finish(connection, study, token, moment)).result()

    def withdraw(self, study: Study, session: str, *, now: int | None = None) -> int:
        """Delete a session's answers by its public id; how many there were. Asked twice, 0.

        Raises:
            Refused: 404 there is no such session.
        """
        from lookalike.studies.store.visits import withdraw

        moment = self.clock() if now is None else now
        return self.submit(lambda connection: withdraw(connection, study, session, moment)).result()

    def session(self, study: Study, token: str) -> tuple[str, str, int, bool]:
        """(id, image secret, next index, finished) of a token, without counting as a sign of life.

        Raises:
            Refused: 401, 410.
        """
        from lookalike.studies.store.visits import find

        with self.reading() as connection:
            row = find(connection, study, token)
            return row.id, row.secret, row.next_index, row.state == "finished"

    def slots(self, study: Study, session: str) -> list[Slot]:
        """The trials of a session, in their order."""
        from sqlalchemy import select

        from lookalike.studies.store.schema import slots

        query = select(slots).where(slots.c.session == session, slots.c.study == study.config.name)
        with self.reading() as connection:
            rows = connection.execute(query.order_by(slots.c.trial_index)).all()
        return [
            Slot(row.trial_index, row.item, row.role, tuple(row.order), row.draw, row.state) for row in rows
        ]

    def status(self, study: Study, *, now: int | None = None) -> dict[str, Any]:
        """See `lookalike.studies.store.status.study_status`."""
        from lookalike.studies.store.status import study_status

        with self.reading() as connection:
            return study_status(connection, study, self.clock() if now is None else now)

    def answers(self, study: Study) -> pa.Table:
        """All answers, as `lookalike.studies.answers.ANSWER_SCHEMA`; never those of people who withdrew."""
        from lookalike.studies.store.export import answers_table

        with self.reading() as connection:
            return answers_table(connection, study)

    def people(self, study: Study) -> list[dict[str, Any]]:
        """Sessions with the panel's ids, for approving and paying; not part of any export of answers."""
        from lookalike.studies.store.export import people

        with self.reading() as connection:
            return people(connection, study)


def _cause(error: BaseException) -> str:
    deepest = error.__cause__ or error
    return " ".join(str(getattr(deepest, "orig", deepest)).split())
