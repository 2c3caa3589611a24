"""Which bytes make up an ONNX model, and their sha256 (kept between runs: large files take seconds)."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path

from lookalike.encoders.cache import cache_folder
from lookalike.errors import WeightsNotFound, printable
from lookalike.images.files import file_sha256

REMEMBER_FROM_BYTES = 4 << 20
"""Smaller files are hashed each time: that takes as long as looking the answer up."""

# Field numbers of onnx.proto, see
# (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
_PATHS_TO_TENSORS: dict[str, dict[int, str]] = {
    "model": {7: "graph"},
    "graph": {1: "node", 5: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 10: "tensor", 6: "graph", 11: "graph"},
    "tensor": {13: "entry"},
}


def weights_of(model: Path) -> tuple[str, int]:
    """(sha256 hex, bytes) of an ONNX model.

    For a model in one file this is the sha256 of the file. A model with external data is hashed over the
    file's sha256 and those of its data files, in order of their names.

    Raises:
        WeightsNotFound: one of the files is missing or unreadable.
    """
    files = [model, *(model.parent / name for name in external_data(model))]
    try:
        digests = [remembered_sha256(file) for file in files]
        total = sum(file.stat().st_size for file in files)
    except OSError as error:
        lost = printable(str(error.filename or model))
        raise WeightsNotFound(
            f"{lost}: part of the ONNX model {printable(str(model))}: {error.strerror}"
        ) from error
    if len(digests) == 1:
        return digests[0], total
    return hashlib.sha256("\n".join(digests).encode()).hexdigest(), total


def remembered_sha256(file: Path) -> str:
    """sha256 (hex) of a file; for a large one remembered by its place, size and times of change."""
    status = file.stat()
    if status.st_size < REMEMBER_FROM_BYTES:
        return file_sha256(file)
    stamp = [str(file.absolute()), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
    note = (
        cache_folder() / "weights" / f"{hashlib.sha256(os.fsencode(file.absolute())).hexdigest()[:32]}.json"
    )
    try:
        remembered = json.loads(note.read_text(encoding="utf-8"))
        if remembered["stamp"] == stamp:
            return str(remembered["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no note, or a damaged one: hash the file
    digest = file_sha256(file)
    # A file written a moment ago may change again without its time of change showing it.
    if time.time_ns() - status.st_mtime_ns > 2_000_000_000:
        _write_note(note, {"stamp": stamp, "sha256": digest})
    return digest


def _write_note(note: Path, document: dict[str, object]) -> None:
    draft = note.with_suffix(f".{os.getpid()}.tmp")
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(document), encoding="utf-8")
        draft.replace(note)
    except (OSError, ValueError):
        draft.unlink(missing_ok=True)  # a cache that cannot be written costs time, nothing else


def external_data(model: Path) -> list[str]:
    """Names of the files, relative to the model's folder, that hold tensors of an ONNX model; sorted.

    Reads only the structure of the protocol buffer, not the tensors. A damaged file gives an empty list:
    loading it reports the damage.
    """
    with model.open("rb") as stream:
        try:
            view = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file
            return []
        with view:
            try:
                return sorted(set(_locations(view, 0, len(view), "model")))
            except (IndexError, ValueError, RecursionError):
                return []


def _locations(data: mmap.mmap, start: int, end: int, kind: str) -> Iterator[str]:
    below = _PATHS_TO_TENSORS[kind]
    for number, first, last in _fields(data, start, end):
        inner = below.get(number)
        if inner == "entry":
            pair = {n: bytes(data[a:b]) for n, a, b in _fields(data, first, last)}
            if pair.get(1) == b"location":
                yield os.fsdecode(pair.get(2, b""))
        elif inner is not None:
            yield from _locations(data, first, last, inner)


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(field number, first byte, byte after the last) of each length-delimited field of one message."""
    position = start
    while position < end:
        key, position = _varint(data, position)
        wire = key & 7
        if wire == 0:
            _, position = _varint(data, position)
        elif wire == 1:
            position += 8
        elif wire == 5:
            position += 4
        elif wire == 2:
            length, position = _varint(data, position)
            if position + length > end:
                raise ValueError("a field is longer than its message")
            yield key >> 3, position, position + length
            position += length
        else:
            raise ValueError("not a protocol buffer")


def _varint(data: mmap.mmap, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
