"""What a table accepts, what it refuses and how, and what can be asked of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.errors import BadRow, InvalidArgument, JudgmentError
from lookalike.judgments import (
    ImageCatalogue,
    Judgments,
    PairTable,
    TripletAnswers,
    TripletTable,
)

from .making import catalogue

Known = tuple[ImageCatalogue, dict[str, str]]


@pytest.fixture
def known(tmp_path: Path) -> Known:
    return catalogue(tmp_path, ["a", "b", "c", "d"])


def _triplets(known: Known, **columns: Any) -> TripletTable:
    images, ids = known
    base: dict[str, Any] = {
        "reference": [ids["a"], ids["a"], ids["b"]],
        "a": [ids["b"], ids["c"], ids["c"]],
        "b": [ids["c"], ids["d"], ids["d"]],
        "votes_a": [3, 0, 2],
        "votes_b": [1, 4, 2],
    }
    return TripletTable(pa.table({**base, **columns}), images)


def test_triplets_fill_nullable_columns_and_keep_others(known: Known) -> None:
    table = _triplets(known, picked_for=["random", "clip", "random"])
    assert table.table.column_names[:6] == ["reference", "a", "b", "votes_a", "votes_b", "split"]
    assert table.column("split") == [None, None, None]
    assert table.table.schema.field("votes_a").type == pa.int32()
    assert table.column("picked_for") == ["random", "clip", "random"]
    assert [path.name for path in table.paths("a")] == ["b.png", "c.png", "c.png"]
    assert len(table.distinct_images()) == 4
    assert list(table.to_pandas()["votes_b"]) == [1, 4, 2]


@pytest.mark.parametrize(
    ("columns", "row", "words"),
    [
        ({"votes_a": [3, -1, 2]}, 2, "votes_a is -1"),
        ({"votes_b": [1, 4, None]}, 3, "votes_b is empty"),
        ({"votes_b": [1, 2**40, 3]}, 2, "votes_b is '1099511627776'"),
        ({"votes_b": ["1", "many", "3"]}, 2, "votes_b is 'many'"),
        ({"a": ["x", "y", "z"]}, 1, "a is no image of the catalogue: 'x'"),
        ({"a": [None, None, None]}, 1, "a is empty"),
    ],
)
def test_bad_rows_are_named(known: Known, columns: dict[str, Any], row: int, words: str) -> None:
    with pytest.raises(BadRow) as caught:
        _triplets(known, **columns)
    assert caught.value.line == row
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_reference_as_an_option_is_refused(known: Known) -> None:
    ids = known[1]
    with pytest.raises(BadRow, match=r"line 2: reference and a are the same image, a\.png"):
        _triplets(known, a=[ids["b"], ids["a"], ids["c"]])
    with pytest.raises(BadRow, match=r"line 1: a and b are the same image.*\(2 rows"):
        _triplets(known, b=[ids["b"], ids["c"], ids["d"]])


def test_published_sets_may_hold_copies(known: Known) -> None:
    images, ids = known
    cells = {"left": [ids["a"]], "right": [ids["a"]]}
    with pytest.raises(BadRow, match="left and right are the same image"):
        PairTable(pa.table(cells), images)
    assert len(PairTable(pa.table(cells), images, meta={"copies": "kept"})) == 1


def test_missing_and_doubled_columns(known: Known) -> None:
    images, ids = known
    with pytest.raises(JudgmentError, match="the column right is missing"):
        PairTable(pa.table({"left": [ids["a"]]}), images)
    doubled = pa.Table.from_arrays([pa.array([ids["a"]]), pa.array([ids["b"]])] * 2, ["left", "right"] * 2)
    with pytest.raises(JudgmentError, match="two columns are called left"):
        PairTable(doubled, images)
    with pytest.raises(JudgmentError, match="votes_a"):
        _triplets(known, votes_a=[[1], [2], [3]])


def test_where_and_select(known: Known) -> None:
    table = _triplets(known, picked_for=["random", "clip", None], number=[7, 8, 9])
    assert table.where(picked_for="random").column("votes_a") == [3]
    assert table.where(picked_for=None).column("number") == [9]
    assert table.where(number=["8", 9], picked_for=("clip", "random")).column("number") == [8]
    assert type(table.where(number=7)) is TripletTable
    assert table.select(np.array([2, 0, 0])).column("number") == [9, 7, 7]
    assert table.select(np.array([-1])).column("number") == [9]
    assert table.select(np.array([True, False, True])).column("number") == [7, 9]
    assert len(table.select(np.array([], dtype=np.int64))) == 0
    assert len(table.select([])) == 0
    for rows in (np.array([3]), np.array([-4]), np.array([True]), np.array([0.5])):
        with pytest.raises(InvalidArgument):
            table.select(rows)
    with pytest.raises(InvalidArgument, match="no column colour"):
        table.where(colour="red")
    with pytest.raises(InvalidArgument, match="cannot be compared"):
        table.where(number="many")
    with pytest.raises(InvalidArgument, match="no column of images"):
        table.paths("votes_a")


def test_empty_table_is_fine(known: Known) -> None:
    table = _triplets(known).select(np.zeros(3, dtype=bool))
    facts = table.describe()
    assert (facts["rows"], facts["images"], facts["votes"]["total"]) == (0, 0, 0)


def test_describe_counts_by_hand(known: Known) -> None:
    # votes 3:1, 0:4, 2:2 -> 12 votes, 5 for a; margins 2, 4, 0; one tie, one unanimous row.
    facts = _triplets(known, split=["test", "test", "train"], lists=[[1], [], None]).describe()
    assert facts["votes"] == {
        "total": 12,
        "by_answer": [5 / 12, 7 / 12],
        "per_row": {"4": 3},
        "without": 0,
        "ties": 1,
        "unanimous": 1,
        "margin": {"0": 1, "2": 1, "4": 1},
    }
    assert facts["splits"] == {"test": 2, "train": 1}
    assert (facts["rows"], facts["images"], facts["absent_images"]) == (3, 4, 0)


def test_answers_are_counted_over_both_sides(known: Known) -> None:
    """b beats c twice for reference a, once shown left and once right; c wins once."""
    images, ids = known
    table = TripletAnswers(
        pa.table(
            {
                "participant": ["p", "p", "q", "q"],
                "reference": [ids["a"]] * 3 + [ids["d"]],
                "a": [ids["b"], ids["c"], ids["b"], ids["b"]],
                "b": [ids["c"], ids["b"], ids["c"], ids["c"]],
                "chosen": [0, 1, 1, 0],
                "response_time_s": [1.0, None, 2.5, 0.0],
            }
        ),
        images,
    )
    votes = table.votes()
    assert len(votes) == 2
    by_image = {
        votes.column("a")[0]: votes.column("votes_a")[0],
        votes.column("b")[0]: votes.column("votes_b")[0],
    }
    assert by_image == {ids["b"]: 2, ids["c"]: 1}
    assert sorted((votes.column("votes_a")[1], votes.column("votes_b")[1])) == [0, 1]
    assert table.describe()["votes"]["by_answer"] == [0.5, 0.5]
    # Two people with two answers each; times 0, 1, 2.5 s: linear quartiles 0.5, 1, 1.75.
    assert table.details() == {
        "participants": 2,
        "answers_per_participant": [2.0] * 5,
        "response_time_s": [0.0, 0.5, 1.0, 1.75, 2.5],
        "chosen_left": 0.5,
    }
    assert table.select([]).details()["response_time_s"] == []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.permutations([0, 1, 2, 3]), st.integers(0, 1)), min_size=1, max_size=40))
def test_counting_keeps_every_vote(rows: list[tuple[list[int], int]]) -> None:
    """Swapping the sides of any answer changes nothing, and no vote is lost."""
    names = [f"{n:064x}" for n in range(4)]
    images = ImageCatalogue({content: f"{n}.png" for n, content in enumerate(names)})

    def votes(swap: bool) -> dict[tuple[str, str, str], tuple[int, int]]:
        cells = [
            (names[p[0]], names[p[2 if swap else 1]], names[p[1 if swap else 2]], 1 - c if swap else c)
            for p, c in rows
        ]
        reference, a, b, chosen = map(list, zip(*cells, strict=True))
        columns = {"participant": ["p"] * len(rows), "reference": reference, "a": a, "b": b, "chosen": chosen}
        table = TripletAnswers(pa.table(columns), images).votes()
        keys = zip(table.column("reference"), table.column("a"), table.column("b"), strict=True)
        counts = zip(table.column("votes_a"), table.column("votes_b"), strict=True)
        return dict(zip(keys, counts, strict=True))

    assert votes(False) == votes(True)
    assert sum(a + b for a, b in votes(False).values()) == len(rows)


@pytest.mark.parametrize(
    ("chosen", "seconds", "words"),
    [
        (2, 1.0, "chosen is 2"),
        (-1, 1.0, "chosen is -1"),
        (0, -0.5, "response_time_s is -0.5"),
        (0, float("nan"), "nan"),
    ],
)
def test_bad_answers(known: Known, chosen: int, seconds: float, words: str) -> None:
    images, ids = known
    columns = {
        "participant": ["p"],
        "reference": [ids["a"]],
        "a": [ids["b"]],
        "b": [ids["c"]],
        "chosen": [chosen],
        "response_time_s": [seconds],
    }
    with pytest.raises(BadRow, match=words):
        TripletAnswers(pa.table(columns), images)


def test_pairs_without_votes_have_none(known: Known) -> None:
    images, ids = known
    pairs = PairTable(pa.table({"left": [ids["a"]], "right": [ids["b"]]}), images)
    assert pairs.describe()["votes"] is None
    voted = PairTable(pa.table({"left": [ids["a"]], "right": [ids["b"]], "up_votes": [7]}), images)
    facts = voted.describe()
    assert facts["votes"] == {"total": 7, "by_answer": [1, 0], "without": 0}, "up and down exclude nothing"
    assert facts["details"] == {"up_votes": [7.0] * 5}


def test_every_kind_is_a_table() -> None:
    from lookalike.judgments.tables import KINDS

    assert len(KINDS) == 7
    for kind, table in KINDS.items():
        assert issubclass(table, Judgments)
        assert table.kind == kind
        assert table.image_columns()


def test_import_is_light() -> None:
    import subprocess
    import sys

    code = "import sys, lookalike.judgments; assert 'pyarrow' not in sys.modules, 'pyarrow was loaded'"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_name_hides_behind_its_module() -> None:
    """A module of the same name would take the place of the exported function once it is imported."""
    import lookalike.judgments as room

    modules = {file.stem for file in Path(str(room.__file__)).parent.glob("*.py")}
    assert not modules & set(room.__all__)
    assert all(getattr(room, name) is not None for name in room.__all__)
