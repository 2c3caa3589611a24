"""Hashes of data, the BibTeX entry, response times, reference clusters, and the report written from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lookalike._version import __version__
from lookalike.benchmarks import bench_pairs, bench_triplets
from lookalike.benchmarks.bapps import bench_bapps
from lookalike.benchmarks.provenance import bibtex, data_hash
from lookalike.benchmarks.response_times import within_times
from lookalike.errors import BenchmarkError, InvalidArgument, LookalikeError
from lookalike.judgments import TripletAnswers, open_judgments
from lookalike.reports.bench_files import write_report

from .pair_folders import make_pairs
from .published_layouts import bapps
from .rigged import LEVELS, shade_encoder, shades, voted, write


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """Six raw answers; the shade encoder always chooses near."""
    shades(tmp_path / "raw" / "images", LEVELS)
    write(
        tmp_path / "raw" / "answers.csv",
        "participant,query,left,right,chosen,response_time_s",
        *(f"p{n},ref,near,far,{chosen},{time}" for n, (chosen, time) in enumerate(
            [("near", 0.1), ("near", 1.0), ("far", 2.5), ("far", 9.0), ("far", ""), ("near", 2.5)]
        )),
    )  # fmt: skip
    return tmp_path / "raw"


def test_the_hash_goes_by_content_and_rows(tmp_path: Path) -> None:
    first = open_judgments(voted(tmp_path / "a"))
    other = open_judgments(voted(tmp_path / "elsewhere"))
    assert data_hash(first) == data_hash(other)
    assert len(data_hash(first)) == 64
    assert data_hash(first) != data_hash(first.select([True, True, True, False]))
    text = (tmp_path / "a" / "triplets.csv").read_text()
    (tmp_path / "a" / "triplets.csv").write_text(text.replace("2,3", "3,2"))
    assert data_hash(open_judgments(tmp_path / "a")) != data_hash(first)


def test_results_say_what_they_rest_on(tmp_path: Path) -> None:
    judged = open_judgments(voted(tmp_path))
    encoder = shade_encoder()
    found = bench_triplets(judged, [encoder]).to_dict()["provenance"]
    assert found["data"] == data_hash(judged)
    assert found["encoders"] == {"shade": encoder.card.fingerprint}
    assert found["bibtex"] == bibtex()
    assert bibtex().startswith("@software{lookalike,")
    assert f"{{{__version__}}}" in bibtex()
    assert bibtex().count("{") == bibtex().count("}")


def test_the_report_from_python(tmp_path: Path) -> None:
    result = bench_pairs(make_pairs(tmp_path / "pairs", 12), ["classic:color"], cache=False)
    report = write_report(result, tmp_path / "out")
    assert report == tmp_path / "out" / "report.html"
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    page = report.read_text()
    assert document["provenance"]["data"] in page
    assert document["provenance"]["encoders"]["classic:color"] in page
    assert "@software{lookalike" in page
    assert document["repeated_rows"] == 0
    assert list((tmp_path / "out" / "tables").glob("*.csv"))
    assert list((tmp_path / "out" / "figures").glob("*.svg"))
    (tmp_path / "file").write_text("")
    with pytest.raises(LookalikeError, match="cannot write"):
        write_report(result, tmp_path / "file")


def test_answers_by_response_time(answers: Path) -> None:
    judged = open_judgments(answers)
    assert isinstance(judged, TripletAnswers)
    kept, notes = within_times(judged, 1.0, 2.5)
    assert kept.array("response_time_s").tolist()[:2] == [1.0, 2.5]
    assert len(kept) == 4  # 1.0, 2.5, unknown, 2.5: bounds belong to it
    assert notes[0].startswith("2 of 6 answers were left out")
    assert notes[1] == "Answers without a response time were kept: 1."
    assert within_times(judged) == (judged, [])
    result = bench_triplets(judged, [shade_encoder()], min_response_time=1.0, max_response_time=2.5)
    assert result.answers == 4
    assert result.worked["shade"].agreement.score.value == pytest.approx(0.5)
    assert notes[0] in result.notes


def test_refused_response_times(answers: Path, tmp_path: Path) -> None:
    judged = open_judgments(answers)
    for bounds in ((3.0, 1.0), (-1.0, None), (float("nan"), None)):
        with pytest.raises(InvalidArgument, match="0 <= least <= most"):
            within_times(judged, *bounds)
    with pytest.raises(BenchmarkError, match="none of the 5 answers"):
        within_times(judged.select([True, True, True, True, False, True]), 100, None)
    with pytest.raises(InvalidArgument, match="raw answers"):
        within_times(open_judgments(voted(tmp_path / "votes")), 1.0)


def test_bapps_draws_references_where_they_repeat(tmp_path: Path) -> None:
    folder = bapps(tmp_path)
    found = bench_bapps(folder, [shade_encoder()], metric="euclidean").to_dict()["encoders"]["shade"]
    assert "over 2 reference images" in found["interval_method"]  # two of the three have the same bytes
    shades(folder / "2afc" / "val" / "traditional", {"p2/000": 0, "ref/000": 100})  # now another blue
    alone = bench_bapps(folder, [shade_encoder()], metric="euclidean").to_dict()["encoders"]["shade"]
    assert " over " not in alone["interval_method"]
    assert found["score"] == pytest.approx(alone["score"])
