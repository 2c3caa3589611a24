"""A whitening as a file: a NumPy .npz without pickles, with its version and a checksum inside."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.encoders.npz_file import read_npz
from lookalike.encoders.transform_whitening import Whitening
from lookalike.errors import EncoderError, InvalidArgument, WeightsNotFound, printable

SCHEMA_VERSION = 1
"""Raised when an older lookalike could no longer read what this one writes."""

_KIND = "lookalike whitening"
_ARRAYS = ("mean", "components", "scales")
_PLAIN = ("sqrt", "mirror", "exponent", "images", "encoder", "fitted_to")


def to_bytes(whitening: Whitening) -> bytes:
    """The content of a file that :func:`from_bytes` reads."""
    values: dict[str, Any] = {"kind": _KIND, "version": SCHEMA_VERSION, "digest": whitening.digest}
    values |= {name: getattr(whitening, name) for name in (*_ARRAYS, *_PLAIN)}
    stream = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in values.items()}
    np.savez(stream, **arrays)
    return stream.getvalue()


def from_bytes(data: bytes, name: str) -> Whitening:
    """Read what :func:`to_bytes` gave; every bit comes back.

    Args:
        data: the file's content.
        name: how errors call it.

    Raises:
        EncoderError: it is no whitening, damaged, or written by a newer lookalike.
    """
    where = f"whitening {printable(name)}"
    again = "fit it anew and save it with Whitening.save"
    try:
        values = read_npz(data)
    except ValueError as error:
        raise EncoderError(f"{where}: the file is damaged or something else ({error}); {again}") from error
    if "kind" not in values or str(values["kind"]) != _KIND:
        raise EncoderError(f"{where}: this is not a whitening that lookalike wrote; {again}")
    try:
        version = int(values["version"])
        if version > SCHEMA_VERSION:
            raise EncoderError(
                f"{where}: it has version {version}, this lookalike knows up to {SCHEMA_VERSION}; upgrade lookalike"
            )
        read = Whitening(
            mean=values["mean"],
            components=values["components"],
            scales=values["scales"],
            sqrt=bool(values["sqrt"]),
            mirror=bool(values["mirror"]),
            exponent=float(values["exponent"]),
            images=int(values["images"]),
            encoder=str(values["encoder"]),
            fitted_to=str(values["fitted_to"]),
        )
    except KeyError as error:
        raise EncoderError(f"{where}: the file lacks {error}; {again}") from error
    except (InvalidArgument, ValueError, TypeError) as error:
        raise EncoderError(f"{where}: {error}") from error
    if str(values.get("digest")) != read.digest:
        raise EncoderError(f"{where}: its numbers are not those that were written; {again}")
    return read


def save(whitening: Whitening, path: str | os.PathLike[str]) -> None:
    """Write a whitening so that a reader sees the old or the new file, never half of one.

    Raises:
        EncoderError: the place cannot be written to.
    """
    target = Path(path).expanduser()
    temporary = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        with temporary.open("wb") as stream:
            stream.write(to_bytes(whitening))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise EncoderError(
            f"whitening {printable(str(target))}: cannot be written: {error.strerror or error}"
        ) from error


def load(path: str | os.PathLike[str]) -> Whitening:
    """Read a whitening.

    Raises:
        WeightsNotFound: there is no such file, or it may not be read.
        EncoderError: it is no whitening, damaged, or written by a newer lookalike.
    """
    source = Path(path).expanduser()
    try:
        data = source.read_bytes()
    except OSError as error:
        raise WeightsNotFound(
            f"whitening {printable(str(source))}: {error.strerror or error}; name a file that "
            "Whitening.save wrote"
        ) from error
    return from_bytes(data, str(source))
