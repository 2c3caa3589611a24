"""K is never exceeded, places return, and sequences keep their rules (checklist 8, 9, 20)."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from lookalike.studies import Items, Study
from lookalike.studies.items import Item
from lookalike.studies.store import Refused, Session, Store
from lookalike.studies.store.schema import tallies
from lookalike.studies.store.sequence import are_companions, arrange, breaks, choose
from lookalike.studies.types import AnswerPayload
from tests.studies.small import small_study


def taken(store: Store, study: Study, *, simulated: bool = False) -> dict[str, int]:
    """Open and answered slots of every main item."""
    query = select(tallies.c.item, tallies.c.taken).where(
        tallies.c.study == study.config.name, tallies.c.role == "main", tallies.c.simulated == simulated
    )
    with store.reading() as connection:
        return {row.item: row.taken for row in connection.execute(query)}


def start_many(store: Store, study: Study, count: int) -> list[Session]:
    """Sessions of many people who begin at once; those who found nothing left are not among them."""

    def start(_: int) -> Session | None:
        try:
            return store.start_session(study)
        except Refused as refused:
            return None if refused.status == 503 else pytest.fail(str(refused))

    with ThreadPoolExecutor(50) as pool:
        return [session for session in pool.map(start, range(count)) if session]


def answer_all(store: Store, study: Study, session: Session, position: int = 0) -> None:
    for index in range(session.next, session.trials):
        store.answer(study, session.token, index, f"n{index}", AnswerPayload(position=position))


def test_200_parallel_starts_never_exceed_k_and_spread_evenly(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "crowd", items=20, answers_per_item=40, trials_per_participant=5)
    store.register(study)
    sessions = start_many(store, study, 100)
    assert len(sessions) == 100
    counts = taken(store, study)
    assert sum(counts.values()) == 500
    assert set(counts.values()) == {25}
    sessions += start_many(store, study, 100)
    assert set(taken(store, study).values()) == {40}
    assert len(sessions) == 160  # 20 items x 40 answers / 5 trials
    items = [slot.item for session in sessions for slot in store.slots(study, session.id)]
    assert max(Counter(items).values()) == 40


def test_two_servers_on_one_database_keep_k_together(database_url: str, tmp_path: Path) -> None:
    study = small_study(tmp_path / "both", items=5, answers_per_item=8, trials_per_participant=5)
    with Store(database_url) as one, Store(database_url) as other:
        one.register(study)
        other.register(study)

        def start(number: int) -> bool:
            try:
                (one, other)[number % 2].start_session(study)
            except Refused:
                return False
            return True

        with ThreadPoolExecutor(12) as pool:
            assert sum(pool.map(start, range(24))) == 8
        assert set(taken(other, study).values()) == {8}


def test_nobody_gets_an_item_twice(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "twice", items=8, trials_per_participant=8)
    store.register(study)
    session = store.start_session(study)
    items = [slot.item for slot in store.slots(study, session.id)]
    assert sorted(items) == [f"main-{i}" for i in range(8)]


def test_abandoned_places_return_after_the_time_out(store: Store, tmp_path: Path, clock) -> None:  # type: ignore[no-untyped-def]
    study = small_study(tmp_path / "gone", answers_per_item=1)
    store.register(study)
    left = store.start_session(study)
    store.answer(study, left.token, 0, "n", AnswerPayload(position=0))
    with pytest.raises(Refused, match="all trials are taken"):
        store.start_session(study)
    clock.minutes(31)
    successor = store.start_session(study)
    assert successor.trials == 5  # one of the six items has its answer
    assert max(taken(store, study).values()) == 1
    assert store.status(study)["events"]["released"] == 1


def test_who_is_slow_but_there_keeps_the_places(store: Store, tmp_path: Path, clock) -> None:  # type: ignore[no-untyped-def]
    study = small_study(tmp_path / "slow", answers_per_item=1)
    store.register(study)
    slow = store.start_session(study)
    for index in range(5):
        clock.minutes(29)
        store.answer(study, slow.token, index, f"n{index}", AnswerPayload(position=0))
        with pytest.raises(Refused, match="all trials are taken"):
            store.start_session(study)


def test_a_late_return_takes_free_places_again(store: Store, tmp_path: Path, clock) -> None:  # type: ignore[no-untyped-def]
    study = small_study(tmp_path / "late", answers_per_item=2, trials_per_participant=6)
    store.register(study)
    late = store.start_session(study)
    clock.minutes(31)
    store.start_session(study)
    assert set(taken(store, study).values()) == {1}
    store.resume(study, late.token)
    assert set(taken(store, study).values()) == {2}
    answer_all(store, study, late)
    assert {slot.state for slot in store.slots(study, late.id)} == {"answered"}
    assert "overfull" not in store.status(study)["events"]


def test_a_late_return_to_full_items_loses_nothing_and_is_flagged(
    store: Store, tmp_path: Path, clock
) -> None:  # type: ignore[no-untyped-def]
    study = small_study(tmp_path / "over", answers_per_item=1)
    store.register(study)
    late = store.start_session(study)
    clock.minutes(31)
    answer_all(store, study, store.start_session(study))
    store.resume(study, late.token)
    answer_all(store, study, late)
    assert store.finish(study, late.token).state == "finished"
    assert set(taken(store, study).values()) == {1}  # open + answered within K
    assert {slot.state for slot in store.slots(study, late.id)} == {"late"}
    assert store.status(study)["events"]["overfull"] == 6
    rows = store.answers(study).to_pylist()
    assert Counter((row["session"] == late.id, row["late"]) for row in rows) == {
        (True, True): 6,
        (False, False): 6,
    }


def test_a_late_answer_without_a_reload_takes_its_place_again(store: Store, tmp_path: Path, clock) -> None:  # type: ignore[no-untyped-def]
    study = small_study(tmp_path / "sleep", answers_per_item=2, items=3, trials_per_participant=3)
    store.register(study)
    asleep = store.start_session(study)
    clock.minutes(31)
    store.start_session(study)
    answer_all(store, study, asleep)
    assert set(taken(store, study).values()) == {2}


def test_simulated_participants_take_nobodys_place(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "sim", answers_per_item=1)
    store.register(study)
    answer_all(store, study, store.start_session(study, simulated=True))
    with pytest.raises(Refused):
        store.start_session(study, simulated=True)
    real = store.start_session(study)
    assert real.trials == 6
    assert set(taken(store, study, simulated=True).values()) == {1}
    assert store.answers(study)["simulated"].to_pylist() == [True] * 6
    assert store.status(study)["answers"] == 0


def test_staged_votes_stop_at_the_first_dissent_and_settle_when_enough_agree(
    store: Store, tmp_path: Path
) -> None:
    study = small_study(
        tmp_path / "staged",
        type="2afc",
        items=2,
        unanimity={"needed": 3, "rounds": 10},
        trials_per_participant=2,
    )
    store.register(study)
    given: Counter[str] = Counter()
    for number in range(6):
        try:
            session = store.start_session(study)
        except Refused:
            break
        for slot in store.slots(study, session.id):
            # Everybody agrees on main-0; the second person dissents on main-1.
            wanted = 1 if slot.item == "main-1" and number == 1 else 0
            answer = AnswerPayload(position=slot.order.index(wanted))
            store.answer(study, session.token, slot.index, f"n{slot.index}", answer)
            given[slot.item] += 1
    assert given == {"main-0": 3, "main-1": 2}
    items = store.status(study)["items"]
    assert (items["settled"], items["split"]) == (1, 1)
    assert store.answers(study).num_rows == 5
    assert store.status(study)["answers_missing"] == 0


def test_adaptive_choice_asks_where_people_disagree(store: Store, tmp_path: Path) -> None:
    study = small_study(
        tmp_path / "adapt", type="2afc", items=4, adaptive=True, answers_per_item=9, trials_per_participant=4
    )
    store.register(study)
    for number in range(4):
        session = store.start_session(study)
        for index in range(session.trials):
            slot = store.slots(study, session.id)[index]
            wanted = number % 2 if slot.item == "main-2" else 0
            answer = AnswerPayload(position=slot.order.index(wanted))
            store.answer(study, session.token, slot.index, f"n{slot.index}", answer)
    with store.reading() as connection:
        rows = connection.execute(select(tallies.c.item, tallies.c.doubt)).all()
    doubts = {row.item: row.doubt for row in rows}
    assert max(doubts, key=doubts.__getitem__) == "main-2"
    assert doubts["main-2"] == pytest.approx(1.0)


def test_options_of_an_item_stand_at_every_position_equally_often(store: Store, tmp_path: Path) -> None:
    study = small_study(
        tmp_path / "balance", items=4, options=5, answers_per_item=20, trials_per_participant=4
    )
    store.register(study)
    sessions = start_many(store, study, 20)
    places: Counter[tuple[str, int]] = Counter()
    for session in sessions:
        for slot in store.slots(study, session.id):
            places[slot.item, slot.order.index(0)] += 1
    assert set(places.values()) == {4}
    assert len(places) == 20


def _items(count: int, role: str = "main", paired: bool = False) -> list[Item]:
    return [
        Item(
            f"{role}-{i}",
            "same-different",
            role=role,  # type: ignore[arg-type]
            fixed=(f"{i}a", f"{i}b"),
            companion=f"{role}-{i ^ 1}" if paired else None,
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("count", [4, 6, 10, 40])
def test_companions_never_follow_one_another(count: int) -> None:
    for seed in range(200):
        sequence = arrange(_items(count, paired=True), [], _items(2, "catch"), Random(seed))
        assert not any(are_companions(a, b) for a, b in pairwise(sequence))
        assert len(sequence) == count + 2


def test_two_companions_alone_are_not_both_asked() -> None:
    assert len(arrange(_items(2, paired=True), [], [], Random(0))) == 1


def test_catch_trials_are_spread_and_never_first() -> None:
    for seed in range(100):
        sequence = arrange(_items(36), _items(3, "practice"), _items(4, "catch"), Random(seed))
        roles = [item.role for item in sequence]
        assert roles[:3] == ["practice"] * 3
        assert roles[3] == "main"
        assert [sum(role == "catch" for role in roles[3 + 10 * i : 13 + 10 * i]) for i in range(4)] == [1] * 4


def test_equally_needed_items_with_new_images_come_first() -> None:
    items = [
        Item("a", "kafc", fixed=("1",)),
        Item("b", "kafc", fixed=("1",)),
        Item("c", "kafc", fixed=("2",)),
    ]
    assert [i.id for i in choose([(i, 0.0) for i in items], 2)] == ["a", "c"]
    needed = [(items[0], 0.0), (items[1], 0.0), (items[2], 1.0)]
    assert [i.id for i in choose(needed, 2)] == ["a", "b"]


def test_each_person_gets_the_sets_in_equal_shares(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "sets", items=24, answers_per_item=5, trials_per_participant=7)
    store.register(study)
    sessions = start_many(store, study, 12)
    by_person = [
        Counter(study.items.by_id(slot.item).set for slot in store.slots(study, session.id))
        for session in sessions
    ]
    assert {tuple(sorted(found.values())) for found in by_person} == {(3, 4)}
    assert (
        sum(found["odd"] for found in by_person) == 42
    )  # the odd one out of seven goes to either set in turn
    counts = taken(store, study).values()
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(("sizes", "wanted"), [([3] * 10 + [2] * 10, 10), ([40, 35, 25], 4)])
def test_sets_of_unequal_size_get_equally_many_answers_per_item(sizes: list[int], wanted: int) -> None:
    # Rounded the same way for everybody, sets of two would get nothing and sets of 40 twice what sets of 35 get.
    items = [
        Item(f"{name}-{i}", "kafc", set=str(name), fixed=(f"{name} {i}",))
        for name, size in enumerate(sizes)
        for i in range(size)
    ]
    shares = {str(name): float(size) for name, size in enumerate(sizes)}
    given, random = dict.fromkeys((item.id for item in items), 0), Random(0)
    for person in range(1, 101):
        pool = sorted(
            ((item, float(given[item.id])) for item in items), key=lambda c: (c[1], random.random())
        )
        found = choose(pool, wanted, shares)
        assert len(found) == wanted
        for item in found:
            given[item.id] += 1
        assert max(given.values()) - min(given.values()) <= 2, person
    means = [
        sum(given[item.id] for item in items if item.set == name) / size
        for name, size in zip(shares, sizes, strict=True)
    ]
    assert max(means) - min(means) <= 0.5


def test_unequal_sets_are_served_alike_by_the_store(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "uneven", items=10, answers_per_item=30, trials_per_participant=4)
    items = [replace(item, set="abc"[min(i // 4, 2)]) for i, item in enumerate(study.items)]
    study = Study(study.folder, study.config, Items(items))  # 4, 4 and 2 items: 1.6, 1.6 and 0.8 of 4 trials
    store.register(study)
    for count in (10, 20):
        start_many(store, study, 10)
        found = taken(store, study)
        assert sum(found.values()) == 4 * count
        assert max(found.values()) - min(found.values()) <= 1


def test_sets_take_turns_by_answers_where_items_go_by_doubt() -> None:
    items = [Item(f"{name}{i}", "2afc", set=name, fixed=(f"{name}{i}",)) for name in "ab" for i in range(4)]
    doubts = [(item, -1.0 if item.set == "a" else -0.5) for item in items]
    served = {item.id: 5 if item.set == "a" else 4 for item in items}
    found = choose(doubts, 3, {"a": 4.0, "b": 4.0}, served=served)
    assert Counter(item.set for item in found) == {"a": 1, "b": 2}


def test_shares_follow_the_sizes_of_the_sets_and_go_on_when_one_is_full() -> None:
    big = [Item(f"b{i}", "kafc", set="big", fixed=(f"b{i}",)) for i in range(6)]
    small = [Item(f"s{i}", "kafc", set="small", fixed=(f"s{i}",)) for i in range(2)]
    pool = [(item, 0.0) for item in (*big, *small)]
    shares = {"big": 6.0, "small": 2.0}
    assert Counter(item.set for item in choose(pool, 4, shares)) == {"big": 3, "small": 1}
    assert Counter(item.set for item in choose(pool[:6], 4, shares)) == {"big": 4}
    assert Counter(item.set for item in choose(pool, 8, shares)) == {"big": 6, "small": 2}


def test_nobody_is_asked_to_propose_and_to_vote_for_one_image() -> None:
    items = [
        Item(f"r{i}", "recall-and-vote", set="recall", fixed=(f"{i}",), options=("x",)) for i in range(4)
    ]
    items += [Item(f"v{i}", "recall-and-vote", set="vote", fixed=(f"{i}", f"p{i}")) for i in range(4)]
    for seed in range(20):
        pool = [(item, 0.0) for item in Random(seed).sample(items, 8)]
        found = choose(pool, 4, {"recall": 4.0, "vote": 4.0})
        assert len({item.fixed[0] for item in found}) == len(found) == 4
        assert len(choose(pool, 8, {"recall": 4.0, "vote": 4.0})) == 4


def test_breaks_do_not_count_practice() -> None:
    sequence = [*_items(2, "practice"), *_items(10)]
    assert breaks(sequence, 5) == (7,)
    assert breaks(sequence, 0) == ()
