"""Answers as files for others: the same bytes whenever the same answers are exported."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lookalike.benchmarks.csv_cells import csv_lines
from lookalike.errors import StudyError, printable
from lookalike.studies.answers import ANSWER_SCHEMA, DICTIONARY

if TYPE_CHECKING:
    from lookalike.studies.study import Study

FORMATS = (".csv", ".parquet", ".json")
KEY_FILE = "export-key"
_PERSONAL = ("participant", "session")
_SORTED_BY = ("participant", "session", "trial_index", "item", "answered_at")
_DIGITS = 20


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        file: the answers.
        dictionary: what each column means (JSON).
        answers: how many rows.
        sha256: of the file's bytes (hex).
    """

    file: Path
    dictionary: Path
    answers: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "file": str(self.file), "dictionary": str(self.dictionary), "answers": self.answers, "sha256": self.sha256,
        }  # fmt: skip


def export_key(study: Study) -> bytes:
    """The secret behind the hashes of participants: kept in the study's folder, readable by its owner only.

    A hash without a secret hides nothing: panels' ids are known lists, and anybody can hash them. Whoever has the key can
    link an export to the panel; keep it with the database, and hand on neither.

    Raises:
        StudyError: it can be neither read nor made.
    """
    file = study.folder / KEY_FILE
    try:
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _checked_key(file)
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_hex(32) + "\n")
        return _checked_key(file)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise StudyError(f"the key of hashed participants, {printable(str(file))}: {reason}") from error


def _checked_key(file: Path) -> bytes:
    text = file.read_text(encoding="ascii").strip()
    if len(text) < 32:
        raise StudyError(
            f"{printable(str(file))} holds no key of hashed participants; delete it and a new one is made "
            "(the hashes then differ from those of earlier exports)"
        )
    return text.encode()


def hashed_people(answers: pa.Table, key: bytes) -> pa.Table:
    """Participants and sessions replaced by the first 20 digits of their HMAC-SHA-256; equal names stay equal."""
    for name in _PERSONAL:
        known = {one: _hashed(name, one, key) for one in pc.unique(answers.column(name)).to_pylist()}
        changed = pa.array([known[one] for one in answers.column(name).to_pylist()], pa.string())
        place = answers.column_names.index(name)
        answers = answers.set_column(place, ANSWER_SCHEMA.field(name), changed)
    return answers


def write_answers(answers: pa.Table, target: Path | str, *, formulas_safe: bool = False) -> Exported:
    """Write answers and, beside them, ``NAME.dictionary.json``.

    Args:
        answers: of ANSWER_SCHEMA; written in an order of their own, so that the file does not depend on theirs.
        target: ``.csv``, ``.parquet`` or ``.json``.
        formulas_safe: CSV only: an apostrophe in front of text that a spreadsheet would run as a formula (it starts with
            = + - @, tab, carriage return or line feed). It changes such values, so it must be asked for; Parquet and JSON
            are never changed.

    Raises:
        StudyError: another ending, or the file cannot be written.
    """
    file = Path(target)
    ending = file.suffix.lower()
    if ending not in FORMATS:
        raise StudyError(
            f"{printable(str(file))}: answers are exported to {', '.join(FORMATS)}; choose one of these endings"
        )
    if formulas_safe and ending != ".csv":
        raise StudyError(
            "--formulas-safe is for CSV: Parquet and JSON are no spreadsheets and keep every value as it is"
        )
    table = answers.select(ANSWER_SCHEMA.names).cast(ANSWER_SCHEMA)
    table = table.sort_by([(name, "ascending") for name in _SORTED_BY])
    content = {
        ".csv": lambda: _csv(table, formulas_safe),
        ".parquet": lambda: _parquet(table),
        ".json": lambda: _json(table),
    }[ending]()
    dictionary = file.with_name(f"{file.name}.dictionary.json")
    _write(file, content)
    _write(dictionary, _dictionary(formulas_safe))
    return Exported(file, dictionary, table.num_rows, hashlib.sha256(content).hexdigest())


def _hashed(kind: str, name: str, key: bytes) -> str:
    return hmac.new(key, f"{kind}\0{name}".encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def _csv(table: pa.Table, safe: bool) -> bytes:
    rows = ([_cell(row[name]) for name in table.column_names] for row in table.to_pylist())
    return "".join(csv_lines(chain([table.column_names], rows), safe=safe)).encode("utf-8")


def _cell(value: Any) -> Any:
    """Lists as numbers with spaces, moments in ISO 8601."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value.isoformat() if hasattr(value, "isoformat") else value


def _parquet(table: pa.Table) -> bytes:
    described = pa.schema(
        [field.with_metadata({"description": DICTIONARY[field.name]}) for field in table.schema]
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table.cast(described), sink, compression="zstd")
    return bytes(sink.getvalue())


def _json(table: pa.Table) -> bytes:
    rows = table.to_pylist()
    for row in rows:
        row["answered_at"] = row["answered_at"].isoformat()
    document = {"columns": _columns(), "answers": rows}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")


def _dictionary(safe: bool) -> bytes:
    document: dict[str, Any] = {"columns": _columns()}
    if safe:
        document["formulas_safe"] = (
            "an apostrophe was put in front of texts that start with = + - @, tab, carriage return or line feed"
        )
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _columns() -> list[dict[str, Any]]:
    return [
        {"name": f.name, "type": str(f.type), "may_be_empty": f.nullable, "meaning": DICTIONARY[f.name]}
        for f in ANSWER_SCHEMA
    ]


def _write(file: Path, content: bytes) -> None:
    new = file.with_name(f"{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(content)
        new.replace(file)
    except OSError as error:
        raise StudyError(f"cannot write {printable(str(file))}: {error.strerror or error}") from error


def counted_answers(
    study: Study,
    answers: pa.Table,
    *,
    excluded: bool = True,
    include_simulated: bool = False,
    late: bool = False,
) -> pa.Table:
    """The answers to main trials that the analysis counts.

    Args:
        study: whose rules apply.
        answers: all of them.
        excluded: leave those out whom the study's rules set aside.
        include_simulated: simulated participants are refused otherwise.
        late: count answers over the number that the design asks of an item, too.

    Raises:
        StudyError: no answers, simulated ones without being asked for, or none is left.
    """
    from lookalike.studies.analysis.exclusions import excluded_people, people_of
    from lookalike.studies.analysis.responses import Responses
    from lookalike.studies.analysis.result import check_simulated, late_rows

    check_simulated(answers, include_simulated)
    keep = pc.equal(answers.column("role"), "main")
    if not late:
        keep = pc.and_(keep, pa.array(~late_rows(answers)))
    if excluded:
        out = excluded_people(people_of(Responses.of(study.items, answers), study.config))
        keep = pc.and_(
            keep, pc.invert(pc.is_in(answers.column("participant"), pa.array(sorted(out), pa.string())))
        )
    kept = answers.filter(keep)
    if kept.num_rows == 0:
        raise StudyError("no answer to a main trial is left once the study's rules are applied")
    return kept
