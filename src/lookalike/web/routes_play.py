"""Play: which of five pictures do people find most like this one? You against the machines."""

from __future__ import annotations

import secrets
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from lookalike.web.context import context_of
from lookalike.web.faults import PageError
from lookalike.web.lanes import on_lane
from lookalike.web.machines import machines
from lookalike.web.pages import address, render, texts_for
from lookalike.web.play_rounds import Asked, Round, Rounds
from lookalike.web.play_tables import GENERIC, ROUND, Table, table_of
from lookalike.web.settings import names_of
from lookalike.web.shelf import shelf
from lookalike.web.work import Task

router = APIRouter(include_in_schema=False)

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{22}$")]
Place = Annotated[int, Path(ge=0, le=99)]


@router.get("/play")
def play_tables(request: Request) -> HTMLResponse:
    """The tables that can be played on."""
    context = context_of(request)
    return render(request, "play_tables.html", tables=list(names_of(context.settings.pairs)))


@router.get("/play/{name}")
def play_table(request: Request, name: str) -> HTMLResponse:
    """The rules, and the ways to play."""
    context = context_of(request)
    table = table_of(context, name)
    return render(
        request,
        "play.html",
        table=table,
        questions=min(ROUND, len(table.judgments)),
        machines=machines(context),
    )


@router.post("/play/{name}/start/{kind}")
@on_lane("slow")
def play_start(request: Request, name: str, kind: str) -> Response:
    """Begin a round: the page of the round, or how far the preparation is."""
    context = context_of(request)
    table = table_of(context, name)
    spec = machines(context)[0].spec
    if kind == GENERIC and kind in table.kinds and not table.ready(kind, spec):
        return render(request, "play_wait.html", **_waiting(table, kind, table.prepare(context, spec)))
    made = shelf(context, Rounds).start(table, kind, table.draw(context, kind, ROUND, secrets.randbits(32)))
    return _go(f"/play/{quote(name, safe='')}/round/{made.token}")


@router.get("/play/{name}/wait/{kind}")
def play_wait(request: Request, name: str, kind: str) -> Response:
    """How far the preparation is; asked again when it is over."""
    context = context_of(request)
    table = table_of(context, name)
    task = table.preparing(context, machines(context)[0].spec)
    return render(request, "play_wait.html", **_waiting(table, kind, task))


@router.get("/play/{name}/round/{token}")
def play_round(request: Request, name: str, token: Token) -> HTMLResponse:
    """The question that is next; at the end, the score and who chose what."""
    found = _round(request, name, token)
    template = "play_end.html" if found.over else "play_round.html"
    return render(request, template, **_values(request, found, None))


@router.get("/play/{name}/round/{token}/next")
def play_next(request: Request, name: str, token: Token) -> HTMLResponse:
    """The same as a part of the page."""
    found = _round(request, name, token)
    template = "play_summary.html" if found.over else "play_question.html"
    return render(request, template, **_values(request, found, None))


@router.post("/play/{name}/round/{token}/answer/{number}/{choice}")
@on_lane("slow")
def play_answer(request: Request, name: str, token: Token, number: Place, choice: Place) -> HTMLResponse:
    """Answer; what people and machines chose comes back."""
    found = _round(request, name, token)
    answered = found.answer(context_of(request), number, choice)
    return render(request, "play_answer.html", **_values(request, found, answered))


@router.get("/play/image/{token}")
@on_lane("pictures")
def play_image(request: Request, token: Token) -> Response:
    """A picture by the random name that it has in one round."""
    data = shelf(context_of(request), Rounds).pictures.data(token)
    return Response(data, media_type="image/webp", headers={"cache-control": "private, max-age=600"})


@router.get("/play/{name}/round/{token}/why/{number}/{option}")
@on_lane("pictures")
def play_why(request: Request, name: str, token: Token, number: Place, option: Place) -> Response:
    """To Compare, with the query and one of its options; only for questions that have been answered."""
    found = _round(request, name, token)
    if number >= found.answered or option >= len(found.asked[number].question.options):
        raise PageError.of(404, "not_answered")
    question = found.asked[number].question
    uploads = context_of(request).uploads
    a, b = (
        uploads.add(found.table.path(one).read_bytes()) for one in (question.query, question.options[option])
    )
    return RedirectResponse(address("/compare", a=a.handle, b=b.handle), status_code=303)


def _waiting(table: Table, kind: str, task: Task | None) -> dict[str, Any]:
    """For the template: the task, and where the page asks when it is over."""
    wait = f"/play/{quote(table.name, safe='')}/wait/{quote(kind, safe='')}"
    return {
        "table": table,
        "kind": kind,
        "task": task,
        "part": wait,
        "target": "#wait",
        "label": "play.generic",
    }


def _round(request: Request, name: str, token: str) -> Round:
    found = shelf(context_of(request), Rounds).get(token)
    if found.table.name != name:
        raise PageError.of(404, "no_round")
    return found


def _go(url: str) -> Response:
    """htmx goes to another page by a header."""
    return Response(status_code=204, headers={"hx-redirect": url})


def _values(request: Request, found: Round, answered: Asked | None) -> dict[str, Any]:
    """For the templates: the round, the question, and the scores: the player, the machines, guessing."""
    number = found.asked.index(answered) if answered else min(found.answered, len(found.asked) - 1)
    t = texts_for(request)
    best = sorted(found.scores().items(), key=lambda row: -row[1])
    scores = [
        (t("play.score_you"), found.score(), "you"),
        *((name, value, "machine") for name, value in best),
    ]
    return {
        "round": found,
        "base": f"/play/{quote(found.table.name, safe='')}/round/{found.token}",
        "number": number,
        "asked": found.asked[number],
        "scores": [*scores, (t("play.chance"), found.chance(), "chance")],
        "best": best[0][1] if best else 0,
        "count": len(found.asked),
        "last": found.over,
    }
