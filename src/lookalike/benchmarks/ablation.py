"""Attribute ablation: how an encoder's agreement with people and its distances change without colour, layout, ...

After Fu, Tamir, Sundaram et al., "DreamSim" (2023), section 3.2. A metric that loses agreement when an attribute is
taken away leaned on it; the shift says how far the pairs move apart (or together), whatever the agreement does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.ablation_attributes import ATTRIBUTES, Attribute, named
from lookalike.benchmarks.ablation_scores import Score, Task, random_pairs, task_of
from lookalike.benchmarks.ablation_vectors import Vectors, ablated_vectors, intact_vectors, row_distances
from lookalike.benchmarks.paired_tests import holm
from lookalike.benchmarks.statistics import Estimate, bootstrap_mean, paired_means
from lookalike.errors import BenchmarkError, InvalidArgument
from lookalike.extras import import_extra, require_stats
from lookalike.progress import Progress
from lookalike.similarity import Metric
from lookalike.similarity.vectors import check_metric

if TYPE_CHECKING:
    import pandas as pd

    from lookalike.encoders import Encoder
    from lookalike.judgments import Judgments

Side = Literal["one", "both"]
SIDES: tuple[Side, ...] = ("one", "both")


@dataclass(frozen=True)
class AblationRow:
    """One attribute taken from one or from both images.

    Attributes:
        attribute: its name.
        side: "one": from the reference or the left image; "both": from every image.
        agreement: 2AFC score or recall@10 without it, a share in [0, 1].
        change: agreement without minus agreement with it, on the same items (paired bootstrap interval).
        p, p_holm: two-sided sign-flip permutation test of the change, and after Holm over all rows.
        shift: mean over items of the pair's distance without minus with it, in standard deviations of the
            distances of random pairs of intact images; > 0: the pair moved apart.
        random_shift: the same for random pairs: what the ablation does to any two images.
        more: further figures (score_by_item and majority, or recall at each k and ranks).
    """

    attribute: str
    side: Side
    agreement: Estimate
    change: Estimate
    p: float
    p_holm: float
    shift: Estimate
    random_shift: float
    more: dict[str, Any]


@dataclass(frozen=True)
class AblationResult:
    """What one encoder leans on.

    Attributes:
        encoder: its name. kind: "triplets" or "pairs". measure: what agreement is.
        metric: how embeddings are compared. items: triplets or pairs. images: distinct images.
        intact: agreement of the images as they are; intact_more: further figures of the same.
        spread: standard deviation of the distances of random pairs, the unit of the shifts.
        rows: attributes in the order asked for, side "one" before "both".
        seed: of the shuffles, random pairs and intervals.
        fingerprint: of the encoder: its weights and preprocessing.
    """

    encoder: str
    kind: str
    measure: str
    metric: Metric
    items: int
    images: int
    intact: Estimate
    intact_more: dict[str, Any]
    spread: float
    rows: tuple[AblationRow, ...]
    seed: int
    fingerprint: str = ""

    def row(self, attribute: str, side: Side) -> AblationRow:
        """The row of an attribute and side.

        Raises:
            InvalidArgument: it was not measured.
        """
        for row in self.rows:
            if row.attribute == attribute and row.side == side:
                return row
        raise InvalidArgument(f"the ablation has no row for {attribute}, {side}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; agreement as shares in [0, 1]."""
        return asdict(self)

    def to_pandas(self) -> pd.DataFrame:
        """One line for each row: the figures and the ends of their intervals.

        Raises:
            MissingDependency: pandas is not installed.
        """
        pandas = import_extra("pandas", "pandas", "to_pandas()")
        lines = []
        for row in self.rows:
            line: dict[str, Any] = {"encoder": self.encoder, "attribute": row.attribute, "side": row.side}
            for name in ("agreement", "change", "shift"):
                estimate: Estimate = getattr(row, name)
                line |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
            lines.append({**line, "p": row.p, "p_holm": row.p_holm, "random_shift": row.random_shift})
        frame: pd.DataFrame = pandas.DataFrame(lines)
        return frame


