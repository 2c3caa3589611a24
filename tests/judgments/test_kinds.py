"""Forced choices, odd ones out, same or different, ratings: what each kind refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lookalike.errors import BadRow, JudgmentError
from lookalike.judgments import (
    ForcedChoiceTable,
    ImageCatalogue,
    OddOneOutTable,
    RatingTable,
    SameDifferentTable,
)

from .making import catalogue

Known = tuple[ImageCatalogue, dict[str, str]]


@pytest.fixture
def known(tmp_path: Path) -> Known:
    return catalogue(tmp_path, ["a", "b", "c", "d"])


def _choices(known: Known, **columns: Any) -> ForcedChoiceTable:
    images, ids = known
    base: dict[str, Any] = {
        "query": [ids["a"], ids["b"]],
        "options": [[ids["b"], ids["c"], ids["d"]], [ids["a"], ids["d"]]],
        "right": [0, None],
        "answers": [[5, 0, 1], None],
        "set": ["generic", "random"],
    }
    return ForcedChoiceTable(pa.table({**base, **columns}), images)


def test_forced_choices(known: Known) -> None:
    table = _choices(known)
    assert [[path.name for path in row] for row in table.option_paths()][1] == ["a.png", "d.png"]
    assert len(table.distinct_images()) == 4
    facts = table.describe()["votes"]
    assert (facts["total"], facts["without"], facts["margin"]) == (6, 1, {"4": 1})
    assert np.isnan(table.array("right")[1])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"right": [3, None]}, "line 1: right is 3"),
        ({"right": [0, -1]}, "line 2: right is -1"),
        ({"answers": [[1, 2], None]}, "line 1: answers has 2 numbers for 3 options"),
        ({"answers": [[1, 2, -3], None]}, "answers is .*negative"),
        ({"answers": [[1, 2, None], None]}, "one of the numbers in answers is empty"),
        ({"options": [["x", "y", "z"], ["x", "y"]]}, "options is no image"),
        ({"options": [[], []]}, "options has 0"),
        ({"options": None}, "options"),
    ],
)
def test_bad_forced_choices(known: Known, columns: dict[str, Any], words: str) -> None:
    if columns.get("options", 0) is None:
        columns = {"options": [None, [known[1]["a"], known[1]["d"]]]}
    with pytest.raises(BadRow, match=words):
        _choices(known, **columns)


def test_the_same_option_twice(known: Known) -> None:
    ids = known[1]
    with pytest.raises(BadRow, match="twice among the options"):
        _choices(known, options=[[ids["b"], ids["c"], ids["b"]], [ids["a"], ids["d"]]])


def test_the_other_kinds(known: Known) -> None:
    images, ids = known
    two = {"a": [ids["a"], ids["b"]], "b": [ids["c"], ids["b"]]}
    same = SameDifferentTable(pa.table({**two, "votes_same": [1, 3], "votes_different": [2, 0]}), images)
    assert same.describe()["votes"]["unanimous"] == 1
    three = {**two, "c": [ids["d"], ids["d"]], "votes_a": [1, 0], "votes_b": [0, 0], "votes_c": [0, 1]}
    with pytest.raises(BadRow, match="line 2: a and b are the same image"):
        OddOneOutTable(pa.table(three), images)
    assert len(OddOneOutTable(pa.table(three).slice(0, 1), images)) == 1
    ratings = pa.table({**two, "rating": [1, 5]})
    assert RatingTable(ratings, images, meta={"low": "1", "high": "5"}).scale() == (1, 5)
    assert RatingTable(ratings, images).describe()["votes"] is None
    with pytest.raises(BadRow, match="line 2: rating 5 is outside the scale 0 to 4"):
        RatingTable(ratings, images, meta={"low": "0", "high": "4"})
    with pytest.raises(BadRow, match="no number"):
        RatingTable(pa.table({**two, "rating": [1.0, float("nan")]}), images)
    with pytest.raises(JudgmentError, match="not below"):
        RatingTable(ratings, images, meta={"low": "4", "high": "0"})
