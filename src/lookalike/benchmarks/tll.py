"""Pairs that people made, and whether a machine finds them: the protocol of Totally-Looks-Like for any table of pairs.

Rosenfeld, Solbach, Tsotsos, "Totally Looks Like: How Humans Compare, Compared to Machines", ACCV 2018 (arXiv
1803.01485). :func:`bench_tll` runs the whole paper, :func:`bench_pairs` the retrieval alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lookalike.benchmarks.encoder_names import distinct_encoders, encoder_name
from lookalike.benchmarks.features import BadImage, Features
from lookalike.benchmarks.left_out import refused, without_bad
from lookalike.benchmarks.near_duplicates import FACE_THRESHOLD, GENERIC_THRESHOLD
from lookalike.benchmarks.tll_result import PairsResult
from lookalike.encoders import Encoder, EncoderOptions
from lookalike.errors import BenchmarkError
from lookalike.extras import require_stats
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.judgments import Judgments, PairTable

ERRORS_SHOWN = 24


@dataclass(frozen=True)
class PairsOptions:
    """What a run over pairs may be asked for.

    Attributes:
        faces: True: also compare faces (``faces``), and each encoder with faces; a name such as ``faces:cnn``
            chooses the detector.
        generic_faces: also each encoder on face crops (GF); needs ``faces``.
        transform: ``whiten``: each encoder once more, whitened.
        comparators: folders of comparators (or comparators themselves) to score beside the encoders.
        paper: the rest of the paper: near-duplicates and the subsets without them, associative recall, the
            conditions of the human study; the gallery has one entry for each pair. False: each right image once.
        generic_threshold: cosine distance up to which two images are near-duplicates.
        face_threshold: L2 distance up to which two faces are.
        seed: of everything random.
        skip_bad: leave out pairs with an image that is missing, empty or cannot be decoded, and list them.
        errors_shown: how many queries the gallery of errors shows at most.
        cache: False computes all features anew and keeps none.
        cache_folder: where features are kept; None: the user's cache.
        encoder_options: device, precision and threads for encoders given by name.
    """

    faces: bool | str = False
    generic_faces: bool = False
    transform: Literal["whiten"] | None = None
    comparators: Sequence[Any] = ()
    paper: bool = False
    generic_threshold: float = GENERIC_THRESHOLD
    face_threshold: float = FACE_THRESHOLD
    seed: int = 0
    skip_bad: bool = False
    errors_shown: int = ERRORS_SHOWN
    cache: bool = True
    cache_folder: Path | None = None
    encoder_options: EncoderOptions | None = None


def bench_pairs(
    data: PairTable | Path | str,
    encoders: Sequence[str | Encoder],
    *,
    images: Path | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> PairsResult:
    """How often each encoder finds the image that a person paired with another.

    Args:
        data: a table of pairs, or a folder or CSV that :func:`lookalike.judgments.open_judgments` understands.
        encoders: names or encoders; ``paper`` stands for the paper's eight networks. One that cannot be had is a
            line of the result, and the run goes on.
        images: where the images lie, when ``data`` does not say.
        limit: only the first so many pairs.
        progress: told what is going on.
        options: as in :class:`PairsOptions`.

    Raises:
        BenchmarkError: fewer than two pairs, no encoder, or none that could be had.
        ImageError: an image cannot be read (``skip_bad=True`` leaves its pair out).
        JudgmentError: the table is wrong, or an image is not where it says.
        MissingDependency: the extra ``stats`` is not installed.
    """
    require_stats("a benchmark")
    chosen = PairsOptions(**options)
    if progress is not None:
        progress("reading the table", 0, 0)
    table = _table(data, images, limit, chosen.skip_bad, progress)
    names, notes = distinct_encoders(encoders)
    if chosen.faces:
        refuse_faces(names)
    if chosen.generic_faces and not chosen.faces:
        raise BenchmarkError(
            "--generic-faces needs the faces that --faces finds: give --faces as well (in Python: faces=True)"
        )
    table, features, skipped, lost = _readable(table, chosen, progress)
    from lookalike.benchmarks.tll_run import PairsRun

    run = PairsRun(table, features, chosen, progress)
    settings = {"data": Path(data).name if isinstance(data, str | Path) else "", "limit": limit}
    run.notes += notes
    return run.result(names, skipped=skipped, skipped_pairs=lost, settings=settings)


def bench_tll(data: PairTable | Path | str, encoders: Sequence[str | Encoder], **options: Any) -> PairsResult:
    """The whole paper on any table of pairs: :func:`bench_pairs` with ``paper=True``."""
    return bench_pairs(data, encoders, paper=True, **options)


def refuse_faces(encoders: Sequence[str | Encoder]) -> None:
    """Raise BenchmarkError when an encoder of faces is among them: ``faces`` is a row of its own already."""
    for encoder in encoders:
        if not isinstance(encoder, str):
            from lookalike.encoders.faces import FaceEncoder

            of_faces = isinstance(encoder, FaceEncoder)
        else:
            of_faces = encoder.partition(":")[0].strip() == "faces"
        if of_faces:
            raise BenchmarkError(
                f"--faces measures faces already, so leave out --encoder {encoder_name(encoder)}; to try another detector "
                "write faces=... in Python, or leave out --faces"
            )


def _table(
    data: PairTable | Path | str,
    images: Path | None,
    limit: int | None,
    skip_bad: bool,
    progress: Progress | None,
) -> PairTable:
    from lookalike.judgments import PairTable, open_judgments

    table: Judgments | Path | str = data
    if isinstance(data, str | Path):
        table = open_judgments(data, images=images, skip_bad=skip_bad, progress=progress)
    if not isinstance(table, PairTable):
        raise BenchmarkError(
            f"this benchmark needs a table of pairs, but {data if isinstance(data, str | Path) else 'this'} "
            f"holds {getattr(table, 'kind', 'something else')}; see `lookalike bench --help` for the others"
        )
    if limit is not None:
        table = table.select(np.arange(len(table)) < limit)
    return table


def _readable(
    table: PairTable, options: PairsOptions, progress: Progress | None
) -> tuple[PairTable, Features, dict[str, BadImage], int]:
    """The pairs whose images can be used, their features, and what was left out."""
    kept: dict[str, Any] = {
        "cache": options.cache,
        "cache_folder": options.cache_folder,
        "progress": progress,
    }
    good, left = without_bad(table, **kept) if options.skip_bad else (table, refused(table))
    if len(good) < 2:
        raise BenchmarkError(
            f"retrieval needs at least two pairs; {len(good)} of {len(table)} can be used here"
        )
    return good, Features.of(good, ("left", "right"), **kept), dict(left.images), left.rows
