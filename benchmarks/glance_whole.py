"""The embedded encoder as people meet it: ``lookalike compare A B`` as a whole process, and files to a gallery, images/s.

Cold start: a process from nothing to the printed distances, without an embedding cache, beside ``python -c pass`` in the
same run. Embedding: ``encoder.embed`` on files (open, decode, resize, network). Indexing: ``Gallery.index`` into a new
gallery without the cache (hashes, thumbnails and rows on disk come on top). Both for ``glance`` and for MobileNetV2 by
ONNX Runtime on the same files of Totally-Looks-Like (about 200 x 245 pixels), by turns.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from _common import SOURCES, Results, by_turns, cores, encoder_spec, number, parser, say, shared_data, summary

COMMAND = "from lookalike.cli.main import run; run()"
ENCODERS = ("glance", "mobilenet")


def process(cache: Path, *arguments: str) -> None:
    """Run the interpreter to its end; the embedding cache is ``cache``."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "LOOKALIKE_CACHE": str(cache)}
    subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=True)


def cold_start(results: Results, images: list[Path], rounds: int, folder: Path) -> None:
    """``lookalike compare A B``: the whole process."""
    turn = iter(range(10_000))
    compare = ["-c", COMMAND, "compare", str(images[0]), str(images[1])]

    def whole() -> None:
        process(folder / f"cache-{next(turn)}", *compare)  # an empty one each time

    sides: dict[str, Callable[[], object]] = {
        "lookalike compare A B": whole,
        "python -c pass": partial(process, folder / "cache", "-c", "pass"),
    }
    by_turns(sides, 1)  # the first start reads the files from the disk
    times = {name: summary(runs) for name, runs in by_turns(sides, rounds).items()}
    rows = [
        [name, number(one["median"], 2), f"{one['lowest']:.2f} to {one['highest']:.2f}"]
        for name, one in times.items()
    ]
    results.keep(cold_start=times)
    results.table("Cold start, whole processes", ["process", "seconds", "range"], rows)
    results.target(
        "lookalike compare A B", times["lookalike compare A B"]["median"], 1.0, at_most=True, unit=" s"
    )


def end_to_end(results: Results, images: list[Path], rounds: int, folder: Path) -> None:
    """Files to embeddings, and files to a gallery."""
    from lookalike.encoders import load_encoder
    from lookalike.gallery import Gallery

    turn = iter(range(10_000))
    source = folder / "source"
    source.mkdir()
    for path in images:
        (source / path.name).symlink_to(path)

    def index(spec: str) -> None:
        Gallery.create(folder / f"gallery-{next(turn)}", spec).index(source, cache=False)

    sides: dict[str, Callable[[], object]] = {}
    for name in ENCODERS:
        sides[f"{name}: embedding files"] = partial(load_encoder(encoder_spec(name)).embed, images)
        sides[f"{name}: indexing files"] = partial(index, encoder_spec(name))
    say(f"{len(images)} files, {rounds} rounds")
    times = by_turns(sides, rounds)
    speeds = {name: summary([len(images) / one for one in runs]) for name, runs in times.items()}
    rows = [
        [name, number(one["median"], 0), f"{one['lowest']:.0f} to {one['highest']:.0f}"]
        for name, one in speeds.items()
    ]
    results.keep(end_to_end=speeds)
    results.table(f"End to end, {cores()} cores", ["", "images/s", "range"], rows)
    results.target(
        "glance, files to embeddings", speeds["glance: embedding files"]["median"], 300.0, unit="/s"
    )


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument("--rounds", type=int, default=5)
    options_of.add_argument("--images", type=int, default=1_000)
    options = options_of.parse_args()
    results = Results("glance_whole", options)
    images, rounds = _images(options)
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder:
        cold_start(results, images, rounds + 2, Path(folder))
        end_to_end(results, images, rounds, Path(folder))


def _images(options: argparse.Namespace) -> tuple[list[Path], int]:
    count, rounds = (24, 1) if options.quick else (options.images, options.rounds)
    return sorted((shared_data() / "tll" / "left").glob("*.jpg"))[:count], rounds


if __name__ == "__main__":
    main()
