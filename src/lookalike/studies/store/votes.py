"""Counting answers for each item while the study runs: staged votes, doubt, progress."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, update

from lookalike.studies.items import Item
from lookalike.studies.store.schema import answers, slots, tallies
from lookalike.studies.types import Checked, study_type

if TYPE_CHECKING:
    from lookalike.studies.study import Study


def doubt(votes: dict[str, int], choices: int) -> float:
    """How uncertain an item's next answer is, 0 to 1: entropy of its votes over that of a uniform choice.

    With n_a votes for answer a of the m possible ones, p_a = (n_a + 1) / (n + m): one imagined vote for each answer
    (Laplace's rule), and the doubt is -sum(p_a log p_a) / log(m). 2AFC with 1, 3 and 6 votes that agree: 0.918, 0.722,
    0.544. It is 1 without votes and just as well with 1 against 1 or 3 against 3. Of items that are equally in doubt the
    one with fewer open and given answers comes first: one that nobody has or had, but not one that nobody has answered
    yet while many are about to.
    """
    if choices < 2:
        return 1.0 / (1 + sum(votes.values()))
    total = sum(votes.values()) + choices
    shares = [(votes.get(str(answer), 0) + 1) / total for answer in range(choices)]
    # Rounded, so that even votes are exactly as doubtful as none.
    return round(-sum(share * log(share) for share in shares) / log(choices), 12)


def verdict(study: Study, votes: dict[str, int]) -> str:
    """Whether staged votes are over for an item: split at the first dissent, settled when enough agree, else open."""
    staged = study.config.design.unanimity
    if staged is None:
        return "open"
    if len([count for count in votes.values() if count > 0]) > 1:
        return "split"
    total = sum(votes.values())
    return "settled" if total >= min(staged.needed, staged.rounds) else "open"


def changed_tally(study: Study, item: Item, votes: dict[str, int]) -> dict[str, object]:
    """The columns of a tally that follow from its votes; its state does where votes are staged."""
    choices = study_type(item.type).choices(item)
    values: dict[str, object] = {"votes": votes, "doubt": doubt(votes, choices)}
    return values if study.config.design.unanimity is None else {**values, "state": verdict(study, votes)}


def with_vote(votes: dict[str, int], checked: Checked) -> dict[str, int]:
    """The votes after one more answer; answers that are values or texts count under "any"."""
    key = "any" if checked.chosen is None else str(checked.chosen)
    return {**votes, key: votes.get(key, 0) + 1}


def take_back_votes(connection: Connection, study: Study, session: str, simulated: bool) -> None:
    """Uncount a session's answers to main items (it is being withdrawn)."""
    given = (
        select(slots.c.item, answers.c.chosen)
        .join(
            answers,
            (answers.c.session == slots.c.session) & (answers.c.trial_index == slots.c.trial_index),
        )
        .where(slots.c.session == session, slots.c.role == "main")
    )
    for row in connection.execute(given).all():
        mine = (
            (tallies.c.study == study.config.name)
            & (tallies.c.simulated == simulated)
            & (tallies.c.item == row.item)
        )
        votes = dict(connection.execute(select(tallies.c.votes).where(mine)).scalar_one())
        key = "any" if row.chosen is None else str(row.chosen)
        votes[key] = votes.get(key, 1) - 1
        votes = {answer: count for answer, count in votes.items() if count > 0}
        values = changed_tally(study, study.items.by_id(row.item), votes)
        connection.execute(update(tallies).where(mine).values(answered=tallies.c.answered - 1, **values))
