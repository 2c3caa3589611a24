"""GEE of places: the same as statsmodels' own, the right size with habits of people and of items, and its words (point 36)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.reports.study_position import effects_sentence, position_sentence, position_table
from lookalike.studies.analysis import Responses, analyse, position_effects, position_test
from lookalike.studies.analysis.position_gee import clustered_covariance

from . import made

PLACES = 5
Answers = tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.intp]]


def answers(
    rng: np.random.Generator,
    people: int,
    items: int,
    *,
    own: float = 0.0,
    invited: float = 0.0,
    first: float = 0.0,
) -> Answers:
    """(place, person, item): half of each answer's odds from its person's habit, half from its item's.

    ``own`` and ``invited`` are how far habits of people and of items scatter around even shares (they cancel over people and
    items); a share ``first`` of answers goes to the first place.
    """
    person, item = np.repeat(np.arange(people), items), np.tile(np.arange(items), people)
    even = np.full(PLACES, 1 / PLACES)
    habits = rng.dirichlet(even * PLACES / own, people) if own else np.tile(even, (people, 1))
    charms = rng.dirichlet(even * PLACES / invited, items) if invited else np.tile(even, (items, 1))
    odds = (habits[person] + charms[item]) / 2
    place = (rng.random(len(person))[:, None] > odds.cumsum(axis=1)).sum(axis=1).clip(0, PLACES - 1)
    return np.where(rng.random(len(person)) < first, 0, place).astype(np.int64), person, item


def alarms(runs: int, seed: int, people: int, items: int, **habits: float) -> tuple[float, float]:
    """Shares of runs with p < .05: (GEE, chi-square)."""
    from scipy.stats import chisquare

    rng = np.random.default_rng(seed)
    clustered, naive = [], []
    for _ in range(runs):
        made_up = answers(rng, people, items, **habits)
        p = position_effects(*made_up, PLACES).p
        assert p is not None
        clustered.append(p < 0.05)
        naive.append(chisquare(np.bincount(made_up[0], minlength=PLACES)).pvalue < 0.05)
    return float(np.mean(clustered)), float(np.mean(naive))


@pytest.mark.parametrize("by", [1, 2])
def test_shares_and_covariance_are_those_of_statsmodels(by: int) -> None:
    from statsmodels.genmod.cov_struct import Independence
    from statsmodels.genmod.generalized_estimating_equations import GEE

    found = answers(np.random.default_rng(1), 12, 30, own=0.3, invited=0.3, first=0.1)
    chosen = (found[0][:, None] == np.arange(PLACES)).astype(float)
    covariance, clusters = clustered_covariance(chosen - chosen.mean(axis=0), found[by])
    free = PLACES - 1
    theirs = GEE(
        chosen[:, :free].ravel(), np.tile(np.eye(free), (len(chosen), 1)), groups=np.repeat(found[by], free),
        cov_struct=Independence(),
    ).fit(cov_type="robust")  # fmt: skip
    np.testing.assert_allclose(theirs.params, chosen.mean(axis=0)[:free], atol=1e-12)
    factor = clusters / (clusters - 1)
    np.testing.assert_allclose(theirs.cov_params() * factor, covariance[:free, :free], atol=1e-12)
    # The same Wald statistic, which F then judges.
    effects = position_effects(*found, PLACES)
    test = (effects.over_people, effects.over_items)[by - 1]
    assert test is not None
    wald = theirs.wald_test((np.eye(free), np.full(free, 1 / PLACES)), scalar=True).statistic / factor
    assert test.f == pytest.approx(wald * (clusters - free) / (free * (clusters - 1)))
    assert test.df == (free, clusters - free)


def test_one_place_of_two_by_hand() -> None:
    """Four people, 10 answers each, 7, 6, 8 and 5 of them left: Student's t of their shares, squared."""
    place = np.concatenate([np.repeat([0, 1], (left, 10 - left)) for left in (7, 6, 8, 5)]).astype(np.int64)
    person, item = np.repeat(np.arange(4), 10), np.tile(np.arange(10), 4)
    effects = position_effects(place, person, item, 2)
    assert effects.over_people is not None
    # mean 0.65, standard deviation 0.1291, standard error 0.06455: t = 0.15 / 0.06455 = 2.324, t² = 5.4, p = 0.1027
    assert effects.over_people.f == pytest.approx(5.4)
    assert effects.over_people.df == (1, 3)
    assert effects.over_people.p == pytest.approx(0.1027, abs=1e-4)
    left, right = effects.places
    assert left.value == pytest.approx(0.15)
    assert left.high - left.value >= 3.1824 * 0.06455 - 1e-4  # t(3) of people, or the wider one of items
    assert right.low == pytest.approx(-left.high)


