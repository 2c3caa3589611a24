"""An explanation as a page shows it: attributes as bars, a map over either image whose cells know their partners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lookalike.errors import printable
from lookalike.explain.sentences import percent, words
from lookalike.reports.explain_overlay import Frame, curve_svg, links_json, strengths
from lookalike.reports.explain_words import LABELS

if TYPE_CHECKING:
    from lookalike.explain.explanation import AttributeScore, Explanation
    from lookalike.explain.places import Place

HIGH, LOW = 90.0, 60.0
FAINTEST = 0.06
"""Cells below this share of the strongest one are not tinted."""

Shown = dict[str, Any]


def view(found: Explanation, language: str) -> Shown:
    """Everything the template needs, without the pictures themselves."""
    text, label = words(language), LABELS[language]
    known = [one for one in found.ranked if one.percentile is not None]
    return {
        "sentences": [printable(line) for line in found.sentences(language)],
        "score": f"{found.score:.3f}",
        "score_name": label["score"] if found.centred else label["plain"],
        "percentile": "" if found.percentile is None else percent(found.percentile, text),
        "attributes": [_attribute(one, text, label, language) for one in found.ranked],
        "weighable": len(known),
        "total": f"{sum(one.percentile or 0.0 for one in known) / len(known):.0f}" if known else "",
        "maps": [_map(place, found, label) for place in found.where],
        "without": [_without(one, number, text, label) for number, one in enumerate(found.counterfactuals)],
        "reference": label["reference"].format(
            name=label["built-in"] if found.reference.kind == "built-in" else printable(found.reference.name),
            count=f"{found.reference.images:,}",
        ),
        "notes": [printable(note) for note in found.notes],
        "label": label,
    }


def _attribute(one: AttributeScore, text: Any, label: Any, language: str) -> Shown:
    known = one.percentile is not None
    place = one.percentile or 0.0
    return {
        "key": one.name,
        "name": text[one.name],
        "how": one.how if language == "en" else "",
        "known": known,
        "percentile": percent(place, text) if known else label["unknown"],
        "value": f"{place:.1f}",
        "level": "high" if place >= HIGH else "low" if place < LOW else "mid",
        "note": printable(one.note),
    }


def _without(one: Any, number: int, text: Any, label: Any) -> Shown:
    return {
        "number": number,
        "name": text[one.name],
        "side": label[one.side],
        "before": f"{one.before:.2f}",
        "after": f"{one.after:.2f}",
        "change": f"{one.change:+.2f}",
        "falls": one.change < 0,
        "typical": "" if one.typical is None else label["typical"].format(value=f"{one.typical:+.2f}"),
    }


def _map(place: Place, found: Explanation, label: Any) -> Shown:
    from markupsafe import Markup

    drops = place.drops()
    return {
        "method": place.map.method,
        "name": label[place.map.method],
        "sides": [_side(place, side, _size(found, side)) for side in ("a", "b")],
        "links": links_json(place),
        "verdict": label["verdict"].format(**{k: f"{v:.3f}" for k, v in drops.items()}) if drops else "",
        "curves": [
            {"svg": Markup(curve_svg(lines, label[kind], label)), "name": label[kind]}
            for kind, lines in place.curves().items()
        ],
        "note": printable(place.map.note),
    }


def _size(found: Explanation, side: str) -> tuple[int, int]:
    pixels = (found.a if side == "a" else found.b).pixels
    return pixels.shape[1], pixels.shape[0]


def _side(place: Place, side: str, size: tuple[int, int]) -> Shown:
    """One image: its frame, the cells over it, and the numbered ends of the matches."""
    values = place.map.a_map if side == "a" else place.map.b_map
    scaled = strengths(values)
    frame = Frame(0, size)
    cells = []
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            x, y, width, height = frame.box(place, side, (row, column))
            if width <= 0 or height <= 0:
                continue
            value = float(scaled[row, column])
            cells.append(
                {
                    "number": row * values.shape[1] + column, "row": row + 1, "column": column + 1,
                    "x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}",
                    "tone": "warm" if value >= 0 else "cold",
                    "opacity": f"{0.6 * abs(value) if abs(value) >= FAINTEST else 0.0:.2f}",
                    "share": f"{float(values[row, column]):+.4f}",
                }
            )  # fmt: skip
    return {
        "side": side, "width": f"{frame.width:.1f}", "height": f"{frame.height:.0f}",
        "columns": values.shape[1], "cells": cells, "matches": _matches(place, side, frame),
    }  # fmt: skip


def _matches(place: Place, side: str, frame: Frame) -> list[tuple[int, str, str]]:
    found = []
    for number, match in enumerate(place.matches, start=1):
        x, y, width, height = frame.box(place, side, match.a_cell if side == "a" else match.b_cell)
        found.append((number, f"{x + width / 2:.1f}", f"{y + height / 2:.1f}"))
    return found
