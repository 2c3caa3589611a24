"""Pages, notebook cells and pictures of explanations (:mod:`lookalike.explain`)."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from lookalike.errors import printable
from lookalike.explain.explanation import Explanation
from lookalike.explain.places import Place
from lookalike.explain.sentences import encoder_name, percent, words
from lookalike.explain.triplets import Choice, OddOneOut
from lookalike.reports.explain_overlay import curve_svg, links_json, overlay_svg
from lookalike.reports.explain_picture import picture_of
from lookalike.reports.explain_words import LABELS
from lookalike.reports.render import data_uri, page

__all__ = ["embedded", "page_of", "picture_of"]

_THUMB = 150
_FRAME_HEIGHT = 860


def page_of(found: Explanation | Choice | OddOneOut, language: str = "en") -> str:
    """A complete HTML document that needs no network.

    Args:
        found: an explanation of a pair, of a choice or of an odd one out.
        language: "en" or "zh".

    Raises:
        InvalidArgument: no such language.
    """
    text, label = words(language), LABELS[language]
    pairs, strip = _pairs_and_strip(found, label)
    scripts = (
        ("explain.js",) if any(place.linked is not None for pair in pairs for place in pair.where) else ()
    )
    return page(
        "explain.html.j2",
        title=_title(found, label),
        note=_note(pairs[0], label),
        styles=("base.css", "explain.css"),
        scripts=scripts,
        language={"en": "en", "zh": "zh-Hans"}[language],
        label=label,
        lead=[printable(line) for line in found.sentences(language)],
        strip=strip,
        gaps=_gaps(found, text, label),
        pairs=[_pair(pair, text, label, number) for number, pair in enumerate(pairs)],
        several=len(pairs) > 1,
    )


def embedded(found: Explanation | Choice | OddOneOut, language: str = "en") -> str:
    """For a notebook: the page inside a frame, so that neither disturbs the other."""
    inside = escape(page_of(found, language), quote=True)
    return (
        f'<iframe title="lookalike" srcdoc="{inside}" width="100%" height="{_FRAME_HEIGHT}" '
        'style="border:0;border-radius:12px" sandbox="allow-scripts"></iframe>'
    )


def _pairs_and_strip(
    found: Explanation | Choice | OddOneOut, label: Any
) -> tuple[list[Explanation], list[dict[str, Any]]]:
    if isinstance(found, Explanation):
        return [found], []
    if isinstance(found, Choice):
        marks = {found.chosen: label["chosen"]}
        images = [("A", found.query, "", False)]
        images += [
            (name, image, marks.get(name, ""), name == found.chosen)
            for name, image in zip(found.names, found.options, strict=True)
        ]
        return [found.pair_of(found.chosen), found.pair_of(found.other)], [_shown(*one) for one in images]
    strip = [
        _shown(name, image, label["odd"] if name == found.odd else label["pair"], name != found.odd)
        for name, image in zip(found.names, found.images, strict=True)
    ]
    return [found.closest], strip


def _shown(name: str, image: Any, mark: str, good: bool) -> dict[str, Any]:
    return {
        "name": name, "file": image.name, "mark": mark, "good": good, "src": data_uri(image.jpeg(320)),
        "size": (image.pixels.shape[1], image.pixels.shape[0]),
    }  # fmt: skip


def _title(found: Explanation | Choice | OddOneOut, label: Any) -> str:
    if isinstance(found, Choice):
        return str(label["choice_title"].format(chosen=found.chosen, other=found.other))
    if isinstance(found, OddOneOut):
        return str(label["odd_title"].format(odd=found.odd))
    return str(label["title"].format(a=found.a.name, b=found.b.name))


def _note(pair: Explanation, label: Any) -> str:
    parts = [label["encoder"].format(name=printable(encoder_name(pair.encoder)))]
    if pair.seconds:
        parts.append(label["seconds"].format(value=f"{pair.seconds:.2f}"))
    return " · ".join(parts)


def _gaps(found: Explanation | Choice | OddOneOut, text: Any, label: Any) -> list[dict[str, Any]]:
    """Attribute by attribute, the percentiles of the two pairs that are compared."""
    if isinstance(found, Explanation):
        return []
    return [
        {
            "name": text[gap.name], "gap": f"{gap.difference:+.0f}", "mine": gap.mine, "theirs": gap.theirs,
            "text": label["against"].format(mine=percent(gap.mine, text), theirs=percent(gap.theirs, text)),
        }
        for gap in found.gaps
    ]  # fmt: skip


def _pair(pair: Explanation, text: Any, label: Any, number: int) -> dict[str, Any]:
    return {
        "number": number,
        "name": f"{pair.a.name} – {pair.b.name}",
        "score": f"{pair.score:.3f}",
        "plain": f"{pair.cosine:.3f}",
        "score_name": label["score"] if pair.centred else label["plain"],
        "centred": pair.centred,
        "percentile": "" if pair.percentile is None else percent(pair.percentile, text),
        "maps": [_map(place, pair, label, f"{number}-{n}") for n, place in enumerate(pair.where)],
        "images": [] if pair.where else [_shown("A", pair.a, "", False), _shown("B", pair.b, "", False)],
        "attributes": [_attribute(one, text, label) for one in pair.ranked],
        "reference": label["reference"].format(
            name=label["built-in"] if pair.reference.kind == "built-in" else printable(pair.reference.name),
            count=f"{pair.reference.images:,}",
        ),
        "counterfactuals": [_counterfactual(one, text, label) for one in pair.counterfactuals],
        "people": _people(pair, label),
        "notes": [printable(note) for note in pair.notes],
    }


def _map(place: Place, pair: Explanation, label: Any, key: str) -> dict[str, Any]:
    from markupsafe import Markup

    sizes = tuple((image.pixels.shape[1], image.pixels.shape[0]) for image in (pair.a, pair.b))
    name = label[place.map.method]
    links, drops = links_json(place), place.drops()
    curves = [
        {
            "svg": Markup(curve_svg(lines, f"{label[kind]}: {name}", label)),
            "name": label[kind],
            "axis": label["removed"].format(how=label["hidden" if kind == "deletion" else "shown"]),
        }
        for kind, lines in place.curves().items()
    ]
    return {
        "key": key,
        "name": name,
        "svg": Markup(overlay_svg(place, (pair.a.jpeg(), pair.b.jpeg()), sizes, name)),
        "links": "" if links is None else json.dumps(links, separators=(",", ":")),
        "lines": bool(place.matches),
        "curves": curves,
        "verdict": label["verdict"].format(**{k: f"{v:.3f}" for k, v in drops.items()}) if drops else "",
        "note": printable(place.map.note),
    }


def _attribute(one: Any, text: Any, label: Any) -> dict[str, Any]:
    known = one.percentile is not None
    return {
        "name": text[one.name],
        "how": one.how,
        "percentile": percent(one.percentile, text) if known else label["unknown"],
        "share": f"{one.percentile:.1f}" if known else "",
        "level": "high"
        if known and one.percentile >= 90
        else "low"
        if known and one.percentile < 60
        else "mid",
        "similarity": "–" if one.similarity is None else f"{one.similarity:.2f}",
        "note": printable(one.note),
    }


def _counterfactual(one: Any, text: Any, label: Any) -> dict[str, Any]:
    from lookalike.explain.images_seen import jpeg_of

    return {
        "name": text[one.name],
        "how": one.how,
        "side": label[one.side],
        "pictures": [data_uri(jpeg_of(pixels, _THUMB, 80)) for pixels in (one.a, one.b)],
        "before": f"{one.before:.2f}",
        "after": f"{one.after:.2f}",
        "change": f"{one.change:+.2f}",
        "falls": one.change < 0,
        "typical": "" if one.typical is None else label["typical"].format(value=f"{one.typical:+.2f}"),
    }


def _people(pair: Explanation, label: Any) -> dict[str, Any] | None:
    people = pair.comparator
    if people is None:
        return None
    rows = sorted(people.contributions.items(), key=lambda row: -row[1])
    largest = max((abs(value) for _, value in rows), default=1.0) or 1.0
    return {
        "probability": f"{people.probability:.2f}",
        "name": printable(people.name),
        "rows": [
            {
                "name": name, "value": f"{value:+.2f}", "x": f"{50 if value >= 0 else 50 + 50 * value / largest:.1f}",
                "width": f"{50 * abs(value) / largest:.1f}", "good": value >= 0,
            }
            for name, value in [*rows, (label["start"], people.intercept)]
        ],
    }  # fmt: skip
