"""What simulated people were given comes back from the analysis inside its intervals (point 36)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lookalike.errors import StudyError
from lookalike.studies.analysis import accuracy_by_group, analyse, crossed_mean

from . import made

SEEDS = 40


def test_accuracy_of_new_items_and_people_comes_back() -> None:
    """Items and people both vary; the interval must hold the accuracy of the population, not of this sample."""
    inside, narrow = 0, 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        items, people = 40, 15
        item, person = np.repeat(np.arange(items), people), np.tile(np.arange(people), items)
        rate = np.clip(0.7 + rng.normal(0, 0.15, items)[item] + rng.normal(0, 0.1, people)[person], 0, 1)
        right = (rng.random(len(item)) < rate).astype(float)
        found = crossed_mean(right, item, person, seed=seed, resamples=400)
        inside += found.low <= 0.7 <= found.high
        half = 1.96 * float(np.sqrt(right.mean() * (1 - right.mean()) / len(right)))
        narrow += abs(right.mean() - 0.7) <= half
    assert inside >= 0.88 * SEEDS
    assert narrow < inside  # taking answers for independent is too sure of itself


def test_agreement_and_accuracy_of_a_whole_study() -> None:
    inside: dict[str, int] = dict.fromkeys(("accuracy", "agreement", "kappa"), 0)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        chance = rng.beta(6, 3, 30)
        items = made.kafc_items(30, 5, sets=2)
        found = analyse(
            made.study(items, rows := made.simulated(items, 10, rng, accuracy=chance)), made.table(rows)
        ).figures
        assert found.agreement is not None
        assert found.agreement.pairwise is not None
        assert found.agreement.kappa is not None
        population = 6 / 9
        second = 6 * 7 / (9 * 10)  # E p^2; the rest is spread over four options alike
        pairs = second + (1 - 2 * population + second) / 4
        inside["accuracy"] += found.accuracy[0].accuracy.low <= population <= found.accuracy[0].accuracy.high
        inside["agreement"] += found.agreement.pairwise.low <= pairs <= found.agreement.pairwise.high
        kappa = (pairs - 0.2) / 0.8
        inside["kappa"] += found.agreement.kappa.low <= kappa <= found.agreement.kappa.high
    assert min(inside.values()) >= 10, inside


def test_groups_by_hand() -> None:
    items = made.kafc_items(3, 2, sets=2)  # sets 0, 1, 0
    rows = [
        made.row(items[0], "a", 0, 0, [0, 1]), made.row(items[1], "a", 1, 1, [0, 1]), made.row(items[2], "a", 2, 0, [1, 0]),
        made.row(items[0], "b", 0, 1, [1, 0]), made.row(items[2], "b", 1, 0, [0, 1]),
    ]  # fmt: skip
    result = analyse(made.study(items, rows), made.table(rows))
    everything, first, second = result.figures.accuracy
    assert everything.accuracy.value == pytest.approx(3 / 5)
    assert (first.name, first.accuracy.value, first.items, first.answers) == (
        "set 0",
        pytest.approx(3 / 4),
        2,
        4,
    )
    assert (second.name, second.accuracy.value, second.people) == ("set 1", 0.0, 1)
    assert everything.chance == 0.5
    document = result.to_dict()
    assert document["participants"] == 2
    assert document["answers"] == 5
    assert document["accuracy"] == pytest.approx(0.6)
    assert document["position_counts"] == [3, 2]
    assert document["majority_share"] == pytest.approx((0.5 + 1) / 2)
    assert document["times"]["known"] == 5


def test_without_a_right_answer_there_is_no_accuracy() -> None:
    items = made.kafc_items(4, 2, right=None)
    rows = made.simulated(items, 3, np.random.default_rng(0))
    found = analyse(made.study(items, rows), made.table(rows))
    assert found.figures.accuracy == []
    assert found.to_dict()["accuracy"] is None
    assert found.figures.agreement_correct is None
    assert accuracy_by_group(found.responses) == []


def test_simulated_answers_are_refused_unless_asked_for() -> None:
    items = made.kafc_items(4, 3)
    rows = made.simulated(items, 3, np.random.default_rng(0))
    rows[0]["simulated"] = True
    with pytest.raises(StudyError, match="1 of 12 answers are of simulated participants"):
        analyse(made.study(items, rows), made.table(rows))
    assert analyse(made.study(items, rows), made.table(rows), include_simulated=True).simulated == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [({"item": "other"}, "not in the study, such as other"), ({"chosen": 9}, "chooses option 9")],
)
def test_answers_that_do_not_fit_the_study(change: dict[str, Any], said: str) -> None:
    items = made.kafc_items(2, 3)
    rows = made.simulated(items, 1, np.random.default_rng(0))
    rows[0].update(change)
    with pytest.raises(StudyError, match=said):
        analyse(made.study(items, made.simulated(items, 1, np.random.default_rng(0))), made.table(rows))


def test_no_answers_yet() -> None:
    items = made.kafc_items(2, 3)
    with pytest.raises(StudyError, match="no answers yet"):
        analyse(made.study(items, []), made.table([]))


RULES = {
    "design": {"catch": 2},
    "catch": {"needed": 2},
    "exclusion": {"min_median_ms": 300, "max_straight_share": 0.9},
}


def _people_with_faults() -> tuple[Any, Any]:
    items = [*made.kafc_items(12, 4), *made.kafc_items(2, 4, role="catch")]
    rng = np.random.default_rng(0)
    rows = []
    for person, right, time, straight in (
        ("good", 1.0, 900.0, False), ("careless", 0.0, 900.0, False), ("fast", 1.0, 100.0, False), ("straight", 1.0, 900.0, True),
    ):  # fmt: skip
        for index, item in enumerate(items):
            order = [int(o) for o in rng.permutation(4)]
            chosen = 0 if item.role == "main" or right else 1
            if straight and item.role == "main":
                chosen = order[0]
            rows.append(made.row(item, person, index, chosen, order, response_time_ms=time))
    return made.study(items, rows, **RULES), made.table(rows)


def test_each_rule_sets_its_own_people_aside_and_nothing_is_lost() -> None:
    study, answers = _people_with_faults()
    result = analyse(study, answers)
    assert {one.name: one.excluded_by for one in result.people} == {
        "good": (), "careless": ("catch",), "fast": ("speed",), "straight": ("straight-lining",)
    }  # fmt: skip
    assert result.figures.participants == 1
    assert result.everybody is not None
    assert result.everybody.participants == 4
    assert result.left_out == {"practice": 0, "catch": 8}
    assert result.quality.catch is not None
    assert result.quality.catch.failed == 1
    assert result.quality.catch.guesser_passes == pytest.approx(1 / 16)
    document = result.to_dict()
    assert document["exclusions"] == {
        "applied": True, "participants": 3, "by_rule": {"catch": 1, "speed": 1, "straight-lining": 1}
    }  # fmt: skip
    assert document["everybody"]["answers"] == 48
    kept = analyse(study, answers, excluded=False)
    assert kept.figures.participants == 4
    assert kept.everybody is None


def test_a_study_whose_rules_exclude_everybody_says_so() -> None:
    study, answers = _people_with_faults()
    import pyarrow.compute as pc

    with pytest.raises(StudyError, match="exclude all 1 participants"):
        analyse(study, answers.filter(pc.equal(answers.column("participant"), "fast")))


def test_the_document_names_nobody() -> None:
    import json

    study, answers = _people_with_faults()
    text = json.dumps(analyse(study, answers).to_dict())
    assert "careless" not in text
    assert '"straight"' not in text
