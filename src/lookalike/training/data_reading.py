"""What a recipe names as its data -> a :class:`Table`: judgments, folders and archives, twins, digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.errors import InvalidArgument, JudgmentError, RecipeError, TrainingError, printable
from lookalike.images import open_source
from lookalike.training.data_table import Table, number_classes

if TYPE_CHECKING:
    from lookalike.images import ImageRef
    from lookalike.judgments import Judgments, OddOneOutTable

JUDGED = {
    "triplets": ("triplets", "triplet-answers", "odd-one-out"),
    "pairs": ("pairs", "same-different", "ratings"),
}
"""Needs -> the kinds of judgments that can serve them."""


def read_judgments(
    place: Path | str,
    *,
    images: Path | str | None = None,
    where: Mapping[str, Any] | None = None,
    kind: str | None = None,
) -> Table:
    """A table of triplets or pairs from anything that :func:`lookalike.judgments.open_judgments` understands.

    Triplets without a vote are left out and counted. A trial of odd one out with votes for c as the odd one says that
    a and b are closest: it becomes the votes for b against c with reference a, and for a against c with reference b.

    Raises:
        JudgmentError, BadRow: the table is wrong, or an image is missing; says which.
        RecipeError: ``where`` names no column.
        TrainingError: no rows are left, or the judgments are of a kind that nothing is trained on.
    """
    from lookalike.judgments import open_judgments

    opened = open_judgments(place, images=images, kind=kind)
    try:
        rows = opened.where(**dict(where or {}))
    except InvalidArgument as error:
        raise RecipeError(f"data.where: {error}") from error
    if not len(rows):
        raise TrainingError(
            f"{printable(str(place))}: no rows are left of {len(opened)}; loosen data.where"
            if len(opened)
            else f"{printable(str(place))}: the table holds no rows"
        )
    return from_judgments(rows, str(place))


def from_judgments(rows: Judgments, place: str = "the table") -> Table:
    """As :func:`read_judgments`, for a table that is open already."""
    if rows.kind == "triplet-answers":
        rows = rows.votes()  # type: ignore[attr-defined]
    known = [kind for kinds in JUDGED.values() for kind in kinds]
    if rows.kind not in known:
        raise TrainingError(f"{printable(place)} holds {rows.kind}; training takes {', '.join(known)}")
    contents = rows.distinct_images()
    number = {content: position for position, content in enumerate(contents)}

    def positions(name: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.array([number[content] for content in rows.column(name)], dtype=np.int64)

    pictures = [rows.images.path(content) for content in contents]
    names = [rows.images.name(content) for content in contents]
    split = rows.column("split") if "split" in rows.table.column_names else None
    notes = (rows.note,) if rows.note else ()
    if rows.kind == "odd-one-out":
        made = _from_odd(rows, pictures, names, positions, notes)  # type: ignore[arg-type]
        return replace(made, contents=contents)
    if rows.kind == "triplets":
        columns = {"images": positions("reference"), "images_a": positions("a"), "images_b": positions("b")}
        votes = {name: rows.array(name).astype(np.float32) for name in ("votes_a", "votes_b")}
        voted = _voted(Table("triplets", pictures, names, columns, votes, split=split, notes=notes))
        return replace(voted, contents=contents)
    sides = ("left", "right") if rows.kind == "pairs" else ("a", "b")
    columns = {"images": positions(sides[0]), "images_a": positions(sides[1])}
    values = _alike(rows)
    return Table("pairs", pictures, names, columns, values, split=split, notes=notes, contents=contents)


def read_images(
    place: Path | str,
    *,
    labels: str | None = None,
    attributes: Sequence[str] = (),
    where: Mapping[str, Any] | None = None,
) -> Table:
    """Images of a folder, list, table or archive, with labels or attributes where they are asked for.

    Args:
        place: as for :func:`lookalike.images.open_source`.
        labels: ``folder`` (the name of the folder that holds the image) or a column of a table.
        attributes: columns of a table; ``folder`` may be among them.
        where: column (or ``folder``) -> value or list of values that are kept.

    Raises:
        SourceError: nothing there.
        RecipeError: no such column.
        TrainingError: no images, or none with a label.
    """
    refs = list(open_source(place))
    if not refs:
        raise TrainingError(f"{printable(str(place))}: there are no images; check data.train")
    for name in {*([labels] if labels else []), *attributes, *(where or {})}:
        if name != "folder" and not any(name in ref.metadata for ref in refs):
            raise RecipeError(
                f"{printable(str(place))}: the images have no column {name!r}; use 'folder' or a table with that column"
            )
    for name, wanted in (where or {}).items():
        options = {str(one) for one in (wanted if isinstance(wanted, list | tuple | set) else [wanted])}
        refs = [ref for ref in refs if str(_cell(ref, name)) in options]
    if not refs:
        raise TrainingError(f"{printable(str(place))}: no images are left; loosen data.where")
    columns = {"images": np.arange(len(refs), dtype=np.int64)}
    names = [ref.name for ref in refs]
    if labels:
        numbers, classes = number_classes([_cell(ref, labels) for ref in refs])
        if not classes:
            raise TrainingError(
                f"{printable(str(place))}: no image has a label by {labels!r}; put the images of each class into a "
                "folder of its own"
            )
        return Table("labels", refs, names, columns, {"labels": numbers}, classes={"labels": classes})
    if attributes:
        found = {name: number_classes([_cell(ref, name) for ref in refs]) for name in attributes}
        values = {name: numbers for name, (numbers, _) in found.items()}
        return Table(
            "attributes",
            refs,
            names,
            columns,
            attributes=values,
            classes={n: c for n, (_, c) in found.items()},
        )
    return Table("images", refs, names, columns)


def holds_judgments(place: Path | str) -> bool:
    """Whether :func:`~lookalike.judgments.open_judgments` knows the layout of a place (the rows may be wrong)."""
    from lookalike.judgments.opening import LAYOUTS
    from lookalike.judgments.storage import TABLE_FILE, is_saved

    path = Path(place)
    if not path.exists():
        return False
    return path.name == TABLE_FILE or is_saved(path) or any(layout.fits(path) for layout in LAYOUTS)


def _cell(ref: ImageRef, name: str) -> object:
    return ref.label if name == "folder" else ref.metadata.get(name)


def _voted(table: Table) -> Table:
    answered = table.values["votes_a"] + table.values["votes_b"] > 0
    if not answered.any():
        raise TrainingError(
            f"there is not a single vote on these {len(table):,} triplets; check the columns votes_a and votes_b"
        )
    if answered.all():
        return table
    left_out = int((~answered).sum())
    return table.select(answered).noted(f"{left_out:,} triplets that nobody answered were left out")


def _alike(rows: Judgments) -> dict[str, Any]:
    """``same`` of pairs, none where every pair is alike."""
    if rows.kind == "pairs":
        return {}
    if rows.kind == "same-different":
        same, different = (rows.array(name).astype(np.float64) for name in ("votes_same", "votes_different"))
        total = same + different
        share = np.where(total > 0, same / np.where(total > 0, total, 1), -1)
        return {"same": share.astype(np.float32)}
    ratings = rows.array("rating").astype(np.float64)
    low, high = rows.scale()  # type: ignore[attr-defined]
    low = low if np.isfinite(low) else float(ratings.min())
    high = high if np.isfinite(high) else float(ratings.max())
    if not low < high:
        raise JudgmentError(f"all {len(rows)} ratings are {low:g}: nothing tells alike from not alike")
    return {"same": ((ratings - low) / (high - low)).astype(np.float32)}


def _from_odd(
    rows: OddOneOutTable,
    pictures: Sequence[Path],
    names: Sequence[str],
    positions: Any,
    notes: tuple[str, ...],
) -> Table:
    image = {name: positions(name) for name in "abc"}
    votes = {name: rows.array(f"votes_{name}").astype(np.float32) for name in "abc"}
    parts = [("a", "b", "c"), ("b", "a", "c"), ("c", "a", "b")]
    columns = {
        "images": np.concatenate([image[reference] for reference, _, _ in parts]),
        "images_a": np.concatenate([image[one] for _, one, _ in parts]),
        "images_b": np.concatenate([image[other] for _, _, other in parts]),
    }
    # Whoever names `other` the odd one says that the reference is closer to `one`.
    values = {
        "votes_a": np.concatenate([votes[other] for _, _, other in parts]),
        "votes_b": np.concatenate([votes[one] for _, one, _ in parts]),
    }
    split = rows.column("split") * 3 if "split" in rows.table.column_names else None
    return _voted(Table("triplets", pictures, names, columns, values, split=split, notes=notes))
