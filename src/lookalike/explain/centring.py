"""The corpus mean: what all images of a collection have in common in an encoder's eyes, taken from every score.

Embeddings of most networks share a large common part, so that two unrelated images have a cosine far above zero and
a map of that cosine shows the common part: nearly the same whichever image the other one is. Cosines of what is left
after the mean was subtracted look at the pair (measured in docs/explanation/explaining-a-pair.md).
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder, EncoderOptions
from lookalike.encoders.npz_file import read_npz
from lookalike.encoders.onnx_name import split_runtime
from lookalike.errors import ExplainError, printable
from lookalike.images import ImageLike
from lookalike.progress import Progress

SCHEMA_VERSION = 1
"""Raised when an older lookalike could no longer read what this one writes."""

LEAST_IMAGES = 20
"""Fewer images have no common part worth the name: their mean holds too much of each of them."""

FILE_ENDING = ".mean.npz"

_KIND = "lookalike corpus mean"
_BATCH = 64


@dataclass(frozen=True, eq=False)
class CorpusMean:
    """The mean embedding of many images, and which encoder it belongs to.

    Attributes:
        mean: float32 (d,), of the embeddings as the encoder gives them (unit length where it normalises).
        encoder: name of the encoder, for people.
        fingerprint: of the encoder; another encoder is refused.
        images: how many the mean was taken over; 0 when unknown.
        feature_mean: float32 (d',), mean over the images of the pooled feature map scaled to unit length. Needed to
            decompose a network whose embedding is not the mean of its feature map; None where it was not computed.
    """

    mean: NDArray[np.float32]
    encoder: str
    fingerprint: str
    images: int = 0
    feature_mean: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("feature mean", self.feature_mean)):
            if values is not None and (values.ndim != 1 or not np.isfinite(values).all()):
                raise ExplainError(
                    f"a corpus {name} is one vector of finite numbers, got shape {values.shape}"
                )

    @classmethod
    def from_vectors(cls, vectors: NDArray[Any], encoder: Encoder) -> CorpusMean:
        """From embeddings that exist already, such as those of a gallery.

        Args:
            vectors: (n, d), n at least :data:`LEAST_IMAGES`; rows that are not finite are left out. Rows of a gallery
                that stores them shortened (float16, int8) do.
            encoder: that made them.

        Raises:
            ExplainError: too few rows, or rows of another length.
        """
        rows = np.asarray(vectors)
        if rows.ndim != 2 or rows.shape[1] != encoder.card.dim:
            raise ExplainError(
                f"a corpus mean for {printable(encoder.card.name)} needs rows of {encoder.card.dim} numbers, got "
                f"shape {rows.shape}; give the vectors that this encoder made"
            )
        good = rows[np.isfinite(rows).all(axis=1)]
        _refuse_few(len(good))
        mean = good.mean(axis=0, dtype=np.float64).astype(np.float32)
        return cls(mean, encoder.card.name, encoder.card.fingerprint, len(good))

    @classmethod
    def from_images(
        cls, images: Sequence[ImageLike], encoder: Encoder, *, progress: Progress | None = None
    ) -> CorpusMean:
        """Embed images and take the mean, of the feature maps too where the encoder has any.

        Args:
            images: at least :data:`LEAST_IMAGES`; some hundreds do (docs/explanation/explaining-a-pair.md).
            encoder: whose mean it will be.
            progress: called after each batch.

        Raises:
            ExplainError: too few images.
            ImageError: an image cannot be read.
        """
        _refuse_few(len(images))
        total = np.zeros(encoder.card.dim)
        pooled_total = np.zeros(encoder.card.feature_map[2]) if encoder.card.feature_map else None
        for start in range(0, len(images), _BATCH):
            batch = images[start : start + _BATCH]
            total += encoder.embed(batch).sum(axis=0, dtype=np.float64)
            if pooled_total is not None:
                pooled = encoder.feature_map(batch).mean(axis=(1, 2), dtype=np.float64)
                pooled_total += unit_rows(pooled).sum(axis=0)
            if progress is not None:
                progress("corpus mean", start + len(batch), len(images))
        feature_mean = None if pooled_total is None else (pooled_total / len(images)).astype(np.float32)
        mean = (total / len(images)).astype(np.float32)
        return cls(mean, encoder.card.name, encoder.card.fingerprint, len(images), feature_mean)

    @classmethod
    def nothing(cls, encoder: Encoder) -> CorpusMean:
        """A mean of zero, which makes centred cosines plain ones; for comparison."""
        card = encoder.card
        depth = card.feature_map[2] if card.feature_map else None
        zero = None if depth is None else np.zeros(depth, np.float32)
        return cls(np.zeros(card.dim, np.float32), card.name, card.fingerprint, 0, zero)

    @classmethod
    def beside(cls, encoder: Encoder) -> CorpusMean | None:
        """The mean that was saved beside the encoder's weights (:func:`place_beside`); None where there is none.

        Raises:
            ExplainError: there is one, but damaged or of another encoder.
        """
        place = place_beside(encoder)
        return cls.load(place, encoder) if place is not None and place.is_file() else None

    def check(self, encoder: Encoder) -> None:
        """Raise ExplainError unless this is the mean of ``encoder``."""
        card = encoder.card
        if self.fingerprint != card.fingerprint or self.mean.shape != (card.dim,):
            raise ExplainError(
                f"this corpus mean belongs to encoder {printable(self.encoder) or 'unknown'} (fingerprint "
                f"{printable(self.fingerprint[:8])}), not to {printable(card.name)} ({card.fingerprint[:8]}): other "
                "weights or preprocessing; make one with CorpusMean.from_images(images, encoder)"
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a .npz file, whole or not at all.

        Raises:
            ExplainError: it cannot be written.
        """
        place = Path(path)
        part = place.with_name(f"{place.name}.{os.getpid()}.part")
        try:
            part.write_bytes(self._bytes())
            part.replace(place)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ExplainError(
                f"{printable(str(place))}: the corpus mean cannot be written: {error}"
            ) from error

    @classmethod
    def load(cls, path: str | os.PathLike[str], encoder: Encoder | None = None) -> CorpusMean:
        """Read a file that :meth:`save` wrote.

        Args:
            path: of the file.
            encoder: checked to be the one that it belongs to; None leaves that to whoever uses the mean.

        Raises:
            ExplainError: no such file, damaged, of a newer lookalike, or of another encoder.
        """
        where = printable(str(path))
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise ExplainError(
                f"{where}: the corpus mean cannot be read: {error.strerror or error}"
            ) from error
        found = _read(data, where)
        if encoder is not None:
            found.check(encoder)
        return found

    def _bytes(self) -> bytes:
        feature_mean = np.empty(0, np.float32) if self.feature_mean is None else self.feature_mean
        arrays: dict[str, Any] = {
            "kind": np.asarray(_KIND),
            "version": np.asarray(SCHEMA_VERSION),
            "encoder": np.asarray(self.encoder),
            "fingerprint": np.asarray(self.fingerprint),
            "images": np.asarray(self.images),
            "mean": self.mean,
            "feature_mean": feature_mean,
            "digest": np.asarray(_digest(self.mean, feature_mean, self.fingerprint)),
        }
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        return stream.getvalue()


def centred_cosine(u: NDArray[Any], v: NDArray[Any], mean: CorpusMean | NDArray[Any]) -> Any:
    """Cosine of ``u - mean`` and ``v - mean``; 0 where either is the mean itself.

    Args:
        u, v: (d,) or (n, d), broadcast against each other.
        mean: a :class:`CorpusMean`, or float (d,).

    Returns:
        A float for two vectors, else float64 (n,).
    """
    middle = np.asarray(mean.mean if isinstance(mean, CorpusMean) else mean, dtype=np.float64)
    x, y = np.asarray(u, dtype=np.float64) - middle, np.asarray(v, dtype=np.float64) - middle
    product = np.sum(x * y, axis=-1)
    lengths = np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)
    # 1e-12: two vectors that differ from the mean by rounding only have no direction.
    cosine = np.divide(product, lengths, out=np.zeros_like(product), where=lengths > 1e-12)
    cosine = np.clip(cosine, -1.0, 1.0)
    return float(cosine) if cosine.ndim == 0 else cosine


