"""What is kept of drawn images: the files, a line of provenance for each, and the table made of both."""

from __future__ import annotations

import hashlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import JudgmentError, printable
from lookalike.judgments.catalogue import ImageCatalogue
from lookalike.judgments.storage import IMAGES_FOLDER
from lookalike.judgments.tables import TripletTable

LINES_FILE = "provenance.jsonl"
PARQUET_FILE = "provenance.parquet"
NOTHING = ""
"""The hash where no image was kept."""

FACTS: dict[str, Any] = {
    "model": pa.string(), "revision": pa.string(), "pipeline": pa.string(), "scheduler": pa.string(),
    "steps": pa.int32(), "guidance": pa.float64(), "size": pa.int32(), "precision": pa.string(),
    "safety_checker": pa.bool_(), "template": pa.string(), "base_seed": pa.int64(), "device": pa.string(),
    "lookalike": pa.string(), "diffusers": pa.string(), "transformers": pa.string(), "torch": pa.string(),
}  # fmt: skip
"""What every image of a run has in common, and its Arrow type."""
SETTINGS = (
    "revision", "pipeline", "scheduler", "steps", "guidance", "size", "precision", "safety_checker",
    "template", "base_seed",
)  # fmt: skip
"""Facts that must be the same for all images of a folder; versions and the device may change between runs."""
_OWN: dict[str, Any] = {
    "file": pa.string(), "sha256": pa.string(), "category": pa.string(), "triplet": pa.int32(), "role": pa.string(),
    "prompt": pa.string(), "seed": pa.int64(), "width": pa.int32(), "height": pa.int32(), "safety": pa.string(),
    "refusals": pa.list_(pa.struct([("seed", pa.int64()), ("why", pa.string())])),
}  # fmt: skip
SCHEMA = pa.schema(list({**_OWN, **FACTS}.items()))


@dataclass(frozen=True)
class Refusal:
    """A drawing that was thrown away: its seed, and why ("flagged", "blank" or "repeated")."""

    seed: int
    why: str


@dataclass(frozen=True)
class Record:
    """The provenance of one image.

    Attributes:
        file: below ``images/``. sha256: of the file, hex; ``NOTHING`` where every attempt was refused.
        category, triplet, role: what it was drawn as. prompt, seed: what it was drawn from.
        width, height: pixels.
        safety: "passed", "flagged" or "not checked".
        refusals: earlier attempts.
        facts: see :data:`FACTS`.
    """

    file: str
    sha256: str
    category: str
    triplet: int
    role: str
    prompt: str
    seed: int
    width: int
    height: int
    safety: str
    refusals: tuple[Refusal, ...]
    facts: dict[str, Any]

    @property
    def failed(self) -> bool:
        """Whether no image was kept."""
        return self.sha256 == NOTHING

    def to_dict(self) -> dict[str, Any]:
        """One row, flat."""
        own = {name: getattr(self, name) for name in _OWN if name != "refusals"}
        return {**own, "refusals": [vars(one) for one in self.refusals], **self.facts}

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Record:
        """The inverse of :meth:`to_dict`; KeyError or TypeError where it is not one."""
        own = {name: row[name] for name in _OWN if name != "refusals"}
        refusals = tuple(Refusal(int(one["seed"]), str(one["why"])) for one in row["refusals"])
        return cls(**own, refusals=refusals, facts={name: row[name] for name in FACTS})


