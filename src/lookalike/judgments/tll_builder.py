"""Builder of Totally Looks Like from the site's composites, as the paper says (section 3)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import BadRow, ImageError, InvalidArgument, JudgmentError, printable
from lookalike.images import read_image
from lookalike.images.formats import EXTENSIONS
from lookalike.judgments.columns import shown
from lookalike.judgments.csv_table import read_csv
from lookalike.judgments.safe_files import is_file, is_folder
from lookalike.progress import Progress

COMPOSITE_SIZE = (401, 271)
"""Width and height of a composite in pixels."""

CAPTION_ROWS = 26
HALF_WIDTH = 200
JPEG_QUALITY = 95

BEGUN = ".lookalike-build"
"""Lies in a folder from the first picture until ``pairs.csv`` is whole."""

_BEGUN_TEXT = "lookalike data build was interrupted here: run it again, or delete this folder.\n"
_SIDES = ("left", "right")
_ENDINGS = {"png": ".png", "jpeg": ".jpg"}

Format: TypeAlias = Literal["png", "jpeg"]


@dataclass(frozen=True)
class TllBuild:
    """What :func:`build_tll` did.

    Attributes:
        pairs: how many pairs were written.
        refused: (file name, reason) of each composite that was left out.
        with_votes: how many pairs have votes.
    """

    pairs: int
    refused: list[tuple[str, str]]
    with_votes: int = 0

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        refused = [{"name": name, "reason": reason} for name, reason in self.refused]
        return {"pairs": self.pairs, "with_votes": self.with_votes, "refused": refused}


def split_composite(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The two pictures of a composite: last column dropped, halves of 200 columns, bottom 26 rows dropped.

    Args:
        pixels: uint8 (271, 401, 3).

    Returns:
        Left and right, each uint8 (245, 200, 3).

    Raises:
        InvalidArgument: another size; a scaled or cropped composite would be cut in the wrong place.
    """
    width, height = COMPOSITE_SIZE
    if pixels.shape[:2] != (height, width):
        seen = f"{pixels.shape[1]}x{pixels.shape[0]}"
        raise InvalidArgument(f"has {seen} pixels, a composite of the site has {width}x{height}")
    rows = height - CAPTION_ROWS
    return pixels[:rows, :HALF_WIDTH], pixels[:rows, HALF_WIDTH : 2 * HALF_WIDTH]


def build_tll(
    source: Path | str,
    out: Path | str,
    *,
    votes: Path | str | None = None,
    format: Format = "png",
    progress: Progress | None = None,
) -> TllBuild:
    """Cut the composites of a folder into the layout that :func:`read_tll` reads.

    Written are ``left/ID``, ``right/ID`` and ``pairs.csv`` (left, right and, with ``votes``, up_votes and
    down_votes), ID being the composite's name. PNG keeps the composite's pixels exactly; "jpeg" writes
    quality 95 without chroma subsampling, about a quarter of the size, compressed a second time.

    Args:
        source: folder of composites; other files are ignored.
        out: a new folder, or one in which an earlier call was interrupted: it is begun anew there. A folder with
            ``left/``, ``right/`` or ``pairs.csv`` of anybody else is refused.
        votes: CSV with the columns id (or name; with or without ending), up_votes, down_votes; composites that
            it does not name get none.

    Raises:
        InvalidArgument: an unknown format.
        JudgmentError: no composites, ``out`` holds a dataset already or cannot be written, or votes are wrong.
    """
    if format not in ("png", "jpeg"):
        raise InvalidArgument(f"pictures are written as png or jpeg, not {format!r}")
    folder, target = Path(source), Path(out)
    files = _composites(folder)
    counts = _read_votes(Path(votes)) if votes is not None else {}
    _refuse_foreign(target)
    written: list[str] = []
    refused: list[tuple[str, str]] = []
    ending = _ENDINGS[format]
    try:
        for side in _SIDES:
            (target / side).mkdir(parents=True, exist_ok=True)
            if side == _SIDES[0]:
                (target / BEGUN).write_text(_BEGUN_TEXT, encoding="utf-8")
        for done, file in enumerate(files):
            reason = _cut(file, target, ending, written)
            if reason:
                refused.append((printable(file.name), reason))
            if progress is not None:
                progress("cutting composites", done + 1, len(files))
        _remove_older(target, {f"{name}{ending}" for name in written})
        new = target / "pairs.csv.new"
        _write_pairs(new, written, ending, counts if votes is not None else None)
        new.replace(target / "pairs.csv")
        (target / BEGUN).unlink()
    except OSError as error:
        raise JudgmentError(f"cannot write {printable(str(target))}: {error.strerror or error}") from error
    return TllBuild(len(written), refused, sum(name in counts for name in written))


