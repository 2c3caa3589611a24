"""Rows that are made: synthetic twins, the bundled digits, pairs and triplets from labels, pairs that are not alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.errors import RecipeError, TrainingError
from lookalike.training.data_table import Rows, Table, number_classes
from lookalike.training.splits import components

if TYPE_CHECKING:
    from lookalike.judgments.twins import Factors

TWINS_SETTINGS = ("n", "shared", "size", "without", "seed")
DIGITS_SETTINGS = ("n", "side", "seed")


def twins_table(needs: str, settings: Mapping[str, Any], seed: int, labels: str | None = None) -> Table:
    """Drawn twins (:func:`lookalike.judgments.make_twins`) as triplets, pairs, attributes, labels or images.

    Triplets: the right answer lies at a or at b by a coin. Attributes: all factors. Labels: the factor that
    ``labels`` names, else the first shared one.

    Raises:
        RecipeError: an unknown setting, or ``labels`` names no factor.
        InvalidArgument: a factor that does not exist.
    """
    from lookalike.judgments import FACTORS, make_twins

    known_settings("twins", settings, TWINS_SETTINGS)
    shared = settings.get("shared", ["shape"])
    drawn = make_twins(
        int(settings.get("n", 500)),
        shared,
        size=int(settings.get("size", 96)),
        seed=int(settings.get("seed", seed)),
    )
    n = len(drawn)
    pictures, known = [*drawn.left, *drawn.right], [*drawn.left_factors, *drawn.right_factors]
    names = [f"twin {i} {side}" for side in ("left", "right") for i in range(n)]
    if needs == "triplets":
        triplets = drawn.triplets(settings.get("without"))
        pictures, known = [*pictures, *triplets.b], [*known, *triplets.b_factors]
        names += [f"twin {i} other" for i in range(n)]
        first, second, third = _same_picture(known).reshape(3, n)
        return _triplets(pictures, names, (first, second, third), drawn.seed)
    if needs == "pairs":
        first, second = _same_picture(known).reshape(2, n)
        return Table("pairs", pictures, names, {"images": first, "images_a": second})
    factors = [one.to_dict() for one in known]
    numbered = {name: number_classes([one[name] for one in factors]) for name in FACTORS}
    label = labels or (drawn.shared[0] if drawn.shared else "shape")
    if label not in numbered:
        raise RecipeError(f"data.labels is {label!r}; twins have {', '.join(FACTORS)}")
    return _described(needs, pictures, names, numbered, label)


def digits_table(
    needs: str,
    settings: Mapping[str, Any],
    seed: int,
    labels: str | None = None,
    where: Mapping[str, Any] | None = None,
) -> Table:
    """The bundled digits (:func:`lookalike.training.digits.load_digits`) with digit, parity and size.

    ``where`` keeps digits by attribute, as in {"digit": [0, 1], "size": "large"}; the numbers of classes stay.

    Raises:
        RecipeError: an unknown setting, or ``labels`` or ``where`` names no attribute.
        TrainingError: no digit is left.
    """
    from lookalike.training.digits import ATTRIBUTES, SIDE, load_digits

    known_settings("digits", settings, DIGITS_SETTINGS)
    found = load_digits(
        side=int(settings.get("side", SIDE)), seed=int(settings.get("seed", seed)), n=settings.get("n")
    )
    if labels not in (None, "folder", *ATTRIBUTES):
        raise RecipeError(f"data.labels is {labels!r}; digits have {', '.join(ATTRIBUTES)}")
    names = [f"digit {i}" for i in range(len(found))]
    numbered = {name: (found.attributes[name], list(classes)) for name, classes in ATTRIBUTES.items()}
    table = _described(
        needs, list(found.images), names, numbered, labels if labels in ATTRIBUTES else "digit"
    )
    kept = np.ones(len(found), dtype=bool)
    for name, wanted in (where or {}).items():
        if name not in ATTRIBUTES:
            raise RecipeError(f"data.where: digits have no {name!r}; they have {', '.join(ATTRIBUTES)}")
        options = {str(one) for one in (wanted if isinstance(wanted, list | tuple | set) else [wanted])}
        kept &= np.array([ATTRIBUTES[name][number] in options for number in found.attributes[name]])
    if not kept.any():
        raise TrainingError("no digits are left; loosen data.where")
    return table.select(np.flatnonzero(kept))


def pairs_from_labels(table: Table, *, negatives: int, seed: int) -> Table:
    """Each labelled image beside another of its class, and ``negatives`` times beside one of another class.

    Raises:
        TrainingError: no class has two images, or pairs that are not alike are wanted of a single class.
    """
    labels = table.values["labels"]
    rng = np.random.default_rng([seed, 2])
    anchors, alike = _partners(labels, rng)
    parts = [(anchors, alike, 1.0)]
    for _ in range(negatives):
        parts.append((anchors, _strangers(labels, anchors, rng), 0.0))
    return _pairs_of(table, parts, labels)


def triplets_from_labels(table: Table, seed: int) -> Table:
    """Each labelled image with one of its own class and one of another, which of them is a by a coin."""
    labels = table.values["labels"]
    rng = np.random.default_rng([seed, 3])
    anchors, alike = _partners(labels, rng)
    pictures = table.columns["images"]
    sides = (pictures[anchors], pictures[alike], pictures[_strangers(labels, anchors, rng)])
    made = _triplets(table.pictures, table.names, sides, seed)
    return replace(made, split=None, notes=table.notes)


def with_negatives(table: Table, negatives: int, seed: int) -> Table:
    """Pairs, and for each alike one ``negatives`` more of its left image beside another component's right one."""
    same = table.values.get("same")
    alike = np.arange(len(table)) if same is None else np.flatnonzero(same >= 0.5)
    of_row = components(table.shown)
    if len(np.unique(of_row[alike])) < 2:
        raise TrainingError(
            "data.negatives needs two pairs that share no image; give more pairs or set it to 0"
        )
    rng = np.random.default_rng([seed, 4])
    left, right = [table.columns["images"]], [table.columns["images_a"]]
    marks = [np.ones(len(table), np.float32) if same is None else same]
    for _ in range(negatives):
        other = alike[_strangers(of_row[alike], np.arange(len(alike)), rng)]
        left.append(table.columns["images"][alike])
        right.append(table.columns["images_a"][other])
        marks.append(np.zeros(len(alike), np.float32))
    return replace(
        table,
        columns={"images": np.concatenate(left), "images_a": np.concatenate(right)},
        values={"same": np.concatenate(marks)},
        split=None,
    )


