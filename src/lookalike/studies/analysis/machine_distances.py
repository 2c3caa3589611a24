"""The distances that encoders and comparators give to the images of a study's items."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.benchmarks.triplets_encoders import Failed, ImageVectors, each_encoder
from lookalike.errors import LookalikeError, StudyError

if TYPE_CHECKING:
    from lookalike.encoders import Encoder, EncoderOptions
    from lookalike.judgments import ImageCatalogue
    from lookalike.progress import Progress
    from lookalike.similarity.comparator import Comparator
    from lookalike.studies.items import Item


@dataclass(frozen=True)
class ItemDistances:
    """One machine's distances.

    Attributes:
        name: the machine, as it was asked for.
        rows: for each item the distances behind its possible choices, smallest = most alike: kafc and 2afc, of the query to
            each option; odd-one-out, of the pair that is left when each option is taken away; same-different and ratings,
            of the two images (one number).
        notes: for the reader.
    """

    name: str
    rows: tuple[NDArray[np.float64], ...]
    notes: tuple[str, ...] = field(default=())


def machine_distances(
    items: Sequence[Item],
    images: ImageCatalogue,
    encoders: Sequence[str | Encoder] = (),
    comparators: Sequence[str | Path | Comparator] = (),
    *,
    options: EncoderOptions | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Iterator[ItemDistances | Failed]:
    """Each machine in turn; one that cannot be had is a :class:`Failed`, not the end.

    Args:
        items: to be answered.
        images: where they lie.
        encoders: names as for :func:`lookalike.load_encoder`, ``pixels``, or encoders.
        comparators: folders of saved comparators, or comparators.
        options: of encoders given by name.
        seed: of transforms.
        progress: told how far it is.

    Raises:
        ImageError: an image cannot be read.
        StudyError: no machine is named.
    """
    if not encoders and not comparators:
        raise StudyError("no machine was named; give an encoder (--encoder) or a comparator (--comparator)")
    contents = list(dict.fromkeys(content for item in items for content in item.images))
    if encoders:
        for made in each_encoder(encoders, images, contents, options=options, seed=seed, progress=progress):
            yield made if isinstance(made, Failed) else _by_encoder(made, items)
    for given in comparators:
        yield _by_comparator(given, items, images, contents, progress)


def pairs_of(item: Item) -> list[tuple[str, str]]:
    """The pairs of images whose distances decide an item, in the order of its choices."""
    if item.options and item.fixed:
        return [(item.fixed[0], option) for option in item.options]
    if item.options:
        if len(item.options) != 3:
            raise StudyError(
                f"item {item.id}: the odd one of {len(item.options)} images has no distance of its own; three are wanted"
            )
        a, b, c = item.options
        return [(b, c), (a, c), (a, b)]
    if len(item.fixed) != 2:
        raise StudyError(f"item {item.id} ({item.type}) is no question that distances could answer")
    return [(item.fixed[0], item.fixed[1])]


def _by_encoder(made: ImageVectors, items: Sequence[Item]) -> ItemDistances:
    pairs = [pairs_of(item) for item in items]
    flat = [pair for row in pairs for pair in row]
    found = made.distances([a for a, _ in flat], [b for _, b in flat])
    return ItemDistances(made.name, _cut(found, [len(row) for row in pairs]))


def _by_comparator(
    given: Any,
    items: Sequence[Item],
    images: ImageCatalogue,
    contents: Sequence[str],
    progress: Progress | None,
) -> ItemDistances | Failed:
    from lookalike.similarity.comparator import Comparator

    name = str(given) if isinstance(given, str | Path) else given.name
    files = [images.path(content) for content in contents]
    try:
        comparator = Comparator.load(given) if isinstance(given, str | Path) else given
        ready = comparator.prepare(comparator.describe(files, progress=progress))
    except LookalikeError as error:
        return Failed(name, " ".join(str(error).split()))
    row = {content: n for n, content in enumerate(contents)}
    return ItemDistances(
        name, tuple(_scores(comparator, ready, row, item) for item in items), _fitted(comparator, name, items)
    )


def _scores(comparator: Any, ready: Any, row: Mapping[str, int], item: Item) -> NDArray[np.float64]:
    """Minus the log odds that a person would pair the two: smaller is more alike."""
    found = []
    for first in dict.fromkeys(a for a, _ in pairs_of(item)):
        others = [b for a, b in pairs_of(item) if a == first]
        query, rest = ready.take(np.array([row[first]])), ready.take(np.array([row[b] for b in others]))
        found += list(zip([(first, b) for b in others], -comparator.matrix(query, rest)[0], strict=True))
    by_pair = dict(found)
    return np.array([float(by_pair[pair]) for pair in pairs_of(item)], dtype=np.float64)


def _fitted(comparator: Any, name: str, items: Sequence[Item]) -> tuple[str, ...]:
    """A warning where the comparator was fitted on pairs that are the right answers here."""
    known = getattr(comparator, "fitted", None)
    right = [(i.fixed[0], i.options[i.right]) for i in items if i.fixed and i.options and i.right is not None]
    if known is None or not right:
        return ()
    from lookalike.similarity.comparator_pairs import count_fitted

    count = count_fitted(known, [a for a, _ in right], [b for _, b in right])
    if not count:
        return ()
    return (
        f"WARNING: {name} was fitted on {count} of the {len(right)} right pairs here: its accuracy is no measurement.",
    )


def _cut(values: NDArray[np.float64], lengths: Sequence[int]) -> tuple[NDArray[np.float64], ...]:
    ends = np.cumsum([0, *lengths])
    return tuple(values[a:b] for a, b in itertools.pairwise(ends))
