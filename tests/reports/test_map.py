"""The map page: what is packed into it, and how it behaves in a browser."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lookalike.errors import InvalidArgument
from lookalike.reports import MapView, map_page, map_parts
from lookalike.reports.atlas import drawing_order, sheets, tile_side, tiles_per_sheet, z_curve
from lookalike.reports.columns import pack_column

from .conftest import HOSTILE, jpeg, until

COUNT = 240


def _view(count: int = COUNT, **changes: Any) -> MapView:
    rng = np.random.default_rng(3)
    xy = rng.normal(size=(count, 2)).astype(np.float32)
    paths = [f"/photos/set/picture-{n:05}.jpg" for n in range(count - len(HOSTILE))] + list(HOSTILE)
    small = [jpeg(n) for n in range(8)]
    settings: dict[str, Any] = {
        "title": "Map </script> of G",
        "xy": xy,
        "paths": paths,
        "thumbnails": {n: small[n % 8] for n in range(count) if n != 5},
        "columns": {
            "label": [["cup", "chair", "<img src=x>", None][n % 4] for n in range(count)],
            "width": rng.integers(100, 4000, count),
            "taken": [datetime(2020, 1 + n % 12, 3) if n % 5 else None for n in range(count)],
        },
        "hrefs": [f"file:///photos/set/{n}.jpg" for n in range(count)],
    }
    return MapView(**{**settings, **changes})


def _block(html: str, name: str) -> str:
    found = re.search(rf'<script type="[a-z/]+" id="{name}">(.*?)</script>', html, re.S)
    assert found
    return found.group(1)


def test_packed_data() -> None:
    html = map_page(_view())
    head = json.loads(_block(html, "head"))
    names = json.loads(_block(html, "names"))
    assert head["count"] == COUNT
    assert [c["kind"] for c in head["columns"]] == ["category", "number", "date"]
    assert len(names["rest"]) == COUNT
    sizes = np.frombuffer(base64.b64decode(_block(html, "sizes")), np.uint8).reshape(-1, 2)
    row = names["rest"].index("/photos/set/picture-00005.jpg"[len(names["start"]) :])
    assert sizes[row].tolist() == [0, 0]
    assert np.delete(sizes, row, axis=0).tolist() == [[96, 72]] * (COUNT - 1)
    place = np.frombuffer(base64.b64decode(_block(html, "positions")), "<f4").reshape(-1, 2)
    assert place.min() >= 0
    assert place.max() <= 1
    sheet = Image.open(io.BytesIO(base64.b64decode(_block(html, "sheet-0"))))
    assert sheet.size == (1024, 1024)
    assert html.count("<script") == html.count("</script>")


def test_pictures_lie_where_the_order_says() -> None:
    colours = {n: (n * 9 % 256, 255 - n * 5 % 256, n * 77 % 256) for n in range(30)}

    def thumbnails(ids: Sequence[int]) -> dict[int, bytes]:
        made = {}
        for n in ids:
            buffer = io.BytesIO()
            Image.new("RGB", (64, 64), colours[n]).save(buffer, "JPEG", quality=95)
            made[n] = buffer.getvalue()
        return made

    ids = np.random.default_rng(0).permutation(30)
    (sheet,) = sheets(ids, thumbnails, 128)
    pixels = np.asarray(Image.open(io.BytesIO(sheet.jpeg)).convert("RGB"), dtype=int)
    for slot, n in enumerate(ids):
        x, y = slot % 8 * 128 + 32, slot // 8 * 128 + 32
        assert np.abs(pixels[y, x] - colours[int(n)]).max() < 12


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=200))
def test_drawing_order_is_a_coarse_to_fine_permutation(points: list[tuple[float, float]]) -> None:
    unit = np.array(points, dtype=np.float64)
    order = drawing_order(unit)
    assert sorted(order) == list(range(len(unit)))
    cell = np.minimum((unit * 8).astype(int), 7) @ (1, 8)
    first = len(set(cell.tolist()))
    assert len(set(cell[order[:first]].tolist())) == first


def test_z_curve_golden() -> None:
    corners = np.array([[0, 0], [0.5, 0], [0, 0.5], [1, 1]])
    assert z_curve(corners).tolist() == [0, 1 << 30, 1 << 31, 2**32 - 1]


@pytest.mark.parametrize("count", [1, 1_000, 10_000, 50_000, 200_000, 1_000_000])
def test_tiles_fit_the_budget(count: int) -> None:
    side = tile_side(count)
    assert tiles_per_sheet(side) >= 49
    assert count > 200_000 or count * side**2 * 0.35 <= 60e6


def test_columns() -> None:
    order = np.array([2, 0, 1])
    numbers = pack_column("n", np.array([1.0, np.nan, 3.0]), order)
    assert (numbers["kind"], numbers["low"], numbers["high"]) == ("number", 1.0, 3.0)
    share = np.frombuffer(base64.b64decode(numbers["values"]), "<f4")
    assert share[:2].tolist() == [1.0, 0.0]
    assert np.isnan(share[2])
    words = pack_column("w", [True, None, True], order)
    assert (words["labels"], words["counts"]) == (["True"], [2])
    assert np.frombuffer(base64.b64decode(words["values"]), "<u2").tolist() == [0, 0, 65535]
    dates = pack_column("d", np.array(["2020-01-01", "NaT", "2021-01-01"], "M8[s]"), order)
    assert dates["high"] - dates["low"] == 366 * 86400
    assert pack_column("none", [None, None, None], order)["labels"] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"xy": np.zeros((3, 3), np.float32)}, "shape"),
        ({"xy": np.full((COUNT, 2), np.nan, np.float32)}, "finite"),
        ({"paths": ["a"]}, "1 paths"),
        ({"color": "nothing"}, "label, width, taken"),
        ({"columns": {"x": [1]}}, "1 values"),
        ({"xy": np.zeros((0, 2), np.float32), "paths": []}, "no points"),
    ],
)
def test_wrong_input(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        next(map_parts(_view(**changes)))


def _state(page: Any) -> dict[str, Any]:
    until(page, "window.lookalikeMap && lookalikeMap.frames.count > 0")
    until(page, "lookalikeMap.state().placed > 0")
    state: dict[str, Any] = page.evaluate("lookalikeMap.state()")
    return state


@pytest.mark.parametrize(("end", "renderer"), [("#webgl", "webgl"), ("#canvas", "canvas")])
def test_map_in_a_browser(show: Callable[..., Any], end: str, renderer: str) -> None:
    page = show(map_page(_view()), end=end)
    state = _state(page)
    assert state["renderer"] == renderer
    page.focus("#stage")
    page.keyboard.press("n")
    first = page.inner_text("#card-name")
    assert page.inner_text("#say").startswith(first)
    page.keyboard.press("n")
    assert page.inner_text("#card-name") != first
    page.keyboard.press("p")
    assert page.inner_text("#card-name") == first
    before = page.evaluate("[lookalikeMap.view.x, lookalikeMap.view.zoom]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("+")
    after = page.evaluate("[lookalikeMap.view.x, lookalikeMap.view.zoom]")
    assert after[0] > before[0]
    assert after[1] > before[1]
    page.keyboard.press("0")
    assert page.evaluate("lookalikeMap.view.zoom") == pytest.approx(1)
    coloured = "[...document.querySelectorAll('#stage canvas')].map(c => c.width > 100 && c.height > 100)"
    assert page.evaluate(coloured) == [True, True]


def test_find_colour_and_hover(show: Callable[..., Any]) -> None:
    page = show(map_page(_view()))
    _state(page)
    page.fill("#find", "PICTURE-0001")
    until(page, "document.getElementById('found').textContent === '10 found'")
    page.press("#find", "Enter")
    assert "picture-0001" in page.inner_text("#card-name")
    page.fill("#find", "")
    until(page, "lookalikeMap.state().matches === 240")
    page.click("#legend button >> nth=0")
    assert page.evaluate("lookalikeMap.state().matches") == 60
    assert page.evaluate("window.hacked") is None
    page.select_option("#colour", "1")
    assert page.inner_text("#legend-title") == "width"
    page.select_option("#colour", "2")
    assert "2020-01-03" in page.inner_text("#legend-body")
    spot = page.evaluate(
        """() => { const p = lookalikeMap.pictures.placed[0];
        const b = document.getElementById('stage').getBoundingClientRect();
        return [b.left + p.left + p.width / 2, b.top + p.top + p.height / 2,
            lookalikeMap.data.shortName(p.i)]; }"""
    )
    page.keyboard.press("Escape")
    page.mouse.move(spot[0], spot[1])
    until(page, "lookalikeMap.state().hovered >= 0")
    assert page.is_visible("#card")
    zoom = page.evaluate("lookalikeMap.view.zoom")
    page.mouse.wheel(0, -300)
    until(page, f"lookalikeMap.view.zoom > {zoom}")


def test_narrow_dark_and_touch(show: Callable[..., Any]) -> None:
    html = map_page(_view(columns={}))
    narrow = show(html, width=360, height=700, dark=True, touch=True)
    _state(narrow)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 360
    spot = narrow.evaluate(
        """() => { const p = lookalikeMap.pictures.placed[0];
        const b = document.getElementById('stage').getBoundingClientRect();
        return [b.left + p.left + p.width / 2, b.top + p.top + p.height / 2]; }"""
    )
    narrow.touchscreen.tap(*spot)
    until(narrow, "lookalikeMap.state().chosen >= 0")
    background = "getComputedStyle(document.body).backgroundColor"
    assert narrow.evaluate(background) != show(html).evaluate(background)


def test_one_point_and_no_pictures(show: Callable[..., Any]) -> None:
    page = show(map_page(MapView("One", np.zeros((1, 2), np.float32), ["a.jpg"])))
    until(page, "window.lookalikeMap && lookalikeMap.frames.count > 0")
    page.click("#next")
    assert page.inner_text("#card-name") == "a.jpg"
