"""What stands among the pairs that people made: drawn twins, and bystanders that are alike to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lookalike.errors import TrainingError, printable
from lookalike.training.data_made import TWINS_SETTINGS, known_settings
from lookalike.training.data_reading import read_images
from lookalike.training.data_table import Table, number_classes


def with_twins(table: Table, share: float, settings: Mapping[str, Any], seed: int) -> Table:
    """Training pairs, and behind them so many drawn twins that these are ``share`` of all rows.

    Twins with equal values of all the factors that they share are one group: none is another's negative.

    Args:
        table: pairs, with the groups of ``data_rows``: ``labels`` int64 (n,).
        share: above 0 and below 1.
        settings: ``shared``, ``size`` and ``seed`` of the twins; see :func:`~lookalike.judgments.make_twins`.
        seed: of the drawing, where the settings name none.

    Raises:
        RecipeError: an unknown setting.
        InvalidArgument: a factor that does not exist.
    """
    from lookalike.judgments import make_twins

    known_settings("twins", settings, TWINS_SETTINGS)
    count = _rows_for(table, share)
    drawn = make_twins(
        count,
        settings.get("shared", ["shape"]),
        size=int(settings.get("size", 96)),
        seed=int(settings.get("seed", seed)),
    )
    shared = ["/".join(getattr(one, name) for name in drawn.shared) for one in drawn.left_factors]
    groups = table.values["labels"]
    values: dict[str, Any] = {"labels": number_classes(shared)[0] + (int(groups.max(initial=-1)) + 1)}
    if "same" in table.values:
        values["same"] = np.ones(count, dtype=np.float32)
    numbers = np.arange(count, dtype=np.int64)
    twins = Table(
        "pairs",
        [*drawn.left, *drawn.right],
        [f"twin {i} {side}" for side in ("left", "right") for i in range(count)],
        {"images": numbers, "images_a": numbers + count},
        values,
    )
    mixed = table.joined(twins)
    return mixed.noted(f"{count:,} drawn twins stand among the {len(mixed):,} training pairs")


def with_bystanders(table: Table, share: float, place: str, seed: int) -> Table:
    """Training pairs, and behind them so many rows of two other images that these are ``share`` of all rows.

    A row's two images are drawn from the place by chance and are said not to be alike: InfoNCE takes them for negatives, and
    a ``pull`` holds what was learned of more images than the pairs show.

    Args:
        table: pairs, with the groups of ``data_rows``: ``labels`` int64 (n,).
        share: above 0 and below 1.
        place: a folder, list, table or archive of images; see :func:`~lookalike.images.open_source`.
        seed: of the choice.

    Raises:
        SourceError: nothing there.
        TrainingError: fewer than two images.
    """
    try:
        found = read_images(place)
    except TrainingError as error:
        raise TrainingError(str(error).replace("data.train", "data.bystanders")) from error
    if len(found) < 2:
        raise TrainingError(
            f"data.bystanders: {printable(place)} holds {len(found)} image; two and more are needed"
        )
    wanted = _rows_for(table, share)
    # Shuffled again and again until there are enough: each image comes about as often.
    dice = np.random.default_rng([seed, 11])
    rounds = [dice.permutation(len(found)) for _ in range(-(-2 * wanted // len(found)))]
    chosen = np.concatenate(rounds)[: 2 * wanted].astype(np.int64)
    left, right = chosen[:wanted], chosen[wanted:]
    right = np.where(left == right, (right + 1) % len(found), right)  # no image stands beside itself
    groups = table.values["labels"]
    bystanders = Table(
        "pairs",
        found.pictures,
        found.names,
        {"images": left, "images_a": right},
        {
            "labels": int(groups.max(initial=-1)) + 1 + np.arange(wanted, dtype=np.int64),
            "same": np.zeros(wanted, dtype=np.float32),
        },
    )
    said = table.values.get("same", np.ones(len(table), dtype=np.float32))
    mixed = replace(table, values={**table.values, "same": said}).joined(bystanders)
    return mixed.noted(f"{wanted:,} rows of bystanders stand among the {len(mixed):,} training rows")


def _rows_for(table: Table, share: float) -> int:
    """So many rows that they are ``share`` of all once they stand behind the table's."""
    return max(1, round(len(table) * share / (1 - share)))
