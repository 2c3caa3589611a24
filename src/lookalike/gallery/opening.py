"""Checks before a gallery is made or opened."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lookalike.encoders import Encoder, EncoderOptions
from lookalike.errors import EncoderMismatch, GalleryError, GalleryExists, GalleryNotFound
from lookalike.gallery.settings import FILE_NAME, GallerySettings, is_remote, read_settings

OWN_FILES = {FILE_NAME, "gallery.json.new", "images.lance", "problems.lance", "lock", "index", "moves"}


def absolute_place(location: str | os.PathLike[str]) -> str:
    """A folder as an absolute path; an object store's address as it is."""
    place = os.fspath(location)
    return place if is_remote(place) else str(Path(place).expanduser().absolute())


def kept_options(options: EncoderOptions) -> dict[str, Any]:
    """Those options of an encoder that change its numbers: a gallery remembers them."""
    kept: dict[str, Any] = {}
    if options.weights is not None:
        kept["weights"] = str(Path(options.weights).absolute())
    if options.precision != "fp32":
        kept["precision"] = options.precision
    return kept


def prepare_folder(place: str) -> None:
    """Make the folder of a new gallery; raise GalleryExists when it holds something else."""
    if is_remote(place):
        return
    folder = Path(place)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strangers = sorted(item.name for item in folder.iterdir() if item.name not in OWN_FILES)
    except OSError as error:
        raise GalleryError(f"gallery {place}: cannot make this folder: {error.strerror}") from error
    if strangers:
        raise GalleryExists(
            f"folder {place} holds other files ({strangers[0]}); name a new or empty folder for the gallery"
        )


def refuse_existing(place: str) -> None:
    """Raise GalleryExists when there is a gallery at that place."""
    try:
        read_settings(place)
    except GalleryNotFound:
        return
    raise GalleryExists(f"there is a gallery at {place} already; open it, or name another folder")


def remove_index(place: str) -> None:
    """Remove what an earlier gallery in the same folder left of its index."""
    if not is_remote(place):
        shutil.rmtree(Path(place) / "index", ignore_errors=True)


def refuse_other_encoder(place: str, settings: GallerySettings, encoder: Encoder) -> None:
    """Raise EncoderMismatch unless the gallery was made with this encoder."""
    if encoder.card.fingerprint != settings.fingerprint:
        raise EncoderMismatch(
            f"gallery {place} was made with encoder {settings.encoder} (fingerprint {settings.fingerprint[:8]}), not with "
            f"{encoder.card.name} ({encoder.card.fingerprint[:8]}); their vectors cannot be compared: use that encoder, "
            "or index into a new gallery"
        )


def several(given: Any) -> Sequence[Any]:
    """One thing or several, as a sequence."""
    if given is None:
        return ()
    return given if isinstance(given, list | tuple) else (given,)
