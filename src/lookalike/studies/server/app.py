"""Putting the server together."""

from __future__ import annotations

import html
import importlib.resources
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lookalike.errors import MissingDependency, StudyError
from lookalike.serving.limits import RateRule
from lookalike.serving.security import DEFAULT_RULES, Policy, protect
from lookalike.serving.tokens import AdminDoor

if TYPE_CHECKING:
    from fastapi import FastAPI

    from lookalike.studies.server.site import Place
    from lookalike.studies.store.store import Store
    from lookalike.studies.study import Study

RULES = (
    *DEFAULT_RULES,
    RateRule("new sessions from one address", "address", 10, 400, method="POST", contains="/api/session"),
)
"""A class of students behind one router, or 300 simulated participants, begin at once; nobody begins forever."""


def create_study_app(
    studies: Sequence[Study],
    store_for: Callable[[Study], Store],
    *,
    admin_token: str | None = None,
    hosts: frozenset[str] | None = None,
    https: bool = False,
    rules: tuple[RateRule, ...] = RULES,
    clock: Callable[[], float] = time.time,
    assets: dict[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FastAPI:
    """The server of some studies, as an ASGI application.

    Args:
        studies: with different names.
        store_for: the store of a study; may give the same one for several. The caller closes them.
        admin_token: of the dashboard; None: no dashboard.
        hosts: host names to answer to (`lookalike.serving.allowed_hosts`); None: all, for tests.
        https: people reach the server by https (cookies are then for https only).
        rules: rate limits.
        clock: seconds since 1970 for the administrator's logins; a test's own.
        assets: ``{"script": url, "style": url}`` of the participant's page; None: those that Vite built.
        progress: called with (done, total) while images are made ready.

    Raises:
        StudyError: two studies have one name, or a study changed after people had started it.
        ServeError: the pages are not built, or the served images cannot be written.
        MissingDependency: FastAPI is not installed.
    """
    try:
        from fastapi import FastAPI
    except ImportError as error:
        raise MissingDependency("fastapi", "web", "serving a study") from error
    from lookalike.serving.assets import STATIC, asset_app
    from lookalike.serving.faults import install_faults

    app = FastAPI(title="lookalike studies", docs_url=None, redoc_url=None)
    places = install_studies(
        app,
        studies,
        store_for,
        admin_token=admin_token,
        https=https,
        clock=clock,
        assets=assets,
        progress=progress,
    )
    _add_plain_routes(app, places)
    if STATIC.is_dir():
        app.mount("/assets", asset_app(STATIC))
    policy = Policy(hosts=hosts, https=https, rules=rules)
    install_faults(app, policy)
    protect(app, policy)
    return app


def install_studies(
    app: FastAPI,
    studies: Sequence[Study],
    store_for: Callable[[Study], Store],
    *,
    admin_token: str | None = None,
    https: bool = False,
    clock: Callable[[], float] = time.time,
    assets: dict[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Place]:
    """Put studies (at /s/) and their dashboard (at /admin) into an application that has a guard of its own.

    Arguments and errors are those of `create_study_app`; the places are also ``app.state.site``.
    """
    from lookalike.serving.assets import asset_app, asset_urls
    from lookalike.studies.server import admin, participant
    from lookalike.studies.server.pictures import ServedPictures
    from lookalike.studies.server.site import Place, Site

    names = [study.config.name for study in studies]
    if not studies or len(set(names)) < len(names):
        raise StudyError(
            "studies that are served together need different names" if studies else "no study to serve"
        )
    urls = assets or asset_urls("study")
    places = []
    for study in studies:
        store = store_for(study)
        store.register(study)
        places.append(Place(study, store, ServedPictures(study, progress=progress)))
    door = AdminDoor(admin_token, clock=clock) if admin_token else None
    app.state.site = Site(places, door=door, https=https, page=lambda place: _page(place, urls))
    app.include_router(participant.router)
    app.include_router(admin.router)
    app.mount("/admin/static", asset_app(admin.STATIC))
    _install_refusals(app)
    return places


def _add_plain_routes(app: FastAPI, places: Sequence[Place]) -> None:
    from starlette.responses import RedirectResponse, Response

    from lookalike.studies.store.refusals import Refused

    @app.get("/favicon.ico", include_in_schema=False)
    def favicon() -> Response:
        return Response(status_code=204)

    @app.get("/healthz")
    def healthz() -> dict[str, Any]:
        """Whether the databases can be read; for the proxy and for monitoring."""
        for place in places:
            with place.store.reading():
                pass
        return {"ok": True, "studies": len(places)}

    @app.get("/", include_in_schema=False)
    def root() -> RedirectResponse:
        if len(places) != 1:
            raise Refused(404, "open the address of a study")
        return RedirectResponse(places[0].path)


def _install_refusals(app: FastAPI) -> None:
    from starlette.requests import Request
    from starlette.responses import JSONResponse

    from lookalike.studies.store.refusals import Refused, Unavailable

    async def refused(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Refused)
        body: dict[str, Any] = {"error": str(error)}
        if error.next is not None:
            body["next"] = error.next
        headers = {"retry-after": "60"} if error.status == 503 else None
        return JSONResponse(body, status_code=error.status, headers=headers)

    async def unavailable(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=503, headers={"retry-after": "2"})

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(Unavailable, unavailable)


def _page(place: Place, urls: dict[str, str]) -> str:
    """The shell with the study's language and title; everything else comes from the script."""
    shell = importlib.resources.files("lookalike.studies.server").joinpath("page.html").read_text("utf-8")
    config = place.study.config
    values = {"language": config.languages[0], "title": config.title, **urls}
    for name, value in values.items():
        shell = shell.replace("{" + name + "}", html.escape(value))
    return shell
