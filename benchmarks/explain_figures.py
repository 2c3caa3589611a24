"""Are maps of a pair right, and do they look at both images? Every figure of docs/explanation/explaining-a-pair.md.

Pairs of Totally-Looks-Like that people made. Deletion: fall of the likeness when a map's best 10 of 49 cells are
blurred. Partner: correlation of A's map for B with A's map for an image that belongs to another pair. Corpus means come
from images of other pairs. Any encoder; ``mobilenet`` is the shared network. A pair counts as one value (the mean of
its two images), and means have 95 % intervals over pairs.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from _common import Results, encoder_spec, parser, say, shared_data
from _explain_figures import Method, Remembering, interval

Pair = tuple[Path, Path]
MEASURES = ("drop_plain", "drop", "deletion_area", "insertion_area")
MEAN_SIZES = (20, 50, 200, 1000)
TIMED = 5
"""Pairs on which methods are timed, without a memory."""


def pairs_and_corpus(count: int, corpus: int) -> tuple[list[Pair], list[Path]]:
    """``count`` pairs drawn at random, and ``corpus`` images of other pairs, lefts and rights by turns."""
    from lookalike.judgments import read_tll

    table = read_tll(shared_data() / "tll")
    both = list(zip(table.paths("left"), table.paths("right"), strict=True))
    order = np.random.default_rng(0).permutation(len(both))
    chosen = [(Path(both[i][0]), Path(both[i][1])) for i in order[:count]]
    others = [Path(image) for i in order[count:] for image in both[i]]
    return chosen, others[:corpus]


def controls(seed: list[int]) -> list[Method]:
    """Maps that know no image."""
    from lookalike.explain.faithfulness import GRID
    from lookalike.explain.faithfulness_controls import centre_prior, random_map
    from lookalike.explain.maps import PairMap

    def blank(a_map: Any, b_map: Any) -> PairMap:
        return PairMap("control", a_map, b_map, 0.0, 0.0, "", 0.0)

    def chance(_a: Path, _b: Path) -> PairMap:
        seed[0] += 2
        return blank(random_map((GRID, GRID), seed[0]), random_map((GRID, GRID), seed[0] + 1))

    centre = centre_prior((GRID, GRID))
    return [
        Method("random cells", chance, partner=False),
        Method("centre prior", lambda _a, _b: blank(centre, centre)),
    ]


def methods(encoder: Any, mean: Any) -> list[Method]:
    """Those that are compared, simplest first."""
    from lookalike.explain.centring import CorpusMean
    from lookalike.explain.decomposition import decomposition
    from lookalike.explain.occlusion import occlusion

    plain = CorpusMean.nothing(encoder)
    found = controls([0])
    if encoder.card.feature_map is not None:
        found += [
            Method("decomposition, cosine", lambda a, b: decomposition(a, b, encoder, plain).pair_map()),
            Method("decomposition, centred", lambda a, b: decomposition(a, b, encoder, mean).pair_map()),
        ]
    return [
        *found,
        Method("occlusion, cosine", lambda a, b: occlusion(a, b, encoder, plain, coarse_to_fine=False)),
        Method("occlusion, centred", lambda a, b: occlusion(a, b, encoder, mean, coarse_to_fine=False)),
        Method("occlusion, centred, coarse to fine", lambda a, b: occlusion(a, b, encoder, mean)),
    ]


def measure_pair(method: Method, pair: Pair, other: Path, views: Any, encoder: Any, mean: Any) -> None:
    """One method on one pair, both images."""
    from lookalike.explain.faithfulness import removal
    from lookalike.explain.faithfulness_controls import correlation

    maps = method.explain(*pair)
    sides = ((views[0], views[1], maps.a_map), (views[1], views[0], maps.b_map))
    found = [removal(view, partner.vector, values, encoder, mean) for view, partner, values in sides]
    method.add(**{name: float(np.mean([getattr(one, name) for one in found])) for name in MEASURES})
    method.add(passes=maps.passes)
    if method.partner:
        method.add(partner=correlation(maps.a_map, method.explain(pair[0], other).a_map))


def measure_methods(
    compared: list[Method], pairs: list[Pair], encoder: Any, mean: Any, results: Results, minutes: float
) -> list[Pair]:
    """All methods on all pairs, or on those that ``minutes`` suffice for.

    A's other partner is the right image of the next pair.
    """
    from lookalike.explain.occlusion_views import open_pair

    started = time.monotonic()
    for place, pair in enumerate(pairs):
        views = open_pair(*pair, encoder)[:2]
        other = pairs[(place + 1) % len(pairs)][1]
        for method in compared:
            measure_pair(method, pair, other, views, encoder, mean)
        if place % 10 == 9:
            say(f"{place + 1} of {len(pairs)} pairs")
            results.keep(values={method.name: method.values for method in compared})
        if time.monotonic() - started > 60 * minutes:
            return pairs[: place + 1]
    return pairs


def time_methods(compared: list[Method], timed: list[Method], pairs: list[Pair]) -> None:
    """Processor time of each method: the wall clock of a shared machine says little."""
    for method, bare in zip(compared, timed, strict=True):
        bare.explain(*pairs[0])
        for pair in pairs[:TIMED]:
            started = time.process_time()
            bare.explain(*pair)
            method.add(ms=1000 * (time.process_time() - started))


def exactness(pairs: list[Pair], encoder: Any, mean: Any) -> dict[str, Any]:
    """Largest difference of the decomposition's sum from the encoder's centred cosine, and the matches found."""
    from lookalike.explain.centring import centred_cosine
    from lookalike.explain.correspondences import mutual_nearest
    from lookalike.explain.decomposition import decomposition

    gaps, matches, scored = [], [], set()
    for a, b in pairs:
        regions = decomposition(a, b, encoder, mean)
        scored.add(regions.scored)
        wanted = regions.score
        if regions.scored == "embedding":
            wanted = centred_cosine(*encoder.embed([a, b]), mean)
        gaps.append(abs(float(regions.contributions.sum(dtype=np.float64)) - wanted))
        matches.append(len(mutual_nearest(regions)))
    return {
        "largest gap": max(gaps),
        "matches of at most 5": float(np.mean(matches)),
        "scored": sorted(scored),
    }


def mean_sizes(pairs: list[Pair], corpus: list[Path], encoder: Any) -> list[list[str]]:
    """How many images a corpus mean needs: unrelated pairs' score, and the partner test of the decomposition."""
    from lookalike.explain.centring import CorpusMean, centred_cosine
    from lookalike.explain.decomposition import decomposition
    from lookalike.explain.faithfulness_controls import conditioning

    left, right = (encoder.embed([pair[side] for pair in pairs]) for side in (0, 1))
    rows = []
    for size in [count for count in MEAN_SIZES if count <= len(corpus)]:
        mean = CorpusMean.from_images(corpus[:size], encoder)
        unrelated = float(np.mean(centred_cosine(left, np.roll(right, 1, axis=0), mean)))
        related = float(np.mean(centred_cosine(left, right, mean)))
        found = [
            conditioning(
                lambda x, y, m=mean: decomposition(x, y, encoder, m).pair_map(),
                a,
                b,
                pairs[(i + 1) % len(pairs)][1],
            )
            for i, (a, b) in enumerate(pairs)
        ]
        rows.append([str(size), f"{related:.3f}", f"{unrelated:.3f}", interval(found, 2)])
    return rows


