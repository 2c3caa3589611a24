"""Searching 10^4, 10^5 and 10^6 vectors of 512 numbers: lookalike, NumPy, faiss, usearch, hnswlib, Lance.

One table a size: build time (all cores), single queries a second (one thread, one query at a time), recall@10
against exact search, resident memory, bytes on disk. Every engine searches in a process of its own, by turns;
``times NumPy`` compares queries/s with the NumPy product of the same rounds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from _common import ROOT, Results, answer, bench_cache, child, folder_mb, number, parser, say, status_mb
from _engines import ENGINES, SAME_BUILD
from _vectors import make, recall
from numpy.typing import NDArray

WANTED_RECALL = 0.95
WARM_UP = 20


def run_build(engine: str, data: Path, place: Path) -> None:
    """Build one engine's files, in a child."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    made = ENGINES[engine](place)
    started = time.perf_counter()
    details = made.build(data / "base.npy")
    seconds = time.perf_counter() - started
    answer({"seconds": seconds, "disk_mb": folder_mb(place), "peak_mb": status_mb("VmHWM"), **details})


def run_search(engine: str, data: Path, place: Path, budget: float) -> None:
    """Search one query after another, in a child."""
    queries, truth = np.load(data / "queries.npy"), np.load(data / "truth.npy")
    tuning, tuning_truth = np.load(data / "tuning.npy"), np.load(data / "tuning-truth.npy")
    if os.environ.get("OMP_NUM_THREADS") == "1":
        _one_thread_for_arrow()
    before = status_mb("VmRSS")
    made = ENGINES[engine](place)
    started = time.perf_counter()
    made.load()
    made.search(queries[0])
    loading = time.perf_counter() - started
    effort = None
    for effort in made.ladder:  # the last one stays where none reaches it
        made.set_effort(effort)
        if recall(np.stack([made.search(query) for query in tuning]), tuning_truth) >= WANTED_RECALL:
            break
    for query in tuning[:WARM_UP]:
        if time.perf_counter() - started > budget + loading:
            break
        made.search(query)
    found: list[NDArray[np.int64]] = []
    times = []
    started = time.perf_counter()
    for query in queries:
        begun = time.perf_counter()
        found.append(made.search(query))
        times.append(time.perf_counter() - begun)
        if time.perf_counter() - started > budget:
            break
    result: dict[str, Any] = {
        "queries": len(found),
        "queries_per_second": len(found) / sum(times),
        "median_ms": statistics.median(times) * 1e3,
        "recall": recall(np.stack(found), truth[: len(found)]),
        "loading_s": loading,
        "effort": effort,
        "more_mb": status_mb("VmRSS") - before,
        "process_mb": status_mb("VmRSS"),
        "peak_mb": status_mb("VmHWM"),
    }
    stamp = getattr(getattr(made, "gallery", None), "index_stamp", None)
    answer({**result, "stamp": stamp})


def _one_thread_for_arrow() -> None:
    import pyarrow as pa

    pa.set_cpu_count(1)


