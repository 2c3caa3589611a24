"""What a run over pairs says beside its figures: paired tests, settings, and sentences that a reader must know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lookalike._version import __version__
from lookalike.benchmarks.associative import REPETITIONS
from lookalike.benchmarks.encoder_names import encoder_name
from lookalike.benchmarks.near_duplicates import GENERIC_THRESHOLD, NearDuplicates
from lookalike.benchmarks.paired_tests import PairedTest, one_family, paired_proportions

if TYPE_CHECKING:
    from lookalike.benchmarks.tll import PairsOptions
    from lookalike.benchmarks.tll_result import Measured
    from lookalike.encoders import Encoder

COMPARED_AT = (1, 10)
MANY_REMOVED = 0.25
"""Share of the pairs removed by the generic rule from which on a note says that its threshold may not suit."""


def comparisons_of(measured: Sequence[Measured], seed: int) -> dict[int, Sequence[PairedTest]]:
    """Every two names at each k of COMPARED_AT; Holm's correction over all of these tests together."""
    main: dict[str, Measured] = {}
    for one in measured:
        main.setdefault(one.name, one)
    if len(main) < 2:
        return {}
    tests = [
        paired_proportions({name: one.recall.hits(k) for name, one in main.items()}, seed=seed)
        for k in COMPARED_AT
    ]
    return dict(zip(COMPARED_AT, one_family(tests), strict=True))


def threshold_notes(near: NearDuplicates, pairs: int, lead: str) -> list[str]:
    """A sentence where the paper's threshold may not suit the encoder that near-duplicates go by."""
    removed = len({removal.pair for removal in near.removed if removal.rule == "generic"})
    usual = near.generic_threshold == GENERIC_THRESHOLD
    if not usual or "densenet121" in lead.lower() or removed <= MANY_REMOVED * pairs:
        return []
    return [
        f"The generic rule removes {removed:,} of {pairs:,} pairs. The paper set its threshold of {GENERIC_THRESHOLD:g} for "
        "DenseNet121; distances of another encoder lie elsewhere, so TLL_d and TLL_obj may hold too few pairs here. "
        "--generic-threshold sets another."
    ]


def settings_of(options: PairsOptions, encoders: Sequence[str | Encoder], lead: str) -> dict[str, Any]:
    """What was asked for, in plain values."""
    o = options
    return {
        "encoders": [encoder_name(e) for e in encoders],
        "lead": lead,
        "paper": o.paper,
        "faces": o.faces,
        "generic_faces": o.generic_faces,
        "transform": o.transform,
        "comparators": [str(one) for one in o.comparators],
        "generic_threshold": o.generic_threshold,
        "face_threshold": o.face_threshold if o.faces else None,
        "seed": o.seed,
        "repetitions": REPETITIONS if o.paper else None,
        "lookalike": __version__,
    }
