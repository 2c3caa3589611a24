"""The still pages: what is in them, that nothing hostile gets out of its place, and how they behave."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from lookalike.reports import (
    ClusterView,
    DemoStep,
    DuplicateGroupView,
    HitStrip,
    HitView,
    KnownAnswer,
    MapPreview,
    PageLink,
    Picture,
    ProblemView,
    TableView,
    ThresholdView,
    clusters_page,
    contact_sheet,
    demo_page,
    duplicates_page,
)

from .conftest import until

PROBLEMS = [ProblemView("/photos/<b>zero.jpg", "the file is empty (0 bytes)", "ImageEmpty")]


def _hits(pictures: list[Picture]) -> list[HitView]:
    return [HitView(n, picture, 0.05 * n) for n, picture in enumerate(pictures, 1)]


def _contact(p: list[Picture]) -> str:
    hits = [
        *_hits(p),
        HitView(99, Picture("/photos/none.png"), 1.5),
        HitView(100, Picture("/x", b"broken"), 1.6),
    ]
    note = "exact search, 12 images, 3 ms"
    return contact_sheet(
        "Search <G>", p[:1] + p[-3:], hits, note, negatives=p[2:3], text="a <cup>", problems=PROBLEMS
    )


def _duplicates(p: list[Picture]) -> str:
    groups = [
        DuplicateGroupView(p[0], [(p[1], 0.0), (p[2], 0.04)], "most pixels"),
        DuplicateGroupView(p[12], [(other, 0.0) for other in p[13:]], "<u>oldest</u>", "exact"),
    ]
    threshold = ThresholdView(0.06, np.array([0.01, 0.05, 0.3, 0.4, np.inf, np.nan]), "The <widest> gap.")
    return duplicates_page("Duplicates", groups, threshold=threshold, problems=PROBLEMS)


def _clusters(p: list[Picture]) -> str:
    found = [
        ClusterView(p[0], 40, p[1:9], composition=[("cup", 30)]),
        ClusterView(p[12], 8, p[13:], "<s>odd</s>"),
    ]
    return clusters_page("Clusters", found, noise=p[9:12], noise_size=7, agreement={"NMI": 0.79, "ARI": 0.5})


def _demo(p: list[Picture]) -> str:
    xy = np.random.default_rng(0).normal(size=(len(p), 2))
    preview = MapPreview("map.html", xy, ["a", "b"] * (len(p) // 2), list(enumerate(p)))
    steps = [
        DemoStep("Search", "lookalike search '<a>' --gallery G", "Found.", [HitStrip(p[:1], _hits(p))], 1.25),
        DemoStep(
            "Groups", "", "Two.", [DuplicateGroupView(p[0], [(p[12], 0.01)]), ClusterView(p[0], 3, p[1:3])]
        ),
        DemoStep("Map", "lookalike map", "Look.", [preview, PageLink("javascript:alert(1)", "no link")]),
        DemoStep(
            "Faults", "", "One.", [*PROBLEMS, TableView(["encoder", "distance"], [["<classic>", "0.1"]])]
        ),
    ]
    answers = [KnownAnswer("near-duplicates", 12, 12), KnownAnswer("rotated <90>", 4, 3, 1, "one missed")]
    return demo_page("Demo", steps, answers, intro="Twelve photographs.", problems=PROBLEMS)


MAKERS = {"contact": _contact, "duplicates": _duplicates, "clusters": _clusters, "demo": _demo}
pages = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pages
def test_hostile_names_stay_text(make: Callable[[list[Picture]], str], pictures: list[Picture]) -> None:
    parser = _Elements()
    html = make(pictures)
    parser.feed(html)
    assert [tag for tag, _ in parser.found].count("script") == 1
    for tag, attributes in parser.found:
        assert tag not in ("b", "u", "s", "iframe") or not attributes, (tag, attributes)
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (
            tag,
            attributes,
        )
        assert not (attributes.get("href") or "").lower().startswith("javascript"), attributes
    assert "\u202e" not in html
    assert "\x00" not in html
    assert "49}" not in html


@pages
def test_accessible_structure(make: Callable[[list[Picture]], str], pictures: list[Picture]) -> None:
    parser = _Elements()
    parser.feed(make(pictures))
    tags = [tag for tag, _ in parser.found]
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    assert "header" in tags
    assert all("alt" in a for tag, a in parser.found if tag == "img")
    ids = [a["id"] for _, a in parser.found if "id" in a]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pages
def test_page_in_a_browser(
    make: Callable[[list[Picture]], str], pictures: list[Picture], show: Callable[..., Any]
) -> None:
    html = make(pictures)
    narrow = show(html, width=360, height=700)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 360
    assert narrow.evaluate("window.hacked") is None
    # Lazy pictures far below are not loaded yet, so copies are decoded.
    copies = "[...document.querySelectorAll('.photo img')].map(i => Object.assign(new Image(), {src: i.src}))"
    assert narrow.evaluate(f"Promise.all({copies}.map(i => i.decode())).then(all => all.length)") > 3
    background = "getComputedStyle(document.body).backgroundColor"
    assert narrow.evaluate(background) != show(html, dark=True).evaluate(background)
    unnamed = (
        "[...document.querySelectorAll('button')].filter(b => !b.innerText.trim() && !b.ariaLabel).length"
    )
    assert narrow.evaluate(unnamed) == 0


def _luminance(colour: str) -> float:
    parts = [int(v) / 255 for v in re.findall(r"\d+", colour)[:3]]
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True])
def test_contrast(pictures: list[Picture], show: Callable[..., Any], dark: bool) -> None:
    page = show(_duplicates(pictures), dark=dark)
    pairs = page.evaluate(
        """() => [...document.querySelectorAll('p, li, h1, h2, td, th, .tag, .chip, .distance, .name a')]
          .filter(e => e.innerText).map(e => {
            let b = e;
            while (getComputedStyle(b).backgroundColor === 'rgba(0, 0, 0, 0)') b = b.parentElement;
            return [e.className || e.tagName, getComputedStyle(e).color, getComputedStyle(b).backgroundColor];
          })"""
    )
    assert pairs
    for what, ink, paper in pairs:
        low, high = sorted((_luminance(ink), _luminance(paper)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (what, ink, paper)


def test_enlarge_by_click_and_keys(pictures: list[Picture], show: Callable[..., Any]) -> None:
    page = show(contact_sheet("Search", pictures[:1], _hits(pictures[:6])))
    page.click(".hit .photo >> nth=1")
    assert page.inner_text("#viewer-name") == "picture-1.jpg"
    assert "distance 0.100" in page.inner_text("#viewer-facts")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#viewer-name") == "picture-2.jpg"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#viewer-name") == "picture-0.jpg"
    assert page.get_attribute("#viewer-link a", "href") == pictures[0].href
    page.keyboard.press("Escape")
    # The browser first puts the focus back by itself; the page then moves it to the picture shown last.
    until(
        page,
        "!document.getElementById('viewer').open && document.activeElement.dataset.name === 'picture-0.jpg'",
    )


def test_what_pages_say(pictures: list[Picture]) -> None:
    contact = contact_sheet("Search", [], [], "exact, 1 ms")
    assert "Nothing was found" in contact
    assert "exact, 1 ms" in contact
    groups = duplicates_page("D", [DuplicateGroupView(pictures[1], [(pictures[0], 0.0004)])])
    assert "&lt;0.001" in groups
    assert 'class="worse"' in groups
    assert "--apply" in groups
    assert "No duplicates" in duplicates_page("D", [])
    clusters = _clusters(pictures)
    assert "0.790" in clusters
    assert "+31" in clusters
    demo = _demo(pictures)
    assert "missed some" in demo
    assert "15</b> of <b>16" in demo
    many = contact_sheet("S", [], [], problems=PROBLEMS * 700)
    assert "and 200 more files" in many
