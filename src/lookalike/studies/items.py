"""What is asked: one row for each item, saved as Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from lookalike.errors import StudyError, printable

if TYPE_CHECKING:
    import pyarrow as pa

Role = Literal["main", "practice", "catch"]
ROLES: tuple[str, ...] = get_args(Role)
ITEMS_FILE = "items.parquet"
LONGEST_ID = 100
"""Signs of an id; the store's columns hold no more."""
_PROPOSED = ">"
"""Between a recall item's id and the index of the option that somebody proposed: the id of the vote on it."""


def proposal_id(recall: str, option: int) -> str:
    """Id of the vote on what somebody proposed for a recall item."""
    return f"{recall}{_PROPOSED}{option}"


@dataclass(frozen=True)
class Item:
    """One question; images are content ids (sha256 hex of the file's bytes).

    Attributes:
        id: unique in the study; never sent to participants.
        type: as in :data:`lookalike.studies.config.TYPE_NAMES`.
        set: the group it is reported in ("TLL_d face"); "" where there is none.
        role: main, practice (with feedback) or catch (known answer, looks like the others).
        fixed: images that are always shown in place: the query (kafc), the reference (2afc), both images (rating,
            same-different), the image (recall-and-vote), the image and what was proposed for it (its votes).
        options: images that are shuffled for every person; () for rating, same-different and votes.
        right: index of the right answer in ``options``; same-different: 1 same, 0 different; None: nobody knows.
        companion: id of the item of the same triplet, which never comes right before or after it (JND).
        extra: plain values that travel with the item: ``pair``, ``feature``, ``nearest``; for a rating's catch or
            practice trial ``expected`` = [low, high].
    """

    id: str
    type: str
    set: str = ""
    role: Role = "main"
    fixed: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    right: int | None = None
    companion: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def images(self) -> tuple[str, ...]:
        """Everything that is shown."""
        return (*self.fixed, *self.options)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "fixed": list(self.fixed), "options": list(self.options)}


