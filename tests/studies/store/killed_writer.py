"""A process that stores answers as fast as it can and says on stdout which are acknowledged; killed by its test."""

from __future__ import annotations

import sys
from pathlib import Path

from lookalike.studies import Study
from lookalike.studies.store import Refused, Store
from lookalike.studies.types import AnswerPayload


def main(url: str, folder: Path) -> None:
    study = Study.open(folder)
    store = Store(url)
    store.register(study)
    while True:
        people = []
        for _ in range(10):
            try:
                people.append(store.start_session(study))
            except Refused:
                return
        for index in range(people[0].trials):
            sent = [
                (
                    p.id,
                    store.submit_answer(study, p.token, index, f"{p.id}-{index}", AnswerPayload(position=0)),
                )
                for p in people
            ]
            for name, future in sent:
                future.result()
                sys.stdout.write(f"{name} {index}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
