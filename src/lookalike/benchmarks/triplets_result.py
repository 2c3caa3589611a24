"""What a benchmark of triplets found: figures, tables, and the triplets on which people and machines part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.ceilings import Ceiling
from lookalike.benchmarks.left_out import LeftOut
from lookalike.benchmarks.position_bias import PositionBias
from lookalike.benchmarks.statistics import Estimate, PairedTest
from lookalike.benchmarks.triplets_encoders import Failed
from lookalike.benchmarks.two_afc import TwoAfc
from lookalike.errors import BenchmarkError
from lookalike.extras import import_extra
from lookalike.similarity import Metric

if TYPE_CHECKING:
    import pandas as pd

    from lookalike.judgments import TripletTable

CLEAR = 0.8
"""Share of the votes from which on a majority is called clear."""


@dataclass(frozen=True)
class EncoderVotes:
    """One encoder against the votes.

    Attributes:
        name: as it was asked for.
        metric: how its vectors are compared.
        d_a: float64 (n,), distance of the reference to a.
        d_b: float64 (n,), to b.
        agreement: its 2AFC figures.
        explainable: (score - 0.5) / (majority oracle - 0.5); None where nothing can be explained.
        explainable_over_items: the same with the interval that takes triplets for independent.
        score_over_people: the score with whole participants drawn; None where raw answers are not known.
    """

    name: str
    metric: Metric
    d_a: NDArray[np.float64]
    d_b: NDArray[np.float64]
    agreement: TwoAfc
    explainable: Estimate | None
    explainable_over_items: Estimate | None = None
    score_over_people: Estimate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; shares in [0, 1]."""
        share, by_item = self.explainable, self.agreement.score_by_item
        return {
            **self.agreement.to_dict(),
            "score_by_item": by_item.value,
            "by_item_interval": by_item.ends,
            "explainable": None if share is None else share.value,
            "explainable_interval": _ends(share),
            "explainable_interval_items": _ends(self.explainable_over_items),
            "interval_participants": _ends(self.score_over_people),
            "metric": self.metric,
        }


@dataclass(frozen=True)
class Disagreement:
    """A triplet on which a clear majority is contradicted.

    Attributes:
        row: of the table.
        people: the side that most people chose.
        gap: distance to that side minus distance to the other, above 0.
    """

    row: int
    people: Literal["a", "b"]
    gap: float


