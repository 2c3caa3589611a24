"""Indexing: incremental, moved, changed, vanished, problems, metadata, batches."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.encoders.cache import EmbeddingCache
from lookalike.errors import SourceError
from lookalike.gallery import Gallery, IndexOptions
from lookalike.images import open_source
from tests.gallery.conftest import BatchThumb, Thumb, picture, save_pictures
from tests.odd_files import make_odd_files


def paths(gallery: Gallery) -> list[str]:
    return [str(p) for p in gallery.rows(["path"]).column("path").to_pylist()]


def test_rows_describe_the_images(gallery: Gallery, photos: Path) -> None:
    table = gallery.rows()
    assert table.num_rows == len(gallery) == 20
    assert table.column("label").to_pylist() == ["a"] * 12 + ["b"] * 8
    row = table.slice(0, 1).to_pylist()[0]
    assert row["path"] == str(photos / "a" / "0000.jpg")
    assert (row["width"], row["height"], row["format"]) == (40, 30, "JPEG")
    assert row["bytes"] == (photos / "a" / "0000.jpg").stat().st_size
    thumbnail = gallery.thumbnails([0])[0]
    assert thumbnail[:2] == b"\xff\xd8"
    assert gallery.check().sound


def test_second_run_computes_nothing(gallery: Gallery, photos: Path, thumb: Thumb) -> None:
    report = gallery.index(photos, cache=False)
    assert (report.indexed, report.unchanged, report.moved, report.missing) == (0, 20, 0, 0)
    assert thumb.embedded == 0


def test_touched_file_is_not_embedded_again(gallery: Gallery, photos: Path, thumb: Thumb) -> None:
    os.utime(photos / "a" / "0000.jpg", (1, 1))
    report = gallery.index(photos, cache=False)
    assert (report.indexed, report.unchanged) == (0, 20)
    assert thumb.embedded == 0
    assert gallery.index(photos, cache=False).unchanged == 20


def test_moved_file_keeps_its_row(gallery: Gallery, photos: Path, thumb: Thumb) -> None:
    before = {row["content"]: row["id"] for row in gallery.rows(["id", "content"]).to_pylist()}
    (photos / "c").mkdir()
    (photos / "a" / "0003.jpg").rename(photos / "c" / "renamed.jpg")
    report = gallery.index(photos, cache=False)
    assert (report.indexed, report.moved, report.missing) == (0, 1, 0)
    assert thumb.embedded == 0
    row = gallery.rows(where="path LIKE '%renamed.jpg'").to_pylist()[0]
    assert row["id"] == before[row["content"]]
    assert row["label"] == "c"
    assert str(photos / "a" / "0003.jpg") not in paths(gallery)
    assert len(gallery) == 20


def test_changed_file_is_embedded_again(gallery: Gallery, photos: Path, thumb: Thumb) -> None:
    target = photos / "a" / "0005.jpg"
    picture(777).save(target)
    report = gallery.index(photos, cache=False)
    assert (report.indexed, report.unchanged) == (1, 19)
    assert thumb.embedded == 1
    assert len(gallery) == 20
    hits = gallery.search(str(target), k=1)
    assert hits[0].path == str(target)
    assert hits[0].distance == pytest.approx(0, abs=1e-5)


def test_same_size_and_time_but_other_content_is_noticed(gallery: Gallery, photos: Path) -> None:
    target = photos / "a" / "0001.jpg"
    status = target.stat()
    data = bytearray(target.read_bytes())
    other = (photos / "a" / "0002.jpg").read_bytes()
    new = (other + bytes(data))[: len(data)] if len(other) < len(data) else other[: len(data)]
    target.write_bytes(new)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert target.stat().st_size == status.st_size
    report = gallery.index(photos, cache=False)
    assert report.indexed + report.problems == 1  # ctime gives it away; cutting may have damaged the JPEG


def test_vanished_file_is_marked_and_comes_back(
    gallery: Gallery, photos: Path, tmp_path: Path, thumb: Thumb
) -> None:
    target = photos / "b" / "0100.jpg"
    query = gallery.vectors(np.array([12])).matrix
    shutil.move(target, tmp_path / "away.jpg")
    report = gallery.index(photos, cache=False)
    assert (report.missing, report.unchanged) == (1, 19)
    assert len(gallery) == 19
    assert 12 not in gallery.nearest(query, 20)[1]
    assert gallery.index(photos, cache=False).missing == 0  # counted once
    shutil.move(tmp_path / "away.jpg", target)
    thumb.embedded = 0
    report = gallery.index(photos, cache=False)
    assert (report.indexed, report.unchanged) == (0, 20)
    assert thumb.embedded == 0
    assert gallery.nearest(query, 1)[1][0, 0] == 12


def test_prune_removes_and_never_gives_an_id_again(
    gallery: Gallery, photos: Path, reopen: Callable[[], Gallery]
) -> None:
    for path in (photos / "b").iterdir():
        path.unlink()
    report = gallery.index(photos, cache=False, options=IndexOptions(prune=True))
    assert report.pruned == 8
    assert gallery.rows(missing=True).num_rows == 12
    save_pictures(photos / "c", 2, first=500)
    again = reopen()
    again.index(photos, cache=False)
    assert again.rows(["id"]).column("id").to_pylist() == [*range(12), 20, 21]


def test_another_source_leaves_the_first_alone(gallery: Gallery, tmp_path: Path) -> None:
    save_pictures(tmp_path / "more", 3, first=900)
    report = gallery.index(tmp_path / "more", cache=False)
    assert (report.indexed, report.missing) == (3, 0)
    assert len(gallery) == 23


def test_indexing_a_subfolder_marks_only_what_it_held(gallery: Gallery, photos: Path) -> None:
    (photos / "b" / "0100.jpg").unlink()
    (photos / "a" / "0000.jpg").unlink()
    report = gallery.index(photos / "b", cache=False)
    assert report.missing == 1
    assert str(photos / "a" / "0000.jpg") in paths(gallery)


def test_good_file_that_turns_bad_is_a_problem_and_no_hit(gallery: Gallery, photos: Path) -> None:
    (photos / "a" / "0000.jpg").write_bytes(b"")
    report = gallery.index(photos, cache=False)
    assert (report.problems, report.missing) == (1, 1)
    assert report.problem_list[0]["kind"] == "ImageEmpty"
    assert gallery.problems().num_rows == 1
    picture(0).save(photos / "a" / "0000.jpg", quality=90)
    report = gallery.index(photos, cache=False)
    assert report.problems == 0
    assert gallery.problems().num_rows == 0
    assert len(gallery) == 20


def test_cache_serves_other_galleries(photos: Path, tmp_path: Path) -> None:
    first, second = Thumb(), Thumb()
    Gallery.create(tmp_path / "one", first).index(photos)
    assert first.embedded == 20
    made = Gallery.create(tmp_path / "two", second)
    assert made.index(photos).indexed == 20
    assert second.embedded == 0
    assert EmbeddingCache().size() > 0


def test_batch_encoder_gives_the_same_rows(gallery: Gallery, photos: Path, tmp_path: Path) -> None:
    other = Gallery.create(tmp_path / "batches", BatchThumb())
    other.index(photos, cache=False)
    np.testing.assert_array_equal(other.vectors().matrix, gallery.vectors().matrix)
    assert other.rows(["id", "path"]).to_pylist() == gallery.rows(["id", "path"]).to_pylist()


def test_table_metadata_becomes_columns(tmp_path: Path, photos: Path, thumb: Thumb) -> None:
    table = tmp_path / "catalogue.csv"
    table.write_text(
        "path,label,price,width,sold\nphotos/a/0000.jpg,cup,3.5,9,true\nphotos/a/0001.jpg,plate,12,8,false\n"
    )
    made = Gallery.create(tmp_path / "g", thumb)
    made.index(table, cache=False)
    rows = made.rows(where="price > 5 AND NOT sold").to_pylist()
    assert [row["label"] for row in rows] == ["plate"]
    assert rows[0]["meta_width"] == 8
    assert rows[0]["width"] == 40
    table.write_text(table.read_text().replace("12,8", "1,8"))
    thumb.embedded = 0
    report = made.index(table, cache=False)
    assert report.unchanged == 2
    assert thumb.embedded == 0
    assert made.rows(where="price > 5").num_rows == 0


def test_list_that_names_a_file_twice(tmp_path: Path, photos: Path, thumb: Thumb) -> None:
    listing = tmp_path / "list.txt"
    listing.write_text("photos/a/0000.jpg\nphotos/a/0001.jpg\nphotos/a/0000.jpg\nphotos/none.jpg\n")
    made = Gallery.create(tmp_path / "g", thumb)
    report = made.index(listing, cache=False)
    assert report.problems == 1
    assert len(made) == 2
    assert made.check().sound
    assert made.index(listing, cache=False).unchanged == 2


def test_archive_members(tmp_path: Path, photos: Path, thumb: Thumb) -> None:
    archive = tmp_path / "photos.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(photos, arcname="set")
    made = Gallery.create(tmp_path / "g", thumb)
    report = made.index(archive, cache=False)
    assert report.indexed == 20
    assert set(made.rows(["label"]).column("label").to_pylist()) == {"a", "b"}
    assert made.index(archive, cache=False).unchanged == 20
    (photos / "a" / "0000.jpg").unlink()
    with tarfile.open(archive, "w") as tar:
        tar.add(photos, arcname="set")
    thumb.embedded = 0
    report = made.index(archive, cache=False)
    assert report.missing == 1
    assert thumb.embedded == 0
    assert len(made) == 19


def test_odd_files_are_done_or_reported(tmp_path: Path, thumb: Thumb) -> None:
    odd = make_odd_files(tmp_path / "odd")
    assert len(odd) >= 60
    made = Gallery.create(tmp_path / "g", thumb)
    report = made.index(tmp_path / "odd", cache=False)
    # A name that is not UTF-8 cannot be listed: it is a problem even where the picture is good.
    good = [file for file in odd if file.expected == "ok" and file.listed]
    assert report.indexed == len(good)
    assert report.problems == len(odd) - len(good)
    assert {row["kind"] for row in made.problems().to_pylist()} >= {
        "ImageEmpty",
        "ImageTruncated",
        "NotAnImage",
        "ImageNotFound",
    }
    again = made.index(tmp_path / "odd", cache=False)
    assert (again.indexed, again.unchanged, again.problems) == (0, len(good), report.problems)
    assert made.problems().num_rows == report.problems
    assert made.check().sound


def test_progress_and_commits_are_told(tmp_path: Path, photos: Path, thumb: Thumb) -> None:
    told: list[int] = []
    done: list[str] = []
    options = IndexOptions(commit_rows=5, progress=lambda r: told.append(r.indexed), on_commit=done.extend)
    made = Gallery.create(tmp_path / "g", thumb)
    made.index(photos, cache=False, options=options)
    assert told[-1] == 20
    assert sorted(done) == sorted(paths(made))


def test_what_cannot_be_looked_at_has_not_vanished(
    gallery: Gallery, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder without permission (simulated: root may read everything) keeps its rows even when pruning."""
    from lookalike.images import presence

    real = Path.stat

    def refuse(self: Path, **options: bool) -> os.stat_result:
        if "/b/" in str(self):
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, **options)

    shutil.move(photos / "b", photos.parent / "hidden-b")
    monkeypatch.setattr(presence.Path, "stat", refuse)
    report = gallery.index(photos, cache=False, options=IndexOptions(prune=True))
    assert (report.pruned, report.missing) == (0, 0)
    monkeypatch.undo()
    assert gallery.index(photos, cache=False, options=IndexOptions(prune=True)).pruned == 8


