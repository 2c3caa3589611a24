"""Saved tables travel; what is damaged, newer or missing is refused in one line."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lookalike.errors import BadRow, JudgmentError
from lookalike.judgments import (
    ForcedChoiceTable,
    ImageCatalogue,
    Judgments,
    PairTable,
    RatingTable,
    TripletTable,
    load_judgments,
    open_judgments,
)

from .making import catalogue, pictures


@pytest.fixture
def pairs(tmp_path: Path) -> PairTable:
    source = tmp_path / "source"
    left, right = pictures(source / "left", ["a", "b"]), pictures(source / "right", ["a", "c"], first=10)
    images = ImageCatalogue.from_files([*left, *right], source)
    ids = {name: content for content, name in images.names().items()}
    cells = {
        "left": [ids["left/a.png"], ids["left/b.png"]],
        "right": [ids["right/a.png"], ids["right/c.png"]],
        "up_votes": [3, None],
        "mood": ["glad", "sad"],
    }
    return PairTable(pa.table(cells), images, meta={"copies": "kept"})


def _moved(folder: Path, away: Path) -> Path:
    shutil.move(folder, away)
    return away


def test_copied_images_travel(pairs: PairTable, tmp_path: Path) -> None:
    pairs.save(tmp_path / "saved", copy_images=True)
    shutil.rmtree(tmp_path / "source")
    back = load_judgments(_moved(tmp_path / "saved", tmp_path / "elsewhere" / "x"))
    assert isinstance(back, PairTable)
    assert back.table.equals(pairs.table)
    assert back.meta == {"copies": "kept"}
    assert [p.relative_to(tmp_path / "elsewhere" / "x").as_posix() for p in back.paths("right")] == [
        "images/right/a.png",
        "images/right/c.png",
    ]
    assert back.images.absent() == []


def test_images_elsewhere(pairs: PairTable, tmp_path: Path) -> None:
    pairs.save(tmp_path / "saved")
    source = _moved(tmp_path / "source", tmp_path / "other place")
    saved = _moved(tmp_path / "saved", tmp_path / "moved")
    back = load_judgments(saved, images=source)
    assert [p.name for p in back.paths("left")] == ["a.png", "b.png"]
    # Laid out in another way and renamed: found by content.
    flat = tmp_path / "flat"
    flat.mkdir()
    for number, file in enumerate(sorted(source.rglob("*.png"))):
        shutil.copy(file, flat / f"{number}.png")
    (flat / "empty.png").write_bytes(b"")
    back = load_judgments(saved, images=flat)
    assert back.images.absent() == []
    assert back.paths("left")[0].read_bytes() == (source / "left" / "a.png").read_bytes()


def test_absent_images_say_what_to_do(pairs: PairTable, tmp_path: Path) -> None:
    pairs.save(tmp_path / "saved")
    back = load_judgments(tmp_path / "saved")
    assert back.describe()["absent_images"] == 4
    with pytest.raises(JudgmentError, match=r"left/a\.png.*not found here; pass images=FOLDER"):
        back.paths("left")
    with pytest.raises(JudgmentError, match=r"left/a\.png"):
        back.save(tmp_path / "again", copy_images=True)
    with pytest.raises(JudgmentError, match="no folder of images"):
        load_judgments(tmp_path / "saved", images=tmp_path / "nowhere")


def test_a_changed_image_does_not_count(pairs: PairTable, tmp_path: Path) -> None:
    pairs.save(tmp_path / "saved", copy_images=True)
    pictures(tmp_path / "saved" / "images" / "left", ["a"], first=99)
    (tmp_path / "saved" / "images" / "left" / "b.png").write_bytes(b"")
    assert len(load_judgments(tmp_path / "saved").images.absent()) == 2


def test_no_path_of_this_machine_is_written(pairs: PairTable, tmp_path: Path) -> None:
    pairs.table = pairs.table.replace_schema_metadata({"pandas": str(tmp_path)})
    pairs.save(tmp_path / "saved")
    for file in (tmp_path / "saved").iterdir():
        assert os.fsencode(tmp_path) not in file.read_bytes()


def test_saving_again_over_its_own_images(pairs: PairTable, tmp_path: Path) -> None:
    pairs.save(tmp_path / "saved", copy_images=True)
    back = load_judgments(tmp_path / "saved")
    back.select([0]).save(tmp_path / "saved", copy_images=True)
    assert len(load_judgments(tmp_path / "saved")) == 1


def test_a_newer_version_is_refused(pairs: PairTable, tmp_path: Path) -> None:
    pairs.save(tmp_path / "saved")
    file = tmp_path / "saved" / "judgments.parquet"
    table = pq.read_table(file)
    facts = {"schema_version": 2, "kind": "pairs", "meta": {}}
    pq.write_table(table.replace_schema_metadata({"lookalike": json.dumps(facts)}), file)
    with pytest.raises(JudgmentError, match=r"newer lookalike \(schema 2, .* up to 1\): upgrade") as caught:
        load_judgments(tmp_path / "saved")
    assert "\n" not in str(caught.value)


def test_what_is_no_saved_table(pairs: PairTable, tmp_path: Path) -> None:
    with pytest.raises(JudgmentError, match=r"judgments\.parquet is missing"):
        load_judgments(tmp_path)
    pairs.save(tmp_path / "saved")
    file = tmp_path / "saved" / "judgments.parquet"
    pq.write_table(pq.read_table(file).replace_schema_metadata(None), file)
    with pytest.raises(JudgmentError, match="not saved by lookalike"):
        load_judgments(tmp_path / "saved")
    file.write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(JudgmentError, match="damaged or no Parquet"):
        load_judgments(tmp_path / "saved")
    facts = {"schema_version": 1, "kind": "dreams", "meta": {}}
    pq.write_table(pairs.table.replace_schema_metadata({"lookalike": json.dumps(facts)}), file)
    with pytest.raises(JudgmentError, match="kind 'dreams' are unknown"):
        load_judgments(tmp_path / "saved")


def test_a_bad_row_in_a_saved_table(pairs: PairTable, tmp_path: Path) -> None:
    pairs.save(tmp_path / "saved")
    file = tmp_path / "saved" / "judgments.parquet"
    table = pq.read_table(file)
    bad = table.set_column(table.column_names.index("up_votes"), "up_votes", pa.array([1, -2], pa.int32()))
    pq.write_table(bad.replace_schema_metadata(table.schema.metadata), file)
    with pytest.raises(BadRow, match=r"judgments\.parquet, line 2: up_votes is -2"):
        load_judgments(tmp_path / "saved")


@pytest.mark.parametrize(
    "name", ["../../evil.png", "/etc/evil.png", "a/../../b.png", "", "C:/x.png", "x\0y.png"]
)
def test_names_cannot_lead_out_of_the_folder(pairs: PairTable, tmp_path: Path, name: str) -> None:
    pairs.save(tmp_path / "saved")
    file = tmp_path / "saved" / "images.parquet"
    listing = pq.read_table(file)
    names = [name, *listing.column("name").to_pylist()[1:]]
    pq.write_table(pa.table({"content": listing.column("content"), "name": names}), file)
    with pytest.raises(JudgmentError, match="no name for an image"):
        load_judgments(tmp_path / "saved")


def test_every_kind_comes_back(tmp_path: Path) -> None:
    images, ids = catalogue(tmp_path / "pics", ["a", "b", "c"])
    tables: list[Judgments] = [
        ForcedChoiceTable(
            pa.table({"query": [ids["a"]], "options": [[ids["b"], ids["c"]]], "answers": [[1, 2]]}), images
        ),
        RatingTable(
            pa.table({"a": [ids["a"]], "b": [ids["b"]], "rating": [0.5]}),
            images,
            meta={"low": "0", "high": "1"},
        ),
        TripletTable(
            pa.table(
                {"reference": [ids["a"]], "a": [ids["b"]], "b": [ids["c"]], "votes_a": [1], "votes_b": [0]}
            ),
            images,
        ),
    ]
    for number, table in enumerate(tables):
        table.save(tmp_path / str(number), copy_images=True)
        back = open_judgments(tmp_path / str(number))
        assert type(back) is type(table)
        assert back.table.equals(table.table)
        assert back.meta == table.meta
        with pytest.raises(JudgmentError, match=f"holds {table.kind}, not pairs"):
            open_judgments(tmp_path / str(number) / "judgments.parquet", kind="pairs")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ('{"schema_version": 1, "kind": ["pairs"]}', "are unknown here"),
        ('{"schema_version": 1, "kind": {}}', "are unknown here"),
        ('{"schema_version": Infinity, "kind": "pairs"}', "was not saved by lookalike"),
        ("[" * 100_000, "was not saved by lookalike"),
        ("[]", "was not saved by lookalike"),
    ],
)
def test_facts_of_another_type(pairs: PairTable, tmp_path: Path, facts: str, words: str) -> None:
    pairs.save(tmp_path / "saved")
    file = tmp_path / "saved" / "judgments.parquet"
    pq.write_table(pq.read_table(file).replace_schema_metadata({b"lookalike": facts.encode()}), file)
    with pytest.raises(JudgmentError, match=words):
        load_judgments(tmp_path / "saved")
