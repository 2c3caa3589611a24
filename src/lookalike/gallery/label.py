"""Recognition by neighbours: the labels of the most similar images vote."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import InvalidArgument
from lookalike.gallery.label_scores import accuracy, class_accuracy, gap
from lookalike.gallery.label_votes import automatic_unknown, leave_one_out, vote_in_blocks
from lookalike.gallery.reading import (
    ReadableGallery,
    Selection,
    check_column,
    data_frame,
    select,
    unit_rows,
)

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class LabelledImage:
    """One recognised image.

    Attributes:
        query: its path, or its place among the queries.
        label: the recognised label; None = unknown.
        best: the label with most votes, even when the confidence is below the threshold.
        confidence: in [0, 1].
        neighbours: (id, label, distance) of the voters, nearest first.
    """

    query: str
    label: str | None
    best: str | None
    confidence: float
    neighbours: tuple[tuple[int, str, float], ...]


@dataclass(frozen=True)
class Labels:
    """What :func:`label_images` recognised.

    Attributes:
        images: one for each query, in order.
        column: where the labels come from.
        k: number of voters.
        unknown: confidence below which an image is unknown.
        reason: where that threshold comes from.
    """

    images: tuple[LabelledImage, ...]
    column: str
    k: int
    unknown: float
    reason: str

    def __len__(self) -> int:
        return len(self.images)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "labels": [
                {
                    "path": image.query,
                    "label": image.label,
                    "best": image.best,
                    "confidence": image.confidence,
                    "neighbours": [
                        {"id": id_, "label": label, "distance": distance}
                        for id_, label, distance in image.neighbours
                    ],
                }
                for image in self.images
            ],
            "column": self.column,
            "k": self.k,
            "unknown": self.unknown,
            "reason": self.reason,
        }

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each query: path, label, best, confidence.

        Raises:
            MissingDependency: pandas is not installed.
        """
        return data_frame(
            {
                "path": [image.query for image in self.images],
                "label": [image.label for image in self.images],
                "best": [image.best for image in self.images],
                "confidence": [image.confidence for image in self.images],
            }
        )


@dataclass(frozen=True)
class LabelEvaluation:
    """Leave-one-out recognition of the gallery's own labelled images.

    Attributes:
        images: labelled images; each is recognised by all others (copies of its bytes left out).
        classes: different labels.
        alone: images whose label occurs only once, which can never be right.
        k: number of voters.
        accuracy: share recognised rightly, in [0, 1], when nothing is called unknown.
        class_mean: mean over labels of the accuracy within each.
        gap: micro-AP, see :func:`lookalike.gallery.label_scores.gap`, when nothing is called unknown.
        unknown: the confidence threshold.
        answered: share of images whose confidence reaches it.
        accuracy_answered: accuracy among those; nan when there are none.
        gap_with_unknown: micro-AP when the others are given no prediction.
        by_class: accuracy of each label.
        reason: where the threshold comes from.
    """

    images: int
    classes: int
    alone: int
    k: int
    accuracy: float
    class_mean: float
    gap: float
    unknown: float
    answered: float
    accuracy_answered: float
    gap_with_unknown: float
    by_class: dict[str, float]
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; accuracies are shares in [0, 1]."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in plain.items()}


def label_images(
    gallery: ReadableGallery,
    queries: object = None,
    column: str = "label",
    *,
    k: int = 5,
    unknown: float | None = None,
    where: str | None = None,
) -> Labels:
    """Recognise images by their k nearest labelled neighbours in the gallery.

    Args:
        gallery: its images with a value in ``column`` vote.
        queries: an image or a sequence of images (anything that can be decoded); vectors as float32 (n, d);
            or None for the gallery's own images that have no label yet.
        column: metadata column with the labels.
        k: number of voters.
        unknown: confidence in [0, 1] below which the answer is "unknown"; None = the confidence that 95 %
            of the gallery's own rightly recognised images reach (leave one out).
        where: metadata filter for the voters.

    Raises:
        InvalidArgument: no such column, no labelled image, or k or unknown out of range.
        ImageError: a query cannot be read.
    """
    voters, truth = _labelled(gallery, column, where, k, unknown)
    if unknown is None:
        own = leave_one_out(gallery, voters, truth, k)
        threshold, reason = automatic_unknown(truth, own)
    else:
        threshold, reason = unknown, f"unknown below {unknown:g} as given"
    names, vectors = _queries(gallery, queries, column)
    labels = dict(zip(voters.ids.tolist(), truth, strict=True))
    result = vote_in_blocks(gallery, vectors, voters, labels, k)
    images = []
    for row, name in enumerate(names):
        near = tuple(
            (int(id_), labels[int(id_)], float(distance))
            for id_, distance in zip(result.nearest[row], result.distances[row], strict=True)
            if id_ >= 0
        )
        best, sure = result.labels[row], float(result.confidence[row])
        images.append(LabelledImage(name, best if sure >= threshold else None, best, sure, near))
    return Labels(tuple(images), column, k, threshold, reason)


