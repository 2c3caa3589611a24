"""What the answers of a study say: exclusions, accuracy, agreement, ceilings, position bias, machines beside people.

Names are loaded when they are first used: they need Arrow and SciPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.studies.analysis.accuracy import GroupAccuracy, accuracy_by_group, crossed_mean
    from lookalike.studies.analysis.alpha import krippendorff_alpha
    from lookalike.studies.analysis.ceilings import (
        Ceilings,
        leave_one_out,
        split_half_means,
        split_half_votes,
    )
    from lookalike.studies.analysis.consensus import Agreement, agreement
    from lookalike.studies.analysis.exclusions import Person, people_of
    from lookalike.studies.analysis.figures import Figures, figures_of
    from lookalike.studies.analysis.machine_run import with_machines
    from lookalike.studies.analysis.machines import MachineResult, compare_machines
    from lookalike.studies.analysis.ordinal import Embedding, ordinal_embedding
    from lookalike.studies.analysis.position import PositionResult, chi_square_of_counts, position_test
    from lookalike.studies.analysis.position_gee import PositionEffects, position_effects
    from lookalike.studies.analysis.psychometric import (
        Psychometric,
        Sensitivity,
        fit_psychometric,
        sensitivity,
    )
    from lookalike.studies.analysis.quality import Quality, worker_quality
    from lookalike.studies.analysis.raters import DawidSkene, dawid_skene
    from lookalike.studies.analysis.reliability import OneCoin, leave_one_out_agreement, one_coin
    from lookalike.studies.analysis.responses import Responses
    from lookalike.studies.analysis.result import StudyLike, StudyResult, analyse
    from lookalike.studies.analysis.scaling import Scale, bradley_terry
    from lookalike.studies.analysis.times import Times, response_times

_MODULES = {
    "accuracy": ("GroupAccuracy", "accuracy_by_group", "crossed_mean"),
    "consensus": ("Agreement", "agreement"),
    "alpha": ("krippendorff_alpha",),
    "figures": ("Figures", "figures_of"),
    "result": ("StudyLike", "StudyResult", "analyse"),
    "ceilings": ("Ceilings", "leave_one_out", "split_half_means", "split_half_votes"),
    "raters": ("DawidSkene", "dawid_skene"),
    "exclusions": ("Person", "people_of"),
    "machines": ("MachineResult", "compare_machines"),
    "reliability": ("OneCoin", "leave_one_out_agreement", "one_coin"),
    "ordinal": ("Embedding", "ordinal_embedding"),
    "position": ("PositionResult", "chi_square_of_counts", "position_test"),
    "position_gee": ("PositionEffects", "position_effects"),
    "psychometric": ("Psychometric", "Sensitivity", "fit_psychometric", "sensitivity"),
    "quality": ("Quality", "worker_quality"),
    "responses": ("Responses",),
    "scaling": ("Scale", "bradley_terry"),
    "times": ("Times", "response_times"),
    "machine_run": ("with_machines",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Agreement",
    "Ceilings",
    "DawidSkene",
    "Embedding",
    "Figures",
    "GroupAccuracy",
    "MachineResult",
    "OneCoin",
    "Person",
    "PositionEffects",
    "PositionResult",
    "Psychometric",
    "Quality",
    "Responses",
    "Scale",
    "Sensitivity",
    "StudyLike",
    "StudyResult",
    "Times",
    "accuracy_by_group",
    "agreement",
    "analyse",
    "bradley_terry",
    "chi_square_of_counts",
    "compare_machines",
    "crossed_mean",
    "dawid_skene",
    "figures_of",
    "fit_psychometric",
    "krippendorff_alpha",
    "leave_one_out",
    "leave_one_out_agreement",
    "one_coin",
    "ordinal_embedding",
    "people_of",
    "position_effects",
    "position_test",
    "response_times",
    "sensitivity",
    "split_half_means",
    "split_half_votes",
    "with_machines",
    "worker_quality",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.studies.analysis' has no attribute {name!r}")
    value = getattr(import_module(f"lookalike.studies.analysis.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
