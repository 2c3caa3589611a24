"""A study server in a process of its own, on a port that stays the same when it is killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.studies.server.conftest import served  # noqa: F401  (a fixture)

READY = "ready"


class ServerProcess:
    """uvicorn with the study's application, on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.studies.proof.study_server", str(self.folder), str(self.port)],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == READY
        with urllib.request.urlopen(f"{self.url}/healthz", timeout=60) as reply:
            assert reply.status == 200

    def kill(self) -> None:
        """SIGKILL: no goodbye, nothing flushed."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


@pytest.fixture
def server_process() -> Iterator[Callable[[Path], ServerProcess]]:
    """Makes servers, and ends them."""
    with ExitStack() as stack:

        def make(folder: Path) -> ServerProcess:
            made = ServerProcess(folder)
            stack.callback(made.kill)
            return made

        yield make
