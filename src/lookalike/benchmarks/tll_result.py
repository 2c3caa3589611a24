"""What a run over a table of pairs found: figures by encoder, and everything the report and the files show."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks import published
from lookalike.extras import import_extra

if TYPE_CHECKING:
    import pandas as pd

    from lookalike.benchmarks.associative import Spread
    from lookalike.benchmarks.estimates import Estimate
    from lookalike.benchmarks.face_statistics import FaceStatistics
    from lookalike.benchmarks.features import BadImage
    from lookalike.benchmarks.near_duplicates import NearDuplicates
    from lookalike.benchmarks.paired_tests import PairedTest
    from lookalike.benchmarks.recall import Recall
    from lookalike.benchmarks.votes import VoteCorrelation
    from lookalike.judgments import PairTable

Kind = Literal["generic", "faces", "with faces", "on faces", "transformed", "comparator"]


@dataclass(frozen=True)
class Measured:
    """One way to tell how alike two images are, scored on all pairs.

    Attributes:
        name: the encoder as it was asked for, with what was added: ``NAME + faces``, ``NAME on faces``.
        metric: ``cosine`` or ``euclidean``.
        kind: what it is made of.
        recall: of all pairs.
        subsets: recall within ``TLL_d`` and ``TLL_obj``.
        associative: m -> share right among m candidates, over repetitions; only for the name's main metric.
        nearest: intp (n, 5), the candidates found for each left image, nearest first.
        nearest_distances: float32 (n, 5), their distances.
        pair_distances: float32 (n,), distance inside each pair; +inf where there is none.
        votes: correlation of these distances with votes, where the table has any.
        conditions: share right in the conditions of the human study, by (subset, distractors).
        fitted_pairs: how many of the scored pairs a comparator was fitted on; above 0 its figures are no measurement.
    """

    name: str
    metric: str
    kind: Kind
    recall: Recall
    subsets: Mapping[str, Recall]
    associative: Mapping[int, Spread]
    nearest: NDArray[np.intp]
    nearest_distances: NDArray[np.float32]
    pair_distances: NDArray[np.float32]
    votes: VoteCorrelation | None = None
    conditions: Mapping[tuple[str, str], Estimate] = field(default_factory=dict)
    fitted_pairs: int = 0

    @property
    def distance(self) -> str:
        """The kind of distance as people read it; a comparator's key is ``cosine`` so that scripts find it."""
        return "log odds" if self.kind == "comparator" else {"euclidean": "L2"}.get(self.metric, self.metric)


@dataclass(frozen=True)
class Unavailable:
    """A name that could not be measured, and why in one line."""

    name: str
    error: str


@dataclass(frozen=True)
class RetrievalError:
    """A query whose right image was not among the five that were found (figure 3 of the paper).

    Attributes:
        pair: row of the table.
        query, right: content ids of the left image and of the one that a person paired with it.
        found: content ids of the five nearest, with their distances.
        rank: expected place of the right image; +inf where it has none.
    """

    pair: int
    query: str
    right: str
    found: tuple[tuple[str, float], ...]
    rank: float


