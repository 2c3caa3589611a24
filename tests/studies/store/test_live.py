"""Items chosen trial by trial: where answers are least certain, and votes on what others have just proposed."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lookalike.studies import Study
from lookalike.studies.store import Refused, Session, Store
from lookalike.studies.store.live import AHEAD
from lookalike.studies.store.schema import slots, tallies
from lookalike.studies.store.sequence import are_companions
from lookalike.studies.store.votes import doubt
from lookalike.studies.types import AnswerPayload, is_vote, study_type
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


def _one_set(study: Study):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    from lookalike.studies import Items

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


def recall_study(folder: Path, **votes: int) -> Study:
    """Eight images to propose something for, from galleries of three."""
    wanted = {"per_participant": 2, "per_proposal": 3} | votes
    return small_study(
        folder, type="recall-and-vote", items=8, answers_per_item=20, trials_per_participant=4, votes=wanted
    )


def take(store: Store, study: Study, session: Session, option: int = 0, vote: int = 1) -> list[str]:
    """Answer everything; the votes among it."""
    voted = []
    for index in range(session.trials):
        item = study.items.by_id(at(store, study, session, index))
        if is_vote(item):
            voted.append(item.id)
            store.answer(study, session.token, index, f"n{index}", AnswerPayload(value=vote))
        else:
            give(store, study, session, index, option)
    return voted


def test_who_comes_first_only_proposes_and_others_vote_on_it(store: Store, tmp_path: Path) -> None:
    study = recall_study(tmp_path / "first")
    store.register(study)
    first = store.start_session(study)
    assert take(store, study, first, 2) == []
    proposed = {f"{slot.item}>2" for slot in store.slots(study, first.id)}
    voted = take(store, study, store.start_session(study), 1, -1)
    assert len(voted) == 2
    assert set(voted) < proposed
    assert store.status(study)["items"]["votes"] == 4 + 2
    table = study_type("recall-and-vote").judgments(study.items, store.answers(study), study)
    found = {(r["left"], r["right"]): (r["up_votes"], r["down_votes"]) for r in table.table.to_pylist()}
    pairs = {name: study.items.by_id(name).fixed for name in proposed}
    assert {found[pairs[name]] for name in voted} == {(1, 1)}
    assert {found[pairs[name]] for name in proposed - set(voted)} == {(1, 0)}
    rows = [row for row in store.answers(study).to_pylist() if row["item"] in voted]
    assert {(row["set"], row["role"], row["value"], row["chosen"]) for row in rows} == {
        ("vote", "main", -1.0, None)
    }


def test_people_who_began_together_vote_on_one_another(store: Store, tmp_path: Path) -> None:
    study = recall_study(tmp_path / "together")
    store.register(study)
    one, other = store.start_session(study), store.start_session(study)
    for index in range(4):
        for session, option in ((one, 0), (other, 1)):
            item = study.items.by_id(at(store, study, session, index))
            if is_vote(item):
                assert item.id.endswith(">1" if session is one else ">0")  # never one's own
                store.answer(study, session.token, index, f"n{index}", AnswerPayload(value=1))
            else:
                give(store, study, session, index, option)
    kinds = Counter(row["set"] == "vote" for row in store.answers(study).to_pylist())
    assert kinds[True] >= 3


def test_nobody_votes_on_an_image_they_were_asked_about_and_k_holds(store: Store, tmp_path: Path) -> None:
    study = recall_study(tmp_path / "many", per_proposal=2)
    store.register(study)
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda n: take(store, study, store.start_session(study), n % 3), range(30)))
    by_person: dict[str, list[str]] = {}
    for row in store.answers(study).to_pylist():
        by_person.setdefault(row["session"], []).append(row["item"])
    for items in by_person.values():
        assert len(items) == len(set(items)) == 4
        about = {study.items.by_id(name).fixed[0] for name in items if ">" not in name}
        assert about.isdisjoint(study.items.by_id(name).fixed[0] for name in items if ">" in name)
        assert sum(">" in name for name in items) <= 2
    found = counted(store, study)
    assert all(taken == real for taken, real in found.values())
    votes = [taken for name, (taken, _) in found.items() if ">" in name]
    assert max(votes) == 2
    assert sum(votes) >= 24


def test_a_proposal_in_words_is_kept_and_not_voted_on(store: Store, tmp_path: Path) -> None:
    study = recall_study(tmp_path / "words")
    store.register(study)
    session = store.start_session(study)
    for index in range(4):
        store.answer(study, session.token, index, f"n{index}", AnswerPayload(text="a pear"))
    assert take(store, study, store.start_session(study)) == []


def test_proposals_of_who_withdrew_are_handed_out_no_more(store: Store, tmp_path: Path) -> None:
    study = recall_study(tmp_path / "gone")
    store.register(study)
    gone = store.start_session(study)
    take(store, study, gone)
    store.withdraw(study, gone.id)
    assert take(store, study, store.start_session(study)) == []
    # What somebody else proposes too is voted on again.
    again = store.start_session(study)
    assert set(take(store, study, again)) <= {f"main-{i}>0" for i in range(8)}


def test_simulated_proposals_are_for_simulated_people(store: Store, tmp_path: Path) -> None:
    study = recall_study(tmp_path / "sim")
    store.register(study)
    take(store, study, store.start_session(study, simulated=True))
    assert take(store, study, store.start_session(study)) == []
    assert len(take(store, study, store.start_session(study, simulated=True))) == 2


def test_the_same_proposal_sent_twice_opens_one_vote(store: Store, tmp_path: Path) -> None:
    study = recall_study(tmp_path / "twice")
    store.register(study)
    session = store.start_session(study)
    give(store, study, session, 0)
    before = store.slots(study, session.id)
    give(store, study, session, 0)
    assert store.slots(study, session.id) == before
    assert store.status(study)["items"]["votes"] == 1
