"""The report of ``lookalike bench tll`` and ``bench pairs``: every table and figure of a run on one page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lookalike.benchmarks import published
from lookalike.benchmarks.distances import FACE_WEIGHT, NO_FACE
from lookalike.benchmarks.provenance import provenance
from lookalike.errors import printable
from lookalike.reports import bench_tables as tables
from lookalike.reports.bench_figures import figures, short_names
from lookalike.reports.citation import citation
from lookalike.reports.local_paths import without_folders
from lookalike.reports.models import Picture, ProblemView
from lookalike.reports.problems import shorten
from lookalike.reports.render import page

if TYPE_CHECKING:
    from lookalike.benchmarks.tll_result import PairsResult, RetrievalError

TWINS_SHOWN = 12


def tll_page(
    result: PairsResult,
    thumbnails: Mapping[str, bytes],
    *,
    title: str = "",
    command: str = "",
) -> str:
    """A self-contained page of a run over pairs.

    Args:
        result: what :func:`lookalike.benchmarks.bench_pairs` gave; with the paper's protocol its figures and tables
            carry the paper's numbers and the paper's own beside ours.
        thumbnails: content id -> JPEG, of the images in :func:`pictures_wanted`; others get a placeholder.
        title: heading of the page; '' names the protocol.
        command: what was typed, to be repeated.

    Returns:
        A complete HTML document that needs no network.
    """
    from markupsafe import Markup

    paper = bool(result.settings.get("paper"))
    parts = {
        "subsets": tables.subset_tables(result),
        "associative": tables.associative_table(result),
        "study": tables.study_table(result),
        "faces": tables.faces_table(result),
        "votes": tables.votes_table(result),
        "comparisons": tables.comparison_tables(result),
        "misses": [_miss(result, error, thumbnails) for error in result.errors],
    }
    drawn = {name: Markup(svg) for name, svg in figures(result).items()}
    problems = [ProblemView(bad.name, bad.reason, "skipped") for bad in result.skipped.values()]
    return page(
        "bench_tll.html.j2",
        title=title or ("Totally Looks Like, reproduced" if paper else "Which image belongs to which?"),
        note="",
        styles=("base.css", "pictures.css", "bench_tll.css"),
        scripts=("viewer.js",),
        paper=paper,
        intro=_intro(result, paper),
        facts=_facts(result),
        pairs=len(result.table),
        candidates=len(result.gallery),
        contents=_contents(parts),
        recall=tables.recall_table(result, paper=paper),
        with_faces_text=_with_faces_text(result),
        figures=drawn,
        near_text=_near_text(result),
        twins=_twins(result, thumbnails),
        repetitions=result.settings.get("repetitions", 10),
        study_text=_study_text(result),
        misses_text=_misses_text(result),
        command=without_folders(printable(command)),
        warnings=[without_folders(printable(note)) for note in result.warnings],
        notes=[without_folders(printable(note)) for note in result.notes],
        about=tables.about_table(result),
        citation=citation(provenance(result.table, result.settings.get("fingerprints", {}))),
        **parts,
        **shorten(problems),
    )


def pictures_wanted(result: PairsResult) -> list[str]:
    """Content ids of the images that :func:`tll_page` shows, each once."""
    wanted: dict[str, None] = {}
    for error in result.errors:
        wanted.update(dict.fromkeys([error.query, error.right, *(content for content, _ in error.found)]))
    for removal in _closest_removals(result):
        wanted.update(dict.fromkeys(removal_contents(result, removal)))
    return list(wanted)


def removal_contents(result: PairsResult, removal: Any) -> tuple[str, str]:
    """The two images of a removal: the one of the removed pair, and the one that it is too near to."""
    columns = {"left": result.table.column("left"), "right": result.table.column("right")}
    first, second = removal.side_pair.split("-")
    return columns[first][removal.pair], columns[second][removal.other]


def _intro(result: PairsResult, paper: bool) -> str:
    best = result.best
    name = short_names(result.names)[best.name]
    at = best.recall.at
    said = (
        f"Given a left image, {name} finds the image that a person paired with it at first place in "
        f"{100 * at[1].value:.1f} % of {len(result.table):,} cases, and among the ten nearest in {100 * at[10].value:.1f} %."
    )
    return said + (f" The protocol is that of {published.PAPER}." if paper else "")


def _facts(result: PairsResult) -> list[tuple[str, str]]:
    facts = [("ways to measure", str(len(result.names)))]
    if result.unavailable:
        facts.append(("that could not be had", str(len(result.unavailable))))
    if result.near is not None:
        facts.append(("pairs in TLL_d", f"{result.subset_size('TLL_d'):,}"))
        if result.near.faces:
            facts.append(("in TLL_obj", f"{result.subset_size('TLL_obj'):,}"))
    if result.skipped_pairs:
        facts.append(("pairs left out: unreadable images", f"{result.skipped_pairs:,}"))
    total = result.seconds.get("total")
    return [*facts, ("seconds in all", f"{total:.1f}")] if total is not None else facts


def _contents(parts: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = {
        "subsets": "Without near-duplicates", "associative": "Associative recall", "study": "Human study",
        "faces": "Faces", "votes": "Votes", "comparisons": "Differences",
    }  # fmt: skip
    listed = [("recall", "Recall"), *((key, name) for key, name in names.items() if parts[key])]
    return [*listed, *([("errors", "Errors")] if parts["misses"] else []), ("about", "About this run")]


def _with_faces_text(result: PairsResult) -> str:
    if not any(one.kind == "with faces" for one in result.measured):
        return ""
    return (
        f"+ faces: cosine distance of the encoder plus {FACE_WEIGHT:g} times the smallest L2 distance of the faces, "
        f"{NO_FACE:g} where either image has no face."
    )


def _near_text(result: PairsResult) -> str:
    if result.near is None:
        return ""
    near = result.near
    removed = len(result.table) - len(near.kept_d)
    faces = f", or faces at most {near.face_threshold:g} apart (L2)" if near.faces else ""
    objects = (
        f" TLL_obj: no face in either image and no generic duplicate ({len(near.kept_obj):,}; the paper "
        f"{published.PAIRS_OBJ:,})."
    )
    return (
        f"Of {len(result.table):,} pairs, {removed:,} have an image that is a near-duplicate of another pair's: generic "
        f"cosine distance at most {near.generic_threshold:g} ({_lead(result)}){faces}. "
        f"What is left is TLL_d: {len(near.kept_d):,} pairs (the paper {published.PAIRS_D:,} of {published.PAIRS:,})."
        + (objects if near.faces else "")
    )


def _lead(result: PairsResult) -> str:
    """The first encoder that could be had, which near-duplicates and distractors go by."""
    lead = str(result.settings.get("lead", ""))
    return short_names([lead])[lead]


def _study_text(result: PairsResult) -> str:
    lead = _lead(result)
    random = [c.machine for c in published.CONDITIONS if c.distractors == "random"]
    return (
        "20 queries of a subset, each with the right image and four distractors: drawn at random, or the most similar "
        f"by generic features ({lead}), by faces, or by generic features of faces. With distractors of its own choosing "
        "a machine is right only where the right image was its nearest anyway; the paper's machine is the feature that "
        "chose the distractors. "
        "The paper's row for random distractors cannot be reconciled with the rest: its machine is right in "
        f"{random[0]:.0f} % (TLL_obj) and {random[1]:.0f} % (TLL_d) of the queries, as good as guessing, while its own figure 2b "
        f"has {published.ASSOCIATIVE[5]:.1f} % for the right image among five drawn at random, which is the same question."
    )


def _misses_text(result: PairsResult) -> str:
    name, metric = result.errors_of
    shown, metric = short_names([name])[name], result.get(name, metric).distance
    return (
        f"Queries drawn at random among those where {shown} ({metric}) did not find the right image among its first "
        "five. Press a picture to enlarge it."
    )


def _miss(result: PairsResult, error: RetrievalError, thumbnails: Mapping[str, bytes]) -> dict[str, Any]:
    place = f"place {math.ceil(error.rank):,}" if math.isfinite(error.rank) else "never found"
    return {
        "query": _picture(result, error.query, thumbnails),
        "right": _picture(result, error.right, thumbnails),
        "place": place,
        "found": [
            {"picture": _picture(result, content, thumbnails), "distance": _distance(value)}
            for content, value in error.found
        ],
    }


def _distance(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "none"


def _picture(result: PairsResult, content: str, thumbnails: Mapping[str, bytes]) -> Picture:
    return Picture(path=result.table.images.name(content), thumbnail=thumbnails.get(content))


def _closest_removals(result: PairsResult) -> Sequence[Any]:
    if result.near is None:
        return []
    seen: dict[frozenset[str], Any] = {}
    for removal in sorted(result.near.removed, key=lambda one: one.distance):
        pair = frozenset(removal_contents(result, removal))
        if len(pair) == 2:
            seen.setdefault(pair, removal)
    # Evenly from the closest to the threshold, so that a reader can judge where the line is drawn.
    found = list(seen.values())
    step = max(1, len(found) // TWINS_SHOWN)
    return found[::step][:TWINS_SHOWN]


def _twins(result: PairsResult, thumbnails: Mapping[str, bytes]) -> list[dict[str, Any]]:
    shown = []
    for removal in _closest_removals(result):
        a, b = removal_contents(result, removal)
        shown.append(
            {
                "a": _picture(result, a, thumbnails),
                "b": _picture(result, b, thumbnails),
                "text": f"{removal.rule}: {removal.distance:.3f}",
            }
        )
    return shown
