"""The map page: every picture at its place in the plane, one file, no network, usable at 50,000 points."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument, printable
from lookalike.reports import atlas
from lookalike.reports.columns import pack_array, pack_column
from lookalike.reports.models import MapView
from lookalike.reports.render import page_parts
from lookalike.reports.text import safe_href

if TYPE_CHECKING:
    from markupsafe import Markup

_SCRIPTS = (
    "map_data.js",
    "map_view.js",
    "map_points.js",
    "map_pictures.js",
    "map_colour.js",
    "map_controls.js",
    "map.js",
)


def map_page(view: MapView) -> str:
    """The interactive map as one HTML document; see :func:`map_parts` for large ones."""
    return "".join(map_parts(view))


def map_parts(view: MapView) -> Iterator[str]:
    """The map page in pieces of at most about a megabyte, to be written one after another.

    The page draws the points with WebGL (on a 2-D canvas where no graphics card does it) and, where there is
    room, the thumbnails in their place; zooms by wheel, pinch, buttons and keys; shows the picture under the
    pointer; colours by any column; and finds by file name.

    Raises:
        InvalidArgument: lengths that do not fit together, positions that are not finite, no points at all, or
            a first colour that is no column. Raised before the first piece.
    """
    _check(view)
    unit = _unit_square(view.xy)
    order = atlas.drawing_order(unit)
    ids = np.arange(len(order)) if view.ids is None else np.asarray(view.ids, dtype=np.int64)
    side = atlas.tile_side(len(order))
    columns = [pack_column(name, values, order) for name, values in view.columns.items()]
    arrays = {f"column-{n}": column.pop("values") for n, column in enumerate(columns)}
    arrays["positions"] = pack_array(unit[order].astype(np.float32))
    arrays["walk"] = pack_array(np.argsort(atlas.z_curve(unit[order]), kind="stable").astype(np.uint32))
    names = list(view.columns)
    head = {
        "count": len(order),
        "tile": side,
        "across": atlas.SHEET_SIDE // side,
        "perSheet": atlas.tiles_per_sheet(side),
        "columns": columns,
        "color": names.index(view.color) if view.color is not None else (0 if names else -1),
    }
    yield from page_parts(
        "map.html.j2",
        title=view.title,
        styles=("base.css", "map.css"),
        scripts=_SCRIPTS,
        note=printable(view.note),
        count=len(order),
        columns=[column["name"] for column in columns],
        chosen=head["color"],
        head=_json(head),
        names=_json(_shared_start([printable(view.paths[i]) for i in order])),
        links=_json(_shared_start(_links(view.hrefs, order))),
        arrays=arrays.items(),
        sheets=_sheet_blocks(ids[order], view, side),
    )


def _sheet_blocks(ids: NDArray[np.int64], view: MapView, side: int) -> Iterator[tuple[str, str]]:
    """(element id, base64) of every sheet, then of the tiles' sizes, which are known only at the end."""
    sizes = []
    for n, sheet in enumerate(atlas.sheets(ids, view.thumbnails, side)):
        sizes.append(sheet.sizes)
        yield f"sheet-{n}", base64.b64encode(sheet.jpeg).decode("ascii")
    yield "sizes", pack_array(np.concatenate(sizes))


def _json(value: Any) -> Markup:
    """JSON that can stand inside a script element: no ``<``, so no end tag and no comment can begin."""
    from markupsafe import Markup

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _shared_start(texts: Sequence[str]) -> dict[str, Any]:
    """Texts without the start that all of them share: ``{"start", "rest"}``."""
    # What the first and the last in alphabetical order share, all between them share too.
    low, high = (min(texts), max(texts)) if texts else ("", "")
    same = next(
        (n for n, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high))
    )
    start = low[: low[:same].rfind("/") + 1]
    return {"start": start, "rest": [text[len(start) :] for text in texts]}


def _links(hrefs: Sequence[str | None] | None, order: NDArray[np.int64]) -> list[str]:
    return [] if hrefs is None else [safe_href(hrefs[i]) or "" for i in order]


def _unit_square(xy: NDArray[np.float32]) -> NDArray[np.float64]:
    """Positions within [0, 1] x [0, 1], y downwards, both axes by the same scale, centred: float64 (n, 2)."""
    points = np.asarray(xy, dtype=np.float64) * (1.0, -1.0)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = float((high - low).max()) or 1.0
    return np.asarray(np.clip((points - (low + high) / 2) / scale + 0.5, 0.0, 1.0), dtype=np.float64)


def _check(view: MapView) -> None:
    xy = np.asarray(view.xy)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise InvalidArgument(f"the map needs positions of shape (n, 2), not {xy.shape}")
    if len(xy) == 0:
        raise InvalidArgument("the map has no points; index some images first")
    if not np.isfinite(xy).all():
        raise InvalidArgument("some positions of the map are not finite numbers")
    for what, values in (("paths", view.paths), ("ids", view.ids), ("hrefs", view.hrefs)):
        if values is not None and len(values) != len(xy):
            raise InvalidArgument(f"the map has {len(xy)} positions but {len(values)} {what}")
    if view.color is not None and view.color not in view.columns:
        known = ", ".join(map(str, view.columns)) or "none"
        raise InvalidArgument(f"the map has no column {view.color!r} to colour by; there are: {known}")
