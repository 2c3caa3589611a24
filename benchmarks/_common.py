"""What the benchmarks share: where data lies, timing both sides by turns, memory, tables, results on disk."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
SOURCES = ROOT / "src"
sys.path.insert(0, str(SOURCES))

MARK = "RESULT "
"""What a child process puts before the line of JSON that its parent reads."""


def shared_data() -> Path:
    """The measuring data: $LOOKALIKE_SHARED_DATA, or ``shared/data`` beside or in the repository."""
    named = os.environ.get("LOOKALIKE_SHARED_DATA")
    for place in (named, ROOT / "shared" / "data", ROOT.parent / "shared" / "data"):
        if place and Path(place).is_dir():
            return Path(place)
    sys.exit("the measuring data was not found; set LOOKALIKE_SHARED_DATA to its folder")


def bench_cache() -> Path:
    """Where slow intermediate results are kept: $LOOKALIKE_BENCH_CACHE or /tmp/lookalike-bench."""
    folder = Path(os.environ.get("LOOKALIKE_BENCH_CACHE", "/tmp/lookalike-bench")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# Benchmarks neither read nor fill the user's own embedding cache.
os.environ.setdefault("LOOKALIKE_CACHE", str(bench_cache() / "cache"))


def mobilenet() -> str:
    """Spec of the shared MobileNetV2."""
    return f"onnx:{shared_data() / 'models' / 'mobilenet_v2_imagenet.onnx'}"


def encoder_spec(name: str) -> str:
    """``mobilenet`` means the shared network; anything else is taken as lookalike takes it."""
    return mobilenet() if name == "mobilenet" else name


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def status_mb(field: str) -> float:
    """``VmRSS`` (resident now) or ``VmHWM`` (most ever) of this process in MB (10^6 bytes).

    Raises:
        RuntimeError: no /proc (not Linux).
    """
    try:
        text = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError as error:
        raise RuntimeError("memory is read from /proc/self/status, which only Linux has") from error
    found = re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"/proc/self/status has no {field}")
    return int(found[1]) * 1024 / 1e6


def folder_mb(folder: Path) -> float:
    """Bytes of all files below a folder, in MB."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def by_turns(sides: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each side, measured A B A B ..., so that a busy minute hits both."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, work in sides.items():
            times[name].append(seconds(work))
    return times


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Median, extremes and every value."""
    return {
        "median": statistics.median(values),
        "lowest": min(values),
        "highest": max(values),
        "runs": [round(value, 6) for value in values],
    }


def child(
    script: Path,
    *arguments: str,
    environment: dict[str, str] | None = None,
    time_limit: float | None = None,
) -> dict[str, Any]:
    """Run a script in a process of its own and return the JSON object that it printed after MARK.

    Raises:
        RuntimeError: it failed; the message holds the end of what it wrote on stderr.
    """
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCES), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=time_limit,
        check=False,
    )
    for line in done.stdout.splitlines():
        if line.startswith(MARK):
            return dict(json.loads(line[len(MARK) :]))
    said = done.stderr.strip()[-1500:]
    raise RuntimeError(f"{script.name} {' '.join(arguments)} ended with {done.returncode}: {said}")


def answer(result: dict[str, Any]) -> None:
    """Hand a result to the parent process (see :func:`child`)."""
    print(MARK + json.dumps(result), flush=True)


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table that also reads well as plain text; numbers to the right."""
    cells = [[str(value) for value in row] for row in rows]
    columns = [[row[i] for row in cells] for i in range(len(header))]
    widths = [max(3, len(head), *map(len, column)) for head, column in zip(header, columns, strict=True)]
    right = [all(re.match(r"[-+]?\d|-?$", cell) for cell in column) for column in columns]

    def line(row: Sequence[str]) -> str:
        padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True))
        return f"| {' | '.join(padded)} |"

    rules = ("-" * (w + 1) + (":" if r else "-") for w, r in zip(widths, right, strict=True))
    lines = [
        f"**{title}**",
        "",
        line(list(header)),
        f"|{'|'.join(rules)}|",
        *(line(row) for row in cells),
        "",
    ]
    return "\n".join(lines)


def number(value: float, digits: int = 1) -> str:
    """A number for a table: thousands with commas, ``digits`` after the point."""
    return f"{value:,.{digits}f}"


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def parser(description: str | None) -> argparse.ArgumentParser:
    """An argument parser with the options that every benchmark has."""
    shown = argparse.ArgumentDefaultsHelpFormatter
    made = argparse.ArgumentParser(description=description, formatter_class=shown)
    made.add_argument("-o", "--output", type=Path, help="write the results as JSON to this file")
    made.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    return made


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = "unknown"
    info = Path("/proc/cpuinfo")
    if info.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(encoding="utf-8"), re.MULTILINE)
        model = found[1].strip() if found else model
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"processor": model, "cores": cores(), "python": platform.python_version(), "load_at_start": load}


class Results:
    """Collects tables and numbers; prints the tables, and writes everything as JSON with -o."""

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self._output: Path | None = options.output
        settings = {key: _plain(value) for key, value in vars(options).items() if key != "output"}
        self.document: dict[str, Any] = {"benchmark": name, "machine": machine(), "options": settings}
        self.document |= {"targets": [], "tables": []}

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table and keep it."""
        text = table(title, header, rows)
        print(text, flush=True)
        self.document["tables"].append(text)

    def target(
        self, what: str, measured: float, wanted: float, *, at_most: bool = False, unit: str = ""
    ) -> bool:
        """Say whether a target was met."""
        met = measured <= wanted if at_most else measured >= wanted
        word, sign = "met   " if met else "MISSED", "<=" if at_most else ">="
        print(f"{word} {what}: {measured:,.4g}{unit} (wanted {sign} {wanted:,.4g}{unit})", flush=True)
        said = {"what": what, "measured": measured, "wanted": wanted, "at_most": at_most, "met": met}
        self.document["targets"].append(said)
        return met

    def keep(self, **values: Any) -> None:
        """Numbers for the JSON file; called often, so that a run that is stopped leaves what it has."""
        self.document.update(values)
        self.write()

    def write(self) -> None:
        """Write the JSON file where one was asked for."""
        if self._output is not None:
            self._output.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(self.document, indent=2, default=_plain)
            self._output.write_text(f"{text}\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return value.item() if hasattr(value, "item") else value
