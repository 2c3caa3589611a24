"""Compare: two images, what every encoder says, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from lookalike.web.compare_view import view
from lookalike.web.comparing import distances, people
from lookalike.web.context import AppContext, context_of
from lookalike.web.faults import PageError, text_for
from lookalike.web.lanes import on_lane
from lookalike.web.machines import machine, machines
from lookalike.web.pages import address, language_of, render
from lookalike.web.pictures import Picture, picture_of

if TYPE_CHECKING:
    from lookalike.explain import Explanation

router = APIRouter(include_in_schema=False)

Reference = Annotated[str, Query(max_length=120)]
Number = Annotated[int, Query(ge=0, le=999)]
Map = Annotated[Literal["", "decomposition", "occlusion"], Query()]
"""Which map; "" takes the shares of the score where the encoder has a feature map, else what hiding a place costs."""


@router.get("/compare")
@on_lane("slow", when=lambda given: given["whole"])
def compare_page(
    request: Request,
    a: Reference = "",
    b: Reference = "",
    a_gallery: Reference = "",
    a_row: Annotated[str, Query(max_length=18, pattern=r"^[0-9]*$")] = "",
    b_gallery: Reference = "",
    b_row: Annotated[str, Query(max_length=18, pattern=r"^[0-9]*$")] = "",
    encoder: Number = 0,
    map: Map = "",
    whole: bool = False,
    curves: bool = False,
) -> Response:
    """Choose two images; with both chosen, the answer (``whole``: at once, else fetched by the page's script)."""
    if (a_gallery and a_row) or (b_gallery and b_row):
        chosen_a = f"{a_gallery}:{a_row}" if a_gallery and a_row else a
        chosen_b = f"{b_gallery}:{b_row}" if b_gallery and b_row else b
        target = address("/compare", a=chosen_a, b=chosen_b, encoder=encoder or None)
        return RedirectResponse(target, status_code=303)
    context = context_of(request)
    machine(context, encoder)
    sides, problem = [], ""
    for key, reference in (("a", a), ("b", b)):
        picture = None
        if reference:
            try:
                picture = picture_of(context, reference)
            except PageError as error:
                problem = text_for(request, error)
        sides.append({"key": key, "reference": reference if picture else "", "picture": picture})
    ready = all(side["picture"] for side in sides)
    values = (
        _parts(request, context, a, b, encoder, map, curves)
        if ready and whole
        else {"wanted": _wanted(a, b, encoder, map)}
    )
    return render(
        request, "compare.html", status=404 if problem else 200, sides=sides, ready=ready, whole=whole, problem=problem,
        galleries=list(context.settings.galleries), **values,
    )  # fmt: skip


@router.get("/compare/parts")
@on_lane("slow")
def compare_parts(
    request: Request, a: Reference, b: Reference, encoder: Number = 0, map: Map = ""
) -> HTMLResponse:
    """The answer alone, for htmx."""
    return render(
        request, "compare_parts.html", **_parts(request, context_of(request), a, b, encoder, map, False)
    )


@router.get("/compare/curves")
@on_lane("slow")
def compare_curves(
    request: Request, a: Reference, b: Reference, encoder: Number = 0, map: Map = ""
) -> HTMLResponse:
    """How far to trust the map, for htmx: measuring it takes longer than the whole answer, so it is asked for."""
    context = context_of(request)
    spec = machine(context, encoder).spec
    found = _explained(context, picture_of(context, a), picture_of(context, b), spec, map, curves=True)
    return render(request, "compare_curves.html", found=view(found, language_of(request)))


def _parts(
    request: Request, context: AppContext, a: str, b: str, encoder: int, map: str, curves: bool
) -> dict[str, Any]:
    first, second = picture_of(context, a), picture_of(context, b)
    asked = machine(context, encoder)
    found = _explained(context, first, second, asked.spec, map, curves=curves)
    prefer = [reference.rpartition(":")[0] for reference in (a, b)]
    return {
        "wanted": _wanted(a, b, encoder, map),
        "pictures": {"a": first, "b": second},
        "distances": distances(context, first, second, prefer),
        "people": people(context, first, second),
        "asked": asked,
        "machines": machines(context),
        "map": found.where[0].map.method if found.where else "decomposition",
        "found": view(found, language_of(request)),
        "corpus": context.explainer.corpus(first, second, asked.spec)[0],
    }


def _wanted(a: str, b: str, encoder: int, map: str) -> dict[str, Any]:
    """What the page is about, for its links."""
    return {"a": a, "b": b, "encoder": encoder or None, "map": map or None}


def _explained(
    context: AppContext, a: Picture, b: Picture, spec: str, map: str, *, curves: bool = False
) -> Explanation:
    if not map:
        map = "decomposition" if context.encoder(spec).card.feature_map else "occlusion"
    return context.explain(a, b, spec, maps=(map,), curves=curves)


@router.get("/compare/without")
@on_lane("slow")
def compare_without(
    request: Request,
    a: Reference,
    b: Reference,
    number: Annotated[int, Query(ge=0, le=20)],
    side: Literal["a", "b"],
    encoder: Number = 0,
    map: Map = "",
) -> Response:
    """What an image looked like with an attribute taken away (JPEG)."""
    from lookalike.explain.images_seen import jpeg_of

    context = context_of(request)
    first, second = picture_of(context, a), picture_of(context, b)
    found = _explained(context, first, second, machine(context, encoder).spec, map).counterfactuals
    if number >= len(found):
        raise PageError.of(404, "no_picture")
    pixels = found[number].a if side == "a" else found[number].b
    return Response(
        jpeg_of(pixels, 180, 80), media_type="image/jpeg", headers={"cache-control": "private, max-age=600"}
    )
