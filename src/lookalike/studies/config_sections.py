"""The sections of study.toml. Each description is also the comment that ``study new`` writes and the reference's text."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=0, le=1_000_000)]
AtLeastOne = Annotated[int, Field(ge=1, le=1_000_000)]
Milliseconds = Annotated[int, Field(ge=0, le=600_000)]

_LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
Language = Annotated[str, Field(pattern=_LANGUAGE)]
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]+")
Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""One line of text, or nothing."""


class Section(BaseModel):
    """A part of a study's settings: unknown keys are refused, values keep their types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Unanimity(Section):
    """Staged votes as NIGHTS was made (arXiv 2306.09344): an item is over at the first dissent."""

    needed: AtLeastOne = Field(default=6, description="as many answers, all the same, settle an item")
    rounds: AtLeastOne = Field(default=10, description="no item gets more answers than this")

    @model_validator(mode="after")
    def _in_reach(self) -> Self:
        if self.needed > self.rounds:
            raise ValueError(f"needed = {self.needed} answers cannot come in rounds = {self.rounds}")
        return self


class Votes(Section):
    """Votes on what other participants of the running study have proposed (recall-and-vote)."""

    per_participant: AtLeastOne = Field(
        default=10,
        description="so many of a person's trials are votes, once others have proposed something; until then the person "
        "proposes",
    )
    per_proposal: AtLeastOne = Field(
        default=5,
        description="no proposal gets more votes than this; none from a person who was asked to propose for its image",
    )


class Design(Section):
    """Who answers what."""

    answers_per_item: AtLeastOne = Field(
        default=20, description="K: no item gets more answers than this from different people"
    )
    trials_per_participant: AtLeastOne = Field(
        default=40, description="main trials of one person; practice and catch trials come on top"
    )
    practice: Count = Field(default=0, description="practice trials at the start, with feedback")
    catch: Count = Field(default=0, description="catch trials mixed into the others, with a known answer")
    break_every: Count = Field(default=50, description="a pause is offered after so many trials; 0: none")
    order: Literal["per-participant", "fixed"] = Field(
        default="per-participant",
        description="per-participant: options are shuffled anew for every person and trial; fixed: as the items "
        "list them (only for studies that were run elsewhere)",
    )
    unanimity: Unanimity | None = Field(default=None, description="staged votes: stop at the first dissent")
    votes: Votes | None = Field(
        default=None, description="proposals of this study are voted on (recall-and-vote)"
    )
    adaptive: bool = Field(
        default=False,
        description="choose each next item, trial by trial, where answers are least certain so far, among those with room",
    )
    slot_timeout_minutes: Annotated[float, Field(gt=0, le=10_080)] = Field(
        default=30, description="a trial that was handed out and not answered returns after this"
    )
    max_gap_minutes: Annotated[float, Field(gt=0, le=10_080)] = Field(
        default=60, description="who comes back later than this sees the instructions again"
    )


class Timing(Section):
    """Milliseconds. Screens are off by one or two frames (17 to 33 ms): do not read these as exact."""

    fixation_ms: Milliseconds = Field(default=0, description="cross before the first image")
    image_ms: Milliseconds = Field(
        default=0, description="how long the first image is shown; 0: until the answer"
    )
    gap_ms: Milliseconds = Field(default=0, description="between the two images")
    mask: bool = Field(default=False, description="fill the gap with a pattern instead of nothing")
    second_ms: Milliseconds = Field(
        default=0, description="how long the second image is shown; 0: until the answer"
    )
    min_response_ms: Milliseconds = Field(default=0, description="answers are not taken earlier than this")


class Catch(Section):
    """The rule for catch trials, stated before anyone takes part and applied in the analysis only."""

    needed: Count | None = Field(default=None, description="right answers needed of design.catch")


class Exclusion(Section):
    """Whose answers the analysis sets aside (nothing is deleted; figures are given with and without)."""

    min_median_ms: Milliseconds = Field(default=0, description="median response time below this; 0: no rule")
    max_straight_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0, description="share of answers at one position above this; 1: no rule"
    )
    catch: bool = Field(default=True, description="people who fail the catch rule")


class Panel(Section):
    """Where people come from and what they get."""

    kind: Literal["none", "prolific", "mturk"] = Field(default="none", description="none, prolific or mturk")
    completion_code: Annotated[str, Field(max_length=100)] = Field(default="", description="shown at the end")
    completion_url: Annotated[str, Field(max_length=500)] = Field(
        default="", description="https address that people are sent to at the end"
    )
    pay_per_participant: Annotated[float, Field(ge=0)] = Field(default=0.0, description="for a whole session")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(default="USD", description="three letters")

    @model_validator(mode="after")
    def _safe_url(self) -> Self:
        if self.completion_url:
            parts = urlsplit(self.completion_url)
            if parts.scheme != "https" or not parts.hostname or not _PRINTABLE.fullmatch(self.completion_url):
                raise ValueError(f"completion_url must be an https address, got {self.completion_url[:80]!r}")
        return self


class Scale(Section):
    """The scale of ratings."""

    low: float = Field(default=1.0, description="the least alike")
    high: float = Field(default=7.0, description="the most alike")
    step: Annotated[float, Field(ge=0)] = Field(
        default=1.0, description="between two marks; 0: a slider without marks"
    )
    labels: dict[Language, list[str]] = Field(
        default_factory=dict, description="by language: names of the two ends, or of every mark"
    )

    @property
    def marks(self) -> int:
        """How many answers there are; 0: any number from low to high."""
        return 0 if self.step == 0 else round((self.high - self.low) / self.step) + 1

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low = {self.low:g} must be below high = {self.high:g}")
        if self.step and abs((self.high - self.low) / self.step - (self.marks - 1)) > 1e-9:
            raise ValueError(f"steps of {self.step:g} do not lead from {self.low:g} to {self.high:g}")
        for language, labels in self.labels.items():
            if len(labels) not in (2, self.marks):
                raise ValueError(
                    f"labels.{language} has {len(labels)} names: give 2 (the ends) or {self.marks} (every mark)"
                )
        return self


class Choice(Section):
    """One answer to a question with choices."""

    value: Annotated[str, Field(min_length=1, max_length=100)] = Field(description="what is stored")
    text: dict[Language, str] = Field(description="what people read, by language")


class Question(Section):
    """A question after the trials."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")] = Field(description="of the column")
    text: dict[Language, str] = Field(description="what people read, by language")
    kind: Literal["text", "choice", "number"] = Field(default="text", description="text, choice or number")
    choices: list[Choice] = Field(default_factory=list, description="value and text of each (kind choice)")
    required: bool = Field(default=False, description="whether an answer is demanded")

    @model_validator(mode="after")
    def _choices_fit(self) -> Self:
        values = [choice.value for choice in self.choices]
        if (self.kind == "choice") != bool(values):
            raise ValueError(f'question {self.name}: choices belong to kind = "choice" and are needed there')
        if len(set(values)) < len(values):
            raise ValueError(f"question {self.name}: two choices have the same value")
        return self
