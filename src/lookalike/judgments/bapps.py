"""Readers for BAPPS (Zhang et al. 2018, LPIPS): two-alternative choices and JND on patches of 64 x 64 pixels.

Layout: ``2afc/SPLIT/SUBSET/{ref,p0,p1}/NAME.png`` with ``judge/NAME.npy`` (share of people who chose p1), and
``jnd/val/SUBSET/{p0,p1}/NAME.png`` with ``same/NAME.npy`` (share who said that the two are the same).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from lookalike.errors import JudgmentError, printable
from lookalike.images.formats import EXTENSIONS
from lookalike.judgments.base import COPIES
from lookalike.judgments.catalogue import ImageCatalogue
from lookalike.judgments.columns import Where
from lookalike.judgments.content import hashed
from lookalike.judgments.image_names import relative_name
from lookalike.judgments.refused import SKIP_HINT, BadImage
from lookalike.judgments.tables import SameDifferentTable, TripletTable
from lookalike.progress import Progress

VOTES = {"val": 5, "train": 2}
"""People asked about a triplet, by split (the paper's table 2)."""

JND_VOTES = 3
"""People asked about a pair."""

_MOST_VOTES = 20
_UNJUDGED = "the judgment is missing, but there are images for it"


def read_bapps(
    folder: Path | str,
    subset: str | None = None,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> TripletTable:
    """The 2AFC part: reference, a = p0, b = p1, split, and the extra columns subset and name.

    Shares become votes: of 5 people (2 in the training part), or, where the share is no multiple of that, of the
    fewest people that it fits.

    Args:
        folder: the dataset, its ``2afc``, one split or one subset.
        subset: such as "cnn", "color", "deblur", "frameinterp", "superres", "traditional"; None means all there.
        skip_bad: leave out rows whose images or judgment are missing or whose images cannot be read, and list
            them in ``refused``, where lines are rows counted from 1.
        progress: told how many images were hashed.

    Raises:
        JudgmentError: no such layout or subset, an image or a judgment is missing or unreadable.
    """
    root, places = _subsets(Path(folder), "2afc", ("ref", "p0", "p1", "judge"), subset)
    files: dict[str, list[Path]] = {"ref": [], "p0": [], "p1": []}
    rows: list[tuple[int, int, str, str, str]] = []
    for place in places:
        split = place.parent.name if place.parent.name in VOTES else ""
        for stem, judged in _judgments(place, "judge", files, skip_bad):
            votes, total = _votes(judged, VOTES.get(split, VOTES["val"])) if judged else (0, 0)
            rows.append((total - votes, votes, split, place.name, stem))
            for side, listed in files.items():
                listed.append(_image(place / side, stem) if judged else place / "judge" / f"{stem}.npy")
    contents, catalogue = _catalogue(files, root, skip_bad, progress)
    columns = {"reference": contents["ref"], "a": contents["p0"], "b": contents["p1"]}
    names = ("votes_a", "votes_b", "split", "subset", "name")
    table = _table(columns, names, rows)
    return TripletTable(table, catalogue, meta={COPIES: "kept"}, where=Where(printable(str(root))))


def read_bapps_jnd(
    folder: Path | str,
    subset: str | None = None,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> SameDifferentTable:
    """The JND part: a = p0, b = p1, and the extra columns split, subset and name; 3 people saw each pair.

    Args and Raises: as for :func:`read_bapps`.
    """
    root, places = _subsets(Path(folder), "jnd", ("p0", "p1", "same"), subset)
    files: dict[str, list[Path]] = {"p0": [], "p1": []}
    rows: list[tuple[int, int, str, str, str]] = []
    for place in places:
        split = place.parent.name if place.parent.name in VOTES else ""
        for stem, judged in _judgments(place, "same", files, skip_bad):
            votes, total = _votes(judged, JND_VOTES) if judged else (0, 0)
            rows.append((votes, total - votes, split, place.name, stem))
            for side, listed in files.items():
                listed.append(_image(place / side, stem) if judged else place / "same" / f"{stem}.npy")
    contents, catalogue = _catalogue(files, root, skip_bad, progress)
    names = ("votes_same", "votes_different", "split", "subset", "name")
    table = _table({"a": contents["p0"], "b": contents["p1"]}, names, rows)
    return SameDifferentTable(table, catalogue, where=Where(printable(str(root))))


def bapps_part(folder: Path, part: str) -> bool:
    """Whether a folder holds that part ("2afc" or "jnd") of BAPPS, in itself or below."""
    needed = ("p0", "p1", "judge") if part == "2afc" else ("p0", "p1", "same")
    return bool(_find(folder, part, needed)[1])


def _find(folder: Path, part: str, needed: Sequence[str]) -> tuple[Path, list[Path]]:
    """(the part's folder, subsets below it): the dataset, the part, a split or a subset may be given."""
    root = folder / part if (folder / part).is_dir() else folder
    found = []
    for depth in ("", "*", "*/*"):
        places = sorted(root.glob(depth)) if depth else [root]
        found = [place for place in places if all((place / name).is_dir() for name in needed)]
        if found:
            break
    return root, found


def _subsets(folder: Path, part: str, needed: Sequence[str], subset: str | None) -> tuple[Path, list[Path]]:
    root, found = _find(folder, part, needed)
    if not found:
        raise JudgmentError(
            f"{printable(str(folder))}: no part of BAPPS is here; it looks like {part}/val/SUBSET/ with "
            f"{', '.join(needed)}"
        )
    chosen = [place for place in found if subset is None or place.name == subset]
    if not chosen:
        there = ", ".join(sorted({place.name for place in found}))
        raise JudgmentError(
            f"{printable(str(folder))}: BAPPS has no subset {subset!r} here; there are {there}"
        )
    return root, chosen


def _judgments(
    place: Path, answers: str, sides: Iterable[str], skip_bad: bool
) -> list[tuple[str, Path | None]]:
    """(stem, its judgment) of all that is there, by name; None where images have no judgment.

    Raises:
        JudgmentError: there are no judgments, or one is missing and ``skip_bad`` is False.
    """
    found = {file.stem: file for file in (place / answers).glob("*.npy") if not file.name.startswith(".")}
    if not found:
        raise JudgmentError(f"{printable(str(place / answers))}: there are no judgments (*.npy)")
    seen = (file for side in sides for file in (place / side).iterdir() if not file.name.startswith("."))
    shown = {file.stem for file in seen if file.suffix.lower() in EXTENSIONS}
    unjudged = sorted(shown - found.keys())
    if unjudged and not skip_bad:
        more = f" ({len(unjudged)} judgments are missing)" if len(unjudged) > 1 else ""
        missing = printable(str(place / answers / f"{unjudged[0]}.npy"))
        raise JudgmentError(f"{missing}: {_UNJUDGED}{SKIP_HINT}{more}")
    return [(stem, found.get(stem)) for stem in sorted(shown | found.keys())]


def _votes(file: Path, usual: int) -> tuple[int, int]:
    """(people who chose p1 or said "same", people asked)."""
    try:
        values = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise JudgmentError(f"{printable(str(file))} is no NumPy array of numbers") from error
    if values.size != 1 or not np.issubdtype(values.dtype, np.number):
        raise JudgmentError(f"{printable(str(file))} must hold one share, it has shape {values.shape}")
    share = float(values.reshape(-1)[0])
    if not 0 <= share <= 1:
        raise JudgmentError(f"{printable(str(file))}: {share:g} is no share between 0 and 1")
    for people in (usual, *range(1, _MOST_VOTES + 1)):
        if abs(share * people - round(share * people)) < 1e-3:
            return round(share * people), people
    raise JudgmentError(
        f"{printable(str(file))}: {share:g} is the share of no number of people up to {_MOST_VOTES}"
    )


def _image(folder: Path, stem: str) -> Path:
    """The image of a judgment, whether or not it is there."""
    usual = folder / f"{stem}.png"
    if usual.is_file():
        return usual
    other = [file for file in sorted(folder.glob(f"{stem}.*")) if file.suffix.lower() in EXTENSIONS]
    return other[0] if other else usual


def _catalogue(
    files: dict[str, list[Path]], root: Path, skip_bad: bool, progress: Progress | None
) -> tuple[dict[str, list[str]], ImageCatalogue]:
    listed = [file for side in files.values() for file in side]
    missing = {
        file: _UNJUDGED if file.suffix == ".npy" else "the image is missing, but there is a judgment about it"
        for file in listed
        if not file.is_file()
    }
    if missing and not skip_bad:
        _refuse(files, missing)
    known, wrong = hashed([file for file in listed if file not in missing], progress)
    reasons = missing | {file: error.reason for file, error in wrong.items()}
    if reasons and not skip_bad:
        _refuse(files, reasons)
    marks = {f"bad:{file}": BadImage(relative_name(file, root), reason) for file, reason in reasons.items()}
    contents = {side: [known.get(file, f"bad:{file}") for file in found] for side, found in files.items()}
    good = ((known[file], file) for file in listed if file in known)
    return contents, ImageCatalogue.from_hashed(good, root, bad=marks)


def _refuse(files: Mapping[str, Sequence[Path]], reasons: Mapping[Path, str]) -> None:
    bad = [[file for file in row if file in reasons] for row in zip(*files.values(), strict=True)]
    rows = [row for row in bad if row]
    first = rows[0][0]
    more = f" ({len(rows)} rows are wrong like this)" if len(rows) > 1 else ""
    raise JudgmentError(f"{printable(str(first))}: {reasons[first]}{SKIP_HINT}{more}")


def _table(
    images: dict[str, list[str]], names: Sequence[str], rows: Sequence[tuple[int, int, str, str, str]]
) -> pa.Table:
    others = dict(zip(names, (list(column) for column in zip(*rows, strict=True)), strict=True))
    others["split"] = [split or None for split in others["split"]]
    arrays = {
        name: pa.array(values, pa.string() if name == "split" else None) for name, values in others.items()
    }
    return pa.table({**{name: pa.array(values) for name, values in images.items()}, **arrays})
