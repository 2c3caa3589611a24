"""The most that two cores could do: the network by itself, with nothing read, decoded or written.

Prints, for each encoder and runtime (--sides, as in index_speed.py), milliseconds of one image on one thread, images/s of
one thread a core, and beside them the speed of a NumPy
matrix product (1,024 x 1,024, float32, one thread), so that a machine can be told from another.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from index_speed import PLAIN, SIDES, runnable, spec_of

from lookalike.encoders import load_encoder
from lookalike.encoders.parallel import available_cores

RUNS = 150


def network(side: str, cores: int) -> tuple[float, float]:
    """(seconds of one image on one thread, images/s of a thread a core)."""
    encoder = load_encoder(spec_of(side))
    inner = encoder.network  # type: ignore[attr-defined]
    size = encoder.card.input_size
    image = np.random.default_rng(0).uniform(-1, 1, (1, 3, *size)).astype(np.float32)
    inner.embed(image)

    def run(_: int) -> float:
        started = time.perf_counter()
        inner.embed(image)
        return time.perf_counter() - started

    alone = statistics.median(run(i) for i in range(RUNS))
    with ThreadPoolExecutor(cores) as pool:
        started = time.perf_counter()
        list(pool.map(run, range(RUNS * cores)))
        return alone, RUNS * cores / (time.perf_counter() - started)


def product() -> float:
    """GFLOP/s of NumPy's matrix product on one core, median of 20."""
    square = np.ones((1024, 1024), dtype=np.float32)
    rates = []
    for _ in range(20):
        started = time.perf_counter()
        square @ square
        rates.append(2 * 1024**3 / (time.perf_counter() - started) / 1e9)
    return statistics.median(rates)


def main() -> None:
    """Measure and print one Markdown table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--sides", nargs="+", default=[side for side in SIDES if side not in (PLAIN, "classic")]
    )
    print("| network | ms of one core | images/s, a thread a core | matrix product, GFLOP/s of one core |")
    print("|---|---:|---:|---:|")
    for side in runnable(options.parse_args().sides):
        alone, together = network(side, available_cores())
        print(f"| {side} | {alone * 1000:.2f} | {together:.0f} | {product():.0f} |", flush=True)


if __name__ == "__main__":
    main()
