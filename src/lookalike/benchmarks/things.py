"""THINGS (Hebart et al. 2020): of three images, does the encoder name the odd one that people name?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.encoder_names import distinct_encoders
from lookalike.benchmarks.left_out import LeftOut, refused, without_bad
from lookalike.benchmarks.odd_one_out import OddOneOut, odd_one_out
from lookalike.benchmarks.provenance import provenance
from lookalike.benchmarks.statistics import Estimate, PairedTest, bootstrap_mean, paired_means
from lookalike.benchmarks.triplets_encoders import Failed, check_any, each_encoder
from lookalike.encoders import DEFAULT_ENCODER, Encoder, EncoderOptions
from lookalike.errors import BenchmarkError, JudgmentError, printable
from lookalike.extras import require_stats
from lookalike.similarity import Metric

if TYPE_CHECKING:
    from lookalike.judgments import OddOneOutTable
    from lookalike.progress import Progress

Trio = tuple[str, str, str]


@dataclass(frozen=True)
class OddCeiling:
    """How well people agree, over the trials that at least two people answered; shares in [0, 1].

    Attributes:
        majority_oracle: share of single answers that always naming the majority's image agrees with.
        pairwise_agreement: two answers to one trial agree, mean over trials.
        repeated: number of such trials.
    """

    majority_oracle: Estimate
    pairwise_agreement: Estimate
    repeated: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        both = {"majority_oracle": self.majority_oracle, "pairwise_agreement": self.pairwise_agreement}
        return {
            **{name: one.value for name, one in both.items()},
            "intervals": {name: [one.low, one.high] for name, one in both.items()},
            "repeated": self.repeated,
        }


@dataclass(frozen=True)
class ThingsResult:
    """The figures of `lookalike bench things`.

    Attributes:
        trios: the n distinct trials, as content ids.
        votes: int64 (n, 3), how many people named each image the odd one.
        encoders: name as typed -> its figures, or why it could not be had.
        ceiling: None where no trial was answered twice.
        comparisons: every two encoders, paired over trials, weighted by answers, Holm-corrected.
        images: number of distinct images.
        notes: what a reader must know about the data.
        skipped: rows left out because an image cannot be used.
        provenance: hashes of the data and of the encoders, version, BibTeX entry.
    """

    trios: list[Trio]
    votes: NDArray[np.int64]
    encoders: dict[str, OddOneOut | Failed]
    ceiling: OddCeiling | None
    comparisons: list[PairedTest]
    images: int
    notes: list[str] = field(default_factory=list)
    skipped: LeftOut = field(default_factory=LeftOut)
    provenance: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """What `bench things --json` prints; shares in [0, 1]."""
        return {
            "trials": len(self.trios),
            "answers": int(self.votes.sum()),
            "images": self.images,
            "encoders": {
                name: one.to_dict() if isinstance(one, Failed) else _score_dict(one)
                for name, one in self.encoders.items()
            },
            "chance": 1 / 3,
            "intervals_over": "trials",
            "ceiling": None if self.ceiling is None else self.ceiling.to_dict(),
            "comparisons": [test.to_dict() for test in self.comparisons],
            "skipped": self.skipped.to_dict(),
            "notes": self.notes,
            "provenance": self.provenance,
        }


def bench_things(
    judged: OddOneOutTable | Path | str,
    encoders: Sequence[str | Encoder] = (DEFAULT_ENCODER,),
    *,
    images: Path | str | None = None,
    split: str | None = None,
    metric: Metric | None = None,
    transform: Literal["whiten"] | None = None,
    skip_bad: bool = False,
    options: EncoderOptions | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> ThingsResult:
    """Score encoders on odd-one-out answers: the odd one is outside the closest pair; tied pairs share the answer.

    Answers to the same three images are counted together, whatever their order. Published figures that count ties as
    right (DreamSim) are higher than these where an encoder ties.

    Args:
        judged: a table, or where :func:`lookalike.judgments.read_things` finds one (a saved table too).
        encoders: names or encoders; ``pixels`` is the baseline.
        images: for ``judged`` given as a place: folder of the images.
        split: for a folder of the published set: ``val`` (default), ``train``, ``test1`` ...
        skip_bad: leave out rows with an image that is missing, empty or cannot be decoded, and list them.
        metric, transform, options, seed, progress: as for :func:`lookalike.benchmarks.triplets.bench_triplets`.

    Raises:
        JudgmentError: the data are not there or wrong.
        BenchmarkError: no answers, or not one encoder could be had.
        MissingDependency: the extra ``stats`` is not installed.
    """
    require_stats("a benchmark")
    encoders, twice = distinct_encoders(encoders)
    table = _opened(judged, images, split, {"skip_bad": skip_bad, "progress": progress})
    table, left = without_bad(table, progress) if skip_bad else (table, refused(table))
    trios, votes = count_trials(table)
    if not votes.sum():
        raise BenchmarkError("the table holds no odd-one-out answers; check the data")
    columns = [[trio[side] for trio in trios] for side in range(3)]
    contents = table.distinct_images()
    found: dict[str, OddOneOut | Failed] = {}
    fingerprints: dict[str, str] = {}
    for made in each_encoder(
        encoders, table.images, contents, metric=metric, transform=transform, options=options, seed=seed,
        progress=progress,
    ):  # fmt: skip
        if isinstance(made, Failed):
            found[made.name] = made
            continue
        fingerprints[made.name] = made.fingerprint
        d_ab, d_ac, d_bc = (made.distances(columns[i], columns[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
        found[made.name] = odd_one_out(d_ab, d_ac, d_bc, votes, seed=seed)
    check_any(found)
    worked = {name: one for name, one in found.items() if isinstance(one, OddOneOut)}
    weights = next(iter(worked.values())).votes
    items = {name: one.items for name, one in worked.items()}
    tests = paired_means(items, weights, seed=seed) if len(worked) > 1 else []
    notes = [*([table.note] if table.note else []), *twice, *left.notes()]
    ceiling = odd_ceiling(votes, seed=seed)
    marks = provenance(table, fingerprints)
    return ThingsResult(trios, votes, found, ceiling, tests, len(contents), notes, left, marks)


def count_trials(table: OddOneOutTable) -> tuple[list[Trio], NDArray[np.int64]]:
    """Answers to the same three images counted together: (trios, int64 (n, 3)), in order of first appearance."""
    sides = [table.column(name) for name in ("a", "b", "c")]
    counts = [table.column(f"votes_{name}") for name in ("a", "b", "c")]
    found: dict[Trio, list[int]] = {}
    for row in range(len(table)):
        named = sorted((sides[i][row], int(counts[i][row])) for i in range(3))
        trio: Trio = (named[0][0], named[1][0], named[2][0])
        votes = found.setdefault(trio, [0, 0, 0])
        for place, (_, count) in enumerate(named):
            votes[place] += count
    return list(found), np.array(list(found.values()), dtype=np.int64).reshape(-1, 3)


def odd_ceiling(votes: NDArray[np.int64], *, seed: int = 0) -> OddCeiling | None:
    """Agreement among people from counts of votes, int64 (n, 3); None where no trial has two answers."""
    total = votes.sum(axis=1)
    v, n = votes[total >= 2].astype(np.float64), total[total >= 2].astype(np.float64)
    if not len(n):
        return None
    agree = (v * (v - 1)).sum(axis=1) / (n * (n - 1))
    oracle = bootstrap_mean(v.max(axis=1) / n, n, seed=seed)
    return OddCeiling(oracle, bootstrap_mean(agree, seed=seed), len(n))


def _opened(
    judged: OddOneOutTable | Path | str, images: Path | str | None, split: str | None, how: dict[str, Any]
) -> OddOneOutTable:
    from lookalike.judgments import OddOneOutTable, open_judgments, read_things
    from lookalike.judgments.opening import recognised

    if not isinstance(judged, str | Path):
        return judged
    if split is not None:
        return read_things(judged, images, split=split, **how)
    if Path(judged).exists() and not recognised(judged, "odd-one-out"):
        raise JudgmentError(
            f"{printable(str(judged))}: no odd-one-out answers are here; THINGS looks like validationset.txt or "
            "trainset.txt, other answers like a CSV a,b,c,odd; for triplets use `lookalike bench triplets`"
        )
    table = open_judgments(judged, images=images, kind="odd-one-out", **how)
    if not isinstance(table, OddOneOutTable):
        raise BenchmarkError(f"{judged} holds judgments of the kind {table.kind!r}, not odd-one-out")
    return table


def _score_dict(one: OddOneOut) -> dict[str, Any]:
    majority = one.majority
    return {
        "accuracy": one.accuracy.value,
        "interval": one.accuracy.ends,
        "majority": None if majority is None else majority.value,
        "majority_interval": None if majority is None else majority.ends,
        "tied": one.tied,
    }
