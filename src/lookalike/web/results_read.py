"""What benchmarks left in their folders, as figures with intervals that one table can show."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lookalike.errors import ServeError, printable
from lookalike.explain.sentences import encoder_name

LARGEST = 50_000_000
"""Bytes of a results.json that are read."""

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """One share in [0, 1] with its interval (NaN: none)."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class Report:
    """One folder.

    Attributes:
        name: in the address. kind: key of ``results.kind_*`` in the texts.
        items: how many pairs, triplets or trials.
        measures: key of ``results.measure_*`` -> encoder -> figure; the first is the headline.
        lines: what figures are read against (chance, human ceilings): key of ``results.line_*`` -> share.
        failed: encoder -> why it could not be measured.
        has_page: there is a report.html.
        tables: names of its CSV files.
    """

    name: str
    folder: Path
    kind: str
    items: int
    measures: dict[str, dict[str, Figure]]
    lines: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    has_page: bool = False
    tables: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The measure to look at first; "" where nothing was measured."""
        return next(iter(self.measures), "")

    @property
    def encoders(self) -> list[str]:
        """All that were measured, the best in the headline first."""
        found = dict.fromkeys(name for some in self.measures.values() for name in some)
        main = self.measures.get(self.headline, {})
        return sorted(found, key=lambda name: -main[name].value if name in main else math.inf)


def read_report(name: str, folder: Path) -> Report:
    """A folder of `bench ... -o`.

    Raises:
        ServeError: it holds no results.json that is understood.
    """
    place = folder / "results.json"
    try:
        if place.stat().st_size > LARGEST:
            raise ServeError(f"the results of {printable(name)} are too large to be shown")
        document = json.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ServeError(f"{printable(name)} holds no results.json of a benchmark: {reason}") from error
    except (ValueError, RecursionError) as error:
        raise ServeError(f"the results.json of {printable(name)} is no JSON") from error
    if not isinstance(document, dict) or not isinstance(document.get("encoders"), dict):
        raise ServeError(f"the results.json of {printable(name)} is none of `lookalike bench`")
    kind = _kind(document)
    failed = {
        _shown(encoder): printable(str(one["error"]))
        for encoder, one in document["encoders"].items()
        if isinstance(one, dict) and "error" in one
    }
    return Report(
        name, folder, kind, _items(document), _measures(document, kind), _lines(document), failed,
        (folder / "report.html").is_file(), tuple(sorted(one.name for one in _csv_files(folder))),
    )  # fmt: skip


def _csv_files(folder: Path) -> Iterator[Path]:
    for place in (folder, folder / "tables"):
        if place.is_dir():
            yield from (one for one in place.iterdir() if one.suffix == ".csv" and one.is_file())


def table_file(report: Report, name: str) -> Path | None:
    """A CSV of a report by a name that `Report.tables` lists."""
    return next((one for one in _csv_files(report.folder) if one.name == name), None)


def _kind(document: Document) -> str:
    for key, kind in (
        ("candidates", "pairs"),
        ("split", "bapps"),
        ("trials", "things"),
        ("triplets", "triplets"),
    ):
        if key in document:
            some: Any = next(iter(document["encoders"].values()), None)
            return "ablation" if isinstance(some, dict) and "intact" in some else kind
    return "other"


def _items(document: Document) -> int:
    found = next(
        (document[key] for key in ("pairs", "triplets", "trials") if isinstance(document.get(key), int)), 0
    )
    return int(found)


def _measures(document: Document, kind: str) -> dict[str, dict[str, Figure]]:
    found: dict[str, dict[str, Figure]] = {}
    for encoder, one in document["encoders"].items():
        if not isinstance(one, dict) or "error" in one:
            continue
        for measure, suffix, figure in _figures(one, kind):
            if figure is not None:
                found.setdefault(measure, {})[_shown(encoder) + suffix] = figure
    return found


def _figures(one: Document, kind: str) -> Iterator[tuple[str, str, Figure | None]]:
    if kind == "pairs":
        for metric, some in one.items():
            if not isinstance(some, dict):
                continue
            suffix = "" if metric == "cosine" else f" ({metric})"
            ends = some.get("interval") or {}
            for k, value in (some.get("recall") or {}).items():
                yield f"recall_{k}", suffix, _figure(value, ends.get(k), 100.0)
    elif kind == "ablation":
        intact = one.get("intact") or {}
        yield "intact", "", _figure(intact.get("value"), [intact.get("low"), intact.get("high")])
        for row in one.get("rows") or []:
            if row.get("side") == "both":
                some = row.get("agreement") or {}
                yield (
                    f"without_{row['attribute']}",
                    "",
                    _figure(some.get("value"), [some.get("low"), some.get("high")]),
                )
    else:
        yield "score", "", _figure(one.get("score"), one.get("interval"))
        yield "accuracy", "", _figure(one.get("accuracy"), one.get("interval"))
        yield "majority", "", _figure(one.get("majority"), one.get("majority_interval"))
        jnd = one.get("jnd") or {}
        yield "jnd", "", _figure(jnd.get("score"), jnd.get("interval"))


def _figure(value: Any, ends: Any, scale: float = 1.0) -> Figure | None:
    if not _is_number(value):
        return None
    if isinstance(ends, list) and len(ends) == 2 and all(_is_number(end) for end in ends):
        return Figure(value / scale, ends[0] / scale, ends[1] / scale)
    return Figure(value / scale)


def _lines(document: Document) -> dict[str, float]:
    found: dict[str, float] = {}
    if _is_number(document.get("chance")):
        found["chance"] = float(document["chance"])
    ceiling = document.get("ceiling") or {}
    if isinstance(ceiling.get("all"), dict):
        ceiling = ceiling["all"]
    for key in ("leave_one_out", "majority_oracle"):
        if _is_number(ceiling.get(key)):
            found[key] = float(ceiling[key])
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(encoder: str) -> str:
    """An encoder's name without the folders of its file, also inside a longer name."""
    first, *more = encoder.split(" ")
    return printable(" ".join([encoder_name(first), *more]))
