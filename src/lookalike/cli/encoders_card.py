"""An encoder's card as rows that people read; the keys are those of ``lookalike encoders show --json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lookalike.cli import output

if TYPE_CHECKING:
    from lookalike.encoders import EncoderCard, Preprocessing

RESIZED = {
    "squash": "squashed to the input size",
    "crop": "cropped to the middle {percent:.4g} %",
    "pad": "whole, with bars where the shape differs",
}


def card_rows(card: EncoderCard) -> list[list[str]]:
    """[key, value] for each fact of the card, in its order; what says nothing (no parts, no title) is left out."""
    height, width = card.input_size
    shown: dict[str, str] = {
        **{key: readable(value) for key, value in card.to_dict().items()},
        "dim": f"{card.dim:,} numbers" + (", unit length" if card.normalized else ""),
        "input_size": f"{width} x {height} pixels",
        "preprocessing": _preprocessing(card.preprocessing),
        "feature_map": " x ".join(map(str, card.feature_map)) if card.feature_map else "none",
        "text": "searches by words" if card.text else "no",
        "size_bytes": output.human_bytes(card.size_bytes) if card.size_bytes else "no weights",
    }
    empty = {key for key in ("title", "parts", "sha256", "details") if not getattr(card, key)}
    if card.title == card.name:
        empty.add("title")
    rows = []
    for key, value in shown.items():
        if key == "details":
            rows += [[f"details.{name}", readable(one)] for name, one in card.details.items()]
        elif key not in empty and key != "normalized":
            rows.append([key, value])
    return rows


def readable(value: Any) -> str:
    """A plain value as words: no brackets, no quotes, yes and no."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {readable(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(readable(one) for one in value)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _preprocessing(steps: Preprocessing) -> str:
    parts = [
        RESIZED[steps.resize].format(percent=100 * steps.crop_fraction),
        steps.interpolation + (", antialiased" if steps.antialias else ", not antialiased"),
    ]
    if any(steps.mean):
        parts.append(f"mean {readable(steps.mean)} subtracted")
    if any(one != 1 for one in steps.std):
        parts.append(f"divided by {readable(steps.std)}")
    return "; ".join(parts)
