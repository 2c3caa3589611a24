"""What an embedded encoder must reach, measured in one run: recall on Totally-Looks-Like, Caltech-101, size, speed.

Takes any names of encoders; ``mobilenet`` is the shared teacher, and others may be run folders, ``onnx:FILE`` and so
on. The aims of issue 4 are compared with the first encoder named. Embeddings come from the product's own cache.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from _common import Results, by_turns, encoder_spec, number, parser, say, shared_data, summary

RANKS = (1, 5, 20)
AIMS = {1: 13.0, 5: 27.0, 20: 42.0}
CALTECH_AIM, SIZE_AIM, SPEED_AIM = 85.0, 12.0, 300.0
"""Per cent of 5-NN; MB (10^6 bytes); images/s on two cores, files opened, decoded and embedded."""


def tll(encoder: Any) -> dict[str, Any]:
    """Recall in percent with its 95 % interval (Wilson): query = left image, gallery = all right images."""
    from lookalike.benchmarks.recall import recall
    from lookalike.encoders.cache import EmbeddingCache, embed_cached
    from lookalike.judgments import read_tll
    from lookalike.similarity import distance_matrix

    table = read_tll(shared_data() / "tll")
    with EmbeddingCache() as cache:
        left, right = (embed_cached(encoder, table.paths(side), cache) for side in ("left", "right"))
    found = recall(distance_matrix(left, right)).at
    return {
        str(rank): {
            "value": 100 * found[rank].value,
            "interval": [100 * found[rank].low, 100 * found[rank].high],
        }
        for rank in RANKS
    }


def caltech(spec: str, folder: Path) -> dict[str, float]:
    """Leave-one-out recognition in percent, as figures.py does it."""
    from lookalike.gallery import Gallery

    gallery = Gallery.create(folder, spec, storage="float32")
    gallery.index(shared_data() / "caltech101-112.tar")
    one, five = gallery.evaluate_labels(k=1), gallery.evaluate_labels(k=5)
    return {"1-NN": 100 * one.accuracy, "5-NN": 100 * five.accuracy, "5-NN class mean": 100 * five.class_mean}


def speed(encoders: dict[str, Any], images: int, rounds: int) -> dict[str, dict[str, Any]]:
    """Images/s from files (JPEG, 200 x 245) to embeddings, all encoders by turns; nothing is cached."""
    files = sorted((shared_data() / "tll" / "left").glob("*.jpg"))[:images]
    sides = {name: lambda encoder=encoder: encoder.embed(files) for name, encoder in encoders.items()}
    for work in sides.values():
        work()  # the first call sets sessions and threads up
    times = by_turns(sides, rounds)
    return {name: summary([len(files) / one for one in values]) for name, values in times.items()}


def rows_of(names: list[str], figures: dict[str, dict[str, Any]]) -> list[list[str]]:
    """A table's rows; what was not measured is a dash."""
    rows = []
    for name in names:
        of = figures[name]
        found = [
            f"{of['tll'][str(rank)]['value']:.1f} ({of['tll'][str(rank)]['interval'][0]:.1f} to "
            f"{of['tll'][str(rank)]['interval'][1]:.1f})"
            for rank in RANKS
        ]
        labels = [number(of["caltech"][key]) for key in ("1-NN", "5-NN")] if "caltech" in of else ["-", "-"]
        fast = f"{of['speed']['median']:.0f} ({of['speed']['lowest']:.0f} to {of['speed']['highest']:.0f})"
        rows.append([name, *found, *labels, f"{of['mb']:.1f}", str(of["dim"]), fast])
    return rows


def aims(results: Results, name: str, of: dict[str, Any]) -> None:
    """The aims of issue 4 against one encoder."""
    for rank, wanted in AIMS.items():
        results.target(f"{name}: TLL recall@{rank}", of["tll"][str(rank)]["value"], wanted, unit=" %")
    if "caltech" in of:
        results.target(f"{name}: Caltech-101 5-NN", of["caltech"]["5-NN"], CALTECH_AIM, unit=" %")
    results.target(f"{name}: size", of["mb"], SIZE_AIM, at_most=True, unit=" MB")
    results.target(f"{name}: speed", of["speed"]["median"], SPEED_AIM, unit=" images/s")


def measure(options: argparse.Namespace, folder: Path) -> None:
    """The whole benchmark."""
    from lookalike.encoders import load_encoder

    results = Results("glance_figures", options)
    loaded = {name: load_encoder(encoder_spec(name)) for name in options.encoders}
    figures: dict[str, dict[str, Any]] = {}
    for place, (name, encoder) in enumerate(loaded.items()):
        say(f"{name}: Totally-Looks-Like")
        figures[name] = {
            "tll": tll(encoder),
            "mb": encoder.card.size_bytes / 1e6,
            "dim": encoder.card.dim,
            "feature_map": encoder.card.feature_map,
        }
        if not options.quick and not options.no_caltech:
            say(f"{name}: Caltech-101")
            figures[name]["caltech"] = caltech(encoder_spec(name), folder / str(place))
    say("speed, by turns")
    for name, found in speed(loaded, 64 if options.quick else 400, 2 if options.quick else 5).items():
        figures[name]["speed"] = found
    results.keep(figures=figures)
    header = ["encoder", *(f"TLL @{rank}" for rank in RANKS), "Caltech 1-NN", "5-NN", "MB", "dim", "images/s"]
    title = "1,200 pairs of Totally-Looks-Like (95 % intervals), Caltech-101 leave one out, both in %; speed by turns"
    results.table(title, header, rows_of(options.encoders, figures))
    aims(results, options.encoders[0], figures[options.encoders[0]])
    results.write()


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument(
        "--encoders", nargs="+", default=["classic", "mobilenet"], help="the first has aims"
    )
    options_of.add_argument("--no-caltech", action="store_true", help="leave Caltech-101 out")
    options = options_of.parse_args()
    if len(set(options.encoders)) < len(options.encoders):
        sys.exit("--encoders: a name is there twice")
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder:
        measure(options, Path(folder))


if __name__ == "__main__":
    main()
