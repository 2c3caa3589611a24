"""Checks before a gallery is made or opened."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lookalike.encoders import Encoder, EncoderCard, EncoderOptions, load_encoder
from lookalike.errors import EncoderMismatch, GalleryError, GalleryExists, GalleryNotFound
from lookalike.gallery.settings import FILE_NAME, TRANSFORM_FILE, GallerySettings, is_remote, read_settings
from lookalike.gallery.transform import stored_dim

OWN_FILES = {
    *(FILE_NAME, f"{FILE_NAME}.new", TRANSFORM_FILE, f"{TRANSFORM_FILE}.new"),
    *("images.lance", "problems.lance", "lock", "index", "moves"),
}


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


def new_settings(
    spec: str, card: EncoderCard, storage: str, options: EncoderOptions, transform: str | None
) -> GallerySettings:
    """Settings of a gallery that is about to be made; with a transform, ``fingerprint`` waits for its fit."""
    return GallerySettings(
        encoder=spec,
        fingerprint=card.fingerprint if transform is None else "",
        dim=stored_dim(card, transform),
        storage=storage,
        card=card.to_dict(),
        encoder_options=kept_options(options),
        transform={} if transform is None else {"name": transform, "base": card.fingerprint},
    )


def load_kept_encoder(place: str, settings: GallerySettings, options: EncoderOptions) -> Encoder:
    """The encoder that the gallery was made with, without its transform.

    Raises:
        EncoderError: it cannot be had.
        EncoderMismatch: the weights under that name are no longer those that the gallery was made with.
    """
    kept = settings.encoder_options
    if options.weights is None and kept.get("weights"):
        options = replace(options, weights=Path(kept["weights"]))
    if kept.get("precision"):
        options = replace(options, precision=kept["precision"])
    loaded = load_encoder(settings.encoder, options)
    refuse_other_encoder(place, settings, loaded)
    return loaded


def refuse_other_encoder(place: str, settings: GallerySettings, encoder: Encoder) -> None:
    """Raise EncoderMismatch unless the gallery was made with this encoder (before or after its transform)."""
    wanted = settings.transform.get("base", settings.fingerprint)
    if encoder.card.fingerprint not in (wanted, settings.fingerprint):
        raise EncoderMismatch(
            f"gallery {place} was made with encoder {settings.encoder} (fingerprint {wanted[:8]}), not with "
            f"{encoder.card.name} ({encoder.card.fingerprint[:8]}); their vectors cannot be compared: use that encoder, "
            "or index into a new gallery"
        )


def several(given: Any) -> Sequence[Any]:
    """One thing or several, as a sequence."""
    if given is None:
        return ()
    return given if isinstance(given, list | tuple) else (given,)
