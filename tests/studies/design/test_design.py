"""Items from tables: what each kind gives, drawing, companions, practice and catch trials."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from lookalike.errors import InvalidArgument, StudyError
from lookalike.images import decode
from lookalike.judgments import PairTable, TripletTable
from lookalike.studies.config_sections import Scale
from lookalike.studies.design import MAKERS, Draft, Wish, draft_from
from lookalike.studies.design_easy import mirrored, with_easy
from lookalike.studies.items import Item
from lookalike.studies.types import study_type
from tests.judgments.making import picture
from tests.studies.design.making import MAKERS as TABLES
from tests.studies.design.making import choices, draft, images, odd, pairs, same, triplets


@pytest.mark.parametrize("type", TABLES)
def test_every_type_has_items_that_it_accepts(tmp_path: Path, type: str) -> None:
    made = draft(tmp_path, type, 8)
    assert len(made.items) == (16 if type == "recall-and-vote" else 8)
    assert [item.id for item in made.items][:2] == ["i0001", "i0002"]
    assert all(item.type == type and not study_type(type).check_item(item) for item in made.items)
    assert set(made.images) == {c for item in made.items for c in item.images} | set(made.spare)


@pytest.mark.parametrize("type", MAKERS)
def test_pairs_can_become_any_type(tmp_path: Path, type: str) -> None:
    made = draft_from(pairs(tmp_path, 8), type, Wish(options=4, seed=3))
    assert made.items
    assert not any(study_type(type).check_item(item) for item in made.items)
    if type == "kafc":
        table = pairs(tmp_path, 8)
        partner = dict(zip(table.column("left"), table.column("right"), strict=True))
        assert all(item.options[item.right or 0] == partner[item.fixed[0]] for item in made.items)
        assert {len(item.options) for item in made.items} == {4}


def test_a_table_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        StudyError, match="kafc cannot be made from odd-one-out; it takes forced-choice, pairs"
    ):
        draft_from(odd(tmp_path, 3), "kafc")
    with pytest.raises(InvalidArgument, match="at least one item"):
        draft_from(odd(tmp_path, 3), "odd-one-out", Wish(limit=0))


def test_the_odd_one_of_pairs_is_neither_of_the_two(tmp_path: Path) -> None:
    table = pairs(tmp_path, 8)
    partner = dict(zip(table.column("left"), table.column("right"), strict=True))
    for item in draft_from(table, "odd-one-out").items:
        assert item.right is not None
        rest = [c for place, c in enumerate(item.options) if place != item.right]
        assert any(partner.get(one) == other for one, other in (rest, rest[::-1]))


def test_a_draw_is_even_over_the_sets_and_the_same_for_a_seed(tmp_path: Path) -> None:
    table = choices(tmp_path, 20)
    one, again = (draft_from(table, "kafc", Wish(limit=6, seed=1)) for _ in range(2))
    other = draft_from(table, "kafc", Wish(limit=6, seed=2))
    assert one == again
    assert one.items != other.items
    assert Counter(item.set for item in one.items) == {"even": 3, "odd": 3}
    assert len(one.spare) == 20 * 4 - 6 * 4


def test_both_pairs_of_a_triplet_are_companions_also_after_a_draw(tmp_path: Path) -> None:
    for table in (triplets(tmp_path / "t", 10), same(tmp_path / "s", 20)):
        made = draft_from(table, "same-different", Wish(limit=8))
        by_id = {item.id: item for item in made.items}
        assert len(made.items) == 8
        assert all(item.companion and by_id[item.companion].companion == item.id for item in made.items)
    made = draft_from(triplets(tmp_path / "t", 4), "same-different")
    assert all(item.fixed[0] == made.items[i // 2 * 2].fixed[0] for i, item in enumerate(made.items))


def test_rows_with_one_image_twice_are_left_out_with_a_note(tmp_path: Path) -> None:
    known, ids = images(tmp_path, 6)
    votes = {name: pa.array([1, 1], pa.int32()) for name in ("votes_a", "votes_b")}
    columns = {"reference": ids[:2], "a": [ids[0], ids[2]], "b": ids[4:6], **votes}
    made = draft_from(TripletTable(pa.table(columns), known, meta={"copies": "kept"}), "2afc")
    assert len(made.items) == 1
    assert "1 rows were left out" in made.notes[0]


def test_recall_takes_its_candidates_from_the_gallery(tmp_path: Path) -> None:
    gallery, ids = images(tmp_path / "g", 5)
    table = pairs(tmp_path / "p", 3)
    # The pictures of both folders are the same, so the gallery holds the three left images and two right ones.
    made = draft_from(table, "recall-and-vote", Wish(gallery=gallery, stage="recall"))
    assert {item.set for item in made.items} == {"recall"}
    assert all(set(item.options) == set(ids) - {item.fixed[0]} for item in made.items)
    assert [item.right is None for item in made.items] == [False, False, True]
    names = gallery.names()
    assert all(
        item.extra["words"] == [names[content].removesuffix(".png") for content in item.options]
        for item in made.items
    )


def easy(made: Draft, type: str, tmp_path: Path, practice: int = 2, catch: int = 6) -> Draft:
    (tmp_path / "scratch").mkdir(exist_ok=True)
    return with_easy(
        made,
        type,
        practice,
        catch,
        scratch=tmp_path / "scratch",
        seed=0,
        scale=Scale() if type == "rating" else None,
    )


@pytest.mark.parametrize("type", [type for type in TABLES if type != "recall-and-vote"])
def test_practice_and_catch_trials_have_known_answers_and_look_like_the_others(
    tmp_path: Path, type: str
) -> None:
    made = draft(tmp_path / "in", type, 8)
    whole = easy(made, type, tmp_path)
    added = whole.items[len(made.items) :]
    assert Counter(item.role for item in added) == {"practice": 2, "catch": 6}
    assert not any(study_type(type).check_item(item) for item in whole.items)
    assert len({item.id for item in whole.items}) == len(whole.items)
    usual = {(len(item.fixed), len(item.options)) for item in made.items}
    assert {(len(item.fixed), len(item.options)) for item in added} == usual
    assert all(content in whole.images for item in added for content in item.images)
    # Enough pictures were left aside, so none of the main items' is used again.
    shown = {content for item in made.items for content in item.images}
    assert not shown & {content for item in added for content in item.images}
    assert not whole.notes
    catch = [item for item in added if item.role == "catch"]
    if type == "rating":
        assert [item.extra["expected"] for item in catch[:2]] == [[5.0, 7.0], [1.0, 4.0]]
    elif type == "same-different":
        assert Counter(item.right for item in catch) == {0: 3, 1: 3}
        assert all((item.fixed[0] == item.fixed[1]) == bool(item.right) for item in catch)
    else:
        assert all(item.right is not None for item in catch)


def test_the_right_answer_of_a_catch_trial_shows_the_query(tmp_path: Path) -> None:
    whole = easy(draft(tmp_path / "in", "kafc", 8), "kafc", tmp_path)
    for item in (item for item in whole.items if item.role == "catch"):
        assert item.right is not None
        query = decode(whole.images[item.fixed[0]]).astype(float)
        seen = [decode(whole.images[content]).astype(float)[:, ::-1] for content in item.options]
        alike = [np.corrcoef(query.ravel(), other.ravel())[0, 1] for other in seen]
        assert int(np.argmax(alike)) == item.right


def test_few_images_are_used_again_with_a_note_and_too_few_refused(tmp_path: Path) -> None:
    whole = easy(draft(tmp_path / "in", "2afc", 4, spare=0), "2afc", tmp_path, 3, 10)
    assert "images of the main items too" in whole.notes[-1]
    known, ids = images(tmp_path / "two", 2)
    two = draft_from(PairTable(pa.table({"left": ids[:1], "right": ids[1:]}), known), "same-different")
    assert len(easy(two, "same-different", tmp_path).items) == 9
    three = Item("i", "kafc", fixed=("x",), options=("a", "b", "c"))
    with pytest.raises(StudyError, match="need 3 different images; there are 2"):
        easy(Draft((three,), two.images), "kafc", tmp_path)


def test_a_mirrored_picture_keeps_size_and_format(tmp_path: Path) -> None:
    for ending in ("png", "jpg"):
        source = picture(tmp_path / f"a.{ending}", 1, (40, 30))
        (tmp_path / ending).mkdir()
        made = mirrored(source, tmp_path / ending)
        assert made.suffix == f".{ending}"
        with Image.open(made) as shown:
            assert shown.size == (40, 30)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(StudyError, match=r"broken\.png.*leave its rows out"):
        mirrored(tmp_path / "broken.png", tmp_path)
