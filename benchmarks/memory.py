"""Resident memory of indexing 1,000, 10,000 and 100,000 images: does it stay flat?

The images are generated (JPEG, 96 x 96, all different). Each size is indexed by a process of its own into a
new gallery, without the embedding cache; its peak is ``VmHWM`` of /proc/self/status. The named alternative is
the same process at the smallest size: flat means a ratio near 1.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
from pathlib import Path

from _common import (
    Results,
    answer,
    bench_cache,
    child,
    encoder_spec,
    folder_mb,
    number,
    parser,
    say,
    status_mb,
)
from _generate import small_images


def run(source: Path, encoder: str, work: Path) -> None:
    """Index once and report memory, in a child."""
    from lookalike.gallery import Gallery

    place = Path(tempfile.mkdtemp(prefix="lookalike-bench-", dir=work))
    try:
        gallery = Gallery.create(place / "gallery", encoder)
        before = status_mb("VmRSS")
        samples: list[float] = []
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.2):
                samples.append(status_mb("VmRSS"))

        watcher = threading.Thread(target=watch)
        watcher.start()
        report = gallery.index(source, cache=False)
        done.set()
        watcher.join()
        samples.append(status_mb("VmRSS"))
        result = {
            "images": report.indexed,
            "problems": report.problems,
            "images_per_second": report.images_per_second,
            "before_mb": before,
            "median_mb": sorted(samples)[len(samples) // 2],
            "peak_mb": status_mb("VmHWM"),
            "gallery_mb": folder_mb(place / "gallery"),
        }
    finally:
        shutil.rmtree(place)
    answer(result)


def measure(options: argparse.Namespace) -> None:
    """The whole benchmark."""
    results = Results("memory", options)
    sizes = [200, 1_000] if options.quick else sorted(options.sizes)
    work: Path = options.work or bench_cache()
    rows: list[list[str]] = []
    measured = []
    for size in sizes:
        folder = work / "generated" / f"{size}"
        say(f"generating {size:,} images in {folder}")
        small_images(folder, size)
        say(f"indexing {size:,} images")
        arguments = ("--source", str(folder), "--encoder", encoder_spec(options.encoder), "--work", str(work))
        one = child(Path(__file__), "--run", *arguments)
        measured.append(one)
        rows.append(
            [
                number(one["images"], 0),
                number(one["images_per_second"], 0),
                number(one["before_mb"], 0),
                number(one["median_mb"], 0),
                number(one["peak_mb"], 0),
                number(one["peak_mb"] / measured[0]["peak_mb"], 2),
                number(one["gallery_mb"], 1),
            ]
        )
        results.keep(measured=measured)
        if not options.keep:
            shutil.rmtree(folder)
    header = ["images", "images/s", "MB before", "median MB", "peak MB", "times the smallest", "MB on disk"]
    results.table(f"Resident memory of indexing with {options.encoder}", header, rows)
    results.target("peak MB of the largest", measured[-1]["peak_mb"], 1_200.0, at_most=True)
    growth = measured[-1]["peak_mb"] / measured[0]["peak_mb"]
    results.target(f"peak at {sizes[-1]:,} images / peak at {sizes[0]:,} (flat)", growth, 1.5, at_most=True)
    results.write()


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument(
        "--encoder", default="mobilenet", help="mobilenet, classic, classic:PART, onnx:PATH"
    )
    options_of.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    options_of.add_argument(
        "--work", type=Path, help="folder for images and galleries (default: the bench cache)"
    )
    options_of.add_argument("--keep", action="store_true", help="keep the generated images")
    options_of.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    options_of.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    options = options_of.parse_args()
    if options.run:
        run(options.source, options.encoder, options.work)
    else:
        measure(options)


if __name__ == "__main__":
    main()
