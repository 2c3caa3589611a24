"""Triplets by diffusion: for each category a reference and two variants, which a study then shows to people.

After Fu, Tamir, Sundaram et al., "DreamSim" (2023), section 2.1.1: images of one category drawn with the prompt
"An image of a <category>", so that what tells them apart is no longer the category. Which of the two variants is
more like the reference nobody knows yet: the table has no votes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from lookalike.errors import InvalidArgument, JudgmentError, printable
from lookalike.judgments.generate_record import (
    NOTHING,
    PARQUET_FILE,
    Record,
    Refusal,
    Sheet,
    save_image,
    write_table,
)
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.judgments.generate_pipeline import Drawn, Painter

PROMPT = "An image of a <category>"
PLACE = "<category>"
ROLES = ("reference", "a", "b")
ATTEMPTS = 5
"""Seeds that an image is drawn from before its triplet is given up."""
LONGEST_CATEGORY = 200


@dataclass(frozen=True)
class GenerateOptions:
    """How triplets are drawn.

    Attributes:
        n: triplets of each category.
        seed: of everything; an image depends on this, its category, its triplet's number and its role alone.
        steps: of denoising. guidance: how strictly the prompt is followed.
        size: side in pixels, a multiple of 8; None takes what the model was trained for.
        prompt: holds ``<category>``.
        safety: let the model's safety checker look at every image.
        attempts: seeds tried for an image that is refused, before its triplet is left out.
        revision: of a model on the hub; None is the newest.
        device: auto, cpu, cuda, cuda:N or mps. precision: fp32 or bf16.

    Raises:
        InvalidArgument: a value is out of range.
    """

    n: int = 1
    seed: int = 0
    steps: int = 50
    guidance: float = 7.5
    size: int | None = None
    prompt: str = PROMPT
    safety: bool = True
    attempts: int = ATTEMPTS
    revision: str | None = None
    device: str = "auto"
    precision: str = "fp32"

    def __post_init__(self) -> None:
        if min(self.n, self.steps, self.attempts) < 1 or self.seed < 0:
            raise InvalidArgument(
                "triplets need n, steps and attempts of at least 1 and a seed of at least 0"
            )
        if self.size is not None and (self.size < 8 or self.size % 8):
            raise InvalidArgument(f"size {self.size} is no multiple of 8 pixels, which the networks need")
        if PLACE not in self.prompt:
            raise InvalidArgument(f"the prompt {printable(self.prompt)!r} must hold {PLACE}")


@dataclass(frozen=True)
class Generated:
    """What a run did.

    Attributes:
        folder: with ``judgments.parquet``, ``images/`` and ``provenance.parquet``.
        categories, triplets: in the table now, those of earlier runs included.
        drawn: images drawn by this run. kept: images that were there already.
        refusals: drawings thrown away before the images of the folder (all runs): flagged by the safety checker,
            blank, or repeated.
        failed: (category, number of the triplet, why) of triplets that this run wanted and left out.
        facts: the model, its revision, versions and settings.
    """

    folder: Path
    categories: int
    triplets: int
    drawn: int
    kept: int
    refusals: dict[str, int]
    failed: tuple[tuple[str, int, str], ...]
    facts: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "folder": str(self.folder),
            "categories": self.categories,
            "triplets": self.triplets,
            "drawn": self.drawn,
            "kept": self.kept,
            "refusals": self.refusals,
            "failed": [{"category": c, "triplet": number, "why": why} for c, number, why in self.failed],
            **self.facts,
        }


def read_categories(file: Path) -> list[str]:
    """One category a line; empty lines and lines that begin with ``#`` are passed over, repeats dropped.

    Raises:
        JudgmentError: the file cannot be read, holds none, or a line is too long.
    """
    shown = printable(str(file))
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise JudgmentError(f"{shown}: the categories cannot be read: {reason}") from error
    found: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        name = " ".join(line.split())
        if len(name) > LONGEST_CATEGORY or not name.isprintable():
            raise JudgmentError(
                f"{shown}, line {number}: a category is one line of at most {LONGEST_CATEGORY} characters"
            )
        if name and not name.startswith("#"):
            found[name] = None
    if not found:
        raise JudgmentError(f"{shown} names no category; write one on each line")
    return list(found)


def generate_triplets(
    categories: Sequence[str],
    model: str,
    folder: Path,
    options: GenerateOptions | None = None,
    *,
    progress: Progress | None = None,
) -> Generated:
    """Draw what is not drawn yet, and write the table of all complete triplets of the folder.

    Killed at any moment, the folder holds whole images only; the same call goes on where it stopped and comes to
    the same images. More or other categories or another ``n`` may be asked for later; what earlier calls drew stays
    in the table, after what this one wants.

    Args:
        categories: see :func:`read_categories`.
        model: a folder in the layout of ``diffusers``, or ``owner/name`` on the Hugging Face hub. Weights are read
            from safetensors only.
        folder: new, or one that an earlier call with the same model and settings wrote.
        options: defaults where None.
        progress: told how many images are done.

    Raises:
        JudgmentError: the folder holds something else or images of other settings, the model cannot be used, or
            not one of the wanted triplets came out (an earlier table stays as it was).
        WeightsNotFound: the model is neither here nor to be had.
        MissingDependency: the extra ``generate`` is not installed.
    """
    wish = options or GenerateOptions()
    names = list(dict.fromkeys(categories))
    if not names:
        raise InvalidArgument("at least one category is wanted")
    sheet = Sheet(folder)
    painter = _painter(model, wish, progress)
    facts = {**painter.facts, "template": wish.prompt, "base_seed": wish.seed}
    sheet.check_settings(facts)
    run = _Run(sheet, painter, wish, facts)
    total = len(names) * wish.n * len(ROLES)
    triplets = [run.triplet(name, number, progress, total) for name in names for number in range(wish.n)]
    return _finish(run, triplets, facts)


def _painter(model: str, wish: GenerateOptions, progress: Progress | None) -> Painter:
    from lookalike.judgments.generate_pipeline import Painter

    if progress is not None:
        progress("loading the model", 0, 0)
    return Painter(
        model,
        revision=wish.revision,
        device=wish.device,
        precision=wish.precision,
        steps=wish.steps,
        guidance=wish.guidance,
        size=wish.size,
        safety=wish.safety,
    )


class _Run:
    def __init__(self, sheet: Sheet, painter: Painter, wish: GenerateOptions, facts: dict[str, Any]) -> None:
        self.sheet = sheet
        self.drawn = self.kept = 0
        self._painter = painter
        self._wish = wish
        self._facts = facts

    def triplet(self, category: str, number: int, progress: Progress | None, total: int) -> list[Record]:
        """The records of reference, a and b; up to the first that failed."""
        records: list[Record] = []
        for place, role in enumerate(ROLES):
            file = image_name(category, number, role)
            known = self.sheet.done(file)
            if known is None or (known.failed and len(known.refusals) < self._wish.attempts):
                known = self._image(category, number, place, file, {one.sha256 for one in records})
                self.drawn += not known.failed
            else:
                self.kept += not known.failed
            records.append(known)
            if progress is not None:
                progress("drawing", self.drawn + self.kept, total)
            if known.failed:
                break
        return records

    def _image(self, category: str, number: int, place: int, file: str, taken: set[str]) -> Record:
        """Draw one image from one seed after another, keep it, then note it: in this order."""
        prompt = self._wish.prompt.replace(PLACE, category)
        refusals: list[Refusal] = []
        for seed in _seeds(self._wish, category, number, place):
            drawn = self._painter.draw(prompt, seed)
            why, sha256 = drawn.refused, NOTHING
            if not why:
                sha256, content = save_image(drawn.pixels)
                why = "repeated" if sha256 in taken else ""
            if why:
                refusals.append(Refusal(seed, why))
                continue
            self.sheet.keep(file, content)
            break
        record = self._record(category, number, place, file, drawn, seed, sha256, refusals)
        self.sheet.note(record)
        return record

    def _record(
        self,
        category: str,
        number: int,
        place: int,
        file: str,
        drawn: Drawn,
        seed: int,
        sha256: str,
        refusals: list[Refusal],
    ) -> Record:
        return Record(
            file=file,
            sha256=sha256,
            category=category,
            triplet=number,
            role=ROLES[place],
            prompt=self._wish.prompt.replace(PLACE, category),
            seed=seed,
            width=drawn.pixels.shape[1],
            height=drawn.pixels.shape[0],
            safety=drawn.safety,
            refusals=tuple(refusals),
            facts=self._facts,
        )


def image_name(category: str, number: int, role: str) -> str:
    """``golden-retriever-1f2e3d4c/000-reference.png``: for people, and never the same for two categories."""
    words = re.sub(r"[^a-z0-9]+", "-", category.lower()).strip("-")[:40] or "category"
    return f"{words}-{hashlib.sha256(category.encode()).hexdigest()[:8]}/{number:03d}-{role}.png"


def _seeds(wish: GenerateOptions, category: str, number: int, place: int) -> Iterator[int]:
    """Different for all images and attempts of a triplet; the same whatever other categories there are."""
    named = f"{wish.seed}\0{category}\0{number}".encode()
    first = int.from_bytes(hashlib.sha256(named).digest()[:4], "big") + place
    yield from (first + attempt * len(ROLES) for attempt in range(wish.attempts))


def _finish(run: _Run, triplets: list[list[Record]], facts: dict[str, Any]) -> Generated:
    whole = [records for records in triplets if not records[-1].failed]
    lost = [records[-1] for records in triplets if records[-1].failed]
    failed = tuple((one.category, one.triplet, one.refusals[-1].why) for one in lost)
    run.sheet.write_parquet()
    noted = [Record.from_dict(row) for row in pq.read_table(run.sheet.folder / PARQUET_FILE).to_pylist()]
    refusals: dict[str, int] = {}
    for why in (refusal.why for one in noted for refusal in one.refusals):
        refusals[why] = refusals.get(why, 0) + 1
    if not whole:
        raise JudgmentError(
            f"none of {len(triplets)} triplets came out: every drawing was {failed[-1][2]}; "
            "try other categories, more attempts or another model"
        )
    meta = {"source": "generated", "model": str(facts["model"]), "revision": str(facts["revision"])}
    wanted = {(records[0].category, records[0].triplet) for records in triplets}
    whole += _earlier(run.sheet, [one for one in noted if (one.category, one.triplet) not in wanted])
    categories = len({records[0].category for records in whole})
    write_table(whole, run.sheet.folder, meta)
    return Generated(
        run.sheet.folder, categories, len(whole), run.drawn, run.kept, refusals, failed, dict(facts)
    )


def _earlier(sheet: Sheet, noted: list[Record]) -> list[list[Record]]:
    """The triplets of earlier runs whose three images are there with the bytes that were noted."""
    found: dict[tuple[str, int], dict[str, Record]] = {}
    for one in noted:
        known = sheet.done(one.file)
        if known is not None and not known.failed:
            found.setdefault((one.category, one.triplet), {})[one.role] = known
    return [[roles[role] for role in ROLES] for roles in found.values() if len(roles) == len(ROLES)]
