"""Time and memory of all tables of ``lookalike bench tll`` beyond the features, at the size of the whole paper.

6,016 pairs with synthetic embeddings of 1,280 dimensions (a right image is its left one with noise, so that ranks are
spread as in reality), as they come out of the cache: near-duplicates, cosine and L2 matrices, recall, subsets,
associative recall, JSON and CSV tables. With ``--faces`` also sets of face descriptors, G + F, GF and the conditions of
the human study. Each size runs in a process of its own; memory is the highest resident size.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from pathlib import Path

from _common import Results, answer, child, number, parser, say, status_mb

PAIRS = 6_016
DIMENSIONS = 1_280
WANTED_SECONDS = 10.0
WANTED_MB = 1_000.0


def measure(pairs: int, dimensions: int, faces: bool, seed: int) -> dict[str, float]:
    """One run; seconds by stage and memory in MB."""
    import numpy as np
    import pyarrow as pa

    from lookalike.benchmarks.features import Features
    from lookalike.benchmarks.tll import PairsOptions
    from lookalike.benchmarks.tll_run import PairsRun
    from lookalike.encoders import Encoder, EncoderCard, Preprocessing
    from lookalike.encoders.faces import FaceEncoder
    from lookalike.judgments import ImageCatalogue, PairTable

    rng = np.random.default_rng(seed)
    left = rng.standard_normal((pairs, dimensions), dtype=np.float32)
    right = 0.25 * left + rng.standard_normal((pairs, dimensions), dtype=np.float32)
    vectors = np.abs(np.concatenate([left, right]))
    del left, right
    contents = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(2 * pairs)]
    catalogue = ImageCatalogue({content: f"{i}.jpg" for i, content in enumerate(contents)})
    table = PairTable(pa.table({"left": contents[:pairs], "right": contents[pairs:]}), catalogue)

    class Ready(Encoder):
        """An encoder whose vectors are there already."""

        card = EncoderCard("ready", dimensions, (224, 224), Preprocessing(), normalized=False, sha256="ready")

        def _embed(self, pixels: list[np.ndarray]) -> np.ndarray:
            return np.empty((len(pixels), dimensions), dtype=np.float32)

    counts = rng.choice([0, 1, 2], size=2 * pairs, p=[0.45, 0.45, 0.10])
    face_sets = [rng.standard_normal((count, 128)).astype(np.float32) * 0.06 for count in counts]

    class ReadyFeatures(Features):
        """Features that were computed before."""

        def embed(self, _encoder: Encoder) -> np.ndarray:
            return vectors

        def face_sets(self, _encoder: FaceEncoder) -> list[np.ndarray]:
            return face_sets

        def generic_facial(self, _face_encoder: FaceEncoder, _encoder: Encoder) -> list[np.ndarray]:
            return [vectors[i : i + 1].repeat(count, axis=0) for i, count in enumerate(counts)]

    before = status_mb("VmRSS")
    features = ReadyFeatures({content: Path(f"{content}.jpg") for content in contents}, cache=False)
    options = PairsOptions(paper=True, faces=faces, generic_faces=faces)
    started, worked = time.perf_counter(), time.process_time()
    run = PairsRun(table, features, options, None)
    result = run.result([Ready()], skipped={}, skipped_pairs=0, settings={})
    with tempfile.TemporaryDirectory() as folder:
        result.to_dict()
        result.write_tables(Path(folder))
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - worked,
        "before_mb": before,
        "peak_mb": status_mb("VmHWM"),
        **{f"seconds: {stage}": value for stage, value in result.seconds.items()},
    }


def main() -> None:
    options = arguments()
    if options.child:
        answer(measure(options.pairs, options.dimensions, options.faces, options.seed))
        return
    results = Results("bench_scale", options)
    pairs = 400 if options.quick else options.pairs
    met, rows = True, []
    for faces in (False, True):
        say(f"{pairs:,} pairs{', with faces' if faces else ''}")
        flags = ["--faces"] if faces else []
        size = ["--pairs", str(pairs), "--dimensions", str(options.dimensions)]
        found = child(Path(__file__), "--child", *size, "--seed", str(options.seed), *flags)
        stages = {key: value for key, value in found.items() if key.startswith("seconds: ")}
        rows.append(
            [
                "with faces" if faces else "one encoder",
                number(found["seconds"]),
                number(found["cpu_seconds"]),
                number(found["peak_mb"], 0),
            ]
        )
        rows += [
            [f"  {stage.removeprefix('seconds: ')}", number(value, 2), "", ""]
            for stage, value in stages.items()
        ]
        results.keep(**{"with_faces" if faces else "one_encoder": found})
        if not faces:
            met &= results.target("seconds, one encoder", found["seconds"], WANTED_SECONDS, at_most=True)
        met &= results.target("MB", found["peak_mb"], WANTED_MB, at_most=True)
    results.table(
        f"{pairs:,} x {pairs:,}, {options.dimensions} dimensions",
        ["what", "seconds", "CPU seconds", "peak MB"],
        rows,
    )
    results.write()
    sys.exit(0 if met or options.quick else 1)


def arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--pairs", type=int, default=PAIRS, help="pairs of images")
    made.add_argument("--dimensions", type=int, default=DIMENSIONS, help="of an embedding")
    made.add_argument("--seed", type=int, default=0, help="of the synthetic features")
    made.add_argument("--faces", action="store_true", help=argparse.SUPPRESS)
    made.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return made.parse_args()


if __name__ == "__main__":
    main()
