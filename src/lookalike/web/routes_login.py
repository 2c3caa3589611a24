"""Coming in with the token, where the server needs one, and going out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from lookalike.serving.faults import error_response
from lookalike.serving.requests import cookies
from lookalike.serving.tokens import ADMIN_COOKIE, COOKIE_PATHS, AdminDoor
from lookalike.web.context import context_of
from lookalike.web.faults import PageError
from lookalike.web.pages import render, texts_for

router = APIRouter(include_in_schema=False)


class Login(BaseModel):
    """The token."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=500)


@router.get("/login")
def login_page(request: Request) -> Response:
    """A field for the token."""
    if context_of(request).settings.token is None:
        return RedirectResponse("/", status_code=303)
    return render(request, "login.html", next=_inside(request.query_params.get("next", "/")))


@router.post("/login")
def login(request: Request, body: Login) -> Response:
    """Exchange the token for a cookie; few attempts."""
    door: AdminDoor | None = getattr(request.app.state, "door", None)
    if door is None:
        raise PageError.of(404, "no_login")
    outcome = door.login(body.token, request.client.host if request.client else "unknown")
    if isinstance(outcome, int):
        text = texts_for(request)("login.wait", seconds=outcome)
        return error_response(429, text, {"retry-after": str(outcome)})
    if outcome is None:
        raise PageError(403, texts_for(request)("login.wrong"))
    response = Response("{}", media_type="application/json")
    response.set_cookie(
        ADMIN_COOKIE,
        outcome,
        max_age=door.seconds,
        secure=context_of(request).settings.https,
        httponly=True,
        samesite="strict",
    )
    return response


@router.post("/logout")
def logout(request: Request) -> Response:
    """End the login and forget its cookie; htmx goes on to the door.

    A login made at the dashboard of the studies has a cookie that browsers send to the dashboard only: it is forgotten here, and
    ended there.
    """
    door = getattr(request.app.state, "door", None)
    if isinstance(door, AdminDoor):
        for known in cookies(request.scope, ADMIN_COOKIE):
            door.logout(known)
    response = Response(status_code=204, headers={"hx-redirect": "/login"})
    for path in COOKIE_PATHS:
        response.delete_cookie(ADMIN_COOKIE, path=path)
    return response


def _inside(path: str) -> str:
    """Only a path of this server: neither another site nor ``//host``."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if inside else "/"
