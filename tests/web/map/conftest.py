"""Two galleries whose images were never files: one of 300, one of 100,000."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import make_app
from tests.web.map.many import many


@pytest.fixture(scope="session")
def map_app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The application over ``few``: 300 images on a map."""
    from lookalike.web import WebSettings

    place = tmp_path_factory.mktemp("maps") / "few"
    many(place, 300)
    return make_app(WebSettings(galleries={"few": place}))


@pytest.fixture
def map_client(map_app: Any) -> Any:
    from fastapi.testclient import TestClient

    return TestClient(map_app, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def map_site(map_app: Any, listen: Callable[[Any], str]) -> str:
    return listen(map_app)


@pytest.fixture(scope="session")
def large_site(tmp_path_factory: pytest.TempPathFactory, listen: Callable[[Any], str]) -> str:
    """The address of an application over ``wide``: 100,000 images on a map."""
    from lookalike.web import WebSettings

    place: Path = tmp_path_factory.mktemp("maps") / "wide"
    many(place, 100_000)
    return listen(make_app(WebSettings(galleries={"wide": place})))
