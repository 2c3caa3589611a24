"""A table from somebody else reaches images of its own folder, and nothing else of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.errors import BadRow, JudgmentError
from lookalike.judgments import open_judgments, read_pairs, read_tll, read_triplets
from lookalike.judgments.safe_files import Fence, not_an_image

from .making import picture, pictures, write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two pairs in data/, a private key and a private photograph beside it."""
    folder = tmp_path / "data"
    pictures(folder / "left", ["a", "b"])
    pictures(folder / "right", ["a", "b"], first=10)
    picture(tmp_path / "secret" / "photo.png", 50)
    write(tmp_path / "secret" / "id_rsa", "PRIVATE KEY")
    write(tmp_path / "secret" / "key.png", "PRIVATE KEY")
    return folder


OUTSIDE = [
    "../secret/id_rsa", "../../secret/id_rsa", "../../secret/photo.png", "../../secret/photo", "/etc/passwd",
    "../../../../../../../../etc/passwd", "left/../../../secret/photo.png", "..", ".", "a\\..\\..\\x",
]  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("two_sided", [True, False])
def test_names_do_not_lead_out(data: Path, tmp_path: Path, name: str, two_sided: bool) -> None:
    if not two_sided:
        (data / "right").rename(data / "others")
    write(data / "pairs.csv", "left,right", "a,b" if two_sided else "left/a,others/b", f"{name},left/b")
    with pytest.raises(BadRow, match="line 3: left: ") as found:
        read_pairs(data)
    assert "\n" not in str(found.value)
    table = read_pairs(data, skip_bad=True)
    assert [row.line for row in table.refused] == [3]
    table.save(tmp_path / "out", copy_images=True)
    assert sorted(file.suffix for file in (tmp_path / "out" / "images").rglob("*.*")) == [".png", ".png"]


def test_an_absolute_name_below_the_folder_is_found(data: Path, tmp_path: Path) -> None:
    private = tmp_path / "secret" / "photo.png"
    write(data / "pairs.csv", "left,right", f"{data / 'left' / 'a.png'},b")
    assert read_tll(data).paths("left") == [data / "left" / "a.png"]
    write(data / "pairs.csv", "left,right", f"{private},b")
    with pytest.raises(
        BadRow, match=r"leads out of .*data/left; if the images lie elsewhere, pass their folder"
    ):
        read_tll(data)
    link = tmp_path / "link"
    link.symlink_to(data)
    write(data / "pairs.csv", "left,right", f"{data / 'left' / 'a.png'},b")
    assert len(read_tll(link)) == 1
    # A folder that the user names is the user's own choice.
    write(
        data / "triplets.csv", "reference,a,b,votes_a,votes_b", f"{private},{private.parent / 'p.png'},p,1,0"
    )
    picture(private.parent / "p.png", 51)
    with pytest.raises(BadRow, match="same image"):
        read_triplets(data / "triplets.csv", images=private.parent)


@pytest.mark.parametrize("how", ["a.png", "a", "linked/key.png", "linked/key", "linked/id_rsa"])
def test_links_lead_to_images_only(data: Path, tmp_path: Path, how: str) -> None:
    (data / "left" / "a.png").unlink()
    (data / "left" / "a.png").symlink_to(tmp_path / "secret" / "id_rsa")
    (data / "left" / "linked").symlink_to(tmp_path / "secret")
    write(data / "pairs.csv", "left,right", "b,b", f"{how},a")
    with pytest.raises(BadRow, match="line 3: left: "):
        read_tll(data)
    table = read_tll(data, skip_bad=True)
    assert len(table) == 1
    if how == "a.png":
        assert "is a link to what is not an image" in table.refused[0].reason


def test_links_to_images_elsewhere_are_how_data_sets_are_built(data: Path, tmp_path: Path) -> None:
    store = picture(tmp_path / "store" / "0a1b2c.jpg", 60).rename(tmp_path / "store" / "0a1b2c")
    (data / "left" / "c.png").symlink_to(store)
    (data / "left" / "more").symlink_to(tmp_path / "secret")
    write(data / "pairs.csv", "left,right", "c,a", "c.png,b", "more/photo.png,a")
    table = read_tll(data)
    table.save(tmp_path / "out", copy_images=True)
    assert (tmp_path / "out" / "images" / "left" / "c.png").read_bytes() == store.read_bytes()
    assert len(open_judgments(tmp_path / "out")) == 3


def test_only_images_are_copied(data: Path, tmp_path: Path) -> None:
    write(data / "left" / "c.png", "PRIVATE KEY")
    write(data / "pairs.csv", "left,right", "a,b", "c,a")
    table = read_tll(data)
    with pytest.raises(
        JudgmentError, match=r"left/c\.png is not copied: it is not an image: it looks like text"
    ):
        table.save(tmp_path / "out", copy_images=True)
    assert not list(tmp_path.glob("out/**/c.png*"))
    table.save(tmp_path / "bare")


def test_what_begins_like_an_image(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "a.gif", "a.bmp", "a.ppm", "a.webp", "a.tif"):
        assert not_an_image(picture(tmp_path / name, 1)) == ""
    torn = picture(tmp_path / "torn.png", 2)
    torn.write_bytes(torn.read_bytes()[:60])
    assert not_an_image(torn) == "", "a damaged image is still an image"
    assert not_an_image(write(tmp_path / "key.png", "P1 is the password")).startswith("not an image")
    assert not_an_image(write(tmp_path / "bm.png", "BM" + "x" * 80)).startswith("not an image")
    (tmp_path / "nil.png").write_bytes(b"")
    assert not_an_image(tmp_path / "nil.png") == "an empty file"
    assert "No such file" in not_an_image(tmp_path / "gone.png")


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    fence = Fence(tmp_path)
    for name in ("", "\0", "a\0.png", "x" * 5000 + ".png", "..", "../a.png", "/a.png"):
        assert fence.has(name) is None
    assert fence.file("deep/../a.png") == tmp_path / "a.png"
