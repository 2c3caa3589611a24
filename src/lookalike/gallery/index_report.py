"""What one asks of indexing, and what one is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from lookalike.errors import ImageError

LISTED_PROBLEMS = 20


@dataclass
class IndexReport:
    """What one run of indexing did.

    Attributes:
        indexed: images embedded and written (new or changed content).
        cached: how many of them needed no computing, since the cache knew their content.
        unchanged: images that were there already, as they are.
        moved: rows that kept their vector under a new path.
        missing: rows whose file has gone since the last run (newly marked).
        pruned: rows removed because their file is gone.
        problems: bad files; their reasons are in the gallery's problems table.
        seconds: wall time.
        images_per_second: ``indexed / seconds``.
        problem_list: the first 20 bad files with kind and reason.
    """

    indexed: int = 0
    cached: int = 0
    unchanged: int = 0
    moved: int = 0
    missing: int = 0
    pruned: int = 0
    problems: int = 0
    seconds: float = 0.0
    images_per_second: float = 0.0
    problem_list: list[dict[str, str]] = field(default_factory=list)

    def note(self, problem: ImageError) -> None:
        """Count a bad file, and list it while the list is short."""
        self.problems += 1
        if len(self.problem_list) < LISTED_PROBLEMS:
            self.problem_list.append({"path": problem.name, "kind": problem.kind, "reason": problem.reason})

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class IndexOptions:
    """How to index.

    Attributes:
        workers: threads that read, decode (and embed, for encoders that allow it); None: one more than there are cores.
        rehash: read every file again even where size and times say that it has not changed.
        prune: remove rows whose file is gone instead of marking them.
        commit_rows: write to disk at least every so many images (and every three seconds).
        progress: called about ten times a second with the counts so far.
        on_commit: called with the paths of each batch once it is safely on disk.
    """

    workers: int | None = None
    rehash: bool = False
    prune: bool = False
    commit_rows: int = 512
    progress: Callable[[IndexReport], None] | None = None
    on_commit: Callable[[list[str]], None] | None = None