@dataclass(frozen=True)
class TripletsResult:
    """The figures of `lookalike bench triplets`.

    Attributes:
        table: the triplets that were scored, at least one vote each.
        encoders: name as typed -> its figures, or why it could not be had.
        ceiling: how well people agree; None where no triplet has two votes.
        ceiling_repeated: the same over the triplets with at least two votes, on which ``explainable`` rests too.
        comparisons: every two encoders, paired over triplets (whole reference images where they repeat),
            vote-weighted, Holm-corrected.
        position: how often each side was chosen; None where raw answers are not known.
        seed: of the bootstrap.
        notes: what a reader must know about the data.
        skipped: rows left out because an image cannot be used.
        provenance: hashes of the data and of the encoders, version, BibTeX entry.
        fitted_triplets: encoder -> how many of these triplets it learned from, where any: its figures are no measurement.
    """

    table: TripletTable
    encoders: dict[str, EncoderVotes | Failed]
    ceiling: Ceiling | None
    ceiling_repeated: Ceiling | None
    comparisons: list[PairedTest]
    position: PositionBias | None
    seed: int = 0
    notes: list[str] = field(default_factory=list)
    skipped: LeftOut = field(default_factory=LeftOut)
    provenance: dict[str, Any] = field(default_factory=dict)
    fitted_triplets: dict[str, int] = field(default_factory=dict)

    @property
    def worked(self) -> dict[str, EncoderVotes]:
        """The encoders that could be had."""
        return {name: one for name, one in self.encoders.items() if isinstance(one, EncoderVotes)}

    @property
    def failed(self) -> dict[str, Failed]:
        """Those that could not."""
        return {name: one for name, one in self.encoders.items() if isinstance(one, Failed)}

    @property
    def answers(self) -> int:
        """How many single answers were given to these triplets."""
        return int(self.table.array("votes_a").sum() + self.table.array("votes_b").sum())

    def __repr__(self) -> str:
        scores = ", ".join(f"{name} {one.to_dict()['score']:.3f}" for name, one in self.worked.items())
        return f"TripletsResult({len(self.table)} triplets: {scores or 'nothing could be measured'})"

    def to_pandas(self) -> pd.DataFrame:
        """One row for each encoder: score with its 95 % interval, majority, explainable share; in [0, 1].

        Raises:
            MissingDependency: pandas is not installed.
        """
        pandas = import_extra("pandas", "pandas", "to_pandas()")
        rows = []
        for name, one in self.worked.items():
            figures = one.to_dict()
            low, high = figures["interval"]
            plain = {key: figures.get(key) for key in ("score", "majority", "explainable")}
            rows.append({"encoder": name, **plain, "low": low, "high": high})
        frame: pd.DataFrame = pandas.DataFrame(rows)
        return frame

    def to_dict(self) -> dict[str, Any]:
        """What `bench triplets --json` prints; shares in [0, 1]."""
        return {
            "triplets": len(self.table),
            "answers": self.answers,
            "images": len(self.table.distinct_images()),
            "encoders": {name: one.to_dict() for name, one in self.encoders.items()},
            "ceiling": ceiling_dict(self.ceiling, self.ceiling_repeated),
            "comparisons": [test.to_dict() for test in self.comparisons],
            "position_bias": None if self.position is None else self.position.to_dict(),
            "seed": self.seed,
            "skipped": self.skipped.to_dict(),
            "notes": self.notes,
            "provenance": self.provenance,
            "fitted_triplets": self.fitted_triplets,
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """For each encoder and triplet: names, votes, distances, and the share of people it sides with."""
        table = self.table
        names = {c: [table.images.name(i) for i in table.column(c)] for c in ("reference", "a", "b")}
        votes = {c: table.column(c) for c in ("votes_a", "votes_b")}
        for one in self.worked.values():
            for row in range(len(table)):
                yield {
                    "encoder": one.name,
                    "triplet": row,
                    **{column: values[row] for column, values in (names | votes).items()},
                    "distance_a": float(one.d_a[row]),
                    "distance_b": float(one.d_b[row]),
                    "agreement": float(one.agreement.items[row]),
                }

    def summary(self) -> list[dict[str, Any]]:
        """One row for each encoder that worked: its figures with the ends of their intervals."""
        found = []
        for one in self.worked.values():
            row: dict[str, Any] = {"encoder": one.name, "metric": one.metric}
            two = one.agreement
            for name, estimate in (
                ("score", two.score), ("score_by_item", two.score_by_item), ("majority", two.majority),
                ("explainable", one.explainable),
            ):  # fmt: skip
                ends = ("", "", "") if estimate is None else (estimate.value, estimate.low, estimate.high)
                row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
            found.append(row | {"tied_distances": two.tied_distances, "tied_votes": two.tied_votes})
        return found

    def margins(self) -> list[dict[str, Any]]:
        """One row for each encoder and vote margin: agreement with the majority."""
        return [
            {
                "encoder": one.name, "margin": row.margin, "triplets": row.triplets, "agreement": row.agreement.value,
                "low": row.agreement.low, "high": row.agreement.high,
            }
            for one in self.worked.values()
            for row in one.agreement.by_margin
        ]  # fmt: skip

    def disagreements(self, name: str, count: int = 12, *, per_reference: int = 2) -> list[Disagreement]:
        """Where that encoder contradicts a clear majority by the widest gap of distances, widest first.

        Clear are triplets with at least CLEAR of the votes on one side and at least as many votes as the median
        triplet (two, where any triplet has two).

        Args:
            name: of an encoder that worked.
            count: at most so many.
            per_reference: at most so many with the same reference image, so that one image does not fill the page.

        Raises:
            BenchmarkError: no such encoder, or it did not work.
        """
        one = self.encoders.get(name)
        if not isinstance(one, EncoderVotes):
            raise BenchmarkError(f"{name!r} is no encoder of this result that worked")
        return find_disagreements(self.table, one.d_a, one.d_b, count, per_reference=per_reference)


def find_disagreements(
    table: TripletTable,
    d_a: NDArray[np.float64],
    d_b: NDArray[np.float64],
    count: int = 12,
    *,
    per_reference: int = 2,
) -> list[Disagreement]:
    """The same for any table and distances, float64 (n,)."""
    a, b = table.array("votes_a"), table.array("votes_b")
    total = a + b
    gap = np.where(a > b, d_a - d_b, d_b - d_a)
    # One answer is no majority, unless there is nothing else.
    enough = max(float(np.median(total)), 2.0 if (total >= 2).any() else 1.0)
    clear = (np.maximum(a, b) >= CLEAR * total) & (total >= enough) & (a != b) & (gap > 0)
    rows = np.flatnonzero(clear)
    rows = rows[np.argsort(-gap[rows], kind="stable")]
    references = table.column("reference")
    seen: dict[str, int] = {}
    chosen: list[Disagreement] = []
    for row in rows.tolist():
        reference = references[row]
        seen[reference] = seen.get(reference, 0) + 1
        if seen[reference] <= per_reference and len(chosen) < count:
            chosen.append(Disagreement(row, "a" if a[row] > b[row] else "b", float(gap[row])))
    return chosen


def _ends(estimate: Estimate | None) -> list[float] | None:
    return None if estimate is None else [estimate.low, estimate.high]


def ceiling_dict(ceiling: Ceiling | None, repeated: Ceiling | None) -> dict[str, Any]:
    """Ceilings as JSON: shares, their intervals, and on how many triplets they rest; nulls where not known."""
    found = {
        "majority_oracle": ceiling.majority_oracle if ceiling else None,
        "majority_oracle_by_item": ceiling.majority_oracle_by_item if ceiling else None,
        "majority_oracle_repeated": repeated.majority_oracle if repeated else None,
        "leave_one_out": ceiling.leave_one_out if ceiling else None,
        "pairwise_agreement": ceiling.pairwise_agreement if ceiling else None,
    }
    return {
        **{name: None if one is None else one.value for name, one in found.items()},
        "intervals": {name: [one.low, one.high] for name, one in found.items() if one is not None},
        "repeated": ceiling.repeated if ceiling else 0,
    }
