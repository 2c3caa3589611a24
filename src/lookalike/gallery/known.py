"""What a gallery holds already, kept small: about 150 bytes a row, so that a million rows fit beside the work."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.images import is_gone

if TYPE_CHECKING:
    from lookalike.gallery.index_rows import Row
    from lookalike.gallery.store import Store

_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class _Added:
    """A row that this run wrote; ``signature`` is the hash of it."""

    id: int
    path: str
    content: str
    signature: int
    source: str


class Known:
    """Rows by position: first those that the record held when the run began, then those that the run added.

    Attributes:
        seen: bool (n,), rows that the source still holds.
    """

    def __init__(self, store: Store) -> None:
        table = store.scan(("id", "path", "content", "signature", "source", "missing")).sort_by("id")
        self._first: int = table.num_rows
        self._ids: list[int] | NDArray[np.int64] = table.column("id").to_numpy()
        self._paths: Any = table.column("path").combine_chunks()
        self._contents: Any = table.column("content").combine_chunks()
        self._sources: Any = table.column("source").combine_chunks().dictionary_encode()
        self._missing = table.column("missing").to_numpy()
        self._signatures = _hashes(table.column("signature").combine_chunks())
        self._by_path = _Lookup(_hashes(self._paths))
        self._by_content = _Lookup(_hashes(self._contents))
        self.seen = np.zeros(self._first, dtype=bool)
        self._new: list[_Added] = []
        self._renamed: dict[int, str] = {}
        self._positions: dict[str, int] = {}
        self._claims = threading.Lock()

    @property
    def largest_id(self) -> int:
        """The largest id that the record held; -1 when it was empty."""
        return int(self._ids[-1]) if self._first else -1

    def position(self, path: str) -> int | None:
        """Position of the row with this path."""
        found = self._positions.get(path)
        if found is not None:
            return found
        for i in self._by_path.candidates(hash(path)):
            if self._paths[i].as_py() == path and i not in self._renamed:
                return i
        return None

    def id(self, position: int) -> int:
        """Id of the row."""
        return int(self._ids[position]) if position < self._first else self._added(position).id

    def path(self, position: int) -> str:
        """Path of the row, as it is now."""
        if position >= self._first:
            return self._added(position).path
        return self._renamed.get(position) or str(self._paths[position].as_py())

    def content(self, position: int) -> str:
        """sha256 of the row's file, hex."""
        if position >= self._first:
            return self._added(position).content
        return str(self._contents[position].as_py())

    def has_signature(self, position: int, signature: str) -> bool:
        """True when the row was indexed with this signature."""
        if position >= self._first:
            return self._added(position).signature == hash(signature)
        return bool(self._signatures[position] == hash(signature))

    def source(self, position: int) -> str:
        """The source that the row was last indexed from."""
        if position >= self._first:
            return self._added(position).source
        return str(self._sources[position].as_py())

    def is_missing(self, position: int) -> bool:
        """True when the row was marked missing before this run."""
        return position < self._first and bool(self._missing[position])

    def add(self, rows: Iterable[Row], first_id: int, source: str) -> None:
        """Rows of this run are known to the rest of it: a list may name a file twice."""
        for row in rows:
            self._positions[row.ref.name] = self._first + len(self._new)
            self._new.append(_Added(first_id, row.ref.name, row.content, hash(row.signature), source))
            first_id += 1

    def _added(self, position: int) -> _Added:
        return self._new[position - self._first]

    def see(self, position: int) -> bool:
        """Note that the source holds the row; True the first time. Rows of this run count as seen."""
        if position >= self._first:
            return False
        first = not self.seen[position]
        self.seen[position] = True
        return bool(first)

    def forget(self, path: str) -> None:
        """The source holds the file, but not as an image that can be used: its row, if any, does not count as seen."""
        position = self.position(path)
        if position is not None and position < self._first:
            self.seen[position] = False

    def claim_moved(self, content: str, path: str) -> int | None:
        """Position of a row with this content whose own file is gone, so that ``path`` is where it went."""
        with self._claims:
            for i in self._by_content.candidates(hash(content)):
                if self.seen[i] or i in self._renamed or self._contents[i].as_py() != content:
                    continue
                before = self._paths[i].as_py()
                if before != path and is_gone(before):
                    self.seen[i] = True
                    self._renamed[i] = path
                    self._positions[path] = i
                    return i
        return None


class _Lookup:
    """Positions by 64-bit hash, in two sorted arrays instead of a dictionary of objects."""

    def __init__(self, hashes: NDArray[np.int64]) -> None:
        self._order = np.argsort(hashes, kind="stable")
        self._sorted = hashes[self._order]

    def candidates(self, wanted: int) -> list[int]:
        """Positions that may hold what hashes to this, in ascending order."""
        if not self._sorted.size:  # a new gallery: asked three times an image
            return []
        low, high = (
            np.searchsorted(self._sorted, wanted, "left"),
            np.searchsorted(self._sorted, wanted, "right"),
        )
        return [int(i) for i in self._order[low:high]]


def _hashes(values: Any) -> NDArray[np.int64]:
    """Python's hash of each string of an Arrow array: int64 (n,). Valid within this process."""
    result = np.empty(len(values), dtype=np.int64)
    for start in range(0, len(values), _CHUNK):
        piece = values.slice(start, _CHUNK).to_pylist()
        result[start : start + len(piece)] = [hash(text) for text in piece]
    return result
