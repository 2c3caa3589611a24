"""Templates to text: escaping, pictures as data URIs, and a policy that lets nothing else in.

Every page is one file without a network. Its Content-Security-Policy names the hashes of the one style
sheet and the one script that it carries, so that a hostile file name, even if it slipped through the
escaping, could neither run nor load anything. Inline ``style`` attributes and event handlers are therefore
never used.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from lookalike.errors import printable
from lookalike.reports import text
from lookalike.reports.models import Picture

if TYPE_CHECKING:
    from jinja2 import Environment

_RATIO_STEP = 5  # hundredths: aspect ratios become one of these classes, as style attributes are forbidden
_RATIO_RANGE = (40, 300)


@cache
def asset(name: str) -> str:
    """The text of a file in ``templates/``."""
    return files("lookalike.reports").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def style_sheet(*names: str) -> str:
    """The style sheets joined, with one class for each aspect ratio (``.r135 { --r: 1.35 }``)."""
    low, high = _RATIO_RANGE
    ratios = (f".r{r:03d}{{--r:{r / 100:g}}}" for r in range(low, high + 1, _RATIO_STEP))
    return "\n".join(("", *(asset(name) for name in names), "".join(ratios), ""))


@cache
def script_text(*names: str) -> str:
    """The scripts joined into one function, so that none of their names is global."""
    if not names:
        return ""
    body = "\n".join(asset(name) for name in names)
    return f'\n(() => {{\n"use strict";\n{body}\n}})();\n'


def content_policy(style: str, script: str) -> str:
    """The Content-Security-Policy that lets exactly this style and this script in, and data: images."""
    script_source = _hash_source(script) if script else "'none'"
    return (
        f"default-src 'none'; img-src data:; style-src {_hash_source(style)}; script-src {script_source}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash_source(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def data_uri(jpeg: bytes) -> str:
    """``jpeg`` as a data: address."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def thumbnail_size(jpeg: bytes | None) -> tuple[int, int] | None:
    """(width, height) of a thumbnail in pixels, or None where there is none that can be read."""
    if not jpeg:
        return None
    from PIL import Image

    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            return image.size
    except (OSError, SyntaxError, ValueError):
        return None


def ratio_class(size: tuple[int, int] | None) -> str:
    """The class name for an aspect ratio: width/height rounded to 0.05 and kept within 0.4 and 3."""
    low, high = _RATIO_RANGE
    ratio = 100 * size[0] / size[1] if size else 100.0
    return f"r{int(min(high, max(low, _RATIO_STEP * round(ratio / _RATIO_STEP)))):03d}"


def shown(picture: Picture) -> dict[str, Any]:
    """What the macros need: thumbnail's size (None: unusable), names, facts and link of a picture."""
    size = thumbnail_size(picture.thumbnail)
    return {
        "size": size,
        "ratio": ratio_class(size),
        "name": text.file_name(picture.path),
        "folder": text.folder_name(picture.path),
        "path": printable(picture.path),
        "caption": printable(picture.caption),
        "href": text.safe_href(picture.href),
        "facts": text.facts(picture),
    }


@cache
def environment() -> Environment:
    """The Jinja2 environment: always escaping, undefined names are errors."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("lookalike.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        shown=shown,
        data_uri=data_uri,
        distance=text.distance,
        number=text.number,
        printable=printable,
        file_size=text.file_size,
    )
    made.globals.update(plural=text.plural)
    return made


def page_parts(
    template: str, *, title: str, styles: Sequence[str], scripts: Sequence[str], **context: Any
) -> Iterator[str]:
    """A page, piece by piece: joined they are the HTML text. Nothing in ``context`` is trusted."""
    from markupsafe import Markup

    style, script = style_sheet(*styles), script_text(*scripts)
    yield from (
        environment()
        .get_template(template)
        .generate(
            title=printable(title),
            policy=content_policy(style, script),
            style=Markup(style),
            script=Markup(script),
            **context,
        )
    )


def page(template: str, **context: Any) -> str:
    """The whole text of :func:`page_parts`."""
    return "".join(page_parts(template, **context))
