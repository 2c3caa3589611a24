"""A simulated participant's browser: the study's HTTP interface, with its retries and nothing but what a page gets."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from lookalike.errors import StudyError
from lookalike.studies.simulate_people import Person

if TYPE_CHECKING:
    from lookalike.studies.items import Item
    from lookalike.studies.server.pictures import ServedPictures
    from lookalike.studies.study import Study

BATCH = 10
_LONGEST_WAIT = 2.0
_FULL = 60
"""Seconds after which the server says to come back when all trials are taken; a database in trouble says 2."""


class Recogniser:
    """Finds the item behind a trial by the checksums of its pictures; the server never says which it is.

    Args:
        study: whose items.
        pictures: the study's, as they are served.
    """

    def __init__(self, study: Study, pictures: ServedPictures) -> None:
        self._content = {pictures[content].sha256: content for content in study.items.images()}
        self._items: dict[tuple[tuple[str, ...], frozenset[str]], Item] = {}
        for item in study.items:
            self._items.setdefault((item.fixed, frozenset(item.options)), item)
        self._recall = {item.fixed: item for item in study.items if item.type == "recall-and-vote"}
        self._vote_on = study.items.vote_on

    def find(self, trial: dict[str, Any]) -> tuple[Item, tuple[int, ...]]:
        """The item, and for each shown place the index of its option.

        Raises:
            StudyError: the server shows something that is not in the study's folder.
        """
        try:
            fixed = tuple(self._content[image["sha256"]] for image in trial["fixed"])
            shown = [self._content[image["sha256"]] for image in trial["options"]]
            if not shown and fixed in self._recall:
                item = self._recall[fixed]
            elif not shown and fixed[:1] in self._recall:  # a vote on what somebody has just proposed
                recall = self._recall[fixed[:1]]
                item = self._vote_on(recall, recall.options.index(fixed[1]))
            else:
                item = self._items[fixed, frozenset(shown)]
        except (KeyError, IndexError, ValueError):
            raise StudyError(
                "the server shows pictures that are not in this folder; serve the study from the same folder"
            ) from None
        return item, tuple(item.options.index(content) for content in shown)

    def order(self, item: Item, images: list[dict[str, Any]]) -> tuple[int, ...]:
        """The same for a gallery's candidates, which come with their places."""
        placed = sorted(images, key=lambda image: int(image["position"]))
        return tuple(item.options.index(self._content[image["sha256"]]) for image in placed)


