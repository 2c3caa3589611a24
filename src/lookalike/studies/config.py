"""study.toml: everything about a study that is not an image or an item; every key is checked.

::

    name = "my-study"      of the folder in the address: small letters, digits, hyphens
    title = "..."          shown to people
    type = "kafc"          what is asked
    [design] [timing] [catch] [exclusion] [panel] [scale] [[questions]]
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from lookalike.errors import StudyError, printable
from lookalike.settings_errors import first_problem
from lookalike.studies.config_sections import (
    Catch,
    Count,
    Design,
    Exclusion,
    Language,
    Line,
    Panel,
    Question,
    Scale,
    Section,
    Timing,
)

CONFIG_FILE = "study.toml"
TypeName = Literal["kafc", "2afc", "odd-one-out", "same-different", "rating", "recall-and-vote"]
TYPE_NAMES: tuple[str, ...] = get_args(TypeName)
_VOTED = ("kafc", "2afc", "odd-one-out", "same-different")
"""Types whose answers can agree with one another: what unanimity and adaptive choice need."""


class StudyConfig(Section):
    """All settings of a study; immutable.

    Attributes:
        design, timing, catch, exclusion, panel, scale, questions: the sections; see
            :mod:`lookalike.studies.config_sections`. ``scale`` is None unless the study asks for ratings.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        description="of the study in its address: small letters, digits, hyphens"
    )
    title: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="shown to participants")
    type: TypeName = Field(description="what is asked: " + ", ".join(TYPE_NAMES))
    seed: Count = Field(
        default=0, description="of every random draw: orders and assignment can be reproduced"
    )
    languages: Annotated[list[Language], Field(min_length=1)] = Field(
        default_factory=lambda: ["en"], description="each has its folder in texts/; the first is the default"
    )
    institution: Line = Field(default="", description="who runs the study, named in the consent text")
    contact: Line = Field(
        default="",
        description="whom participants can write to, such as an e-mail address; shown in the texts",
    )
    design: Design = Field(default_factory=lambda: Design())
    timing: Timing = Field(default_factory=lambda: Timing())
    catch: Catch = Field(default_factory=lambda: Catch())
    exclusion: Exclusion = Field(default_factory=lambda: Exclusion())
    panel: Panel = Field(default_factory=lambda: Panel())
    scale: Scale | None = None
    questions: list[Question] = Field(default_factory=list)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read ``study.toml``.

        Args:
            path: the file, or the study's folder.

        Raises:
            StudyError: no such file, no TOML, or a key is wrong: one line names the key and the likeliest right one.
        """
        file = Path(path)
        file = file / CONFIG_FILE if file.is_dir() else file
        try:
            return cls.parse(tomllib.loads(file.read_text(encoding="utf-8")), str(file))
        except FileNotFoundError:
            raise StudyError(
                f"{printable(str(file))}: there is no such file; `lookalike study new` makes a study"
            ) from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())
            raise StudyError(f"{printable(str(file))} cannot be read: {reason}") from error

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str = CONFIG_FILE) -> Self:
        """From plain values, as TOML or JSON give them.

        Raises:
            StudyError: a key is unknown, missing or wrong; ``where`` is named.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise StudyError(f"{printable(where)}: {first_problem(error, cls, what='a study')}") from None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``parse`` takes them back."""
        return self.model_dump(mode="json")

    def hashed(self) -> dict[str, Any]:
        """The settings on which answers depend, as `Study.hash` takes them.

        Who runs the study and whom to write to do not count, and a key that is younger than the first version counts
        where it is used only: studies that were running keep their hash when lookalike is updated.
        """
        values = self.to_dict()
        del values["institution"], values["contact"]
        if values["design"]["votes"] is None:
            del values["design"]["votes"]
        return values

    @property
    def live(self) -> bool:
        """Whether items are chosen trial by trial, by what has been answered meanwhile."""
        return self.design.adaptive or self.design.votes is not None

    @property
    def cap(self) -> int:
        """The most answers that one item may get: K, or the rounds of staged votes."""
        return self.design.unanimity.rounds if self.design.unanimity else self.design.answers_per_item

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        design, needed = self.design, self.catch.needed
        if len(set(self.languages)) < len(self.languages):
            raise ValueError("languages: one is named twice")
        if needed is not None and needed > design.catch:
            raise ValueError(f"catch.needed = {needed} of design.catch = {design.catch} cannot be reached")
        if (design.unanimity or design.adaptive) and self.type not in _VOTED:
            raise ValueError(
                f"design.unanimity and design.adaptive need answers that are counted, not {self.type}"
            )
        if design.votes is not None:
            if self.type != "recall-and-vote":
                raise ValueError(f'design.votes belongs to type = "recall-and-vote", not {self.type}')
            if design.votes.per_participant >= design.trials_per_participant:
                raise ValueError(
                    f"design.votes.per_participant = {design.votes.per_participant} leaves none of "
                    f"{design.trials_per_participant} trials for proposals"
                )
        if (self.scale is not None) != (self.type == "rating"):
            raise ValueError('[scale] belongs to type = "rating" and is needed there')
        names = [question.name for question in self.questions]
        if len(set(names)) < len(names):
            raise ValueError("questions: two have the same name")
        texts = [(q.name, text) for q in self.questions for text in (q.text, *(c.text for c in q.choices))]
        for name, text in texts:
            gone = [language for language in self.languages if language not in text]
            if gone:
                raise ValueError(f"question {name} has no text in {', '.join(gone)}")
        return self
