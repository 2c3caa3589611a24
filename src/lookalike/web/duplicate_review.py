"""What people decided about groups of duplicates: a list of steps beside the gallery, of which the last can be undone."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lookalike.encoders.cache import cache_folder
from lookalike.gallery.settings import GallerySettings, is_remote

FORMAT = 1
Decisions = Mapping[str, frozenset[int]]
"""Key of a group -> ids of the images that go; the others of the group stay."""


class Review:
    """The decisions about one gallery. Nothing here touches an image.

    Args:
        location: of the gallery.
        settings: of the gallery; decisions about another gallery in the same place are not taken over.
    """

    def __init__(self, location: str, settings: GallerySettings) -> None:
        self._identity = settings.identity
        if is_remote(location):
            self._file = cache_folder() / "reviews" / f"{settings.identity}.json"
        else:
            self._file = Path(location) / "moves" / "review.json"
        self._lock = threading.Lock()
        self._steps: list[dict[str, list[int]]] = self._read()

    @property
    def steps(self) -> int:
        """How many steps can be undone."""
        return len(self._steps)

    def decisions(self) -> dict[str, frozenset[int]]:
        """The last decision about each group."""
        with self._lock:
            return {key: frozenset(drop) for step in self._steps for key, drop in step.items()}

    def decide(self, step: Decisions) -> None:
        """Take a step: decide about one group or several."""
        if step:
            with self._lock:
                self._steps.append({key: sorted(drop) for key, drop in step.items()})
                self._write()

    def undo(self) -> dict[str, frozenset[int] | None]:
        """Take the last step back; what now holds for its groups (None: nothing is decided)."""
        with self._lock:
            if not self._steps:
                return {}
            last = self._steps.pop()
            self._write()
        now = self.decisions()
        return {key: now.get(key) for key in last}

    def forget(self, done: Decisions) -> None:
        """Forget what has been done, but not groups that were decided differently since."""
        with self._lock:
            now = {key: frozenset(drop) for step in self._steps for key, drop in step.items()}
            old = {key for key, drop in done.items() if now.get(key) == drop}
            steps = [{key: drop for key, drop in step.items() if key not in old} for step in self._steps]
            self._steps = [step for step in steps if step]
            self._write()

    def _read(self) -> list[dict[str, list[int]]]:
        try:
            kept: Any = json.loads(self._file.read_text(encoding="utf-8"))
            if kept["format"] != FORMAT or kept["gallery"] != self._identity:
                return []
            return [{str(k): [int(i) for i in v] for k, v in step.items()} for step in kept["steps"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return []

    def _write(self) -> None:
        """To disk, whole or not at all; where that cannot be, decisions last as long as the server."""
        text = json.dumps({"format": FORMAT, "gallery": self._identity, "steps": self._steps})
        fresh = self._file.with_name(f"{self._file.name}.new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self._file)
        except OSError:
            return
