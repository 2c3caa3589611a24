"""`ImageRef`: one image in a source, named but not yet read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from lookalike.images.files import file_signature, read_file

NO_METADATA: Mapping[str, object] = MappingProxyType({})


class Member(Protocol):
    """Where the bytes of an archive's member are."""

    def read(self, name: str) -> bytes: ...

    def signature(self, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One image of a source.

    Attributes:
        name: what people see, unique: the absolute path, or ``ARCHIVE::MEMBER``.
        label: name of the folder directly holding the image, None in the source's own root; a table's
            ``label``.
        metadata: the other columns of a table; empty for other sources.
    """

    name: str
    label: str | None = None
    metadata: Mapping[str, object] = field(default_factory=lambda: NO_METADATA, hash=False)
    member: Member | None = field(default=None, repr=False, compare=False)

    def read(self) -> bytes:
        """The encoded bytes.

        Raises:
            ImageNotFound, ImageUnreadable, ImageEmpty, ImageTooLarge, ImageTruncated: the file cannot be
                read.
        """
        return read_file(self.name) if self.member is None else self.member.read(self.name)

    def signature(self) -> str:
        """A cheap change detector: equal as long as the file is unchanged.

        ``size:mtime_ns:ctime_ns`` of the file; for a member of an archive that of the archive, followed by
        the member's offset, size and time.

        Raises:
            ImageNotFound, ImageUnreadable: there is no such file any more, or it may not be looked at.
        """
        return file_signature(self.name) if self.member is None else self.member.signature(self.name)

    @property
    def is_file(self) -> Path | None:
        """The file, or None for a member of an archive."""
        return Path(self.name) if self.member is None else None
