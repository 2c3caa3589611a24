"""What the grid of results and the line of wishes above it show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lookalike.web.context import AppContext
from lookalike.web.pages import address
from lookalike.web.pictures import row_picture
from lookalike.web.searching import Ranking
from lookalike.web.served_gallery import ServedGallery
from lookalike.web.wishes import Wish, query_of

LONGEST_RATIO = 4.0
"""Wider (or taller) images are shown cut, so that a panorama does not take a whole row."""


@dataclass(frozen=True)
class Cell:
    """One result.

    Attributes:
        id: of the row.
        name: of its file.
        label: "" for none.
        ratio: width / height, within 1/4 and 4.
        image, item: addresses of the thumbnail and of the page about it.
        more, less: addresses of "more like this" and "less like that" ("" where there is nothing to be less of).
        distance: cosine distance; None while leafing through.
        percentile: per cent of random pairs that are farther apart.
    """

    id: int
    name: str
    label: str
    ratio: float
    image: str
    item: str
    more: str
    less: str
    distance: float | None
    percentile: float | None


@dataclass(frozen=True)
class Chip:
    """One of the things that are searched for, and the address without it."""

    kind: str
    image: str
    name: str
    wanted: bool
    without: str
    crop: tuple[float, float, float, float] | None = None


def cells_of(
    served: ServedGallery,
    gallery: str,
    wish: Wish,
    ranking: Ranking,
    start: int,
    count: int,
    query: dict[str, Any],
) -> list[Cell]:
    """Results ``start`` to ``start + count``; their thumbnails are fetched together, before the browser asks."""
    snapshot = served.snapshot()
    base = f"/g/{quote(gallery, safe='')}"
    ids = ranking.ids[start : start + count]
    distances = (
        {}
        if ranking.distances is None
        else dict(zip(ids.tolist(), ranking.distances[start:].tolist(), strict=False))
    )
    served.thumbnails(ids.tolist())
    own = set(wish.like) if wish.crop is None else set()
    cells = []
    for row in snapshot.rows(ids):
        if row.id in own:
            continue  # what is searched for stands above the results already
        distance = distances.get(row.id)
        cells.append(
            Cell(
                id=row.id,
                name=row.name,
                label=row.label,
                ratio=min(LONGEST_RATIO, max(1 / LONGEST_RATIO, row.width / row.height)),
                image=f"{base}/image/{row.id}",
                item=address(f"{base}/item/{row.id}", **query),
                more=address(base, like=row.id, where=wish.where),
                less=address(base, **{**query, "unlike": [*wish.unlike, row.id]}) if wish.is_search else "",
                distance=distance,
                percentile=None if distance is None else snapshot.percentile(distance),
            )
        )
    return cells


def chips_of(context: AppContext, gallery: str, wish: Wish) -> list[Chip]:
    """What is searched for, in the order of the address.

    Raises:
        PageError: a row or an upload is not there (404).
    """
    base = f"/g/{quote(gallery, safe='')}"
    query = query_of(wish)

    def without(name: str, value: Any) -> str:
        left = {**query, name: [one for one in query.get(name, []) if one != value]}
        if name in ("like", "image"):
            left.pop("crop", None)
        return address(base, **left)

    chips = []
    for name, ids, wanted in (("like", wish.like, True), ("unlike", wish.unlike, False)):
        for row in ids:
            picture = row_picture(context, gallery, row)
            crop = wish.crop if wanted else None
            url = picture.url if crop else f"{base}/image/{row}"
            chips.append(Chip(name, url, picture.name, wanted, without(name, row), crop))
    for name, handles, wanted in (("image", wish.images, True), ("unlike_image", wish.unlike_images, False)):
        for handle in handles:
            url = f"/api/images/{context.uploads.get(handle).handle}"
            chips.append(Chip(name, url, "", wanted, without(name, handle), wish.crop if wanted else None))
    return chips
