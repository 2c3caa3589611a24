"""Whole-process time of ``lookalike search QUERY --gallery G --json`` on a warm gallery of 10,000 images.

With the classic encoder and with MobileNetV2 as ONNX, against ``python -c pass``, ``python -c "import lookalike"`` and
``python -c "import lancedb"`` in the same run, by turns. The galleries are indexed once and kept in the bench cache. A table
of what importing costs follows (``python -X importtime``), which slows everything down somewhat: read it as shares.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from _common import (
    SOURCES,
    Results,
    bench_cache,
    by_turns,
    encoder_spec,
    number,
    parser,
    say,
    shared_data,
    summary,
)
from _generate import small_images

COMMAND = "from lookalike.cli.main import run; run()"
SHOWN = 14
"""Packages in the table of imports."""


def gallery_of(encoder: str, images: int) -> Path:
    """A gallery of that many generated images; made once."""
    from lookalike.encoders import load_encoder
    from lookalike.gallery import Gallery

    fingerprint = load_encoder(encoder_spec(encoder)).card.fingerprint
    place = bench_cache() / f"start-{images}-{re.sub(r'[^a-z]+', '-', encoder)}-{fingerprint[:8]}"
    if (place / "complete").exists():
        return place / "gallery"
    shutil.rmtree(place, ignore_errors=True)
    say(f"indexing {images:,} images with {encoder}")
    source = small_images(bench_cache() / "generated" / f"start-{images}", images)
    Gallery.create(place / "gallery", encoder_spec(encoder)).index(source, cache=False)
    (place / "complete").touch()
    return place / "gallery"


def python(*arguments: str) -> str:
    """Run the interpreter; returns what it wrote on stdout (on stderr with -X importtime)."""
    done = subprocess.run(
        [sys.executable, *arguments], env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr[-800:]}")
    return done.stderr if "importtime" in arguments else done.stdout


def search_arguments(gallery: Path) -> list[str]:
    """What follows `python`."""
    query = sorted((shared_data() / "tll" / "left").glob("*.jpg"))[0]
    return ["-c", COMMAND, "search", str(query), "--gallery", str(gallery), "--json"]


def imports(arguments: list[str]) -> tuple[float, list[tuple[str, float]]]:
    """(all importing, [(package, its own)]) in ms, costliest first, of one process."""
    spent: dict[str, float] = {}
    for line in python("-X", "importtime", *arguments).splitlines():
        found = re.match(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)", line)
        if found:
            parts = found[2].split(".")
            name = ".".join(parts[:2]) if parts[0] == "lookalike" else parts[0]
            spent[name] = spent.get(name, 0.0) + int(found[1]) / 1e3
    return sum(spent.values()), sorted(spent.items(), key=lambda item: -item[1])


def measure(options: argparse.Namespace) -> None:
    """The whole benchmark."""
    results = Results("start_time", options)
    images = 200 if options.quick else options.images
    commands = {
        "python -c pass": ["-c", "pass"],
        'python -c "import lookalike"': ["-c", "import lookalike"],
        'python -c "import lancedb"': ["-c", "import lancedb"],
        "lookalike --version": ["-c", COMMAND, "--version"],
    }
    searches = {}
    for encoder in options.encoders:
        searches[f"lookalike search, {encoder}"] = search_arguments(gallery_of(encoder, images))
    commands |= searches
    for name, arguments in searches.items():
        hits = json.loads(python(*arguments))["hits"]
        say(f"{name}: {len(hits)} hits")
    sides: dict[str, Callable[[], object]] = {
        name: partial(python, *arguments) for name, arguments in commands.items()
    }
    by_turns(sides, 1)
    times = {
        name: summary(runs) for name, runs in by_turns(sides, 3 if options.quick else options.rounds).items()
    }
    base = times['python -c "import lancedb"']["median"]
    rows = [
        [name, number(one["median"], 2), number(one["lowest"], 2), number(one["median"] / base, 2)]
        for name, one in times.items()
    ]
    results.table(
        f"Whole process, gallery of {images:,} images",
        ["command", "median s", "lowest s", "times importing lancedb"],
        rows,
    )
    for name in searches:
        results.target(name, times[name]["median"], 2.0, at_most=True, unit=" s")
    results.keep(times=times)
    for name, arguments in searches.items():
        whole, packages = imports(arguments)
        rows = [
            [package, number(spent, 0), number(100 * spent / whole, 0)] for package, spent in packages[:SHOWN]
        ]
        results.table(f"Importing, {name}: {whole:,.0f} ms", ["package", "ms", "%"], rows)
        results.keep(**{f"imports, {name}": dict(packages[:40])})


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(SOURCES)}


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument("--images", type=int, default=10_000)
    options_of.add_argument("--rounds", type=int, default=7)
    options_of.add_argument("--encoders", nargs="+", default=["classic", "mobilenet"])
    measure(options_of.parse_args())


if __name__ == "__main__":
    main()
