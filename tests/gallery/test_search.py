"""Searching: queries of every kind, filters, engines that agree, and an index that is never wrong."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lookalike.encoders import normalize
from lookalike.errors import BadFilter, GalleryError, InvalidArgument, NoSuchOutput
from lookalike.gallery import Gallery, IndexOptions, searcher
from lookalike.gallery.ann import recall_of
from lookalike.gallery.query import Query
from tests.gallery.conftest import Thumb, picture, save_pictures


def test_an_image_finds_itself_first(gallery: Gallery, photos: Path) -> None:
    hits = gallery.search(str(photos / "a" / "0004.jpg"), k=5)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert hits.paths[0] == str(photos / "a" / "0004.jpg")
    assert hits[0].distance == pytest.approx(0, abs=1e-6)
    assert list(hits.to_arrow().column("distance").to_pylist()) == sorted(h.distance for h in hits)
    assert hits.exact
    assert hits.engine == "memory"
    assert hits.searched == 20


def test_every_form_of_query_gives_the_same_hits(gallery: Gallery, photos: Path) -> None:
    path = photos / "b" / "0103.jpg"
    forms = [str(path), path, path.read_bytes(), path.open("rb")]
    found = [[(hit.path, hit.distance) for hit in gallery.search(form, k=4)] for form in forms]
    assert all(other == found[0] for other in found)
    forms[3].close()  # type: ignore[union-attr]
    # Pixels that are decoded already were not decoded at a reduced scale: nearly the same.
    for form in (Image.open(path), np.asarray(Image.open(path))):
        hits = gallery.search(form, k=4)
        assert hits.paths[0] == str(path)
        assert hits[0].distance < 0.01


def test_k_larger_than_the_gallery(gallery: Gallery, photos: Path) -> None:
    assert len(gallery.search(str(photos / "a" / "0000.jpg"), k=500)) == 20


def test_filter_and_maximum_distance(gallery: Gallery, photos: Path) -> None:
    query = str(photos / "a" / "0000.jpg")
    hits = gallery.search(query, k=20, where="label = 'b' AND width > 30")
    assert len(hits) == 8
    assert hits.searched == 8
    assert all(hit.row["label"] == "b" for hit in hits)
    assert len(gallery.search(query, k=20, where="width > 1000")) == 0
    near = gallery.search(query, k=20, max_distance=0.5)
    assert 1 <= len(near) < 20
    assert all(hit.distance <= 0.5 for hit in near)


@pytest.mark.parametrize("where", ["nonsense = 3", "label = ", "'; DROP TABLE images"])
def test_bad_filter_is_one_clear_line(gallery: Gallery, photos: Path, where: str) -> None:
    with pytest.raises(BadFilter) as caught:
        gallery.search(str(photos / "a" / "0000.jpg"), where=where)
    assert "\n" not in str(caught.value)
    assert "AND width" in str(caught.value)


def test_several_images_by_mean_and_by_best(gallery: Gallery, photos: Path) -> None:
    queries = [str(photos / "a" / "0001.jpg"), str(photos / "b" / "0105.jpg")]
    best = gallery.search(queries, k=2, combine="max")
    assert sorted(best.paths) == queries
    vectors = gallery.encoder.embed(queries)
    mean = normalize(normalize(vectors).mean(axis=0, keepdims=True))
    expected = gallery.nearest(mean, 3)[1][0].tolist()
    assert [hit.id for hit in gallery.search(queries, k=3)] == expected


def test_crop_searches_for_a_part(gallery: Gallery, photos: Path, tmp_path: Path) -> None:
    both = Image.new("RGB", (80, 30))
    both.paste(picture(2), (0, 0))
    both.paste(picture(104), (40, 0))
    both.save(tmp_path / "both.png")
    hits = gallery.search(str(tmp_path / "both.png"), crop=(40, 0, 80, 30), k=1)
    assert hits.paths == [str(photos / "b" / "0104.jpg")]
    with pytest.raises(InvalidArgument):
        gallery.search(str(tmp_path / "both.png"), crop=(70, 0, 200, 30))


def test_counter_examples_push_their_like_away(gallery: Gallery, photos: Path) -> None:
    wanted, unwanted = str(photos / "a" / "0001.jpg"), str(photos / "a" / "0002.jpg")
    plain = {h.path: h.distance for h in gallery.search(wanted, k=20)}
    pushed = {h.path: h.distance for h in gallery.search(wanted, negative=unwanted, k=20)}
    assert pushed[unwanted] > plain[unwanted]
    vectors = normalize(gallery.encoder.embed([wanted, unwanted]))
    by_hand = vectors[:1] - 0.5 * vectors[1:]
    np.testing.assert_allclose(
        Query([wanted], negative=[unwanted]).vectors(gallery.encoder),
        by_hand / np.linalg.norm(by_hand),
        atol=1e-6,
    )


def test_words_need_an_encoder_that_reads(gallery: Gallery) -> None:
    with pytest.raises(NoSuchOutput, match="text"):
        gallery.search(text="a red cup")
    with pytest.raises(InvalidArgument, match="nothing to search for"):
        gallery.search()


def test_hits_as_tables_json_and_html(gallery: Gallery, photos: Path) -> None:
    pytest.importorskip("pandas")
    hits = gallery.search(str(photos / "a" / "0000.jpg"), k=3)
    frame = hits.to_pandas()
    assert list(frame["path"]) == hits.paths
    document = json.loads(json.dumps(hits.to_dict()))
    assert [hit["rank"] for hit in document["hits"]] == [1, 2, 3]
    assert document["exact"] is True
    assert hits._repr_html_().count("data:image/jpeg;base64,") == 3
    assert gallery.search(str(photos / "a" / "0000.jpg"), k=3, where="width > 999").to_pandas().empty


def test_search_returns_what_another_process_added(
    gallery: Gallery, photos: Path, reopen: Callable[[], Gallery]
) -> None:
    other = reopen()
    new = save_pictures(photos / "c", 1, first=640)[0]
    other.index(photos, cache=False)
    gallery.refresh()
    assert gallery.search(str(new), k=1).paths == [str(new)]


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Gallery, NDArray[np.float32]]:
    """4,000 vectors in clusters, in a gallery for which memory is (said to be) too small."""
    monkeypatch.setattr(searcher, "EXACT_VALUES", 1_000)
    monkeypatch.setattr(searcher, "SMALL_SELECTION", 50)
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((60, 108))
    vectors = normalize(
        (centres[rng.integers(0, 60, 4000)] + 0.4 * rng.standard_normal((4000, 108))).astype(np.float32)
    )
    made = Gallery.create(tmp_path / "large", Thumb())
    add_vectors(made, vectors, 0)
    return made, vectors


def add_vectors(gallery: Gallery, vectors: NDArray[np.float32], first: int) -> None:
    """Rows straight into the record: no pictures needed."""
    import pyarrow as pa

    ids = np.arange(first, first + len(vectors))
    columns = {
        "id": ids,
        "path": [f"/v/{i}.jpg" for i in ids],
        "content": [f"{i:064x}" for i in ids],
        "signature": ["1:0:0"] * len(ids),
        "source": ["/v"] * len(ids),
        "label": [str(i % 3) for i in ids],
        "missing": [False] * len(ids),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]),
    }
    gallery.store.append(pa.table(columns))


def test_without_an_index_the_record_is_read_exactly(large: tuple[Gallery, NDArray[np.float32]]) -> None:
    gallery, vectors = large
    hits = gallery.search_vectors(vectors[7:8], k=10)
    assert hits.exact
    assert hits.engine == "record"
    truth = np.argsort(1 - vectors @ vectors[7], kind="stable")[:10]
    assert [hit.id for hit in hits] == truth.tolist()
    with pytest.raises(InvalidArgument, match="--build-index"):
        gallery.search_vectors(vectors[:1], mode="index")


def test_index_is_approximate_and_says_so(large: tuple[Gallery, NDArray[np.float32]]) -> None:
    gallery, vectors = large
    built = gallery.build_index()
    assert built["engine"] == "faiss"
    assert built["rows"] == 4000
    assert built["recall"] >= 0.95
    found = gallery.find(vectors[:200], 10)
    exact = gallery.find(vectors[:200], 10, mode="exact")
    assert (found.exact, found.engine, exact.exact, exact.engine) == (False, "faiss", True, "record")
    assert recall_of(found.ids, exact.ids) > 0.9
    hits = gallery.search_vectors(vectors[3:4], k=5)
    assert not hits.exact
    # Distances come from the stored vectors, not from the index's rounded ones.
    for hit in hits:
        assert hit.distance == pytest.approx(1 - vectors[3] @ vectors[hit.id], abs=1e-6)
    report = gallery.check(queries=100)
    assert report.recall_at_10 is not None
    assert report.recall_at_10 > 0.9


def test_stale_index_is_extended_never_wrong(
    large: tuple[Gallery, NDArray[np.float32]], tmp_path: Path
) -> None:
    gallery, vectors = large
    gallery.build_index()
    new = normalize(np.random.default_rng(5).standard_normal((20, 108)).astype(np.float32))
    add_vectors(gallery, new, 4000)
    gallery.store.delete_ids([0, 1, 2])
    gallery.store.mark_missing([10])
    other = Gallery.open(tmp_path / "large", encoder=Thumb())
    found = other.find(new[4:5], 3, mode="index")
    assert found.ids[0, 0] == 4004
    for gone in (0, 1, 2, 10):
        assert gone not in other.find(vectors[gone : gone + 1], 20, mode="index").ids
    assert other.index_stamp is not None
    assert other.index_stamp["rows"] == 4017


def test_index_of_other_data_or_damaged_is_ignored(
    large: tuple[Gallery, NDArray[np.float32]], tmp_path: Path
) -> None:
    gallery, vectors = large
    gallery.build_index()
    stamp = tmp_path / "large" / "index" / "stamp.json"
    good = stamp.read_text()
    for bad in (
        "{",
        good.replace('"rows": 4000', '"rows": 5'),
        good.replace(gallery.settings.identity, "0" * 32),
    ):
        stamp.write_text(bad)
        other = Gallery.open(tmp_path / "large", encoder=Thumb())
        assert other.index_stamp is None
        assert other.find(vectors[:1], 1).engine == "record"
    stamp.write_text(good)
    (tmp_path / "large" / "index" / "vectors.faiss").write_bytes(b"nonsense")
    assert Gallery.open(tmp_path / "large", encoder=Thumb()).find(vectors[:1], 1).ids[0, 0] == 0


def test_much_new_data_asks_for_a_new_index(
    large: tuple[Gallery, NDArray[np.float32]], tmp_path: Path
) -> None:
    gallery, vectors = large
    gallery.build_index()
    add_vectors(gallery, vectors, 4000)
    other = Gallery.open(tmp_path / "large", encoder=Thumb())
    assert other.index_stamp is None
    assert other.build_index()["rows"] == 8000


def test_filter_with_the_index(large: tuple[Gallery, NDArray[np.float32]]) -> None:
    gallery, vectors = large
    gallery.build_index()
    wide = gallery.search_vectors(vectors[:1], k=10, where="label = '0'")
    assert (wide.engine, wide.searched) == ("faiss", 1334)
    assert all(hit.row["label"] == "0" for hit in wide)
    narrow = gallery.search_vectors(vectors[:1], k=10, where="id < 30")
    assert narrow.exact
    truth = np.argsort(1 - vectors[:30] @ vectors[0], kind="stable")[:10]
    assert [hit.id for hit in narrow] == truth.tolist()


def test_lance_index_answers_what_outgrows_memory(
    large: tuple[Gallery, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery, vectors = large
    monkeypatch.setattr(searcher.Searcher, "index_fits", lambda _: False)
    gallery.store.mark_missing([10])
    assert gallery.build_index()["engine"] == "lance"
    found = gallery.find(vectors[:50], 10)
    exact = gallery.find(vectors[:50], 10, mode="exact")
    assert (found.engine, found.exact) == ("lance", False)
    assert recall_of(found.ids, exact.ids) > 0.9
    assert 10 not in found.ids
    np.testing.assert_allclose(found.distances[:, 0], exact.distances[:, 0], atol=1e-3)


@pytest.mark.parametrize("storage", ["float32", "float16", "int8", "binary"])
def test_compact_storage_finds_the_same_picture(tmp_path: Path, photos: Path, storage: str) -> None:
    made = Gallery.create(tmp_path / storage, Thumb(), storage=storage)
    made.index(photos, cache=False, options=IndexOptions(commit_rows=6))
    for path in sorted(photos.rglob("*.jpg")):
        assert made.search(str(path), k=1).paths == [str(path)]
    again = Gallery.open(tmp_path / storage, encoder=Thumb())
    assert again.search(str(photos / "a" / "0003.jpg"), k=1).paths == [str(photos / "a" / "0003.jpg")]
    assert again.check().sound
    lengths = np.linalg.norm(again.vectors().matrix, axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-5)


def test_index_left_by_another_gallery_is_never_used(
    large: tuple[Gallery, NDArray[np.float32]], tmp_path: Path
) -> None:
    """Same folder, same encoder, same ids, other pictures: the old index must not answer."""
    gallery, vectors = large
    gallery.build_index()
    (tmp_path / "large" / "gallery.json").unlink()
    other = Gallery.create(tmp_path / "large", Thumb())
    add_vectors(other, vectors[::-1].copy(), 0)
    assert other.index_stamp is None
    assert other.find(vectors[:1], 1).ids[0, 0] == 3999
    other.build_index()
    assert other.find(vectors[:1], 1, mode="index").ids[0, 0] == 3999


def test_index_newer_than_a_restored_record_is_ignored(
    large: tuple[Gallery, NDArray[np.float32]], tmp_path: Path
) -> None:
    gallery, vectors = large
    shutil.copytree(tmp_path / "large" / "images.lance", tmp_path / "backup")
    add_vectors(gallery, vectors[:100], 4000)
    gallery.build_index()
    shutil.rmtree(tmp_path / "large" / "images.lance")
    shutil.copytree(tmp_path / "backup", tmp_path / "large" / "images.lance")
    assert Gallery.open(tmp_path / "large", encoder=Thumb()).index_stamp is None


def test_index_that_does_not_fit_the_record_is_a_fault(large: tuple[Gallery, NDArray[np.float32]]) -> None:
    gallery, vectors = large
    gallery.build_index()
    index = gallery._searcher.index()
    assert index is not None
    shuffled = np.random.default_rng(0).permutation(len(vectors))
    index.index.reset()
    index.index.add_with_ids(vectors, shuffled.astype(np.int64))
    report = gallery.check(queries=50)
    assert any("--build-index" in fault for fault in report.faults)
    gallery.build_index(anew=True)
    assert not any("--build-index" in fault for fault in gallery.check(queries=50).faults)


def test_binary_gallery_that_is_empty_or_begins_with_one_image(tmp_path: Path, photos: Path) -> None:
    made = Gallery.create(tmp_path / "g", Thumb(), storage="binary")
    assert len(made.search(str(photos / "a" / "0000.jpg"))) == 0
    made.index(photos / "a" / "0000.jpg", cache=False)
    made.index(photos, cache=False)
    hits = made.search(str(photos / "a" / "0000.jpg"), k=1)
    assert hits.paths == [str(photos / "a" / "0000.jpg")]
    assert hits[0].distance < 0.6


def test_filter_cannot_reach_past_its_parentheses(gallery: Gallery, photos: Path) -> None:
    gallery.store.mark_missing([3])
    hits = gallery.search(str(photos / "a" / "0003.jpg"), k=30, where="true) OR (true")
    assert len(hits) == 19
    with pytest.raises(BadFilter):
        gallery.search(str(photos / "a" / "0003.jpg"), where="id > 3 and so on")


def test_damaged_record_is_one_line(gallery: Gallery, reopen: Callable[[], Gallery]) -> None:
    for file in (Path(gallery.location) / "images.lance" / "data").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(GalleryError) as caught:
        reopen().vectors()
    assert "\n" not in str(caught.value)
    assert gallery.location in str(caught.value)


def test_reader_survives_a_writer_that_tidies(
    gallery: Gallery, photos: Path, reopen: Callable[[], Gallery]
) -> None:
    reader = reopen()
    save_pictures(photos / "c", 5, first=700)
    gallery.index(photos, cache=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gallery.store.images.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)
    assert reader.rows(["path"]).num_rows == 25
    assert len(reader.search(str(photos / "c" / "0700.jpg"), k=30)) == 25


def test_huge_k_is_cut_to_the_gallery(gallery: Gallery, photos: Path) -> None:
    assert len(gallery.search(str(photos / "a" / "0000.jpg"), k=10**12)) == 20