class Sheet:
    """The folder of a run: images that appear whole, and one line for each, written after it.

    Raises:
        JudgmentError: the folder holds other things, or its record is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / LINES_FILE
        self._known: dict[str, Record] = {}
        try:
            if self._file.is_file():
                self._read()
            elif folder.exists() and any(folder.iterdir()):
                raise JudgmentError(f"{self._shown} is not empty; name a new folder for the triplets")
            (folder / IMAGES_FOLDER).mkdir(parents=True, exist_ok=True)
            for left in (folder / IMAGES_FOLDER).glob("*/.*.new"):  # of a run that was killed
                left.unlink(missing_ok=True)
            self._file.touch()
        except OSError as error:
            raise self._cannot(error) from error

    @property
    def _shown(self) -> str:
        return printable(str(self.folder))

    def _cannot(self, error: OSError) -> JudgmentError:
        return JudgmentError(f"cannot write triplets to {self._shown}: {error.strerror or error}")

    def _read(self) -> None:
        content = self._file.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):  # killed while writing a line: it is drawn again
            _replace(self._file, whole)
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                record = Record.from_dict(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise JudgmentError(
                    f"{printable(str(self._file))}, line {number}: this is no record of an image; "
                    "remove the folder and draw again"
                ) from error
            self._known[record.file] = record

    def check_settings(self, facts: dict[str, Any]) -> None:
        """Refuse to mix images of two models or settings in one table.

        Raises:
            JudgmentError: an image there was drawn with others; says which setting.
        """
        for record in self._known.values():
            for name in SETTINGS:
                if record.facts[name] != facts[name]:
                    raise JudgmentError(
                        f"{self._shown} was drawn with {name} {_brief(record.facts[name])}, not {_brief(facts[name])}: "
                        "name a new folder, or the same settings to go on"
                    )

    def done(self, file: str) -> Record | None:
        """The record of an image that is there with the bytes that were noted, or that failed; else None."""
        record = self._known.get(file)
        if record is None or record.failed:
            return record
        try:
            content = (self.folder / IMAGES_FOLDER / file).read_bytes()
        except OSError:
            return None
        return record if hashlib.sha256(content).hexdigest() == record.sha256 else None

    def keep(self, file: str, content: bytes) -> None:
        """Write an image; it has its name only once it is whole and on the disk."""
        target = self.folder / IMAGES_FOLDER / file
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, content)
        except OSError as error:
            raise self._cannot(error) from error

    def note(self, record: Record) -> None:
        """Add the line of an image that is kept or given up."""
        self._known[record.file] = record
        line = json.dumps(record.to_dict(), ensure_ascii=False) + "\n"
        try:
            with self._file.open("ab") as stream:
                stream.write(line.encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise self._cannot(error) from error

    def write_parquet(self) -> None:
        """All lines as one table; of several for one image, the last."""
        rows = [record.to_dict() for record in self._known.values()]
        stream = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), stream)
        try:
            _replace(self.folder / PARQUET_FILE, stream.getvalue())
        except OSError as error:
            raise self._cannot(error) from error


def save_image(pixels: NDArray[np.uint8]) -> tuple[str, bytes]:
    """(SHA-256 hex, bytes) of the PNG file of RGB uint8 (h, w, 3)."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    content = stream.getvalue()
    return hashlib.sha256(content).hexdigest(), content


def write_table(whole: list[list[Record]], folder: Path, meta: dict[str, str]) -> TripletTable:
    """The table of complete triplets without votes, with the extra columns category, prompt and triplet."""
    columns: dict[str, Any] = {
        role: pa.array([records[place].sha256 for records in whole], pa.string())
        for place, role in enumerate(("reference", "a", "b"))
    }
    none = pa.array(np.zeros(len(whole), np.int32))
    columns |= {
        "votes_a": none,
        "votes_b": none,
        "category": pa.array([records[0].category for records in whole], pa.string()),
        "prompt": pa.array([records[0].prompt for records in whole], pa.string()),
        "triplet": pa.array([records[0].triplet for records in whole], pa.int32()),
    }
    root = folder / IMAGES_FOLDER
    files = [(one.sha256, root / one.file) for records in whole for one in records]
    images = ImageCatalogue.from_hashed(files, root)
    table = TripletTable(pa.table(columns), images, meta=meta, note="generated, nobody has voted yet")
    table.save(folder)
    return table


def _replace(target: Path, content: bytes) -> None:
    new = target.with_name(f".{target.name}.new")
    with new.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(target)


def _brief(value: Any) -> str:
    text = printable(str(value))
    return text if len(text) <= 24 else f"{text[:21]}..."
