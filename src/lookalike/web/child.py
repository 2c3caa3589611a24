"""A process of its own for heavy work: what it does comes in pickled on stdin, progress and result go out on stdout.

Not `multiprocessing`, which would run the main script of whoever made the application once more.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from lookalike.errors import LookalikeError
from lookalike.progress import Progress

_COMMAND = "from lookalike.web.child import main; main()"


class Child:
    """One piece of work in a process of its own.

    Args:
        work: a module's function; called with the arguments and ``tell``.
        arguments: picklable, as is what the function returns.
    """

    def __init__(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._job = pickle.dumps((work, arguments))

    def result(self, tell: Progress) -> Any:
        """Wait for it.

        Raises:
            LookalikeError: what went wrong, in one line.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._process as process, self._process.stdout as answers:
            try:
                with self._process.stdin as questions:
                    questions.write(self._job)
                while True:
                    kind, value = pickle.load(answers)
                    if kind == "result":
                        return value
                    if kind == "error":
                        raise LookalikeError(value)
                    tell(*value)
            except (EOFError, BrokenPipeError, pickle.UnpicklingError):
                text = "the computation ended without a result; is there enough memory?"
                raise LookalikeError(text) from None
            finally:
                process.kill()

    def stop(self) -> None:
        """End it now."""
        self._process.kill()


def main() -> None:
    """Body of the process."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers

    def send(kind: str, value: Any) -> None:
        pickle.dump((kind, value), answers)
        answers.flush()

    try:
        work, arguments = pickle.load(sys.stdin.buffer)
        send("result", work(*arguments, lambda *state: send("tell", state)))
    except LookalikeError as error:
        send("error", str(error))
    except Exception as error:  # any fault of a library: one line instead of a traceback
        send("error", f"{type(error).__name__}: {' '.join(str(error).split())}"[:500])
