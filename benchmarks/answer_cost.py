"""Processor time of one answer in the store: trials drawn at the start against trials chosen one by one (adaptive).

A study of triplets without pictures, SQLite in a temporary folder, one person after the other; the first one only warms up.
The named alternative is the same study without adaptive choice. Process time, so that a busy machine disturbs little.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from _common import Results, number, parser, say

from lookalike.studies import Item, Items, Study, StudyConfig
from lookalike.studies.store import Store
from lookalike.studies.types import AnswerPayload

TRIALS = 40


def make_study(folder: Path, items: int, adaptive: bool) -> Study:
    """A 2AFC study whose images nobody will ask for."""
    made = Items(
        Item(f"i{n}", "2afc", fixed=(f"{3 * n:064x}",), options=(f"{3 * n + 1:064x}", f"{3 * n + 2:064x}"))
        for n in range(items)
    )
    design = {"answers_per_item": 20, "trials_per_participant": TRIALS, "adaptive": adaptive}
    config = StudyConfig.parse({"name": "cost", "title": "Cost", "type": "2afc", "design": design})
    return Study(folder, config, made)


def answer_ms(items: int, adaptive: bool, people: int) -> float:
    """Median milliseconds of processor time of an answer."""
    spent = []
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as made:
        study = make_study(Path(made), items, adaptive)
        with Store(f"sqlite:///{made}/answers.sqlite") as store:
            store.register(study)
            for person in range(people + 1):
                session = store.start_session(study)
                for trial in range(TRIALS):
                    payload = AnswerPayload(position=(person + trial) % 2)
                    started = time.process_time()
                    store.answer(study, session.token, trial, f"n{trial}", payload)
                    if person:
                        spent.append(time.process_time() - started)
    return 1000 * statistics.median(spent)


def measure(options: argparse.Namespace) -> None:
    """The whole benchmark."""
    results = Results("answer_cost", options)
    rows = []
    for items in [100, 200] if options.quick else options.items:
        say(f"{items:,} items")
        plain, adaptive = (answer_ms(items, one, options.people) for one in (False, True))
        rows.append([number(items, 0), number(plain, 2), number(adaptive, 2), number(adaptive / plain, 1)])
    results.table(
        "Processor time of an answer", ["items", "drawn at the start, ms", "adaptive, ms", "times"], rows
    )
    results.write()


def main() -> None:
    options_of = parser(__doc__)
    options_of.add_argument("--items", type=int, nargs="+", default=[1_000, 5_000])
    options_of.add_argument("--people", type=int, default=5)
    measure(options_of.parse_args())


if __name__ == "__main__":
    main()