def evaluate_labels(
    gallery: ReadableGallery,
    column: str = "label",
    *,
    k: int = 5,
    unknown: float | None = None,
    where: str | None = None,
) -> LabelEvaluation:
    """How well neighbours recognise the gallery's own labelled images, each left out in turn.

    An image does not vote for itself, and neither do files with the same bytes.

    Args:
        gallery: its images with a value in ``column`` are queries and voters.
        column: metadata column with the labels.
        k: number of voters.
        unknown: as in :func:`label_images`.
        where: metadata filter.

    Raises:
        InvalidArgument: no such column, no labelled image, or k or unknown out of range.
    """
    voters, truth = _labelled(gallery, column, where, k, unknown)
    votes = leave_one_out(gallery, voters, truth, k)
    threshold, reason = automatic_unknown(truth, votes)
    if unknown is not None:
        threshold, reason = unknown, f"unknown below {unknown:g} as given"
    kept = votes.confidence >= threshold
    certain = [label if keep else None for label, keep in zip(votes.labels, kept, strict=True)]
    by_class = class_accuracy(truth, votes.labels)
    counts: dict[str, int] = {}
    for label in truth:
        counts[label] = counts.get(label, 0) + 1
    answered = [i for i in range(len(truth)) if kept[i]]
    return LabelEvaluation(
        images=len(truth),
        classes=len(counts),
        alone=sum(count == 1 for count in counts.values()),
        k=k,
        accuracy=accuracy(truth, votes.labels),
        class_mean=float(np.mean(list(by_class.values()))),
        gap=gap(truth, votes.labels, votes.confidence),
        unknown=threshold,
        answered=len(answered) / len(truth),
        accuracy_answered=accuracy([truth[i] for i in answered], [votes.labels[i] for i in answered]),
        gap_with_unknown=gap(truth, certain, votes.confidence),
        by_class=by_class,
        reason=reason,
    )


def _labelled(
    gallery: ReadableGallery, column: str, where: str | None, k: int, unknown: float | None
) -> tuple[Selection, list[str]]:
    if k < 1:
        raise InvalidArgument(f"k = {k}: at least one neighbour must vote")
    if unknown is not None and not 0 <= unknown <= 1:
        raise InvalidArgument(f"unknown = {unknown:g} is no confidence; give a number from 0 to 1")
    check_column(gallery, column)
    everything = select(gallery, [column, "content"], where)
    values = everything.columns[column]
    rows = [i for i, value in enumerate(values) if value is not None and value != ""]
    if not rows:
        raise InvalidArgument(
            f"no image has a value in column {column!r}; put images in folders named after their labels, "
            "index a table with a label column, or name another column"
        )
    subset = Selection(
        everything.ids[rows],
        everything.matrix[rows],
        {"content": [everything.columns["content"][i] for i in rows]},
        everything.everything and len(rows) == len(values),
    )
    return subset, [str(values[i]) for i in rows]


def _queries(gallery: ReadableGallery, queries: Any, column: str) -> tuple[list[str], NDArray[np.float32]]:
    """Names and unit vectors of what is to be recognised."""
    if queries is None:
        everything = select(gallery, ["path", column], None)
        rows = [i for i, value in enumerate(everything.columns[column]) if value is None or value == ""]
        return [everything.columns["path"][i] for i in rows], everything.matrix[rows]
    if isinstance(queries, np.ndarray) and queries.ndim == 2 and queries.dtype.kind == "f":
        return [str(i) for i in range(len(queries))], unit_rows(queries.astype(np.float32))
    single = isinstance(queries, str | bytes | os.PathLike | BinaryIO | np.ndarray) or not isinstance(
        queries, Sequence
    )
    images = [queries] if single else list(queries)
    if not images:
        return [], np.empty((0, gallery.encoder.card.dim), dtype=np.float32)
    return [_name(image, i) for i, image in enumerate(images)], unit_rows(gallery.encoder.embed(images))


def _name(image: object, place: int) -> str:
    if isinstance(image, str | os.PathLike):
        return str(Path(os.fspath(image)))
    name = getattr(image, "name", None)
    return name if isinstance(name, str) else str(place)