def sanity(pairs: list[Pair], corpus: list[Path], encoder: Any, seeds: int) -> list[list[str]]:
    """Correlation of maps with those of the network whose weights are shuffled."""
    from lookalike.explain.centring import CorpusMean
    from lookalike.explain.faithfulness_controls import correlation
    from lookalike.explain.sanity import randomised_encoder

    networks = [
        encoder,
        *(Remembering(randomised_encoder(encoder.inner, seed=seed)) for seed in range(seeds)),
    ]
    compared = [methods(network, CorpusMean.from_images(corpus[:100], network))[2:] for network in networks]
    rows = []
    for place, method in enumerate(compared[0]):
        found = []
        for a, b in pairs:
            trained = method.explain(a, b)
            shuffled = [of_network[place].explain(a, b) for of_network in compared[1:]]
            each = [correlation(trained.a_map, one.a_map) for one in shuffled]
            each += [correlation(trained.b_map, one.b_map) for one in shuffled]
            found.append((np.mean(each), np.mean(np.abs(each))))
        signed, sizes = np.transpose(found)
        rows.append([method.name, interval(signed, 2), interval(sizes, 2)])
    return rows


def rows_of(compared: list[Method]) -> list[list[str]]:
    """The table of methods; after a mean its 95 % interval."""
    return [
        [
            method.name,
            *(interval(method.values[name]) for name in MEASURES),
            interval(method.values.get("partner", ()), 2),
            f"{np.mean(method.values['passes']):.0f}",
            f"{np.median(method.values['ms']):.0f}",
        ]
        for method in compared
    ]


