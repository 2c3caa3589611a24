"""The human study of Totally-Looks-Like from any table of pairs (arXiv 1803.01485, section 4.3).

40 queries of TLL_obj (random, generic) and 80 of TLL_d (random, face, face-generic, generic), 20 in each group; where
faces cannot be looked for or the pairs are too few, less, and a note says so.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from lookalike.errors import BenchmarkError, MissingDependency, StudyError
from lookalike.studies.design import Draft, draft_from

if TYPE_CHECKING:
    from lookalike.benchmarks.distractors_sets import Material
    from lookalike.judgments import ForcedChoiceTable, Judgments, PairTable
    from lookalike.studies.presets import Options

_FACES = ("dlib", "face_recognition_models")
_PLAIN = ("random", "generic")
GENERIC_THRESHOLD = 0.15
"""Cosine distance of near-duplicates, of the paper."""


def faces_installed() -> bool:
    """Whether the extra ``faces`` is there."""
    return all(find_spec(package) is not None for package in _FACES)


def tll_draft(judgments: Judgments, options: Options) -> Draft:
    """Main items of the preset.

    Raises:
        StudyError: no pairs, or too few for a single group.
        MissingDependency: faces are asked for and the extra is not installed.
    """
    from lookalike.judgments import PairTable

    if not isinstance(judgments, PairTable):
        raise StudyError(
            f"the preset tll is drawn from pairs (left, right), but the table holds {judgments.kind}"
        )
    if options.faces and not faces_installed():
        raise MissingDependency("dlib", "faces", "the preset tll with faces")
    table, notes = tll_choices(judgments, options)
    draft = draft_from(table, "kafc", options.wish)
    return Draft(draft.items, draft.images, draft.spare, [*notes, *draft.notes])


def tll_choices(pairs: PairTable, options: Options) -> tuple[ForcedChoiceTable, list[str]]:
    """(the queries with their options, sentences where they are not the paper's design)."""
    from lookalike.benchmarks.distractors import FEATURES
    from lookalike.benchmarks.distractors_sets import material

    faces = faces_installed() if options.faces is None else options.faces
    wanted = FEATURES if faces else _PLAIN
    made = material(
        pairs,
        wanted,
        faces,
        options.encoder,
        options.encoder_options,
        options.cache,
        GENERIC_THRESHOLD,
        options.progress,
    )
    notes: list[str] = []
    if faces:
        table, note = _paper(pairs, made, options)
        if table is not None:
            return table, [note] if note else []
        notes.append(
            f"the paper's six groups cannot be drawn: {note}; only the groups random and generic were made"
        )
    else:
        notes.append(
            "faces are not looked for, so only the groups random and generic were made, without TLL_obj "
            "(pip install 'lookalike[faces]' gives all six)"
        )
    table, note = _plain(pairs, made, options)
    return table, [*notes, note] if note else notes


def _paper(pairs: PairTable, made: Material, options: Options) -> tuple[ForcedChoiceTable | None, str]:
    """The six groups with as many queries as the pairs allow."""
    from lookalike.benchmarks.distractors_sets import paper_sets

    reason = ""
    for per_set in range(options.per_set, 0, -1):
        try:
            table = paper_sets(pairs, made, per_set, options.wish.options, options.wish.seed)
        except BenchmarkError as error:
            reason = reason or str(error)
            continue
        return table, "" if per_set == options.per_set else f"groups have {per_set} queries: {reason}"
    return None, reason


def _plain(pairs: PairTable, made: Material, options: Options) -> tuple[ForcedChoiceTable, str]:
    """Random and generic distractors; without near-duplicates among the pairs where enough pairs are left."""
    from lookalike.benchmarks.distractors_sets import Material, plain_sets

    reason = ""
    for material in (made, Material(None, made.phi)):
        for per_set in range(min(options.per_set, len(pairs) // len(_PLAIN)), 0, -1):
            try:
                table = plain_sets(pairs, material, _PLAIN, per_set, options.wish.options, options.wish.seed)
            except BenchmarkError as error:
                reason = reason or str(error)
                continue
            if material is not made:
                return table, f"near-duplicates were kept among the options: {reason}"
            return table, "" if per_set == options.per_set else f"groups have {per_set} queries"
    raise StudyError(f"{len(pairs)} pairs are too few for the preset tll: {reason or 'give at least 10'}")
