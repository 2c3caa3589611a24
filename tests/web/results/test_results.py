"""Results: figures with intervals, reports shut in a sandbox, sheets; no path of the server gets out or in."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RECALL = {"recall": {"1": 8.5}, "interval": {"1": [7.0, 10.0]}}


def test_reports_are_listed_and_set_side_by_side(judged: Any) -> None:
    page = judged.get("/results").text
    assert "80.0 %" in page
    assert "75.0 – 85.0" in page
    assert "empty cannot be shown" in page
    assert page.count('<svg class="plot"') == 1
    assert "onnx:net.onnx" in page
    assert "/home/somebody" not in page


def test_one_report(judged: Any) -> None:
    page = judged.get("/results/first").text
    assert "62.0 – 78.0" in page
    assert "always the majority 84.0 %" in page
    assert "no encoder is called" in page
    assert page.count('<svg class="plot"') == 2


def test_the_report_itself_is_a_stranger(judged: Any) -> None:
    answer = judged.get("/results/first/report")
    assert "The whole report" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy
    assert judged.get("/results/first/results.json").json()["triplets"] == 30
    assert judged.get("/results/first/table/0").text.startswith("encoder,score")
    assert judged.get("/results/first/table/1").status_code == 404


@pytest.mark.parametrize("name", ["nothing", "..%2f..%2fetc", "%2e%2e"])
def test_other_folders_are_not_served(judged: Any, name: str) -> None:
    assert judged.get(f"/results/{name}/report").status_code == 404


def test_a_report_runs_its_scripts_but_reaches_nothing(judged_site: str, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{judged_site}/results/first/report")
    assert page.title() == "ran"
    assert page.evaluate("self.origin") == "null"
    context.close()


def test_a_sheet_of_where_they_part(judged: Any) -> None:
    for table in ("twos", "threes"):
        end = time.monotonic() + 30
        page = judged.get(f"/results/parting/{table}").text
        while "parted" not in page:
            assert time.monotonic() < end
            time.sleep(0.1)
            page = judged.get(f"/results/parting/{table}").text
        tokens = re.findall(r"/results/image/([\w-]{22})", page)
        assert tokens
        assert judged.get(f"/results/image/{tokens[0]}").headers["content-type"] == "image/webp"
        why = judged.get(f"/results/why/{tokens[0]}/{tokens[1]}", follow_redirects=False)
        assert why.headers["location"].startswith("/compare?a=")


def test_on_a_phone_nothing_is_wider_than_the_screen(judged_site: str, visit: Callable[..., Any]) -> None:
    for place in ("/results", "/results/first", "/results/parting/twos"):
        page = visit(f"{judged_site}{place}", size="phone", touch=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, place


@pytest.mark.parametrize(
    ("document", "kind", "headline"),
    [
        ({"pairs": 9, "candidates": 9, "encoders": {"a": {"cosine": RECALL}}}, "pairs", "recall_1"),
        ({"trials": 4, "encoders": {"a": {"accuracy": 0.5, "interval": [0.1, 0.9]}}, "chance": 1 / 3}, "things", "accuracy"),
        ({"triplets": 3, "split": "val", "encoders": {"a": {"score": 0.5, "jnd": {"score": 0.6}}}}, "bapps", "score"),
        ({"triplets": 3, "encoders": {"a": {"intact": {"value": 0.5}, "rows": []}}}, "ablation", "intact"),
        ({"encoders": {"a": {"score": float("nan")}}}, "other", ""),
        ({"encoders": {"a": 3, "b": {"score": "x", "interval": 5}}}, "other", ""),
    ],
)  # fmt: skip
def test_every_kind_of_document(tmp_path: Path, document: Any, kind: str, headline: str) -> None:
    from lookalike.web.results_read import read_report
    from lookalike.web.results_view import plots
    from lookalike.web.texts import texts_of

    (tmp_path / "results.json").write_text(json.dumps(document), encoding="utf-8")
    report = read_report("x", tmp_path)
    assert (report.kind, report.headline) == (kind, headline)
    assert len(plots(report, texts_of("en"))) == len(report.measures)
    if kind == "pairs":
        assert report.measures["recall_1"]["a"].low == pytest.approx(0.07)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"encoders": 3}', "[" * 3000])
def test_a_broken_document_is_one_clear_line(tmp_path: Path, text: str) -> None:
    from lookalike.errors import ServeError
    from lookalike.web.results_read import read_report

    (tmp_path / "results.json").write_text(text, encoding="utf-8")
    with pytest.raises(ServeError, match="x") as caught:
        read_report("x", tmp_path)
    assert "\n" not in str(caught.value)
