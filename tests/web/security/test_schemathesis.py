"""Requests drawn from our own description: never a server error, never an answer of another shape."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans

from tests.web.conftest import CSRF

EXAMPLES = int(os.environ.get("LOOKALIKE_SCHEMATHESIS", "8"))
"""Of each call; a longer run is asked for by the environment."""

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis (pip install 'lookalike[dev]')")


CALLS = (
    "GET /api/galleries",
    "GET /api/galleries/{gallery}/status",
    "POST /api/galleries/{gallery}/search",
    "POST /api/galleries/{gallery}/jobs",
    "GET /api/jobs/{job}",
    "POST /api/images",
    "GET /api/images/{handle}",
    "POST /api/compare",
    "POST /api/explain",
)


@pytest.fixture(scope="module")
def described(app: Any) -> Any:
    return schemathesis.openapi.from_asgi("/api/openapi.json", app)


def test_every_call_is_drawn(described: Any) -> None:
    found = {f"{one.ok().method.upper()} {one.ok().path}" for one in described.get_all_operations()}
    assert found == set(CALLS)


@pytest.mark.parametrize("call", CALLS)
def test_no_request_breaks_the_server(described: Any, call: str) -> None:
    method, path = call.split()
    operation = described[path][method]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=operation.as_strategy(), known=booleans())
    def one(case: Any, known: bool) -> None:
        if known and "gallery" in (case.path_parameters or {}):
            case.path_parameters["gallery"] = "drawn"
        case.headers.update(CSRF)
        case.validate_response(case.call(), excluded_checks=excluded())

    one()


def excluded() -> list[Any]:
    """Two rules that this API has reasons not to follow.

    What a filter means is decided by the record, so a request of the right shape may still be refused (400), and
    an unknown method on a known path is answered by the guard first (403 without a body that is read).
    """
    from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

    return [positive_data_acceptance, unsupported_method]
