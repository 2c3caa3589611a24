"""Tables of a run over pairs as plain rows for the template; nothing here is HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lookalike.benchmarks import published
from lookalike.errors import printable
from lookalike.reports.bench_figures import short_names
from lookalike.reports.local_paths import without_folders

if TYPE_CHECKING:
    from lookalike.benchmarks.estimates import Estimate
    from lookalike.benchmarks.face_statistics import Agreement
    from lookalike.benchmarks.recall import Recall
    from lookalike.benchmarks.tll_result import Measured, PairsResult

View = dict[str, Any]
Row = dict[str, Any]
SUBSETS = {
    "TLL_d": "TLL_d: no near-duplicates of any kind",
    "TLL_obj": "TLL_obj: no faces, no generic near-duplicates",
}
PAPER_ROWS = (
    f"The paper's table 1, cosine, on its {published.PAIRS_D:,} pairs of TLL_d. By the authors' notebook its columns 5, 10 and "
    "20 are probably recall at 6, 11 and 21, so they are a little too good for these headings."
)
PAPER_ENDS = ("alexnet", "densenet121")


def recall_table(result: PairsResult, *, paper: bool) -> View:
    """Table 1 of all pairs, with what could not be had; the paper's rows below where its protocol was asked for."""
    rows = _recall_rows(result, result.measured, lambda one: one.recall)
    rows += [
        {
            "name": without_folders(printable(lost.name)),
            "error": without_folders(printable(lost.error)),
        }
        for lost in result.unavailable
    ]
    if paper:  # all of the paper's rows stand with TLL_d, which they were measured on
        rows += _paper_rows() if result.near is None else _paper_rows(PAPER_ENDS)
    return {"label": "Recall of all pairs", "header": _recall_header(), "rows": rows, "text_columns": False}


def subset_tables(result: PairsResult) -> list[View]:
    """The same within TLL_d and TLL_obj; [] where near-duplicates were not looked for."""
    if result.near is None:
        return []
    views = []
    for subset, label in SUBSETS.items():
        size = result.subset_size(subset)
        there = [one for one in result.measured if subset in one.subsets]
        rows = _recall_rows(result, there, _of_subset(subset)) if there else []
        if rows and subset == "TLL_d":
            rows += _paper_rows()
        unknown = subset == "TLL_obj" and not result.near.faces
        empty = f"{size} pairs are left, too few for a table."
        if unknown:
            empty = "Nobody looked for faces in this run (--faces)."
        header = _recall_header()
        views.append(
            {
                "label": label if unknown else f"{label} ({size:,} pairs)",
                "header": header,
                "rows": rows,
                "text_columns": False,
                "empty": empty,
            }
        )
    return views


def associative_table(result: PairsResult) -> View | None:
    """Figure 2b as numbers."""
    there = [one for one in result.main if one.associative]
    if not there:
        return None
    names = short_names(result.names)
    ms = list(there[0].associative)
    best = {m: max(one.associative[m].mean for one in there) for m in ms}
    rows: list[Row] = []
    for one in there:
        cells = []
        for m in ms:
            s = one.associative[m]
            spread = f"{100 * s.low:.1f} to {100 * s.high:.1f}" if s.high > s.low else ""
            cells.append(_cell(f"{100 * s.mean:.1f}", spread, best=m > 1 and s.mean == best[m]))
        fitted = "" if not one.fitted_pairs else ", fitted on these pairs: no measurement"
        rows.append({"name": names[one.name], "metric": one.distance + fitted, "cells": cells})
    paper = [_cell(f"{published.ASSOCIATIVE[m]:.1f}" if m in published.ASSOCIATIVE else "–") for m in ms]
    rows.append({"name": "the paper, best network", "cells": paper, "paper": True})
    header = ["Encoder", *(f"m = {m}" for m in ms)]
    return {"label": "Associative recall", "header": header, "rows": rows, "text_columns": False}


