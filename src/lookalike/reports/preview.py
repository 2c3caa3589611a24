"""A still picture of a map, as inline SVG: points, and some thumbnails on top."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.reports.models import MapPreview
from lookalike.reports.render import data_uri, thumbnail_size
from lookalike.reports.text import plural

if TYPE_CHECKING:
    from markupsafe import Markup

_WIDTH, _HEIGHT, _MARGIN, _TILE = 900, 460, 40, 58
POINTS_SHOWN = 3_000
"""Beyond so many points an evenly spaced sample is drawn: the preview is a hint, not the map."""


def map_preview_svg(preview: MapPreview) -> Markup:
    """The preview as SVG markup of 900 x 460 units; colours come from classes ``c0`` .. ``c7`` and ``cx``.

    Raises:
        InvalidArgument: ``xy`` is not (n, 2), or ``groups`` has another length.
    """
    from markupsafe import Markup

    xy = np.asarray(preview.xy, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise InvalidArgument(f"the map preview needs positions of shape (n, 2), not {xy.shape}")
    if preview.groups is not None and len(preview.groups) != len(xy):
        raise InvalidArgument(f"the map preview has {len(xy)} positions but {len(preview.groups)} groups")
    if len(xy) == 0:
        return Markup("")
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    box = np.array([_WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN])
    place = _MARGIN + (xy - low) / span * box
    place[:, 1] = _HEIGHT - place[:, 1]
    classes = _classes(preview)
    step = max(1, -(-len(xy) // POINTS_SHOWN))
    pieces = [
        Markup('<svg class="map-preview" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            _WIDTH, _HEIGHT, f"Preview of the map of {plural(len(xy), 'image')}"
        )
    ]
    for row in range(0, len(xy), step):
        pieces.append(
            Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3.2"/>').format(classes[row], *place[row])
        )
    pieces.extend(_tiles(preview, place, classes))
    return Markup("").join([*pieces, Markup("</svg>")])


def _tiles(preview: MapPreview, place: NDArray[np.float64], classes: list[str]) -> list[Markup]:
    """Thumbnails at their points, in the order given; one that would cover another is left out."""
    from markupsafe import Markup

    pieces, taken = [], np.empty((0, 2))
    for row, picture in preview.pictures:
        size = thumbnail_size(picture.thumbnail)
        covers = bool((np.abs(taken - place[row]).max(axis=1) < _TILE + 6).any())
        if size and picture.thumbnail and not covers:
            taken = np.vstack([taken, place[row]])
            scale = _TILE / max(size)
            width, height = size[0] * scale, size[1] * scale
            x = min(max(place[row, 0] - width / 2, 2), _WIDTH - width - 2)
            y = min(max(place[row, 1] - height / 2, 2), _HEIGHT - height - 2)
            pieces.append(
                Markup(
                    '<image href="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
                    '<rect class="{} edge" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="3"/>'
                ).format(data_uri(picture.thumbnail), x, y, width, height, classes[row], x, y, width, height)
            )
    return pieces


def _classes(preview: MapPreview) -> list[str]:
    if preview.groups is None:
        return ["c0"] * len(preview.xy)
    common = [name for name, _ in Counter(g for g in preview.groups if g is not None).most_common(8)]
    colour = {name: f"c{n}" for n, name in enumerate(common)}
    return [colour.get(group, "cx") if group is not None else "cx" for group in preview.groups]
