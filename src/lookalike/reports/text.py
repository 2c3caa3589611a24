"""Names, numbers and links as people read them; everything here returns plain, unescaped text."""

from __future__ import annotations

import math
import re

from lookalike.errors import printable
from lookalike.reports.models import Picture

_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.\-]*:")
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")


def file_name(path: str) -> str:
    """The last part of ``path`` (of the member, for ``ARCHIVE::MEMBER``), control characters escaped."""
    inner = path.rsplit("::", 1)[-1].rstrip("/")
    return printable(inner.rsplit("/", 1)[-1] or path)


def folder_name(path: str) -> str:
    """Everything before :func:`file_name`, control characters escaped."""
    shown = printable(path)
    name = file_name(path)
    return shown[: -len(name)] if shown.endswith(name) else shown


def distance(value: float) -> str:
    """Three decimals; a distance that is not zero is never written as zero."""
    if not math.isfinite(value):
        return "none"
    if 0 < abs(value) < 0.0005:
        return "<0.001"
    return f"{value + 0.0:.3f}"


def file_size(count: int) -> str:
    """Bytes in decimal units, as file managers show them: ``1.2 MB``."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def pixel_count(count: int) -> str:
    """``12.2 MP``, or thousands below a tenth of a megapixel."""
    return f"{count / 1e6:.1f} MP" if count >= 100_000 else f"{count / 1e3:.1f} kpx"


def number(value: int | float) -> str:
    """Thousands separated by commas."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 image``, ``2,000 images``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def facts(picture: Picture) -> list[str]:
    """What is known of the original, in a fixed order: size, pixels, format, bytes, date, label."""
    found: list[str] = []
    if picture.width and picture.height:
        found.append(f"{picture.width} × {picture.height}")
    if picture.pixels:
        found.append(pixel_count(picture.pixels))
    if picture.format:
        found.append(printable(picture.format))
    if picture.bytes is not None:
        found.append(file_size(picture.bytes))
    if picture.taken is not None:
        found.append(picture.taken.strftime("%Y-%m-%d %H:%M"))
    if picture.label:
        found.append(printable(picture.label))
    return found


def safe_href(href: str | None) -> str | None:
    """``href`` when it is relative, ``file:``, ``http:`` or ``https:``; None for anything that could run."""
    if not href:
        return None
    # Browsers skip control characters and spaces inside a scheme ("java\nscript:"), so judge without them.
    bare = _UNSEEN.sub("", href)
    scheme = _SCHEME.match(bare)
    if scheme and scheme.group(0).lower() not in ("file:", "http:", "https:"):
        return None
    return href if href.isprintable() else None
