"""Encoders by name, one after the other, each with the vectors of the images that people judged.

An encoder that cannot be had is a line of the result, not the end of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.encoder_names import bench_encoder, distinct_encoders, encoder_name, usual_metric
from lookalike.benchmarks.features import Features
from lookalike.encoders import Encoder, EncoderOptions
from lookalike.errors import BenchmarkError, ImageError, JudgmentError, LookalikeError
from lookalike.similarity import METRICS, Metric, cosine, euclidean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lookalike.judgments import ImageCatalogue
    from lookalike.progress import Progress

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class ImageVectors:
    """The vectors of one encoder for the images of a table.

    Attributes:
        name: the encoder as it was asked for (with `` | whiten`` behind it when transformed).
        vectors: float32 (images, d).
        row: content id -> row of ``vectors``.
        metric: how two of them are compared.
        fingerprint: of the encoder: its weights and preprocessing.
        fitted_pairs: hashes of the human judgments that it learned from, uint64 (m,), or None.
    """

    name: str
    vectors: NDArray[np.float32]
    row: Mapping[str, int]
    metric: Metric
    fingerprint: str = ""
    fitted_pairs: NDArray[np.uint64] | None = None

    def distances(self, left: Sequence[str], right: Sequence[str]) -> NDArray[np.float64]:
        """Distance of each image of ``left`` to the one at the same place in ``right``: float64 (n,)."""
        i = np.array([self.row[content] for content in left], dtype=np.int64)
        j = np.array([self.row[content] for content in right], dtype=np.int64)
        # Few images make many triplets: the same pair comes again and again.
        pairs, place = np.unique(i * len(self.vectors) + j, return_inverse=True)
        i, j = np.divmod(pairs, max(1, len(self.vectors)))
        measure = cosine if self.metric == "cosine" else euclidean
        found = np.empty(len(pairs), dtype=np.float64)
        for start in range(0, len(pairs), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            found[part] = measure(self.vectors[i[part]], self.vectors[j[part]])
        return found[place]


@dataclass(frozen=True)
class Failed:
    """An encoder that could not be had, and why, in one line."""

    name: str
    error: str

    def to_dict(self) -> dict[str, Any]:
        """What stands for it where other encoders have figures."""
        return {"error": self.error}


def each_encoder(
    encoders: Sequence[str | Encoder],
    images: ImageCatalogue,
    contents: Sequence[str],
    *,
    metric: Metric | None = None,
    transform: Literal["whiten"] | None = None,
    options: EncoderOptions | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Iterator[ImageVectors | Failed]:
    """Each encoder's vectors, computed (or taken from the cache) when its turn comes.

    Args:
        encoders: names as for :func:`lookalike.load_encoder`, ``pixels``, or encoders.
        images: where the images lie.
        contents: content ids of the images wanted; each is embedded once.
        metric: None: cosine, and L2 for ``pixels``.
        transform: ``whiten`` gives a second row "NAME | whiten" behind each encoder's own.
        options: used for encoders given by name.
        seed: of the transform.
        progress: called with each encoder's name while it runs.

    Raises:
        BenchmarkError: no encoder, or two different ones of one name.
        ImageError: an image cannot be read (this is no fault of an encoder).
    """
    if metric is not None and metric not in METRICS:
        raise BenchmarkError(f"metric {metric!r} is not known; use one of {', '.join(METRICS)}")
    given, _ = distinct_encoders(encoders)
    files = {content: images.path(content) for content in dict.fromkeys(contents)}
    features = Features(files, progress=progress)
    rows = {content: row for row, content in enumerate(features.contents)}
    for wanted in given:
        name = encoder_name(wanted)
        own = metric or usual_metric(wanted)
        try:
            encoder = bench_encoder(wanted, options)
            fingerprint, fitted = encoder.card.fingerprint, encoder.fitted_pairs
            yield ImageVectors(name, features.embed(encoder), rows, own, fingerprint, fitted)
        except (ImageError, JudgmentError):
            raise
        except LookalikeError as error:
            yield Failed(name, one_line(error))
            continue
        if transform is not None:
            yield _transformed(encoder, name, features, rows, seed)


def check_any(found: Mapping[str, object]) -> None:
    """Raise BenchmarkError when not one encoder could be had; ``found`` holds :class:`Failed` or anything else."""
    failed = [one for one in found.values() if isinstance(one, Failed)]
    if len(failed) == len(found):
        raise BenchmarkError("no encoder could be had: " + "; ".join(f"{f.name}: {f.error}" for f in failed))


def one_line(error: Exception) -> str:
    """An error's message without line breaks."""
    return " ".join(str(error).split())


def _transformed(
    encoder: Encoder, name: str, features: Features, rows: Mapping[str, int], seed: int
) -> ImageVectors | Failed:
    """The encoder with a whitening fitted on the same images, without the judgments; compared by cosine."""
    title = f"{name} | whiten"
    try:
        vectors, fingerprint = features.whitened(encoder, seed=seed), encoder.card.fingerprint
        return ImageVectors(title, vectors, rows, "cosine", fingerprint, encoder.fitted_pairs)
    except (ImageError, JudgmentError):
        raise
    except LookalikeError as error:
        return Failed(title, one_line(error))
