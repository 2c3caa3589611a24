"""NIGHTS (Fu, Tamir, Sundaram et al. 2023, DreamSim): two-alternative choices and just noticeable differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.encoder_names import distinct_encoders
from lookalike.benchmarks.jnd import Jnd, jnd
from lookalike.benchmarks.learned import learned_triplets
from lookalike.benchmarks.left_out import LeftOut, refused, without_bad
from lookalike.benchmarks.provenance import provenance
from lookalike.benchmarks.statistics import PairedTest, paired_means
from lookalike.benchmarks.triplets_encoders import (
    Failed,
    ImageVectors,
    check_any,
    each_encoder,
)
from lookalike.benchmarks.two_afc import TwoAfc, two_afc
from lookalike.encoders import DEFAULT_ENCODER, Encoder, EncoderOptions
from lookalike.errors import JudgmentError, printable
from lookalike.extras import require_stats
from lookalike.similarity import Metric

if TYPE_CHECKING:
    from lookalike.judgments import SameDifferentTable, TripletTable
    from lookalike.progress import Progress

PUBLISHED: tuple[tuple[str, float], ...] = (
    ("DreamSim ensemble, LoRA", 0.962),
    ("SynCLR, tuned", 0.959),
    ("DINOv3 + SigLIP2 + MetaCLIP2, tuned (2026)", 0.956),
    ("OpenCLIP ViT-B/32, tuned", 0.953),
    ("DINOv2 ViT-B/14, tuned", 0.950),
    ("R-CLIP ConvNeXt-B, LoRA", 0.950),
    ("DINO ViT-B/16, tuned", 0.948),
    ("DINOv3 ViT-B/16, tuned (2026)", 0.948),
    ("CLIP ViT-B/32, tuned", 0.936),
    ("DreamSim ensemble, MLP", 0.934),
    ("R-CLIP ConvNeXt-B, frozen", 0.923),
    ("DreamSim ensemble, frozen", 0.908),
)
"""Published 2AFC scores on the test split (at least 6 unanimous votes); runs differ by about 0.007."""

PARTS = ("imagenet", "no_imagenet")


@dataclass(frozen=True)
class NightsScore:
    """One encoder on NIGHTS; shares in [0, 1].

    Attributes:
        name: as it was asked for.
        d_a, d_b: float64 (n,), distances of the reference to the left and to the right variant.
        score: all triplets, each once: the parts weighted by their sizes, which is the published figure.
        parts: ``imagenet`` and ``no_imagenet``, those that have triplets.
        jnd: area under precision and recall of the JND votes; None where there are none.
    """

    name: str
    d_a: NDArray[np.float64]
    d_b: NDArray[np.float64]
    score: TwoAfc
    parts: dict[str, TwoAfc]
    jnd: Jnd | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        whole = self.score.score_by_item
        return {
            "score": whole.value,
            "interval": whole.ends,
            "parts": {name: part_dict(part) for name, part in self.parts.items()},
            "jnd": None if self.jnd is None else self.jnd.to_dict(),
            "tied_distances": self.score.tied_distances,
        }


@dataclass(frozen=True)
class NightsResult:
    """The figures of `lookalike bench nights`.

    Attributes:
        table: the triplets that were scored.
        split: which part of the data set they are.
        encoders: name as typed -> its figures, or why it could not be had.
        comparisons: every two encoders, paired over triplets, Holm-corrected.
        jnd_pairs: pairs with JND votes that were used.
        notes: what a reader must know about the data.
        skipped: rows left out because an image cannot be used.
        provenance: hashes of the data and of the encoders, version, BibTeX entry.
    """

    table: TripletTable
    split: str
    encoders: dict[str, NightsScore | Failed]
    comparisons: list[PairedTest]
    jnd_pairs: int
    notes: list[str] = field(default_factory=list)
    skipped: LeftOut = field(default_factory=LeftOut)
    provenance: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """What `bench nights --json` prints; shares in [0, 1]."""
        return {
            "triplets": len(self.table),
            "split": self.split,
            "jnd_pairs": self.jnd_pairs,
            "encoders": {name: one.to_dict() for name, one in self.encoders.items()},
            "comparisons": [test.to_dict() for test in self.comparisons],
            "published": dict(PUBLISHED),
            "skipped": self.skipped.to_dict(),
            "notes": self.notes,
            "provenance": self.provenance,
        }


def bench_nights(
    folder: Path | str,
    encoders: Sequence[str | Encoder] = (DEFAULT_ENCODER,),
    *,
    split: str = "test",
    min_votes: int = 6,
    skip_missing: bool = False,
    metric: Metric | None = None,
    transform: Literal["whiten"] | None = None,
    skip_bad: bool = False,
    options: EncoderOptions | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> NightsResult:
    """Score encoders on NIGHTS.

    The 2AFC score is the mean over triplets of the share of votes on the encoder's side (votes are unanimous in the
    published filter), ties of distance half. The JND score is the area under precision and recall of distance against
    the majority's "same", over the triplets of which exactly one pair reads as the same (DreamSim, section 5).

    Args:
        folder: holds ``data.csv``, the images, and ``jnd_votes.csv`` where JND is wanted.
        encoders: names or encoders; ``pixels`` is the baseline.
        split: ``test`` as published, ``test_imagenet``, ``test_no_imagenet``, ``val`` or ``train``.
        min_votes: as published, 6.
        skip_missing: leave out triplets whose images are not here.
        skip_bad: leave out rows with an image that is missing, empty or cannot be decoded, and list them.
        metric, transform, options, seed, progress: as for :func:`lookalike.benchmarks.triplets.bench_triplets`.

    Raises:
        JudgmentError: the data are not there or wrong.
        BenchmarkError: not one encoder could be had.
        MissingDependency: the extra ``stats`` is not installed.
    """
    from lookalike.judgments import read_nights, read_nights_jnd

    require_stats("a benchmark")
    encoders, twice = distinct_encoders(encoders)
    if not (Path(folder) / "data.csv").is_file():
        raise JudgmentError(
            f"{printable(str(folder))}: NIGHTS is not here; it looks like data.csv with ref/ and distort/ beside it; for "
            "triplets use `lookalike bench triplets`"
        )
    table = read_nights(
        folder,
        split=split,
        min_votes=min_votes,
        skip_missing=skip_missing,
        skip_bad=skip_bad,
        progress=progress,
    )
    notes = [table.note] if table.note else []
    table, left = without_bad(table, progress) if skip_bad else (table, refused(table))
    pairs: SameDifferentTable | None = None
    if (Path(folder) / "jnd_votes.csv").is_file():
        pairs = read_nights_jnd(folder, skip_bad=skip_bad, progress=progress)
        pairs, bad = without_bad(pairs, progress) if skip_bad else (pairs, refused(pairs))
        left += bad
        pairs, left_out = one_same_pair(pairs)
        if left_out:
            notes.append(
                f"JND: {left_out:,} pairs of triplets without exactly one 'same' pair were left out."
            )
        if len(pairs) and not (pairs.array("votes_same") > pairs.array("votes_different")).any():
            notes.append(
                f"JND: no majority called any of these {len(pairs):,} pairs the same: nothing to find."
            )
            pairs = pairs.select(np.zeros(len(pairs), dtype=bool))
    notes += [*twice, *left.notes()]
    images = table.images if pairs is None else table.images.merged(pairs.images)
    contents = table.distinct_images() + ([] if pairs is None else pairs.distinct_images())
    found: dict[str, NightsScore | Failed] = {}
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
    worked = {n: one.score.items for n, one in found.items() if isinstance(one, NightsScore)}
    tests = paired_means(worked, seed=seed) if len(worked) > 1 else []
    jnd_pairs = 0 if pairs is None else len(pairs)
    marks = provenance(table, fingerprints)
    return NightsResult(table, split, found, tests, jnd_pairs, notes, left, marks)


def one_same_pair(pairs: SameDifferentTable) -> tuple[SameDifferentTable, int]:
    """Keep triplets of which the majority calls exactly one pair the same; (kept, number of pairs left out).

    Pairs without an id are kept: nothing says which two belong together.
    """
    same = pairs.array("votes_same") > pairs.array("votes_different")
    ids = pairs.column("id")
    count: dict[str, int] = {}
    for name, one in zip(ids, same.tolist(), strict=True):
        count[name] = count.get(name, 0) + int(one)
    keep = np.array([not name or count[name] == 1 for name in ids], dtype=bool)
    return pairs.select(keep), int((~keep).sum())


def part_dict(part: TwoAfc) -> dict[str, Any]:
    """A part's score, each triplet once."""
    score = part.score_by_item
    return {"score": score.value, "interval": score.ends, "triplets": score.n}


def _score(
    made: ImageVectors, table: TripletTable, pairs: SameDifferentTable | None, seed: int
) -> NightsScore:
    reference, a, b = (table.column(name) for name in ("reference", "a", "b"))
    d_a, d_b = made.distances(reference, a), made.distances(reference, b)
    votes_a, votes_b = table.array("votes_a"), table.array("votes_b")
    imagenet = table.array("is_imagenet").astype(bool)
    parts = {}
    for name, rows in zip(PARTS, (imagenet, ~imagenet), strict=True):
        if rows.any():
            parts[name] = two_afc(d_a[rows], d_b[rows], votes_a[rows], votes_b[rows], seed=seed)
    noticed = None
    if pairs is not None and len(pairs):
        same = pairs.array("votes_same") > pairs.array("votes_different")
        noticed = jnd(
            made.distances(pairs.column("a"), pairs.column("b")), same.astype(np.float64), seed=seed
        )
    return NightsScore(
        made.name, d_a, d_b, two_afc(d_a, d_b, votes_a, votes_b, seed=seed), parts, noticed
    )  # fmt: skip
