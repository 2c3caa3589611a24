"""The JSON of ``lookalike bench tll``, which outside scripts read: keys of DESIGN stay, more may come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lookalike.benchmarks import published
from lookalike.benchmarks.provenance import provenance
from lookalike.judgments.summary import repeats_dict

if TYPE_CHECKING:
    from lookalike.benchmarks.estimates import Estimate
    from lookalike.benchmarks.recall import Recall
    from lookalike.benchmarks.tll_result import PairsResult

SUBSETS = ("TLL_d", "TLL_obj")


def as_dict(result: PairsResult) -> dict[str, Any]:
    """Plain JSON types; recall, accuracies and shares in percent."""
    encoders: dict[str, Any] = {}
    for one in result.measured:
        encoders.setdefault(one.name, {})[one.metric] = recall_dict(one.recall)
    encoders.update({lost.name: {"error": lost.error} for lost in result.unavailable})
    return {
        "pairs": len(result.table),
        "candidates": len(result.gallery),
        "encoders": encoders,
        "fitted_pairs": {one.name: one.fitted_pairs for one in result.main if one.fitted_pairs},
        "associative_recall": {
            one.name: {str(m): 100 * spread.mean for m, spread in one.associative.items()}
            for one in result.main
            if one.associative
        },
        "associative_spread": {
            one.name: {
                str(m): {"std": 100 * s.std, "low": 100 * s.low, "high": 100 * s.high}
                for m, s in one.associative.items()
            }
            for one in result.main
            if one.associative
        },
        "subsets": _subsets(result),
        "near_duplicates": _near(result),
        "faces": result.faces.to_dict() if result.faces is not None else None,
        "votes": {one.name: one.votes.to_dict() for one in result.main if one.votes is not None} or None,
        "human_study": _conditions(result),
        "comparisons": {
            f"recall@{k}": [_test(test.to_dict()) for test in tests]
            for k, tests in result.comparisons.items()
        },
        "published": paper_dict(),
        "skipped": {
            "pairs": result.skipped_pairs,
            "images": [{"name": bad.name, "reason": bad.reason} for bad in result.skipped.values()],
        },
        "notes": list(result.notes),
        **repeats_dict(result.table),
        "settings": dict(result.settings),
        "provenance": provenance(result.table, result.settings.get("fingerprints", {})),
        "seconds": {stage: round(value, 3) for stage, value in result.seconds.items()},
    }


def recall_dict(recall: Recall) -> dict[str, Any]:
    """Recall in percent by k, intervals, and where the right answers stand."""
    return recall.to_dict()


def percent(estimate: Estimate) -> dict[str, Any]:
    """An estimate of a share, in percent."""
    return {
        "value": 100 * estimate.value,
        "interval": [100 * estimate.low, 100 * estimate.high],
        "n": estimate.n,
    }


def paper_dict() -> dict[str, Any]:
    """The paper's own figures, as printed beside ours."""
    return {
        "source": published.PAPER,
        "pairs": {"all": published.PAIRS, "TLL_d": published.PAIRS_D, "TLL_obj": published.PAIRS_OBJ},
        "recall": {
            name: {str(k): value for k, value in zip(published.RANKS, row, strict=True)}
            for name, row in published.TABLE_1.items()
        },
        "faces": {"1": published.FACES_AT_1},
        "generic on faces": {"1": published.FACES_GENERIC_AT_1},
        "associative_recall": {str(m): value for m, value in published.ASSOCIATIVE.items()},
        "votes": {"up": published.VOTES_UP_R, "down": published.VOTES_DOWN_R},
        "human_study": [vars(condition) for condition in published.CONDITIONS],
    }


def _subsets(result: PairsResult) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for subset in SUBSETS:
        encoders: dict[str, Any] = {}
        for one in result.measured:
            if subset in one.subsets:
                encoders.setdefault(one.name, {})[one.metric] = recall_dict(one.subsets[subset])
        if result.near is not None:
            found[subset] = {"pairs": result.subset_size(subset), "encoders": encoders}
    return found


def _near(result: PairsResult) -> dict[str, Any] | None:
    if result.near is None:
        return None
    pairs_of: dict[int, set[str]] = {}
    for removal in result.near.removed:
        pairs_of.setdefault(int(removal.pair), set()).add(str(removal.rule))
    rules = Counter(rule for some in pairs_of.values() for rule in some)
    return {
        "pairs_removed": len(pairs_of),
        "pairs_removed_by_rule": dict(sorted(rules.items())),
        "reasons": len(result.near.removed),
        "TLL_d": result.subset_size("TLL_d"),
        "TLL_obj": result.subset_size("TLL_obj"),
    }


def _conditions(result: PairsResult) -> list[dict[str, Any]]:
    keys = list(dict.fromkeys(key for one in result.main for key in one.conditions))
    return [
        {
            "subset": subset,
            "distractors": distractors,
            "machine": {
                one.name: percent(one.conditions[subset, distractors])
                for one in result.main
                if (subset, distractors) in one.conditions
            },
            "published": _published(subset, distractors),
        }
        for subset, distractors in keys
    ]


def _published(subset: str, distractors: str) -> dict[str, float] | None:
    for condition in published.CONDITIONS:
        if (condition.subset, condition.distractors) == (subset, distractors):
            return {"lab": condition.lab, "crowd": condition.crowd, "machine": condition.machine}
    return None


def _test(test: Mapping[str, Any]) -> dict[str, Any]:
    """A paired test with its difference in points of percent."""
    difference = test["difference"]
    points = {key: 100 * difference[key] for key in ("value", "low", "high")}
    return {**test, "difference": {**difference, **points}}