def against_controls(compared: list[Method]) -> list[list[str]]:
    """What each map has ahead of the controls on the same pair: drop, both areas."""
    by_name = {method.name: method.values for method in compared}
    rows = []
    for method in compared[2:]:
        row = [method.name]
        for name, sign in (("drop", 1), ("deletion_area", -1), ("insertion_area", 1)):
            mine = np.array(method.values[name])
            row += [
                interval(sign * (mine - np.array(by_name[control][name])))
                for control in ("random cells", "centre prior")
            ]
        rows.append(row)
    return rows


def measure(options: argparse.Namespace) -> None:
    """The whole benchmark."""
    from lookalike.encoders import load_encoder
    from lookalike.explain.centring import CorpusMean

    results = Results("explain_figures", options)
    bare = load_encoder(encoder_spec(options.encoder))
    encoder = Remembering(bare)
    count, size = (4, 50) if options.quick else (options.pairs, options.corpus)
    pairs, corpus = pairs_and_corpus(count, size)
    say(f"corpus mean of {len(corpus)} images")
    mean = CorpusMean.from_images(corpus, encoder)
    compared = methods(encoder, mean)
    pairs = measure_methods(compared, pairs, encoder, mean, results, options.minutes)
    time_methods(compared, methods(bare, mean), pairs)
    header = ["method", "drop, cosine", "drop, centred", "deletion area", "insertion area", "partner"]
    results.table(f"{len(pairs)} pairs, both images", [*header, "passes", "CPU ms"], rows_of(compared))
    ahead = [
        f"{what}, {control}" for what in ("drop", "deletion", "insertion") for control in ("random", "centre")
    ]
    results.table("Ahead of controls on the same pair", ["method", *ahead], against_controls(compared))
    by_name = {method.name: method.values for method in compared}
    results.keep(values=by_name)
    if encoder.card.feature_map is not None:
        found = exactness(pairs, encoder, mean)
        results.keep(exactness=found)
        say(
            f"decomposition of the {', '.join(found['scored'])}: {found['matches of at most 5']:.1f} matches a pair"
        )
        results.target("sum of the cells off the score", found["largest gap"], 1e-4, at_most=True)
        partner = float(np.mean(by_name["decomposition, centred"]["partner"]))
        results.target("decomposition: correlation with another partner's map", partner, 0.2, at_most=True)
        rows = mean_sizes(pairs, corpus, encoder)
        results.table(
            "How many images a mean needs", ["images", "score of pairs", "of strangers", "partner"], rows
        )
    best = {
        name: float(np.mean(by_name["occlusion, centred, coarse to fine"][name]))
        for name in ("partner", "drop")
    }
    results.target("occlusion: correlation with another partner's map", best["partner"], 0.2, at_most=True)
    beaten = max(float(np.mean(by_name[name]["drop"])) for name in ("random cells", "centre prior"))
    results.target("occlusion: drop, above that of random cells and the centre", best["drop"] - beaten, 0.0)
    if not options.no_sanity:
        rows = sanity(
            pairs[: 2 if options.quick else options.sanity_pairs], corpus, encoder, 1 if options.quick else 2
        )
        results.table("Shuffled weights: correlation of maps", ["method", "mean", "mean of sizes"], rows)
    results.write()


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--pairs", type=int, default=150, help="pairs to explain")
    options.add_argument("--corpus", type=int, default=1000, help="images of the corpus mean")
    options.add_argument("--minutes", type=float, default=60, help="after so many no further pair is begun")
    options.add_argument("--encoder", default="mobilenet", help="the network to explain")
    options.add_argument(
        "--sanity-pairs", type=int, default=20, help="pairs for the check with shuffled weights"
    )
    options.add_argument(
        "--no-sanity", action="store_true", help="no check with shuffled weights (needs onnx)"
    )
    measure(options.parse_args())


if __name__ == "__main__":
    main()
