"""Tables of the store, their version, and the steps from older versions.

Times are microseconds since 1970 (UTC) as whole numbers: exact, ordered and the same in every database.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    select,
)

from lookalike.errors import StudyError

SCHEMA_VERSION = 2

metadata = MetaData()

meta = Table(
    "meta", metadata, Column("key", String(50), primary_key=True), Column("value", Text, nullable=False)
)

studies = Table(
    "studies",
    metadata,
    Column("study", String(63), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("app_version", String(40), nullable=False),
    Column("registered_at", BigInteger, nullable=False),
)

tallies = Table(
    "tallies",
    metadata,
    Column("study", String(63), primary_key=True),
    Column("item", String(100), primary_key=True),
    Column("simulated", Boolean, primary_key=True),
    Column("role", String(10), nullable=False),
    # open, settled (unanimous), split (a dissent), closed (a proposal whose last proposer withdrew)
    Column("state", String(10), nullable=False),
    Column("taken", Integer, nullable=False),  # open + answered slots: never over the cap
    Column("answered", Integer, nullable=False),
    Column("drawn", Integer, nullable=False),  # slots ever made: which order comes next
    Column("votes", JSON, nullable=False),  # answer -> how often
    Column("doubt", Float, nullable=False),  # entropy of the votes, 1 where there are none
    Column("jitter", Float, nullable=False),  # breaks ties at random
    Column("cap", Integer),  # votes on a proposal: the most of its own; empty: the study's K
    Column("part", Integer),  # number of the item's set among the study's; empty for votes on proposals
)
Index(
    "tallies_by_need", tallies.c.study, tallies.c.simulated, tallies.c.role, tallies.c.state, tallies.c.taken
)
BY_DOUBT = Index(
    "tallies_by_doubt",
    *(tallies.c[name] for name in ("study", "simulated", "role", "state", "part")),
    tallies.c.doubt.desc(),
    tallies.c.taken,
    tallies.c.jitter,
)
"""In the order in which adaptive choice wants the items of a set, so that each answer reads only the first ones."""

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("study", String(63), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("secret", String(64), nullable=False),
    Column("participant", String(40), nullable=False),
    Column("panel", String(10), nullable=False),
    Column("person", String(64)),  # keyed hash of the panel's id: one person, one session
    Column("panel_ids", JSON),
    Column("language", String(20)),
    Column("device", String(10)),
    Column("viewport", JSON),
    Column("simulated", Boolean, nullable=False),
    Column("state", String(10), nullable=False),  # open, finished, withdrawn, replaced
    Column("holding", Boolean, nullable=False),  # its open slots count; false after the time-out
    Column("trials", Integer, nullable=False),
    Column("next_index", Integer, nullable=False),
    Column("breaks", JSON, nullable=False),
    Column("questions", JSON),
    Column("started_at", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
)
Index("sessions_by_person", sessions.c.study, sessions.c.person)
Index("sessions_by_age", sessions.c.study, sessions.c.state, sessions.c.holding, sessions.c.last_seen)

slots = Table(
    "slots",
    metadata,
    Column("session", String(20), primary_key=True),
    Column("trial_index", Integer, primary_key=True),
    Column("study", String(63), nullable=False),
    Column("item", String(100), nullable=False),
    Column("role", String(10), nullable=False),
    Column("order", JSON, nullable=False),
    Column("draw", Integer, nullable=False),  # -1: reserved, the item is chosen when the trial comes near
    Column("state", String(10), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
)
Index("slots_by_item", slots.c.study, slots.c.item)

answers = Table(
    "answers",
    metadata,
    Column("session", String(20), primary_key=True),
    Column("trial_index", Integer, primary_key=True),
    Column("study", String(63), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("study_hash", String(64), nullable=False),
    Column("app_version", String(40), nullable=False),
    Column("position", Integer),
    Column("chosen", Integer),
    Column("value", Float),
    Column("text", Text),
    Column("correct", Boolean),
    Column("response_time_ms", Float),
    Column("answered_at", BigInteger, nullable=False),
    Column("hidden_ms", Float),
    Column("blurs", Integer),
    Column("frames_dropped", Integer),
    Column("images_ok", Boolean),
    Column("shown_for_ms", Float),
)
Index("answers_by_time", answers.c.study, answers.c.answered_at)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("study", String(63), nullable=False),
    Column("session", String(20)),
    Column("kind", String(20), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", JSON),
)
Index("events_by_kind", events.c.study, events.c.kind)


def _to_2(connection: Connection) -> None:
    """How long images were shown; votes on proposals, which have a K of their own; the sets of items, in order of doubt."""
    connection.exec_driver_sql("ALTER TABLE answers ADD COLUMN shown_for_ms FLOAT")
    connection.exec_driver_sql("ALTER TABLE tallies ADD COLUMN cap INTEGER")
    connection.exec_driver_sql("ALTER TABLE tallies ADD COLUMN part INTEGER")
    BY_DOUBT.create(connection)


MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: _to_2}
"""From version n to n + 1; a step may only add. Every released version keeps a database in the tests."""


def prepare(connection: Connection) -> None:
    """Make the tables, or bring an older database up to date, inside the caller's transaction.

    Raises:
        StudyError: the database is newer than this lookalike, or is something else.
    """
    names = set(inspect(connection).get_table_names())
    if not names & set(metadata.tables):
        metadata.create_all(connection)
        connection.execute(meta.insert().values(key="schema_version", value=str(SCHEMA_VERSION)))
        connection.execute(meta.insert().values(key="pepper", value=secrets.token_hex(32)))
        return
    version = _version(connection, names)
    if version > SCHEMA_VERSION:
        raise StudyError(
            f"the database has schema version {version}, this lookalike knows {SCHEMA_VERSION}; update lookalike"
        )
    for step in range(version, SCHEMA_VERSION):
        MIGRATIONS[step](connection)
        connection.execute(meta.update().where(meta.c.key == "schema_version").values(value=str(step + 1)))


def _version(connection: Connection, names: set[str]) -> int:
    found = None
    if "meta" in names:
        found = connection.execute(select(meta.c.value).where(meta.c.key == "schema_version")).scalar()
    if found is None or not found.isdigit():
        raise StudyError("the database has tables of another program; give an empty database of its own")
    return int(found)


def pepper(connection: Connection) -> str:
    """The key under which people's panel ids are hashed in this database."""
    return str(connection.execute(select(meta.c.value).where(meta.c.key == "pepper")).scalar_one())
