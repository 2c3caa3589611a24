"""`lookalike bench triplets`, `nights`, `bapps` and `things` end to end, with the baseline that needs no weights."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.cli.bench_triplets import only_rows
from lookalike.errors import InvalidArgument
from lookalike.judgments import read_nights
from tests.benchmarks.published_layouts import bapps, nights, things
from tests.benchmarks.rigged import LEVELS, shades, voted, write

from .conftest import Command


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    return voted(tmp_path / "votes")


def test_json_is_what_outside_scripts_read(lookalike: Command, votes: Path) -> None:
    done = lookalike("bench", "triplets", votes, "-e", "pixels", "-e", "onnx:absent.onnx", "--json")
    assert done.status == 0
    found = done.json
    assert found["triplets"] == 4
    assert list(found["encoders"]) == ["pixels", "onnx:absent.onnx"]
    one = found["encoders"]["pixels"]
    # Pixels see the same shades as the rigged encoder of the library's tests, up to the blue marks: |mid - ref| is
    # 20 and 2 of blue, |below - ref| 20 and 5 of blue, so a is chosen in the third triplet: 2 of 5 people.
    assert one["score"] == pytest.approx((3 + 1 + 2 + 2) / 18)
    assert one["interval"][0] <= one["score"] <= one["interval"][1]
    assert one["majority"] == pytest.approx(1 / 3)
    assert found["ceiling"]["majority_oracle"] == pytest.approx(12 / 18)
    assert "absent.onnx" in found["encoders"]["onnx:absent.onnx"]["error"]


def test_the_default_encoder_and_the_table(lookalike: Command, votes: Path) -> None:
    done = lookalike("bench", "triplets", votes)
    assert done.status == 0
    assert "glance" in done.out
    assert "always the majority" in done.out


def test_the_folder(lookalike: Command, votes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = lookalike(
        "bench",
        "triplets",
        votes,
        "-e",
        "pixels",
        "-e",
        "classic:layout",
        "-e",
        "nonsense",
        "-o",
        out,
        "--json",
    )
    assert done.status == 0
    assert json.loads((out / "results.json").read_text()) == done.json
    page = (out / "report.html").read_text()
    assert "People" in page
    assert "no encoder is called" in page
    assert page.count('class="triplet"') >= 1
    assert str(tmp_path) not in page
    assert not re.search(r'\sstyle="', page)
    with (out / "triplets.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 8
    assert rows[0]["encoder"] == "pixels"
    assert float(rows[0]["agreement"]) == 0.75
    assert (out / "encoders.csv").read_text().startswith("encoder,metric,score,score_low,score_high")
    assert len((out / "margins.csv").read_text().splitlines()) == 1 + 2 * 3
    assert len((out / "comparisons.csv").read_text().splitlines()) == 2
    for name in ("scores", "margins"):
        ElementTree.fromstring((out / "figures" / f"{name}.svg").read_text())


def test_rows_are_chosen(lookalike: Command, tmp_path: Path) -> None:
    shades(tmp_path, LEVELS)
    write(
        tmp_path / "answers.csv",
        "participant,query,left,right,chosen,response_time_s,sampler,shown_at",
        "1,ref,near,far,near,1.0,Test,x",
        "2,ref,far,near,far,1.0,Test,x",
        "2,ref,out,near,near,1.0,Other,x",
    )
    done = lookalike("bench", "triplets", tmp_path, "-e", "pixels", "--where", "sampler=Test", "--json")
    assert done.json["triplets"] == 1
    assert done.json["answers"] == 2
    assert done.json["position_bias"]["counts"] == [2, 0]
    both = lookalike("bench", "triplets", tmp_path, "-e", "pixels", "--where", "sampler=Test,Other", "--json")
    assert both.json["answers"] == 3
    assert "left chosen" in lookalike("bench", "triplets", tmp_path, "-e", "pixels", "-o", tmp_path / "o").out
    assert "chi-square" in (tmp_path / "o" / "report.html").read_text()


def test_images_are_chosen_where_there_are_several_folders(lookalike: Command, tmp_path: Path) -> None:
    shades(tmp_path / "day", {"r": 100, "x": 110, "y": 150})
    shades(tmp_path / "night", {"r": 100, "x": 150, "y": 110})
    write(tmp_path / "triplets.csv", "reference,a,b,votes_a,votes_b", "r,x,y,3,0")
    scores = [
        lookalike("bench", "triplets", tmp_path, "-e", "pixels", "--images", images, "--json").json[
            "encoders"
        ]["pixels"]
        for images in ("day", "night")
    ]
    assert [one["score"] for one in scores] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-e", "nonsense"), "no encoder could be had: nonsense"),
        (("--min-votes", "9"), "none of the 4 triplets has at least 9 votes"),
        (("--where", "sampler"), "write COLUMN=VALUE"),
        (("--where", "sampler=Test"), "no column sampler"),
    ],
)
def test_failures_are_one_line(
    lookalike: Command, votes: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = lookalike("bench", "triplets", votes, *arguments)
    assert done.status == 1
    assert done.out == ""
    assert said in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_the_same_seed_gives_the_same_page(lookalike: Command, votes: Path, tmp_path: Path) -> None:
    pages = []
    for name in ("one", "two"):
        assert lookalike("bench", "triplets", votes, "-e", "pixels", "-o", tmp_path / name).status == 0
        pages.append((tmp_path / name / "report.html").read_bytes())
    assert pages[0] == pages[1]


def test_nights(lookalike: Command, tmp_path: Path) -> None:
    folder, out = nights(tmp_path / "nights"), tmp_path / "out"
    done = lookalike("bench", "nights", folder, "-e", "pixels", "-e", "nonsense", "-o", out, "--json")
    assert done.status == 0
    assert done.json["triplets"] == 5
    # As the rigged encoder, but the tie of the fourth is broken by the blue marks for the left variant, rightly.
    assert done.json["encoders"]["pixels"]["score"] == pytest.approx(4 / 5)
    page = (out / "report.html").read_text()
    assert "DreamSim ensemble, LoRA" in page
    assert "96.2 %" in page
    assert "JND" in (out / "encoders.csv").read_text().upper()
    assert "score" in lookalike("bench", "nights", folder, "-e", "pixels").out


def test_bapps(lookalike: Command, tmp_path: Path) -> None:
    folder, out = bapps(tmp_path / "bapps"), tmp_path / "out"
    done = lookalike("bench", "bapps", folder, "-e", "pixels", "-o", out, "--json")
    assert done.status == 0
    assert done.json["encoders"]["pixels"]["means_over_subsets"]["all"] == pytest.approx(0.5)
    assert done.json["encoders"]["pixels"]["score"] == pytest.approx(1.4 / 3)
    assert "all images pooled" in (out / "report.html").read_text()
    ElementTree.fromstring((out / "figures" / "scores.svg").read_text())


def test_things(lookalike: Command, tmp_path: Path) -> None:
    folder, out = things(tmp_path / "things"), tmp_path / "out"
    done = lookalike(
        "bench", "things", folder, "--images", folder / "images", "-e", "pixels", "-o", out, "--json"
    )
    assert done.status == 0
    assert done.json["trials"] == 2
    # 50 of red and 3 of blue from ant to dog, 50 and 1 from dog to cat: dog and cat are closest, ant the odd one.
    assert done.json["encoders"]["pixels"]["accuracy"] == pytest.approx(2 / 4)
    assert "chance" in (out / "report.html").read_text()
    assert (
        "accuracy" in lookalike("bench", "things", folder, "--images", folder / "images", "-e", "pixels").out
    )


@pytest.mark.parametrize(
    ("make", "name", "bad", "rows"),
    [
        (voted, "triplets", {"images/far.png": "missing", "images/below.png": "damaged"}, 2),
        (nights, "nights", {"distort/000/002_1.png": "empty", "ref/000/003.png": "damaged"}, 2),
        (bapps, "bapps", {"2afc/val/cnn/p0/000.png": "missing", "jnd/val/cnn/p1/001.png": "empty"}, 2),
        (things, "things", {"images/dog.png": "empty"}, 1),
    ],
)
def test_bad_images_are_left_out_and_listed(
    lookalike: Command,
    tmp_path: Path,
    make: Callable[[Path], Path],
    name: str,
    bad: dict[str, str],
    rows: int,
) -> None:
    data = make(tmp_path / "data")
    for file, how in bad.items():
        if how == "missing":
            (data / file).unlink()
        else:
            (data / file).write_bytes((data / file).read_bytes()[: 40 if how == "damaged" else 0])
    command = [
        "bench",
        name,
        data,
        "-e",
        "pixels",
        *(["--images", data / "images"] if name == "things" else []),
    ]
    refused = lookalike(*command)
    assert refused.status == 1
    assert len(refused.err.strip().splitlines()) == 1
    done = lookalike(*command, "--skip-bad", "-o", tmp_path / "out")
    assert done.status == 0, done.err
    skipped = json.loads((tmp_path / "out/results.json").read_text())["skipped"]
    listed = {one["name"] for one in skipped["images"]}
    assert {Path(one).stem for one in listed} == {Path(file).stem for file in bad}
    # The JND votes of NIGHTS are about the same images: those of triplet 2 and 3 are three pairs.
    assert skipped["rows"] == rows + (3 if name == "nights" else 0)
    said = f"Left out: {skipped['rows']} row"
    assert said in " ".join(done.err.split())
    assert said in (tmp_path / "out/report.html").read_text()


def test_where_reads_values_as_the_column_holds_them(lookalike: Command, tmp_path: Path) -> None:
    shades(tmp_path / "images", LEVELS)
    write(
        tmp_path / "triplets.csv",
        "reference,a,b,votes_a,votes_b,round,weight,shown,mood",
        "ref,near,far,3,1,1,0.5,True,fine",
        "ref,out,near,4,1,2,0.5,False,",
        'ref,mid,below,2,3,10,1.5,True,"well, so so"',
    )

    def count(*where: str) -> int:
        asked = [part for one in where for part in ("--where", one)]
        done = lookalike("bench", "triplets", tmp_path, "-e", "pixels", *asked, "--json")
        assert done.status == 0, done.err
        return int(done.json["triplets"])

    assert count("round=1") == 1  # not 10
    assert count("round=1.0,2") == 2
    assert count("weight=0.50") == 2
    assert count("weight=.5", "round=2") == 1
    assert count("shown=True") == 2  # text in this table, written as it is
    assert count("mood=") == 1
    assert count('mood="well, so so",fine') == 2

    def refused(where: str) -> str:
        done = lookalike("bench", "triplets", tmp_path, "-e", "pixels", "--where", where)
        assert done.status == 1
        assert len(done.err.strip().splitlines()) == 1
        return " ".join(done.err.split())

    assert "no row has that; round is 1, 2, 10" in refused("round=3")
    assert "round holds numbers" in refused("round=one")
    assert "round holds numbers" in refused("round=true")
    assert "no row has that; shown is True, False" in refused("shown=true")
    assert "no column colour; it has" in refused("colour=red")
    assert "reference, which holds images" in refused("reference=ref")


def test_where_on_truth_values(tmp_path: Path) -> None:
    table = read_nights(nights(tmp_path), min_votes=0)
    assert len(only_rows(table, ["is_imagenet=true"])) == 2
    assert len(only_rows(table, ["is_imagenet=FALSE", "split=test"])) == 4
    assert len(only_rows(table, ["is_imagenet=0,1"])) == len(table)
    with pytest.raises(InvalidArgument, match="is_imagenet is true or false"):
        only_rows(table, ["is_imagenet=maybe"])
    with pytest.raises(InvalidArgument, match="cannot be compared"):
        only_rows(table, ["votes_a=2.5"])
    with pytest.raises(InvalidArgument, match="cannot be compared"):
        table.where(votes_a=True)
