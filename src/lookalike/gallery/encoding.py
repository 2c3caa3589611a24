"""A gallery together with its encoder: loaded when first asked for, and its transform fitted when it has one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lookalike.encoders import Encoder, EncoderOptions
from lookalike.gallery.lock import write_lock
from lookalike.gallery.opening import load_kept_encoder
from lookalike.gallery.reader import GalleryReader
from lookalike.gallery.settings import GallerySettings, write_settings
from lookalike.gallery.store import Store
from lookalike.gallery.transform import fit_transform, is_pending, with_transform
from lookalike.images import ImageSource


class EncodingGallery(GalleryReader):
    """What a gallery can do once images have to be turned into vectors."""

    def __init__(
        self, location: str, settings: GallerySettings, store: Store, encoder: Encoder | None = None
    ) -> None:
        super().__init__(location, settings, store)
        self._base = encoder
        self._encoder: Encoder | None = None
        self._options = EncoderOptions()

    @property
    def encoder(self) -> Encoder:
        """The gallery's encoder with its transform, loaded when first asked for.

        Raises:
            EncoderMismatch: the weights under that name are no longer those that the gallery was made with.
            GalleryError: it shall have a transform and has no images yet to fit it on.
        """
        if self._encoder is None:
            if is_pending(self.settings):
                self.refresh()  # another process may have fitted it
            self._encoder = with_transform(self.location, self.settings, self._base_encoder())
        return self._encoder

    def _base_encoder(self) -> Encoder:
        if self._base is None:
            self._base = load_kept_encoder(self.location, self.settings, self._options)
        return self._base

    @property
    def awaits_transform(self) -> bool:
        """True when the transform that the gallery shall have has not been fitted yet."""
        return is_pending(self.settings)

    def fit_transform(
        self,
        sources: Sequence[ImageSource],
        *,
        cache: bool = True,
        wait: float = 0.0,
        workers: int | None = None,
    ) -> bool:
        """Fit the transform that the gallery was made to have; :meth:`index` does it on its first source alone.

        Returns:
            False when there is nothing to fit (any more).

        Raises:
            InvalidArgument: too few images for it.
            GalleryLocked: another process is writing.
        """
        from lookalike.encoders.cache import EmbeddingCache

        base = self._base_encoder()
        with write_lock(self.location, wait=wait):
            self.refresh()
            if not is_pending(self.settings):
                return False
            kept = EmbeddingCache() if cache else None
            fitted, changes = fit_transform(self.location, self.settings, base, sources, kept, workers)
            self._save_settings(**changes)
            self._encoder = fitted
        return True

    def _save_settings(self, **changes: Any) -> None:
        self.settings = self.settings.with_changes(**changes)
        write_settings(self.location, self.settings)
