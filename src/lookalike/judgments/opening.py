"""One door to every layout of judgments that is understood."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from lookalike.errors import InvalidArgument, JudgmentError, printable
from lookalike.judgments.bapps import bapps_part, read_bapps, read_bapps_jnd
from lookalike.judgments.base import Judgments
from lookalike.judgments.csv_table import csv_header
from lookalike.judgments.nights import read_nights, read_nights_jnd
from lookalike.judgments.plain import read_answers, read_pairs, read_tll, read_triplets
from lookalike.judgments.safe_files import is_file, is_folder
from lookalike.judgments.scales import read_ratings, read_same_different
from lookalike.judgments.storage import TABLE_FILE, is_saved, load_judgments
from lookalike.judgments.tables import KINDS
from lookalike.judgments.things import SPLIT_FILES, read_things
from lookalike.progress import Progress

DOCS_PAGE = "docs/reference/judgments-format.md"
_ENTRIES_SEEN = 1000
_USUAL = ("CSV of pairs", "CSV of triplets", "Totally Looks Like")
"""What is named where nothing there gives a hint."""

Images = Path | str | None
Reader = Callable[..., Judgments]
"""(place, images, skip_bad=, progress=) -> table."""


@dataclass(frozen=True)
class Layout:
    """One layout: what it is called, the kind it gives, how it is known and read."""

    name: str
    kind: str
    fits: Callable[[Path], bool]
    read: Reader


def open_judgments(
    path: Path | str,
    *,
    images: Images = None,
    kind: str | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> Judgments:
    """A table from a saved folder or any published layout that is understood.

    Args:
        path: a folder or a file.
        images: folder of the images, where they are not beside the table.
        kind: such as "triplets" or "same-different", where the folder holds more than one (NIGHTS and BAPPS have
            both); None means the first that fits.
        skip_bad: leave out rows whose images are missing, empty or unreadable as files, and list them in
            ``refused``; False refuses the table, naming the first of them.
        progress: told how many images were hashed: the first reading of a big set takes a while.

    Raises:
        InvalidArgument: an unknown kind.
        JudgmentError: nothing there, or no layout fits: one line names the three likeliest.
        BadRow: a row is wrong.
    """
    place = Path(path)
    if kind is not None and kind not in KINDS:
        raise InvalidArgument(f"there is no kind of judgments {kind!r}; there are {', '.join(KINDS)}")
    if not (is_file(place) or is_folder(place)):
        raise JudgmentError(f"{printable(str(place))}: there is no such file or folder")
    how: dict[str, Any] = {"skip_bad": skip_bad, "progress": progress}
    if place.name == TABLE_FILE or is_saved(place):
        saved = load_judgments(place.parent if place.name == TABLE_FILE else place, images, **how)
        return _wanted(saved, kind, place)
    for layout in LAYOUTS:
        if kind in (None, layout.kind) and layout.fits(place):
            return layout.read(place, images, **how)
    wanted = f"no {kind} here" if kind is not None else "no judgments are recognised here"
    raise JudgmentError(
        f"{printable(str(place))}: {wanted}; likeliest wanted: {'; '.join(likeliest(place, kind))} "
        f"(all layouts: {DOCS_PAGE})"
    )


def recognised(path: Path | str, kind: str) -> bool:
    """Whether :func:`open_judgments` would read this as judgments of that kind, or as a saved table of any."""
    place = Path(path)
    if place.name == TABLE_FILE or is_saved(place):
        return True
    return any(layout.kind == kind and layout.fits(place) for layout in LAYOUTS)


def likeliest(place: Path, kind: str | None = None) -> list[str]:
    """Names of the (at most) three layouts that share most file and column names with what is there."""
    there = (
        {entry.name.lower() for entry in islice(place.iterdir(), _ENTRIES_SEEN)} if place.is_dir() else set()
    )
    for file in [place] if place.is_file() else sorted(place.glob("*.csv"))[:1]:
        if file.suffix.lower() in (".csv", ".tsv"):
            with suppress(JudgmentError):
                there.update(name.lower() for name in csv_header(file))
    chosen = [layout for layout in LAYOUTS if kind in (None, layout.kind)]
    shared = {layout.name: len(there & _words(layout.name)) for layout in chosen}
    usual = {name: place for place, name in enumerate(_USUAL)}
    return sorted(shared, key=lambda name: (-shared[name], usual.get(name.partition(" (")[0], len(usual))))[
        :3
    ]


def _words(layout: str) -> set[str]:
    """Files and columns in a layout's name."""
    return set(re.findall(r"[\w.]+", layout.partition("(")[2].lower()))


