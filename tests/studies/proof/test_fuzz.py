"""schemathesis over the OpenAPI of the study server: no 5xx, errors of one line, no row without an acknowledgement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from lookalike.studies import Study
from lookalike.studies.server import create_study_app
from lookalike.studies.store import Store
from tests.studies.small import small_study

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis (pip install 'lookalike[dev]')")

TOKEN = "an-administrators-token"
ASSETS = {"script": "/assets/study/index.js", "style": "/assets/study/index.css"}


class Fuzzed:
    """A served study, its schema, and one participant's and one administrator's cookies."""

    def __init__(self, study: Study, store: Store) -> None:
        from starlette.testclient import TestClient

        self.study, self.store = study, store
        self.app = create_study_app([study], lambda _: store, admin_token=TOKEN, assets=ASSETS, rules=())
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.schema = schemathesis.openapi.from_asgi("/openapi.json", self.app)
        headers = {"X-Lookalike": "1"}
        reply = self.client.post("/s/fuzz/api/session", json={"consent": True}, headers=headers)
        assert reply.status_code == 200
        self.cookies = dict(self.client.cookies)
        self.client.post("/admin/login", json={"token": TOKEN}, headers=headers)
        self.cookies |= dict(self.client.cookies)


@pytest.fixture
def fuzzed(tmp_path: Path) -> Iterator[Fuzzed]:
    study = small_study(tmp_path / "fuzz", items=6, answers_per_item=100_000)
    with Store(f"sqlite:///{tmp_path / 'fuzz.sqlite'}") as store:
        yield Fuzzed(study, store)


def attack(fuzzed: Fuzzed, examples: int) -> int:
    """Every operation with made-up requests, with and without the cookies; how many requests that were."""
    count = 0
    for found in fuzzed.schema.get_all_operations():
        operation: Any = found.ok()

        def one(case: Any) -> None:
            nonlocal count
            count += 1
            if count % 4:
                case.path_parameters = {**(case.path_parameters or {}), "name": "fuzz"}
            cookies = fuzzed.cookies if count % 3 else {}
            before = fuzzed.store.answers(fuzzed.study).num_rows if case.method == "POST" else 0
            reply = case.call(headers={"X-Lookalike": "1"}, cookies=cookies)
            assert reply.status_code < 500, (case, reply.text)
            assert "Traceback" not in reply.text
            if reply.status_code >= 400:
                error = reply.json()
                assert set(error) <= {"error", "next"}
                assert "\n" not in error["error"]
            if case.method == "POST" and "withdraw" not in case.path:
                stored = fuzzed.store.answers(fuzzed.study).num_rows - before
                assert stored == (0 if reply.status_code != 200 else stored)
                assert stored in (0, 1)

        # Nothing is shrunk or kept: a failure shows its request anyway.
        config = settings(
            max_examples=examples, deadline=None, database=None, derandomize=True,
            phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        config(given(case=operation.as_strategy())(one))()
    return count


def test_made_up_requests_break_nothing(fuzzed: Fuzzed) -> None:
    operations = len(list(fuzzed.schema.get_all_operations()))
    assert operations >= 12
    assert attack(fuzzed, 8) >= 4 * operations


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_many_made_up_requests_break_nothing(fuzzed: Fuzzed) -> None:
    attack(fuzzed, 400)
