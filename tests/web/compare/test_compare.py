"""Compare, without a browser: what the page says and what it refuses."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from tests.web.conftest import CSRF, draw


def give(client: Any, number: int) -> str:
    stream = io.BytesIO()
    draw(number).save(stream, "PNG")
    answer = client.post("/api/images", content=stream.getvalue(), headers=CSRF)
    assert answer.status_code == 201
    return str(answer.json()["image"])


def test_two_rows_of_a_gallery_are_compared_by_every_encoder(judged: Any) -> None:
    page = judged.get("/compare/parts?a=drawn:1&b=drawn:2").text
    assert "patches" in page
    assert "classic" in page
    assert re.search(r"[0-9.]+ % of pairs of drawn", page)
    assert page.count('class="cell') == 2 * 49
    assert 'role="button"' in page


def test_an_image_is_at_no_distance_from_itself(judged: Any) -> None:
    page = judged.get("/compare/parts?a=drawn:3&b=drawn:3").text
    figures = re.findall(r'<td class="figure">([0-9.]+)</td>', page)
    assert len(figures) >= 2
    assert all(float(figure) < 1e-3 for figure in figures)


def test_given_images_are_compared_and_the_whole_page_needs_no_script(judged: Any) -> None:
    a, b = give(judged, 900), give(judged, 901)
    address = f"/compare?a={a}&b={b}"
    assert "whole=1" in judged.get(address).text
    page = judged.get(f"{address}&whole=1").text
    assert 'class="attributes"' in page
    assert f'href="/api/images/{a}"' in page


def test_chinese(judged: Any) -> None:
    page = judged.get("/compare?a=drawn:1&b=drawn:2&whole=1&lang=zh").text
    assert "各编码器认为的距离" in page
    assert "颜色" in page
    judged.cookies.clear()


def test_without_an_attribute_there_is_a_picture(judged: Any) -> None:
    answer = judged.get("/compare/without?a=drawn:1&b=drawn:2&number=0&side=b")
    assert answer.headers["content-type"] == "image/jpeg"
    assert judged.get("/compare/without?a=drawn:1&b=drawn:2&number=20&side=b").status_code == 404


def test_choosing_a_row_leads_to_the_canonical_address(judged: Any) -> None:
    answer = judged.get("/compare?a=drawn:1&b_gallery=drawn&b_row=7", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/compare?a=drawn%3A1&b=drawn%3A7"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/compare?a=nothing", 404),
        ("/compare?a=drawn:999999", 404),
        ("/compare?a=../../etc/passwd", 404),
        ("/compare?a=other:1", 404),
        ("/compare/parts?a=drawn:1&b=drawn:2&encoder=77", 404),
        ("/compare/parts?a=drawn:1&b=drawn:2&encoder=onnx:/etc/passwd", 422),
        ("/compare/parts?a=drawn:1&b=drawn:2&map=all", 422),
        ("/compare/parts?a=drawn:1", 422),
    ],
)
def test_what_is_refused(judged: Any, address: str, status: int) -> None:
    assert judged.get(address).status_code == status
