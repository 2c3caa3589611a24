"""`bench triplets`: --strict, response times, and repeated rows in the document."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.rigged import LEVELS, shades, voted, write

from .conftest import Command


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    return voted(tmp_path / "votes")


def test_strict_ends_with_one_after_everything_was_done(lookalike: Command, votes: Path) -> None:
    asked = ("bench", "triplets", votes, "-e", "pixels", "-e", "onnx:absent.onnx")
    going_on = lookalike(*asked)
    assert going_on.status == 0
    assert "went on without onnx:absent.onnx; --strict ends with exit code 1 then" in going_on.err
    strict = lookalike(*asked, "--strict", "--json")
    assert strict.status == 1
    assert strict.json["encoders"]["pixels"]["score"] > 0
    assert "--strict: onnx:absent.onnx could not be measured" in strict.err
    assert lookalike("bench", "triplets", votes, "-e", "pixels", "--strict").status == 0


def test_response_times_and_repeats_in_the_document(lookalike: Command, tmp_path: Path) -> None:
    shades(tmp_path / "images", LEVELS)
    row = "p,ref,near,far,near,"
    write(
        tmp_path / "answers.csv", "participant,query,left,right,chosen,response_time_s",
        row + "2.0", row + "2.0", row + "0.1", row + "30",
    )  # fmt: skip
    asked = ("bench", "triplets", tmp_path, "-e", "pixels", "--json")
    every = lookalike(*asked).json
    assert (every["answers"], every["repeated_rows"], every["first_repeated_line"]) == (4, 1, 3)
    some = lookalike(*asked, "--min-response-time", 0.2, "--max-response-time", 10).json
    assert (some["answers"], some["min_response_time"], some["max_response_time"]) == (2, 0.2, 10)
    assert any("2 of 4 answers were left out by their response time" in note for note in some["notes"])
