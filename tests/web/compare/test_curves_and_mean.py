"""The explanation comes first and its curves when they are asked for; a gallery's own mean is taken away."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from lookalike.web.pictures import picture_of
from tests.web.conftest import CSRF

PAIR = "a=drawn:1&b=drawn:9"


def test_curves_are_measured_only_when_asked_for(judged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    faithfulness: Any = import_module("lookalike.explain.faithfulness")
    calls: list[Any] = []
    measure = faithfulness.Judge.measure
    monkeypatch.setattr(faithfulness.Judge, "measure", lambda *a: calls.append(a) or measure(*a))
    parts = judged.get(f"/compare/parts?{PAIR}").text
    assert calls == []
    assert 'class="curve' not in parts
    assert 'class="attributes"' in parts
    (url,) = re.findall(r'hx-get="(/compare/curves[^"]*)" hx-trigger="toggle once"', parts)
    curves = judged.get(url.replace("&amp;", "&")).text
    assert len(calls) == 1
    assert curves.count("<svg") == 2
    assert 'class="curve map"' in curves
    again = judged.get(f"/compare/parts?{PAIR}").text
    assert 'class="curve map"' in again, "what has been measured is shown at once"
    assert len(calls) == 1


def test_without_a_script_there_is_a_link_to_the_curves(judged: Any) -> None:
    page = judged.get("/compare?a=drawn:2&b=drawn:9&whole=1").text
    assert "curves=1" in page
    assert 'class="curve map"' not in page
    assert 'class="curve map"' in judged.get("/compare?a=drawn:2&b=drawn:9&whole=1&curves=1").text


def test_the_mean_is_that_of_the_gallery(judged_app: Any, judged: Any) -> None:
    context = judged_app.state.context
    a, b = picture_of(context, "drawn:1"), picture_of(context, "drawn:2")
    encoder = context.encoder("classic")
    found = context.explain(a, b, "classic", maps=())
    content = found.reference.content[encoder.card.fingerprint]
    rows = context.gallery("drawn").snapshot()
    truth = rows.vectors_of(rows.ids.tolist()).mean(axis=0)
    assert content.mean.images == len(rows) == 96
    assert np.allclose(content.mean.mean, truth, atol=1e-5)
    vectors = encoder.embed([a.source, b.source]) - content.mean.mean
    centred = float(vectors[0] @ vectors[1] / np.linalg.norm(vectors[0]) / np.linalg.norm(vectors[1]))
    assert found.centred
    assert found.score == pytest.approx(centred, abs=1e-4)
    assert found.percentile is not None
    number = next(one.number for one in _machines(context) if one.spec == "classic")
    page = judged.get(f"/compare/parts?a=drawn:1&b=drawn:2&encoder={number}").text
    assert "pairs of the gallery drawn" in page


def test_an_encoder_that_no_gallery_knows_has_no_gallerys_mean(judged_app: Any, judged: Any) -> None:
    context = judged_app.state.context
    a, b = picture_of(context, "drawn:1"), picture_of(context, "drawn:2")
    assert context.explainer.corpus(a, b, "patches") == ("", None)
    body = {"a": "drawn:1", "b": "drawn:2", "encoder": "patches", "maps": True, "curves": False}
    answer = judged.post("/api/explain", json=body, headers=CSRF).json()
    assert answer["corpus"] is None
    assert answer["explanation"]["where"][0]["faithfulness"] is None
    body = {"a": "drawn:1", "b": "drawn:2", "encoder": "classic"}
    assert judged.post("/api/explain", json=body, headers=CSRF).json()["corpus"] == "drawn"


def _machines(context: Any) -> Any:
    from lookalike.web.machines import machines

    return machines(context)


def test_sliders_and_parts_work_after_the_curves_have_come(
    judged_site: str, visit: Callable[..., Any]
) -> None:
    page = visit(f"{judged_site}/compare?a=drawn:5&b=drawn:11")
    page.locator(".attributes").wait_for()
    assert page.locator(".curve").count() == 0
    page.locator(".trust summary").click()
    page.locator(".measured figure").first.wait_for()
    page.locator("[data-island=linked][data-ready]").wait_for()
    page.locator("[data-island=weights][data-ready]").wait_for(state="attached")
    page.locator("svg[data-side=a] .cell[tabindex='0']").focus()
    page.keyboard.press("Enter")
    assert page.locator("svg[data-side=a] .cell[aria-pressed=true]").count() == 1
    assert page.locator(".link-said").inner_text()
    total, before = page.locator(".total-text"), page.locator(".total-text").inner_text()
    for _ in range(2):
        page.locator(".weight input").first.focus()
        page.keyboard.press("End")
    page.wait_for_function(
        "before => document.querySelector('.total-text').textContent !== before", arg=before
    )
    assert total.inner_text() != before
