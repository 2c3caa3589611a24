"""Routes of a participant's page, all under ``/s/{name}/``."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from lookalike.serving.security import content_security_policy
from lookalike.studies.server.bodies import AnswerBody, QuestionsBody, SessionBody
from lookalike.studies.server.panels import TURK_FORMS, TURK_FRAMES, completion, is_preview, panel_ids
from lookalike.studies.server.plans import MOST_CANDIDATES, MOST_TRIALS, ahead, candidates, info, plan, trials
from lookalike.studies.server.site import Place, Site
from lookalike.studies.server.texts import checked_questions
from lookalike.studies.store.records import PanelIds, Session, Surroundings, Timing
from lookalike.studies.store.refusals import Refused
from lookalike.studies.types import AnswerPayload

COOKIE = "lookalike_session"
COOKIE_DAYS = 30

router = APIRouter(prefix="/s/{name}")
Index = Annotated[int, Query(ge=0, le=1_000_000)]


def _place(request: Request, name: str) -> Place:
    site: Site = request.app.state.site
    return site.place(name)


def _token(request: Request) -> str:
    token = request.cookies.get(COOKIE, "")
    if not token:
        raise Refused(401, "there is no session yet; open the study's first page")
    return token


@router.get("/", response_class=HTMLResponse)
def page(request: Request, name: str) -> HTMLResponse:
    """The participant's page: an empty shell that loads the built script."""
    place = _place(request, name)
    site: Site = request.app.state.site
    turk = place.study.config.panel.kind == "mturk"
    policy = content_security_policy(
        frame_ancestors=TURK_FRAMES if turk else (), form_action=TURK_FORMS if turk else ()
    )
    headers = {"content-security-policy": policy}
    if not turk:
        headers["x-frame-options"] = "DENY"
    return HTMLResponse(site.page(place), headers=headers)


@router.get("/api/info")
def get_info(request: Request, name: str) -> dict[str, Any]:
    """Title, texts, questions; ``preview`` follows from the page's own query, which it passes on."""
    place = _place(request, name)
    return info(place, preview=is_preview(place.study.config, request.query_params))


@router.post("/api/session")
async def post_session(request: Request, response: Response, name: str, body: SessionBody) -> dict[str, Any]:
    """Start, or come back with the cookie."""
    place = _place(request, name)
    ids = panel_ids(place.study.config, body.panel)
    session = await _resumed(place, request.cookies.get(COOKIE, ""), ids, body.restart)
    if session is None:
        session = await _started(place, ids, body)
        _set_cookie(response, request.app.state.site, place, session.token)
    return plan(place, session)


async def _resumed(place: Place, token: str, ids: PanelIds, restart: bool) -> Session | None:
    """The session of the cookie, unless there is none, or it is another person's who used this device before."""
    if not token:
        return None
    try:
        session = await asyncio.wrap_future(place.store.submit_resume(place.study, token))
    except Refused as refused:
        if refused.status == 410 and not restart:
            raise
        return None
    person = ids.kind != "none" and session.panel.ids.get(_first_key(ids)) != ids.person
    over = restart and session.state == "finished" and ids.kind == "none"
    return None if person or over else session


def _first_key(ids: PanelIds) -> str:
    return "PROLIFIC_PID" if ids.kind == "prolific" else "workerId"


async def _started(place: Place, ids: PanelIds, body: SessionBody) -> Session:
    if not body.consent:
        raise Refused(403, "the study begins after consent")
    language = body.language if body.language in place.study.config.languages else None
    size = (body.viewport.width, body.viewport.height) if body.viewport else None
    around = Surroundings(language or place.study.config.languages[0], body.device, size)
    future = place.store.submit_start(place.study, ids, around, body.simulated)
    return await asyncio.wrap_future(future)


