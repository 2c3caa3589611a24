"""Words and numbers, links, and the policy that guards the pages."""

from __future__ import annotations

import base64
import hashlib
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import InvalidArgument
from lookalike.reports import MapPreview, contact_sheet, text
from lookalike.reports.histogram import histogram_svg
from lookalike.reports.preview import map_preview_svg
from lookalike.reports.render import ratio_class


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("map.html", True),
        ("file:///a%20b.jpg", True),
        ("https://example.org/a.jpg", True),
        ("sub folder/a.jpg", True),
        ("javascript:alert(1)", False),
        ("JaVa\nScript:alert(1)", False),
        ("\x01javascript:alert(1)", False),
        (" data:text/html,x", False),
        ("vbscript:x", False),
        ("", False),
        (None, False),
    ],
)
def test_links(href: str | None, kept: bool) -> None:
    assert (text.safe_href(href) == href) is kept or href is None


@given(st.text())
def test_names_are_one_printable_line(name: str) -> None:
    assert text.file_name(name).isprintable()
    assert text.folder_name(name).isprintable()


def test_names_and_numbers() -> None:
    assert text.file_name("/a/b/c.jpg") == "c.jpg"
    assert text.folder_name("/a/b/c.jpg") == "/a/b/"
    assert text.file_name("/a/t.tar::d/e.png") == "e.png"
    assert text.file_size(999) == "999 bytes"
    assert text.file_size(1_234_567) == "1.2 MB"
    assert text.pixel_count(12_200_000) == "12.2 MP"
    assert [text.distance(d) for d in (0.0, -0.0, 0.0001, 0.12345, float("inf"))] == [
        "0.000",
        "0.000",
        "<0.001",
        "0.123",
        "none",
    ]
    assert ratio_class((100, 100)) == "r100"
    assert ratio_class((9000, 10)) == "r300"


def test_policy_names_the_hashes_of_what_the_page_holds() -> None:
    html = contact_sheet("S", [], [])
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.S)
        assert body
        digest = base64.b64encode(hashlib.sha256(body.group(1).encode()).digest()).decode()
        assert digest in policy.group(1).replace("&#43;", "+")
    assert "unsafe" not in policy.group(1)


def test_histogram() -> None:
    svg = str(histogram_svg(np.array([0.01, 0.02, 0.5, np.nan]), 0.1))
    assert "2 below the threshold 0.100" in svg
    assert 'class="below"' in svg
    assert histogram_svg(np.array([np.inf]), 0.1) is None


def test_preview_checks_its_input() -> None:
    with pytest.raises(InvalidArgument, match="shape"):
        map_preview_svg(MapPreview("m.html", np.zeros(4)))
    with pytest.raises(InvalidArgument, match="groups"):
        map_preview_svg(MapPreview("m.html", np.zeros((4, 2)), ["a"]))
    assert map_preview_svg(MapPreview("m.html", np.zeros((9_000, 2)))).count("<circle") == 3_000
