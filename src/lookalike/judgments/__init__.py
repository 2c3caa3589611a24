"""What people said about images: typed, validated tables on Arrow, and readers for published datasets.

Names are loaded when they are first used, so that ``import lookalike.judgments`` loads no Arrow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.judgments.bapps import read_bapps, read_bapps_jnd
    from lookalike.judgments.base import SCHEMA_VERSION, Judgments
    from lookalike.judgments.catalogue import ImageCatalogue
    from lookalike.judgments.content import content_ids
    from lookalike.judgments.nights import read_nights, read_nights_jnd
    from lookalike.judgments.opening import open_judgments
    from lookalike.judgments.plain import read_answers, read_pairs, read_tll, read_triplets
    from lookalike.judgments.refused import BadImage, Refused
    from lookalike.judgments.scales import read_ratings, read_same_different
    from lookalike.judgments.storage import load_judgments
    from lookalike.judgments.tables import (
        ForcedChoiceTable,
        OddOneOutTable,
        PairTable,
        RatingTable,
        SameDifferentTable,
        TripletAnswers,
        TripletTable,
    )
    from lookalike.judgments.things import read_things
    from lookalike.judgments.tll_builder import TllBuild, build_tll
    from lookalike.judgments.twins import FACTORS, TwinSet, make_twins

_MODULES = {
    "base": ("Judgments", "SCHEMA_VERSION"),
    "catalogue": ("ImageCatalogue",),
    "content": ("content_ids",),
    "opening": ("open_judgments",),
    "bapps": ("read_bapps", "read_bapps_jnd"),
    "nights": ("read_nights", "read_nights_jnd"),
    "plain": ("read_answers", "read_pairs", "read_tll", "read_triplets"),
    "refused": ("BadImage", "Refused"),
    "scales": ("read_ratings", "read_same_different"),
    "things": ("read_things",),
    "storage": ("load_judgments",),
    "tables": (
        "ForcedChoiceTable",
        "OddOneOutTable",
        "PairTable",
        "RatingTable",
        "SameDifferentTable",
        "TripletAnswers",
        "TripletTable",
    ),
    "tll_builder": ("TllBuild", "build_tll"),
    "twins": ("FACTORS", "TwinSet", "make_twins"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "FACTORS",
    "SCHEMA_VERSION",
    "BadImage",
    "ForcedChoiceTable",
    "ImageCatalogue",
    "Judgments",
    "OddOneOutTable",
    "PairTable",
    "RatingTable",
    "Refused",
    "SameDifferentTable",
    "TllBuild",
    "TripletAnswers",
    "TripletTable",
    "TwinSet",
    "build_tll",
    "content_ids",
    "load_judgments",
    "make_twins",
    "open_judgments",
    "read_answers",
    "read_bapps",
    "read_bapps_jnd",
    "read_nights",
    "read_nights_jnd",
    "read_pairs",
    "read_ratings",
    "read_same_different",
    "read_things",
    "read_tll",
    "read_triplets",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.judgments' has no attribute {name!r}")
    value = getattr(import_module(f"lookalike.judgments.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
