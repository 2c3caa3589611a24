"""An explanation as one PNG, drawn with Pillow: the two images with map and lines, sentences, bars."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lookalike.errors import ExplainError
from lookalike.explain.explanation import Explanation
from lookalike.explain.sentences import percent, words
from lookalike.explain.triplets import Choice, OddOneOut
from lookalike.reports.explain_overlay import Frame, frames, line_ends, strengths
from lookalike.reports.explain_words import LABELS

if TYPE_CHECKING:
    from lookalike.explain.images_seen import SeenImage
    from lookalike.explain.places import Place

WIDTH = 1200
"""Of the picture, in pixels."""

_MARGIN = 40
_PICTURE, _TALLEST = 440, 640
_INK, _QUIET, _PAPER, _WELL = (29, 28, 26), (101, 97, 90), (255, 255, 255), (236, 234, 229)
_HIGH, _MID, _LOW = (0, 158, 115), (86, 180, 233), (141, 138, 132)
_WARM, _COLD = (255, 122, 0), (31, 111, 255)
_HUES = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (181, 167, 0))
_CHINESE = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf", "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc", "wqy-zenhei.ttc", "msyh.ttc", "simhei.ttf", "PingFang.ttc", "Hiragino Sans GB.ttc",
)  # fmt: skip


def picture_of(found: Explanation | Choice | OddOneOut, language: str = "en") -> bytes:
    """PNG bytes, :data:`WIDTH` pixels wide.

    Raises:
        ExplainError: Chinese is wanted and no font of this machine has it.
        InvalidArgument: no such language.
    """
    text, label = words(language), LABELS[language]
    sheet = _Sheet(language)
    pair = _main_pair(found)
    if isinstance(found, Explanation):
        place = pair.where[0] if pair.where else None
        sheet.pictures([pair.a, pair.b], place, ["A", "B"])
        if place is not None:
            sheet.line(label[place.map.method] + (f"; {label['lines']}" if place.matches else ""), 17, _QUIET)
    else:
        named = _named(found, label)
        sheet.pictures(
            [image for _, image, _ in named], None, [f"{name}  {mark}".strip() for name, _, mark in named]
        )
    for number, sentence in enumerate(found.sentences(language)):
        sheet.paragraph(sentence, 27 if number == 0 else 20, _INK if number == 0 else _QUIET)
    sheet.space(14)
    if isinstance(found, Explanation):
        sheet.line(label["percentile"], 17, _QUIET)
        for one in pair.ranked:
            if one.percentile is not None:
                sheet.bar(text[one.name], one.percentile, percent(one.percentile, text))
    else:
        for gap in found.gaps:
            shown = label["against"].format(mine=percent(gap.mine, text), theirs=percent(gap.theirs, text))
            sheet.bar(text[gap.name], gap.mine, shown, gap.theirs)
    return sheet.png()


def _main_pair(found: Explanation | Choice | OddOneOut) -> Explanation:
    if isinstance(found, Explanation):
        return found
    return found.pair_of(found.chosen) if isinstance(found, Choice) else found.closest


def _named(found: Choice | OddOneOut, label: Any) -> list[tuple[str, SeenImage, str]]:
    if isinstance(found, OddOneOut):
        odd = found.odd
        return [
            (n, i, label["odd"] if n == odd else "") for n, i in zip(found.names, found.images, strict=True)
        ]
    shown = [
        (n, i) for n, i in zip(found.names, found.options, strict=True) if n in (found.chosen, found.other)
    ]
    return [("A", found.query, ""), *((n, i, label["chosen"] if n == found.chosen else "") for n, i in shown)]


class _Sheet:
    """A picture that grows downwards."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.parts: list[Image.Image] = []

    def png(self) -> bytes:
        height = sum(part.height for part in self.parts) + 2 * _MARGIN
        sheet = Image.new("RGB", (WIDTH, height), _PAPER)
        y = _MARGIN
        for part in self.parts:
            sheet.paste(part, (0, y))
            y += part.height
        stream = io.BytesIO()
        sheet.save(stream, "PNG", optimize=True)
        return stream.getvalue()

    def space(self, height: int) -> None:
        self.parts.append(Image.new("RGB", (WIDTH, height), _PAPER))

    def line(self, text: str, size: int, colour: tuple[int, int, int]) -> None:
        self.paragraph(text, size, colour)

    def paragraph(self, text: str, size: int, colour: tuple[int, int, int]) -> None:
        font = _font(size, self.language)
        rows = _wrapped(text, font, WIDTH - 2 * _MARGIN, self.language == "zh")
        step = round(size * 1.45)
        part = Image.new("RGB", (WIDTH, step * len(rows) + 8), _PAPER)
        pen = ImageDraw.Draw(part)
        for number, row in enumerate(rows):
            pen.text((_MARGIN, number * step), row, fill=colour, font=font)
        self.parts.append(part)

    def bar(self, name: str, value: float, shown: str, other: float | None = None) -> None:
        """A named bar of 0 to 100, with a thin grey one below it for ``other``."""
        part = Image.new("RGB", (WIDTH, 36), _PAPER)
        pen = ImageDraw.Draw(part)
        font = _font(19, self.language)
        pen.text((_MARGIN, 5), name, fill=_INK, font=font)
        left, right = 300, WIDTH - _MARGIN - 190
        pen.rounded_rectangle((left, 9, right, 27), 6, fill=_WELL)
        colour = _HIGH if value >= 90 else _MID if value >= 60 else _LOW
        bottom = 27 if other is None else 18
        pen.rounded_rectangle(
            (left, 9, left + max(8, round((right - left) * value / 100)), bottom), 6, fill=colour
        )
        if other is not None:
            pen.rounded_rectangle(
                (left, 20, left + max(8, round((right - left) * other / 100)), 27), 3, fill=_LOW
            )
        pen.text((right + 16, 5), shown, fill=_INK, font=font)
        self.parts.append(part)

    def pictures(
        self, images: Sequence[SeenImage], place: Place | None, captions: Sequence[str] = ()
    ) -> None:
        sizes = [(image.pixels.shape[1], image.pixels.shape[0]) for image in images]
        usual = frames(sizes, _PICTURE)
        wide = usual[-1].x + usual[-1].width
        height = min(_TALLEST, _PICTURE * (WIDTH - 2 * _MARGIN) / wide)
        drawn = frames(sizes, height)
        shift = _MARGIN
        part = Image.new("RGB", (WIDTH, round(height) + (44 if captions else 16)), _PAPER)
        for frame, image in zip(drawn, images, strict=True):
            size = max(1, round(frame.width)), max(1, round(height))
            small = Image.fromarray(image.pixels).resize(size, Image.Resampling.LANCZOS)
            part.paste(small, (round(frame.x) + shift, 0))
        if place is not None:
            part = _tinted(part, place, drawn, shift)
            _lines(part, place, drawn, shift)
        pen = ImageDraw.Draw(part)
        for frame, caption in zip(drawn, captions, strict=False):
            pen.text((frame.x + shift, height + 10), caption, fill=_INK, font=_font(20, self.language))
        self.parts.append(part)


