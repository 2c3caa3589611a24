"""Drawn twins among the pairs that people made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike.training.data_made import TWINS_SETTINGS, known_settings
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
    count = max(1, round(len(table) * share / (1 - share)))
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
