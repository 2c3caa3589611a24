"""What the routes share: studies with their stores and pictures, and sessions kept at hand."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lookalike.serving.tokens import AdminDoor
from lookalike.studies.server.pictures import ServedPictures, image_token
from lookalike.studies.server.texts import html_texts
from lookalike.studies.store.records import Slot
from lookalike.studies.store.refusals import Refused

if TYPE_CHECKING:
    from lookalike.studies.items import Item
    from lookalike.studies.store.store import Store
    from lookalike.studies.study import Study

SESSIONS_AT_HAND = 600
"""Sessions whose trials stay in memory, about 0.1 MB each; others are read again."""


@dataclass(frozen=True)
class Visit:
    """What does not change in a session: its settled trials, and the tokens of their images."""

    id: str
    secret: str
    slots: tuple[Slot, ...]
    tokens: dict[str, str]
    """token -> content id"""

    def knows(self, count: int) -> bool:
        """Whether so many trials are settled, or all."""
        return all(slot.settled for slot in self.slots[:count])


class Place:
    """One study as it is served.

    Args:
        study: registered in ``store`` already.
        store: its answers.
        pictures: its images, made ready.
    """

    def __init__(self, study: Study, store: Store, pictures: ServedPictures) -> None:
        self.study = study
        self.store = store
        self.pictures = pictures
        self.texts = html_texts(study)
        self._visits: OrderedDict[str, Visit] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def path(self) -> str:
        """Where the study lives, with its final slash; also the path of its cookie."""
        return f"/s/{self.study.config.name}/"

    def visit(self, token: str, *, at_least: int = 0) -> Visit:
        """What is settled of a session.

        Args:
            token: its cookie's.
            at_least: so many trials must be settled; what is at hand is read again where they are not.

        Raises:
            Refused: 401, 410.
        """
        with self._lock:
            found = self._visits.get(token)
            if found is not None and found.knows(at_least):
                self._visits.move_to_end(token)
                return found
        name, secret, _, _ = self.store.session(self.study, token)
        slots = tuple(self.store.slots(self.study, name))
        contents = {content for slot in slots if slot.settled for content in self.item(slot).images}
        made = Visit(name, secret, slots, {image_token(secret, content): content for content in contents})
        with self._lock:
            self._visits[token] = made
            while len(self._visits) > SESSIONS_AT_HAND:
                self._visits.popitem(last=False)
        return made

    def forget(self, session: str) -> None:
        """Drop a session that was withdrawn."""
        with self._lock:
            for token in [token for token, visit in self._visits.items() if visit.id == session]:
                del self._visits[token]

    def known_image(self, token: str, image: str) -> str:
        """Content id of an image's token in a session.

        Raises:
            Refused: 401, 410, 404.
        """
        content = self.visit(token).tokens.get(image)
        if content is None and self.study.config.live:
            # Trials that were settled after the session was read; who asks for made-up names pays with the rate limit.
            content = self.visit(token, at_least=len(self.visit(token).slots)).tokens.get(image)
        if content is None:
            raise Refused(404, "there is no such image in this session")
        return content

    def item(self, slot: Slot) -> Item:
        """The item of a slot."""
        return self.study.items.by_id(slot.item)

    def image(self, visit: Visit, content: str) -> dict[str, Any]:
        """An image as the page gets it."""
        picture = self.pictures[content]
        return {
            "url": f"{self.path}i/{image_token(visit.secret, content)}",
            "sha256": picture.sha256,
            "bytes": picture.bytes,
            "width": picture.width,
            "height": picture.height,
        }


class Site:
    """Everything that is served.

    Args:
        places: the studies.
        door: of the dashboard; None: there is no dashboard.
        https: the public address is https, so cookies are for https only.
        page: the participant's page, by study.
    """

    def __init__(
        self, places: Sequence[Place], *, door: AdminDoor | None, https: bool, page: Callable[[Place], str]
    ):
        self.places = {place.study.config.name: place for place in places}
        self.door = door
        self.https = https
        self.page = page

    def place(self, name: str) -> Place:
        """The study of that name.

        Raises:
            Refused: 404.
        """
        try:
            return self.places[name]
        except KeyError:
            raise Refused(404, "there is no such study here") from None