def _tinted(part: Image.Image, place: Place, drawn: Sequence[Frame], shift: int) -> Image.Image:
    layer = Image.new("RGBA", part.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    for side, frame, values in (("a", drawn[0], place.map.a_map), ("b", drawn[1], place.map.b_map)):
        scaled = strengths(values)
        for (row, column), value in np.ndenumerate(scaled):
            x, y, width, height = frame.box(place, side, (int(row), int(column)))
            if width <= 1 or height <= 1 or abs(value) < 0.06:
                continue
            colour = (*(_WARM if value >= 0 else _COLD), round(158 * abs(float(value))))
            # Whole pixels that meet: rounding up would paint the seams twice.
            box = round(x + shift), round(y), round(x + width + shift) - 1, round(y + height) - 1
            pen.rectangle(box, fill=colour)
    return Image.alpha_composite(part.convert("RGBA"), layer).convert("RGB")


def _lines(part: Image.Image, place: Place, drawn: Sequence[Frame], shift: int) -> None:
    pen = ImageDraw.Draw(part)
    for number, (x1, y1, x2, y2) in enumerate(line_ends(place, drawn[0], drawn[1])):
        colour = _HUES[number % len(_HUES)]
        ends = (x1 + shift, y1, x2 + shift, y2)
        pen.line(ends, fill=(255, 255, 255), width=7)
        pen.line(ends, fill=colour, width=4)
        for x, y in ((x1 + shift, y1), (x2 + shift, y2)):
            pen.ellipse((x - 8, y - 8, x + 8, y + 8), fill=colour, outline=(255, 255, 255), width=2)


@cache
def _font(size: int, language: str) -> Any:
    if language != "zh":
        return ImageFont.load_default(size)
    for name in _CHINESE:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    raise ExplainError(
        "no font of this machine has Chinese characters, so a picture cannot be written in zh; write .html, or install "
        "a font such as Noto Sans CJK"
    )


def _wrapped(text: str, font: Any, width: int, anywhere: bool) -> list[str]:
    """Lines that fit; Chinese is broken anywhere, other text at spaces."""
    rows: list[str] = []
    current = ""
    for word in list(text) if anywhere else re.split(r" (?!%)", text):
        longer = current + word if anywhere or not current else f"{current} {word}"
        if current and font.getlength(longer) > width:
            rows.append(current)
            current = word
        else:
            current = longer
    return [*rows, current] if current else rows or [""]
