"""Rows of a table of judgments as the plain data that its page is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.errors import ImageError, JudgmentError
from lookalike.reports.judgments_page import JudgedPicture, JudgmentView, judgments_page
from lookalike.reports.models import Picture

if TYPE_CHECKING:
    from lookalike.judgments import ImageCatalogue, Judgments

THUMBNAIL_SIDE = 220

_ANSWERS = {
    "triplets": {"a": "votes_a", "b": "votes_b"},
    "odd-one-out": {"a": "votes_a", "b": "votes_b", "c": "votes_c"},
}
"""By kind: image column -> the column with its votes."""


def sample_page(judgments: Judgments, title: str, n: int, seed: int) -> str:
    """A page of ``n`` rows drawn without replacement, in the table's order."""
    count = min(n, len(judgments))
    rows = np.sort(np.random.default_rng(seed).choice(len(judgments), size=count, replace=False))
    part = judgments.select(rows)
    pictures = _pictures(part.images, part.distinct_images())
    table = part.table.to_pylist()
    views = [
        _view(judgments.kind, int(row) + 1, cells, pictures) for row, cells in zip(rows, table, strict=True)
    ]
    facts = judgments.describe()
    summary = [("kind", judgments.kind), ("distinct images", f"{facts['images']:,}")]
    if facts["votes"]:
        summary.append(("votes", f"{facts['votes']['total']:,}"))
    notes = [judgments.note, f"{count} rows drawn at random with seed {seed}"]
    return judgments_page(
        title,
        views,
        total=len(judgments),
        note="; ".join(part for part in notes if part),
        summary=summary,
    )


def _pictures(images: ImageCatalogue, contents: list[str]) -> dict[str, Picture]:
    from lookalike.images import read_image, thumbnail

    # Names only, no links to the originals: the page is passed on, and would tell how this machine's folders are called.
    found: dict[str, Picture] = {}
    for content in contents:
        name = images.name(content)
        try:
            path = images.path(content)
            image = read_image(str(path), min_size=(THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        except (ImageError, JudgmentError) as error:
            # One picture that cannot be shown must not hide the others.
            found[content] = Picture(
                name, caption=error.reason if isinstance(error, ImageError) else str(error)
            )
            continue
        info = image.info
        found[content] = Picture(
            name,
            thumbnail(image.pixels, side=THUMBNAIL_SIDE),
            width=info.width,
            height=info.height,
            format=info.format,
            bytes=info.bytes,
        )
    return found


def _view(kind: str, number: int, cells: dict[str, Any], pictures: dict[str, Picture]) -> JudgmentView:
    if kind == "forced-choice":
        shown, used = _forced_choice(cells, pictures)
    else:
        shown, used = _plain(kind, cells, pictures)
    facts = [(name, _words(value)) for name, value in cells.items() if name not in used and value is not None]
    return JudgmentView(number, shown, facts)


def _plain(
    kind: str, cells: dict[str, Any], pictures: dict[str, Picture]
) -> tuple[list[JudgedPicture], set[str]]:
    """(the pictures of a row, the columns that they show)."""
    columns = [name for name in ("reference", "left", "right", "a", "b", "c") if cells.get(name) in pictures]
    votes = {name: cells[column] for name, column in _ANSWERS.get(kind, {}).items()}
    if kind == "triplet-answers":
        votes = {"a": int(cells["chosen"] == 0), "b": int(cells["chosen"] == 1)}
    total, most = sum(votes.values()), max(votes.values(), default=0)
    shown = []
    for name in columns:
        count = votes.get(name)
        shown.append(
            JudgedPicture(
                pictures[cells[name]],
                name,
                "" if count is None else f"{count} of {total}",
                count / total if count is not None and total else None,
                bool(count) and count == most and list(votes.values()).count(most) == 1,
            )
        )
    return shown, {*columns, *_ANSWERS.get(kind, {}).values()}


def _forced_choice(
    cells: dict[str, Any], pictures: dict[str, Picture]
) -> tuple[list[JudgedPicture], set[str]]:
    answers = cells["answers"]
    total = sum(answers or [])
    shown = [JudgedPicture(pictures[cells["query"]], "query")]
    for position, content in enumerate(cells["options"]):
        count = answers[position] if answers else None
        shown.append(
            JudgedPicture(
                pictures[content],
                f"option {position + 1}",
                "" if count is None else f"{count} of {total}",
                count / total if count is not None and total else None,
                position == cells["right"],
            )
        )
    return shown, {"query", "options", "right", "answers"}


def _words(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
