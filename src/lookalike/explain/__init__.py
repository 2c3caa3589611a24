"""Why two images look alike: where, in what, and what if it were not so.

``explain(a, b)`` is the way in; ``explain_choice`` and ``odd_one_out`` set two pairs against each other. Most names are
loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# These functions have the names of their modules: imported later, a module would take the function's place.
from lookalike.explain.counterfactuals import counterfactuals
from lookalike.explain.decomposition import decomposition
from lookalike.explain.faithfulness import faithfulness
from lookalike.explain.occlusion import occlusion

if TYPE_CHECKING:
    from lookalike.explain.attributes import ATTRIBUTES
    from lookalike.explain.centring import CorpusMean, centred_cosine
    from lookalike.explain.choosing import explain_choice, odd_one_out
    from lookalike.explain.correspondences import Match, mutual_nearest
    from lookalike.explain.counterfactuals import Counterfactual
    from lookalike.explain.decomposition import RegionPairs
    from lookalike.explain.explaining import explain
    from lookalike.explain.explanation import AttributeScore, Explanation
    from lookalike.explain.faithfulness import Faithfulness
    from lookalike.explain.faithfulness_controls import centre_prior, conditioning, random_map
    from lookalike.explain.maps import Box, PairMap, resample, seen_box
    from lookalike.explain.percentiles import Quantiles, Reference
    from lookalike.explain.sanity import randomisation_check, randomised_encoder
    from lookalike.explain.triplets import Choice, OddOneOut

_MODULES = {
    "attributes": ("ATTRIBUTES",),
    "centring": ("CorpusMean", "centred_cosine"),
    "choosing": ("explain_choice", "odd_one_out"),
    "correspondences": ("Match", "mutual_nearest"),
    "counterfactuals": ("Counterfactual",),
    "decomposition": ("RegionPairs",),
    "explaining": ("explain",),
    "explanation": ("AttributeScore", "Explanation"),
    "faithfulness": ("Faithfulness",),
    "faithfulness_controls": ("centre_prior", "conditioning", "random_map"),
    "maps": ("Box", "PairMap", "resample", "seen_box"),
    "percentiles": ("Quantiles", "Reference"),
    "sanity": ("randomisation_check", "randomised_encoder"),
    "triplets": ("Choice", "OddOneOut"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "ATTRIBUTES",
    "AttributeScore",
    "Box",
    "Choice",
    "CorpusMean",
    "Counterfactual",
    "Explanation",
    "Faithfulness",
    "Match",
    "OddOneOut",
    "PairMap",
    "Quantiles",
    "Reference",
    "RegionPairs",
    "centre_prior",
    "centred_cosine",
    "conditioning",
    "counterfactuals",
    "decomposition",
    "explain",
    "explain_choice",
    "faithfulness",
    "mutual_nearest",
    "occlusion",
    "odd_one_out",
    "random_map",
    "randomisation_check",
    "randomised_encoder",
    "resample",
    "seen_box",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lookalike.explain' has no attribute {name!r}")
    value = getattr(import_module(f"lookalike.explain.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