def measure_size(size: int, names: list[str], options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """All engines on one size: name -> numbers."""
    data = make(size, quick=options.quick)
    work = bench_cache() / f"engines-{size}"
    me = Path(__file__)
    measured: dict[str, dict[str, Any]] = {}
    for name in names:
        if name in SAME_BUILD and SAME_BUILD[name] in measured:
            measured[name] = {"build": measured[SAME_BUILD[name]]["build"], "rounds": []}
            continue
        say(f"{size:,}: building {name}")
        place = work / SAME_BUILD.get(name, name)
        try:
            built = child(
                me,
                "--build",
                name,
                "--data",
                str(data),
                "--place",
                str(place),
                time_limit=options.build_limit,
            )
        except Exception as error:  # one engine that cannot be had must not cost the others' hours
            say(f"{size:,}: {name} is left out: {error}")
            continue
        measured[name] = {"build": built, "rounds": []}
    for turn in range(options.rounds):
        for name in [name for name in names if name in measured]:
            say(f"{size:,}: searching with {name}, round {turn + 1} of {options.rounds}")
            place = work / SAME_BUILD.get(name, name)
            one = {
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "MKL_NUM_THREADS": "1",
                "LANCE_CPU_THREADS": "1",
            }
            environment = one if ENGINES[name].threads == 1 else {}
            asked = (
                "--search",
                name,
                "--data",
                str(data),
                "--place",
                str(place),
                "--budget",
                str(options.budget),
            )
            measured[name]["rounds"].append(child(me, *asked, environment=environment))
    for values in measured.values():
        for key in ("queries_per_second", "median_ms", "recall", "more_mb", "process_mb", "loading_s"):
            values[key] = statistics.median(one[key] for one in values["rounds"])
        values["effort"] = values["rounds"][0]["effort"]
        values["stamp"] = values["rounds"][0]["stamp"]
    if not options.keep:
        shutil.rmtree(work, ignore_errors=True)
    return measured


def show(results: Results, size: int, measured: dict[str, dict[str, Any]]) -> None:
    """The table of one size."""
    base = measured["numpy"]["queries_per_second"] if "numpy" in measured else float("nan")
    rows = [
        [
            ENGINES[name].title,
            number(values["build"]["seconds"]),
            number(values["queries_per_second"], 1 if values["queries_per_second"] < 100 else 0),
            number(values["median_ms"], 2),
            number(values["queries_per_second"] / base, 2),
            number(values["recall"], 3),
            number(values["more_mb"], 0),
            number(values["process_mb"], 0),
            number(values["build"]["disk_mb"], 0),
        ]
        for name, values in measured.items()
    ]
    header = [
        "engine",
        "build s",
        "queries/s",
        "ms",
        "times NumPy",
        "recall@10",
        "MB more",
        "MB process",
        "MB disk",
    ]
    results.table(f"{size:,} vectors of 512 numbers, single queries on one thread", header, rows)
    for name in ("lookalike-index", "lookalike-hits"):
        stamp = measured.get(name, {}).get("stamp")
        if stamp:
            print(
                f"{ENGINES[name].title}: {stamp['lists']} lists, {stamp['probes']} probes, own recall {stamp['recall']}"
            )
    if size == 100_000 and "lookalike-exact-threads" in measured:
        took = measured["lookalike-exact-threads"]["median_ms"]
        results.target("exact top-10 over 100,000", took, 10.0, at_most=True, unit=" ms")
    if size >= 1_000_000 and "lookalike-index" in measured:
        ours = measured["lookalike-index"]
        results.target(f"recall@10 over {size:,}", ours["recall"], WANTED_RECALL)
        results.target(f"single queries/s over {size:,}", ours["queries_per_second"], 1_000.0)
        results.target(f"MB of the process over {size:,}", ours["process_mb"], 800.0, at_most=True)


def draw(everything: dict[str, dict[str, dict[str, Any]]], file: Path) -> None:
    """Milliseconds of a query and memory against the number of vectors, both axes logarithmic."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "lookalike"
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.8), sharex=True)
    shown = [name for name in ENGINES if name not in SAME_BUILD]
    for axis, key, title in (
        (axes[0], "median_ms", "one query, ms"),
        (axes[1], "more_mb", "memory, MB more"),
    ):
        for name in shown:
            sizes = [int(size) for size in everything if name in everything[size]]
            values = [max(everything[str(size)][name][key], 1e-3) for size in sizes]
            if sizes:
                ours = name.startswith("lookalike")
                style = {"linewidth": 2.6, "zorder": 3} if ours else {"linewidth": 1.2, "alpha": 0.8}
                axis.plot(sizes, values, marker="o", markersize=4, label=ENGINES[name].title, **style)
        axis.set(xscale="log", yscale="log", xlabel="vectors of 512 numbers", title=title)
        axis.grid(True, which="major", alpha=0.3)
    axes[1].legend(fontsize=8, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})
    say(f"drawn: {file}")


def measure(options: argparse.Namespace) -> None:
    """The whole benchmark."""
    results = Results("search_speed", options)
    sizes = [2_000, 4_000] if options.quick else sorted(options.sizes)
    everything: dict[str, dict[str, dict[str, Any]]] = {}
    for size in sizes:
        everything[str(size)] = measure_size(size, options.engines, options)
        show(results, size, everything[str(size)])
        results.keep(measured=everything)
    if len(sizes) > 1 and options.figure:
        draw(everything, options.figure)


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options_of.add_argument(
        "--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES), metavar="ENGINE"
    )
    options_of.add_argument("--rounds", type=int, default=3, help="search runs of each engine")
    options_of.add_argument(
        "--budget", type=float, default=10.0, help="seconds of queries in one run, at most"
    )
    options_of.add_argument(
        "--build-limit", type=float, default=7_200.0, help="seconds that one build may take"
    )
    options_of.add_argument("--figure", type=Path, default=ROOT / "docs" / "images" / "search-growth.svg")
    options_of.add_argument("--keep", action="store_true", help="keep what was built")
    options_of.add_argument("--build", help=argparse.SUPPRESS)
    options_of.add_argument("--search", help=argparse.SUPPRESS)
    options_of.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options_of.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    options = options_of.parse_args()
    if options.build:
        run_build(options.build, options.data, options.place)
    elif options.search:
        run_search(options.search, options.data, options.place, options.budget)
    else:
        measure(options)


if __name__ == "__main__":
    main()
