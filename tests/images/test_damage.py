"""However a file is damaged, decoding gives pixels or an ImageError, and never anything else."""

from __future__ import annotations

import functools
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lookalike.errors import ImageError, ImageTooLarge
from lookalike.images import decode, read_image
from tests.odd_faults import BAD
from tests.odd_formats import GOOD

NAMES = sorted(GOOD)


@functools.cache
def content(name: str) -> bytes:
    return GOOD[name][0]()


def survives(data: bytes) -> None:
    try:
        pixels = decode(data, max_pixels=1_000_000, min_size=(8, 8))
    except ImageError as error:
        message = str(error)
    else:
        message = "image given as bytes: fine"
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3
        assert pixels.size
    assert message.startswith("image given as bytes: ")
    assert "\n" not in message


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(NAMES), st.floats(0, 1))
def test_cut_anywhere(name: str, part: float) -> None:
    data = content(name)
    survives(data[: int(part * (len(data) - 1))])


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12),
    st.booleans(),
)
def test_scribbled_over(name: str, changes: list[tuple[float, int]], in_the_header: bool) -> None:
    data = bytearray(content(name))
    reach = min(len(data), 200) if in_the_header else len(data)
    for place, value in changes:
        data[int(place * reach)] = value
    survives(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    with pytest.raises(ImageError):
        decode(data)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NAMES), st.integers(2, 40), st.binary(max_size=200))
def test_a_good_beginning_and_a_random_rest(name: str, length: int, rest: bytes) -> None:
    survives(content(name)[:length] + rest)


@pytest.mark.parametrize("name", [name for name in BAD if name.startswith("bomb")])
def test_bombs_are_refused_before_any_pixel_is_decoded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_: object) -> None:
        raise AssertionError("pixels were decoded")

    data = BAD[name][1]()
    for kind in (Image.Image, *_loaders()):
        monkeypatch.setattr(kind, "load", load)
    with pytest.raises(ImageTooLarge, match="pixels, the limit is"):
        read_image(io.BytesIO(data))


def _loaders() -> list[type]:
    from lookalike.images.formats import factory

    kinds = [factory(name) for name in ("PNG", "JPEG", "WEBP", "GIF", "HEIF", "AVIF")]
    return [kind for kind in kinds if isinstance(kind, type)]