@dataclass(frozen=True)
class PairsResult:
    """The whole run; see :meth:`to_dict` for the JSON, :meth:`to_pandas` for table 1.

    Attributes:
        table: the pairs that were scored.
        gallery: content ids of the candidates, in the order of the matrices' columns.
        measured: every name and metric, in the order of the report.
        unavailable: what could not be had.
        near: near-duplicates and the subsets without them; None where they were not looked for.
        faces: figure 5c's statistics; None without faces.
        comparisons: k -> paired tests of recall@k between names.
        errors: queries that ``errors_of`` got wrong.
        errors_of: the name (and its metric) whose errors these are.
        skipped: images that could not be read, whose pairs were left out, by content id.
        skipped_pairs: how many pairs that cost.
        settings: what was asked for, in plain values.
        seconds: stage -> wall time.
        notes: sentences that a reader must know.
    """

    table: PairTable
    gallery: Sequence[str]
    measured: Sequence[Measured]
    unavailable: Sequence[Unavailable] = ()
    near: NearDuplicates | None = None
    faces: FaceStatistics | None = None
    comparisons: Mapping[int, Sequence[PairedTest]] = field(default_factory=dict)
    errors: Sequence[RetrievalError] = ()
    errors_of: tuple[str, str] = ("", "")
    skipped: Mapping[str, BadImage] = field(default_factory=dict)
    skipped_pairs: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def names(self) -> list[str]:
        """Every measured name once, in order."""
        return list(dict.fromkeys(one.name for one in self.measured))

    def get(self, name: str, metric: str | None = None) -> Measured:
        """One name; without a metric its main one (the first measured).

        Raises:
            KeyError: nothing of that name was measured.
        """
        for one in self.measured:
            if one.name == name and metric in (None, one.metric):
                return one
        raise KeyError(f"{name} ({metric or 'any metric'}) was not measured")

    @property
    def main(self) -> list[Measured]:
        """Each name with its main metric."""
        return [self.get(name) for name in self.names]

    @property
    def best(self) -> Measured:
        """The highest recall@10, then recall@1, of what was not fitted on these pairs (where there is any)."""
        honest = [one for one in self.main if not one.fitted_pairs]
        return max(honest or self.main, key=lambda one: (one.recall.at[10].value, one.recall.at[1].value))

    @property
    def warnings(self) -> list[str]:
        """Notes without which the figures mislead: they stand above them."""
        return [note for note in self.notes if note.startswith("WARNING: ")]

    def subset_size(self, subset: str) -> int:
        """Pairs of ``TLL_d`` or ``TLL_obj``; 0 where near-duplicates were not looked for."""
        if self.near is None:
            return 0
        return len(self.near.kept_d if subset == "TLL_d" else self.near.kept_obj)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``lookalike bench tll``: percentages throughout, distances and correlations as they are."""
        from lookalike.benchmarks.tll_json import as_dict

        return as_dict(self)

    def __repr__(self) -> str:
        found = f", {self.best.name} finds {self.best.recall.at[1].value:.1%} at once" if self.main else ""
        return f"PairsResult({len(self.table)} pairs, {len(self.measured)} ways to measure{found})"

    def to_pandas(self) -> pd.DataFrame:
        """Table 1: one row for each name and metric, recall in percent with its interval.

        Raises:
            MissingDependency: pandas is not installed.
        """
        from lookalike.benchmarks.tll_tables import recall_rows

        pandas = import_extra("pandas", "pandas", "to_pandas()")
        header, *rows = recall_rows(self)
        frame: pd.DataFrame = pandas.DataFrame([dict(zip(header, row, strict=True)) for row in rows])
        return frame

    def write_tables(self, folder: Path | str) -> list[Path]:
        """Every table as CSV; returns the files written.

        Raises:
            BenchmarkError: the folder cannot be written.
        """
        from lookalike.benchmarks.tll_tables import write_tables

        return write_tables(self, Path(folder))

    def _repr_html_(self) -> str:
        """Table 1, for notebooks."""
        ranks = published.RANKS
        head = "".join(f"<th>R@{k}</th>" for k in ranks)
        rows = []
        for one in self.measured:
            cells = "".join(f"<td>{100 * one.recall.at[k].value:.1f}</td>" for k in ranks)
            rows.append(f"<tr><th>{html.escape(one.name)}</th><td>{one.metric}</td>{cells}</tr>")
        for lost in self.unavailable:
            text = html.escape(lost.error)
            rows.append(
                f"<tr><th>{html.escape(lost.name)}</th><td colspan='{len(ranks) + 1}'>{text}</td></tr>"
            )
        return (
            f"<table><caption>Recall in percent, {len(self.table):,} pairs</caption>"
            f"<tr><th>encoder</th><th>distance</th>{head}</tr>{''.join(rows)}</table>"
        )
