"""How simulated participants answer: taste, lapses, habits of place, carelessness, and the time they take."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.errors import InvalidArgument
from lookalike.studies.simulate_tastes import Tastes, generator
from lookalike.studies.types import is_vote

if TYPE_CHECKING:
    from lookalike.studies.config import StudyConfig
    from lookalike.studies.items import Item
    from lookalike.studies.study import Study

CARELESS_MS = 250.0
"""Median time of who clicks without looking."""
_SHARES = ("accuracy", "lapse", "bias", "careless", "dropout", "resend")


@dataclass(frozen=True)
class Behaviour:
    """What all simulated participants of one run have in common.

    Attributes:
        accuracy: mean share of right answers of who looks (of the favourite where nothing is right).
        spread: standard deviation of that share between items.
        lapse: share of answers given at random.
        bias: share of answers that go to the first place (same/different: "same"; ratings: the low end), whatever it shows.
        careless: share of participants who answer everything at random and fast; they fail the catch trials.
        dropout: share of participants who leave before the end, each at a random trial.
        resend: share of answers sent a second time, as after a lost reply.
        median_ms: median response time to an easy item; hard ones take up to half as long again.
        noise: of choices by an encoder's similarities, in units of its distance.

    Raises:
        InvalidArgument: a share outside [0, 1], or a number that must be positive is not.
    """

    accuracy: float = 0.75
    spread: float = 0.15
    lapse: float = 0.02
    bias: float = 0.0
    careless: float = 0.0
    dropout: float = 0.0
    resend: float = 0.0
    median_ms: float = 1_500.0
    noise: float = 0.05

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidArgument(
                    f"{name} of simulated participants must be 0 to 1, not {getattr(self, name):g}"
                )
        if self.lapse + self.bias > 1:
            raise InvalidArgument("lapse and bias of simulated participants are more than all their answers")
        if not (self.spread >= 0 and 0 < self.median_ms <= 600_000 and self.noise > 0):
            raise InvalidArgument(
                "simulated participants need spread >= 0, noise > 0 and 0 < median_ms <= 600000"
            )

    def to_dict(self) -> dict[str, float]:
        """Plain values for JSON."""
        return asdict(self)

    @property
    def by_place(self) -> float:
        """Share of all answers that go to the first place, careless people counted."""
        return (1 - self.careless) * self.bias

    @property
    def by_taste(self) -> float:
        """Share of all answers that the images decide."""
        return (1 - self.careless) * (1 - self.lapse - self.bias)


@dataclass(frozen=True)
class Given:
    """One answer before it is sent: the fields of the answer's body and its time."""

    fields: dict[str, Any]
    response_time_ms: float


class Person:
    """One simulated participant: the same number and seed answer an item in the same way again.

    Args:
        number: which one.
        behaviour: of all.
        tastes: of the items.
        config: of the study (its scale and its shortest response time).
        seed: of the run.
    """

    def __init__(
        self, number: int, behaviour: Behaviour, tastes: Tastes, config: StudyConfig, seed: int
    ) -> None:
        rng = generator(seed, "person", number)
        self.number = number
        self.careless = bool(rng.random() < behaviour.careless)
        self.leaves_at = float(rng.random()) if rng.random() < behaviour.dropout else None
        self.device = str(rng.choice(["desktop", "phone", "tablet"], p=[0.7, 0.25, 0.05]))
        self._pace = float(np.exp(rng.normal(0, 0.2)))
        self._behaviour = behaviour
        self._tastes = tastes
        self._config = config
        self._seed = seed

    def leaves(self, index: int, trials: int) -> bool:
        """Whether this person is gone before trial ``index``."""
        return self.leaves_at is not None and index >= int(self.leaves_at * trials)

    def resends(self, item: Item) -> bool:
        """Whether the answer to an item is sent twice."""
        return bool(generator(self._seed, self.number, item.id, "again").random() < self._behaviour.resend)

    def answer(self, item: Item, order: tuple[int, ...]) -> Given:
        """The answer to an item whose options stand in ``order`` (for each place the index of the option)."""
        rng = generator(self._seed, self.number, item.id)
        shares = self._tastes.of(item)
        kind = "lapse" if self.careless else self._kind(rng)
        if kind == "taste":
            choice = int(rng.choice(len(shares), p=shares))
        elif kind == "place":
            choice = order[0] if order else _FIRST_BUTTON.get(item.type, 0)
        else:
            choice = int(rng.integers(len(shares)))
        return Given(self._fields(item, order, choice, rng), self._time(float(shares.max()), rng))

    def _kind(self, rng: np.random.Generator) -> str:
        draw = float(rng.random())
        if draw < self._behaviour.lapse:
            return "lapse"
        return "place" if draw < self._behaviour.lapse + self._behaviour.bias else "taste"

    def _fields(
        self, item: Item, order: tuple[int, ...], choice: int, rng: np.random.Generator
    ) -> dict[str, Any]:
        if item.options:
            return {"position": order.index(choice)}
        if item.type == "same-different":
            return {"same": bool(choice)}
        if item.type == "rating":
            return {"value": self._rating(choice, rng)}
        return {"value": 1.0 if choice else -1.0} if is_vote(item) else {"text": "a simulated proposal"}

    def _rating(self, choice: int, rng: np.random.Generator) -> float:
        """A value in the half of the scale that was chosen."""
        scale = self._config.scale
        assert scale is not None  # the settings demand it for ratings
        place = (choice + float(rng.random())) / 2
        if scale.marks:
            return scale.low + scale.step * min(int(place * scale.marks), scale.marks - 1)
        return scale.low + place * (scale.high - scale.low)

    def _time(self, clearest: float, rng: np.random.Generator) -> float:
        median = CARELESS_MS if self.careless else self._behaviour.median_ms * (1.5 - clearest / 2)
        found = median * self._pace * float(np.exp(rng.normal(0, 0.4)))
        return round(max(found, float(self._config.timing.min_response_ms)), 1)


_FIRST_BUTTON = {"same-different": 1}


@dataclass(frozen=True)
class Expected:
    """What the analysis should find in many answers to these very items, before anybody is set aside.

    Attributes:
        accuracy: None where no answer is right.
        agreement: of two people on an item; None where nothing is chosen.
        first_place: share of the first shown place; None where nothing is shuffled.
    """

    accuracy: float | None
    agreement: float | None
    first_place: float | None

    def to_dict(self) -> dict[str, float | None]:
        """Plain values for JSON."""
        return asdict(self)


def expected(study: Study, behaviour: Behaviour, tastes: Tastes) -> Expected:
    """What simulated participants of a run come to on average, over the study's main items."""
    right, agree, first = [], [], []
    for item in study.items.where(role="main"):
        taste = tastes.of(item)
        if item.type in ("rating", "recall-and-vote"):
            continue
        places = len(taste)
        other = 1 - behaviour.by_taste - behaviour.by_place
        shares = behaviour.by_taste * taste + other / places
        if item.options:
            # Options stand at the first place equally often, so a habit of place spreads over them alike.
            shares = shares + behaviour.by_place / places
            first.append((1 - behaviour.by_place) / places + behaviour.by_place)
        else:
            shares[_FIRST_BUTTON[item.type]] += behaviour.by_place
        agree.append(float((shares**2).sum()))
        if item.right is not None:
            right.append(float(shares[item.right]))
    return Expected(_mean(right), _mean(agree), _mean(first))


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
