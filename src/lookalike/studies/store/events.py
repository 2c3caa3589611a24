"""The log of what happened beside answers: conflicts, releases, withdrawals. It holds no answers and no names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from lookalike.studies.store.schema import events

if TYPE_CHECKING:
    from lookalike.studies.study import Study


def log_event(
    connection: Connection,
    study: Study,
    session: str | None,
    kind: str,
    now: int,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add one event: started, resumed, released, repeated, conflict, overfull, finished, withdrawn, replaced."""
    connection.execute(
        events.insert().values(study=study.config.name, session=session, kind=kind, at=now, detail=detail)
    )