def _wanted(judgments: Judgments, kind: str | None, place: Path) -> Judgments:
    if kind in (None, judgments.kind):
        return judgments
    raise JudgmentError(f"{printable(str(place))} holds {judgments.kind}, not {kind}")


def _csv(place: Path, usual: str) -> Path | None:
    """The CSV file that a path means, if any."""
    if place.is_file():
        return place if place.suffix.lower() in (".csv", ".tsv") else None
    if (place / usual).is_file():
        return place / usual
    found = sorted(place.glob("*.csv"))
    return found[0] if len(found) == 1 else None


def _has(usual: str, *wanted: str) -> Callable[[Path], bool]:
    """Whether there is a CSV file with these columns."""

    def fits(place: Path) -> bool:
        file = _csv(place, usual)
        if file is None:
            return False
        try:
            return set(wanted) <= set(csv_header(file))
        except JudgmentError:
            # A damaged table with the usual name is read, so that its error is shown.
            return file.name == usual

    return fits


def _is_tll(place: Path) -> bool:
    return all((place / name).exists() for name in ("left", "right", "pairs.csv"))


def _is_things(place: Path) -> bool:
    if place.is_file():
        return place.suffix.lower() == ".txt"
    folders = (place, place / "triplet_dataset")
    return any((folder / name).is_file() for folder in folders for name in SPLIT_FILES.values())


def _nights_file(name: str) -> Callable[[Path], bool]:
    needs_folders = name == "data.csv"
    return lambda place: (place / name).is_file() and (not needs_folders or (place / "ref").is_dir())


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "NIGHTS (data.csv, ref/, distort/)",
        "triplets",
        _nights_file("data.csv"),
        lambda place, _, **how: read_nights(place, **how),
    ),
    Layout(
        "NIGHTS JND (jnd_votes.csv)",
        "same-different",
        _nights_file("jnd_votes.csv"),
        lambda place, _, **how: read_nights_jnd(place, **how),
    ),
    Layout(
        "BAPPS (2afc/SPLIT/SUBSET/ref, p0, p1, judge)",
        "triplets",
        lambda place: bapps_part(place, "2afc"),
        lambda place, _, **how: read_bapps(place, **how),
    ),
    Layout(
        "BAPPS JND (jnd/SPLIT/SUBSET/p0, p1, same)",
        "same-different",
        lambda place: bapps_part(place, "jnd"),
        lambda place, _, **how: read_bapps_jnd(place, **how),
    ),
    Layout(
        "Totally Looks Like (left/, right/, pairs.csv)",
        "pairs",
        _is_tll,
        lambda place, _, **how: read_tll(place, **how),
    ),
    Layout("THINGS triplets (validationset.txt, trainset.txt)", "odd-one-out", _is_things, read_things),
    Layout(
        "CSV of answers (participant,query,left,right,chosen)",
        "triplet-answers",
        _has("answers.csv", "participant", "query", "left", "right", "chosen"),
        read_answers,
    ),
    Layout(
        "CSV of triplets (reference,a,b,votes_a,votes_b or human)",
        "triplets",
        _has("triplets.csv", "reference", "a", "b"),
        read_triplets,
    ),
    Layout("CSV of pairs (left,right)", "pairs", _has("pairs.csv", "left", "right"), read_pairs),
    Layout(
        "CSV of odd ones out (a,b,c,odd or votes)",
        "odd-one-out",
        _has("triplets.csv", "a", "b", "c"),
        read_things,
    ),
    Layout("CSV of ratings (a,b,rating)", "ratings", _has("ratings.csv", "a", "b", "rating"), read_ratings),
    Layout(
        "CSV of same/different votes (a,b,votes_same,votes_different)",
        "same-different",
        _has("votes.csv", "a", "b", "votes_same", "votes_different"),
        read_same_different,
    ),
)
"""In the order they are tried."""
