"""`study check`: what is wrong with a study folder, what people should know, and what it will take."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lookalike.errors import ImageError, StudyError
from lookalike.images import decode
from lookalike.progress import Progress
from lookalike.studies.design_figures import Expectation, chance_of, figures
from lookalike.studies.items import LONGEST_ID, Item, proposal_id
from lookalike.studies.planning import CAREFUL, catch_pass
from lookalike.studies.study import PARTS, Study
from lookalike.studies.texts import UNFINISHED
from lookalike.studies.types import study_type

if TYPE_CHECKING:
    from lookalike.studies.config import StudyConfig

_LISTED = 5
_UNEVEN = 1.5
"""Groups whose sizes differ by more than this factor are named."""
_OFTEN = 10
"""An image in more main items than this is named."""


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        problems: the study should not be served while there is one.
        warnings: what people should know.
        figures: length, participants, cost, expected precision and power: plain values.
    """

    problems: list[str]
    warnings: list[str]
    figures: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"ok": self.ok, "problems": self.problems, "warnings": self.warnings, **self.figures}


def check_study(
    study: Study, expected: Expectation | None = None, *, progress: Progress | None = None
) -> Check:
    """Look at everything before anyone is paid.

    Args:
        study: as :meth:`Study.open` gives it.
        expected: accuracy, difference to be found, pay; None: the usual ones.
        progress: told how many images were looked at.

    Raises:
        MissingDependency: a difference is stated and statsmodels is not installed.
        InvalidArgument: an expectation is out of range.
    """
    problems = [
        *_images(study, progress),
        *_items(study),
        *_companions(study),
        *_design(study),
        *_texts(study),
        *unfinished(study),
    ]
    warnings = [*_balance(study), *_asked_once(study), *_settings(study.config)]
    warnings += [*catch_warnings(study.config, chance_of(study)), *_addresses(study)]
    return Check(problems, warnings, figures(study, expected or Expectation()))


def _images(study: Study, progress: Progress | None) -> Iterator[str]:
    """Images that are missing, changed or damaged."""
    wrong: list[str] = []
    contents = study.items.images()
    for number, content in enumerate(contents, 1):
        try:
            file = study.image_path(content)
            data = file.read_bytes()
            if hashlib.sha256(data).hexdigest() != content:
                wrong.append(
                    f"image {file.name} is not the one that the study was made with: its bytes have changed"
                )
            else:
                decode(data)
        except (StudyError, ImageError) as error:
            wrong.append(
                str(error) if isinstance(error, StudyError) else f"image {content[:12]}: {error.reason}"
            )
        except OSError as error:
            wrong.append(f"image {content[:12]} cannot be read: {error.strerror or error}")
        if progress is not None:
            progress("looking at the images", number, len(contents))
    yield from _some(wrong, "images")


def _items(study: Study) -> Iterator[str]:
    """Items that their type refuses (duplicate options among them), and known answers that are missing."""
    checker = study_type(study.config.type)
    wrong = [(item, checker.check_item(item)) for item in study.items]
    yield from _some([f"item {item.id}: {reason}" for item, reason in wrong if reason], "items")
    blind = [i for i in study.items if i.role != "main" and i.right is None and "expected" not in i.extra]
    if blind:
        ids = ", ".join(item.id for item in blind[:_LISTED])
        yield f"{len(blind)} practice or catch items have no known answer: {ids}"
    asked = Counter((item.fixed, frozenset(item.options)) for item in study.items.where(role="main"))
    repeated = sum(count - 1 for count in asked.values() if count > 1)
    if repeated:
        yield f"{repeated} main items ask the same question as another one"


def _companions(study: Study) -> Iterator[str]:
    known = {item.id: item for item in study.items}
    lonely = [
        item.id
        for item in study.items
        if item.companion is not None
        and (item.companion not in known or known[item.companion].companion != item.id)
    ]
    if lonely:
        yield f"companions must name one another: {', '.join(lonely[:_LISTED])} ({len(lonely)} items) do not"


def _design(study: Study) -> Iterator[str]:
    """Numbers that cannot come together."""
    design, main = study.config.design, len(study.items.where(role="main"))
    if main == 0:
        yield "there are no main items"
    if design.trials_per_participant > main > 0:
        yield (
            f"design.trials_per_participant = {design.trials_per_participant}, but there are {main} main items: nobody "
            "answers an item twice"
        )
    if design.votes is not None and not any(item.options for item in study.items.where(role="main")):
        yield "design.votes: nobody can propose an image, because no item has a gallery"
    yield from _names_of_votes(study)
    for role, wanted in (("practice", design.practice), ("catch", design.catch)):
        there = len(study.items.where(role=role))
        if there < wanted:
            yield f"design.{role} = {wanted}, but there are {there} {role} items"
    if design.catch and study.config.exclusion.catch and study.config.catch.needed is None:
        yield "catch.needed is missing: say before the study how many of the catch trials must be right"
    companions = [item for item in study.items.where(role="main") if item.companion]
    if companions and design.trials_per_participant == 2 and len(companions) == main == 2:
        yield "the only two items are companions, which never come one after the other"
    panel = study.config.panel
    if panel.kind == "prolific" and not (panel.completion_code or panel.completion_url):
        yield "panel.kind is prolific: give panel.completion_code or panel.completion_url, or nobody can be paid"


