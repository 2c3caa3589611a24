"""A run says which human judgments it learned from, wherever its weights go, and benchmarks on them warn."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from safetensors.numpy import save

from lookalike import load_encoder
from lookalike.benchmarks.tll import bench_pairs
from lookalike.benchmarks.triplets import bench_triplets
from lookalike.encoders.fitted import KEY, from_text, joined, to_text
from lookalike.encoders.trained_file import read_fitted, read_tensors
from lookalike.encoders.weights import read_state_dict
from lookalike.errors import EncoderCardError
from lookalike.judgments import PairTable, make_twins, open_judgments
from lookalike.similarity.comparator_pairs import pair_hashes, triplet_hashes
from lookalike.training import fit
from lookalike.training.data_table import Table
from lookalike.training.learned import learned_hashes
from lookalike.training.recipe import Recipe
from lookalike.training.run_folder import RunFolder
from tests.encoders.trained_runs import TINY_NET

PAIRS = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``pairs`` and ``votes``, files like those of people."""
    place = tmp_path_factory.mktemp("learned")
    twins = make_twins(PAIRS, ("shape", "color"), size=32, seed=4)
    twins.save(place / "pairs")
    twins.triplets("color").save(place / "votes")
    return place


def recipe(train: Path | str, **sections: Any) -> Recipe:
    base: dict[str, Any] = {
        "name": "small",
        "encoder": {"name": TINY_NET},
        "adapter": {"kind": "full"},
        "objective": {"kind": "info-nce"},
        "data": {"train": str(train), "split_by": "component", "validation_share": 0.25},
        "optimizer": {"epochs": 1, "batch": 8},
    }
    for name, values in sections.items():
        base[name] = {**base[name], **values} if name != "objective" else values
    return Recipe.from_dict(base)


@pytest.fixture(scope="module")
def aligned(folder: Path) -> Path:
    """A run that learned from pairs, the first fold of three held out."""
    return fit(recipe(folder / "pairs", data={"fold": [0, 3]}), out=folder / "aligned", device="cpu").folder


@pytest.fixture(scope="module")
def table(folder: Path) -> PairTable:
    found = open_judgments(folder / "pairs")
    assert isinstance(found, PairTable)
    return found


