"""Reading a NumPy .npz that may come from anywhere: no pickles, and one kind of error whatever is wrong with it."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_npz(data: bytes) -> dict[str, NDArray[Any]]:
    """All arrays of a .npz file's content: name -> array.

    Raises:
        ValueError: it is damaged, something else, or holds pickled objects; the message is the name of what went wrong,
            to be put into a sentence that says which file.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    # AttributeError and TypeError: a single array (.npy) has no files and is no context.
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, RuntimeError,
            NotImplementedError, MemoryError, AttributeError, TypeError) as error:  # fmt: skip
        raise ValueError(type(error).__name__) from error
