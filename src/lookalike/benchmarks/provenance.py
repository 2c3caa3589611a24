"""What a figure rests on, for whoever cites it: hashes of data and encoders, version, and a BibTeX entry."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lookalike._version import __version__

if TYPE_CHECKING:
    from lookalike.judgments import Judgments


def data_hash(judgments: Judgments) -> str:
    """Hash of a table as it was scored: sha256 hex over its kind, its columns by name, and its rows in order.

    Images count by content, so the same judgments under other file names or in another folder have the same hash.
    """
    made = hashlib.sha256(f"{judgments.kind} {judgments.SCHEMA_VERSION} {len(judgments)}".encode())
    for name in sorted(judgments.table.column_names):
        made.update(f"\n{name}\n".encode())
        for value in judgments.table.column(name).to_pylist():
            made.update(repr(value).encode("utf-8", "surrogatepass") + b"\n")
    return made.hexdigest()


def bibtex() -> str:
    """A BibTeX entry of this version of lookalike (CITATION.cff has the same)."""
    return (
        "@software{lookalike,\n"
        "  author  = {{The lookalike developers}},\n"
        "  title   = {lookalike: image similarity as people see it},\n"
        f"  version = {{{__version__}}},\n"
        "  note    = {Apache-2.0}\n"
        "}"
    )


def provenance(judgments: Judgments, fingerprints: Mapping[str, str]) -> dict[str, Any]:
    """Plain values for JSON: ``lookalike`` (version), ``data`` (hash), ``encoders`` (name -> fingerprint of weights
    and preprocessing), ``bibtex``."""
    return {
        "lookalike": __version__,
        "data": data_hash(judgments),
        "encoders": dict(fingerprints),
        "bibtex": bibtex(),
    }
