"""`lookalike bench tll` and `bench pairs` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.pair_folders import make_pairs
from tests.cli.conftest import Command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_pairs(tmp_path / "data", 16, votes=True)


def test_the_contract_of_the_json(lookalike: Command, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = lookalike(
        "bench",
        "tll",
        folder,
        "--encoder",
        "classic:layout",
        "--encoder",
        "onnx:none.onnx",
        "-o",
        out,
        "--json",
    )
    assert done.status == 0, done.err
    document = done.json
    assert document["pairs"] == 16
    assert set(document["encoders"]["classic:layout"]["cosine"]["recall"]) == {
        "1",
        "5",
        "10",
        "20",
        "50",
        "100",
    }
    assert "euclidean" in document["encoders"]["classic:layout"]
    assert set(document["encoders"]["onnx:none.onnx"]) == {"error"}
    assert document["associative_recall"]["classic:layout"]["1"] == 100.0
    assert json.loads((out / "results.json").read_text()) == document
    assert (out / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert {file.name for file in (out / "figures").iterdir()} >= {"recall.svg", "associative_recall.svg"}
    assert {file.name for file in (out / "tables").iterdir()} >= {"recall.csv", "ranks.csv"}


def test_a_table_for_people(lookalike: Command, folder: Path) -> None:
    done = lookalike("bench", "pairs", folder, "-e", "classic:layout", "--limit", "6")
    assert done.status == 0, done.err
    assert "6 pairs" in done.out
    assert "classic:layout" in done.out
    assert done.err == ""  # no progress in a pipe
    chance = next(line for line in done.out.splitlines() if "(chance)" in line)
    assert "16.7" in chance  # 1 of 6
    assert "83.3" in chance  # 5 of 6
    table = folder / "pairs.csv"
    table.write_text(table.read_text().rstrip("\n") + "\n" + table.read_text().splitlines()[1] + "\n")
    assert "1 row repeats another row" in lookalike("bench", "pairs", folder, "-e", "classic:layout").err


def test_a_bad_image_is_one_line_or_skipped(lookalike: Command, folder: Path) -> None:
    bad = folder / "left" / "p003.png"
    bad.write_bytes(bad.read_bytes()[:60])
    done = lookalike("bench", "tll", folder, "-e", "classic:layout")
    assert done.status == 1
    assert done.err.count("\n") == 1
    assert "p003.png" in done.err
    done = lookalike("bench", "tll", folder, "-e", "classic:layout", "--skip-bad", "--json")
    assert done.status == 0, done.err
    assert done.json["pairs"] == 15
    assert done.json["skipped"]["images"][0]["name"] == "left/p003.png"


def test_every_kind_of_bad_image_is_listed(lookalike: Command, folder: Path, tmp_path: Path) -> None:
    (folder / "left" / "p001.png").write_bytes(b"")
    (folder / "right" / "p004.png").unlink()
    damaged = folder / "left" / "p003.png"
    damaged.write_bytes(damaged.read_bytes()[:60])
    done = lookalike("bench", "pairs", folder, "-e", "classic:layout")
    assert done.status == 1
    assert done.err.count("\n") == 1
    assert "line 3: left: " in done.err
    assert "2 rows are wrong like this" in done.err
    assert "--skip-bad" in done.err
    out = tmp_path / "out"
    for name in ("pairs", "tll"):
        done = lookalike("bench", name, folder, "-e", "classic:layout", "--skip-bad", "-o", out)
        assert done.status == 0, done.err
        assert "left out: 3 pairs with 3 unreadable images" in done.out
        found = json.loads((out / "results.json").read_text())
        assert found["pairs"] == 13
        assert found["skipped"]["pairs"] == 3
        assert {one["name"] for one in found["skipped"]["images"]} == {
            "left/p001.png", "right/p004", "left/p003.png",
        }  # fmt: skip
        reasons = [one["reason"] for one in found["skipped"]["images"]]
        assert "the file is empty (0 bytes) (line 3)" in reasons
        for one in ("left/p001.png", "right/p004", "left/p003.png"):
            assert one in done.err
            assert one in (out / "report.html").read_text()


def test_nothing_works(lookalike: Command, folder: Path, tmp_path: Path) -> None:
    done = lookalike("bench", "tll", folder, "-e", "onnx:none.onnx")
    assert (done.status, done.err.count("\n")) == (1, 1)
    (tmp_path / "file").write_text("")
    done = lookalike("bench", "tll", folder, "-e", "classic:layout", "-o", tmp_path / "file")
    assert done.status == 1
    assert "is a file" in done.err
    assert lookalike("bench", "tll", folder, "--limit", "1").status == 2


def test_faces_without_any_in_the_images(lookalike: Command, folder: Path) -> None:
    pytest.importorskip("dlib")
    done = lookalike("bench", "tll", folder, "-e", "classic:layout", "--faces", "--limit", "4", "--json")
    assert done.status == 0, done.err
    document = done.json
    assert document["encoders"]["faces"]["euclidean"]["recall"]["100"] == 0.0  # +inf is never found
    plain, both = (
        document["encoders"][name]["cosine"]["recall"]
        for name in ("classic:layout", "classic:layout + faces")
    )
    assert plain == both  # no faces: the same constant everywhere
    assert document["faces"]["pairs_with_a_face"]["neither"] == 4


def test_a_place_that_cannot_be_written_is_noticed_first(
    lookalike: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("computed before the folder was looked at")

    monkeypatch.setattr("lookalike.judgments.open_judgments", never)
    monkeypatch.setattr("lookalike.benchmarks.tll.bench_pairs", never)
    monkeypatch.setattr("lookalike.benchmarks.nights.bench_nights", never)
    monkeypatch.setattr("lookalike.benchmarks.bapps.bench_bapps", never)
    monkeypatch.setattr("lookalike.benchmarks.things.bench_things", never)
    file = tmp_path / "file"
    file.write_text("")
    for name in ("tll", "pairs", "triplets", "nights", "bapps", "things", "ablation"):
        for place, said in (
            (file, "is a file"),
            (file / "out", "is a file"),
            (Path("/proc/out"), "cannot write"),
        ):
            done = lookalike("bench", name, folder, "-e", "classic", "-o", place)
            assert done.status == 1
            assert said in done.err
            assert len(done.err.splitlines()) == 1
    assert file.read_text() == ""


def test_the_folder_is_looked_at_without_making_it(tmp_path: Path) -> None:
    from lookalike.cli.bench_output import check_folder

    check_folder(tmp_path / "a" / "b")
    check_folder(None)
    assert list(tmp_path.iterdir()) == []


def test_names_that_a_spreadsheet_would_run_are_quoted(
    lookalike: Command, folder: Path, tmp_path: Path
) -> None:
    formula = "=1+1.onnx"
    for place in ("left", "right"):
        (folder / place / "p001.png").rename(folder / place / "=p001.png")
    table = (folder / "pairs.csv").read_text().replace("p001,p001", "=p001,=p001")
    (folder / "pairs.csv").write_text(table)
    out = tmp_path / "out"
    done = lookalike("bench", "pairs", folder, "-e", "classic:layout", "-e", formula, "-o", out)
    assert done.status == 0, done.err
    from lookalike.benchmarks.csv_cells import safe_cell

    assert safe_cell("=x") == "'=x"
    assert (safe_cell("-0.5"), safe_cell(-0.5), safe_cell("a=b")) == ("-0.5", -0.5, "a=b")
    for file in (out / "tables").iterdir():
        cells = [cell for line in file.read_text().splitlines() for cell in line.split(",")]
        assert not [cell for cell in cells if cell.startswith(("=", "@"))], file.name


def test_the_report_names_no_folder_of_this_machine(
    lookalike: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    model = tmp_path / "models" / "none.onnx"
    monkeypatch.setattr("sys.argv", ["lookalike", "bench", "tll", str(folder), "-e", f"onnx:{model}"])
    done = lookalike("bench", "tll", folder, "-e", "classic:layout", "-e", f"onnx:{model}", "-o", out)
    assert done.status == 0, done.err
    page = (out / "report.html").read_text()
    assert str(tmp_path) not in page
    assert "onnx:none.onnx" in page


def test_one_bad_encoder_of_two_is_a_note(lookalike: Command, folder: Path) -> None:
    done = lookalike("bench", "pairs", folder, "-e", "classic:layout", "-e", "nonsense", "--json")
    assert done.status == 0
    assert set(done.json["encoders"]["nonsense"]) == {"error"}
    assert lookalike("bench", "pairs", folder, "-e", "nonsense").status == 1


def test_faces_twice_is_refused_in_a_line(lookalike: Command, folder: Path) -> None:
    done = lookalike("bench", "tll", folder, "-e", "faces", "--faces")
    assert done.status == 1
    assert done.err.splitlines() == [done.err.strip()]
    assert "leave out --encoder faces" in done.err
