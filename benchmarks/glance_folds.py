"""Recall on Totally-Looks-Like of an encoder that was aligned to pairs in folds: each query by the run that never saw it.

    for fold in 0 1 2 3 4; do lookalike train glance-align --set "data.fold=[$fold,5]" ... --out align-$fold; done
    python benchmarks/glance_folds.py align-0 align-1 align-2 align-3 align-4 --before glance-sharpen

The split is made again from each run's own recipe. Gallery: all right images; queries: the left images of the fold that
the run held out. ``--before`` is the encoder that the runs began with, on the same queries.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from _common import Results, parser, say, shared_data

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


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument("runs", type=Path, nargs="+", help="run folders, one for each fold")
    options_of.add_argument("--before", help="the encoder that they began with")
    options = options_of.parse_args()
    from lookalike.benchmarks.statistics import proportion
    from lookalike.encoders import load_encoder
    from lookalike.encoders.cache import EmbeddingCache, embed_cached
    from lookalike.judgments import read_tll
    from lookalike.similarity import distance_matrix

    results = Results("glance_folds", options)
    table = read_tll(shared_data() / "tll")
    left, right = ([str(path) for path in table.paths(side)] for side in ("left", "right"))
    ranks: dict[str, Any] = {
        "aligned": np.zeros(len(left), dtype=int),
        "before": np.zeros(len(left), dtype=int),
    }
    covered: list[int] = []
    for run in options.runs:
        rows = held_out(run, left)
        say(f"{run}: {len(rows)} pairs held out")
        covered += rows.tolist()
        for name, spec in (("aligned", str(run)), ("before", options.before)):
            if spec is None:
                continue
            encoder = load_encoder(spec)
            with EmbeddingCache() as cache:
                queries = embed_cached(encoder, [left[i] for i in rows], cache)
                gallery = embed_cached(encoder, right, cache)
            distances = distance_matrix(queries, gallery)
            own = distances[np.arange(len(rows)), rows]
            ranks[name][rows] = 1 + (distances < own[:, None]).sum(axis=1)
    if sorted(covered) != list(range(len(left))):
        raise SystemExit("the runs' folds do not cover each pair exactly once")
    lines, kept = [], {}
    for name, found in ranks.items():
        if name == "before" and options.before is None:
            continue
        estimates = {k: proportion((found <= k).astype(float)) for k in RANKS}
        kept[name] = {str(k): one.to_dict() for k, one in estimates.items()}
        lines.append(
            [
                name,
                *(
                    f"{100 * e.value:.1f} ({100 * e.low:.1f} to {100 * e.high:.1f})"
                    for e in estimates.values()
                ),
            ]
        )
    results.keep(recall=kept)
    results.table(
        f"{len(left):,} pairs, each query by the run that never saw it, in % (95 %, Wilson)",
        ["encoder", *(f"@{k}" for k in RANKS)],
        lines,
    )


if __name__ == "__main__":
    main()
