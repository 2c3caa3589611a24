"""`lookalike comparator evaluate --nested`: the table of a comparator whose design was chosen within each fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lookalike.cli import output
from lookalike.errors import InvalidArgument

if TYPE_CHECKING:
    from lookalike.benchmarks.comparator_nested_result import NestedResult


def refuse_mixture(nested: bool, ablation: bool, inner_folds: int | None) -> None:
    """Raise InvalidArgument for options that do not go together."""
    if nested and ablation:
        raise InvalidArgument(
            "--nested chooses among cues itself and has no ablation: leave out --ablation or --nested"
        )
    if inner_folds is not None and not nested:
        raise InvalidArgument("--inner-folds needs --nested")


def show_nested(result: NestedResult) -> None:
    """Recall with intervals, the choice of each outer fold, and the differences to the fixed design."""
    ks = list(next(iter(result.recalls.values())).at)
    heads = [f"@{k}" for k in ks]
    rows = []
    for name, found in result.recalls.items():
        shown = {"nested": "nested choice", "comparator": "fixed design"}.get(name, name)
        rows.append([shown, *(f"{100 * found.at[k].value:.1f}" for k in ks)])
        rows.append(["  95 %", *(f"{100 * found.at[k].low:.0f}-{100 * found.at[k].high:.0f}" for k in ks)])
    title = (
        f"recall in percent, {result.pairs} pairs, {result.folds} outer and {result.inner_folds} inner folds, "
        f"{len(result.designs)} designs"
    )
    output.print_table(title, ["", *heads], rows, right=heads)
    for number, one in enumerate(result.chosen, 1):
        output.say(f"fold {number} chose: {one.design} (inner {100 * one.score:.1f})")
    for k, tests in result.tests.items():
        for test in tests:
            if (test.a, test.b) == ("nested", "comparator"):
                d = test.difference
                output.say(
                    f"recall@{k}, nested choice - fixed design: {100 * d.value:+.1f} points "
                    f"({100 * d.low:+.1f} to {100 * d.high:+.1f}), p = {test.p_holm:.2g} after Holm"
                )
