"""One page from a template: language, navigation, assets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from lookalike.serving.assets import asset_urls
from lookalike.serving.requests import Refusal, Scope
from lookalike.web.context import AppContext, context_of
from lookalike.web.faults import is_for_programs
from lookalike.web.results_view import ends, shown
from lookalike.web.texts import LANGUAGES, Texts, choose_language, texts_of

LANGUAGE_COOKIE = "lookalike_language"

GALLERY_PAGES = (
    ("explore", "routes_explore", ""),
    ("map", "routes_map", "/map"),
    ("clusters", "routes_clusters", "/clusters"),
    ("duplicates", "routes_duplicates", "/duplicates"),
    ("problems", "routes_problems", "/problems"),
)
"""Key of ``nav.KEY`` in the texts, the module that serves it, the end of its address after /g/NAME."""


@dataclass(frozen=True)
class Link:
    """An entry of the navigation."""

    key: str
    url: str
    current: bool


def language_of(request: Request) -> str:
    """The language of a page, see `choose_language`."""
    asked = request.query_params.get("lang")
    return choose_language(
        asked, request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", "")
    )


def render(
    request: Request, template: str, *, status: int = 200, gallery: str | None = None, **values: Any
) -> HTMLResponse:
    """A page.

    Args:
        request: decides the language.
        template: file in templates/; whole pages extend ``base.html``, parts for htmx stand alone.
        status: of HTTP.
        gallery: name of the gallery that the page is about; its own navigation is then shown.
        values: for the template, besides ``t`` (texts), ``language``, ``nav``, ``gallery_nav``, ``assets``,
            ``gallery_name``, ``context`` and ``address`` (see `address`).
    """
    language = language_of(request)
    context = context_of(request)
    page = _environment().get_template(template)
    texts = texts_of(language)
    text = page.render(
        t=texts, language=language, languages=LANGUAGES, request_path=request.url.path, context=context,
        other_languages=_other_languages(request, language), assets=_assets(), gallery_name=gallery,
        nav=main_nav(request, context), gallery_nav=gallery_nav(request, context, gallery) if gallery else (),
        **values,
    )  # fmt: skip
    response = HTMLResponse(text, status_code=status)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax", secure=context.settings.https
        )
    return response


BARE = ("/s/", "/admin")
"""Where participants and the studies' administrator are: their error pages say nothing of the rest of the server."""


def error_page(request: Request, status: int, detail: str, *, in_english: bool = False) -> HTMLResponse:
    """What went wrong, in the reader's language.

    Args:
        request: decides the language.
        status: of HTTP.
        detail: one more line; "" for none. Of an address that cannot be read (422), the part that it is.
        in_english: the detail is, whatever the language.
    """
    if request.scope["path"].startswith(BARE):
        return HTMLResponse(bare_page(language_of(request), status, detail), status_code=status)
    return render(
        request, "error.html", status=status, code=_told(status), detail=detail, in_english=in_english
    )


def bare_page(language: str, status: int, detail: str = "") -> str:
    """An error without navigation, for who has not been let in."""
    page = _environment().get_template("refused.html")
    return page.render(
        t=texts_of(language), language=language, code=_told(status), detail=detail, assets=_assets()
    )


def _told(status: int) -> int:
    """The status whose meaning the texts tell."""
    if f"status_{status}" in texts_of("en").section("faults"):
        return status
    return 500 if status >= 500 else 400


def refusal_page(scope: Scope, refusal: Refusal) -> bytes | None:
    """What the guard says to browsers; None for programs."""
    request = Request(scope)
    if is_for_programs(request):
        return None
    return bare_page(language_of(request), refusal.status).encode()


def texts_for(request: Request) -> Texts:
    """The texts in the language of a request."""
    return texts_of(language_of(request))


def main_nav(request: Request, context: AppContext) -> list[Link]:
    """Pages that are about no gallery: those that this server has something for."""
    path = request.url.path
    links = [Link("home", "/", path == "/" or path.startswith("/g/"))]
    if "routes_compare" in context.routes:
        links.append(Link("compare", "/compare", path.startswith("/compare")))
    if "routes_play" in context.routes and context.settings.pairs:
        links.append(Link("play", "/play", path.startswith("/play")))
    if "routes_results" in context.routes and (context.settings.results or context.settings.studies):
        links.append(Link("results", "/results", path.startswith("/results")))
    return links


def gallery_nav(request: Request, context: AppContext, gallery: str) -> list[Link]:
    """The pages of one gallery."""
    base = f"/g/{quote(gallery, safe='')}"
    here = request.url.path
    home = f"/g/{gallery}"
    return [
        Link(key, base + end, _is_here(here.removeprefix(home), end))
        for key, module, end in GALLERY_PAGES
        if module in context.routes
    ]


def _is_here(rest: str, end: str) -> bool:
    """Whether what follows /g/NAME is a page, or below it; the search and single images belong to Explore."""
    return (
        (rest == end or rest.startswith(f"{end}/"))
        if end
        else rest in ("", "/search") or rest.startswith("/item/")
    )


def address(path: str, **values: Any) -> str:
    """A path with a query; None is left out, lists are repeated, nothing else of a request gets in."""
    pairs: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, list | tuple):
            pairs += [(name, one) for one in value]
        elif value not in (None, ""):
            pairs.append((name, value))
    return path + (f"?{urlencode(pairs)}" if pairs else "")


def _other_languages(request: Request, language: str) -> dict[str, str]:
    """Own name -> this page in that language."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return {
        name: f"{quote(request.url.path)}?{urlencode([*kept, ('lang', code)])}"
        for code, name in LANGUAGES.items()
        if code != language
    }


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lookalike.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["address"] = address
    environment.filters["quoted"] = lambda text: quote(str(text), safe="")
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["as_json"] = _as_json
    environment.filters["codes"] = _codes
    environment.filters["share"] = shown
    environment.filters["ends"] = ends
    return environment


def _codes(text: str) -> Markup:
    """Words between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _as_json(value: Mapping[str, Any]) -> str:
    """For a data-* attribute (Jinja escapes it): what an island reads with JSON.parse."""
    return json.dumps(value, ensure_ascii=False)


@cache
def _assets() -> dict[str, str]:
    return asset_urls("app")
