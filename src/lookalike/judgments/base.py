"""What every table of judgments can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument, printable
from lookalike.extras import import_extra
from lookalike.judgments.catalogue import ImageCatalogue
from lookalike.judgments.columns import Column, Where, conform, flags, flat, shown
from lookalike.judgments.refused import BadImage, Refused, leave_out
from lookalike.judgments.summary import summary

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
"""Version of the saved tables; a higher one is refused on loading."""

COPIES = "copies"
"""Key of ``meta``: "kept" where one row may show two files with the same bytes (published sets hold a few)."""


class Judgments:
    """A validated table of what people said about images.

    Images are content ids (sha256 hex of the file's bytes) that ``images`` knows. Columns beyond those of the
    kind are kept as they are.

    Args:
        table: the columns of the kind in any order; nullable ones may be missing.
        images: must know every image of the table.
        meta: strings kept with the table; see :data:`COPIES`.
        note: one line on how it was read, for people; not saved.
        where: what the rows are called in messages.

    Attributes:
        refused: rows that were left out because an image of theirs cannot be had (``skip_bad`` of the readers).

    Raises:
        JudgmentError: a column is missing or of the wrong type, or every row was left out.
        BadRow: a row is wrong; says which and why.
    """

    kind: ClassVar[str]
    COLUMNS: ClassVar[tuple[Column, ...]]
    SCHEMA_VERSION: ClassVar[int] = SCHEMA_VERSION
    ANSWERS_COMPETE: ClassVar[bool] = True
    """Whether a vote for one answer is a vote against the others."""

    def __init__(
        self,
        table: pa.Table,
        images: ImageCatalogue,
        *,
        meta: Mapping[str, str] | None = None,
        note: str = "",
        where: Where | None = None,
    ) -> None:
        place = where if where is not None else Where(f"table of {self.kind}")
        self.refused: list[Refused] = []
        if images.bad:
            table, place, self.refused = leave_out(table, self.image_columns(), images.bad, place)
        self.table: pa.Table = conform(table, self.COLUMNS, place)
        self.images = images
        self.meta: dict[str, str] = dict(meta or {})
        self.note = note
        self._place = place
        self._check_images(place)
        self._check_rows(place)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} rows, {len(self.distinct_images())} images)"

    @classmethod
    def image_columns(cls) -> tuple[str, ...]:
        """Names of the columns that hold content ids."""
        return tuple(column.name for column in cls.COLUMNS if column.image)

    def column(self, name: str) -> list[Any]:
        """One column as Python values; empty cells are None.

        Raises:
            InvalidArgument: no such column.
        """
        values: list[Any] = self._column(name).to_pylist()
        return values

    def array(self, name: str) -> NDArray[Any]:
        """One column as an array (n,); integers with empty cells become float64 with NaN."""
        values: NDArray[Any] = self._column(name).to_numpy()
        return values

    def paths(self, name: str) -> list[Path]:
        """Where the images of an image column lie here, row by row.

        Raises:
            InvalidArgument: the column holds no single images.
            JudgmentError: an image is not on this machine; says which and how to point to the folder.
        """
        holds_one = any(c.name == name and c.image and c.type == pa.string() for c in self.COLUMNS)
        if not holds_one:
            raise InvalidArgument(f"{printable(name)} is no column of images in a table of {self.kind}")
        coded = flat(self._column(name)).dictionary_encode()
        files = [self.images.path(content) for content in coded.dictionary.to_pylist()]
        return [files[position] for position in coded.indices.to_pylist()]

    def distinct_images(self) -> list[str]:
        """Content ids of the images in the table, each once, in order of appearance by column."""
        seen: dict[str, None] = {}
        for name in self.image_columns():
            values = self.table.column(name)
            if pa.types.is_list(values.type):
                values = pc.list_flatten(values)
            seen.update(dict.fromkeys(pc.unique(values).to_pylist()))
        return list(seen)

    def to_pandas(self) -> pd.DataFrame:
        """The table as a pandas DataFrame, images as content ids.

        Raises:
            MissingDependency: pandas is not installed.
        """
        import_extra("pandas", "pandas", "to_pandas()")
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def where(self, **equal: Any) -> Self:
        """The rows whose columns equal the given values; a list or tuple means any of them, None an empty cell.

        ``refused`` stays that of the whole table.

        Raises:
            InvalidArgument: no such column, or a value that the column cannot hold.
        """
        keep = np.ones(len(self), dtype=bool)
        for name, wanted in equal.items():
            values = self._column(name)
            options = list(wanted) if isinstance(wanted, list | tuple | set) else [wanted]
            hit = np.zeros(len(self), dtype=bool)
            for option in options:
                hit |= flags(values.is_null() if option is None else pc.equal(values, _like(option, values)))
            keep &= hit
        return self.select(keep)

    def select(self, rows: NDArray[Any] | Sequence[int] | Sequence[bool]) -> Self:
        """Some rows, by position (int, any order, repeats allowed) or by a mask (bool (n,)).

        Raises:
            InvalidArgument: a mask of another length, or a position outside the table.
        """
        wanted = np.asarray(rows)
        if wanted.size == 0 and wanted.dtype != bool:
            wanted = wanted.astype(np.int64)
        if wanted.ndim != 1 or not (wanted.dtype == bool or np.issubdtype(wanted.dtype, np.integer)):
            raise InvalidArgument(
                f"rows are chosen by a mask or by positions, got {wanted.dtype} {wanted.shape}"
            )
        if wanted.dtype == bool:
            if wanted.size != len(self):
                raise InvalidArgument(f"the mask has {wanted.size} values, the table {len(self)} rows")
            wanted = np.flatnonzero(wanted)
        elif wanted.size and (wanted.min() < -len(self) or wanted.max() >= len(self)):
            raise InvalidArgument(f"row {wanted.max()} is outside the table of {len(self)} rows")
        wanted = np.where(wanted < 0, wanted + len(self), wanted).astype(np.int64)
        place = Where(self._place.name, lambda row: self._place.line_of(int(wanted[row])))
        return self._with(self.table.take(pa.array(wanted)), place, self.refused)

    def without(self, bad: Mapping[str, BadImage]) -> Self:
        """The rows that show none of these images (content id -> what is wrong); the others join ``refused``.

        Raises:
            JudgmentError: no row is left.
        """
        table, place, refused = leave_out(self.table, self.image_columns(), bad, self._place)
        return self._with(table, place, sorted([*self.refused, *refused], key=lambda row: row.line))

    def _with(self, table: pa.Table, place: Where, refused: list[Refused]) -> Self:
        """The same with rows that were validated already."""
        made = object.__new__(type(self))
        made.table, made.images, made.meta, made.note = table, self.images, dict(self.meta), self.note
        made.refused, made._place = refused, place
        return made

    def save(self, folder: Path | str, *, copy_images: bool = False) -> None:
        """Write ``judgments.parquet`` and ``images.parquet``, and the images themselves when they are copied.

        No absolute path is written: the folder can be moved to another machine. Without copies, loading
        it needs ``images=`` pointing to the folder that holds the images.

        Raises:
            JudgmentError: the folder cannot be written, or an image to copy is not here.
        """
        from lookalike.judgments.storage import save_judgments

        save_judgments(self, Path(folder), copy_images=copy_images)

    def describe(self) -> dict[str, Any]:
        """Counts for people and for JSON: rows, images, absent images, splits, votes, other columns."""
        return summary(self)

    def details(self) -> dict[str, Any]:
        """Further facts of :meth:`describe` that only this kind has."""
        return {}

    def votes_by_row(self) -> NDArray[np.int64] | None:
        """How many votes each row has for each answer, int64 (n, answers); None where the kind has no such."""
        names = [c.name for c in self.COLUMNS if c.count and c.type == pa.int32()]
        if not names:
            return None
        columns = [pc.fill_null(self.table.column(name), 0).to_numpy() for name in names]
        return np.stack(columns, axis=1).astype(np.int64)

    def _column(self, name: str) -> pa.ChunkedArray:
        if name not in self.table.column_names:
            raise InvalidArgument(
                f"the table has no column {printable(name)}; it has {', '.join(self.table.column_names)}"
            )
        return self.table.column(name)

    def _check_images(self, where: Where) -> None:
        known = pa.array(list(self.images), pa.string())
        for name in self.image_columns():
            values = self.table.column(name)
            if pa.types.is_list(values.type):
                cells = values.to_pylist()
                bad = np.array([any(content not in self.images for content in cell) for cell in cells], bool)
            else:
                bad = ~flags(pc.is_in(values, value_set=known))
            if bad.any():
                content = shown(values[int(bad.argmax())].as_py())
                where.refuse(bad, _unknown_image(name, content))

    def _check_different(self, where: Where, one: str, other: str) -> None:
        """No row shows an image beside itself, unless the table says that its source does so."""
        if self.meta.get(COPIES) == "kept":
            return
        values = self.table.column(one)
        bad = flags(pc.equal(values, self.table.column(other)))
        where.refuse(
            bad,
            lambda row: (
                f"{one} and {other} are the same image, {self.images.name(values[row].as_py())} (same bytes)"
            ),
        )

    def _check_rows(self, where: Where) -> None:
        """What the kind asks of its rows beyond types: overridden."""


def _like(value: Any, values: pa.ChunkedArray) -> pa.Scalar:
    if isinstance(value, bool) and not pa.types.is_boolean(values.type):
        # Arrow would take True for 1 or "true".
        raise InvalidArgument(f"{value} cannot be compared with a column of {values.type}")
    try:
        return pa.scalar(value).cast(values.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise InvalidArgument(f"{shown(value)} cannot be compared with a column of {values.type}") from error


def _unknown_image(column: str, content: str) -> Callable[[int], str]:
    return lambda _: f"{column} is no image of the catalogue: {content}"