def test_prune_spares_bad_files_and_a_source_that_is_suddenly_empty(gallery: Gallery, photos: Path) -> None:
    (photos / "a" / "0000.jpg").write_bytes(b"")
    report = gallery.index(photos, cache=False, options=IndexOptions(prune=True))
    assert (report.pruned, report.missing, report.problems) == (0, 1, 1)
    shutil.rmtree(photos / "a")
    shutil.rmtree(photos / "b")
    report = gallery.index(photos, cache=False, options=IndexOptions(prune=True))
    assert report.pruned == 0
    assert gallery.rows(missing=True).num_rows == 20
    save_pictures(photos / "new", 3, first=800)
    assert gallery.index(photos, cache=False, options=IndexOptions(prune=True)).pruned == 20


def test_archive_cut_short_or_chosen_from_loses_no_rows(tmp_path: Path, photos: Path, thumb: Thumb) -> None:
    archive = tmp_path / "photos.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(photos, arcname="set")
    made = Gallery.create(tmp_path / "g", thumb)
    made.index(archive, cache=False)
    report = made.index(open_source(archive, pattern="**/a/*.jpg"), cache=False)
    assert (report.missing, len(made)) == (0, 20)
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) // 2])
    report = made.index(archive, cache=False, options=IndexOptions(prune=True))
    assert report.pruned == 0
    assert made.rows(missing=True).num_rows == 20


