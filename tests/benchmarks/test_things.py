"""THINGS end to end on an imitation of the published layout, with a rigged encoder and figures by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lookalike.benchmarks.things import bench_things
from lookalike.errors import JudgmentError

from .published_layouts import things
from .rigged import shade_encoder, shades, write


def test_by_hand(tmp_path: Path) -> None:
    result = bench_things(things(tmp_path), [shade_encoder()], images="images", metric="euclidean")
    found = result.to_dict()
    # The first three lines are one trio: cat, cat, ant were named. Closest are ant and bee, so the machine names cat.
    assert (found["trials"], found["answers"], found["images"]) == (2, 4, 4)
    one = found["encoders"]["shade"]
    # Second trio: ant-dog and dog-cat are equally close, so the machine names cat or ant; people named cat: half.
    assert one["accuracy"] == pytest.approx((2 + 0.5) / 4)
    assert one["majority"] == pytest.approx((1 + 0.5) / 2)
    assert one["tied"] == 1
    # Two of the three who answered the first trio agree: 2 of 3 with the majority, 2 of 6 pairs.
    assert found["ceiling"]["majority_oracle"] == pytest.approx(2 / 3)
    assert found["ceiling"]["pairwise_agreement"] == pytest.approx(1 / 3)
    assert found["ceiling"]["repeated"] == 1
    json.dumps(found, allow_nan=False)


def test_counts_from_csv_without_repeats(tmp_path: Path) -> None:
    shades(tmp_path / "pics", {"x": 0, "y": 10, "z": 100})
    file = write(tmp_path / "mine.csv", "a,b,c,odd", "z,x,y,a")
    result = bench_things(file, [shade_encoder(), "nonsense"], images="pics", metric="euclidean")
    assert result.ceiling is None
    assert result.to_dict()["ceiling"] is None
    assert result.to_dict()["encoders"]["shade"]["accuracy"] == 1.0
    assert "no encoder is called" in result.to_dict()["encoders"]["nonsense"]["error"]


def test_triplets_are_sent_to_their_own_command(tmp_path: Path) -> None:
    (tmp_path / "triplets.csv").write_text("reference,a,b,votes_a,votes_b\nx.png,y.png,z.png,3,1\n")
    with pytest.raises(JudgmentError, match=r"THINGS looks like .* `lookalike bench triplets`"):
        bench_things(tmp_path, ["classic:color"])


def test_other_tables_are_refused(tmp_path: Path) -> None:
    shades(tmp_path, {"x": 0, "y": 10})
    write(tmp_path / "pairs.csv", "left,right", "x,y")
    with pytest.raises(JudgmentError, match="odd-one-out"):
        bench_things(tmp_path, [shade_encoder()])
