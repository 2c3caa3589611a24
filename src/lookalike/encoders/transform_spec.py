"""``whiten:FILE`` and ``NAME|whiten:FILE``: encoders with a whitening that was fitted before."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.errors import EncoderError, InvalidArgument, WeightsNotFound, printable

if TYPE_CHECKING:
    from lookalike.encoders.base import Encoder
    from lookalike.encoders.registry import EncoderOptions

_PIPE = re.compile(r"\s*\|\s*whiten(?P<file>:.*)?$", flags=re.DOTALL)


def split_transform(spec: str) -> tuple[str, str] | None:
    """``NAME|whiten:FILE`` -> (NAME, FILE), with or without blanks around the bar; None for any other spec.

    The bar binds less than ``+``: in ``a+b|whiten:FILE`` the whitening follows the whole ensemble. The last
    bar counts, so NAME may have a whitening of its own.

    Raises:
        InvalidArgument: ``|whiten`` without a file, or ``+`` behind the file.
    """
    from lookalike.encoders.ensemble import split_ensemble

    start = spec.rfind("|")
    match = _PIPE.match(spec, len(spec[:start].rstrip())) if start >= 0 else None
    if match is None:
        return None
    name, file = spec[: match.start()].strip(), (match["file"] or "")[1:]
    if not name or not file:
        raise InvalidArgument(
            f"{printable(spec)!r} names no whitening; write NAME|whiten:FILE with a file that Whitening.save wrote"
        )
    if len(split_ensemble(file)) > 1:
        raise InvalidArgument(
            f"in {printable(spec)!r} it is not clear what the whitening belongs to; for an ensemble of a whitened "
            "encoder and others write whiten:FILE+OTHER (the file knows its encoder)"
        )
    return name, file


def load(argument: str, options: EncoderOptions) -> Encoder:
    """``whiten:FILE``: the encoder that the file names, with the whitening.

    Raises:
        WeightsNotFound: no such file.
        EncoderError: the file is no whitening, or its encoder cannot be had or has changed.
    """
    if not argument:
        raise WeightsNotFound("whiten: needs the path of a file that Whitening.save wrote; write whiten:FILE")
    return _load("", argument, options)


def load_transformed(name: str, file: str, options: EncoderOptions) -> Encoder:
    """``NAME|whiten:FILE``: as :func:`load`, with the encoder named here (its files may have moved)."""
    return _load(name, file, options)


def _load(name: str, file: str, options: EncoderOptions) -> Encoder:
    from lookalike.encoders.registry import load_encoder
    from lookalike.encoders.transform import TransformedEncoder, Whitening

    path = Path(file).expanduser().absolute()
    whitening = Whitening.load(path)
    if not name and not whitening.encoder:
        raise EncoderError(
            f"whitening {printable(str(path))} does not say which encoder it follows; write NAME|whiten:FILE"
        )
    base = load_encoder(name or whitening.encoder, options)
    card_name = f"{base.card.name}|whiten:{path}" if name else f"whiten:{path}"
    return TransformedEncoder(base, whitening, name=card_name)