def place_beside(encoder: Encoder) -> Path | None:
    """Where the mean of an encoder with files of its own lies: ``net.onnx.mean.npz``, ``run/corpus.mean.npz``."""
    path = weights_of(encoder)
    if path is None:
        return None
    return path / f"corpus{FILE_ENDING}" if path.is_dir() else path.with_name(path.name + FILE_ENDING)


def weights_of(encoder: Encoder) -> Path | None:
    """The file or folder that an encoder's weights came from (``glance``, ``onnx:``, ``trained:``), else None."""
    scheme, _, argument = encoder.card.name.partition(":")
    if scheme.partition("?")[0] == "glance":
        from lookalike.encoders.glance import FOLDER

        return FOLDER / "glance.onnx"
    if not argument or scheme not in ("onnx", "trained"):
        return None
    return Path(split_runtime(argument, EncoderOptions())[0] if scheme == "onnx" else argument)


def unit_rows(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Rows (n, d) as float64 of unit length; a zero row stays zero."""
    wide = np.asarray(rows, dtype=np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(lengths > 0, lengths, 1.0))


def _refuse_few(count: int) -> None:
    if count < LEAST_IMAGES:
        raise ExplainError(
            f"a corpus mean needs at least {LEAST_IMAGES} images, there are {count}; give more images"
        )


def _digest(mean: NDArray[np.float32], feature_mean: NDArray[np.float32], fingerprint: str) -> str:
    content = mean.astype("<f4").tobytes() + b"|" + feature_mean.astype("<f4").tobytes()
    return hashlib.sha256(content + b"|" + fingerprint.encode()).hexdigest()


def _read(data: bytes, where: str) -> CorpusMean:
    again = "make it anew with CorpusMean.from_images"
    try:
        values = read_npz(data)
    except ValueError as error:
        raise ExplainError(f"{where}: the file is damaged or something else ({error}); {again}") from error
    if str(values.get("kind", "")) != _KIND:
        raise ExplainError(f"{where}: this is not a corpus mean that lookalike wrote; {again}")
    try:
        if int(values["version"]) > SCHEMA_VERSION:
            raise ExplainError(
                f"{where}: it has version {int(values['version'])}, this lookalike knows up to {SCHEMA_VERSION}; "
                "upgrade lookalike"
            )
        mean, feature_mean = (np.asarray(values[key], np.float32) for key in ("mean", "feature_mean"))
        fingerprint, digest = str(values["fingerprint"]), str(values["digest"])
        encoder, images = str(values["encoder"]), int(values["images"])
    except (KeyError, ValueError, TypeError) as error:
        raise ExplainError(f"{where}: the file lacks or garbles {error}; {again}") from error
    if digest != _digest(mean, feature_mean, fingerprint):
        raise ExplainError(f"{where}: its numbers are not those that were written; {again}")
    return CorpusMean(mean, encoder, fingerprint, images, feature_mean if feature_mean.size else None)