def _names_of_votes(study: Study) -> Iterator[str]:
    """Ids that leave no room for those of the votes on their proposals: PostgreSQL would refuse to store these."""
    if study.config.design.votes is None:
        return
    recall = [item for item in study.items.where(role="main") if item.options]
    long = [item.id for item in recall if len(proposal_id(item.id, len(item.options) - 1)) > LONGEST_ID]
    if long:
        yield (
            f"design.votes: {len(long)} items have ids so long that those of votes on their proposals (the id, > and the "
            f"number of an option) exceed {LONGEST_ID} signs; shorten them in items.parquet, the first is {long[0]}"
        )


def _texts(study: Study) -> Iterator[str]:
    for language in study.config.languages:
        for part in PARTS:
            try:
                if not study.text(language, part).strip():
                    yield f"texts/{language}/{part}.md is empty"
            except StudyError as error:
                yield str(error)


def unfinished(study: Study) -> list[str]:
    """Where the texts still hold ``[[double brackets]]``, the mark of what is to be written: file and line of each."""
    found = []
    for language in study.config.languages:
        for part in PARTS:
            try:
                lines = study.written_text(language, part).splitlines()
            except StudyError:
                continue  # named by `check_study`
            found += [
                f"texts/{language}/{part}.md, line {number}: {mark[:60]} is still to be written"
                for number, line in enumerate(lines, 1)
                for mark in UNFINISHED.findall(line)
            ]
    return found


def _addresses(study: Study) -> Iterator[str]:
    if not study.config.contact:
        yield "no contact address: set `contact` in study.toml, so that participants know whom to ask"


def _balance(study: Study) -> Iterator[str]:
    """Designs that are not balanced."""
    main = study.items.where(role="main")
    sets = Counter(item.set for item in main)
    if len(sets) > 1 and max(sets.values()) > _UNEVEN * min(sets.values()):
        sizes = ", ".join(f"{name or 'no name'} {count}" for name, count in sets.items())
        yield f"the groups differ in size: {sizes}"
    counts = Counter(len(item.options) for item in study.items if item.options)
    if len(counts) > 1 and study.config.type != "recall-and-vote":
        yield f"items have different numbers of options: {', '.join(map(str, sorted(counts)))}"
    if study.config.type != "recall-and-vote":
        often = [n for n in Counter(c for item in main for c in set(item.images)).values() if n > _OFTEN]
        if often and study.config.type not in ("odd-one-out", "rating"):
            yield f"{len(often)} images stand in more than {_OFTEN} main items: people will see them again and again"
    total = len(main) * study.config.design.answers_per_item
    trials = study.config.design.trials_per_participant
    even = study.config.design.unanimity is None and study.config.design.votes is None
    if even and main and total % trials:
        yield f"{total} answers are no whole number of sessions of {trials}: the last person gets fewer trials"
    if study.config.design.order == "fixed":
        yield from _fixed_positions(main)


def _fixed_positions(main: tuple[Item, ...]) -> Iterator[str]:
    """A fixed order makes the place of the right answer part of the design."""
    yield 'design.order = "fixed": everyone sees the same order, so position bias cannot be told from content'
    places = Counter(item.right for item in main if item.right is not None and item.options)
    options = max((len(item.options) for item in main), default=0)
    expected = sum(places.values()) / options if options else 0
    if expected and any(abs(places[i] - expected) > 0.5 * expected + 1 for i in range(options)):
        yield f"right answers are not spread over the positions: {[places[i] for i in range(options)]}"


def _asked_once(study: Study) -> Iterator[str]:
    """Of recall-and-vote: nobody proposes something for an image and votes on another proposal for it."""
    if study.config.type != "recall-and-vote":
        return
    votes = Counter(item.fixed[0] for item in study.items.where(role="main") if len(item.fixed) == 2)
    images = {item.fixed[0] for item in study.items.where(role="main")}
    most = sum(max(1, votes[image]) for image in images)
    wanted = study.config.design.trials_per_participant
    if wanted > most:
        yield f"sessions have {most} trials, not {wanted}: nobody both proposes something for an image and votes on it"


def _settings(config: StudyConfig) -> Iterator[str]:
    timing, panel = config.timing, config.panel
    if config.type == "same-different" and timing.image_ms == 0:
        yield "timing.image_ms = 0: both images stay until the answer, so this is no test of what is just noticed"
    if config.design.answers_per_item == 1 and config.design.unanimity is None:
        yield "one answer for each item says nothing about agreement: the noise ceiling needs two"
    if panel.kind != "none" and panel.pay_per_participant == 0:
        yield f"panel.kind is {panel.kind}, but panel.pay_per_participant is 0"
    if not config.design.catch and config.type != "recall-and-vote":
        yield "there are no catch trials: careless people cannot be told from the others"


def catch_warnings(config: StudyConfig, chance: float) -> list[str]:
    """A catch rule that many guessers pass, or that careful people fail."""
    count, needed = config.design.catch, config.catch.needed
    if not count or needed is None:
        return []
    found = []
    if (guess := catch_pass(count, needed, chance)) > 0.1:
        found.append(
            f"the catch rule {needed} of {count} lets {guess:.0%} of guessers pass: ask for more trials"
        )
    if (careful := catch_pass(count, needed, CAREFUL)) < 0.9:
        found.append(
            f"the catch rule {needed} of {count} fails {1 - careful:.0%} of people who are right in 95 %"
        )
    return found


def _some(wrong: list[str], what: str) -> Iterator[str]:
    """The first few, and how many more there are."""
    yield from wrong[:_LISTED]
    if len(wrong) > _LISTED:
        yield f"and {len(wrong) - _LISTED} more {what}"