@dataclass
class Log:
    """What happened to all participants of a run.

    Attributes:
        acknowledged: (session, trial index) of each answer that the server said it had stored.
        seconds: from sending an answer to its acknowledgement, tries that failed not counted.
    """

    finished: int = 0
    left: int = 0
    turned_away: int = 0
    resumed: int = 0
    retries: int = 0
    repeated: int = 0
    images: int = 0
    errors: list[str] = field(default_factory=list)
    acknowledged: list[tuple[str, int]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


class TurnedAway(Exception):
    """All trials are taken."""


class Visit:
    """One person's visit.

    Args:
        transport: to the server; shared, so that no cookie jar is.
        root: address of the study, with its final slash.
        person: who answers.
        recogniser: knows the items.
        log: shared.
        fetch_images: get every picture and check its length and checksum, as the page does.
        patience: seconds to go on trying when the server does not answer.
        pause: seconds of thinking before each answer.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        root: str,
        person: Person,
        recogniser: Recogniser,
        log: Log,
        *,
        fetch_images: bool = False,
        patience: float = 60.0,
        pause: float = 0.0,
    ) -> None:
        self._transport = transport
        self._root = root
        self._person = person
        self._recogniser = recogniser
        self._log = log
        self._fetch_images = fetch_images
        self._patience = patience
        self._pause = pause
        self._cookie = ""
        self._broken = False
        self._plan: dict[str, Any] = {}
        self._known: dict[int, dict[str, Any]] = {}

    async def run(self, study: Study, panel: dict[str, str]) -> None:
        """From consent to the end, or to where this person leaves.

        Raises:
            StudyError: the server refused something that it should not, or lost something.
            TurnedAway: there is nothing left to answer.
        """
        start = {
            "consent": True, "panel": panel, "language": study.config.languages[0], "device": self._person.device,
            "viewport": {"width": 1280, "height": 800}, "simulated": True,
        }  # fmt: skip
        self._plan = await self._post("api/session", start)
        trials: list[dict[str, Any]] = []
        for index in range(int(self._plan["trials"])):
            if self._person.leaves(index, int(self._plan["trials"])):
                self._log.left += 1
                return
            if not trials:
                trials = (await self._get(f"api/trials?from={index}&count={BATCH}"))["trials"]
                await self._images(trials)
                self._known |= {int(trial["index"]): trial for trial in trials}
            trial = trials.pop(0)
            if trial["index"] != index:
                raise StudyError(f"the server gave trial {trial['index']} where {index} was asked for")
            await self._answer(index, trial)
        await self._end(study)

    async def _answer(self, index: int, trial: dict[str, Any]) -> None:
        item, order = self._recogniser.find(trial)
        if item.options and not order:
            reply = await self._get(f"api/gallery?trial={index}&count=500")
            order = self._recogniser.order(item, reply["images"])
        given = self._person.answer(item, order)
        if self._pause:
            await asyncio.sleep(self._pause)
        took = given.response_time_ms
        body = {
            "index": index, "nonce": secrets.token_urlsafe(12), **given.fields, "response_time_ms": took,
            "timing": {"hidden_ms": 0.0, "blurs": 0, "frames_dropped": 0, "images_ok": True, "shown_for_ms": took},
        }  # fmt: skip
        started = time.perf_counter()
        retries = self._log.retries
        ack = await self._post("api/answers", body)
        if self._log.retries == retries:
            self._log.seconds.append(time.perf_counter() - started)
        if ack.get("next") != index + 1:
            raise StudyError(f"after trial {index} the server says {ack.get('next')} comes next")
        self._log.acknowledged.append((str(self._plan["session"]), index))
        if self._person.resends(item):
            self._log.repeated += 1
            if await self._post("api/answers", body) != ack:
                raise StudyError(f"the answer to trial {index}, sent twice, got two different replies")

    async def _end(self, study: Study) -> None:
        answers: dict[str, Any] = {}
        for question in study.config.questions:
            kinds = {"text": "simulated", "number": 30}
            answers[question.name] = (
                question.choices[self._person.number % len(question.choices)].value
                if question.choices
                else kinds[question.kind]
            )
        if answers:
            await self._post("api/questions", {"answers": answers})
        await self._post("api/finish", {})
        self._log.finished += 1

    async def _images(self, trials: list[dict[str, Any]]) -> None:
        """Every picture of these trials, checked as the page checks it."""
        if not self._fetch_images:
            return
        for image in {i["url"]: i for t in trials for i in (*t["fixed"], *t["options"])}.values():
            data = await self._bytes(httpx.URL(self._root).join(image["url"]))
            if len(data) != image["bytes"] or hashlib.sha256(data).hexdigest() != image["sha256"]:
                raise StudyError("a picture came damaged")
            self._log.images += 1

    async def _bytes(self, url: httpx.URL) -> bytes:
        return (await self._try("GET", url, b""))[1]

    async def _get(self, path: str) -> dict[str, Any]:
        return _document(await self._try("GET", httpx.URL(self._root + path), b""))

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return _document(await self._try("POST", httpx.URL(self._root + path), json.dumps(body).encode()))

    async def _try(self, method: str, url: httpx.URL, body: bytes) -> tuple[httpx.Response, bytes]:
        """Send until there is an answer: again after lost connections, 429 and 5xx, as the page does."""
        until, wait = time.monotonic() + self._patience, 0.05
        while True:
            try:
                if self._broken:
                    await self._resume()
                reply = await self._send(method, url, body)
            except httpx.TransportError as error:
                self._broken = bool(self._cookie)
                self._check_patience(until, f"the server does not answer: {error}")
            else:
                status = reply[0].status_code
                if status < 400:
                    return reply
                if status == 503 and int(reply[0].headers.get("retry-after", "0")) >= _FULL:
                    raise TurnedAway
                said = f"{method} {url.path} gave {status}: {reply[1][:200].decode(errors='replace')}"
                if status != 429 and status < 500:
                    raise StudyError(said)
                self._check_patience(until, said)
                wait = max(wait, min(float(reply[0].headers.get("retry-after", "0")), _LONGEST_WAIT))
            self._log.retries += 1
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    async def _resume(self) -> None:
        """After a lost connection: the same session must stand where it stood, with the same trial in the same order."""
        opened = await self._send("POST", httpx.URL(self._root + "api/session"), b'{"consent": false}')
        if opened[0].status_code != 200 or not self._plan:
            return  # a busy server; what was to be sent is sent again all the same
        again = _document(opened)
        if again["session"] != self._plan["session"] or again["trials"] != self._plan["trials"]:
            raise StudyError("after a lost connection the server gave another session")
        listed = await self._send("GET", httpx.URL(f"{self._root}api/trials?from={again['next']}"), b"")
        for trial in _document(listed).get("trials", ()):
            if self._known.setdefault(int(trial["index"]), trial) != trial:
                raise StudyError(f"after a lost connection trial {trial['index']} is another one")
        self._broken = False
        self._log.resumed += 1

    def _check_patience(self, until: float, said: str) -> None:
        if time.monotonic() > until:
            raise StudyError(said)

    async def _send(self, method: str, url: httpx.URL, body: bytes) -> tuple[httpx.Response, bytes]:
        headers = {"X-Lookalike": "1", "Content-Type": "application/json"} if method == "POST" else {}
        if self._cookie:
            headers["Cookie"] = self._cookie
        limits = dict.fromkeys(("connect", "read", "write", "pool"), 30.0)
        request = httpx.Request(
            method, url, headers=headers, content=body or None, extensions={"timeout": limits}
        )
        response = await self._transport.handle_async_request(request)
        try:
            data = await response.aread()
        finally:
            await response.aclose()
        if "set-cookie" in response.headers:
            self._cookie = response.headers["set-cookie"].split(";")[0]
        return response, data


def _document(reply: tuple[httpx.Response, bytes]) -> dict[str, Any]:
    found = json.loads(reply[1])
    if not isinstance(found, dict):
        raise StudyError("the server answered with something that is no JSON object")
    return found
