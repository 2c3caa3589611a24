"""Size, length and power of a study, before anyone is paid.

Accuracies are means over items that people answer alike: answers to one item are worth less than as many answers to
different items. With an intraclass correlation r and K answers to each of n items the variance of the mean is
``p (1 - p) (r + (1 - r) / K) / n``; r = 0.22 is what the votes of Totally-Looks-Like's human study look like.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy.stats import binom, norm

from lookalike.errors import InvalidArgument
from lookalike.extras import import_extra

if TYPE_CHECKING:
    from lookalike.studies.config import StudyConfig

ICC = 0.22
"""Share of the variance of single answers that lies between items, for votes like those of Totally-Looks-Like."""
CAREFUL = 0.95
"""How often a careful person is right on a catch trial."""
POWER = 0.8
ALPHA = 0.05

TRIAL_SECONDS = {
    "kafc": 6.0,
    "2afc": 4.0,
    "odd-one-out": 4.5,
    "same-different": 1.5,
    "rating": 5.0,
    "recall-and-vote": 12.0,
}
"""Usual seconds for one trial; of same/different only the answer, the timed part is in study.toml."""
FRAME_SECONDS = 90.0
"""Consent, instructions and the end."""
BREAK_SECONDS = 20.0
FEEDBACK_SECONDS = 2.0


def trials_of_session(config: StudyConfig) -> int:
    """Trials that one person answers: main, practice and catch."""
    design = config.design
    return design.trials_per_participant + design.practice + design.catch


def trial_seconds(config: StudyConfig) -> float:
    """Usual seconds for one trial, its timed part included."""
    timing = config.timing
    timed = 0
    if config.type == "same-different":
        timed = timing.fixation_ms + timing.image_ms + timing.gap_ms + timing.second_ms
    return TRIAL_SECONDS[config.type] + timed / 1000


def session_minutes(config: StudyConfig, seconds_per_trial: float | None = None) -> float:
    """Expected minutes from consent to the end.

    Raises:
        InvalidArgument: seconds that are not above 0.
    """
    seconds = trial_seconds(config) if seconds_per_trial is None else seconds_per_trial
    if not seconds > 0:
        raise InvalidArgument(f"a trial takes more than 0 seconds, got {seconds:g}")
    design, trials = config.design, trials_of_session(config)
    breaks = (trials - 1) // design.break_every if design.break_every and trials else 0
    total = FRAME_SECONDS + trials * seconds + design.practice * FEEDBACK_SECONDS + breaks * BREAK_SECONDS
    return total / 60


def answers_per_item(config: StudyConfig, agreement: float = 0.8) -> float:
    """Expected answers to one item: K, or with staged votes what it takes to the first dissent.

    Args:
        config: of the study.
        agreement: how often a person gives an item's commoner answer; only staged votes depend on it.
    """
    staged = config.design.unanimity
    if staged is None:
        return float(config.design.answers_per_item)
    # The k-th answer is asked for when the k - 1 before it were all the same.
    later = sum(agreement ** (k - 1) + (1 - agreement) ** (k - 1) for k in range(2, staged.needed + 1))
    return 1.0 + later


def participants_needed(config: StudyConfig, items: int, agreement: float = 0.8) -> int:
    """People who finish, so that every main item has its answers; nobody answers an item twice.

    Where proposals are voted on, ``items`` are those to propose for, and only the trials that are no votes count.
    """
    votes = config.design.votes
    own = config.design.trials_per_participant - (votes.per_participant if votes else 0)
    trials = min(own, items)
    if trials == 0:
        return 0
    different = config.design.unanimity.needed if config.design.unanimity else config.design.answers_per_item
    return max(math.ceil(items * answers_per_item(config, agreement) / trials - 1e-9), different)


def catch_pass(count: int, needed: int, right: float) -> float:
    """Probability that a person who is right with probability ``right`` passes the rule ``needed`` of ``count``."""
    return float(binom.sf(needed - 1, count, right)) if count else 1.0


def catch_rule(chance: float) -> tuple[int, int]:
    """(catch trials, right ones needed) that few guessers and nearly all careful people pass.

    5 with 4 right where a guesser is right at most four times in ten (0.7 % of guessers among five options, 97.7 % of
    careful people); 10 with 8 right where every second guess is right (5.5 %, 98.8 %).
    """
    return (5, 4) if chance <= 0.4 else (10, 8)


def half_width(
    accuracy: float, items: int, answers: float, *, icc: float = ICC, level: float = 0.95
) -> float:
    """Half of the interval of a mean accuracy that resamples items, as a share.

    Args:
        accuracy: expected, between 0 and 1.
        items: how many.
        answers: to each of them.
        icc: intraclass correlation of answers to one item.
        level: of the interval.

    Raises:
        InvalidArgument: a share outside 0 to 1, no items or no answers.
    """
    if not (0 <= accuracy <= 1 and 0 <= icc <= 1 and 0 < level < 1) or items < 1 or answers <= 0:
        raise InvalidArgument(
            f"shares lie between 0 and 1 and there is an item, got accuracy {accuracy:g}, icc {icc:g}, {items} items"
        )
    variance = accuracy * (1 - accuracy) * (icc + (1 - icc) / answers) / items
    return float(norm.ppf((1 + level) / 2)) * math.sqrt(variance)


def power_between_groups(
    accuracy: float, difference: float, items: int, answers: float, *, icc: float = ICC, alpha: float = ALPHA
) -> float:
    """Power to find that two groups of so many different items each differ by ``difference`` in people's accuracy.

    Two-sided normal test of two proportions (Cohen's h) on the effective number of answers:
    ``items * answers / (1 + (answers - 1) * icc)``.

    Raises:
        MissingDependency: statsmodels is not installed.
        InvalidArgument: the accuracies leave 0 to 1.
    """
    module = import_extra("statsmodels.stats.power", "stats", "the power of a study")
    proportion = import_extra("statsmodels.stats.proportion", "stats", "the power of a study")
    lower = _two(accuracy, difference)
    effective = items * answers / (1 + (answers - 1) * icc)
    effect = abs(float(proportion.proportion_effectsize(accuracy, lower)))
    found = module.NormalIndPower().power(effect_size=effect, nobs1=effective, alpha=alpha, ratio=1)
    return float(found)


def _two(accuracy: float, difference: float) -> float:
    lower = accuracy - difference
    if not (0 < difference < 1 and lower >= 0 and accuracy <= 1):
        raise InvalidArgument(
            f"a difference of {difference:g} below an accuracy of {accuracy:g} must lie between 0 and 1"
        )
    return lower


def paired_items(difference: float, discordance: float, *, power: float = POWER, alpha: float = ALPHA) -> int:
    """Items needed to tell two models apart on the same items (McNemar, normal approximation; Connor 1987).

    Args:
        difference: of their accuracies.
        discordance: share of items that exactly one of them has right; at least the difference.
        power, alpha: of the two-sided test.

    Raises:
        InvalidArgument: a difference above the discordance.
    """
    _discordant(difference, discordance)
    spread = norm.ppf(1 - alpha / 2) * math.sqrt(discordance)
    spread += norm.ppf(power) * math.sqrt(discordance - difference**2)
    return math.ceil(float(spread / difference) ** 2)


def paired_power(difference: float, discordance: float, items: int, *, alpha: float = ALPHA) -> float:
    """Power to tell two models apart on so many items; see :func:`paired_items`."""
    _discordant(difference, discordance)
    reach = difference * math.sqrt(items) - norm.ppf(1 - alpha / 2) * math.sqrt(discordance)
    return float(norm.cdf(reach / math.sqrt(discordance - difference**2)))


def _discordant(difference: float, discordance: float) -> None:
    if not 0 < difference <= discordance <= 1 or difference == discordance == 1:
        raise InvalidArgument(
            f"a difference of {difference:g} needs at least that share of items to differ, got {discordance:g}"
        )


def position_answers(options: int, effect: float = 0.1, *, power: float = POWER, alpha: float = ALPHA) -> int:
    """Answers needed to find a position bias of Cohen's w = ``effect`` by chi-square.

    Raises:
        MissingDependency: statsmodels is not installed.
    """
    module = import_extra("statsmodels.stats.power", "stats", "the power of a study")
    found = module.GofChisquarePower().solve_power(
        effect_size=effect, n_bins=options, alpha=alpha, power=power
    )
    return math.ceil(float(found))
