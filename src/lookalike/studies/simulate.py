"""Simulated participants, through the real server: for planning a study and for testing one.

::

    found = simulate(Study.open("my-study"), people=60, behaviour=Behaviour(accuracy=0.8, bias=0.05), seed=1)
    found.expected.accuracy          # what the analysis should find

Every answer is marked ``simulated``; simulated participants take nobody's place, are paid nothing, and reports refuse them
unless they are asked for.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.errors import InvalidArgument, MissingDependency, StudyError
from lookalike.studies.simulate_people import Behaviour, Expected, Person, expected
from lookalike.studies.simulate_tastes import Tastes, drawn_tastes

if TYPE_CHECKING:
    import httpx

    from lookalike.studies.simulate_client import Log
    from lookalike.studies.study import Study

MOST_AT_ONCE = 50


@dataclass(frozen=True)
class Simulation:
    """What happened.

    Attributes:
        people: asked to take part.
        finished, left, turned_away: reached the end; dropped out as they were told to; found every trial taken.
        answers: acknowledged by the server.
        repeated: answers that were sent twice on purpose.
        retries, resumed: requests sent again; sessions taken up after a lost connection.
        errors: what went wrong, one line for each person it happened to.
        seconds: of the whole run.
        latency_ms: (median, 99th percentile) of answers, by the simulated browser's clock; None without answers.
        expected: what the analysis should find.
        behaviour, tastes, seed: how they answered.
        acknowledged: (session, trial index) of each answer.
    """

    people: int
    finished: int
    left: int
    turned_away: int
    answers: int
    repeated: int
    retries: int
    resumed: int
    images: int
    errors: tuple[str, ...]
    seconds: float
    latency_ms: tuple[float, float] | None
    expected: Expected
    behaviour: Behaviour
    tastes: str
    seed: int
    acknowledged: tuple[tuple[str, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "people": self.people, "finished": self.finished, "left": self.left, "turned_away": self.turned_away,
            "answers": self.answers, "repeated": self.repeated, "retries": self.retries, "resumed": self.resumed,
            "images": self.images, "errors": list(self.errors), "seconds": self.seconds,
            "answers_per_second": self.answers / self.seconds if self.seconds else None,
            "latency_ms": None if self.latency_ms is None else {"p50": self.latency_ms[0], "p99": self.latency_ms[1]},
            "expected": self.expected.to_dict(), "behaviour": self.behaviour.to_dict(), "tastes": self.tastes, "seed": self.seed,
        }  # fmt: skip


def simulate(
    study: Study,
    people: int = 60,
    behaviour: Behaviour | None = None,
    *,
    tastes: Tastes | None = None,
    seed: int = 0,
    url: str | None = None,
    database: str | None = None,
    at_once: int = MOST_AT_ONCE,
    fetch_images: bool = False,
    patience: float = 60.0,
    pause: float = 0.0,
    transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Simulation:
    """Let simulated participants take a study.

    The seed settles what each of them answers to each item; which items they get is the server's draw, as for people.

    Args:
        study: with its folder.
        people: how many.
        behaviour: how they answer; the defaults of :class:`Behaviour` where None.
        tastes: what they think of the items; None: drawn from ``behaviour.accuracy`` and the seed.
        seed: of everything that they do.
        url: of a running server (or of the study on it), which serves this very folder; None: the server runs inside this
            process for as long as it takes and stores the answers where `study serve` does.
        database: of the server inside this process, where it is not the study's own.
        at_once: how many take part at the same time.
        fetch_images: get and check every picture, as a page does.
        patience: seconds that a participant goes on trying when the server does not answer.
        pause: seconds between a participant's answers.
        transport: makes what requests to ``url`` go through; None: httpx's own.
        progress: called with (done, people).

    Raises:
        InvalidArgument: numbers that make no sense.
        StudyError: the study is being served under other settings.
        MissingDependency: the extra ``web`` is not installed.
    """
    if people < 1 or at_once < 1 or pause < 0:
        raise InvalidArgument("simulating needs people >= 1, at_once >= 1 and pause >= 0")
    if url is not None and database is not None:
        raise InvalidArgument(
            "give --url of a running server or --database, not both: the server has its own"
        )
    try:
        import httpx

        from lookalike.studies.simulate_client import Log
    except ImportError as error:
        raise MissingDependency("httpx", "web", "simulated participants") from error
    how = behaviour or Behaviour()
    likes = tastes or drawn_tastes(study.items, how.accuracy, how.spread, seed)
    log = Log()
    crowd = _Crowd(study, how, likes, seed, log, fetch_images, patience, pause)
    started = time.perf_counter()
    with ExitStack() as stack:
        if url is None:
            root = f"http://127.0.0.1/s/{study.config.name}/"
            app = _app(study, database, stack)
            made: Callable[[], httpx.AsyncBaseTransport] = lambda: httpx.ASGITransport(  # noqa: E731
                app, raise_app_exceptions=False
            )
        else:
            root = _root(study, url)
            limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
            made = transport or (lambda: httpx.AsyncHTTPTransport(limits=limits))
        asyncio.run(crowd.run(made, root, people, at_once, progress))
    took = time.perf_counter() - started
    return _simulation(people, log, took, expected(study, how, likes), how, likes.name, seed)


class _Crowd:
    def __init__(
        self,
        study: Study,
        behaviour: Behaviour,
        tastes: Tastes,
        seed: int,
        log: Log,
        fetch_images: bool,
        patience: float,
        pause: float,
    ) -> None:
        self._study = study
        self._behaviour = behaviour
        self._tastes = tastes
        self._seed = seed
        self._log = log
        self._settings: dict[str, Any] = {
            "fetch_images": fetch_images,
            "patience": patience,
            "pause": pause,
        }
        self._done = 0

    async def run(
        self,
        made: Callable[[], httpx.AsyncBaseTransport],
        root: str,
        people: int,
        at_once: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        from lookalike.studies.server.pictures import ServedPictures
        from lookalike.studies.simulate_client import Recogniser

        recogniser = Recogniser(self._study, ServedPictures(self._study))
        # Panels' ids of one run differ from those of every other: a person may take a study once.
        run = secrets.token_hex(6)
        room = asyncio.Semaphore(at_once)
        async with made() as transport:

            async def one(number: int) -> None:
                async with room:
                    await self._visit(transport, root, number, recogniser, run)
                self._done += 1
                if progress is not None:
                    progress(self._done, people)

            await asyncio.gather(*(one(number) for number in range(people)))

    async def _visit(self, transport: Any, root: str, number: int, recogniser: Any, run: str) -> None:
        from lookalike.studies.simulate_client import TurnedAway, Visit

        person = Person(number, self._behaviour, self._tastes, self._study.config, self._seed)
        visit = Visit(transport, root, person, recogniser, self._log, **self._settings)
        try:
            await visit.run(self._study, _panel(self._study, f"simulated-{run}-{number}"))
        except TurnedAway:
            self._log.turned_away += 1
        except StudyError as error:
            self._log.errors.append(f"participant {number}: {' '.join(str(error).split())}")


def _panel(study: Study, name: str) -> dict[str, str]:
    """Ids as a panel would put them into the address."""
    kind = study.config.panel.kind
    if kind == "prolific":
        return {"PROLIFIC_PID": name, "STUDY_ID": "simulated", "SESSION_ID": name}
    if kind == "mturk":
        return {"workerId": name, "assignmentId": name, "hitId": "simulated"}
    return {}


def _root(study: Study, url: str) -> str:
    place = f"/s/{study.config.name}"
    bare = url.rstrip("/")
    if not bare.startswith(("http://", "https://")):
        raise InvalidArgument(f"--url {url!r} must be an address like http://127.0.0.1:8321")
    return f"{bare}/" if bare.endswith(place) else f"{bare}{place}/"


def _app(study: Study, database: str | None, stack: ExitStack) -> Any:
    """The server of this study, without pages, dashboard or rate limits: all requests come from one address here."""
    from lookalike.studies.server import create_study_app
    from lookalike.studies.store import Store, default_url

    store = stack.enter_context(Store(database or default_url(study)))
    return create_study_app([study], lambda _: store, rules=(), assets={"script": "", "style": ""})


def _simulation(
    people: int, log: Log, seconds: float, hope: Expected, how: Behaviour, tastes: str, seed: int
) -> Simulation:
    latency = None
    if log.seconds:
        p50, p99 = np.percentile(np.array(log.seconds) * 1_000, [50, 99])
        latency = (float(p50), float(p99))
    return Simulation(
        people=people,
        finished=log.finished,
        left=log.left,
        turned_away=log.turned_away,
        answers=len(log.acknowledged),
        repeated=log.repeated,
        retries=log.retries,
        resumed=log.resumed,
        images=log.images,
        errors=tuple(log.errors),
        seconds=seconds,
        latency_ms=latency,
        expected=hope,
        behaviour=how,
        tastes=tastes,
        seed=seed,
        acknowledged=tuple(log.acknowledged),
    )
