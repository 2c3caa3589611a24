"""The same result on every path, limits, warnings, threads, reduced decoding."""

from __future__ import annotations

import io
import tarfile
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFile

from lookalike.errors import ImageEmpty, ImageTooLarge, InvalidArgument
from lookalike.images import ImageRef, decode, open_source, read_image, read_source
from tests.odd_formats import GOOD
from tests.odd_parts import SIZE, encoded, exif, picture


def good(name: str) -> NDArray[np.uint8]:
    return decode(GOOD[name][0]())


def test_the_same_pixels_on_every_path(tmp_path: Path) -> None:
    for name in (
        "photo-exif.jpg",
        "palette-clear.png",
        "icc-swapped.png",
        "cmyk.jpg",
        "grey16.tif",
        "plain.heic",
    ):
        data = GOOD[name][0]()
        path = tmp_path / name
        path.write_bytes(data)
        with tarfile.open(tmp_path / f"{name}.tar", "w") as tar:
            tar.add(path, name)
        expected = decode(path)
        member = next(iter(open_source(tmp_path / f"{name}.tar")))
        with path.open("rb") as file:
            others = [
                str(path),
                data,
                bytearray(data),
                file,
                io.BytesIO(data),
                ImageRef(str(path)),
                member,
                expected,
            ]
            for other in others:
                assert np.array_equal(decode(other), expected), (name, type(other))  # type: ignore[arg-type]
        if name != "plain.heic":  # Pillow itself does not know HEIC until pillow-heif is registered
            with Image.open(path) as image:
                assert np.array_equal(decode(image), expected), name


def test_results_are_writable_and_own_their_memory() -> None:
    source = np.zeros((4, 5, 3), np.uint8)
    for pixels in (
        decode(GOOD["plain.jpg"][0]()),
        decode(source),
        decode(source[:, :, 0]),
        decode(source[::-1]),
    ):
        assert pixels.flags.writeable
        assert pixels.flags.c_contiguous
        pixels[:] = 7
    assert source.max() == 0


def test_arrays() -> None:
    assert decode(np.full((2, 3), 9, np.uint8)).tolist() == np.full((2, 3, 3), 9).tolist()
    assert decode(np.full((2, 3, 1), 9, np.uint8)).shape == (2, 3, 3)
    assert decode(np.zeros((1, 1, 4), np.uint8)).tolist() == [[[255, 255, 255]]]
    for wrong in (
        np.zeros((2, 2, 3)),
        np.zeros((2, 2, 2), np.uint8),
        np.zeros((0, 2, 3), np.uint8),
        np.zeros(3, np.uint8),
    ):
        with pytest.raises(InvalidArgument, match="uint8"):
            decode(wrong)


@pytest.mark.parametrize("wrong", [3, None, ["a.jpg"], io.StringIO("text")])
def test_what_can_be_no_image(wrong: object) -> None:
    with pytest.raises(InvalidArgument):
        decode(wrong)  # type: ignore[arg-type]


def test_empty_bytes_and_streams() -> None:
    for empty in (b"", io.BytesIO(b"")):
        with pytest.raises(ImageEmpty):
            read_source(empty)


def test_the_limit_on_pixels_is_ours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(picture(100, 100), "PNG")
    with pytest.raises(ImageTooLarge, match="100 x 100"):
        decode(data, max_pixels=9_999)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)  # the host program's limit neither stops nor warns us
    assert decode(data, max_pixels=10_000).shape == (100, 100, 3)
    assert Image.MAX_IMAGE_PIXELS == 50
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    for given in (np.zeros((10, 10, 3), np.uint8), Image.new("RGB", (10, 10))):
        with pytest.raises(ImageTooLarge):
            decode(given, max_pixels=99)


def test_warnings_stay_inside_and_others_get_out() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in ("bad-exif.jpg", "palette-clear.png", "mpo.jpg"):
            good(name)
        assert caught == []
        warnings.warn("from the host program", UserWarning, stacklevel=1)
    assert len(caught) == 1


def test_many_threads_at_once() -> None:
    names = ["photo-exif.jpg", "icc-swapped.png", "plain.heic", "plain.avif", "animated.gif", "grey16.tif"]
    expected = {name: good(name) for name in names}
    data = {name: GOOD[name][0]() for name in names}
    wrong: list[str] = []

    def work(start: int) -> None:
        for i in range(30):
            name = names[(start + i) % len(names)]
            if not np.array_equal(decode(data[name]), expected[name]):
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_reduced_decoding_keeps_enough_pixels_and_the_facts() -> None:
    large = encoded(picture(2000, 1000), "JPEG", exif=exif(6), quality=90)
    whole = read_image(large)
    small = read_image(large, min_size=(100, 60))
    assert whole.pixels.shape == (2000, 1000, 3)
    assert small.pixels.shape == (500, 250, 3)  # an eighth would leave 125 < 2 x 100
    assert small.info == whole.info
    for size in ((1, 1), (500, 500), (501, 501), (224, 224)):
        pixels = decode(large, min_size=size)
        assert min(pixels.shape[:2]) >= min(1000, 2 * max(size)) or size == (1, 1)
    assert decode(GOOD["plain.png"][0](), min_size=(1, 1)).shape == (*SIZE[::-1], 3)