def ablate(
    table: Judgments,
    encoder: Encoder,
    *,
    attributes: Sequence[str | Attribute] | None = None,
    side: Side | Sequence[Side] = SIDES,
    metric: Metric = "cosine",
    seed: int = 0,
    name: str | None = None,
    progress: Progress | None = None,
) -> AblationResult:
    """Measure an encoder on a table with and without each attribute.

    Images as they are go through the embedding cache; ablated ones are made and embedded in batches, one
    attribute at a time, so that memory holds two embeddings of each image and one batch of pixels.

    Args:
        table: pairs, triplets or answers to triplets; triplets without a vote are left out.
        encoder: any.
        attributes: names in ATTRIBUTES or attributes of your own; None takes them all.
        side: "one" (only the reference or left image is ablated), "both" (every image), or both of them.
        metric: ``cosine`` or ``euclidean``.
        seed: of the shuffles, the random pairs and the intervals.
        name: of the encoder in the result; None takes its card's.
        progress: told about every batch.

    Raises:
        BenchmarkError: a table of another kind, without items or votes; an encoder whose distances are all alike.
        ImageError: an image cannot be read; names it.
        JudgmentError: an image is not on this machine.
        InvalidArgument: an unknown attribute, side or metric.
        MissingDependency: the extra ``stats`` is not installed.
    """
    require_stats("an ablation")
    check_metric(metric)
    wanted = _attributes(attributes)
    sides = _sides(side)
    task = task_of(table, metric, seed)
    contents = list(dict.fromkeys([*task.first, *task.others]))
    intact = intact_vectors(encoder, table.images, contents, progress)
    before = task.score(intact, intact)
    unrelated = random_pairs(task.first, task.others, seed)
    usual = row_distances(intact.of(unrelated[0]), intact.of(unrelated[1]), metric)
    spread = float(usual.std())
    shown = name or encoder.card.name
    if spread <= 1e-9:
        raise BenchmarkError(f"encoder {shown}: all distances are alike, so no shift can be measured")
    ruler = _Ruler(task, before, unrelated, usual, spread, metric, seed)
    rows = []
    touched = contents if "both" in sides else list(dict.fromkeys(task.first))
    for attribute in wanted:
        changed = ablated_vectors(encoder, table.images, touched, attribute, seed, progress)
        rows += [
            ruler.row(attribute.name, one, changed, changed if one == "both" else intact) for one in sides
        ]
    return AblationResult(
        encoder=shown,
        kind="pairs" if table.kind == "pairs" else "triplets",
        measure=task.measure,
        metric=metric,
        items=len(before.items),
        images=len(contents),
        intact=before.agreement,
        intact_more=before.more,
        spread=spread,
        rows=tuple(_holm(rows)),
        seed=seed,
        fingerprint=encoder.card.fingerprint,
    )


@dataclass(frozen=True)
class _Ruler:
    """What every row is measured against: the intact images."""

    task: Task
    before: Score
    unrelated: tuple[list[str], list[str]]
    usual: NDArray[np.float64]
    spread: float
    metric: Metric
    seed: int

    def row(self, attribute: str, side: Side, first: Vectors, others: Vectors) -> AblationRow:
        after = self.task.score(first, others)
        test = paired_means(
            {attribute: after.items, "intact": self.before.items},
            self.task.weights,
            clusters=self.task.clusters,
            seed=self.seed,
        )[0]
        moved = (after.distances - self.before.distances) / self.spread
        random = row_distances(first.of(self.unrelated[0]), others.of(self.unrelated[1]), self.metric)
        return AblationRow(
            attribute=attribute,
            side=side,
            agreement=after.agreement,
            change=test.difference,
            p=test.p,
            p_holm=test.p,
            shift=bootstrap_mean(moved, clusters=self.task.clusters, seed=self.seed),
            random_shift=float((random - self.usual).mean() / self.spread),
            more=after.more,
        )


def _holm(rows: list[AblationRow]) -> list[AblationRow]:
    """Holm's correction over all rows: each is compared with the intact images."""
    return [replace(row, p_holm=p) for row, p in zip(rows, holm([row.p for row in rows]), strict=True)]


def _attributes(wanted: Sequence[str | Attribute] | None) -> list[Attribute]:
    chosen = list(ATTRIBUTES.values()) if wanted is None else []
    for one in wanted or ():
        chosen.append(one if isinstance(one, Attribute) else named(one))
    names = [attribute.name for attribute in chosen]
    if not names or len(set(names)) < len(names):
        raise InvalidArgument("name at least one attribute, each once; " + f"known: {', '.join(ATTRIBUTES)}")
    return chosen


def _sides(side: Side | Sequence[Side]) -> list[Side]:
    asked = [side] if isinstance(side, str) else list(side)
    unknown = [one for one in asked if one not in SIDES]
    if unknown or not asked:
        raise InvalidArgument(
            f"side is one, both, or both of them, got {unknown[0] if unknown else 'nothing'!r}"
        )
    return [one for one in SIDES if one in asked]