def study_table(result: PairsResult) -> View | None:
    """Table 2a: people and machines, one column for each condition."""
    keys = list(dict.fromkeys(key for one in result.main for key in one.conditions))
    if not keys:
        return None
    names = short_names(result.names)
    paper = {(c.subset, c.distractors): c for c in published.CONDITIONS}
    rows: list[Row] = []
    for who, field in (("people, laboratory", "lab"), ("people, online", "crowd"), ("machine", "machine")):
        values = [_cell(f"{getattr(paper[key], field):.1f}" if key in paper else "–") for key in keys]
        rows.append({"name": who, "metric": "(paper)", "cells": values, "paper": True})
    for one in result.main:
        found = [one.conditions.get(key) for key in keys]
        if any(found):
            cells = [
                _cell(f"{100 * e.value:.1f}", f"{100 * e.low:.0f} to {100 * e.high:.0f}") if e else _cell("–")
                for e in found
            ]
            fitted = "" if not one.fitted_pairs else ", fitted on these pairs: no measurement"
        rows.append({"name": names[one.name], "metric": one.distance + fitted, "cells": cells})
    header = ["Right of five (%)", *(f"{subset}, {distractors}" for subset, distractors in keys)]
    return {"label": "Conditions of the human study", "header": header, "rows": rows, "text_columns": False}


def faces_table(result: PairsResult) -> View | None:
    """Figure 5c as numbers."""
    if result.faces is None:
        return None
    f = result.faces
    both = f.number_given_both

    def agreement(found: Agreement) -> str:
        kappa = "" if found.kappa is None else f", Cohen's kappa {found.kappa:.2f}"
        return f"{_interval(found.observed)}; by chance {100 * found.chance:.1f} %{kappa}"

    said = [
        ("left images with a face", _share(f.left_share), _interval(f.left_share)),
        ("right images with a face", _share(f.right_share), _interval(f.right_share)),
        ("faces per left image", f"{f.left_mean:.2f}", ""),
        ("faces per right image", f"{f.right_mean:.2f}", ""),
        ("pairs: both have a face", f"{100 * f.both / f.pairs:.1f} %", ""),
        ("pairs: only the left one has", f"{100 * f.left_only / f.pairs:.1f} %", ""),
        ("pairs: only the right one has", f"{100 * f.right_only / f.pairs:.1f} %", ""),
        ("pairs: neither has one", f"{100 * f.neither / f.pairs:.1f} %", ""),
        (
            "pairs agree on whether there is a face",
            _share(f.presence.observed),
            agreement(f.presence),
        ),
        ("pairs agree on the number of faces", _share(f.number.observed), agreement(f.number)),
        (
            "the same number, where both have a face",
            _share(both) if both else "–",
            _interval(both) if both else "",
        ),
    ]
    rows = [{"name": name, "cells": [_cell(value, more)]} for name, value, more in said]
    return {"label": "Face statistics", "header": ["", "value"], "rows": rows, "text_columns": False}


def votes_table(result: PairsResult) -> View | None:
    """Correlation with votes; None where the table has none."""
    there = [one for one in result.main if one.votes is not None]
    if not there:
        return None
    names = short_names(result.names)
    rows: list[Row] = []
    for one in there:
        v = one.votes
        assert v is not None
        cells = [_correlation(c) for c in (v.up_pearson, v.up_spearman, v.down_pearson, v.down_spearman)]
        fitted = "" if not one.fitted_pairs else ", fitted on these pairs: no measurement"
        rows.append({"name": names[one.name], "metric": one.distance + fitted, "cells": cells})
    paper = (f"{published.VOTES_UP_R:.3f}", "–", f"{published.VOTES_DOWN_R:.3f}", "–")
    rows.append({"name": "the paper", "cells": [_cell(text) for text in paper], "paper": True})
    header = ["Encoder", "up, Pearson", "up, Spearman", "down, Pearson", "down, Spearman"]
    return {"label": "Correlation with votes", "header": header, "rows": rows, "text_columns": False}


