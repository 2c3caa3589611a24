"""Items: saved, read back, refused when they contradict themselves."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lookalike.errors import StudyError
from lookalike.studies import ANSWER_SCHEMA, DICTIONARY
from lookalike.studies.items import Item, Items

ONE = Item("i1", "kafc", "s", "main", ("q",), ("a", "b"), 1, None, {"pair": 3, "feature": "face"})
TWO = Item("i2", "kafc", role="catch", fixed=("a",), options=("c", "d"), right=0, companion="i1")


def test_items_survive_the_file(tmp_path: Path) -> None:
    items = Items([ONE, TWO])
    items.save(tmp_path)
    assert list(Items.load(tmp_path)) == [ONE, TWO]
    assert list(Items.load(tmp_path / "items.parquet")) == [ONE, TWO]
    assert [file.name for file in tmp_path.iterdir()] == ["items.parquet"]


def test_items_are_found_by_id_and_role() -> None:
    items = Items([ONE, TWO])
    assert items.by_id("i2") is TWO
    assert items.where(role="main") == (ONE,)
    assert items.where(set="s", type="kafc") == (ONE,)
    assert items.images() == ["q", "a", "b", "c", "d"]
    assert (len(items), items[0], items[0:2]) == (2, ONE, (ONE, TWO))
    with pytest.raises(StudyError, match="no item i3"):
        items.by_id("i3")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ONE, ONE], "the item i1 is twice"),
        ([Item("", "kafc")], "1 to 100 printable signs"),
        ([Item("a\nb", "kafc")], "1 to 100 printable signs"),
        ([Item("i", "kafc", role="mian")], "role is 'mian'"),  # type: ignore[arg-type]
    ],
)
def test_contradictions_are_refused(rows: list[Item], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        Items(rows)


def test_files_that_are_no_items_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there is no table of items"):
        Items.load(tmp_path / "items.parquet")
    (tmp_path / "items.parquet").write_bytes(b"PAR1 and nothing")
    with pytest.raises(StudyError, match="damaged or no Parquet file"):
        Items.load(tmp_path)
    pq.write_table(pa.table({"id": ["x"]}), tmp_path / "items.parquet")
    with pytest.raises(StudyError, match="lacks the column type"):
        Items.load(tmp_path)
    broken = Items([ONE]).to_table().set_column(8, "extra", pa.array(["[1]"]))
    with pytest.raises(StudyError, match="extra of item i1 is no JSON object"):
        Items.from_table(broken)
    broken = Items([ONE]).to_table().set_column(8, "extra", pa.array(["{"]))
    with pytest.raises(StudyError, match=r"items\.parquet: "):
        Items.from_table(broken)


def test_every_column_of_the_answers_is_described() -> None:
    assert list(DICTIONARY) == ANSWER_SCHEMA.names
    assert all((text and text[0] == text[0].lower()) or text[:2] == "id" for text in DICTIONARY.values())


def test_the_vote_on_a_proposal_follows_from_its_id() -> None:
    recall = Item("r", "recall-and-vote", set="recall", fixed=("a",), options=("x", "y", "z"))
    known = Item("v", "recall-and-vote", set="their vote", fixed=("a", "z"))
    items = Items([recall, known])
    vote = items.vote_on(recall, 1)
    assert vote == Item("r>1", "recall-and-vote", set="vote", fixed=("a", "y"))
    assert items.by_id("r>1") == vote
    assert items.vote_on(recall, 2) is known  # the study asks that already
    assert items.named(["r>1", "v", "nothing", "r>0"]) == (known, items.by_id("r>0"), vote)
    for wrong in ("r>3", "r>-1", "r>", "r>x", "v>0", ">0", "r>1>1", "r>²"):
        with pytest.raises(StudyError, match="the study has no item"):
            items.by_id(wrong)