def test_two_colons_in_a_folder_name_are_no_archive(tmp_path: Path, thumb: Thumb) -> None:
    save_pictures(tmp_path / "p" / "a", 1)
    save_pictures(tmp_path / "p" / "a::b", 2, first=50)
    made = Gallery.create(tmp_path / "g", thumb)
    made.index(tmp_path / "p", cache=False)
    assert made.index(tmp_path / "p" / "a", cache=False).missing == 0
    shutil.rmtree(tmp_path / "p" / "a")
    report = made.index(tmp_path / "p", cache=False)
    assert (report.missing, report.moved, len(made)) == (1, 0, 2)
    assert made.check().files_gone == 0


def test_columns_with_awkward_names_and_kinds(tmp_path: Path, photos: Path, thumb: Thumb) -> None:
    table = tmp_path / "t.csv"
    table.write_text("path,rank,a.b,_rowid,id,meta_id,price\nphotos/a/0000.jpg,100,1,2,3,4,5.5\n")
    made = Gallery.create(tmp_path / "g", thumb)
    made.index(table, cache=False)
    (row,) = made.rows().to_pylist()
    assert {k: row[k] for k in ("meta_rank", "a_b", "meta_rowid", "meta_id", "meta_id_2", "price")} == {
        "meta_rank": 100, "a_b": 1, "meta_rowid": 2, "meta_id": 3, "meta_id_2": 4, "price": 5.5,
    }  # fmt: skip
    assert made.search(str(photos / "a" / "0000.jpg")).to_dict()["hits"][0]["rank"] == 1
    table.write_text("path,price\nphotos/a/0000.jpg,5\nphotos/a/0001.jpg,7\n")
    made.index(table, cache=False)
    assert made.rows(["price"]).column("price").to_pylist() == [5.0, 7.0]
    table.write_text("path,price\nphotos/a/0000.jpg,cheap\n")
    with pytest.raises(SourceError, match="column price holds text here but numbers in the gallery"):
        made.index(table, cache=False)


def test_encoder_that_gives_no_numbers_makes_a_problem(tmp_path: Path, photos: Path) -> None:
    class Broken(Thumb):
        def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
            vectors = super()._embed(pixels)
            return vectors * np.where(pixels[0].mean() > 128, np.float32(np.nan), np.float32(1))

    made = Gallery.create(tmp_path / "g", Broken("broken"))
    report = made.index(photos, cache=False)
    assert report.problems > 0
    assert report.indexed == 20 - report.problems == len(made)
    assert "not finite" in report.problem_list[0]["reason"]
    assert made.check().sound
