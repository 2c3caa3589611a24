"""`lookalike comparator fit|evaluate`, and comparators in `compare` and `search`."""

from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli.comparator import app
from lookalike.cli.pages import encoder_name
from lookalike.errors import BenchmarkError, ComparatorError, InvalidArgument
from lookalike.gallery import Gallery
from lookalike.gallery.reranking import images_of
from tests.cli.conftest import Command
from tests.similarity.test_comparator import drawings, noisy

PAIRS = 32


def call(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pairs in the layout of Totally-Looks-Like: the right image is the left one with noise."""
    folder = tmp_path / "pairs"
    left = drawings(PAIRS, 4)
    for side, images in (("left", left), ("right", noisy(left, 5))):
        (folder / side).mkdir(parents=True)
        for number, image in enumerate(images):
            Image.fromarray(image).save(folder / side / f"{side[0]}{number:02}.png")
    with (folder / "pairs.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["left", "right"])
        rows.writerows([f"l{number:02}.png", f"r{number:02}.png"] for number in range(PAIRS))
    monkeypatch.chdir(tmp_path)
    return folder


def test_fit_compare_and_search(lookalike: Command, pairs: Path) -> None:
    document = json.loads(call("fit", pairs, "-e", "classic:layout", "-o", "made", "--json"))
    assert document["pairs"] == PAIRS
    assert document["cues"] == ["content", "shape", "texture", "layout", "colour"]
    assert sorted(file.name for file in Path("made").iterdir()) == ["comparator.json", "comparator.npz"]

    two = (pairs / "left" / "l03.png", pairs / "right" / "r03.png")
    found = lookalike("compare", *two, "--comparator", "made", "--json").json
    parts = found["comparators"]["made"]
    assert sum(parts["contributions"].values()) + parts["intercept"] == pytest.approx(
        parts["score"], abs=1e-4
    )
    assert parts["probability"] == pytest.approx(1 / (1 + np.exp(-parts["score"])), abs=1e-6)
    assert found["distances"]["made"] == pytest.approx(1 - parts["probability"])
    assert set(found["distances"]) == {"glance", "made"}
    assert "with probability" in lookalike("compare", *two, "--comparator", "made").out

    lookalike("index", pairs / "right", "--gallery", "g", "--encoder", "classic:color")
    hits = lookalike("search", two[0], "-g", "g", "-k", 3, "--rerank", "made", "--json").json["hits"]
    assert [hit["rank"] for hit in hits] == [1, 2, 3]
    assert Path(hits[0]["path"]).name == "r03.png"
    scores = [hit["comparator_score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    shown = lookalike("search", two[0], "-g", "g", "-k", 3, "--rerank", "made", "-o", "hits.html").out
    first = f"{1 / (1 + np.exp(-scores[0])):.3f}"
    assert "probability" in shown
    assert first in shown
    html = Path("hits.html").read_text()
    assert "re-ranked by the comparator made" in html
    assert f"probability {first}" in html
    assert "probability" not in lookalike("search", two[0], "-g", "g", "-o", "hits.html").out
    assert "re-ranked" not in Path("hits.html").read_text()
    (pairs / "right" / "r03.png").unlink()
    gone = Gallery.open("g").search(str(two[0]), k=PAIRS, rerank="made")
    assert gone[PAIRS - 1].row["comparator_score"] is None
    assert lookalike("search", two[0], "-g", "g", "--rerank", "nowhere").err.startswith(
        "lookalike: nowhere holds no"
    )


def test_pages_name_an_encoder_without_its_folders() -> None:
    def named(spec: str) -> str:
        return encoder_name(SimpleNamespace(settings=SimpleNamespace(encoder=spec)))  # type: ignore[arg-type]

    assert named("onnx:/home/me/my nets/a.onnx") == "onnx:a.onnx"
    assert named("classic+onnx:nets/a.onnx+onnx:~/b.onnx") == "classic+onnx:a.onnx+onnx:b.onnx"
    assert named("open_clip:ViT-B-32/openai") == "open_clip:ViT-B-32/openai"


def test_hits_in_an_archive_are_read(lookalike: Command, pairs: Path) -> None:
    call("fit", pairs, "-e", "classic:layout", "-o", "made")
    with tarfile.open("x.tar", "w") as archive:
        archive.add(pairs / "right", arcname="right")
    lookalike("index", "x.tar", "--gallery", "g", "--encoder", "classic:color")
    hits = Gallery.open("g").search(str(pairs / "left" / "l03.png"), k=PAIRS, rerank="made")
    assert hits[0].path.endswith("x.tar::right/r03.png")
    scores = [hit.row["comparator_score"] for hit in hits]
    assert None not in scores
    assert scores == sorted(scores, reverse=True)
    Path("x.tar").unlink()
    assert images_of(hits.paths) == hits.paths  # nothing to read from: they will come last
    gone = Gallery.open("g").search(str(pairs / "left" / "l03.png"), k=3, rerank="made")
    assert [hit.row["comparator_score"] for hit in gone] == [None] * 3


def test_a_folder_is_not_overwritten_unasked(pairs: Path) -> None:
    again = ("fit", pairs, "-e", "classic:layout", "--cue", "colour", "-o")
    Path("empty").mkdir()
    result = CliRunner().invoke(app, [str(argument) for argument in (*again, "empty")])
    assert result.exit_code == 0
    assert "32 pairs are fewer than 200: weights from so few are not to be relied on" in result.stderr
    card = Path("empty/comparator.json")
    before = card.stat().st_mtime_ns
    with pytest.raises(ComparatorError, match="holds a comparator already; give --overwrite"):
        call(*again, "empty")
    assert card.stat().st_mtime_ns == before
    call(*again, "empty", "--overwrite")
    assert card.stat().st_mtime_ns > before
    with pytest.raises(ComparatorError, match="not empty and holds no comparator"):
        call(*again, pairs, "--overwrite")
    with pytest.raises(ComparatorError, match="is a file"):
        call(*again, pairs / "pairs.csv")


def test_a_run_over_fitted_pairs_says_so(lookalike: Command, pairs: Path) -> None:
    call("fit", pairs, "-e", "classic:layout", "-o", "made")
    done = lookalike("bench", "pairs", pairs, "-e", "classic:color", "--comparator", "made", "-o", "out")
    assert "WARNING: made was fitted on 32 of the 32 pairs" in done.err
    assert "FITTED ON" in done.out
    assert json.loads(Path("out/results.json").read_text())["fitted_pairs"] == {"made": 32}
    assert "no measurement" in Path("out/report.html").read_text()
    (pairs / "pairs.csv").write_text(
        "left,right\n" + "\n".join(f"l{n:02}.png,r{n + 1:02}.png" for n in range(9))
    )
    other = lookalike("bench", "pairs", pairs, "-e", "classic:color", "--comparator", "made", "--json")
    assert other.json["fitted_pairs"] == {}
    assert any("fitted on none of these pairs" in note for note in other.json["notes"])


def test_evaluate(pairs: Path) -> None:
    text = call("evaluate", pairs, "-e", "classic:layout", "--folds", 3, "--ablation", "-o", "out")
    assert "recall in percent, 32 pairs, 3 folds" in text
    assert "recall@1, comparator - cosine" in text
    document = json.loads(Path("out/results.json").read_text())
    assert set(document["encoders"]) == {"comparator", "cosine"}
    assert document["encoders"]["comparator"]["recall"]["5"] > 50
    assert set(document["without"]) == {"content", "shape", "texture", "layout", "colour"}
    again = json.loads(call("evaluate", pairs, "-e", "classic:layout", "--folds", 3, "--json"))
    assert again["encoders"] == document["encoders"]


def test_what_cannot_be_is_said(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("reference,a,b,votes_a,votes_b\nl01.png,l02.png,l03.png,3,1\n")
    with pytest.raises(BenchmarkError, match="learns from pairs"):
        call("fit", "t.csv", "--images", pairs / "left", "-o", "x")
    few = (pairs / "pairs.csv").read_text().splitlines()[:10]
    (pairs / "pairs.csv").write_text("\n".join(few))
    with pytest.raises(ComparatorError, match="at least 20 pairs"):
        call("fit", pairs, "-o", "x")
    with pytest.raises(BenchmarkError, match="too few"):
        call("evaluate", pairs)


def test_evaluate_with_a_nested_choice(pairs: Path) -> None:
    asked = ("evaluate", pairs, "-e", "classic:layout", "--cue", "content", "--folds", 4, "--nested")
    with pytest.raises(BenchmarkError, match="24 pairs are too few for 3 folds"):
        call(*asked)
    with pytest.raises(InvalidArgument, match="leave out --ablation"):
        call(*asked, "--ablation")
    with pytest.raises(InvalidArgument, match="--inner-folds needs --nested"):
        call("evaluate", pairs, "--inner-folds", 2)
