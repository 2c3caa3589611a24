"""A folder of odd image files: every format and mode that must be read, every fault that must be reported.

``make_odd_files(folder)`` writes them and says what is to be expected of each. Used by the tests of images
and of the gallery: ``from tests.odd_files import make_odd_files``.
"""

from __future__ import annotations

from pathlib import Path

from tests.odd_faults import write_faults, write_names
from tests.odd_formats import GOOD
from tests.odd_parts import OddFile, running_as_root

__all__ = ["OddFile", "make_odd_files", "running_as_root"]


def make_odd_files(folder: Path) -> list[OddFile]:
    """Write all odd files into ``folder`` (made if need be) and say what to expect of each."""
    folder.mkdir(parents=True, exist_ok=True)
    result = []
    for name, (make, note) in GOOD.items():
        path = folder / name
        path.write_bytes(make())
        result.append(OddFile(path, "ok", note))
    return [*result, *write_faults(folder), *write_names(folder)]
