"""Is a gallery sound, and how good is its approximate index?"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.gallery.ann import recall_of
from lookalike.gallery.exact import search_record
from lookalike.gallery.store import vector_column
from lookalike.images import holding_file

if TYPE_CHECKING:
    from lookalike.gallery.gallery import Gallery

NEIGHBOURS = 10
TOLERANCE = 0.15
"""The index was measured on other queries when it was built; below this it does not fit the record."""


@dataclass
class CheckReport:
    """What :func:`check_gallery` found.

    Attributes:
        images: rows in the record.
        missing: rows marked missing.
        files_gone: present rows whose file (or archive) is no longer there: index again.
        files_changed: present rows whose file has another size than when it was indexed.
        problems: bad files on record.
        faults: what contradicts itself, one sentence each; empty for a sound gallery.
        index: the approximate index's stamp, or None.
        recall_at_10: of the index against exact search on sampled rows; None without an index.
        sampled: how many rows were used as queries.
    """

    images: int = 0
    missing: int = 0
    files_gone: int = 0
    files_changed: int = 0
    problems: int = 0
    faults: list[str] = field(default_factory=list)
    index: dict[str, Any] | None = None
    recall_at_10: float | None = None
    sampled: int = 0

    @property
    def sound(self) -> bool:
        """True when nothing contradicts itself."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**asdict(self), "sound": self.sound}


def check_gallery(gallery: Gallery, *, queries: int = 200, seed: int = 0) -> CheckReport:
    """Look for contradictions in the record and measure the index.

    Args:
        gallery: which.
        queries: rows taken as queries for the recall of the index.
        seed: of that sample.
    """
    report = CheckReport()
    table = gallery.rows(["id", "path", "bytes", "missing"], missing=True)
    report.images = table.num_rows
    report.missing = int(np.count_nonzero(table.column("missing").to_numpy()))
    report.problems = int(gallery.store.problem_rows().num_rows)
    _check_keys(report, table)
    _check_files(report, table)
    _check_contents(report, gallery)
    report.index = gallery.index_stamp
    if report.index is not None:
        _measure(report, gallery, queries, seed)
    return report


def _check_keys(report: CheckReport, table: Any) -> None:
    for column in ("id", "path"):
        values = table.column(column).to_pylist()
        twice = len(values) - len(set(values))
        if twice:
            report.faults.append(f"{twice} rows repeat another row's {column}")


def _check_files(report: CheckReport, table: Any) -> None:
    for path, size, missing in zip(
        *(table.column(name).to_pylist() for name in ("path", "bytes", "missing")), strict=True
    ):
        if missing:
            continue
        file = holding_file(path)
        try:
            status = Path(file).stat()
        except OSError:
            report.files_gone += 1
            continue
        if file == path and status.st_size != size:
            report.files_changed += 1


def _check_contents(report: CheckReport, gallery: Gallery) -> None:
    bad_vectors = bad_thumbnails = 0
    for batch in gallery.store.scan_batches(("vector", "thumbnail"), 2_048):
        codes = vector_column(batch)
        bad_vectors += int((~np.isfinite(codes.astype(np.float32)).all(axis=1)).sum())
        bad_thumbnails += sum(not _is_jpeg(data) for data in batch.column("thumbnail").to_pylist())
    if bad_vectors:
        report.faults.append(f"{bad_vectors} vectors hold values that are not finite")
    if bad_thumbnails:
        report.faults.append(f"{bad_thumbnails} thumbnails are not whole JPEGs")


def _is_jpeg(data: bytes | None) -> bool:
    return data is not None and data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9"


def _measure(report: CheckReport, gallery: Gallery, queries: int, seed: int) -> None:
    sample = _sample_vectors(gallery, queries, seed)
    report.sampled = len(sample)
    if not len(sample):
        return
    # The nearest neighbour of a row is the row itself, which every index finds: it does not count.
    _, truth = search_record(sample, gallery.store, NEIGHBOURS + 1)
    found = gallery.find(sample, NEIGHBOURS + 1, mode="index").ids
    report.recall_at_10 = round(recall_of(found[:, 1:], truth[:, 1:]), 4)
    promised = (report.index or {}).get("recall", 0.0)
    if report.recall_at_10 < promised - TOLERANCE:
        report.faults.append(
            f"the index finds {report.recall_at_10:.0%} of the neighbours, {promised:.0%} when it was built; "
            "build it anew with --build-index"
        )


def _sample_vectors(gallery: Gallery, size: int, seed: int) -> NDArray[np.float32]:
    ids = gallery.rows(["id"]).column("id").to_numpy()
    chosen = np.random.default_rng(seed).choice(ids, size=min(size, len(ids)), replace=False)
    rows = gallery.store.by_ids(chosen, ("vector",))
    return gallery.store.codec.decode(vector_column(rows))
