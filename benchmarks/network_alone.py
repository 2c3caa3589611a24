"""The most that two cores could do: the network by itself, with nothing read, decoded or written.

Prints milliseconds of one image on one thread, images/s of one thread a core, and beside them the speed of a NumPy
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
from _common import shared_data

from lookalike.encoders import load_encoder
from lookalike.encoders.parallel import available_cores

RUNS = 150


def main() -> None:
    """Measure and print one Markdown table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    encoder = load_encoder(f"onnx:{shared_data() / 'models' / 'mobilenet_v2_imagenet.onnx'}")
    network = encoder.network  # type: ignore[attr-defined]
    image = np.random.default_rng(0).uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)
    network.embed(image)

    def run(_: int) -> float:
        started = time.perf_counter()
        network.embed(image)
        return time.perf_counter() - started

    alone = statistics.median(run(i) for i in range(RUNS))
    cores = available_cores()
    with ThreadPoolExecutor(cores) as pool:
        started = time.perf_counter()
        list(pool.map(run, range(RUNS * cores)))
        together = RUNS * cores / (time.perf_counter() - started)
    square = np.ones((1024, 1024), dtype=np.float32)
    products = []
    for _ in range(20):
        started = time.perf_counter()
        square @ square
        products.append(2 * 1024**3 / (time.perf_counter() - started) / 1e9)
    print("| network, ms of one core | images/s, a thread a core | matrix product, GFLOP/s of one core |")
    print("|---:|---:|---:|")
    print(f"| {alone * 1000:.2f} | {together:.0f} | {statistics.median(products):.0f} |")


if __name__ == "__main__":
    main()
