"""Triplets that people voted on: how often an encoder sides with them, and how often anyone could.

Two-alternative forced choice (2AFC): which of a and b is more like the reference (Zhang et al. 2018, LPIPS, section 4;
Fu, Tamir, Sundaram et al. 2023, DreamSim, section 4). What an encoder reaches is read against what people reach: with
each other, and at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.ceilings import Ceiling, two_afc_ceiling
from lookalike.benchmarks.encoder_names import distinct_encoders
from lookalike.benchmarks.learned import learned_triplets
from lookalike.benchmarks.left_out import refused, without_bad
from lookalike.benchmarks.position_bias import PositionBias, position_bias
from lookalike.benchmarks.provenance import provenance
from lookalike.benchmarks.response_times import within_times
from lookalike.benchmarks.statistics import Clusters, Estimate, PairedTest, bootstrap_mean, paired_means
from lookalike.benchmarks.triplets_encoders import (
    Failed,
    ImageVectors,
    check_any,
    each_encoder,
)
from lookalike.benchmarks.triplets_people import PeoplesAnswers
from lookalike.benchmarks.triplets_result import EncoderVotes, TripletsResult
from lookalike.benchmarks.two_afc import two_afc
from lookalike.encoders import DEFAULT_ENCODER, Encoder, EncoderOptions
from lookalike.errors import BenchmarkError
from lookalike.extras import require_stats
from lookalike.similarity import Metric

if TYPE_CHECKING:
    from lookalike.judgments import Judgments, TripletTable
    from lookalike.progress import Progress


REFERENCES = "reference images"


def bench_triplets(
    judged: Judgments | str | Path,
    encoders: Sequence[str | Encoder] = (DEFAULT_ENCODER,),
    *,
    images: Path | str | None = None,
    min_votes: int = 1,
    min_response_time: float | None = None,
    max_response_time: float | None = None,
    metric: Metric | None = None,
    transform: Literal["whiten"] | None = None,
    skip_bad: bool = False,
    options: EncoderOptions | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> TripletsResult:
    """Score encoders against people's votes on triplets.

    Where several triplets have one reference image they are not independent: intervals and tests then draw whole
    reference images. The interval over single triplets is kept beside it, and for raw answers one over participants.

    Args:
        judged: a table of triplets or of raw answers (which are counted, and tell about position bias), or where
            :func:`lookalike.judgments.open_judgments` finds one.
        encoders: names (as for :func:`lookalike.load_encoder`, or ``pixels``) or encoders.
        images: for ``judged`` given as a place: the folder of images, where there are several.
        min_votes: triplets with fewer votes are left out.
        min_response_time: leave out raw answers that took less, in seconds.
        max_response_time: leave out raw answers that took longer.
        metric: None: cosine distance, and L2 for ``pixels``.
        transform: ``whiten`` adds a row "NAME | whiten" for each encoder.
        skip_bad: leave out rows with an image that is missing, empty or cannot be decoded, and list them.
        options: used for encoders given by name.
        seed: of the bootstrap.
        progress: called with what is being done.

    Raises:
        BenchmarkError: no triplets are left, the table is of another kind, or not one encoder could be had.
        JudgmentError: the table or an image of it cannot be had.
        MissingDependency: the extra ``stats`` is not installed.
    """
    require_stats("a benchmark")
    encoders, twice = distinct_encoders(encoders)
    opened = _opened(judged, images, skip_bad, progress)
    opened, left = without_bad(opened, progress) if skip_bad and len(opened) else (opened, refused(opened))
    notes = [*([opened.note] if opened.note else []), *twice, *left.notes()]
    opened, timed = within_times(opened, min_response_time, max_response_time)
    notes += timed
    table, position = _counted(opened, seed)
    table, too_few = _voted(table, min_votes)
    people = _people(opened, table)
    if too_few:
        notes.append(f"{too_few:,} triplets with fewer than {plural_votes(min_votes)} were left out.")
    reference, a, b = (table.column(name) for name in ("reference", "a", "b"))
    votes_a, votes_b = (table.array(name).astype(np.float64) for name in ("votes_a", "votes_b"))
    clusters = Clusters.of(reference, REFERENCES)
    found: dict[str, EncoderVotes | Failed] = {}
    fingerprints: dict[str, str] = {}
    fitted: dict[str, int] = {}
    contents = [*reference, *a, *b]
    for made in each_encoder(
        encoders, table.images, contents, metric=metric, transform=transform, options=options, seed=seed,
        progress=progress,
    ):  # fmt: skip
        if isinstance(made, Failed):
            found[made.name] = made
            continue
        fingerprints[made.name] = made.fingerprint
        learned, warning = learned_triplets(made, table)
        if learned:
            fitted[made.name] = learned
            notes.append(warning)
        d_a, d_b = made.distances(reference, a), made.distances(reference, b)
        found[made.name] = score_votes(
            made, d_a, d_b, votes_a, votes_b, clusters=clusters, people=people, seed=seed
        )
    check_any(found)
    ceiling, repeated = human_ceilings(votes_a, votes_b, clusters=clusters, seed=seed)
    return TripletsResult(
        table=table,
        encoders=found,
        ceiling=ceiling,
        ceiling_repeated=repeated,
        comparisons=compare_encoders(found, clusters=clusters, seed=seed),
        position=position,
        seed=seed,
        notes=notes,
        skipped=left,
        provenance=provenance(table, fingerprints),
        fitted_triplets=fitted,
    )


def score_votes(
    made: ImageVectors,
    d_a: NDArray[np.float64],
    d_b: NDArray[np.float64],
    votes_a: NDArray[np.float64],
    votes_b: NDArray[np.float64],
    *,
    clusters: Clusters | None = None,
    people: PeoplesAnswers | None = None,
    seed: int = 0,
) -> EncoderVotes:
    """One encoder's figures from its distances, float64 (n,), and the votes (n,), at least one a triplet."""
    agreement = two_afc(d_a, d_b, votes_a, votes_b, clusters=clusters, seed=seed)
    share = explainable_share(d_a, d_b, votes_a, votes_b, clusters=clusters, seed=seed)
    by_item = explainable_share(d_a, d_b, votes_a, votes_b, seed=seed)
    over_people = None if people is None else people.agreement(made, seed=seed)
    return EncoderVotes(made.name, made.metric, d_a, d_b, agreement, share, by_item, over_people)