@pytest.mark.parametrize(("own", "invited"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.3), (0.3, 0.3)])
def test_habits_that_cancel_are_not_taken_for_a_bias(own: float, invited: float) -> None:
    clustered, naive = alarms(400, 5, 20, 60, own=own, invited=invited)
    assert clustered <= 0.085  # .05 and four standard errors
    if own:
        assert naive > 0.15  # chi-square takes the habits of these twenty for those of everybody


@pytest.mark.slow
@pytest.mark.parametrize(("people", "items"), [(8, 60), (12, 60), (20, 120), (40, 30)])
@pytest.mark.parametrize(("own", "invited"), [(0.0, 0.0), (0.2, 0.0), (0.0, 0.2), (0.2, 0.2)])
def test_false_alarms_are_about_five_in_a_hundred_or_fewer(
    people: int, items: int, own: float, invited: float
) -> None:
    clustered, _ = alarms(1_500, 9, people, items, own=own, invited=invited)
    assert clustered <= 0.08  # .05 to .06, and four standard errors


def test_a_bias_of_everybody_is_found_and_its_size_comes_back() -> None:
    found, inside = 0, 0
    for seed in range(60):
        made_up = answers(np.random.default_rng(seed), 20, 60, own=0.3, invited=0.3, first=0.1)
        effects = position_effects(*made_up, PLACES)
        assert effects.p is not None
        found += effects.p < 0.05
        inside += effects.places[0].low <= 0.1 * 0.8 <= effects.places[0].high
    assert found >= 55
    assert inside >= 53  # 57 expected


def test_too_few_people_are_said_not_tested() -> None:
    effects = position_effects(*answers(np.random.default_rng(0), 4, 30), PLACES)
    assert effects.over_people is None
    assert effects.over_items is not None
    assert effects.p is None
    assert "4 people are too few for a test of 5 places" in effects.note
    assert "not tested: 4 people" in effects_sentence(effects)
    one = position_effects(
        np.zeros(40, dtype=np.int64), np.repeat(np.arange(8), 5), np.tile(np.arange(5), 8), 2
    )
    assert one.p is None  # everybody always left: no scatter to judge it by


def test_the_report_says_both() -> None:
    items = made.kafc_items(40, PLACES)
    rng = np.random.default_rng(2)
    rows = made.simulated(items, 12, rng, biased=0.3, bias=[1, 0, 0, 0, 0])
    found = analyse(made.study(items, rows), made.table(rows)).figures.position
    assert found is not None
    assert found.effects is not None
    assert found.effects.p is not None
    assert found.effects.p < 0.001
    assert position_sentence(found).startswith("Places were not chosen alike: place 1 most, ")
    assert "other people and other items would be expected to show it" in effects_sentence(found.effects)
    table = position_table(found)
    assert table.header[-1] == "points from chance (95 %)"
    assert table.rows[0][-1].startswith("+")
    assert found.to_dict()["effects"]["over_people"]["clusters"] == 12
    even = made.simulated(items, 12, rng)
    quiet = analyse(made.study(items, even), made.table(even)).figures.position
    assert quiet is not None
    assert quiet.effects is not None
    assert position_sentence(quiet).startswith("No sign that people chose by place.")
    assert "is not shown" in effects_sentence(quiet.effects)


def test_shared_orders_have_no_clustered_test() -> None:
    items = made.kafc_items(40, PLACES)
    rows = made.simulated(items, 8, np.random.default_rng(3), fixed=True)
    found = position_test(Responses.of(items, made.table(rows)), permutations=200)
    assert found is not None
    assert found.test == "permutation"
    assert found.effects is None
    assert position_table(found).header == ["place", "answers", "share"]
