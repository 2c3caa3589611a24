"""Practice and catch trials with known answers, made from the study's own images.

Somebody who looks finds the answer at once: the same picture is shown again, mirrored, a little cropped and brighter.
Nothing but looking tells such a trial from the others: as many images, from the same source, under opaque names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lookalike.errors import ImageError, StudyError
from lookalike.studies.items import Item, Role

if TYPE_CHECKING:
    from lookalike.studies.config_sections import Scale
    from lookalike.studies.design import Draft

_CROP = 0.06
_BRIGHTER = 1.06


class _Pictures:
    """Images for easy trials: those that no main item shows first, each once; then all again in a new order."""

    def __init__(self, draft: Draft, scratch: Path, rng: np.random.Generator) -> None:
        self.files = dict(draft.images)
        self.added: dict[str, Path] = {}
        self.reused = 0
        self._scratch = scratch
        self._rng = rng
        self._used = tuple(content for content in self.files if content not in set(draft.spare))
        self._next = self._shuffled(draft.spare)

    def take(self, count: int) -> list[str]:
        """Different images."""
        found: list[str] = []
        while len(found) < count:
            if not self._next:
                self._next = self._shuffled(self._used)
                self.reused += 1
                if self.reused > 1_000 or len(set(self._next) | set(found)) < count:
                    raise StudyError(
                        f"practice and catch trials need {count} different images; there are {len(self.files)}: "
                        "give more images, or --practice 0 --catch 0"
                    )
            content = self._next.pop()
            if content not in found:
                found.append(content)
        return found

    def variant(self, content: str) -> str:
        """The same picture, mirrored, cropped and brighter, as a new file."""
        made = mirrored(self.files[content], self._scratch)
        new = hashlib.sha256(made.read_bytes()).hexdigest()
        self.added[new] = made
        return new

    def _shuffled(self, contents: Sequence[str]) -> list[str]:
        return [contents[i] for i in self._rng.permutation(len(contents))]


def mirrored(source: Path, folder: Path) -> Path:
    """The picture mirrored, cropped by 6 % and 6 % brighter, of the same size and format (JPEG, else PNG).

    Raises:
        StudyError: the image cannot be read.
    """
    from PIL import Image

    from lookalike.images import decode

    try:
        pixels = decode(str(source))
    except ImageError as error:
        raise StudyError(f"{error}; leave its rows out and try again") from error
    height, width = pixels.shape[:2]
    top, left = int(height * _CROP), int(width * _CROP)
    cut = pixels[top : height - top, left : width - left][:, ::-1].astype(np.float32) * _BRIGHTER
    picture = Image.fromarray(np.clip(cut, 0, 255).astype(np.uint8)).resize(
        (width, height), Image.Resampling.LANCZOS
    )
    jpeg = source.suffix.lower() in (".jpg", ".jpeg", ".jpe", ".jfif")
    file = folder / f"variant-{len(list(folder.iterdir())):05d}{'.jpg' if jpeg else '.png'}"
    picture.save(file, quality=92) if jpeg else picture.save(file)
    return file


_Maker = Callable[["_Pictures", np.random.Generator, int, "Draft", "Scale | None"], Item]


def with_easy(
    draft: Draft,
    type: str,
    practice: int,
    catch: int,
    *,
    scratch: Path,
    seed: int,
    scale: Scale | None = None,
) -> Draft:
    """The draft with so many practice and catch items behind the main ones.

    Args:
        draft: the main items.
        type: of the study; recall-and-vote has no known answers, so it gets none.
        practice, catch: how many items of each.
        scratch: an empty folder for the new pictures; must live until the study is written.
        seed: of every draw.
        scale: of a rating study.

    Raises:
        StudyError: too few images, or one of them cannot be read.
    """
    from lookalike.studies.design import Draft, numbered

    if type not in _MAKERS or practice + catch == 0:
        return draft
    rng = np.random.default_rng([seed, 1])
    pictures = _Pictures(draft, scratch, rng)
    roles: list[Role] = ["practice" if n < practice else "catch" for n in range(practice + catch)]
    made: list[Item] = []
    for number, role in enumerate(roles):
        # Half of the same/different and rating trials are pairs of different pictures, within each role.
        place = number if role == "practice" else number - practice
        item = _MAKERS[type](pictures, rng, place, draft, scale)
        made.append(replace(item, id=str(number), type=type, role=role))
    notes = list(draft.notes)
    if pictures.reused:
        notes.append(
            "practice and catch trials show images of the main items too: the source has too few others "
            "(--items N leaves some aside)"
        )
    items = (*draft.items, *numbered(made, len(draft.items) + 1))
    return Draft(items, {**draft.images, **pictures.added}, draft.spare, notes)


def _choice(p: _Pictures, rng: np.random.Generator, place: int, draft: Draft, scale: Scale | None) -> Item:
    """The query with its own picture among others: as many options as the main items usually have."""
    del place, scale
    counts = [len(item.options) for item in draft.items]
    count = max(set(counts), key=counts.count)
    query, *others = p.take(count)
    right = int(rng.integers(count))
    others.insert(right, p.variant(query))
    return Item("", "", fixed=(query,), options=tuple(others), right=right)


def _odd(p: _Pictures, rng: np.random.Generator, place: int, draft: Draft, scale: Scale | None) -> Item:
    """A picture twice and another one, which is the odd one."""
    del place, draft, scale
    one, odd = p.take(2)
    right = int(rng.integers(3))
    trio = [one, p.variant(one)]
    trio.insert(right, odd)
    return Item("", "", options=tuple(trio), right=right)


def _same(p: _Pictures, rng: np.random.Generator, place: int, draft: Draft, scale: Scale | None) -> Item:
    """One image twice, and two different ones in turn."""
    del rng, draft, scale
    one, other = p.take(2)
    return Item("", "", fixed=(one, one if place % 2 == 0 else other), right=int(place % 2 == 0))


def _rated(p: _Pictures, rng: np.random.Generator, place: int, draft: Draft, scale: Scale | None) -> Item:
    """A picture twice (the upper third is expected) and two different ones (the lower half) in turn."""
    del rng, draft
    low, high = (1.0, 7.0) if scale is None else (scale.low, scale.high)
    one, other = p.take(2)
    if place % 2 == 0:
        return Item("", "", fixed=(one, p.variant(one)), extra={"expected": [high - (high - low) / 3, high]})
    return Item("", "", fixed=(one, other), extra={"expected": [low, (low + high) / 2]})


_MAKERS: dict[str, _Maker] = {
    "kafc": _choice,
    "2afc": _choice,
    "odd-one-out": _odd,
    "same-different": _same,
    "rating": _rated,
}