def explainable_share(
    d_a: NDArray[np.float64],
    d_b: NDArray[np.float64],
    votes_a: NDArray[np.float64],
    votes_b: NDArray[np.float64],
    *,
    clusters: Clusters | None = None,
    seed: int = 0,
) -> Estimate | None:
    """(score - 0.5) / (majority oracle - 0.5) over the triplets with at least two votes, with its interval.

    Both terms are vote-weighted sums over the same triplets, so the ratio is a mean of +1 (the encoder sides with the
    majority), 0 (it cannot choose) and -1, weighted by how many votes the two sides differ: numerator and
    denominator are resampled together.

    Returns:
        None where no triplet has two votes or every vote is tied: then nothing can be explained.
    """
    margin = np.abs(votes_a - votes_b)
    counted = (votes_a + votes_b >= 2) & (margin > 0)
    if not counted.any():
        return None
    machine, people = np.sign(d_b - d_a), np.sign(votes_a - votes_b)
    group = None if clusters is None else clusters.select(counted)
    return bootstrap_mean((machine * people)[counted], margin[counted], clusters=group, seed=seed)


def human_ceilings(
    votes_a: NDArray[np.float64],
    votes_b: NDArray[np.float64],
    *,
    clusters: Clusters | None = None,
    seed: int = 0,
) -> tuple[Ceiling | None, Ceiling | None]:
    """The ceilings over all triplets, and over those that at least two people answered.

    A triplet with one answer says nothing about how well people agree: its "majority" is that answer, which lifts
    the oracle of a table with many such triplets. The two are the same where there is none.

    Returns:
        (all, repeated); both None where no triplet has two answers.
    """
    repeated = votes_a + votes_b >= 2
    if not repeated.any():
        return None, None
    every = two_afc_ceiling(votes_a, votes_b, clusters=clusters, seed=seed)
    if repeated.all():
        return every, every
    group = None if clusters is None else clusters.select(repeated)
    return every, two_afc_ceiling(votes_a[repeated], votes_b[repeated], clusters=group, seed=seed)


def compare_encoders(
    found: dict[str, EncoderVotes | Failed], *, clusters: Clusters | None = None, seed: int = 0
) -> list[PairedTest]:
    """Every two encoders by their vote-weighted scores on the same triplets, Holm-corrected."""
    worked = {name: one.agreement for name, one in found.items() if isinstance(one, EncoderVotes)}
    if len(worked) < 2:
        return []
    weights = next(iter(worked.values())).votes
    return paired_means(
        {name: two.items for name, two in worked.items()}, weights, clusters=clusters, seed=seed
    )


def plural_votes(count: int) -> str:
    """``1 vote``, ``6 votes``."""
    return f"{count} vote" if count == 1 else f"{count} votes"


def _opened(
    judged: Judgments | str | Path, images: Path | str | None, skip_bad: bool, progress: Progress | None
) -> Judgments:
    if isinstance(judged, str | Path):
        from lookalike.judgments import open_judgments

        return open_judgments(judged, images=images, skip_bad=skip_bad, progress=progress)
    return judged


def _counted(opened: Judgments, seed: int) -> tuple[TripletTable, PositionBias | None]:
    """The table of votes; where raw answers are known, also how often each side was chosen."""
    from lookalike.judgments import TripletAnswers, TripletTable

    if isinstance(opened, TripletTable):
        return opened, None
    if isinstance(opened, TripletAnswers):
        if not len(opened):
            raise BenchmarkError("the table holds no answers; check the data, or what --where asks for")
        people = opened.column("participant")
        return opened.votes(), position_bias(opened.array("chosen"), 2, people, seed=seed)
    raise BenchmarkError(
        f"these are judgments of the kind {opened.kind!r}; triplets or answers to triplets are needed here "
        "(`lookalike bench pairs` takes pairs, `bench things` odd-one-out)"
    )


def _people(opened: Judgments, votes: TripletTable) -> PeoplesAnswers | None:
    from lookalike.judgments import TripletAnswers

    return PeoplesAnswers.of(opened, votes) if isinstance(opened, TripletAnswers) else None


def _voted(table: TripletTable, min_votes: int) -> tuple[TripletTable, int]:
    votes = table.array("votes_a") + table.array("votes_b")
    keep = votes >= max(1, min_votes)
    if not keep.any():
        raise BenchmarkError(
            f"none of the {len(table):,} triplets has at least {plural_votes(max(1, min_votes))}; lower --min-votes or "
            "check what --where asks for"
        )
    return table.select(keep), int(np.count_nonzero(~keep))
