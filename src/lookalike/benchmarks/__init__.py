"""Machine against people: recall, forced choice, votes, odd-one-out, each figure with its interval.

Whole runs are :func:`bench_tll`, :func:`bench_pairs`, :func:`bench_triplets`, :func:`bench_nights`,
:func:`bench_bapps` and :func:`bench_things`. A measure with the name of its module is imported from there
(``from lookalike.benchmarks.recall import recall``). Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.benchmarks.ablation import AblationResult, AblationRow, ablate
    from lookalike.benchmarks.associative import (
        Spread,
        associative_recall,
        associative_recall_of,
    )
    from lookalike.benchmarks.bapps import BappsResult, bench_bapps
    from lookalike.benchmarks.ceilings import Ceiling, explainable, two_afc_ceiling
    from lookalike.benchmarks.distances import generic_distances, set_distances, with_faces
    from lookalike.benchmarks.distractors import distractor_sets, paper_design
    from lookalike.benchmarks.estimates import CorrelationEstimate, Estimate
    from lookalike.benchmarks.face_statistics import Agreement, FaceStatistics, count_faces
    from lookalike.benchmarks.features import BadImage, Features
    from lookalike.benchmarks.forced_choice import (
        ForcedChoice,
        PeoplesChoice,
        agreement_with_answers,
        peoples_choice,
    )
    from lookalike.benchmarks.jnd import Jnd
    from lookalike.benchmarks.near_duplicates import NearDuplicates, Removal
    from lookalike.benchmarks.nights import NightsResult, bench_nights
    from lookalike.benchmarks.odd_one_out import OddOneOut
    from lookalike.benchmarks.paired_tests import PairedTest, paired_means, paired_proportions
    from lookalike.benchmarks.position_bias import PositionBias
    from lookalike.benchmarks.recall import (
        RANKS,
        Ranking,
        Recall,
        ranking,
        ranks_in_blocks,
        recall_gain,
        recall_of,
    )
    from lookalike.benchmarks.statistics import bootstrap_mean, bootstrap_statistic, correlation, proportion
    from lookalike.benchmarks.things import ThingsResult, bench_things
    from lookalike.benchmarks.tll import PairsOptions, bench_pairs, bench_tll
    from lookalike.benchmarks.tll_result import Measured, PairsResult, RetrievalError, Unavailable
    from lookalike.benchmarks.triplets import bench_triplets
    from lookalike.benchmarks.triplets_result import TripletsResult
    from lookalike.benchmarks.two_afc import TwoAfc
    from lookalike.benchmarks.votes import VoteCorrelation, vote_correlation

_MODULES = {
    "ablation": (
        "AblationResult",
        "AblationRow",
        "ablate",
    ),
    "associative": (
        "Spread",
        "associative_recall",
        "associative_recall_of",
    ),
    "bapps": (
        "BappsResult",
        "bench_bapps",
    ),
    "ceilings": (
        "Ceiling",
        "explainable",
        "two_afc_ceiling",
    ),
    "distances": (
        "generic_distances",
        "set_distances",
        "with_faces",
    ),
    "distractors": (
        "distractor_sets",
        "paper_design",
    ),
    "estimates": (
        "CorrelationEstimate",
        "Estimate",
    ),
    "face_statistics": (
        "Agreement",
        "FaceStatistics",
        "count_faces",
    ),
    "features": (
        "BadImage",
        "Features",
    ),
    "forced_choice": (
        "ForcedChoice",
        "PeoplesChoice",
        "agreement_with_answers",
        "peoples_choice",
    ),
    "jnd": ("Jnd",),
    "near_duplicates": (
        "NearDuplicates",
        "Removal",
    ),
    "nights": (
        "NightsResult",
        "bench_nights",
    ),
    "odd_one_out": ("OddOneOut",),
    "paired_tests": (
        "PairedTest",
        "paired_means",
        "paired_proportions",
    ),
    "position_bias": ("PositionBias",),
    "recall": (
        "RANKS",
        "Ranking",
        "Recall",
        "ranking",
        "ranks_in_blocks",
        "recall_gain",
        "recall_of",
    ),
    "statistics": (
        "bootstrap_mean",
        "bootstrap_statistic",
        "correlation",
        "proportion",
    ),
    "things": (
        "ThingsResult",
        "bench_things",
    ),
    "tll": (
        "PairsOptions",
        "bench_pairs",
        "bench_tll",
    ),
    "tll_result": (
        "Measured",
        "PairsResult",
        "RetrievalError",
        "Unavailable",
    ),
    "triplets": ("bench_triplets",),
    "triplets_result": ("TripletsResult",),
    "two_afc": ("TwoAfc",),
    "votes": (
        "VoteCorrelation",
        "vote_correlation",
    ),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "RANKS",
    "AblationResult",
    "AblationRow",
    "Agreement",
    "BadImage",
    "BappsResult",
    "Ceiling",
    "CorrelationEstimate",
    "Estimate",
    "FaceStatistics",
    "Features",
    "ForcedChoice",
    "Jnd",
    "Measured",
    "NearDuplicates",
    "NightsResult",
    "OddOneOut",
    "PairedTest",
    "PairsOptions",
    "PairsResult",
    "PeoplesChoice",
    "PositionBias",
    "Progress",
    "Ranking",
    "Recall",
    "Removal",
    "RetrievalError",
    "Spread",
    "ThingsResult",
    "TripletsResult",
    "TwoAfc",
    "Unavailable",
    "VoteCorrelation",
    "ablate",
    "agreement_with_answers",
    "associative_recall",
    "associative_recall_of",
    "bench_bapps",
    "bench_nights",
    "bench_pairs",
    "bench_things",
    "bench_tll",
    "bench_triplets",
    "bootstrap_mean",
    "bootstrap_statistic",
    "correlation",
    "count_faces",
    "distractor_sets",
    "explainable",
    "generic_distances",
    "paired_means",
    "paired_proportions",
    "paper_design",
    "peoples_choice",
    "proportion",
    "ranking",
    "ranks_in_blocks",
    "recall_gain",
    "recall_of",
    "set_distances",
    "two_afc_ceiling",
    "vote_correlation",
    "with_faces",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.benchmarks' has no attribute {name!r}")
    value = getattr(import_module(f"lookalike.benchmarks.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