def seen(table: PairTable, run: Path) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which pairs of the table a run says that it learned from."""
    fitted = load_encoder(str(run)).fitted_pairs
    assert fitted is not None
    return np.isin(pair_hashes(table.column("left"), table.column("right")), fitted)


def test_hashes_travel_as_text() -> None:
    hashes = np.array([0, 7, 2**64 - 1], dtype=np.uint64)
    assert np.array_equal(from_text(to_text(hashes)), hashes)  # type: ignore[arg-type]
    assert from_text("no base64 !") is None
    assert from_text("AAAA") is None  # three bytes are no number of 64 bits
    assert from_text(3) is None
    assert joined([None, np.empty(0, np.uint64)]) is None
    assert joined([hashes[::-1], None, hashes[:1]]).tolist() == hashes.tolist()  # type: ignore[union-attr]


def header_bytes(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[:8], "little")


def test_many_hashes_leave_the_header_small(tmp_path: Path) -> None:
    """As text 9.5 million of them were more than the header of a file may have; here 200,000, all bits in use."""
    hashes = np.random.default_rng(0).integers(0, 2**64, 200_000, dtype=np.uint64, endpoint=False)
    folder = RunFolder(tmp_path)
    folder.write_weights({"backbone.a": torch.ones(2)}, hashes)
    assert header_bytes(folder.weights) < 1000
    assert np.array_equal(read_fitted(folder.weights), hashes)  # type: ignore[arg-type]
    assert list(read_state_dict(folder.weights)) == ["a"]  # readers of weights leave them out
    folder.write_weights({"backbone.a": torch.ones(2)})
    assert read_fitted(folder.weights) is None


def test_hashes_in_a_header_are_still_read(tmp_path: Path, aligned: Path, table: PairTable) -> None:
    """Runs of the first days keep them there."""
    old = tmp_path / "old"
    shutil.copytree(aligned, old)
    path = old / "weights.safetensors"
    tensors = read_tensors(path)
    fitted = tensors.pop(KEY).astype(np.uint64)
    path.write_bytes(save(tensors, metadata={KEY: to_text(fitted)}))
    card = json.loads((old / "card.json").read_text())
    (old / "card.json").write_text(json.dumps({**card, "weights_sha256": ""}))
    assert np.array_equal(read_fitted(path), fitted)  # type: ignore[arg-type]
    assert seen(table, old).sum() == 16
    assert read_fitted(old / "card.json") is None
    assert read_fitted(old / "none.safetensors") is None


def test_only_labelled_rows_that_people_judged_count() -> None:
    columns = {"images": np.array([0, 1, 2, 0]), "images_a": np.array([1, 2, 3, 2])}
    same = np.array([1, 0, 1, -1], dtype=np.float32)
    known = Table("pairs", [b""] * 4, [""] * 4, columns, {"same": same}, contents=["a", "b", "c", ""])
    # Row 2 shows an image without a content id (a drawn one), row 3 has no label.
    wanted = np.unique(pair_hashes(["b", "c"], ["a", "b"]))
    assert np.array_equal(learned_hashes(known), wanted)  # type: ignore[arg-type]
    assert learned_hashes(Table("pairs", [b""] * 4, [""] * 4, columns)) is None
    one, other, else_ = (
        triplet_hashes(["r"], *sides) for sides in ((["a"], ["b"]), (["b"], ["a"]), (["a"], ["c"]))
    )
    assert one == other != else_
    assert one != pair_hashes(["r"], ["a"])


def test_the_held_out_fold_was_not_learned_from(table: PairTable, aligned: Path) -> None:
    learned = seen(table, aligned)
    assert int(learned.sum()) == 16
    result = bench_pairs(table, [str(aligned)])
    assert result.to_dict()["fitted_pairs"] == {str(aligned): 16}
    assert f"learned from 16 of the {PAIRS} pairs scored here" in result.warnings[0]
    assert bench_pairs(table.select(np.flatnonzero(~learned)), [str(aligned)]).warnings == []


def test_what_begins_with_it_or_imitates_it_has_learned_from_the_same(
    folder: Path, table: PairTable, aligned: Path
) -> None:
    more = {"encoder": {"name": TINY_NET, "weights": str(aligned / "weights.safetensors")}}
    other_half = {"fold": [1, 3]}
    second = fit(
        recipe(folder / "pairs", data=other_half, **more), out=folder / "second", device="cpu"
    ).folder
    assert seen(table, second).all()  # the folds held out are not the same
    pupil = recipe(
        folder / "pairs" / "images",
        objective={"kind": "distillation"},
        data={"split_by": "row", "teacher": {"encoders": [f"trained:{aligned}"]}},
    )
    imitating = fit(pupil, out=folder / "imitating", device="cpu").folder
    assert np.array_equal(seen(table, imitating), seen(table, aligned))
    drawn = recipe("twins", data={"twins": {"n": 24, "size": 32}})
    assert load_encoder(str(fit(drawn, out=folder / "drawn", device="cpu").folder)).fitted_pairs is None


def test_exports_heads_and_ensembles_carry_it(folder: Path, table: PairTable, aligned: Path) -> None:
    pytest.importorskip("onnx")
    from lookalike.training.export import export_onnx

    fitted = load_encoder(str(aligned)).fitted_pairs
    images = [table.images.path(content) for content in table.distinct_images()]
    export_onnx(aligned, folder / "aligned.onnx", images=images)
    exported = f"onnx:{folder / 'aligned.onnx'}"
    head = recipe(
        folder / "pairs",
        encoder={"name": exported},
        adapter={"kind": "linear", "out": 4},
        data={"fold": [1, 3], "k": 1},
    )
    run = fit(head, out=folder / "head", device="cpu").folder
    assert seen(table, run).all()
    for name in (exported, f"classic:color+{exported}"):
        assert np.array_equal(load_encoder(name).fitted_pairs, fitted)  # type: ignore[arg-type]
    assert "learned from 16" in bench_pairs(table, [exported]).warnings[0]


def test_many_hashes_go_beside_the_card(
    aligned: Path, tmp_path: Path, table: PairTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    from lookalike.training import export

    monkeypatch.setattr(export, "MOST_IN_CARD", 15)  # the run learned from 16
    images = [table.images.path(content) for content in table.distinct_images()][:4]
    target = tmp_path / "big.onnx"
    export.export_onnx(aligned, target, images=images)
    card = json.loads((tmp_path / "big.onnx.json").read_text())
    beside = tmp_path / "big.pairs.npy"
    assert card[KEY]["file"] == beside.name
    fitted = load_encoder(str(aligned)).fitted_pairs
    assert np.array_equal(load_encoder(f"onnx:{target}").fitted_pairs, fitted)  # type: ignore[arg-type]
    np.save(beside, np.arange(3, dtype=np.uint64))
    with pytest.raises(EncoderCardError, match=r"fitted_pairs: the file big.pairs.npy is not the one"):
        load_encoder(f"onnx:{target}")
    beside.unlink()
    with pytest.raises(EncoderCardError, match=r"big.pairs.npy beside the card cannot be read"):
        load_encoder(f"onnx:{target}")
    (tmp_path / "big.onnx.json").write_text(json.dumps({**card, KEY: {"file": "../x.npy", "sha256": ""}}))
    with pytest.raises(EncoderCardError, match="the name of a file beside the card"):
        load_encoder(f"onnx:{target}")


def test_votes_on_triplets(folder: Path) -> None:
    head = recipe(
        folder / "votes",
        encoder={"name": "classic:layout"},
        adapter={"kind": "linear", "out": 4},
        objective={"kind": "triplet-hinge"},
        data={"split_by": "row", "fold": [0, 3]},
    )
    run = str(fit(head, out=folder / "by-votes", device="cpu").folder)
    result = bench_triplets(folder / "votes", [run, "classic:layout"])
    assert result.fitted_triplets == {run: 16}
    assert sum("learned from 16 of the 24 triplets" in note for note in result.notes) == 1
