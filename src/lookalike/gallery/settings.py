"""gallery.json: what a gallery was made with, on a local disk or in an object store."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lookalike.errors import GalleryDamaged, GalleryError, GalleryNotFound, GalleryVersionError

FORMAT_VERSION = 1
"""Raised when an older lookalike could no longer read what this one writes."""

FILE_NAME = "gallery.json"

TRANSFORM_FILE = "transform.npz"
"""The fitted transform of a gallery that has one."""


@dataclass(frozen=True)
class GallerySettings:
    """What a gallery was made with.

    Attributes:
        encoder: spec given to :func:`lookalike.load_encoder`.
        fingerprint: of the encoder's card; another fingerprint means incomparable vectors.
        dim: length of a vector.
        storage: ``float32``, ``float16``, ``int8`` or ``binary``.
        card: the encoder's card as plain JSON, for people.
        encoder_options: device, precision and so on that the encoder was loaded with, where not the default.
        codec: what the storage needs to read its codes back (thresholds of ``binary``).
        transform: empty for none; else its ``name``, the fingerprint of the encoder that it follows (``base``) and,
            once it has been fitted, its ``digest``. Until then ``fingerprint`` is empty.
        next_id: no row was ever given this id or a larger one.
        identity: drawn anew for each gallery, so that nothing left over from another is taken for its own.
        format: version of the layout.
    """

    encoder: str
    fingerprint: str
    dim: int
    storage: str = "float32"
    card: dict[str, Any] = field(default_factory=dict)
    encoder_options: dict[str, Any] = field(default_factory=dict)
    codec: dict[str, Any] = field(default_factory=dict)
    transform: dict[str, Any] = field(default_factory=dict)
    next_id: int = 0
    identity: str = field(default_factory=lambda: uuid.uuid4().hex)
    format: int = FORMAT_VERSION

    def with_changes(self, **changes: Any) -> GallerySettings:
        """A copy with some fields replaced."""
        return replace(self, **changes)


def is_remote(location: str) -> bool:
    """True for an object store's address such as ``s3://bucket/gallery``."""
    return "://" in location


def write_settings(location: str, settings: GallerySettings) -> None:
    """Write gallery.json so that a reader sees the old or the new file, never half of one.

    Raises:
        GalleryError: the place cannot be written to.
    """
    text = json.dumps(asdict(settings), indent=2, ensure_ascii=False) + "\n"
    write_file(location, FILE_NAME, text.encode())


def write_file(location: str, name: str, data: bytes) -> None:
    """Write a file of the gallery's folder so that a reader sees the old or the new one, never half of one.

    Raises:
        GalleryError: the place cannot be written to.
    """
    try:
        if is_remote(location):
            filesystem, folder = _remote(location)
            with filesystem.open_output_stream(f"{folder}/{name}") as stream:
                stream.write(data)
            return
        target = Path(location) / name
        temporary = target.with_name(f"{name}.new")
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        raise GalleryError(f"gallery {location}: cannot write {name}: {error.strerror or error}") from error


def read_settings(location: str) -> GallerySettings:
    """Read gallery.json.

    Raises:
        GalleryNotFound: there is none.
        GalleryVersionError: a newer lookalike wrote it.
        GalleryDamaged: it cannot be understood.
    """
    try:
        values = json.loads(read_file(location, FILE_NAME).decode())
        if not isinstance(values, dict):
            raise ValueError("not a JSON object")
        version = int(values.get("format", 0))
    except FileNotFoundError as error:
        raise GalleryNotFound(
            f"there is no gallery at {location}; make one with: lookalike index FOLDER --gallery {location}"
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise GalleryDamaged(
            f"gallery {location}: {FILE_NAME} cannot be read ({error}); index into a new gallery"
        ) from error
    if version > FORMAT_VERSION:
        raise GalleryVersionError(
            f"gallery {location} has format {version}, this lookalike knows up to {FORMAT_VERSION}; "
            "upgrade lookalike to open it"
        )
    known = {name: values[name] for name in GallerySettings.__dataclass_fields__ if name in values}
    try:
        return GallerySettings(**known)
    except TypeError as error:
        raise GalleryDamaged(
            f"gallery {location}: {FILE_NAME} lacks a key ({error}); index into a new gallery"
        ) from error


def read_file(location: str, name: str) -> bytes:
    """The content of a file in the gallery's folder; OSError when it cannot be had."""
    if is_remote(location):
        filesystem, folder = _remote(location)
        with filesystem.open_input_stream(f"{folder}/{name}") as stream:
            return bytes(stream.read())
    return (Path(location) / name).read_bytes()


def _remote(location: str) -> tuple[Any, str]:
    from pyarrow import fs

    filesystem, folder = fs.FileSystem.from_uri(location)
    return filesystem, folder
