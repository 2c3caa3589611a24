"""A study's result with machines that answered the same trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.studies.analysis.machine_distances import machine_distances
from lookalike.studies.analysis.machines import compare_machines
from lookalike.studies.analysis.result import StudyResult

if TYPE_CHECKING:
    from lookalike.encoders import Encoder, EncoderOptions
    from lookalike.judgments import ImageCatalogue
    from lookalike.progress import Progress
    from lookalike.similarity.comparator import Comparator


def with_machines(
    result: StudyResult,
    images: ImageCatalogue,
    encoders: Sequence[str | Encoder] = (),
    comparators: Sequence[str | Path | Comparator] = (),
    *,
    options: EncoderOptions | None = None,
    progress: Progress | None = None,
) -> StudyResult:
    """The result with each machine's figures on the items that people answered.

    Args:
        result: of :func:`analyse`.
        images: where the study's images lie.
        encoders: names as for :func:`lookalike.load_encoder`, ``pixels``, or encoders.
        comparators: folders of saved comparators, or comparators.
        options: of encoders given by name.
        progress: told how far it is.

    Raises:
        StudyError: no machine, or a type of study that distances cannot answer.
        ImageError: an image cannot be read.
    """
    made = machine_distances(
        result.responses.items,
        images,
        encoders,
        comparators,
        options=options,
        seed=result.seed,
        progress=progress,
    )
    found, failed, tests = compare_machines(result.responses, made, seed=result.seed)
    return replace(result, machines=found, failed=failed, comparisons=tests)
