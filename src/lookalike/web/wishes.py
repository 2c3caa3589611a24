"""What is searched for, and the address that spells it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from lookalike.web.pictures import Fractions


@dataclass(frozen=True)
class Wish:
    """What is searched for; with nothing to be like, the gallery itself is leafed through.

    Attributes:
        like: ids of rows.
        unlike: ids of rows whose like is not wanted.
        images: handles of uploads.
        unlike_images: handles of uploads whose like is not wanted.
        text: words, for encoders that understand them.
        crop: the part to look at; needs exactly one image or row.
        where: SQL over the metadata.
        combine: several wishes: their ``mean``, or the best match with any (``max``).
    """

    like: tuple[int, ...] = ()
    unlike: tuple[int, ...] = ()
    images: tuple[str, ...] = ()
    unlike_images: tuple[str, ...] = ()
    text: str = ""
    crop: Fractions | None = None
    where: str = ""
    combine: Literal["mean", "max"] = "mean"

    @property
    def is_search(self) -> bool:
        """Whether there is anything to be like."""
        return bool(self.like or self.images or self.text)


def wish_pairs(wish: Wish) -> list[tuple[str, Any]]:
    """Names and values of the address that spells out a wish."""
    pairs: list[tuple[str, Any]] = [("like", one) for one in wish.like]
    pairs += [("unlike", one) for one in wish.unlike]
    pairs += [("image", one) for one in wish.images]
    pairs += [("unlike_image", one) for one in wish.unlike_images]
    if wish.crop:
        pairs.append(("crop", ",".join(f"{value:g}" for value in wish.crop)))
    pairs += [(name, value) for name, value in (("text", wish.text), ("where", wish.where)) if value]
    if wish.combine != "mean":
        pairs.append(("combine", wish.combine))
    return pairs


def query_of(wish: Wish) -> dict[str, Any]:
    """The same as values for `lookalike.web.pages.address`."""
    found: dict[str, Any] = {}
    for name, value in wish_pairs(wish):
        found.setdefault(name, []).append(value)
    return found
