"""Latency of `lookalike serve` under load: people who leaf, search by likeness, refine, and look at images at once.

A gallery of random unit vectors is made (the vectors decide the work of a search, not what they mean), served by a
process of its own as the command does, and asked by PEOPLE at once, who look at each answer for PAUSE seconds on average before
the next question; then, in the same run, by as many who never look (the machine's limit, the alternative). Prints
latencies as the people see them, by kind of question, and the server's own seconds of a search through the API::

    python benchmarks/serve.py --images 100000 --people 20 --seconds 30
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
from PIL import Image

from lookalike.gallery import Gallery
from lookalike.gallery.store import Store
from lookalike.studies.simulate_lean import LeanTransport


def fill(place: Path, images: int, encoder: str) -> None:
    """A gallery of that many rows with random vectors and one thumbnail each."""
    gallery = Gallery.create(place, encoder)
    store: Store = gallery.store
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (120, 160, 3), dtype=np.uint8)).save(buffer, "JPEG", quality=75)
    for start in range(0, images, 10_000):
        count = min(10_000, images - start)
        vectors = rng.standard_normal((count, gallery.settings.dim)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        codes = store.codec.encode(vectors)
        ids = np.arange(start, start + count)
        store.append(
            pa.table(
                {
                    "id": ids,
                    "path": [f"/nowhere/{i:07}.jpg" for i in ids],
                    "content": [f"{i:064x}" for i in ids],
                    "signature": [""] * count,
                    "source": ["/nowhere"] * count,
                    "label": [f"kind {i % 50}" for i in ids],
                    "width": pa.array([160] * count, pa.int32()),
                    "height": pa.array([120] * count, pa.int32()),
                    "missing": [False] * count,
                    "thumbnail": [buffer.getvalue()] * count,
                    "vector": pa.FixedSizeListArray.from_arrays(
                        pa.array(np.ascontiguousarray(codes).ravel()), codes.shape[1]
                    ),
                }
            )
        )
    store.tidy()


async def person(
    client: httpx.AsyncClient,
    images: int,
    until: float,
    pause: float,
    seed: int,
    found: dict[str, list[float]],
) -> None:
    """One person: pages, searches and thumbnails, one after the other, each looked at for a while."""
    draw = random.Random(seed)
    while time.perf_counter() < until:
        row = draw.randrange(images)
        filtered = f"label = 'kind {draw.randrange(50)}'"
        questions = [
            ("page", "/g/load", {}),
            ("search", "/g/load", {"like": row}),
            ("refine", "/g/load", {"like": row, "unlike": draw.randrange(images)}),
            ("more", "/g/load/search", {"like": row, "start": 60}),
            ("filter", "/g/load", {"like": row, "where": filtered}),
            ("image", f"/g/load/image/{draw.randrange(images)}", {}),
        ]
        for kind, path, query in questions:
            await asyncio.sleep(draw.expovariate(1 / pause) if pause else 0)
            start = time.perf_counter()
            answer = await client.get(path, params=query)
            found.setdefault(kind, []).append(time.perf_counter() - start)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:200])
        await asyncio.sleep(draw.expovariate(1 / pause) if pause else 0)
        start = time.perf_counter()
        body = {"ids": [draw.randrange(images)], "k": 60}
        answer = await client.post("/api/galleries/load/search", json=body, headers={"X-Lookalike": "1"})
        found.setdefault("api", []).append(time.perf_counter() - start)
        found.setdefault("server", []).append(answer.json()["seconds"])


async def load(
    address: str, images: int, people: int, seconds: float, pause: float
) -> dict[str, list[float]]:
    """Everybody at once; the crowd's own processor time is kept small, for it shares the server's cores."""
    found: dict[str, list[float]] = {}
    async with httpx.AsyncClient(base_url=address, timeout=60, transport=LeanTransport()) as client:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(person(client, images, until, pause, seed, found) for seed in range(people)))
    return found


def serve(place: Path) -> tuple[subprocess.Popen[bytes], str, float]:
    """The command, and how long it took until its first page was there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.perf_counter()
    program = "from lookalike.cli.main import run; run()"
    command = [sys.executable, "-c", program, "serve", "--gallery", f"load={place}", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    while True:
        try:
            httpx.get(f"{address}/healthz")
            return process, address, time.perf_counter() - start
        except httpx.TransportError:
            if process.poll() is not None:
                raise SystemExit("the server ended") from None
            time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument(
        "--pause", type=float, default=1.0, help="seconds of looking before each question, on average"
    )
    parser.add_argument("--encoder", default="classic")
    parser.add_argument("--gallery", type=Path, help="keep the gallery here, and use it when it is there")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = options.gallery or Path(scratch) / "load.gallery"
        if not (place / "gallery.json").exists():
            fill(place, options.images, options.encoder)
        images = len(Gallery.open(place))
        process, address, started = serve(place)
        try:
            first = time.perf_counter()
            httpx.get(f"{address}/g/load").raise_for_status()
            first = time.perf_counter() - first
            loads = {
                name: asyncio.run(load(address, images, options.people, options.seconds, pause))
                for name, pause in (
                    (f"looking for {options.pause:g} s", options.pause),
                    ("never looking", 0.0),
                )
            }
        finally:
            process.terminate()
            process.wait(timeout=30)
    report = {
        "images": images, "people": options.people, "start_seconds": round(started, 2),
        "first_page_ms": round(1000 * first, 1), "milliseconds": {name: percentiles(found) for name, found in loads.items()},
    }  # fmt: skip
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(
        f"{images:,} images, {options.people} people at once; started in {started:.1f} s, first page {1000 * first:.0f} ms"
    )
    for name, found in loads.items():
        print(f"\n{name}: {sum(map(len, found.values())) / options.seconds:.0f} questions/s")
        for kind, row in percentiles(found).items():
            print(
                f"{kind:8} {row['count']:6} answers  p50 {row['p50']:8.1f}  p95 {row['p95']:8.1f}  p99 {row['p99']:8.1f} ms"
            )


def percentiles(found: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """How many answers of each kind, and their 50th, 95th and 99th percentile in milliseconds."""
    return {
        kind: {
            "count": len(times),
            **{f"p{p}": round(1000 * float(np.percentile(times, p)), 1) for p in (50, 95, 99)},
        }
        for kind, times in found.items()
    }


if __name__ == "__main__":
    main()
