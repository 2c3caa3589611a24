"""Putting the web application together."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lookalike.errors import MissingDependency
from lookalike.web.settings import WebSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

ROUTES = (
    "routes_home",
    "routes_login",
    "routes_images",
    "routes_explore",
    "routes_jobs",
    "routes_tasks",
    "routes_map",
    "routes_clusters",
    "routes_duplicates",
    "routes_problems",
    "routes_api",
    "routes_compare",
    "routes_play",
    "routes_results",
)
"""Modules of this room with a ``router``, in the order in which they are asked."""


def create_app(settings: WebSettings) -> FastAPI:
    """The web application, as an ASGI application.

    Galleries are opened when they are first asked for (`AppContext.warm` does it before); what stays open is
    closed when the application shuts down.

    Raises:
        ServeError: the pages are not built.
        StudyError: a study's folder is wrong.
        MissingDependency: FastAPI is not installed.
    """
    try:
        from fastapi import FastAPI
    except ImportError as error:
        raise MissingDependency("fastapi", "web", "serving pages") from error
    from lookalike.serving.assets import STATIC, asset_app, asset_urls
    from lookalike.serving.security import Policy, protect
    from lookalike.studies.server.app import RULES
    from lookalike.web.context import AppContext
    from lookalike.web.door import keep_door
    from lookalike.web.faults import install_page_faults
    from lookalike.web.mounted_studies import mount_studies
    from lookalike.web.pages import refusal_page

    asset_urls("app")  # before anybody waits for a page: are they built?
    context = AppContext(settings, ROUTES)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        yield
        context.close()

    app = FastAPI(
        title="lookalike",
        description="Search, compare and explain images by how alike people find them.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    app.state.context = context
    app.state.streams = context.streams
    for name in ROUTES:
        app.include_router(import_module(f"lookalike.web.{name}").router)
    if settings.studies:
        mount_studies(app, context)
    app.mount("/assets", asset_app(STATIC))
    policy = Policy(
        hosts=settings.hosts,
        https=settings.https,
        rules=RULES,
        uploads={"/api/images": settings.upload_max_bytes},
    )
    install_page_faults(app, policy)
    if settings.token is not None:
        keep_door(app, context)
    protect(app, policy, page=refusal_page)
    return app
