"""Items chosen trial by trial, where answers are least certain."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lookalike.studies import Items, Study
from lookalike.studies.store import Refused, Session, Store
from lookalike.studies.store.live import AHEAD
from lookalike.studies.store.schema import slots, tallies
from lookalike.studies.store.sequence import are_companions
from lookalike.studies.store.votes import doubt
from lookalike.studies.types import AnswerPayload
from tests.studies.small import small_study


def at(store: Store, study: Study, session: Session, index: int) -> str:
    """The item at a trial that is settled."""
    slot = store.slots(study, session.id)[index]
    assert slot.settled
    return slot.item


def give(store: Store, study: Study, session: Session, index: int, option: int = 0) -> None:
    """Answer with the option that the item lists at that place."""
    slot = store.slots(study, session.id)[index]
    place = slot.order.index(option)
    store.answer(study, session.token, index, f"n{index}", AnswerPayload(position=place))


def counted(store: Store, study: Study) -> dict[str, tuple[int, int]]:
    """Item -> (taken as the tally says, open and answered slots as they are)."""
    held = (
        select(slots.c.item, func.count().label("n"))
        .where(slots.c.study == study.config.name, slots.c.state.in_(("open", "answered")))
        .group_by(slots.c.item)
    )
    with store.reading() as connection:
        real = {row.item: row.n for row in connection.execute(held)}
        said = connection.execute(select(tallies.c.item, tallies.c.taken).where(tallies.c.role == "main"))
        return {row.item: (row.taken, real.get(row.item, 0)) for row in said}


def test_doubt_by_hand() -> None:
    # Two answers, n votes that agree: shares (n + 1) / (n + 2) and 1 / (n + 2).
    assert doubt({}, 2) == pytest.approx(1.0)
    assert doubt({"0": 1}, 2) == pytest.approx(0.9183, abs=1e-4)
    assert doubt({"0": 3}, 2) == pytest.approx(0.7219, abs=1e-4)
    assert doubt({"1": 6}, 2) == pytest.approx(0.5436, abs=1e-4)
    assert doubt({"0": 3, "1": 3}, 2) == pytest.approx(1.0)
    assert doubt({"0": 1}, 3) == pytest.approx(0.9464, abs=1e-4)


def test_the_next_item_follows_from_answers_given_meanwhile(store: Store, tmp_path: Path) -> None:
    study = small_study(
        tmp_path / "next", type="2afc", items=6, adaptive=True, answers_per_item=9, trials_per_participant=5,
        config={"design": {"answers_per_item": 9, "trials_per_participant": 5, "adaptive": True}},
    )  # fmt: skip
    study = Study(study.folder, study.config, _one_set(study))
    store.register(study)
    early = store.start_session(study)
    known = {at(store, study, early, 0), at(store, study, early, 1)}
    target = next(item.id for item in study.items if item.id not in known)
    # While one person looks at the first trial, five others agree on every item but on one, where they differ.
    for number in range(5):
        other = store.start_session(study)
        for index in range(other.trials):
            item = at(store, study, other, index)
            give(store, study, other, index, number % 2 if item == target else 0)
    give(store, study, early, 0)
    assert at(store, study, early, 2) == target
    assert not store.slots(study, early.id)[3].settled
    assert all(taken == real <= 9 for taken, real in counted(store, study).values())


def test_an_answer_reads_few_tallies_however_many_there_are(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = small_study(
        tmp_path / "wide", type="2afc", items=4, adaptive=True, answers_per_item=20, trials_per_participant=4
    )
    items = [
        replace(made.items[i % 4], id=f"main-{i}", set="ab"[i % 2], fixed=(f"{i:064}",)) for i in range(1200)
    ]
    study = Study(made.folder, made.config, Items(items))
    store.register(study)
    # One set is settled in people's minds, the other is not: the first must not be looked for behind the second.
    sure = tallies.update().where(tallies.c.part == 0).values(doubt=0.2)
    store.submit(lambda connection: connection.execute(sure)).result()
    session = store.start_session(study)
    asked: list[str] = []
    by_id = Items.by_id
    monkeypatch.setattr(Items, "by_id", lambda self, id: asked.append(id) or by_id(self, id))
    give(store, study, session, 0)
    assert len(asked) < 30


def test_the_choice_is_the_same_as_among_all(store: Store, tmp_path: Path) -> None:
    study = small_study(
        tmp_path / "same", type="2afc", items=30, adaptive=True, answers_per_item=9, trials_per_participant=4
    )
    store.register(study)
    session = store.start_session(study)
    held = {slot.item for slot in store.slots(study, session.id)}
    wanted = {}
    for part in (0, 1):
        inside = [item.id for item in study.items if study.items.set_numbers[item.set] == part]
        full, best, *_ = [name for name in inside if name not in held]
        wanted[part] = best
        for name, values in ((full, {"doubt": 1.0, "taken": 9}), (best, {"doubt": 0.9})):
            change = tallies.update().where(tallies.c.item == name).values(**values)
            store.submit(lambda c, change=change: c.execute(change)).result()
        others = tallies.update().where(tallies.c.item.in_(set(inside) - {full, best})).values(doubt=0.5)
        store.submit(lambda c, change=others: c.execute(change)).result()
    give(store, study, session, 0)
    chosen = study.items.by_id(at(store, study, session, 2))
    assert chosen.id == wanted[study.items.set_numbers[chosen.set]]


def test_even_votes_are_exactly_as_doubtful_as_none_and_what_nobody_had_comes_first(
    store: Store, tmp_path: Path
) -> None:
    for choices in range(2, 9):
        assert doubt({str(i): 3 for i in range(choices)}, choices) == doubt({}, choices) == 1.0
    study = small_study(
        tmp_path / "even", type="2afc", items=8, adaptive=True, answers_per_item=9, trials_per_participant=4
    )
    study = Study(study.folder, study.config, _one_set(study))
    store.register(study)
    fresh = {"main-1", "main-3", "main-6", "main-7"}
    even = tallies.update().where(tallies.c.item.not_in(fresh)).values(taken=6, answered=6)
    store.submit(lambda connection: connection.execute(even)).result()
    assert {slot.item for slot in store.slots(study, store.start_session(study).id)} == fresh


def _one_set(study: Study) -> Items:
    return Items(replace(item, set="") for item in study.items)


def test_what_is_settled_stays_and_nothing_more_is_known(store: Store, tmp_path: Path) -> None:
    study = small_study(tmp_path / "stay", type="2afc", items=8, adaptive=True, answers_per_item=3)
    store.register(study)
    session = store.start_session(study)
    for index in range(session.trials):
        before = store.slots(study, session.id)
        assert [slot.settled for slot in before] == [i <= index + AHEAD for i in range(8)]
        again = store.resume(study, session.token)
        assert again.next == index
        assert store.slots(study, session.id) == before
        give(store, study, session, index)
    assert store.finish(study, session.token).state == "finished"
    assert sorted(slot.item for slot in store.slots(study, session.id)) == sorted(i.id for i in study.items)


def test_adaptive_choice_keeps_k_and_orders_under_a_crowd(store: Store, tmp_path: Path) -> None:
    study = small_study(
        tmp_path / "crowd", type="2afc", items=10, adaptive=True, answers_per_item=6, trials_per_participant=5
    )
    store.register(study)

    def person(number: int) -> int:
        try:
            session = store.start_session(study)
        except Refused:
            return 0
        for index in range(session.trials):
            give(store, study, session, index, number % 2)
        return session.trials

    with ThreadPoolExecutor(12) as pool:
        given = sum(pool.map(person, range(12)))
    assert given >= 55  # the last ones may find fewer than five different items with room
    assert all(taken == real <= 6 for taken, real in counted(store, study).values())
    # Draws are counted when an item is settled, so the two orders of an item come equally often.
    rows = store.answers(study).to_pylist()
    orders = Counter((row["item"], tuple(row["order"])) for row in rows)
    assert all(abs(orders[item.id, (0, 1)] - orders[item.id, (1, 0)]) <= 1 for item in study.items)
    by_person = Counter((row["session"], row["item"]) for row in rows)
    assert set(by_person.values()) == {1}


def test_practice_catch_sets_and_companions_keep_their_rules(store: Store, tmp_path: Path) -> None:
    study = small_study(
        tmp_path / "rules", type="same-different", items=12, companions=True, adaptive=True, answers_per_item=5,
        trials_per_participant=6, practice=1, catch=2,
    )  # fmt: skip
    store.register(study)
    for number in range(8):
        session = store.start_session(study)
        roles = [slot.role for slot in store.slots(study, session.id)]
        assert roles[0] == "practice"
        assert roles[1] == "main"
        assert roles.count("catch") == 2
        for index in range(session.trials):
            same = (number + index) % 3 == 0
            store.answer(study, session.token, index, f"n{index}", AnswerPayload(same=same))
        done = store.slots(study, session.id)
        assert [slot.role for slot in done] == roles
        items = [study.items.by_id(slot.item) for slot in done]
        assert not any(are_companions(one, other) for one, other in pairwise(items))
        sets = Counter(item.set for item in items if item.role == "main")
        assert sets == {"even": 3, "odd": 3}
    assert all(taken == real <= 5 for taken, real in counted(store, study).values() if real or taken)


def test_a_full_place_that_was_released_is_exchanged(store: Store, tmp_path: Path, clock) -> None:  # type: ignore[no-untyped-def]
    study = small_study(
        tmp_path / "back", type="2afc", items=8, adaptive=True, answers_per_item=1, trials_per_participant=4
    )
    store.register(study)
    late = store.start_session(study)
    clock.minutes(31)
    other = store.start_session(study)
    for index in range(4):
        give(store, study, other, index)
    for index in range(4):
        give(store, study, late, index)
    states = [slot.state for slot in store.slots(study, late.id)]
    assert set(states[AHEAD + 1 :]) == {"answered"}  # what was not shown yet gave way to items with room
    assert all(taken == real <= 1 for taken, real in counted(store, study).values())