class Items(Sequence[Item]):
    """The items of a study in their order; ids are different.

    Raises:
        StudyError: an id is twice, empty or too long, or a role is unknown.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = tuple(items)
        self._by_id: dict[str, Item] = {}
        for item in self._items:
            if not 0 < len(item.id) <= LONGEST_ID or not item.id.isprintable():
                raise StudyError(
                    f"the item id {printable(item.id)[:LONGEST_ID]!r} must have 1 to {LONGEST_ID} printable signs"
                )
            if item.id in self._by_id:
                raise StudyError(f"the item {printable(item.id)} is twice in the table of items")
            if item.role not in ROLES:
                raise StudyError(
                    f"item {item.id}: role is {item.role!r}, it must be one of {', '.join(ROLES)}"
                )
            self._by_id[item.id] = item

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Item, ...]: ...
    def __getitem__(self, at: int | slice) -> Item | tuple[Item, ...]:
        return self._items[at]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.where(role=role))} {role}" for role in ROLES)
        return f"Items({counts})"

    def by_id(self, id: str) -> Item:
        """One item.

        Raises:
            StudyError: there is none with that id.
        """
        found = self._by_id.get(id) or self._proposal(id)
        if found is None:
            raise StudyError(f"the study has no item {printable(id)}")
        return found

    def vote_on(self, recall: Item, option: int) -> Item:
        """The vote on what was proposed for a recall item: the study's own where it has one, else one made for it.

        Args:
            recall: an item of recall-and-vote with one fixed image and a gallery.
            option: index of the proposed image in its gallery.
        """
        return self._votes.get((recall.fixed[0], recall.options[option])) or Item(
            proposal_id(recall.id, option),
            recall.type,
            set="vote",
            fixed=(recall.fixed[0], recall.options[option]),
        )

    def _proposal(self, id: str) -> Item | None:
        """The vote behind an id that `vote_on` made."""
        name, _, option = id.rpartition(_PROPOSED)
        recall = self._by_id.get(name)
        if recall is None or len(recall.fixed) != 1 or not option.isascii() or not option.isdigit():
            return None
        return self.vote_on(recall, int(option)) if int(option) < len(recall.options) else None

    @cached_property
    def _votes(self) -> dict[tuple[str, str], Item]:
        """The votes among the items, by image and proposal."""
        return {
            (item.fixed[0], item.fixed[1]): item
            for item in self._items
            if item.type == "recall-and-vote" and item.role == "main" and len(item.fixed) == 2
        }

    @cached_property
    def set_numbers(self) -> dict[str, int]:
        """Name of a set -> its number, from 0 in order of appearance."""
        return {name: number for number, name in enumerate(dict.fromkeys(item.set for item in self._items))}

    def named(self, ids: Iterable[str]) -> tuple[Item, ...]:
        """The items with these ids, in the order of the items; behind them the votes on proposals, sorted by their ids.

        Ids that name nothing are passed over.
        """
        wanted = set(ids)
        made = map(self._proposal, sorted(wanted - self._by_id.keys()))
        return (*(item for item in self._items if item.id in wanted), *(item for item in made if item))

    def where(
        self, *, role: str | None = None, set: str | None = None, type: str | None = None
    ) -> tuple[Item, ...]:
        """The items with this role, set and type (None: any)."""
        wanted = {"role": role, "set": set, "type": type}
        asked = {name: value for name, value in wanted.items() if value is not None}
        return tuple(
            i for i in self._items if all(getattr(i, name) == value for name, value in asked.items())
        )

    def images(self) -> list[str]:
        """Content ids of everything that is shown, each once, in order of appearance."""
        return list(dict.fromkeys(content for item in self._items for content in item.images))

    def to_table(self) -> pa.Table:
        """The columns of ``items.parquet``; ``extra`` is JSON text."""
        import pyarrow as pa

        rows = [
            {**item.to_dict(), "extra": json.dumps(item.extra, sort_keys=True, ensure_ascii=False)}
            for item in self._items
        ]
        return pa.Table.from_pylist(rows, schema=_schema())

    @classmethod
    def from_table(cls, table: pa.Table, where: str = ITEMS_FILE) -> Items:
        """From the columns that :meth:`to_table` gives.

        Raises:
            StudyError: a column is missing or cannot be understood.
        """
        schema = _schema()
        missing = [name for name in schema.names if name not in table.column_names]
        if missing:
            raise StudyError(f"{printable(where)}: the table of items lacks the column {missing[0]}")
        try:
            rows = table.select(schema.names).cast(schema).to_pylist()
            return cls(_item(row) for row in rows)
        except (ValueError, TypeError) as error:
            raise StudyError(f"{printable(where)}: {' '.join(str(error).split())}") from error

    def save(self, path: Path | str) -> None:
        """Write Parquet (the file, or ``items.parquet`` in the folder); an older file stays until it is complete.

        Raises:
            StudyError: it cannot be written.
        """
        import pyarrow.parquet as pq

        file = _file(path)
        new = file.with_name(f"{file.name}.new")
        try:
            with new.open("wb") as stream:
                pq.write_table(self.to_table(), stream)
            new.replace(file)
        except OSError as error:
            raise StudyError(f"cannot write {printable(str(file))}: {error.strerror or error}") from error

    @classmethod
    def load(cls, path: Path | str) -> Items:
        """Read what :meth:`save` wrote.

        Raises:
            StudyError: no such file, damaged, or a column is missing.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        file = _file(path)
        if not file.is_file():
            raise StudyError(
                f"{printable(str(file))}: there is no table of items; `lookalike study new` makes it"
            )
        try:
            with file.open("rb") as stream:
                table = pq.ParquetFile(stream).read()
        except (pa.ArrowException, OSError) as error:
            reason = printable(str(error).splitlines()[0]) if str(error) else "unreadable"
            raise StudyError(f"{printable(str(file))} is damaged or no Parquet file ({reason})") from error
        return cls.from_table(table, str(file))


def _file(path: Path | str) -> Path:
    place = Path(path)
    return place / ITEMS_FILE if place.is_dir() else place


def _item(row: dict[str, Any]) -> Item:
    values = dict(row)
    values["fixed"], values["options"] = tuple(row["fixed"] or ()), tuple(row["options"] or ())
    extra = json.loads(row["extra"] or "{}")
    if not isinstance(extra, dict):
        raise ValueError(f"extra of item {row['id']} is no JSON object")
    values["extra"] = extra
    return Item(**values)


def _schema() -> pa.Schema:
    import pyarrow as pa

    text = pa.string()
    return pa.schema(
        [
            ("id", text),
            ("type", text),
            ("set", text),
            ("role", text),
            ("fixed", pa.list_(text)),
            ("options", pa.list_(text)),
            ("right", pa.int32()),
            ("companion", text),
            ("extra", text),
        ]
    )
