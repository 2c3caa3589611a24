"""The page of votes: hostile names stay text, plots carry no inline styles, and the figures can be read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from lookalike.benchmarks.statistics import Estimate, PairedTest
from lookalike.errors import InvalidArgument
from lookalike.reports.forest import ForestLine, ForestRow, forest_plot
from lookalike.reports.models import Picture
from lookalike.reports.vote_text import (
    comparisons_table,
    p_value,
    percent,
    short_names,
    small_p,
    with_interval,
)
from lookalike.reports.votes import DisagreementView, VotePlot, VoteSection, VoteTable, votes_page

from .conftest import HOSTILE, jpeg

SVG = "{http://www.w3.org/2000/svg}"


def test_hostile_names_stay_text() -> None:
    bad = '"><script>window.hacked=1</script>'
    plot = forest_plot([ForestRow(bad, 0.7, 0.6, 0.8)], [ForestLine(bad, 0.5)], description=bad)
    view = DisagreementView(
        Picture(HOSTILE[0], jpeg(1)), Picture(HOSTILE[1], jpeg(2)), Picture(HOSTILE[5]), 5, 0, 0.4, 0.1, "a"
    )
    section = VoteSection(
        bad,
        bad,
        [VoteTable(("", bad), [(bad, bad)], caption=bad)],
        [VotePlot(plot, bad)],
        [(bad, [view])],
        [bad],
    )
    page = votes_page(bad, [section], note=bad, facts=[(bad, bad)], lead=bad)
    assert "<script>window" not in page
    assert not re.search(r"\sstyle=", page)
    assert page.count("<script>") == 1  # the viewer's own


def test_marks_say_who_chose_which() -> None:
    pictures = [Picture(f"{name}.jpg", jpeg(n)) for n, name in enumerate("rab")]
    view = DisagreementView(pictures[0], pictures[1], pictures[2], 1, 4, 0.1, 0.4, "b")
    page = votes_page("t", [VoteSection("s", disagreements=[("e", [view])])])
    figures = re.findall(r'<figure class="(chosen|other)">(.*?)</figure>', page, flags=re.S)
    assert [kind for kind, _ in figures] == ["other", "chosen"]
    assert "Machine" in figures[0][1]
    assert "1 vote<" in figures[0][1]
    assert "People" in figures[1][1]
    assert "0.400" in figures[1][1]


def test_a_row_without_figures_spans_the_table() -> None:
    page = votes_page(
        "t", [VoteSection("s", tables=[VoteTable(("", "a", "b", "c"), [("x", "no such encoder")])])]
    )
    assert '<td colspan="3" class="words">no such encoder</td>' in page


def test_the_forest_plot_puts_figures_in_place() -> None:
    text = forest_plot(
        [ForestRow("x", 0.75, 0.7, 0.8)],
        [ForestLine("chance", 0.5)],
        description="d",
        axis=(0.5, 1.0),
        standalone=True,
    )
    root = ElementTree.fromstring(text)
    (dot,) = root.iter(f"{SVG}circle")
    assert float(dot.get("cx", "nan")) == 230  # the middle of 460
    whisker = next(line for line in root.iter(f"{SVG}line") if line.get("stroke-linecap"))
    assert (float(whisker.get("x1", "nan")), float(whisker.get("x2", "nan"))) == (
        186,
        274,
    )  # 10 + 440 * (0.4, 0.6)
    assert "var(" not in text
    assert "currentColor" not in text
    with pytest.raises(InvalidArgument):
        forest_plot([], description="d")
    with pytest.raises(InvalidArgument):
        forest_plot([ForestRow("x", float("nan"))], description="d")


def test_axes_hold_every_figure() -> None:
    for values in ((0.0, 1.0), (0.501, 0.502), (0.995, 1.0), (0.0, 0.0)):
        rows = [ForestRow("x", value, value, value) for value in values]
        ElementTree.fromstring(forest_plot(rows, description="d", standalone=True))


def test_names_lose_folders_unless_two_were_alike() -> None:
    names = ["onnx:/a/b/net.onnx", "classic", "onnx:/a/b/net.onnx | whiten", "2*onnx:/x/one.onnx+classic"]
    assert list(short_names(names).values()) == [
        "onnx:net.onnx",
        "classic",
        "onnx:net.onnx | whiten",
        "2*onnx:one.onnx+classic",
    ]
    same = ["onnx:/a/net.onnx", "onnx:/b/net.onnx"]
    assert list(short_names(same).values()) == same


def test_numbers_as_people_read_them() -> None:
    assert percent(0.7316) == "73.2 %"
    assert percent(float("nan")) == "–"
    assert with_interval(Estimate(0.5, -0.0004, 1.0, 3, "m")) == "50.0 % (0.0 to 100.0)"
    assert with_interval(None) == "–"
    assert (p_value(0.0004), p_value(0.04)) == ("< 0.001", "0.040")
    assert (small_p(0.25), small_p(8.4e-17), small_p(0.0)) == ("0.250", "8.4e-17", "< 1e-300")


def test_comparisons_say_which_is_better() -> None:
    def test(value: float, p: float) -> PairedTest:
        return PairedTest("a", "b", Estimate(value, value - 0.01, value + 0.01, 9, "m"), p, p, "t")

    table = comparisons_table([test(0.05, 0.01), test(-0.05, 0.01), test(0.01, 0.2)], {"a": "A", "b": "B"})
    assert [row[3] for row in table.rows] == ["the first", "the second", "not told apart"]
    assert table.rows[0][:2] == ("A – B", "+5.0 (+4.0 to +6.0)")
