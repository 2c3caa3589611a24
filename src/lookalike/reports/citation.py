"""How to cite a report: the BibTeX entry, and hashes of what its figures rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lookalike.errors import printable
from lookalike.reports.local_paths import without_folders


def citation(provenance: Mapping[str, Any]) -> str:
    """Text from :func:`lookalike.benchmarks.provenance.provenance`; '' where nothing is known."""
    if not provenance:
        return ""
    lines = [str(provenance["bibtex"]), f"% data (sha256 of the table): {provenance['data']}"]
    lines += [
        f"% encoder {without_folders(printable(name))}: {mark}"
        for name, mark in provenance["encoders"].items()
    ]
    return "\n".join(lines)
