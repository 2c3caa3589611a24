"""A process that looks for faces: pixels come in on stdin, packed faces go out on stdout.

dlib holds the interpreter's lock while a network runs, so threads cannot keep several cores busy; processes
can. They are started as plain programs, not by ``multiprocessing``, because that would run the user's script
again and send pickles.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import subprocess
import sys
from typing import BinaryIO, Literal, cast

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.faces_models import FaceModels, FaceOptions
from lookalike.encoders.faces_types import Face, pack, unpack
from lookalike.errors import LookalikeError

_SIZE = struct.Struct("<II")
_LENGTH = struct.Struct("<q")
_FAILED = -1
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WorkerLost(Exception):
    """The process died or could not handle the image: the caller does the work itself."""


class FaceWorker:
    """One such process, as its owner sees it. Not for several threads at once."""

    def __init__(self, options: FaceOptions) -> None:
        # The child must find this package wherever its parent found it.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
        environment.update(dict.fromkeys(_ONE_THREAD, "1"))
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    __name__,
                    options.detector,
                    str(options.upsample),
                    options.landmarks,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        except (OSError, ValueError) as error:
            raise WorkerLost(str(error)) from error

    def faces(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """As :meth:`FaceModels.faces`.

        Raises:
            WorkerLost: no answer can be had from this process.
        """
        stdin, stdout = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        try:
            stdin.write(_SIZE.pack(*pixels.shape[:2]))
            stdin.write(np.ascontiguousarray(pixels).data)
            stdin.flush()
            (length,) = _LENGTH.unpack(_exactly(stdout, _LENGTH.size))
            if length == _FAILED:
                raise WorkerLost("the image was refused")
            return unpack(_exactly(stdout, length))
        except (OSError, EOFError, ValueError) as error:
            raise WorkerLost(str(error)) from error

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._process.wait()


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) != length:
        raise EOFError("the other side has ended")
    return data


def serve(options: FaceOptions, stdin: BinaryIO, stdout: BinaryIO) -> None:
    """Answer until ``stdin`` ends."""
    models = FaceModels(options)
    while True:
        try:
            height, width = _SIZE.unpack(_exactly(stdin, _SIZE.size))
            data = _exactly(stdin, height * width * 3)
        except EOFError:
            return
        try:
            blob = pack(models.faces(np.frombuffer(data, dtype=np.uint8).reshape(height, width, 3)))
            stdout.write(_LENGTH.pack(len(blob)) + blob)
        except LookalikeError:
            stdout.write(_LENGTH.pack(_FAILED))
        stdout.flush()


def main() -> None:
    """``python -m lookalike.encoders.faces_worker DETECTOR UPSAMPLE LANDMARKS``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it closes stdin
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up among the answers
    detector, upsample, landmarks = sys.argv[1:4]
    options = FaceOptions(
        cast(Literal["hog", "cnn"], detector), int(upsample), cast(Literal["small", "large"], landmarks)
    )
    serve(options, sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
