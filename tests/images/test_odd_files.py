"""Every odd file is read, or reported with the right error; a folder source yields all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lookalike.errors
from lookalike.errors import ImageError
from lookalike.images import ImageRef, decode, open_source, read_image
from tests.odd_files import OddFile, make_odd_files


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> list[OddFile]:
    return make_odd_files(tmp_path_factory.mktemp("odd"))


def test_there_are_many(odd: list[OddFile]) -> None:
    assert len(odd) >= 100
    assert sum(file.expected != "ok" for file in odd) >= 30


def test_each_is_read_or_reported_as_it_should_be(odd: list[OddFile]) -> None:
    wrong = []
    for file in odd:
        try:
            pixels = decode(file.path)
            found = (
                "ok"
                if pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
                else "bad pixels"
            )
        except ImageError as error:
            clear = "\n" not in str(error) and error.name == str(file.path)
            found = error.kind if clear else f"{error.kind} with an unclear message: {error}"
        if found != file.expected:
            wrong.append(f"{file.note}: {file.path.name!r} expected {file.expected}, found {found}")
    assert not wrong, "\n".join(wrong)


def test_a_folder_source_yields_all_of_them_and_names_the_rest(odd: list[OddFile]) -> None:
    root = odd[0].path.parent
    source = open_source(root)
    names = [ref.name for ref in source]
    assert len(set(names)) == len(names) == source.count()
    assert set(names) == {
        str(file.path.resolve().parent / file.path.name) if not file.path.is_symlink() else str(file.path)
        for file in odd
        if file.listed
    }
    hidden_names = [file for file in odd if not file.listed]
    assert len(source.problems) == len(hidden_names)
    assert all("UTF-8" in str(problem) for problem in source.problems)


def test_reading_a_reference_gives_the_same_errors(odd: list[OddFile]) -> None:
    for file in odd:
        if file.expected in ("ImageNotFound", "ImageEmpty", "ImageUnreadable"):
            kind = getattr(lookalike.errors, file.expected)
            with pytest.raises(kind):
                ImageRef(str(file.path)).read()


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("png-called.jpg", "PNG"),
        ("jpeg-called.PNG", "JPEG"),
        ("plain.heic", "HEIF"),
        ("plain.avif", "AVIF"),
        ("mpo.jpg", "JPEG"),
        ("animated.webp", "WEBP"),
        ("plain.jp2", "JPEG2000"),
    ],
)
def test_the_format_is_what_the_content_says(odd: list[OddFile], name: str, format: str) -> None:
    path = next(file.path for file in odd if file.path.name == name)
    assert read_image(path).info.format == format


def test_a_missing_file_and_an_impossible_name(tmp_path: Path) -> None:
    for path in (
        tmp_path / "none.jpg",
        tmp_path / "no" / "such.jpg",
        Path("x\x00y.jpg"),
        Path("n" * 3000 + ".jpg"),
    ):
        with pytest.raises(lookalike.errors.ImageNotFound):
            decode(path)
