"""Rows and images that cannot be used: the option that leaves them out, and how they are told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli import output
from lookalike.errors import ImageError, printable
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.judgments import Judgments

REFUSED_SHOWN = 10

SkipBadOption = Annotated[
    bool,
    typer.Option(
        "--skip-bad", help="Leave out rows with a missing, empty or unreadable image, and list them."
    ),
]


def left_out(judgments: Judgments) -> str:
    """How many rows of a table were left out, in words."""
    count = len(judgments.refused)
    return "1 row left out" if count == 1 else f"{count:,} rows left out"


def note_refused(judgments: Judgments) -> None:
    """The rows that were left out, on stderr: the first of them by line, the others by number."""
    note_bad([f"line {row.line:,}: {row.name}: {row.reason}" for row in judgments.refused], "left out ")


def note_repeats(judgments: Judgments) -> None:
    """Rows that repeat another, on stderr: they are not refused, but somebody should know."""
    from lookalike.judgments.summary import repeats_note

    if text := repeats_note(judgments):
        output.note(printable(text))


def note_bad(texts: list[str], before: str) -> None:
    """The first of several problems on stderr, a line each, and how many more there are."""
    for text in texts[:REFUSED_SHOWN]:
        output.note(f"{before}{printable(text)}")
    if len(texts) > REFUSED_SHOWN:
        output.note(f"and {len(texts) - REFUSED_SHOWN:,} more; --json lists them all")


def damaged(files: list[Path], progress: Progress | None) -> list[tuple[Path, str]]:
    """The files that cannot be decoded, with the reason."""
    from lookalike.images import decode

    found = []
    for number, file in enumerate(files):
        if progress is not None:
            progress("decoding", number, len(files))
        try:
            decode(str(file))
        except ImageError as error:
            found.append((file, error.reason))
    return found


def without_strangers(judgments: Judgments) -> Judgments:
    """The rows whose files are images by how they begin; the others join ``refused``."""
    from lookalike.judgments.refused import BadImage
    from lookalike.judgments.safe_files import not_an_image

    absent = set(judgments.images.absent())
    there = (content for content in judgments.distinct_images() if content not in absent)
    problems = {content: not_an_image(judgments.images.path(content)) for content in there}
    named = {
        content: BadImage(judgments.images.name(content), why) for content, why in problems.items() if why
    }
    return judgments.without(named) if named else judgments
