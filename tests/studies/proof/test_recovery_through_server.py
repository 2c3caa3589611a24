"""What simulated participants were given comes back from the analysis inside its intervals, server and all (checklist 36)."""

from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.studies.analysis import analyse
from lookalike.studies.simulate import simulate
from lookalike.studies.simulate_people import Behaviour
from lookalike.studies.store import Store, default_url
from tests.studies.small import small_study

OPTIONS = 3


def _inside(folder: Path, how: Behaviour, seed: int, items: int, people: int) -> dict[str, bool]:
    """Whether each interval of one study holds the value of the population that its items were drawn from."""
    study = small_study(folder, items=items, options=OPTIONS, answers_per_item=people, config={"seed": seed})
    found = simulate(study, people, how, seed=seed)
    assert found.errors == ()
    with Store(default_url(study)) as store:
        figures = analyse(study, store.answers(study), include_simulated=True).figures
    assert figures.agreement is not None
    assert figures.agreement.pairwise is not None
    assert figures.position is not None
    assert figures.position.test == "chi-square"
    assert figures.position.first is not None
    taste, mean = how.by_taste, how.accuracy
    second = how.spread**2 + mean**2
    # The other options share what is left as a flat Dirichlet does: the sum of their squares is 2 / OPTIONS of its square.
    squares = second + (1 - 2 * mean + second) * 2 / OPTIONS
    truth = {
        "accuracy": taste * mean + (1 - taste) / OPTIONS,
        "agreement": taste**2 * squares + (1 - taste**2) / OPTIONS,
        "first place": (1 - how.by_place) / OPTIONS + how.by_place,
    }
    estimates = {
        "accuracy": figures.accuracy[0].accuracy,
        "agreement": figures.agreement.pairwise,
        "first place": figures.position.first,
    }
    return {name: estimates[name].low <= value <= estimates[name].high for name, value in truth.items()}


PEOPLE = (
    Behaviour(accuracy=0.7, spread=0.15, lapse=0.05, bias=0.0),
    Behaviour(accuracy=0.8, spread=0.1, lapse=0.02, bias=0.15),
)


def _check(folder: Path, seeds: int, items: int, people: int) -> None:
    counts = dict.fromkeys(("accuracy", "agreement", "first place"), 0)
    for number, how in enumerate(PEOPLE):
        for seed in range(seeds):
            inside = _inside(folder / f"{number}-{seed}" / "s", how, seed, items, people)
            for name, held in inside.items():
                counts[name] += held
    total = seeds * len(PEOPLE)
    # 95 % intervals: nine of ten must hold (of few studies, all but one).
    assert min(counts.values()) >= min(total - 1, 0.9 * total), counts


def test_accuracy_agreement_and_bias_come_back(tmp_path: Path) -> None:
    _check(tmp_path, seeds=2, items=16, people=10)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_accuracy_agreement_and_bias_come_back_over_20_seeds(tmp_path: Path) -> None:
    _check(tmp_path, seeds=20, items=30, people=15)


def test_who_clicks_without_looking_is_set_aside_by_the_catch_rule(tmp_path: Path) -> None:
    study = small_study(
        tmp_path / "s", items=6, catch=6, answers_per_item=40,
        config={"catch": {"needed": 5}, "exclusion": {"min_median_ms": 100}},
    )  # fmt: skip
    half = simulate(study, 12, Behaviour(accuracy=0.9, lapse=0.0, careless=0.5), seed=4)
    assert half.errors == ()
    with Store(default_url(study)) as store:
        result = analyse(study, store.answers(study), include_simulated=True)
    fast = {one.name for one in result.people if (one.median_ms or 0) < 600}
    assert 2 <= len(fast) <= 10
    out = {one.name for one in result.people if one.excluded_by}
    # A guesser passes 5 of 6 with three options once in 56; the careful pass at 98 % for each trial.
    assert len(out ^ fast) <= 1
