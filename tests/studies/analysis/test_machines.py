"""Machines on people's trials, worked out by hand; scales and maps, and where they are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.benchmarks.triplets_encoders import Failed
from lookalike.errors import StudyError
from lookalike.studies.analysis import (
    Responses,
    analyse,
    bradley_terry,
    compare_machines,
    ordinal_embedding,
    with_machines,
)
from lookalike.studies.analysis.machine_distances import ItemDistances, pairs_of
from lookalike.studies.items import Item

from ..small import small_study
from . import made


def _three_items() -> tuple[Any, Responses]:
    """Votes 3/1/0, 0/2/2, 1/0/3; right is option 0."""
    items = made.kafc_items(3, 3, sets=2)
    votes = [[3, 1, 0], [0, 2, 2], [1, 0, 3]]
    rows = []
    for item, counts in zip(items, votes, strict=True):
        given = [k for k, n in enumerate(counts) for _ in range(n)]
        rows += [made.row(item, f"p{p}", p, k, [0, 1, 2]) for p, k in enumerate(given)]
    study = made.study(items, rows)
    return study, analyse(study, made.table(rows)).responses


def _distances(*rows: list[float], name: str = "machine") -> ItemDistances:
    return ItemDistances(name, tuple(np.array(row) for row in rows))


def test_a_machine_by_hand() -> None:
    _, responses = _three_items()
    (found,), failed, tests = compare_machines(
        responses, [_distances([0.1, 0.5, 0.9], [0.4, 0.1, 0.1], [0.2, 0.7, 0.6])]
    )
    assert failed == []
    assert tests == []
    assert found.accuracy is not None
    assert found.accuracy.value == pytest.approx((1 + 0 + 1) / 3)
    assert found.by_group == {"set 0": (1.0, 2), "set 1": (0.0, 1)}
    assert found.items == pytest.approx([3 / 4, 1 / 2, 1 / 4])  # the tie of item 1 shares its four votes
    assert found.answers is not None
    assert found.answers.value == pytest.approx((3 + 2 + 1) / 12)
    assert found.majority is not None
    assert found.majority.value == pytest.approx((1 + 0.5 + 0) / 3)
    assert found.tied == 1
    (divided,) = found.divisions  # item 2: three of four chose option 2, the machine option 0
    assert (divided.item, divided.people, divided.machine, divided.share) == (2, 2, 0, 0.75)


def test_two_machines_are_tested_on_the_same_items() -> None:
    _, responses = _three_items()
    good = _distances([0.1, 0.5, 0.9], [0.4, 0.1, 0.2], [0.9, 0.7, 0.2], name="good")
    bad = _distances([0.9, 0.5, 0.6], [0.1, 0.3, 0.4], [0.9, 0.1, 0.2], name="bad")
    found, failed, tests = compare_machines(responses, [good, Failed("absent", "no weights"), bad])
    assert [one.name for one in found] == ["good", "bad"]
    assert [one.name for one in failed] == ["absent"]
    (test,) = tests
    assert test.difference.value == pytest.approx((3 + 2 + 3) / 12 - (1 + 0 + 0) / 12)


def test_distances_of_other_items_are_refused() -> None:
    _, responses = _three_items()
    with pytest.raises(StudyError, match="distances of 1 items, 3 were answered"):
        compare_machines(responses, [_distances([0.1, 0.2, 0.3])])


def test_the_odd_one_is_outside_the_closest_pair() -> None:
    item = Item("o", "odd-one-out", options=("a", "b", "c"))
    assert pairs_of(item) == [("b", "c"), ("a", "c"), ("a", "b")]
    with pytest.raises(StudyError, match="three are wanted"):
        pairs_of(Item("o", "odd-one-out", options=("a", "b", "c", "d")))


def test_an_encoder_answers_a_study_of_real_files(tmp_path: Path) -> None:
    study = small_study(tmp_path / "s", items=5, options=3)
    rows = made.simulated(list(study.items), 4, np.random.default_rng(0), accuracy=0.9)
    result = with_machines(analyse(study, made.table(rows)), study.catalogue(), ["pixels", "no-such-encoder"])
    assert [one.name for one in result.machines] == ["pixels"]
    assert [one.name for one in result.failed] == ["no-such-encoder"]
    assert set(result.machines[0].by_group) == {"even", "odd"}
    assert result.to_dict()["machines"]["pixels"]["accuracy"]["n"] == 5
    with pytest.raises(StudyError, match="no machine"):
        with_machines(result, study.catalogue())


def _same_different(rng: np.random.Generator) -> tuple[list[Item], list[dict[str, Any]]]:
    items = [
        Item(f"j{n}", "same-different", fixed=(made.content(f"{n}a"), made.content(f"{n}b")), extra={"level": n / 20})
        for n in range(20)
    ] + [Item("twin", "same-different", fixed=(made.content("t"), made.content("t")), right=1)]  # fmt: skip
    rows = []
    for p in range(12):
        for index, item in enumerate(items):
            different = item.id != "twin" and rng.random() < 1 / (
                1 + np.exp(-(item.extra["level"] - 0.5) / 0.07)
            )
            rows.append(made.row(item, f"p{p}", index, int(not different), []))
    return items, rows


def test_same_different_people_levels_and_a_machine() -> None:
    items, rows = _same_different(np.random.default_rng(1))
    result = analyse(made.study(items, rows), made.table(rows))
    figures = result.figures
    assert figures.position is None  # nothing is shuffled
    assert figures.sensitivity is not None
    assert figures.sensitivity.false_alarms == pytest.approx(0.5 / 13)
    assert figures.psychometric is not None
    assert figures.psychometric.threshold.low <= 0.5 <= figures.psychometric.threshold.high
    assert figures.alpha is not None
    assert figures.alpha.value > 0.4
    assert result.quality.dawid_skene == ""  # "same" means the same on every item
    machine = ItemDistances("levels", tuple(np.array([item.extra.get("level", 0.0)]) for item in items))
    (found,), _, _ = compare_machines(result.responses, [machine])
    assert found.jnd_score is not None
    assert found.jnd_score.value > 0.85
    assert found.psychometric is not None
    assert found.psychometric.threshold.value == pytest.approx(0.5, abs=0.06)


def test_ratings() -> None:
    rng = np.random.default_rng(2)
    items = [Item(f"r{n}", "rating", fixed=(made.content(f"{n}a"), made.content(f"{n}b"))) for n in range(25)]
    rows = [
        made.row(
            item, f"p{p}", n, None, [], value=float(np.clip(round(1 + n / 4 + rng.normal(0, 0.7)), 1, 7))
        )
        for p in range(6)
        for n, item in enumerate(items)
    ]
    result = analyse(made.study(items, rows), made.table(rows))
    assert result.figures.alpha is not None
    assert result.figures.alpha.value > 0.7
    assert result.figures.ceilings is not None
    assert result.figures.ceilings.split_half is not None
    assert result.figures.ceilings.split_half.value > 0.9
    assert result.figures.agreement is None
    machine = ItemDistances("inverse", tuple(np.array([-float(n)]) for n in range(25)))
    (found,), _, _ = compare_machines(result.responses, [machine])
    assert found.ratings is not None
    assert found.ratings.value > 0.95


def _shared(n: int, answers: int, rng: np.random.Generator, *, one_query: bool) -> Responses:
    """2AFC over n images on a circle (or line) that come back in many items."""
    places = rng.normal(size=(n, 2))
    names = [made.content(f"image {i}") for i in range(n)]
    items, rows = [], []
    for t in range(answers):
        r, a, b = (
            (0, *(1 + rng.choice(n - 1, 2, replace=False))) if one_query else rng.choice(n, 3, replace=False)
        )
        items.append(Item(f"t{t}", "2afc", fixed=(names[r],), options=(names[a], names[b])))
        near = np.linalg.norm(places[r] - places[a]) < np.linalg.norm(places[r] - places[b])
        rows.append(made.row(items[-1], f"p{t % 7}", t // 7, 0 if near else 1, [0, 1]))
    return Responses.of(items, made.table(rows))


def test_an_ordinal_embedding_of_shared_images_predicts_answers_kept_out() -> None:
    found = ordinal_embedding(_shared(15, 700, np.random.default_rng(3), one_query=False), starts=3)
    assert found.points.shape == (15, 2)
    assert found.held_out.value > 0.9
    assert found.fitted > 0.95


def test_too_few_answers_make_no_map() -> None:
    with pytest.raises(StudyError, match="n d log2 n"):
        ordinal_embedding(_shared(30, 100, np.random.default_rng(3), one_query=False))


def test_a_scale_of_one_query_is_choix_own() -> None:
    responses = _shared(8, 150, np.random.default_rng(4), one_query=True)
    found = bradley_terry(responses, bootstrap=5)
    assert len(found.images) == 7
    assert np.all(np.diff(found.strength) <= 0)
    assert found.strength.mean() == pytest.approx(0, abs=1e-9)
    assert np.all(found.low <= found.strength)
    assert found.comparisons == 150


def test_scales_and_maps_are_refused_for_items_with_images_of_their_own() -> None:
    """As in TLL and NIGHTS: nothing connects one item's images to another's."""
    items = made.kafc_items(20, 5)
    responses = Responses.of(items, made.table(made.simulated(items, 5, np.random.default_rng(0))))
    with pytest.raises(StudyError, match="20 groups that no item connects"):
        ordinal_embedding(responses)
    with pytest.raises(StudyError, match="20 different queries"):
        bradley_terry(responses)
