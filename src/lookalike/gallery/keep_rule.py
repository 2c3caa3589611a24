"""Which of several duplicates to keep: ordered criteria, deterministic to the last tie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lookalike.errors import InvalidArgument

KEEP = ("pixels", "format", "bytes", "oldest")
"""The criteria used unless others are named."""

FORMATS = (
    "DNG", "TIFF", "PNG", "JPEG2000", "BMP", "PPM", "TGA", "HEIF", "AVIF", "JXL", "WEBP", "JPEG", "GIF",
)  # fmt: skip
"""Best first: raw and lossless originals, HEIC and AVIF (more bits, better coding), JPEG, 256 colours."""

ALIASES = {
    "HEIC": "HEIF",
    "JPG": "JPEG",
    "TIF": "TIFF",
    "JPEG 2000": "JPEG2000",
    "JP2": "JPEG2000",
    "MPO": "JPEG",
}

Record = dict[str, Any]


@dataclass(frozen=True)
class KeepRule:
    """Order duplicates by criteria, the one to keep first.

    Criteria: ``pixels`` (most pixels), ``format`` (first in ``formats``), ``bytes`` (largest file),
    ``oldest`` or ``newest`` (date taken, else modified; undated last), ``path`` (shortest path). What is
    still equal after them is decided by the shortest path, then alphabetically.

    Raises:
        InvalidArgument: a criterion is unknown or named twice.
    """

    criteria: tuple[str, ...] = KEEP
    formats: tuple[str, ...] = FORMATS

    def __post_init__(self) -> None:
        unknown = [c for c in self.criteria if c not in _KEYS and c != "format"]
        if unknown:
            choices = ", ".join(["format", *_KEYS])
            raise InvalidArgument(f"keep criterion {unknown[0]!r} is unknown; choose among {choices}")
        if len(set(self.criteria)) < len(self.criteria):
            raise InvalidArgument(
                f"keep criteria {', '.join(self.criteria)}: one is named twice; name each once"
            )

    def order(self, positions: Sequence[int], records: Sequence[Record]) -> list[int]:
        """``positions`` (into ``records``) from the one to keep to the worst."""
        keys = [self._key(criterion) for criterion in self.criteria]
        return sorted(positions, key=lambda p: (*(k(records[p]) for k in keys), *_tie(records[p]), p))

    def reason(self, ordered: Sequence[Record]) -> str:
        """Why the first of the ordered records is kept: the first criterion in which it beats the second."""
        best, second = ordered[0], ordered[1]
        for criterion in self.criteria:
            key = self._key(criterion)
            if key(best) != key(second):
                return _WORDS[criterion](best, second)
        same = (
            "same bytes" if best["content"] == second["content"] else f"equal in {', '.join(self.criteria)}"
        )
        return f"{same}: the shortest path, first in the alphabet, is kept"

    def _key(self, criterion: str) -> Callable[[Record], Any]:
        if criterion == "format":
            ranks = {normal_format(name): rank for rank, name in reversed(list(enumerate(self.formats)))}
            return lambda record: ranks.get(normal_format(record["format"] or ""), len(ranks))
        return _KEYS[criterion]


def normal_format(name: str) -> str:
    """One name for each format: upper case, HEIC -> HEIF, JPG -> JPEG."""
    upper = name.strip().upper()
    return ALIASES.get(upper, upper)


def _pixels(record: Record) -> int:
    return int(record["width"] or 0) * int(record["height"] or 0)


def _seconds(record: Record) -> float | None:
    date: datetime | None = record["taken"] or record["modified"]
    # Naive dates are local times of unknown zone; only their order matters, so no zone is applied.
    return None if date is None else (date.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()


def _dated(record: Record, sign: int) -> tuple[bool, float]:
    seconds = _seconds(record)
    return (seconds is None, 0.0 if seconds is None else sign * seconds)


def _date_words(record: Record) -> str:
    date: datetime | None = record["taken"] or record["modified"]
    kind = "taken" if record["taken"] else "modified"
    return "undated" if date is None else f"{kind} {date:%Y-%m-%d %H:%M:%S}"


def _tie(record: Record) -> tuple[int, str]:
    return (len(record["path"]), record["path"])


_KEYS: dict[str, Callable[[Record], Any]] = {
    "pixels": lambda record: -_pixels(record),
    "bytes": lambda record: -int(record["bytes"] or 0),
    "oldest": lambda record: _dated(record, 1),
    "newest": lambda record: _dated(record, -1),
    "path": lambda record: len(record["path"]),
}

_WORDS: dict[str, Callable[[Record, Record], str]] = {
    "pixels": lambda a, b: (
        f"most pixels: {a['width']}x{a['height']} against {b['width']}x{b['height']} for the next"
    ),
    "format": lambda a, b: f"better format: {a['format']} against {b['format']} for the next",
    "bytes": lambda a, b: f"largest file: {a['bytes']:,} bytes against {b['bytes']:,} for the next",
    "oldest": lambda a, b: f"oldest: {_date_words(a)} against {_date_words(b)} for the next",
    "newest": lambda a, b: f"newest: {_date_words(a)} against {_date_words(b)} for the next",
    "path": lambda a, b: f"shortest path: {len(a['path'])} characters against {len(b['path'])} for the next",
}
