"""A small histogram as inline SVG, coloured by the page's style sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.reports.text import distance, plural

if TYPE_CHECKING:
    from markupsafe import Markup

_WIDTH, _HEIGHT, _BASE = 640, 190, 150


def histogram_svg(distances: NDArray[np.floating[Any]], threshold: float, bins: int = 48) -> Markup | None:
    """Nearest-neighbour distances, those below ``threshold`` in another colour, with a line at it.

    Args:
        distances: float (n,); values that are not finite are left out.
        threshold: where the line goes; the axis always reaches it.
        bins: number of bars.

    Returns:
        SVG markup, or None when there is no distance to draw.
    """
    from markupsafe import Markup

    values = np.asarray(distances, dtype=np.float64).ravel()
    values = values[np.isfinite(values)]
    if values.size == 0:
        return None
    # The far tail says nothing about the threshold and would squeeze everything else to the left.
    top = max(float(np.quantile(values, 0.995)), 1.25 * threshold, 1e-6)
    beyond = int(np.count_nonzero(values > top))
    counts, edges = np.histogram(np.clip(values, 0.0, top), bins=bins, range=(0.0, top))
    below = int(np.count_nonzero(values < threshold))
    tail = f" {plural(beyond, 'larger one')} counted in the last bar." if beyond else ""
    label = (
        f"Histogram of {plural(values.size, 'nearest-neighbour distance')} from 0 to {distance(top)}: "
        f"{below:,} below the threshold {distance(threshold)}.{tail}"
    )
    pieces = [
        Markup('<svg class="histogram" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            _WIDTH, _HEIGHT, label
        ),
        *_bars(counts, edges, threshold),
        *_threshold_line(threshold, top),
        *_axis(top),
        Markup("</svg>"),
    ]
    return Markup("").join(pieces)


def _bars(counts: NDArray[np.int64], edges: NDArray[np.float64], threshold: float) -> list[Markup]:
    from markupsafe import Markup

    step = _WIDTH / len(counts)
    # Square-root heights: near-duplicates are few, and a linear scale would hide them.
    heights = np.sqrt(counts / max(1, int(counts.max()))) * (_BASE - 26)
    bars = []
    for n, (count, height) in enumerate(zip(counts, heights, strict=True)):
        if count:
            side = "below" if (edges[n] + edges[n + 1]) / 2 < threshold else "above"
            bars.append(
                Markup(
                    '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="1.5"/>'
                ).format(side, n * step + 0.6, _BASE - max(height, 2.0), step - 1.2, max(height, 2.0))
            )
    return bars


def _threshold_line(threshold: float, top: float) -> list[Markup]:
    from markupsafe import Markup

    x = _WIDTH * min(max(threshold / top, 0.0), 1.0)
    anchor, shift = ("start", 6) if x < _WIDTH * 0.7 else ("end", -6)
    return [
        Markup('<line class="limit" x1="{0:.1f}" x2="{0:.1f}" y1="2" y2="{1}"/>').format(x, _BASE),
        Markup('<text class="limit-text" x="{:.1f}" y="15" text-anchor="{}">threshold {}</text>').format(
            x + shift, anchor, distance(threshold)
        ),
    ]


def _axis(top: float) -> list[Markup]:
    from markupsafe import Markup

    marks = [Markup('<line class="axis" x1="0" x2="{}" y1="{}" y2="{}"/>').format(_WIDTH, _BASE, _BASE)]
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        marks.append(
            Markup('<text class="tick" x="{:.0f}" y="{}" text-anchor="{}">{}</text>').format(
                share * _WIDTH, _BASE + 17, anchor, f"{share * top:.3g}"
            )
        )
    marks.append(
        Markup(
            '<text class="tick" x="{}" y="{}" text-anchor="middle">distance to the nearest neighbour</text>'
        ).format(_WIDTH // 2, _BASE + 35)
    )
    return marks
