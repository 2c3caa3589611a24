"""What the web application is started with; nothing of it can be changed from a browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lookalike.errors import ServeError, printable

UPLOAD_BYTES = 20_000_000
UPLOAD_PIXELS = 100_000_000
"""Enough for a telephone's largest pictures; 300 MB once decoded, so few are decoded at once."""

_NAME = re.compile(r"[\w][\w .-]{0,79}")


@dataclass(frozen=True)
class WebSettings:
    """What is served.

    Attributes:
        galleries: name in the address -> folder (or an object store's address).
        studies: folders written by `study new`.
        results: folders written by `bench ... -o`.
        pairs: pair or triplet tables to play on.
        encoders: further encoders that are compared and play, besides those of the galleries.
        comparators: folders of comparators (`train comparator`) that are asked on the page Compare.
        token: who may come in; None: everybody who reaches the socket (this machine only).
        roots: folders that may be indexed from the page, chosen by their place in this list.
        aside: folder that duplicates may be moved to from the page (each gallery's below its name); None: no file
            is moved.
        upload_max_bytes: of one image.
        upload_max_pixels: of one image.
        hosts: host names to answer to (`lookalike.serving.allowed_hosts`); None: all, for tests.
        https: people reach the server by https (cookies are then for https only).
    """

    galleries: Mapping[str, Path | str] = field(default_factory=dict)
    studies: tuple[Path, ...] = ()
    results: tuple[Path, ...] = ()
    pairs: tuple[Path, ...] = ()
    encoders: tuple[str, ...] = ()
    comparators: tuple[Path, ...] = ()
    token: str | None = None
    roots: tuple[Path, ...] = ()
    aside: Path | None = None
    upload_max_bytes: int = UPLOAD_BYTES
    upload_max_pixels: int = UPLOAD_PIXELS
    hosts: frozenset[str] | None = None
    https: bool = False

    def __post_init__(self) -> None:
        for name in self.galleries:
            if not _NAME.fullmatch(name):
                raise ServeError(
                    f"gallery name {printable(name)!r}: use letters, digits, blanks, '.', '_' and '-'"
                )
        if self.token is not None and len(self.token) < 16:
            raise ServeError("the token needs 16 characters or more; `openssl rand -hex 16` makes one")


def names_of(places: tuple[Path, ...]) -> dict[str, Path]:
    """A name for each folder or file, for addresses: its own, numbered where two are the same."""
    found: dict[str, Path] = {}
    for place in places:
        plain = (
            re.sub(r"[^\w.-]+", "-", Path(str(place).rstrip("/")).absolute().name).strip("-.") or "gallery"
        )
        name, number = plain, 2
        while name in found:
            name, number = f"{plain}-{number}", number + 1
        found[name] = place
    return found
