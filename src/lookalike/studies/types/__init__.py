"""The kinds of questions, one small module each, registered by name."""

from __future__ import annotations

from lookalike.studies.types.base import AnswerPayload, Checked, StudyType, register, study_type, type_names
from lookalike.studies.types.kafc import KAFC
from lookalike.studies.types.odd_one_out import ODD_ONE_OUT
from lookalike.studies.types.rating import RATING, on_scale
from lookalike.studies.types.recall_vote import RECALL_AND_VOTE, is_vote
from lookalike.studies.types.same_different import SAME_DIFFERENT
from lookalike.studies.types.two_afc import TWO_AFC

__all__ = [
    "KAFC",
    "ODD_ONE_OUT",
    "RATING",
    "RECALL_AND_VOTE",
    "SAME_DIFFERENT",
    "TWO_AFC",
    "AnswerPayload",
    "Checked",
    "StudyType",
    "is_vote",
    "on_scale",
    "register",
    "study_type",
    "type_names",
]
