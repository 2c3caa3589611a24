"""The researcher's dashboard: behind the token, read only but for withdrawals."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from lookalike.serving.faults import error_response
from lookalike.serving.requests import cookies
from lookalike.serving.tokens import ADMIN_COOKIE, COOKIE_PATHS, AdminDoor
from lookalike.studies.server.bodies import LoginBody, WithdrawBody
from lookalike.studies.server.site import Site
from lookalike.studies.store.refusals import Refused

STATIC = Path(__file__).resolve().parent / "static"

router = APIRouter(prefix="/admin")


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _door(request: Request) -> AdminDoor:
    door = _site(request).door
    if door is None:
        raise Refused(404, "this server has no dashboard")
    return door


def _admitted(request: Request) -> bool:
    return any(map(_door(request).admits, cookies(request.scope, ADMIN_COOKIE)))


def _require(request: Request) -> None:
    if not _admitted(request):
        raise Refused(401, "log in with the administrator's token")


@router.get("", response_class=HTMLResponse)
def dashboard(request: Request) -> Response:
    """The dashboard; who is not logged in is sent to the login."""
    if not _admitted(request):
        return RedirectResponse("/admin/login", status_code=303)
    studies = [place.study.config for place in _site(request).places.values()]
    return HTMLResponse(_render("dashboard.html", studies=studies))


@router.get("/login", response_class=HTMLResponse)
def login_page(request: Request) -> Response:
    """A field for the token."""
    if _admitted(request):
        return RedirectResponse("/admin", status_code=303)
    return HTMLResponse(_render("login.html"))


@router.post("/login")
def login(request: Request, body: LoginBody) -> Response:
    """Exchange the token for a cookie; few attempts."""
    address = request.client.host if request.client else "unknown"
    outcome = _door(request).login(body.token, address)
    if isinstance(outcome, int):
        headers = {"retry-after": str(outcome)}
        return error_response(429, f"too many attempts; try again in {outcome} s", headers)
    if outcome is None:
        raise Refused(403, "this is not the token")
    response = Response(status_code=204)
    response.set_cookie(
        ADMIN_COOKIE,
        outcome,
        max_age=_door(request).seconds,
        path="/admin",
        secure=_site(request).https,
        httponly=True,
        samesite="strict",
    )
    return response


@router.post("/logout")
def logout(request: Request) -> Response:
    """End the login, also that at the web application around the studies, and forget the cookies."""
    _require(request)
    for known in cookies(request.scope, ADMIN_COOKIE):
        _door(request).logout(known)
    response = Response(status_code=204)
    for path in COOKIE_PATHS:
        response.delete_cookie(ADMIN_COOKIE, path=path)
    return response


@router.get("/api/status")
async def status(request: Request) -> dict[str, Any]:
    """How all studies stand."""
    _require(request)
    places = _site(request).places.values()
    rows = [asyncio.to_thread(place.store.status, place.study) for place in places]
    return {"studies": await asyncio.gather(*rows)}


@router.post("/api/withdraw")
def withdraw(request: Request, body: WithdrawBody) -> dict[str, Any]:
    """Delete a participant's answers at their request."""
    _require(request)
    place = _site(request).place(body.study)
    deleted = place.store.withdraw(place.study, body.session)
    place.forget(body.session)
    return {"ok": True, "deleted": deleted}


def _render(name: str, **values: Any) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("lookalike.studies.server", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template(name).render(**values)
