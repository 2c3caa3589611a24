"""The kinds of tables, one class for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lookalike.errors import JudgmentError
from lookalike.judgments.base import Judgments
from lookalike.judgments.columns import Column, Where, flags, image, text, votes
from lookalike.judgments.summary import quartiles


class PairTable(Judgments):
    """Two images that somebody found alike (Totally Looks Like).

    Columns: left, right: content ids; up_votes, down_votes: int32 or empty; split: text or empty.
    """

    kind = "pairs"
    ANSWERS_COMPETE = False
    COLUMNS = (
        image("left"),
        image("right"),
        votes("up_votes", nullable=True),
        votes("down_votes", nullable=True),
        text("split"),
    )

    def votes_by_row(self) -> NDArray[np.int64] | None:
        """int64 (n, 2): up, down; None where no row has votes (up and down are no answers to one question)."""
        if all(self.table.column(name).null_count == len(self) for name in ("up_votes", "down_votes")):
            return None
        return super().votes_by_row()

    def details(self) -> dict[str, Any]:
        """``up_votes`` and ``down_votes``: quartiles over the pairs that have some."""
        found = {name: quartiles(self.array(name)) for name in ("up_votes", "down_votes")}
        return {name: values for name, values in found.items() if values}

    def _check_rows(self, where: Where) -> None:
        self._check_different(where, "left", "right")


class TripletTable(Judgments):
    """Which of two images is more like a reference, counted (2AFC).

    Columns: reference, a, b: content ids; votes_a, votes_b: int32; split: text or empty.
    """

    kind = "triplets"
    COLUMNS = (image("reference"), image("a"), image("b"), votes("votes_a"), votes("votes_b"), text("split"))

    def _check_rows(self, where: Where) -> None:
        _check_triplets(self, where)


class TripletAnswers(Judgments):
    """Which of two images is more like a reference, answer by answer.

    Columns: participant: text; reference, a, b: content ids, a was shown left; chosen: int32, 0 = a, 1 = b;
    response_time_s: float64 seconds or empty.
    """

    kind = "triplet-answers"
    COLUMNS = (
        Column("participant", pa.string()),
        image("reference"),
        image("a"),
        image("b"),
        Column("chosen", pa.int32()),
        Column("response_time_s", pa.float64(), nullable=True),
    )

    def votes(self) -> TripletTable:
        """The answers counted: one row for each reference and unordered {a, b}, in order of first appearance.

        ``a`` is the image with the smaller content id, whichever side it was shown on. Other columns are
        dropped: choose rows with :meth:`where` first. ``refused`` stays that of the answers.
        """
        a, b = self.table.column("a"), self.table.column("b")
        swap = pc.greater(a, b)
        first = pc.equal(pc.equal(self.table.column("chosen"), 0), pc.invert(swap))
        counted = pa.table(
            {
                "reference": self.table.column("reference"),
                "a": pc.if_else(swap, b, a),
                "b": pc.if_else(swap, a, b),
                "votes_a": first.cast(pa.int32()),
                "votes_b": pc.invert(first).cast(pa.int32()),
            }
        )
        keys = ["reference", "a", "b"]
        sums = counted.group_by(keys, use_threads=False).aggregate([("votes_a", "sum"), ("votes_b", "sum")])
        columns = {key: sums.column(key) for key in keys}
        for name in ("votes_a", "votes_b"):
            columns[name] = sums.column(f"{name}_sum").cast(pa.int32())
        counts = TripletTable(pa.table(columns), self.images, meta=self.meta, note=self.note)
        counts.refused = self.refused
        return counts

    def details(self) -> dict[str, Any]:
        """``participants``; quartiles of their numbers of answers and of ``response_time_s``; ``chosen_left``."""
        answers = pc.value_counts(self.table.column("participant")).field("counts").to_numpy()
        return {
            "participants": len(answers),
            "answers_per_participant": quartiles(answers),
            "response_time_s": quartiles(self.array("response_time_s")),
            "chosen_left": float((self.array("chosen") == 0).mean()) if len(self) else None,
        }

    def votes_by_row(self) -> NDArray[np.int64] | None:
        """int64 (n, 2): one vote for a (left) or for b (right)."""
        chosen = self.array("chosen")
        return np.stack([chosen == 0, chosen == 1], axis=1).astype(np.int64)

    def _check_rows(self, where: Where) -> None:
        _check_triplets(self, where)
        chosen = self.table.column("chosen")
        bad = ~np.isin(chosen.to_numpy(), (0, 1))
        where.refuse(bad, lambda row: f"chosen is {chosen[row].as_py()}: it must be 0 (a) or 1 (b)")
        times = self.table.column("response_time_s")
        bad = flags(pc.less(times, 0)) | flags(pc.is_nan(times))
        where.refuse(bad, lambda row: f"response_time_s is {times[row].as_py()}: seconds cannot be negative")


class ForcedChoiceTable(Judgments):
    """One query, several images to choose from (k-AFC).

    Columns: query: content id; options: list of content ids, at least two, all different; right: int32,
    position in options, or empty; answers: list of int32, how many people chose each option, or empty; set: text
    or empty (sub-experiment).
    """

    kind = "forced-choice"
    COLUMNS = (
        image("query"),
        Column("options", pa.list_(pa.string()), image=True),
        Column("right", pa.int32(), nullable=True),
        Column("answers", pa.list_(pa.int32()), nullable=True, count=True),
        text("set"),
    )

    def option_paths(self) -> list[list[Path]]:
        """Where the options lie here, row by row.

        Raises:
            JudgmentError: an image is not on this machine.
        """
        return [[self.images.path(content) for content in cell] for cell in self.column("options")]

    def votes_by_row(self) -> NDArray[np.int64] | None:
        """int64 (n, largest number of options), padded with 0; None where no row has answers."""
        cells = [cell or [] for cell in self.column("answers")]
        width = max(map(len, cells), default=0)
        if width == 0:
            return None
        return np.array([cell + [0] * (width - len(cell)) for cell in cells], dtype=np.int64)

    def _check_rows(self, where: Where) -> None:
        options, right, answers = self.column("options"), self.column("right"), self.column("answers")
        counts = [len(cell) for cell in options]
        where.refuse(
            np.array([n < 2 for n in counts], bool),
            lambda row: f"a choice needs two options, options has {counts[row]}",
        )
        where.refuse(
            np.array([len(set(cell)) < len(cell) for cell in options], bool),
            lambda _: "the same image is twice among the options",
        )
        where.refuse(
            np.array([r is not None and not 0 <= r < n for r, n in zip(right, counts, strict=True)], bool),
            lambda row: (
                f"right is {right[row]}: it is a position among {counts[row]} options, counted from 0"
            ),
        )
        where.refuse(
            np.array([cell is not None and None in cell for cell in answers], bool),
            lambda _: "one of the numbers in answers is empty",
        )
        where.refuse(
            np.array([c is not None and len(c) != n for c, n in zip(answers, counts, strict=True)], bool),
            lambda row: f"answers has {len(answers[row])} numbers for {counts[row]} options",
        )


class OddOneOutTable(Judgments):
    """Which of three images is the odd one (THINGS).

    Columns: a, b, c: content ids; votes_a, votes_b, votes_c: int32, how many people named it the odd one.
    """

    kind = "odd-one-out"
    COLUMNS = (image("a"), image("b"), image("c"), votes("votes_a"), votes("votes_b"), votes("votes_c"))

    def _check_rows(self, where: Where) -> None:
        for one, other in (("a", "b"), ("a", "c"), ("b", "c")):
            self._check_different(where, one, other)


class SameDifferentTable(Judgments):
    """Whether two images looked the same to people (JND); an image may stand beside itself (a catch trial).

    Columns: a, b: content ids; votes_same, votes_different: int32.
    """

    kind = "same-different"
    COLUMNS = (image("a"), image("b"), votes("votes_same"), votes("votes_different"))


class RatingTable(Judgments):
    """How alike two images are, on a scale.

    Columns: a, b: content ids; rating: float64, mean over raters; raters: int32 or empty. ``meta`` may hold
    "low" and "high", the ends of the scale; ratings outside are refused.
    """

    kind = "ratings"
    COLUMNS = (image("a"), image("b"), Column("rating", pa.float64()), votes("raters", nullable=True))

    def scale(self) -> tuple[float, float]:
        """(low, high): the ends of the scale, infinite where they are not said.

        Raises:
            JudgmentError: an end is no number, or they are the wrong way round.
        """
        try:
            low, high = float(self.meta.get("low", "-inf")), float(self.meta.get("high", "inf"))
        except ValueError as error:
            raise JudgmentError("the scale's low and high in the table's meta must be numbers") from error
        if not low < high:
            raise JudgmentError(f"the scale's low end {low:g} is not below its high end {high:g}")
        return low, high

    def votes_by_row(self) -> NDArray[np.int64] | None:
        """None: raters are no votes for an answer."""
        return None

    def _check_rows(self, where: Where) -> None:
        low, high = self.scale()
        ratings = self.table.column("rating").to_numpy()
        where.refuse(~np.isfinite(ratings), lambda row: f"rating is {ratings[row]}, which is no number")
        outside = (ratings < low) | (ratings > high)
        where.refuse(outside, lambda row: f"rating {ratings[row]:g} is outside the scale {low:g} to {high:g}")


def _check_triplets(table: Judgments, where: Where) -> None:
    for one, other in (("reference", "a"), ("reference", "b"), ("a", "b")):
        table._check_different(where, one, other)


KINDS: dict[str, type[Judgments]] = {
    table.kind: table
    for table in (
        PairTable,
        TripletTable,
        TripletAnswers,
        ForcedChoiceTable,
        OddOneOutTable,
        SameDifferentTable,
        RatingTable,
    )
}
"""Kind -> class."""
