"""The judgments that the pages' examples work on, as `lookalike data twins` writes them."""

from __future__ import annotations

from pathlib import Path

from lookalike.judgments.twins_folder import write_pairs, write_votes


def make(folder: Path) -> None:
    """Write ``pairs/`` (left/, right/, pairs.csv) and ``votes/`` (images/, triplets.csv)."""
    write_pairs(folder / "pairs")
    write_votes(folder / "votes")
