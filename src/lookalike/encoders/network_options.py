"""The part of an encoder's name behind ``?``: ``timm:mobilenetv2_100?pad_type=same&resize=squash``."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import unquote

from lookalike.encoders.base import Preprocessing
from lookalike.errors import InvalidArgument

RESIZES = ("squash", "crop", "pad")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
PREPROCESSING_KEYS = ("size", "resize", "interpolation", "antialias", "mean", "std", "crop_fraction")


def split_options(argument: str) -> tuple[str, dict[str, str]]:
    """``NAME?a=1&b=2`` -> ``("NAME", {"a": "1", "b": "2"})``; values may be percent-encoded.

    Raises:
        InvalidArgument: no name, a part without ``=``, or the same key twice.
    """
    name, _, query = argument.partition("?")
    if not name:
        raise InvalidArgument(f"encoder name {argument!r}: nothing stands where the network's name should be")
    options: dict[str, str] = {}
    for part in query.split("&") if query else []:
        key, equals, value = part.partition("=")
        key = key.strip()
        if not equals or not key or not value:
            raise InvalidArgument(f"encoder option {part!r} of {name}: write key=value, several joined by &")
        if key in options:
            raise InvalidArgument(f"encoder option {key!r} of {name} is given twice")
        options[key] = unquote(value)
    return name, options


def override_preprocessing(
    base: Preprocessing, size: tuple[int, int], options: Mapping[str, str]
) -> tuple[Preprocessing, tuple[int, int], dict[str, str]]:
    """Preprocessing with the options applied.

    Understood: ``size=224`` or ``size=HEIGHT,WIDTH``; ``resize=squash|crop|pad``; ``interpolation=...``;
    ``antialias=true|false``; ``mean`` and ``std`` (one number for all channels or three); ``crop_fraction``.
    ``resize`` other than ``crop`` sets ``crop_fraction`` to 1 (the whole image is seen).

    Returns:
        the preprocessing, (height, width) in pixels, and the options that are none of these.

    Raises:
        InvalidArgument: a value that makes no sense.
    """
    changes: dict[str, Any] = {}
    if "resize" in options:
        changes["resize"] = one_of("resize", options["resize"], RESIZES)
        if changes["resize"] != "crop":
            changes["crop_fraction"] = 1.0
    if "interpolation" in options:
        changes["interpolation"] = one_of("interpolation", options["interpolation"], INTERPOLATIONS)
    if "antialias" in options:
        changes["antialias"] = one_of("antialias", options["antialias"].lower(), ("true", "false")) == "true"
    for key in ("mean", "std"):
        if key in options:
            changes[key] = _channels(key, options[key])
    if "crop_fraction" in options:
        fraction = _numbers("crop_fraction", options["crop_fraction"])
        if len(fraction) != 1 or not 0 < fraction[0] <= 1:
            raise InvalidArgument(
                f"encoder option crop_fraction={options['crop_fraction']}: give one number in (0, 1]"
            )
        changes["crop_fraction"] = fraction[0]
    if "size" in options:
        size = _size(options["size"])
    rest = {key: value for key, value in options.items() if key not in PREPROCESSING_KEYS}
    return replace(base, **changes), size, rest


def literal(text: str) -> Any:
    """A value for a network's constructor: number, truth value, ``None``, list, or else the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def no_more_options(name: str, rest: Mapping[str, str], known: tuple[str, ...] = ()) -> None:
    """Refuse options that nobody understood.

    Raises:
        InvalidArgument: ``rest`` is not empty.
    """
    if rest:
        raise InvalidArgument(
            f"encoder {name} does not understand the option {next(iter(rest))!r}; known: "
            f"{', '.join(PREPROCESSING_KEYS + known)}"
        )


def one_of(key: str, value: str, allowed: tuple[str, ...]) -> str:
    """``value``, if it is among those allowed.

    Raises:
        InvalidArgument: it is not.
    """
    if value not in allowed:
        raise InvalidArgument(f"encoder option {key}={value}: choose one of {', '.join(allowed)}")
    return value


def _numbers(key: str, text: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InvalidArgument(f"encoder option {key}={text}: {error}") from None
    if not all(abs(value) < 1e6 for value in values):
        raise InvalidArgument(f"encoder option {key}={text}: give finite numbers")
    return values


def _channels(key: str, text: str) -> tuple[float, float, float]:
    values = _numbers(key, text)
    if len(values) == 1:
        values *= 3
    if len(values) != 3:
        raise InvalidArgument(f"encoder option {key}={text}: give one number or three, separated by commas")
    if key == "std" and min(values) <= 0:
        raise InvalidArgument(f"encoder option std={text}: the numbers must be above 0")
    return cast(tuple[float, float, float], tuple(values))


def _size(text: str) -> tuple[int, int]:
    parts = text.split(",")
    if len(parts) > 2 or not all(
        part.isascii() and part.isdigit() and 0 < int(part) <= 8192 for part in parts
    ):
        raise InvalidArgument(f"encoder option size={text}: give pixels such as 224, or HEIGHT,WIDTH")
    return int(parts[0]), int(parts[-1])
