"""The game without a browser: no answer leaks, every answer counts once, machines choose the nearest."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.web.conftest import CSRF


def begin(client: Any, table: str = "twos", kind: str = "random") -> str:
    answer = client.post(f"/play/{table}/start/{kind}", headers=CSRF)
    assert answer.status_code == 204
    return str(answer.headers["hx-redirect"])


def round_of(app: Any, url: str) -> Any:
    from lookalike.web.play_rounds import Rounds
    from lookalike.web.shelf import shelf

    return shelf(app.state.context, Rounds).get(url.rsplit("/", 1)[-1])


def test_a_question_tells_nothing_of_its_answer(judged: Any, judged_app: Any) -> None:
    url = begin(judged)
    page = judged.get(url)
    found = round_of(judged_app, url)
    question = found.asked[0].question
    told = page.text + str(page.headers)
    for content in (question.query, *question.options):
        assert content not in told
        assert Path(found.table.path(content)).name not in told
    assert "is-right" not in told
    tokens = re.findall(r"/play/image/([\w-]{22})", page.text)
    assert len(set(tokens)) == 6
    data = judged.get(f"/play/image/{tokens[0]}")
    assert data.headers["content-type"] == "image/webp"
    assert not Image.open(io.BytesIO(data.content)).getexif()
    assert judged.get(f"{url}/why/0/0").status_code == 404


def test_places_of_the_right_answer_vary(judged: Any, judged_app: Any) -> None:
    rights = [one.question.right for _ in range(4) for one in round_of(judged_app, begin(judged)).asked]
    assert set(rights) == {0, 1, 2, 3, 4}


def test_a_whole_round(judged: Any, judged_app: Any) -> None:
    url = begin(judged)
    found = round_of(judged_app, url)
    for number, one in enumerate(found.asked):
        choice = one.question.right if number % 2 else (one.question.right + 1) % 5
        answer = judged.post(f"{url}/answer/{number}/{choice}", headers=CSRF)
        assert answer.status_code == 200
        assert ("Right: this is" in answer.text) == bool(number % 2)
        again = judged.post(f"{url}/answer/{number}/0", headers=CSRF)
        assert again.status_code == 409
    assert found.score() == 5
    assert found.chance() == pytest.approx(2.0)
    end = judged.get(url).text
    assert "The result: 5 of 10" in end
    assert end.count('class="card past"') == 10
    why = judged.get(f"{url}/why/3/2", follow_redirects=False)
    assert why.headers["location"].startswith("/compare?a=")


def test_machines_choose_the_nearest_option(judged: Any, judged_app: Any) -> None:
    import numpy as np

    url = begin(judged)
    judged.post(f"{url}/answer/0/0", headers=CSRF)
    found = round_of(judged_app, url)
    question = found.asked[0].question
    encoder = judged_app.state.context.encoder("patches")
    rows = encoder.embed([str(found.table.path(one)) for one in (question.query, *question.options)])
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    assert found.asked[0].machines["patches"] == int(np.argmax(unit[1:] @ unit[0]))
    assert {"patches", "classic"} <= set(found.asked[0].machines)


def test_triplets_have_the_majority_as_right_and_no_ties(judged: Any, judged_app: Any) -> None:
    found = round_of(judged_app, begin(judged, "threes", "people"))
    assert len(found.asked) == 5
    for one in found.asked:
        right = found.table.path(one.question.options[one.question.right]).stem
        assert right.endswith("a") == (int(right[1]) % 2 == 1)


def test_lookalikes_are_prepared_first(judged: Any, judged_app: Any) -> None:
    import time

    answer = judged.post("/play/twos/start/generic", headers=CSRF)
    end = time.monotonic() + 30
    while answer.status_code != 204:
        assert time.monotonic() < end
        time.sleep(0.1)
        answer = judged.post("/play/twos/start/generic", headers=CSRF)
    asked = round_of(judged_app, answer.headers["hx-redirect"]).asked
    assert len(asked) == 10
    assert judged.get("/play/twos/wait/generic").status_code == 200


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/play/nothing", 404),
        ("POST", "/play/twos/start/people", 404),
        ("POST", "/play/threes/start/random", 404),
        ("GET", "/play/twos/round/" + "a" * 22, 404),
        ("GET", "/play/twos/round/short", 422),
        ("GET", "/play/image/" + "a" * 22, 404),
    ],
)
def test_what_is_refused(judged: Any, method: str, address: str, status: int) -> None:
    assert judged.request(method, address, headers=CSRF).status_code == status


def test_an_answer_without_the_header_of_our_page_is_refused(judged: Any) -> None:
    assert judged.post("/play/twos/start/random").status_code == 403


def test_forgotten_rounds_and_pictures(judged_app: Any) -> None:
    from lookalike.web.faults import PageError
    from lookalike.web.play_rounds import KEPT_SECONDS, Pictures, Rounds
    from lookalike.web.play_tables import table_of

    now = [0.0]
    rounds = Rounds(lambda: now[0])
    table = table_of(judged_app.state.context, "twos")
    made = rounds.start(table, "random", table.draw(judged_app.state.context, "random", 2, 0))
    now[0] = KEPT_SECONDS + 1
    with pytest.raises(PageError):
        rounds.get(made.token)
    pictures = Pictures(most=1)
    first = pictures.name(table, made.asked[0].question.query)
    pictures.name(table, made.asked[0].question.query)
    with pytest.raises(PageError):
        pictures.data(first)