def comparison_tables(result: PairsResult) -> list[View]:
    """Paired tests, one table for each k; [] for a single encoder."""
    names = short_names(result.names)
    views = []
    for k, tests in result.comparisons.items():
        rows: list[Row] = []
        for t in tests:
            d = t.difference
            cells = [
                _cell(names.get(t.b, t.b)),
                _cell(f"{100 * d.value:+.1f}", f"{100 * d.low:+.1f} to {100 * d.high:+.1f}"),
                _cell(_p(t.p)),
                _cell(_p(t.p_holm), best=t.p_holm < 0.05),
            ]
            rows.append({"name": names.get(t.a, t.a), "cells": cells})
        if rows:
            header = ["One", "the other", "difference (points)", "p", "p, Holm"]
            views.append({"label": f"Recall@{k}", "header": header, "rows": rows, "text_columns": False})
    return views


def about_table(result: PairsResult) -> View:
    """Date, settings, fingerprints of the encoders, and times."""
    rows: list[Row] = [{"name": "date (UTC)", "cells": [_cell(f"{datetime.now(UTC):%Y-%m-%d}")]}]
    settings = dict(result.settings)
    fingerprints: Mapping[str, str] = settings.pop("fingerprints", {})
    for key, value in settings.items():
        if value not in (None, "", [], ()) and key != "paper":
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            name = "version of lookalike" if key == "lookalike" else key.replace("_", " ")
            rows.append({"name": name, "cells": [_cell(without_folders(printable(text)))]})
    short = short_names(list(fingerprints))
    rows += [
        {"name": f"fingerprint of {short[name]}", "cells": [_cell(printable(mark))]}
        for name, mark in fingerprints.items()
    ]
    for stage, seconds in result.seconds.items():
        rows.append(
            {"name": f"time: {without_folders(printable(stage))}", "cells": [_cell(f"{seconds:.2f} s")]}
        )
    return {"label": "Settings", "header": ["Setting", "value"], "rows": rows, "text_columns": True}


def _recall_header() -> list[str]:
    return ["Encoder, distance", *(f"R@{k}" for k in published.RANKS), "median place"]


def _recall_rows(
    result: PairsResult, measured: Sequence[Measured], of: Callable[[Measured], Recall]
) -> list[Row]:
    names = short_names(result.names)
    honest = [one for one in measured if not one.fitted_pairs]
    best = {k: max((of(one).at[k].value for one in honest), default=-1.0) for k in published.RANKS}
    rows: list[Row] = []
    for one in measured:
        recall = of(one)
        cells = []
        for k in published.RANKS:
            e = recall.at[k]
            text, span = f"{100 * e.value:.1f}", f"{100 * e.low:.1f}–{100 * e.high:.1f}"
            cells.append(
                _cell(text, span, best=not one.fitted_pairs and len(honest) > 1 and e.value == best[k])
            )
        median = recall.median_rank
        cells.append(_cell(f"{median:,.0f}" if median != float("inf") else "–"))
        fitted = "" if not one.fitted_pairs else ", fitted on these pairs: no measurement"
        rows.append({"name": names[one.name], "metric": one.distance + fitted, "cells": cells})
    return rows


def _paper_rows(networks: Sequence[str] = tuple(published.TABLE_1)) -> list[Row]:
    rows: list[Row] = [{"rule": PAPER_ROWS}]
    for name in networks:
        cells = [*(_cell(f"{value:.1f}") for value in published.TABLE_1[name]), _cell("–")]
        rows.append({"name": name, "cells": cells, "paper": True})
    for name, value in (
        ("faces (F)", published.FACES_AT_1),
        ("generic on faces (GF)", published.FACES_GENERIC_AT_1),
    ):
        cells = [_cell(f"{value:.1f}"), *(_cell("–") for _ in range(len(published.RANKS)))]
        rows.append({"name": name, "cells": cells, "paper": True})
    return rows


def _of_subset(subset: str) -> Callable[[Measured], Recall]:
    return lambda one: one.subsets[subset]


def _cell(text: str, ci: str = "", *, best: bool = False) -> Mapping[str, Any]:
    return {"text": text, "ci": ci, "best": best}


def _share(estimate: Estimate) -> str:
    return f"{100 * estimate.value:.1f} %"


def _interval(estimate: Estimate) -> str:
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f}"


def _correlation(c: Any) -> Mapping[str, Any]:
    if c is None:
        return _cell("–")
    return _cell(f"{c.value:+.3f}", f"{c.low:+.3f} to {c.high:+.3f}")


def _p(value: float) -> str:
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"