def partly_labelled(table: Table, share: float, seed: int) -> Table:
    """Pairs of which only a share keeps its ``same``; the others get -1.

    Raises:
        RecipeError: a share outside (0, 1].
        TrainingError: no pair would keep its label.
    """
    if not 0 < share <= 1:
        raise RecipeError(
            f"data.labelled is the share of pairs that keep their label, above 0 and at most 1; got {share:g}"
        )
    if share == 1:
        return table
    kept = round(share * len(table))
    if kept == 0:
        raise TrainingError(f"data.labelled = {share:g} leaves no labelled pair of {len(table)}; raise it")
    same = np.array(table.values.get("same", np.ones(len(table), np.float32)), dtype=np.float32)
    order = np.random.default_rng([seed, 5]).permutation(len(table))
    same[order[kept:]] = -1
    changed = replace(table, values={**table.values, "same": same})
    return changed.noted(f"{kept:,} of {len(table):,} pairs keep their label")


def _same_picture(factors: Sequence[Factors]) -> Rows:
    """For each drawn image the first one of equal factors, which has the same pixels: no split may part the two."""
    first: dict[Factors, int] = {}
    return np.array([first.setdefault(one, i) for i, one in enumerate(factors)], dtype=np.int64)


def _described(needs: str, pictures: Any, names: Any, numbered: Mapping[str, Any], label: str) -> Table:
    columns = {"images": np.arange(len(pictures), dtype=np.int64)}
    if needs == "attributes":
        values = {name: numbers for name, (numbers, _) in numbered.items()}
        classes = {name: known for name, (_, known) in numbered.items()}
        return Table("attributes", pictures, names, columns, attributes=values, classes=classes)
    numbers, known = numbered[label]
    return Table("labels", pictures, names, columns, {"labels": numbers}, classes={"labels": known})


def _triplets(pictures: Any, names: Any, sides: tuple[Rows, Rows, Rows], seed: int) -> Table:
    """``sides``: reference, alike, not alike; a coin decides which of the two is a."""
    reference, alike, other = sides
    at_b = np.random.default_rng([seed, 6]).integers(0, 2, len(reference)).astype(bool)
    columns = {
        "images": reference,
        "images_a": np.where(at_b, other, alike),
        "images_b": np.where(at_b, alike, other),
    }
    votes = {"votes_a": (~at_b).astype(np.float32), "votes_b": at_b.astype(np.float32)}
    return Table("triplets", pictures, names, columns, votes)


def _pairs_of(table: Table, parts: list[tuple[Rows, Rows, float]], labels: Rows) -> Table:
    pictures = table.columns["images"]
    left, right = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    values: dict[str, Any] = {"labels": labels[left]}
    if len(parts) > 1:
        values["same"] = np.concatenate([np.full(len(one), mark, np.float32) for one, _, mark in parts])
    return Table(
        "pairs", table.pictures, table.names, {"images": pictures[left], "images_a": pictures[right]}, values,
        notes=table.notes,
    )  # fmt: skip


def _partners(labels: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Rows whose class has a second image, and for each another row of its class."""
    anchors, partners = [], []
    for label in np.unique(labels[labels >= 0]):
        members = np.flatnonzero(labels == label)
        if len(members) < 2:
            continue
        steps = rng.integers(1, len(members), len(members))
        anchors.append(members)
        partners.append(members[(np.arange(len(members)) + steps) % len(members)])
    if not anchors:
        raise TrainingError(
            "no class has two images, so no two images are known to be alike; check data.labels"
        )
    return np.concatenate(anchors), np.concatenate(partners)


def _strangers(labels: Rows, anchors: Rows, rng: np.random.Generator) -> Rows:
    """For each anchor a row of another class (those with an unknown class are left out)."""
    known = np.flatnonzero(labels >= 0)
    order = known[np.argsort(labels[known], kind="stable")]
    ordered = labels[order]
    start, stop = (np.searchsorted(ordered, labels[anchors], side=side) for side in ("left", "right"))
    others = len(order) - (stop - start)
    if (others == 0).any():
        raise TrainingError(
            "all images are of one class, so none are known not to be alike; check data.labels"
        )
    # The others of a class are the places after its run, going round.
    return np.asarray(order[(stop + rng.integers(0, others)) % len(order)], dtype=np.int64)


def known_settings(name: str, settings: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raise RecipeError for a setting of ``data.NAME`` that there is not."""
    for setting in settings:
        if setting not in known:
            raise RecipeError(f"data.{name} has no setting {setting!r}; it has {', '.join(known)}")
