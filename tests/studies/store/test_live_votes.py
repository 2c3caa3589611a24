"""Votes on what others have just proposed, while the study runs."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lookalike.studies import Study
from lookalike.studies.store import Session, Store
from lookalike.studies.store.proposals import open_proposal
from lookalike.studies.store.schema import tallies
from lookalike.studies.types import AnswerPayload, is_vote, study_type
from tests.studies.small import small_study
from tests.studies.store.test_live import at, counted, give


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


def _withdrawn_in_the_middle(store: Store, study: Study, others: bool) -> tuple[Session, Session]:
    """Someone who proposed four images and withdrew, and someone who began in between; then ``others`` propose too."""
    gone = store.start_session(study)
    take(store, study, gone, 0)
    between = store.start_session(study)
    reserved = [s for s in store.slots(study, between.id) if not s.settled and s.item.endswith(">0")]
    assert len(reserved) == 2, "the test is about votes that are reserved"
    store.withdraw(study, gone.id)
    if others:
        store.submit(lambda c: [open_proposal(c, study, item, 1, False) for item in study.items]).result()
    return gone, between


@pytest.mark.parametrize("others", [True, False])
def test_reserved_votes_on_what_was_withdrawn_are_not_shown(
    store: Store, tmp_path: Path, others: bool
) -> None:
    study = recall_study(tmp_path / "middle", per_participant=3, per_proposal=9)
    store.register(study)
    _, between = _withdrawn_in_the_middle(store, study, others)
    early = {slot.index for slot in store.slots(study, between.id) if slot.settled}
    take(store, study, between, 2)
    done = [study.items.by_id(slot.item) for slot in store.slots(study, between.id)]
    later = [item for index, item in enumerate(done) if index not in early]
    assert not any(item.id.endswith(">0") for item in later)
    assert len({item.fixed[0] for item in done}) == len({item.id for item in done}) == 4
    if others:
        assert [item.id[-2:] for item in later] == [">1", ">1"]  # what the others propose comes instead
    assert all(taken == real for taken, real in counted(store, study).values())
    assert {slot.state for slot in store.slots(study, between.id)} == {"answered"}


def test_where_every_item_is_full_a_withdrawn_one_makes_room_on_top_of_k(
    store: Store, tmp_path: Path
) -> None:
    study = recall_study(tmp_path / "full", per_participant=3, per_proposal=9)
    store.register(study)
    _, between = _withdrawn_in_the_middle(store, study, others=False)
    k = study.config.design.answers_per_item
    recall = [item.id for item in study.items]
    fill = tallies.update().where(tallies.c.item.in_(recall)).values(taken=k)
    store.submit(lambda connection: connection.execute(fill)).result()
    take(store, study, between, 2)
    rows = store.answers(study).to_pylist()
    assert any(row["late"] for row in rows)
    assert all(">" not in row["item"] for row in rows if row["late"])
    assert all(taken <= k for taken, _ in counted(store, study).values())


def test_who_comes_back_gets_no_place_at_what_was_withdrawn(store: Store, tmp_path: Path, clock) -> None:  # type: ignore[no-untyped-def]
    study = recall_study(tmp_path / "comes", per_participant=3, per_proposal=9)
    store.register(study)
    gone = store.start_session(study)
    take(store, study, gone, 0)
    away = store.start_session(study)
    clock.minutes(31)
    store.start_session(study)  # gives the places of who is away back
    store.withdraw(study, gone.id)
    store.resume(study, away.token)
    closed = [slot for slot in store.slots(study, away.id) if slot.item.endswith(">0")]
    assert closed
    assert {slot.state for slot in closed} == {"released"}
    take(store, study, away, 2)
    assert all(taken == real for taken, real in counted(store, study).values())


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