def _refuse_foreign(target: Path) -> None:
    if is_file(target / "pairs.csv"):
        raise JudgmentError(f"{printable(str(target))} holds pairs.csv already; choose another folder")
    if is_file(target / BEGUN):
        return
    for side in _SIDES:
        if is_folder(target / side) and next((target / side).iterdir(), None) is not None:
            raise JudgmentError(
                f"{printable(str(target))} holds {side}/ already, and not from an interrupted build; choose another "
                "folder"
            )


def _remove_older(target: Path, names: set[str]) -> None:
    """Pictures that an interrupted build left and this one did not write (from other composites or settings)."""
    for side in _SIDES:
        for file in (target / side).iterdir():
            if file.name not in names and file.suffix in _ENDINGS.values():
                file.unlink()


def _composites(folder: Path) -> list[Path]:
    if not is_folder(folder):
        raise JudgmentError(f"{printable(str(folder))} is no folder of composites")
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in EXTENSIONS and f.is_file())
    if not files:
        raise JudgmentError(f"{printable(str(folder))} holds no images")
    return files


def _cut(file: Path, target: Path, ending: str, written: list[str]) -> str:
    """Write one pair; the reason why not, or ""."""
    if not _fits_a_table(file.stem):
        return "its name cannot stand in a table: it has bytes that are not UTF-8, or spaces around it"
    if file.stem in written[-1:]:  # the files are sorted, so one of the same name comes right after
        return f"another composite is called {printable(file.stem)} too"
    try:
        halves = split_composite(read_image(str(file)).pixels)
    except ImageError as error:
        return error.reason
    except InvalidArgument as error:
        return str(error)
    for side, pixels in zip(("left", "right"), halves, strict=True):
        _write_image(pixels, target / side / f"{file.stem}{ending}")
    written.append(file.stem)
    return ""


def _fits_a_table(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name == name.strip()


def _write_image(pixels: NDArray[np.uint8], file: Path) -> None:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if file.suffix == ".png":
        picture.save(file, format="PNG")
    else:
        picture.save(file, format="JPEG", quality=JPEG_QUALITY, subsampling=0)


def _read_votes(file: Path) -> dict[str, tuple[int | None, int | None]]:
    cells = read_csv(file)
    ids = cells.text("id" if "id" in cells.names else "name").to_pylist()
    up, down = (cells.whole(name, nullable=True).to_pylist() for name in ("up_votes", "down_votes"))
    found: dict[str, tuple[int | None, int | None]] = {}
    for row, (name, *counts) in enumerate(zip(ids, up, down, strict=True)):
        stem = name.rsplit(".", 1)[0] if Path(name).suffix.lower() in EXTENSIONS else name
        lowest = min((count for count in counts if count is not None), default=0)
        reason = f"{lowest} votes: the number cannot be negative" if lowest < 0 else ""
        reason = f"{shown(name)} has votes already" if stem in found else reason
        if reason:
            raise BadRow(cells.where.name, cells.where.line_of(row), reason)
        found[stem] = (counts[0], counts[1])
    return found


def _write_pairs(
    file: Path, names: list[str], ending: str, counts: dict[str, tuple[int | None, int | None]] | None
) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["left", "right", *([] if counts is None else ["up_votes", "down_votes"])])
        for name in names:
            votes = [] if counts is None else ["" if n is None else n for n in counts.get(name, (None, None))]
            writer.writerow([f"{name}{ending}", f"{name}{ending}", *votes])