def _set_cookie(response: Response, site: Site, place: Place, token: str) -> None:
    """For this study only, out of reach of scripts.

    Inside Mechanical Turk's frame it is a third party's cookie, which browsers keep for that frame alone (Partitioned):
    the others are blocked more and more. Starlette writes the word from Python 3.14 on only, so it is added here.
    """
    framed = place.study.config.panel.kind == "mturk" and site.https
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_DAYS * 86_400,
        path=place.path,
        secure=site.https,
        httponly=True,
        samesite="none" if framed else "lax",
    )
    if framed:
        response.headers["set-cookie"] += "; Partitioned"


@router.get("/api/trials")
def get_trials(
    request: Request,
    name: str,
    start: Annotated[int, Query(alias="from", ge=0, le=1_000_000)] = 0,
    count: Annotated[int, Query(ge=1, le=MOST_TRIALS)] = 10,
) -> dict[str, Any]:
    """The next trials; fewer, or none, where they lie too far ahead."""
    place, token = _place(request, name), _token(request)
    _, _, standing, _ = place.store.session(place.study, token)
    visit = place.visit(token, at_least=standing + ahead(place))
    return {"trials": trials(place, visit, standing, start, count)}


@router.get("/api/gallery")
def get_gallery(
    request: Request,
    name: str,
    trial: Index,
    q: Annotated[str, Query(max_length=500)] = "",
    start: Annotated[int, Query(alias="from", ge=0, le=1_000_000)] = 0,
    count: Annotated[int, Query(ge=1, le=MOST_CANDIDATES)] = 200,
) -> dict[str, Any]:
    """Candidates of a recall trial."""
    place, token = _place(request, name), _token(request)
    _, _, standing, _ = place.store.session(place.study, token)
    visit = place.visit(token, at_least=standing + ahead(place))
    return candidates(place, visit, standing, trial, q, start, count)


@router.get("/i/{image}")
def get_image(request: Request, name: str, image: str) -> Response:
    """An image of this session, under the name that it has in this session only."""
    place, token = _place(request, name), _token(request)
    content = place.known_image(token, image)
    headers = {"cache-control": "private, max-age=86400, immutable"}
    return Response(place.pictures[content].path.read_bytes(), media_type="image/webp", headers=headers)


@router.post("/api/answers")
async def post_answer(request: Request, name: str, body: AnswerBody) -> dict[str, Any]:
    """Store one answer; the acknowledgement leaves after the commit."""
    place, token = _place(request, name), _token(request)
    payload = AnswerPayload(position=body.position, value=body.value, text=body.text, same=body.same)
    around = body.timing
    timing = Timing(body.response_time_ms)
    if around is not None:
        timing = Timing(
            body.response_time_ms,
            around.hidden_ms,
            around.blurs,
            around.frames_dropped,
            around.images_ok,
            around.shown_for_ms,
        )
    future = place.store.submit_answer(place.study, token, body.index, body.nonce, payload, timing)
    ack = await asyncio.wrap_future(future)
    return ack.to_dict()


@router.post("/api/questions")
def post_questions(request: Request, name: str, body: QuestionsBody) -> dict[str, Any]:
    """The questions after the trials."""
    place, token = _place(request, name), _token(request)
    given = checked_questions(place.study.config, body.answers)
    place.store.save_questions(place.study, token, given)
    return {"ok": True}


@router.post("/api/finish")
def post_finish(request: Request, name: str) -> dict[str, Any]:
    """The way back to the panel, once every answer is stored."""
    place, token = _place(request, name), _token(request)
    session = place.store.finish(place.study, token)
    return {"completion": completion(place.study.config, session)}


@router.post("/api/withdraw")
def post_withdraw(request: Request, name: str) -> dict[str, Any]:
    """Delete this session's answers, at its participant's own wish."""
    place, token = _place(request, name), _token(request)
    session, _, _, _ = place.store.session(place.study, token)
    deleted = place.store.withdraw(place.study, session)
    place.forget(session)
    return {"ok": True, "deleted": deleted}
