"""Opening a database: SQLite so that an acknowledged answer survives power loss, PostgreSQL by URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.errors import MissingDependency, StudyError, printable

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

    from lookalike.studies.study import Study

DATABASE_FILE = "answers.sqlite"
LOCK_KEY = 0x6C6F6F6B
"""Number of the advisory lock that PostgreSQL's writers share."""


def default_url(study: Study) -> str:
    """``answers.sqlite`` in the study's folder."""
    return f"sqlite:///{study.folder / DATABASE_FILE}"


def open_engine(url: str, *, writing: bool) -> Engine:
    """An engine for the writer (one connection, a lock from the start) or for readers (snapshots).

    Every writing transaction starts with ``BEGIN IMMEDIATE`` (SQLite) or an advisory lock (PostgreSQL): one writer
    at a time, also across processes, so that what a transaction reads stays true until it commits.

    Raises:
        StudyError: no URL of a database that can be used.
        MissingDependency: its driver is not installed.
    """
    try:
        from sqlalchemy import create_engine, event
    except ImportError as error:
        raise MissingDependency("sqlalchemy", "web", "keeping answers") from error
    parsed = checked_url(url)
    pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 0} if writing else {"pool_size": 8}
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": 30.0, "check_same_thread": False}, **pool)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate if writing else _begin)
    else:
        try:
            engine = create_engine(parsed, pool_pre_ping=True, **pool)
        except ImportError as error:
            raise MissingDependency("psycopg", "postgres", "PostgreSQL") from error
        if writing:
            event.listen(engine, "begin", _lock_postgres)
    return engine


def checked_url(url: str) -> URL:
    """The URL with its driver named.

    Raises:
        StudyError: another kind of database, no file, or no URL.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StudyError(
            f"{printable(url)[:40]!r} is no database URL; use sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from None
    kind = parsed.get_backend_name()
    if kind == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise StudyError(f"answers are kept in sqlite or postgresql, not in {printable(kind)}")
    if not parsed.database or parsed.database == ":memory:":
        raise StudyError("answers in memory would be lost; give sqlite:///FILE")
    if not Path(parsed.database).absolute().parent.is_dir():
        raise StudyError(f"there is no folder for the database {printable(parsed.database)}")
    return parsed.set(drivername="sqlite+pysqlite")


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # The driver must not begin transactions by itself: ours begin with the lock they need.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")


def _lock_postgres(connection: Any) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_KEY})")
