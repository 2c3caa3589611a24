"""The report of a run over pairs: complete, escaped, self-contained, and readable small and dark."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from lookalike.benchmarks import bench_pairs, bench_tll
from lookalike.benchmarks.face_statistics import face_statistics
from lookalike.benchmarks.tll_result import PairsResult
from lookalike.encoders import load_encoder
from lookalike.encoders.callable import CallableEncoder
from lookalike.errors import InvalidArgument
from lookalike.images import decode, thumbnail
from lookalike.reports.bench_figures import figures, short_name, short_names
from lookalike.reports.bench_tll import pictures_wanted, tll_page
from lookalike.reports.plots import Bars, Line, bar_plot, line_plot
from tests.benchmarks.pair_folders import make_pairs

HOSTILE = '<script>alert("x")</script> $a_b$'


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> PairsResult:
    rng = np.random.default_rng(0)

    def poor(images: np.ndarray) -> np.ndarray:
        rows = images.reshape(len(images), -1).astype(float)
        return rows + 150 * rng.standard_normal(rows.shape)

    folder = make_pairs(tmp_path_factory.mktemp("pairs"), 24, votes=True)
    encoders: list[Any] = [
        "classic:layout",
        CallableEncoder(poor, name=HOSTILE, input_size=(4, 4)),
        "onnx:/away/net.onnx",
    ]
    return bench_tll(folder, encoders, generic_threshold=0.05)


@pytest.fixture(scope="module")
def html(result: PairsResult) -> str:
    paths = result.table.images
    thumbnails = {c: thumbnail(decode(str(paths.path(c))), 60) for c in pictures_wanted(result)}
    return tll_page(result, thumbnails, command="lookalike bench tll <data>")


def test_everything_is_on_the_page(html: str, result: PairsResult) -> None:
    for heading in ("Table 1", "Figure 2a.", "Figure 2b", "Without near-duplicates", "Votes and distance"):
        assert heading in html
    assert "over all of these tables together" in html
    assert "probably recall at 6, 11 and 21" in html
    assert "lookalike bench tll &lt;data&gt;" in html
    assert "densenet121" in html  # the paper's own rows
    assert "net.onnx: no s" in html
    assert "/away" not in html  # no folder of this machine


def test_the_run_is_dated_and_its_encoders_are_known(html: str, result: PairsResult) -> None:
    about = html[html.index('id="about"') :]
    assert "date (UTC)" in about
    assert f"{datetime.now(UTC):%Y-%m-}" in about
    assert "version of lookalike" in about
    assert "fingerprint of classic:layout" in about
    assert load_encoder("classic:layout").card.fingerprint in about
    assert "seconds in all" in html
    assert "+ faces: cosine distance" not in html  # nothing of the kind was measured


def test_faces_are_explained_with_intervals(result: PairsResult) -> None:
    # Presence: left 0 1 1 1 0, right 0 1 0 1 1: both 2, left only 1, right only 1, neither 1 of 5; agree on 3.
    # By chance 0.6 x 0.6 + 0.4 x 0.4 = 0.52; kappa = (0.6 - 0.52) / 0.48 = 0.17.
    first = replace(result.measured[0], name="x + faces", kind="with faces")
    found = replace(
        result, measured=[*result.measured, first], faces=face_statistics([0, 1, 1, 2, 0], [0, 1, 0, 1, 3])
    )
    html = tll_page(found, {})
    assert (
        "plus 0.75 times the smallest L2 distance of the faces, 0.85 where either image has no face" in html
    )
    part = html[html.index('id="faces"') :]
    assert "only the left one has" in part
    assert "only the right one has" in part
    assert "by chance 52.0 %, Cohen&#39;s kappa 0.17" in part
    low, high = found.faces.left_share.low, found.faces.left_share.high  # type: ignore[union-attr]
    assert f"{100 * low:.1f} to {100 * high:.1f}" in part


def test_figures_of_fitted_pairs_are_marked(result: PairsResult) -> None:
    note = "WARNING: /home/me/mine was fitted on 9 of these pairs"
    first, *others = result.measured
    fitted = [replace(first, fitted_pairs=9), *others]
    html = tll_page(replace(result, measured=fitted, notes=[*result.notes, note]), {})
    start = html.index('<p class="fitted"')
    assert start < html.index('<h2 id="recall-h"')
    assert "WARNING: mine was fitted" in html[start:]
    assert "fitted on these pairs: no measurement" in html


def test_nothing_hostile_gets_through(html: str) -> None:
    assert "<script>alert" not in html
    assert re.search(r"<[^>]+\sstyle=", html) is None  # the page's policy forbids inline styles
    assert "http://" not in html.replace("http://www.w3.org/", "")


def test_errors_show_query_five_found_and_the_persons_choice(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = CallableEncoder(
        lambda images: rng.standard_normal((len(images), 9)), name="noise", input_size=(4, 4)
    )
    found = bench_pairs(make_pairs(tmp_path, 30), [noise], errors_shown=4)
    assert len(found.errors) == 4
    page = tll_page(found, {})
    assert page.count('class="miss"') == 4
    for error in found.errors:
        assert len(error.found) == 5
        assert error.right not in {content for content, _ in error.found}
        assert set(pictures_wanted(found)) >= {error.query, error.right}


def test_figures_as_files_are_xml_with_fixed_colours(result: PairsResult) -> None:
    drawn = figures(result, standalone=True)
    assert set(drawn) == {"recall", "cosine_minus_l2", "associative_recall"}
    for svg in drawn.values():
        ElementTree.fromstring(svg.encode())
        assert "var(--" not in svg
        assert "currentColor" not in svg


def test_a_small_dark_screen(show: Any, html: str) -> None:
    page = show(html, width=360, dark=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    plot = page.locator("svg.plot text").first
    colour = plot.evaluate("node => getComputedStyle(node).fill")
    assert min(map(int, re.findall(r"\d+", colour)[:3])) > 180  # light text on a dark page


def test_short_names() -> None:
    assert short_name("onnx:/a/b.c/net.onnx + faces") == "net + faces"
    assert short_name("2*onnx:net.onnx+classic") == "2*net+classic"
    assert short_name("classic | whiten") == "classic | whiten"
    assert short_name("open_clip:ViT-B-32/laion") == "open_clip:ViT-B-32/laion"
    same = ["onnx:/a/net.onnx", "onnx:/b/net.onnx"]
    assert list(short_names(same).values()) == same


def test_plots_name_hostile_series_and_skip_what_is_not_finite() -> None:
    svg = line_plot(
        [Line("_<b>$x", [1, 2, 3], [1.0, float("nan"), 3.0], marks=True), Line("two", [1, 3], [0.0, 1.0])],
        x_label="x & y", y_label="$y", description="<d>",
    )  # fmt: skip
    root = ElementTree.fromstring(svg)
    said = "".join(root.itertext())
    assert "<b>$x" in said
    assert "x & y" in said
    assert "style" not in svg
    bars = bar_plot(
        ["a", "b"], [Bars("", [1.0, float("nan")], [0.5, 0], [2.0, 0])], value_label="v", description="d"
    )
    ElementTree.fromstring(bars)


def test_two_plots_of_a_page_share_no_ids() -> None:
    one, two = (
        line_plot([Line("a", [1, 2], [0.0, y])], x_label="x", y_label="y", description="d")
        for y in (1.0, 2.0)
    )
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (one, two)]
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])
    for svg, known in zip((one, two), ids, strict=True):
        assert set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", svg)) <= known


def test_plots_without_data_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="at least one line"):
        line_plot([], x_label="x", y_label="y", description="d")
    with pytest.raises(InvalidArgument, match="2 x values and 1 y"):
        line_plot([Line("a", [1, 2], [1.0])], x_label="x", y_label="y", description="d")
    with pytest.raises(InvalidArgument, match="at least one group"):
        bar_plot([], [], value_label="v", description="d")
    with pytest.raises(InvalidArgument, match="1 values for 2 groups"):
        bar_plot(["a", "b"], [Bars("x", [1.0])], value_label="v", description="d")
