"""A served study and a participant's client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lookalike.studies import Study
from lookalike.studies.server import create_study_app
from lookalike.studies.store import Store
from tests.studies.small import small_study

HEADERS = {"X-Lookalike": "1"}
TOKEN = "an-administrators-token"
ASSETS = {"script": "/assets/study/index.js", "style": "/assets/study/index.css"}


class Participant:
    """A browser with its own cookies."""

    def __init__(self, client: TestClient, study: Study, store: Store) -> None:
        self.client = client
        self.study = study
        self.store = store
        self.root = f"/s/{study.config.name}/"

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(self.root + path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        headers = HEADERS | more.pop("headers", {})
        return self.client.post(self.root + path, json={} if body is None else body, headers=headers, **more)

    def start(self, **body: Any) -> dict[str, Any]:
        reply = self.post("api/session", {"consent": True, "language": "en", "device": "desktop", **body})
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def answer(self, index: int, position: int = 0, **body: Any) -> Any:
        sent = {"index": index, "nonce": f"n{index}", "position": position, "response_time_ms": 500.0, **body}
        return self.post("api/answers", sent)

    def answer_all(self, plan: dict[str, Any]) -> None:
        for index in range(plan["next"], plan["trials"]):
            assert self.answer(index).status_code == 200

    def trials(self, start: int = 0, count: int = 20) -> list[dict[str, Any]]:
        reply = self.get(f"api/trials?from={start}&count={count}")
        assert reply.status_code == 200, reply.text
        return list(reply.json()["trials"])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., Participant]]:
    """Serve a small study (settings as `small_study`'s); further calls with the same folder name: another browser."""
    with ExitStack() as stack:
        apps: dict[str, Any] = {}

        def make(name: str = "demo", *, https: bool = False, **settings: Any) -> Participant:
            if name not in apps:
                study = small_study(tmp_path / name, **settings)
                store = stack.enter_context(Store(f"sqlite:///{tmp_path / name}.sqlite"))
                app = create_study_app(
                    [study], lambda _: store, admin_token=TOKEN, assets=ASSETS, https=https
                )
                apps[name] = (app, study, store)
            app, study, store = apps[name]
            base = "https://testserver" if https else "http://testserver"
            client = stack.enter_context(TestClient(app, base_url=base, raise_server_exceptions=False))
            return Participant(client, study, store)

        yield make
