"""BAPPS (Zhang et al. 2018, LPIPS): two-alternative choices and just noticeable differences on patches.

LPIPS reports a score for each subset and means over subsets; DreamSim pools all images. Both are given here: they are
not the same number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.ceilings import Ceiling, two_afc_ceiling
from lookalike.benchmarks.encoder_names import distinct_encoders
from lookalike.benchmarks.jnd import Jnd, jnd
from lookalike.benchmarks.learned import learned_triplets
from lookalike.benchmarks.left_out import LeftOut, refused, without_bad
from lookalike.benchmarks.nights import part_dict
from lookalike.benchmarks.provenance import provenance
from lookalike.benchmarks.statistics import Clusters, PairedTest, paired_means
from lookalike.benchmarks.triplets import REFERENCES
from lookalike.benchmarks.triplets_encoders import (
    Failed,
    ImageVectors,
    check_any,
    each_encoder,
)
from lookalike.benchmarks.triplets_result import ceiling_dict
from lookalike.benchmarks.two_afc import TwoAfc, two_afc
from lookalike.encoders import DEFAULT_ENCODER, Encoder, EncoderOptions
from lookalike.errors import BenchmarkError
from lookalike.extras import require_stats
from lookalike.similarity import Metric

if TYPE_CHECKING:
    from lookalike.judgments import Judgments, SameDifferentTable, TripletTable
    from lookalike.progress import Progress

GROUPS: dict[str, tuple[str, ...]] = {
    "distortions": ("traditional", "cnn"),
    "real_algorithms": ("superres", "deblur", "color", "frameinterp"),
}
"""The two groups of subsets whose means the LPIPS paper reports."""


@dataclass(frozen=True)
class BappsScore:
    """One encoder on BAPPS; shares in [0, 1].

    Attributes:
        name: as it was asked for.
        d_a, d_b: float64 (n,), distances of the reference to p0 and to p1.
        pooled: all triplets, each once (DreamSim's figure).
        subsets: the same by subset (LPIPS' figures).
        jnd: area under precision and recall by subset; empty without JND data.
        jnd_pooled: the same over all pairs; None without.
    """

    name: str
    d_a: NDArray[np.float64]
    d_b: NDArray[np.float64]
    pooled: TwoAfc
    subsets: dict[str, TwoAfc]
    jnd: dict[str, Jnd]
    jnd_pooled: Jnd | None

    def group_means(self) -> dict[str, float]:
        """Means over subsets: ``all``, and each of GROUPS whose subsets are all here."""
        scores = {name: two.score_by_item.value for name, two in self.subsets.items()}
        means = {"all": fmean(scores.values())}
        for group, names in GROUPS.items():
            if set(names) <= scores.keys():
                means[group] = fmean(scores[name] for name in names)
        return means

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        whole = self.pooled.score_by_item
        noticed = None
        if self.jnd_pooled is not None:
            noticed = {
                **self.jnd_pooled.to_dict(),
                "subsets": {name: one.to_dict() for name, one in self.jnd.items()},
                "mean_over_subsets": fmean(one.score.value for one in self.jnd.values()),
            }
        return {
            "score": whole.value,
            "interval": whole.ends,
            "interval_method": whole.method,
            "subsets": {name: part_dict(two) for name, two in self.subsets.items()},
            "means_over_subsets": self.group_means(),
            "jnd": noticed,
            "tied_distances": self.pooled.tied_distances,
        }


@dataclass(frozen=True)
class BappsResult:
    """The figures of `lookalike bench bapps`.

    Attributes:
        table: the triplets that were scored.
        split: ``val``, ``train`` or both.
        encoders: name as typed -> its figures, or why it could not be had.
        ceilings: human ceilings of all triplets (key ``all``) and of each subset.
        comparisons: every two encoders, paired over all triplets, Holm-corrected.
        jnd_pairs: pairs with JND votes.
        notes: what a reader must know about the data.
        skipped: rows left out because an image cannot be used.
        provenance: hashes of the data and of the encoders, version, BibTeX entry.
    """

    table: TripletTable
    split: str
    encoders: dict[str, BappsScore | Failed]
    ceilings: dict[str, Ceiling]
    comparisons: list[PairedTest]
    jnd_pairs: int
    notes: list[str] = field(default_factory=list)
    skipped: LeftOut = field(default_factory=LeftOut)
    provenance: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """What `bench bapps --json` prints; shares in [0, 1]."""
        return {
            "triplets": len(self.table),
            "split": self.split,
            "jnd_pairs": self.jnd_pairs,
            "encoders": {name: one.to_dict() for name, one in self.encoders.items()},
            "ceiling": {name: ceiling_dict(one, one) for name, one in self.ceilings.items()},
            "comparisons": [test.to_dict() for test in self.comparisons],
            "skipped": self.skipped.to_dict(),
            "notes": self.notes,
            "provenance": self.provenance,
        }


def bench_bapps(
    folder: Path | str,
    encoders: Sequence[str | Encoder] = (DEFAULT_ENCODER,),
    *,
    subset: str | None = None,
    split: str = "val",
    metric: Metric | None = None,
    transform: Literal["whiten"] | None = None,
    skip_bad: bool = False,
    options: EncoderOptions | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> BappsResult:
    """Score encoders on BAPPS.

    2AFC: each triplet's share of people on the encoder's side, ties of distance half. JND: area under precision and
    recall of distance against the share of people who said "the same".

    Args:
        folder: the data set, its ``2afc``, one split or one subset.
        encoders: names or encoders; ``pixels`` is the baseline.
        subset: such as ``cnn``; None: all that are there.
        split: ``val`` as published, or ``train``; a folder that does not say its split counts as any.
        skip_bad: leave out rows with an image that is missing, empty or cannot be decoded, and list them.
        metric, transform, options, seed, progress: as for :func:`lookalike.benchmarks.triplets.bench_triplets`.

    Raises:
        JudgmentError: the data are not there or wrong.
        BenchmarkError: nothing of that split, or not one encoder could be had.
        MissingDependency: the extra ``stats`` is not installed.
    """
    from lookalike.judgments import read_bapps

    require_stats("a benchmark")
    encoders, twice = distinct_encoders(encoders)
    how: dict[str, Any] = {"skip_bad": skip_bad, "progress": progress}
    table = _of_split(read_bapps(folder, subset, **how), split)
    table, left = without_bad(table, progress) if skip_bad else (table, refused(table))
    pairs = _jnd_pairs(Path(folder), subset, split, how)
    if pairs is not None:
        pairs, bad = without_bad(pairs, progress) if skip_bad else (pairs, refused(pairs))
        left += bad
    notes = [] if pairs is not None else ["There are no JND votes of this part in this copy of BAPPS."]
    if pairs is not None and not pairs.array("votes_same").any():
        notes.append(f"JND: nobody called any of these {len(pairs):,} pairs the same: nothing to find.")
        pairs = None
    images = table.images if pairs is None else table.images.merged(pairs.images)
    contents = table.distinct_images() + ([] if pairs is None else pairs.distinct_images())
    found: dict[str, BappsScore | Failed] = {}
    fingerprints: dict[str, str] = {}
    for made in each_encoder(
        encoders, images, contents, metric=metric, transform=transform, options=options, seed=seed, progress=progress
    ):  # fmt: skip
        if isinstance(made, Failed):
            found[made.name] = made
            continue
        fingerprints[made.name] = made.fingerprint
        notes += [warning for warning in learned_triplets(made, table)[1:] if warning]
        found[made.name] = _score(made, table, pairs, seed)
    check_any(found)
    worked = {n: one.pooled.items for n, one in found.items() if isinstance(one, BappsScore)}
    tests = paired_means(worked, clusters=_clusters(table), seed=seed) if len(worked) > 1 else []
    notes += [*twice, *left.notes()]
    jnd_pairs = 0 if pairs is None else len(pairs)
    marks = provenance(table, fingerprints)
    return BappsResult(table, split, found, _ceilings(table, seed), tests, jnd_pairs, notes, left, marks)


def by_subset(judged: Judgments) -> dict[str, NDArray[np.bool_]]:
    """Subset -> mask bool (n,) of its rows, by name."""
    names = np.array(judged.column("subset"))
    return {str(name): names == name for name in np.unique(names)}


def _jnd_pairs(
    folder: Path, subset: str | None, split: str, how: dict[str, Any]
) -> SameDifferentTable | None:
    """The JND part, or None: many copies hold the 2AFC part alone, and JND knows fewer subsets and one split."""
    from lookalike.judgments import read_bapps_jnd
    from lookalike.judgments.bapps import bapps_part

    if not bapps_part(folder, "jnd"):
        return None
    pairs = read_bapps_jnd(folder, **how)
    there = {"subset": pairs.column("subset"), "split": pairs.column("split")}
    keep = np.array([found in (split, None) for found in there["split"]], dtype=bool)
    if subset is not None:
        keep &= np.array(there["subset"]) == subset
    return pairs.select(keep) if keep.any() else None


def _of_split(judged: TripletTable, split: str) -> TripletTable:
    keep = np.array([found in (split, None) for found in judged.column("split")], dtype=bool)
    if not keep.any():
        raise BenchmarkError(f"nothing here is of BAPPS' split {split!r}; name the other, or another folder")
    return judged.select(keep)


def _score(
    made: ImageVectors, table: TripletTable, pairs: SameDifferentTable | None, seed: int
) -> BappsScore:
    reference = table.column("reference")
    d_a, d_b = (made.distances(reference, table.column(side)) for side in ("a", "b"))
    votes_a, votes_b = table.array("votes_a"), table.array("votes_b")
    clusters = _clusters(table)

    def score(rows: NDArray[np.bool_]) -> TwoAfc:
        group = None if clusters is None else clusters.select(rows)
        return two_afc(d_a[rows], d_b[rows], votes_a[rows], votes_b[rows], clusters=group, seed=seed)

    noticed, pooled = _jnd(made, pairs, seed) if pairs is not None else ({}, None)
    subsets = {name: score(rows) for name, rows in by_subset(table).items()}
    return BappsScore(made.name, d_a, d_b, score(np.ones(len(d_a), dtype=bool)), subsets, noticed, pooled)


def _jnd(made: ImageVectors, pairs: SameDifferentTable, seed: int) -> tuple[dict[str, Jnd], Jnd]:
    distances = made.distances(pairs.column("a"), pairs.column("b"))
    same = pairs.array("votes_same").astype(np.float64)
    share = same / (same + pairs.array("votes_different"))

    def measure(rows: NDArray[np.bool_]) -> Jnd:
        return jnd(distances[rows], share[rows], seed=seed)

    found = {name: measure(rows) for name, rows in by_subset(pairs).items() if share[rows].sum() > 0}
    return found, measure(np.ones(len(share), dtype=bool))


def _ceilings(table: TripletTable, seed: int) -> dict[str, Ceiling]:
    a, b = table.array("votes_a"), table.array("votes_b")
    clusters = _clusters(table)
    found = {"all": two_afc_ceiling(a, b, clusters=clusters, seed=seed)}
    for name, rows in by_subset(table).items():
        group = None if clusters is None else clusters.select(rows)
        found[name] = two_afc_ceiling(a[rows], b[rows], clusters=group, seed=seed)
    return found


def _clusters(table: TripletTable) -> Clusters | None:
    """Triplets with one reference image, which are not independent; None where no reference comes twice."""
    return Clusters.of(table.column("reference"), REFERENCES)
