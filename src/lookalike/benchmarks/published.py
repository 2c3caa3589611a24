"""What the Totally-Looks-Like paper reports (Rosenfeld, Solbach, Tsotsos 2018, arXiv 1803.01485), to print beside ours.

Percent throughout. The paper's table 1 rests on TLL_d, 1,828 pairs; a smaller gallery is easier, a larger one harder,
so figures on other pairs stand beside these, not against them.
"""

from __future__ import annotations

from dataclasses import dataclass

PAPER = "Rosenfeld, Solbach, Tsotsos 2018, arXiv 1803.01485"
PAIRS = 6_016
PAIRS_D = 1_828
PAIRS_OBJ = 1_622
RANKS = (1, 5, 10, 20, 50, 100)

TABLE_1: dict[str, tuple[float, ...]] = {
    "alexnet": (3.67, 9.19, 12.09, 15.37, 22.59, 30.63),
    "vgg16": (3.77, 8.97, 12.58, 16.90, 24.02, 32.39),
    "resnet50": (4.38, 11.43, 15.04, 19.91, 28.77, 36.71),
    "resnet152": (4.98, 11.16, 14.61, 18.82, 26.20, 35.61),
    "densenet201": (5.47, 12.91, 16.63, 21.44, 30.47, 38.18),
    "resnet18": (5.53, 12.14, 15.10, 19.47, 28.06, 35.61),
    "densenet169": (5.69, 13.07, 16.19, 19.31, 28.67, 37.53),
    "densenet121": (5.80, 13.84, 16.90, 21.94, 29.92, 38.89),
}
"""Table 1: recall at RANKS by network, cosine distance; by the authors' notebook the columns 5, 10 and 20 are probably
recall at 6, 11 and 21."""

FACES_AT_1 = 6.1
FACES_GENERIC_AT_1 = 2.6

ASSOCIATIVE: dict[int, float] = {
    1: 100.0, 2: 73.35, 3: 61.54, 4: 54.30, 5: 50.49, 10: 37.99, 20: 27.23, 100: 13.37,
}  # fmt: skip
"""Figure 2b: percent correct among m candidates, 10 repetitions. Of m = 50 no number is known here."""

VOTES_UP_R = 0.023
VOTES_DOWN_R = -0.068
"""Pearson's r of cosine distance with up- and down-votes."""


@dataclass(frozen=True)
class Condition:
    """One sub-experiment of the human study: 20 queries of a subset with distractors by one feature.

    Attributes:
        subset: ``TLL_obj`` or ``TLL_d``.
        distractors: ``random``, ``generic``, ``face`` or ``face-generic``.
        lab: percent right of 12 people in the laboratory.
        crowd: percent right of 20 answers a query from Mechanical Turk.
        machine: percent right of the machine.
    """

    subset: str
    distractors: str
    lab: float
    crowd: float
    machine: float


CONDITIONS: tuple[Condition, ...] = (
    Condition("TLL_obj", "random", 83.3, 84.0, 20.0),
    Condition("TLL_obj", "generic", 70.0, 68.25, 20.0),
    Condition("TLL_d", "random", 82.5, 90.25, 25.0),
    Condition("TLL_d", "face", 63.3, 59.0, 0.0),
    Condition("TLL_d", "face-generic", 64.5, 60.5, 0.0),
    Condition("TLL_d", "generic", 83.3, 74.5, 5.0),
)
"""Table 2a: the human study, five options a query (chance 20 %).

The machine's 20 and 25 % with random distractors cannot be reconciled with the 50.49 % that ASSOCIATIVE has for m = 5,
which asks the same question.
"""

POSITION_COUNTS = (627, 522, 465, 395, 391)
"""How often options 1..5 were chosen (chi-square 80.7, 4 degrees of freedom); see ``position_bias``."""
