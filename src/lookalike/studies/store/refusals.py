"""Why the store says no."""

from __future__ import annotations

from lookalike.errors import StudyError


class Refused(StudyError):
    """A participant's request that the study's rules do not allow; nothing was stored but perhaps an event.

    Attributes:
        status: as HTTP would say it: 401 no session, 403 not allowed, 409 in conflict with what is stored, 410
            over, 422 not understood.
        next: index of the trial that the session stands at, where that helps the page to go on.
    """

    def __init__(self, status: int, text: str, *, next: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.next = next


class Unavailable(StudyError):
    """The database cannot be written or read at present (full, locked, gone); nothing was acknowledged."""
