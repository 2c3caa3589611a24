"""One run over pairs, step by step: features, near-duplicates, distances, scores."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.distances import (
    cosine_to_euclidean,
    generic_distances,
    lengths,
    one_length,
    set_distances,
    with_faces,
)
from lookalike.benchmarks.encoder_names import bench_encoder, encoder_name
from lookalike.benchmarks.features import BadImage, Features, raw
from lookalike.benchmarks.near_duplicates import NearDuplicates, near_duplicates
from lookalike.benchmarks.tll_comparators import comparator_distances, learned_pairs
from lookalike.benchmarks.tll_parts import comparisons_of, settings_of, threshold_notes
from lookalike.benchmarks.tll_result import Kind, Measured, PairsResult, Unavailable
from lookalike.benchmarks.tll_scores import Scorer, columns_of
from lookalike.benchmarks.triplets_encoders import one_line
from lookalike.encoders import Encoder, load_encoder
from lookalike.errors import BenchmarkError, EncoderError, ImageError, JudgmentError, LookalikeError
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.benchmarks.face_statistics import FaceStatistics
    from lookalike.benchmarks.tll import PairsOptions
    from lookalike.encoders.faces import FaceEncoder
    from lookalike.judgments import PairTable

Matrix = NDArray[np.float32]


class PairsRun:
    """A run over one table; :meth:`result` does everything.

    Args:
        table: pairs whose images can all be read.
        features: of its images.
        options: what was asked for.
        progress: told about every stage.
    """

    def __init__(
        self, table: PairTable, features: Features, options: PairsOptions, progress: Progress | None
    ) -> None:
        self.table, self.features, self.options, self.progress = table, features, options, progress
        self.gallery, truth = columns_of(table, distinct=not options.paper)
        self.left = features.rows(table.column("left"))
        self.right = features.rows(self.gallery)
        self.own = features.rows(table.column("right"))
        self.scorer = Scorer(table, self.gallery, truth, paper=options.paper, seed=options.seed)
        self.measured: list[Measured] = []
        self.unavailable: list[Unavailable] = []
        self.notes: list[str] = []
        self.seconds: dict[str, float] = {}
        self.fingerprints: dict[str, str] = {}
        self.near: NearDuplicates | None = None
        self.lead = ""
        self.face_encoder: FaceEncoder | None = None
        self.face_sets: list[NDArray[np.float32]] = []
        self.faces: Matrix | None = None

    def result(
        self,
        encoders: Sequence[str | Encoder],
        *,
        skipped: Mapping[str, BadImage],
        skipped_pairs: int,
        settings: Mapping[str, Any],
    ) -> PairsResult:
        """Measure everything.

        Raises:
            BenchmarkError: nothing could be measured.
            ImageError: an image cannot be read.
        """
        started = time.perf_counter()
        statistics = self._look_for_faces()
        for wanted in encoders:
            self._encoder(wanted)
        if self.faces is not None:
            self.measured.append(self._scored("faces", "euclidean", "faces", self.faces))
        self._comparators()
        if not self.measured:
            first = self.unavailable[0]
            raise BenchmarkError(f"nothing could be measured; {first.name}: {first.error}")
        voted = dict.fromkeys(
            note for one in self.measured if one.votes is not None for note in one.votes.notes
        )
        self.notes += voted
        with self._clock("comparisons"):
            comparisons = comparisons_of(self.measured, self.options.seed)
        self.seconds["total"] = time.perf_counter() - started
        made = PairsResult(
            self.table, self.gallery, self.measured, self.unavailable, self.near, statistics, comparisons,
            skipped=skipped, skipped_pairs=skipped_pairs, seconds=self.seconds, notes=self.notes,
            settings={
                **settings,
                **settings_of(self.options, encoders, self.lead),
                "fingerprints": self.fingerprints,
            },
        )  # fmt: skip
        return self._with_errors(made)

    def _look_for_faces(self) -> FaceStatistics | None:
        """Faces of all images and their distances; without dlib a line of the result says so."""
        if not self.options.faces:
            return None
        from lookalike.benchmarks.face_statistics import count_faces, face_statistics
        from lookalike.encoders.faces import FaceEncoder

        spec = self.options.faces if isinstance(self.options.faces, str) else "faces"
        try:
            encoder = load_encoder(spec, self.options.encoder_options)
        except LookalikeError as error:
            self.unavailable.append(Unavailable("faces", one_line(error)))
            return None
        if not isinstance(encoder, FaceEncoder):
            raise BenchmarkError(f"{spec} is no encoder of faces; use faces, faces:cnn or faces:hog-2")
        self.face_encoder = encoder
        self.fingerprints[spec] = encoder.card.fingerprint
        with self._clock("features: faces"):
            self.face_sets = self.features.face_sets(encoder)
        left, right = self._sets(self.left), self._sets(self.right)
        with self._clock("distances"):
            self.faces = set_distances(left, right)
        return face_statistics(count_faces(left), count_faces(self._sets(self.own)))

    def _encoder(self, wanted: str | Encoder) -> None:
        """One encoder with everything that is made of it; whatever is wrong with it is a line of the result."""
        name = encoder_name(wanted)
        try:
            encoder = bench_encoder(wanted, self.options.encoder_options)
            plain = raw(encoder)
            with self._clock(f"features: {name}"):
                vectors = self.features.embed(plain)
        except (ImageError, JudgmentError):
            raise
        except LookalikeError as error:
            self.unavailable.append(Unavailable(name, one_line(error)))
            return
        self.fingerprints[name] = encoder.card.fingerprint
        fitted, note = learned_pairs(encoder, name, self.table)
        self.notes += [note] if note else []
        before = len(self.measured)
        self._tell(f"scores: {name}", 0)
        facial = self._facial(plain, name)
        left, right = vectors[self.left], vectors[self.right]
        cosine = self._generic(left, right)
        if not self.lead:
            self.lead = name
            if self.options.paper:
                self._subsets(left, right, cosine)
                self._design(cosine, facial)
        sizes = lengths(left), lengths(right)
        del left, right
        on_faces = []
        if facial is not None and self.options.generic_faces:
            on_faces.append(self._scored(f"{name} on faces", "cosine", "on faces", facial))
        del facial  # one matrix fewer in memory while the others are scored
        self.measured += [*self._rows(name, cosine, sizes), *on_faces]
        del cosine
        if self.options.transform is not None:
            self._transformed(encoder, name)
        self.measured[before:] = [replace(one, fitted_pairs=fitted) for one in self.measured[before:]]
        self._tell(f"scores: {name}", 1)

    def _rows(
        self, name: str, cosine: Matrix, sizes: tuple[NDArray[np.float32], NDArray[np.float32]]
    ) -> list[Measured]:
        """An encoder's rows of table 1 from its cosine distances, which become L2 on the way, and vectors' lengths."""
        main = self._scored(name, "cosine", "generic", cosine)
        others = []
        if self.faces is not None:
            both = with_faces(cosine, self.faces)
            others.append(self._scored(f"{name} + faces", "cosine", "with faces", both))
            del both
        radius = one_length(np.concatenate(sizes))
        if radius is not None:
            return [main, self.scorer.rescaled(main, radius), *others]
        with self._clock("distances"):
            l2 = cosine_to_euclidean(cosine, *sizes)
        return [main, self._scored(name, "euclidean", "generic", l2, main=False), *others]

    def _facial(self, encoder: Encoder, name: str) -> Matrix | None:
        """GF, where it was asked for, and for the first encoder where the human study needs it."""
        needed = self.options.generic_faces or (self.options.paper and not self.lead)
        if self.face_encoder is None or not needed:
            return None
        shown = f"{name} on faces"
        try:
            with self._clock(f"features: {shown}"):
                sets = self.features.generic_facial(self.face_encoder, encoder)
        except EncoderError as error:
            self.unavailable.append(Unavailable(shown, one_line(error)))
            return None
        with self._clock("distances"):
            return set_distances(
                [sets[row] for row in self.left], [sets[row] for row in self.right], "cosine"
            )

    def _transformed(self, encoder: Encoder, name: str) -> None:
        shown = f"{name} | whiten"
        try:
            with self._clock(f"features: {shown}"):
                white = self.features.whitened(encoder, seed=self.options.seed)
        except (ImageError, JudgmentError):
            raise
        except LookalikeError as error:
            self.unavailable.append(Unavailable(shown, one_line(error)))
            return
        cosine = self._generic(white[self.left], white[self.right])
        self.measured.append(self._scored(shown, "cosine", "transformed", cosine))
        if self.faces is not None:
            both = with_faces(cosine, self.faces)
            self.measured.append(self._scored(f"{shown} + faces", "cosine", "with faces", both))
        note = "The whitening was fitted on the images of this table, left and right alike, without their pairing."
        if note not in self.notes:
            self.notes.append(note)

    def _subsets(self, left: Matrix, right: Matrix, cosine: Matrix) -> None:
        """Near-duplicates by the first encoder (and faces), as the paper does with DenseNet121."""
        faces = self.face_encoder is not None
        with self._clock("near-duplicates"):
            self.near = near_duplicates(
                left,
                right,
                self._sets(self.left) if faces else None,
                self._sets(self.own) if faces else None,
                generic_threshold=self.options.generic_threshold,
                face_threshold=self.options.face_threshold,
                across=cosine,
                progress=self.progress,
            )
        self.scorer.use_subsets(self.near)
        self.notes += threshold_notes(self.near, len(self.table), self.lead)

    def _design(self, generic: Matrix, facial: Matrix | None) -> None:
        """The queries of the human study, from this table; smaller sets where the subsets are small."""
        if self.near is None or self.faces is None or facial is None:
            return
        from lookalike.benchmarks.tll_design import study_design

        distances = {"generic": generic, "face": self.faces, "face-generic": facial}
        design, note = study_design(self.table, distances, self.near, seed=self.options.seed)
        if design is not None:
            self.scorer.use_design(design)
        self.notes += [note] if note else []

    def _comparators(self) -> None:
        """Comparators are scored like encoders: minus the log odds that a person would pair two images."""
        if not self.options.comparators:
            return
        for given in self.options.comparators:
            with self._clock("comparators"):
                made = comparator_distances(given, self.table, self.gallery, self.progress)
            if isinstance(made, Unavailable):
                self.unavailable.append(made)
            else:
                scored = self._scored(made.name, "cosine", "comparator", made.distances)
                self.measured.append(replace(scored, fitted_pairs=made.fitted_pairs))
                self.notes += [note for note in made.notes if note not in self.notes]

    def _with_errors(self, made: PairsResult) -> PairsResult:
        best = made.best
        errors = self.scorer.errors(best, self.options.errors_shown)
        return replace(made, errors=errors, errors_of=(best.name, best.metric))

    def _scored(
        self, name: str, metric: str, kind: Kind, distances: Matrix, *, main: bool = True
    ) -> Measured:
        with self._clock("scores"):
            return self.scorer.score(name, metric, kind, distances, main=main)

    def _generic(self, left: Matrix, right: Matrix) -> Matrix:
        with self._clock("distances"):
            return generic_distances(left, right)

    def _sets(self, rows: NDArray[np.intp]) -> list[NDArray[np.float32]]:
        return [self.face_sets[row] for row in rows]

    def _tell(self, stage: str, done: int) -> None:
        if self.progress is not None:
            self.progress(stage, done, 1)

    @contextmanager
    def _clock(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started
