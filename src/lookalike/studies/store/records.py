"""What goes into the store and comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PanelIds:
    """Where a participant comes from.

    Attributes:
        kind: none, prolific or mturk.
        person: the panel's id of the person; None where there is no panel.
        ids: everything that the panel gave (PROLIFIC_PID, STUDY_ID ...).
    """

    kind: str = "none"
    person: str | None = None
    ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """What the page says about itself; nothing that names a person (no address, no user agent)."""

    language: str | None = None
    device: str | None = None
    viewport: tuple[int, int] | None = None


@dataclass(frozen=True)
class Timing:
    """What the page measured around one answer; milliseconds by the browser's own clock."""

    response_time_ms: float | None = None
    hidden_ms: float | None = None
    blurs: int | None = None
    frames_dropped: int | None = None
    images_ok: bool | None = None
    shown_for_ms: float | None = None


@dataclass(frozen=True)
class Session:
    """One visit, as its participant's page needs it.

    Attributes:
        id: public, of the export.
        token: the secret of the cookie; only right after the start, else "".
        secret: key of this session's image tokens; never leaves the server.
        trials: how many there are, practice and catch trials counted.
        next: index of the first trial without an answer; ``trials`` when all are answered.
        phase: practice, trials, questions or done.
        state: open, finished or withdrawn.
        show_instructions: at the start, and again after a long absence.
    """

    id: str
    study: str
    token: str
    secret: str
    trials: int
    next: int
    phase: str
    state: str
    show_instructions: bool
    simulated: bool
    language: str | None
    panel: PanelIds
    breaks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Slot:
    """One trial of one session.

    Attributes:
        order: for each shown position the index of the option; () where nothing is shuffled.
        draw: how often the item had been handed out before; with the study's seed it gives ``order`` again. -1 while
            the item is only reserved: another may take its place until the trial comes near (`live`).
        state: open, answered, released (the time ran out, someone else may get the item), late (answered after
            the item had been filled by others) or withdrawn.
    """

    index: int
    item: str
    role: str
    order: tuple[int, ...]
    draw: int
    state: str

    @property
    def settled(self) -> bool:
        """Whether this item is what the person will see."""
        return self.draw >= 0


@dataclass(frozen=True)
class Ack:
    """An answer is on disk.

    Attributes:
        next: index of the next trial.
        right: whether a practice trial was answered rightly; None for all others.
        repeated: this very answer had been stored before.
    """

    next: int
    right: bool | None
    repeated: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The body that the page gets; the same for a repeated answer."""
        return {
            "ok": True,
            "next": self.next,
            "feedback": None if self.right is None else {"right": self.right},
        }
