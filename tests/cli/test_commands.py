"""Every command: what it prints for people, its JSON contract, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_index_json_contract(lookalike: Command, photos: Path) -> None:
    done = lookalike("index", photos, "--gallery", "g", "--encoder", "classic:layout", "--json")
    assert done.status == 0
    report = done.json
    assert (report["indexed"], report["unchanged"], report["problems"]) == (21, 0, 1)
    assert report["seconds"] > 0
    assert report["images_per_second"] > 0
    assert report["problem_list"][0]["kind"] == "ImageTruncated"
    again = lookalike("index", photos, "-g", "g", "--json").json
    assert (again["indexed"], again["unchanged"], again["problems"]) == (0, 21, 1)


def test_index_for_people(lookalike: Command, photos: Path) -> None:
    done = lookalike(
        "index", photos / "cups", photos / "plates", "--gallery", "g", "--encoder", "classic:layout"
    )
    assert "21 indexed, 0 unchanged, 1 problem in" in done.out
    assert "broken.jpg" in done.out
    assert done.err == ""


def test_index_options(lookalike: Command, photos: Path) -> None:
    done = lookalike("index", photos, "-g", "g", "-e", "classic:layout", "--flat", "--json")
    assert done.json["indexed"] == 0
    done = lookalike(
        "index", photos, "-g", "g", "--glob", "plates/*.jpg", "--workers", 1, "--no-cache", "--json"
    )
    assert done.json["indexed"] == 10
    (photos / "plates" / "0050.jpg").unlink()
    assert lookalike("index", photos / "plates", "-g", "g", "--prune", "--json").json["pruned"] == 1


def test_search_json_contract(lookalike: Command, photos: Path, indexed: Path) -> None:
    query = photos / "cups" / "0003.jpg"
    done = lookalike("search", query, "--gallery", indexed, "-k", 3, "--json")
    assert done.status == 0
    document = done.json
    assert [hit["rank"] for hit in document["hits"]] == [1, 2, 3]
    assert document["hits"][0]["path"] == str(query)
    assert document["hits"][0]["distance"] == pytest.approx(0, abs=1e-5)
    assert document["exact"] is True


def test_search_for_people_and_a_page(lookalike: Command, photos: Path, indexed: Path) -> None:
    query = photos / "cups" / "0003.jpg"
    done = lookalike(
        "search", query, "-g", indexed, "--where", "label = 'plates'", "--not", photos / "plates" / "0052.jpg",
        "--crop", "0,0,20,20", "--combine", "max", "--max-distance", 2, "-o", "out/sheet.html",
    )  # fmt: skip
    assert done.status == 0
    assert "photos/plates/" in done.out
    assert "cups" not in done.out
    assert "10 of 10 images, exact search (memory)" in done.out
    page = Path("out/sheet.html").read_text()
    assert page.count("data:image/jpeg;base64,") >= 11
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_compare_json_contract(lookalike: Command, photos: Path) -> None:
    a, b = photos / "cups" / "0000.jpg", photos / "cups" / "copy.jpg"
    document = lookalike("compare", a, b, "-e", "classic", "-e", "classic:layout", "--json").json
    assert set(document["distances"]) == {"classic", "classic:layout"}
    assert all(abs(distance) < 1e-6 for distance in document["distances"].values())
    done = lookalike("compare", a, photos / "plates" / "0050.jpg", "--metric", "euclidean")
    assert done.status == 0
    assert "glance" in done.out
    assert "euclidean distance" in done.out


def test_duplicates_contract_apply_and_undo(lookalike: Command, photos: Path, indexed: Path) -> None:
    document = lookalike("duplicates", "--gallery", indexed, "--json").json
    (group,) = document["groups"]
    pair = {str(photos / "cups" / "0000.jpg"), str(photos / "cups" / "copy.jpg")}
    assert {group["keep"], *group["drop"]} == pair
    assert Path(group["drop"][0]).exists()
    done = lookalike(
        "duplicates", "-g", indexed, "--kind", "exact", "--keep", "path", "--apply", "aside", "-o", "d.html"
    )
    assert "1 files" in done.out
    assert lookalike("duplicates", "-g", indexed, "--kind", "exact", "--json").json["groups"] == []
    gone = Path(group["drop"][0])
    kept = pair - {path for path in pair if not Path(path).exists()}
    assert len(kept) == 1
    journal = next(part for part in done.out.split() if part.endswith(".jsonl"))
    assert lookalike("duplicates", "-g", indexed, "--undo", Path(journal).parent).status == 0
    assert len(lookalike("duplicates", "-g", indexed, "--kind", "exact", "--json").json["groups"]) == 1
    assert gone.exists()
    assert all(Path(path).exists() for path in pair)
    assert "data:image/jpeg" in Path("d.html").read_text()


def test_clusters_contract(lookalike: Command, photos: Path, indexed: Path) -> None:
    document = lookalike(
        "clusters", "-g", indexed, "--method", "kmeans", "-k", 3, "--labels", "label", "--json"
    ).json
    assert sum(cluster["size"] for cluster in document["clusters"]) == 21
    assert Path(document["clusters"][0]["medoid"]).is_relative_to(photos)
    assert 0 <= document["agreement"]["nmi"] <= 1
    done = lookalike("clusters", "-g", indexed, "--method", "kmeans", "-k", 2, "-o", "c.html")
    assert "2 clusters" in done.out
    assert "data:image/jpeg" in Path("c.html").read_text()


def test_map_writes_a_page(lookalike: Command, indexed: Path) -> None:
    document = lookalike(
        "map", "-g", indexed, "--method", "pca", "--color", "label", "-o", "m.html", "--json"
    ).json
    assert len(document["points"]) == 21
    assert all(0 <= point["x"] <= 1 for point in document["points"])
    page = Path("m.html").read_text()
    assert lookalike("map", "-g", indexed, "--where", "width > 99999", "-o", "m.html").status == 1
    assert Path("m.html").read_text() == page
    assert "<canvas" in page
    assert "0050.jpg" in page


def test_label_and_evaluation(lookalike: Command, photos: Path, indexed: Path) -> None:
    document = lookalike(
        "label", photos / "cups" / "0000.jpg", "-g", indexed, "-k", 1, "--unknown", 0, "--json"
    ).json
    assert document["labels"][0]["label"] == "cups"
    done = lookalike("label", photos / "cups" / "0000.jpg", "-g", indexed)
    assert done.status == 0
    assert "cups" in done.out
    evaluation = lookalike("label", "-g", indexed, "--evaluate", "--json").json
    assert evaluation["images"] == 21
    assert 0 <= evaluation["gap"] <= 1
    assert "leave one out" in lookalike("label", "-g", indexed, "--evaluate").out


def test_encoders(lookalike: Command) -> None:
    listed = {entry["name"]: entry for entry in lookalike("encoders", "list", "--json").json["encoders"]}
    assert {"glance", "classic", "onnx", "timm", "torchvision", "open_clip"} <= set(listed)
    assert listed["classic"]["available"]
    assert "onnx:PATH" in lookalike("encoders").out
    assert lookalike("encoders", "--json").json["encoders"]
    card = lookalike("encoders", "show", "classic", "--json").json
    assert card["dim"] > 0
    assert len(card["fingerprint"]) == 32
    assert "fingerprint" in lookalike("encoders", "show", "classic").out
    assert lookalike("encoders", "pull", "classic", "--json").json == {"name": "classic", "files": []}


def test_doctor(lookalike: Command, indexed: Path) -> None:
    document = lookalike("doctor", "--gallery", indexed, "--json").json
    assert document["packages"]["lancedb"]
    assert document["formats"]["HEIC"] is True
    assert document["gallery"]["sound"] is True
    done = lookalike("doctor", "-g", indexed)
    assert "gallery: sound; 21 images" in done.out


def test_demo_on_samples_and_on_a_folder(lookalike: Command, photos: Path) -> None:
    done = lookalike("demo", "--output", "d", "--encoder", "classic:layout", "--json")
    assert done.status == 0
    page = Path(done.json["page"])
    assert page.read_text().count("data:image/jpeg;base64,") > 20
    assert {item.name for item in page.parent.iterdir()} >= {
        "map.html",
        "duplicates.html",
        "clusters.html",
        "photos",
    }
    done = lookalike("demo", photos, "-e", "classic:layout")
    assert done.status == 0
    assert "open lookalike-demo-photos/index.html" in done.out


MISTAKES = [
    (["search", "photos/cups/0000.jpg", "-g", "nowhere"], 1, "there is no gallery at"),
    (["search", "photos/none.jpg", "-g", "g"], 1, "none.jpg"),
    (["search", "photos/cups/broken.jpg", "-g", "g"], 1, "broken.jpg"),
    (["search", "photos/cups/0000.jpg", "-g", "g", "--where", "colour = 3"], 1, "filter 'colour = 3'"),
    (["search", "photos/cups/0000.jpg", "-g", "g", "--crop", "a,b"], 2, "'a,b' is not a box"),
    (["search", "photos/cups/0000.jpg", "-g", "g", "--mode", "fast"], 2, "'fast'"),
    (["search", "--text", "a cup", "-g", "g"], 1, "does not understand text"),
    (["search", "-g", "g"], 2, "QUERY"),
    (["search", "photos/cups/0000.jpg", "-g", "g", "-k", "0"], 2, "-k"),
    (["index", "nothing-here", "-g", "g"], 1, "nothing-here"),
    (["index", "-g", "g"], 2, "SOURCE"),
    (["index", "photos"], 2, "--gallery"),
    (["index", "photos", "-g", "photos"], 1, "holds other files"),
    (["index", "photos", "-g", "g", "-e", "classic"], 1, "cannot be compared"),
    (["index", "photos", "-g", "g2", "-e", "clasic"], 1, "classic"),
    (["index", "photos", "-g", "g2", "--storage", "tiny"], 2, "'tiny'"),
    (["index", "photos", "-g", "g", "--storage", "int8"], 1, "keeps float32"),
    (["index", "-g", "g3", "--build-index"], 1, "there is no gallery at"),
    (["index", "photos", "-g", "g2", "-e", "onnx:none.onnx"], 1, "none.onnx"),
    (["compare", "photos/cups/0000.jpg"], 2, "B"),
    (["compare", "photos/cups/0000.jpg", "photos/cups/0001.jpg", "--metric", "manhattan"], 2, "manhattan"),
    (["duplicates", "-g", "g", "--keep", "beauty"], 1, "beauty"),
    (["duplicates", "-g", "g", "--threshold", "3"], 1, "threshold 3"),
    (["duplicates", "-g", "g", "--undo", "none.jsonl"], 1, "none.jsonl"),
    (["duplicates", "-g", "g", "--apply", "photos/aside"], 1, "lies inside"),
    (["label", "-g", "g", "--column", "camera"], 1, "put images in folders named"),
    (["clusters", "-g", "g", "--method", "magic"], 2, "magic"),
    (["clusters", "-g", "g", "--labels", "colour"], 1, "colour"),
    (["map", "-g", "g", "--method", "globe"], 2, "globe"),
    (["label", "photos/cups/0000.jpg", "-g", "g", "--column", "colour"], 1, "colour"),
    (["doctor", "-g", "nowhere"], 1, "nowhere"),
    (["frobnicate"], 2, "frobnicate"),
]


@pytest.mark.parametrize(("arguments", "status", "text"), MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES])
def test_mistakes_get_one_clear_line(
    lookalike: Command,
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    status: int,
    text: str,
) -> None:
    monkeypatch.chdir(kept)
    before = sorted(kept.rglob("*"))
    done = lookalike(*arguments)
    assert sorted(kept.rglob("*")) == before, "a refused command leaves nothing behind"
    assert done.status == status
    assert text in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    if status == 1:
        assert done.err.count("\n") == 1


def test_unexpected_errors_are_one_line_too(
    lookalike: Command, photos: Path, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookalike.gallery import Gallery

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("on purpose\nwith lines")

    monkeypatch.setattr(Gallery, "search", fail)
    monkeypatch.delenv("LOOKALIKE_DEBUG", raising=False)
    done = lookalike("search", photos / "cups" / "0000.jpg", "-g", indexed)
    assert done.status == 1
    assert done.err.startswith("lookalike: unexpected ZeroDivisionError: on purpose with lines")
    assert done.err.count("\n") == 1


def test_json_has_no_infinity(lookalike: Command, capsys: pytest.CaptureFixture[str]) -> None:
    from lookalike.cli.output import print_json

    print_json({"a": float("inf"), "b": [float("nan"), 1.5], "c": {"d": -float("inf")}})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [None, 1.5], "c": {"d": None}}
    assert lookalike("--version").out.startswith("lookalike 0.")
