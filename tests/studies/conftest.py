"""A SQLite file and a real PostgreSQL for tests of studies."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[str], str]]:
    """A PostgreSQL server of its own from Debian's packages (unix socket, no network): SQL -> its output."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not found:
        pytest.skip(
            "needs PostgreSQL in /usr/lib/postgresql (apt-get install postgresql), which is absent here"
        )
    tools = found[-1].parent
    # It refuses to run as root; the folder of pytest is closed to others.
    place = Path(tempfile.mkdtemp(prefix="lookalike-pg-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(place, user)

    def run(*command: str) -> str:
        done = subprocess.run(command, user=user, cwd=place, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    data, log = place / "data", place / "log"
    run(str(tools / "initdb"), "-D", str(data), "-U", "tester", "-A", "trust", "--no-sync", "-E", "UTF8")
    # Its own durability is not what is tested here, so it need not wait for the disk.
    options = f"-c listen_addresses='' -c unix_socket_directories='{place}' -c fsync=off"
    with log.open("w") as stream:
        subprocess.run(
            [str(tools / "pg_ctl"), "-D", str(data), "-w", "-o", options, "start"],
            user=user, cwd=place, stdout=stream, stderr=stream, timeout=120, check=True,
        )  # fmt: skip
    try:
        yield lambda sql: run(
            str(tools / "psql"), "-h", str(place), "-U", "tester", "-d", "postgres", "-Atc", sql
        )
    finally:
        run(str(tools / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'answers.sqlite'}"
    sql = request.getfixturevalue("postgres")
    name = f"t{uuid4().hex}"
    folder = sql(f"CREATE SCHEMA {name}; SHOW unix_socket_directories").split()[-1]
    return f"postgresql://tester@/postgres?host={folder}&options=-csearch_path%3D{name}"
