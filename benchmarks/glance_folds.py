"""Recall on Totally-Looks-Like of ``glance`` where it is a measurement: by runs that never saw the pairs they are scored on.

    python scripts/guess_pairs.py TLL UNPAIRED --encoder ... --out pairs-0 --fold 0 3                    # then 1 3 and 2 3
    lookalike train glance-align --set data.train=pairs-0 --set data.split_by=column ... --out fold-0
    python scripts/average_runs.py white fold-0 --share 0.8 --out fold-0-80           # as the shipped one was made
    python benchmarks/glance_folds.py fold-0-80 [...] --int8 UNPAIRED --beside white classic mobilenet --comparator mobilenet

The split is made again from each run's own recipe. Queries: the left images of the pairs that a run held out; gallery: all right
images. The encoders ``--beside`` answer the same queries, and so does a comparator fitted on the pairs that are left. With the
extra ``faces``, each also with 0.75 times the distance of faces. One run alone gives the queries of its own fold. ``--among N``
adds what is to be expected of N of the right images, each query's own among them, all such galleries being alike probable.
With ``--int8`` the runs are measured as the shipped encoder is exported: in int8, calibrated on 256 of these photographs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from _common import Results, encoder_spec, parser, say, shared_data

RANKS = (1, 5, 10, 20, 50, 100)


def held_out(run: Path, left: list[str]) -> Any:
    """Positions in the table of the pairs that a run held out."""
    from lookalike.training import Recipe
    from lookalike.training.data_options import options_of
    from lookalike.training.data_rows import read_sides

    recipe = Recipe.load(run / "recipe.toml")
    validation = read_sides(options_of(recipe, "pairs")).validation
    position = {Path(name).name: row for row, name in enumerate(left)}
    names = [Path(validation.names[i]).name for i in validation.columns["images"]]
    return np.array(sorted(position[name] for name in names))


def in_int8(run: Path, photographs: Path, folder: Path) -> str:
    """The run as the shipped encoder is exported, by name."""
    from lookalike.training.export import export_onnx
    from lookalike.training.export_images import some_images

    target = folder / f"{run.name}.onnx"
    say(f"{run}: {export_onnx(run, target, precision='int8', images=some_images(photographs))}")
    return f"onnx:{target}"


class Queries:
    """The held-out queries of all runs, and the rank of each one's own image by name of what ranked."""

    def __init__(self, options: argparse.Namespace) -> None:
        from lookalike.judgments import read_tll

        table = read_tll(shared_data() / "tll")
        self.left, self.right = ([str(path) for path in table.paths(side)] for side in ("left", "right"))
        self.folds = {run: held_out(run, self.left) for run in options.runs}
        covered = np.concatenate(list(self.folds.values()))
        if len(set(covered.tolist())) < len(covered):
            raise SystemExit("a pair is held out by two of the runs; give each fold once")
        self.rows = np.sort(covered)
        self.ranks: dict[str, Any] = {}
        self.faces = self._faces() if not options.no_faces else None

    def _faces(self) -> Any:
        from lookalike.benchmarks.distances import set_distances
        from lookalike.encoders import load_encoder
        from lookalike.encoders.faces import descriptors, detect_cached

        encoder: Any = load_encoder("faces")
        left = [descriptors(found) for found in detect_cached(encoder, self.left)]
        right = [descriptors(found) for found in detect_cached(encoder, self.right)]
        return set_distances(left, right)

    def add(self, name: str, rows: Any, distances: Any) -> None:
        """Distances (len(rows), gallery) of some queries."""
        own = distances[np.arange(len(rows)), rows]
        found = self.ranks.setdefault(name, np.zeros(len(self.left), dtype=int))
        found[rows] = 1 + (distances < own[:, None]).sum(axis=1)

    def by_encoder(self, name: str, rows: Any, spec: str) -> None:
        """With and without faces."""
        from lookalike.benchmarks.distances import with_faces
        from lookalike.encoders import load_encoder
        from lookalike.encoders.cache import EmbeddingCache, embed_cached
        from lookalike.similarity import distance_matrix

        say(f"{name}: {spec}, {len(rows)} queries")
        encoder = load_encoder(spec)
        with EmbeddingCache() as cache:
            queries = embed_cached(encoder, [self.left[i] for i in rows], cache)
            gallery = embed_cached(encoder, self.right, cache)
        distances = distance_matrix(queries, gallery)
        self.add(name, rows, distances)
        if self.faces is not None:
            self.add(f"{name} + faces", rows, with_faces(distances, self.faces[rows]))

    def by_comparator(self, spec: str, rows: Any) -> None:
        """Fitted on the pairs that this fold's run learned from."""
        from lookalike import Comparator

        say(f"comparator on {spec}, {len(rows)} queries")
        train = np.setdiff1d(np.arange(len(self.left)), rows)
        made = Comparator.fit(
            [self.left[i] for i in train],
            [self.right[i] for i in train],
            encoder=encoder_spec(spec),
            faces=self.faces is not None,
        )
        self.add(f"comparator on {spec}", rows, -made.matrix([self.left[i] for i in rows], self.right))

    def lines(self) -> Iterator[tuple[str, list[Any]]]:
        """Name, estimates."""
        from lookalike.benchmarks.statistics import proportion

        for name, found in self.ranks.items():
            yield name, [proportion((found[self.rows] <= k).astype(float)) for k in RANKS]

    def expected(self, gallery: int) -> Iterator[tuple[str, list[float]]]:
        """Name, and the mean over random galleries: how many of the nearer ones are in it is hypergeometric."""
        from scipy.stats import hypergeom

        for name, found in self.ranks.items():
            nearer = found[self.rows] - 1
            yield (
                name,
                [float(hypergeom.cdf(k - 1, len(self.right) - 1, nearer, gallery - 1).mean()) for k in RANKS],
            )


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument("runs", type=Path, nargs="+", help="run folders, one for each fold")
    options_of.add_argument(
        "--beside", nargs="*", default=[], help="encoders that learned from none of the pairs"
    )
    options_of.add_argument("--comparator", nargs="*", default=[], help="encoders to fit a comparator on")
    options_of.add_argument(
        "--int8", type=Path, help="folder of photographs to calibrate exports of the runs on"
    )
    options_of.add_argument("--no-faces", action="store_true")
    options_of.add_argument("--among", type=int, help="also what is to be expected of so small a gallery")
    options = options_of.parse_args()
    results = Results("glance_folds", options)
    queries = Queries(options)
    with TemporaryDirectory() as folder:
        for run, rows in queries.folds.items():
            spec = str(run) if options.int8 is None else in_int8(run, options.int8, Path(folder))
            queries.by_encoder("glance, held out", rows, spec)
    for spec in options.beside:
        queries.by_encoder(spec, queries.rows, encoder_spec(spec))
    for spec in options.comparator:
        for rows in queries.folds.values():
            queries.by_comparator(spec, rows)
    found = dict(queries.lines())
    results.keep(
        recall={
            name: {str(k): e.to_dict() for k, e in zip(RANKS, row, strict=True)}
            for name, row in found.items()
        }
    )
    results.table(
        f"{len(queries.rows):,} queries, {len(queries.right):,} images to find among, in % (95 %, Wilson)",
        ["", *(f"@{k}" for k in RANKS)],
        [
            [name, *(f"{100 * e.value:.1f} ({100 * e.low:.1f} to {100 * e.high:.1f})" for e in row)]
            for name, row in found.items()
        ],
    )
    if options.among:
        results.table(
            f"the same, expected among {options.among:,} images, in %",
            ["", *(f"@{k}" for k in RANKS)],
            [
                [name, *(f"{100 * share:.1f}" for share in row)]
                for name, row in queries.expected(options.among)
            ],
        )


if __name__ == "__main__":
    main()
