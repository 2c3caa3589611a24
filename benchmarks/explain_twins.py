"""Does the breakdown by attributes name the right reason? On synthetic twins the reason is known.

    python benchmarks/explain_twins.py [--pairs 1000] [--size 160] [--seed 0]

Twins share one factor and differ in all others. The attribute of the highest percentile among random pairs of such
drawings should be the shared one. Factors that no attribute can name (pose; the drawn faces, which dlib does not see as
faces) are shown below the line and do not count.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from lookalike.explain.attributes import PIXEL_ATTRIBUTES
from lookalike.explain.explaining import attribute_scores
from lookalike.explain.explanation import top_of
from lookalike.explain.images_seen import see
from lookalike.explain.percentiles import Reference
from lookalike.judgments import make_twins

NAMED = {"color": "colour", "texture": "texture", "shape": "shape", "layout": "layout", "style": "style"}
"""Factor of the twins -> the attribute that should be named."""

OTHERS = ("pose", "face")
REFERENCE = 400


def measure(pairs: int, *, size: int = 160, seed: int = 0, others: bool = True) -> dict[str, Any]:
    """Confusion of ``pairs`` twins, as many of each factor; the reference set is drawn from another seed."""
    drawn = make_twins(REFERENCE // 2, (), size=size, seed=seed + 1_000)
    reference = Reference.from_images([*drawn.left, *drawn.right], kind="images", name="unrelated drawings")
    each = pairs // len(NAMED)
    table: dict[str, dict[str, int]] = {}
    for number, factor in enumerate((*NAMED, *(OTHERS if others else ()))):
        twins = make_twins(each, (factor,), size=size, seed=seed + number)
        table[factor] = dict.fromkeys(PIXEL_ATTRIBUTES, 0)
        for left, right in zip(twins.left, twins.right, strict=True):
            a, b = (see(image, "", (size, size), None) for image in (left, right))
            table[factor][str(top_of(attribute_scores(a, b, reference, 0.0)))] += 1
    right_ones = [table[factor][attribute] for factor, attribute in NAMED.items()]
    total = each * len(NAMED)
    accuracy = sum(right_ones) / total
    return {
        "pairs": total,
        "accuracy": accuracy,
        "standard_error": float(np.sqrt(accuracy * (1 - accuracy) / total)),
        "chance": 1 / len(PIXEL_ATTRIBUTES),
        "by_factor": {factor: count / each for factor, count in zip(NAMED, right_ones, strict=True)},
        "confusion": table,
    }


def show(found: dict[str, Any]) -> None:
    """The confusion matrix: shared factor in rows, named attribute in columns."""
    print(f"{'shared':10}" + "".join(f"{name:>10}" for name in PIXEL_ATTRIBUTES))
    for factor, row in found["confusion"].items():
        if factor == OTHERS[0]:
            print("-" * (10 + 10 * len(PIXEL_ATTRIBUTES)))
        print(f"{factor:10}" + "".join(f"{row[name]:>10}" for name in PIXEL_ATTRIBUTES))
    print(
        f"named the shared one: {found['accuracy']:.3f} of {found['pairs']} pairs "
        f"(standard error {found['standard_error']:.3f}, chance {found['chance']:.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measure(given.pairs, size=given.size, seed=given.seed)
    print(json.dumps(found, indent=2)) if given.json else show(found)


if __name__ == "__main__":
    main()
