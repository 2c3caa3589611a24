"""Results: benchmark reports side by side, studies, and picture sheets of where people and machines part."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from lookalike.errors import ServeError, printable
from lookalike.web.context import AppContext, context_of
from lookalike.web.faults import PageError
from lookalike.web.lanes import on_lane
from lookalike.web.machines import machine, machines
from lookalike.web.pages import address, render, texts_for
from lookalike.web.parting import parted
from lookalike.web.play_rounds import Pictures
from lookalike.web.play_tables import table_of
from lookalike.web.results_read import Report, read_report, table_file
from lookalike.web.results_view import plots, side_by_side
from lookalike.web.settings import names_of
from lookalike.web.shelf import shelf

router = APIRouter(include_in_schema=False)

REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A report brings its own scripts and styles inside. The sandbox makes it a stranger to this server's pages."""

PER_SHEET = 12


def reports(context: AppContext) -> tuple[list[Report], dict[str, str]]:
    """All reports that can be read, and why the others cannot."""
    found, broken = [], {}
    for name, folder in names_of(context.settings.results).items():
        try:
            found.append(read_report(name, folder))
        except ServeError as error:
            broken[name] = printable(str(error))
    return found, broken


def _report(context: AppContext, name: str) -> Report:
    folder = names_of(context.settings.results).get(name)
    if folder is None:
        raise PageError.of(404, "no_results")
    return read_report(name, folder)


@router.get("/results")
def results(request: Request) -> HTMLResponse:
    """Every report, the same measures side by side, studies, and sheets."""
    context = context_of(request)
    found, broken = reports(context)
    studies: list[Any] = [place.study.config for place in context.studies]
    return render(
        request, "results.html", reports=found, broken=broken, groups=side_by_side(found, texts_for(request)),
        studies=studies, sheets=list(names_of(context.settings.pairs)),
    )  # fmt: skip


@router.get("/results/parting/{name}")
@on_lane("slow")
def results_parting(
    request: Request,
    name: str,
    encoder: Annotated[int, Query(ge=0, le=999)] = 0,
    page: Annotated[int, Query(ge=1, le=100)] = 1,
) -> HTMLResponse:
    """A sheet of pictures on which an encoder is sure, and people think otherwise."""
    context = context_of(request)
    table, asked = table_of(context, name), machine(context, encoder)
    if table.judgments.kind not in ("pairs", "triplets"):
        raise PageError.of(400, "no_sheet")
    values: dict[str, Any] = {"rows": [], "all": 0, "page": page, "pages": 1}
    base = f"/results/parting/{quote(name, safe='')}"
    waiting = not table.ready("generic", asked.spec)
    if waiting:
        task = table.preparing(context, asked.spec)
        values["task"] = task if task and task.state == "failed" else table.prepare(context, asked.spec)
        values["part"] = address(base, encoder=asked.number or None)
        values["target"], values["label"] = "#sheet", "results.sheets"
    else:
        rows = parted(context, table, asked.spec)
        pictures = shelf(context, Pictures)
        values["all"], values["pages"] = len(rows), max(1, -(-len(rows) // PER_SHEET))
        values["rows"] = [
            {
                "row": row,
                **{key: pictures.name(table, getattr(row, key)) for key in ("query", "people", "machine")},
            }
            for row in rows[(page - 1) * PER_SHEET : page * PER_SHEET]
        ]
    template = "parting_part.html" if "hx-request" in request.headers else "parting.html"
    return render(
        request, template, table=table, asked=asked, machines=machines(context), waiting=waiting,
        base=base, **values,
    )  # fmt: skip


@router.get("/results/image/{token}")
@on_lane("pictures")
def results_image(request: Request, token: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{22}$")]) -> Response:
    """A picture of a sheet, by the random name that the sheet gave it."""
    data = shelf(context_of(request), Pictures).data(token)
    return Response(data, media_type="image/webp", headers={"cache-control": "private, max-age=600"})


@router.get("/results/why/{a}/{b}")
@on_lane("pictures")
def results_why(
    request: Request,
    a: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{22}$")],
    b: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{22}$")],
) -> Response:
    """To Compare, with two pictures of a sheet."""
    context = context_of(request)
    pictures = shelf(context, Pictures)
    first, second = (context.uploads.add(pictures.file(one).read_bytes()) for one in (a, b))
    return RedirectResponse(address("/compare", a=first.handle, b=second.handle), status_code=303)


@router.get("/results/{name}")
def result(request: Request, name: str) -> HTMLResponse:
    """One report: every figure with its interval, as a table and as a picture."""
    report = _report(context_of(request), name)
    return render(request, "result.html", report=report, plots=plots(report, texts_for(request)))


@router.get("/results/{name}/report")
def result_page(request: Request, name: str) -> Response:
    """The page that the benchmark wrote, shut in a sandbox."""
    report = _report(context_of(request), name)
    if not report.has_page:
        raise PageError.of(404, "no_report")
    headers = {"content-security-policy": REPORT_POLICY}
    return FileResponse(report.folder / "report.html", media_type="text/html; charset=utf-8", headers=headers)


@router.get("/results/{name}/results.json")
def result_document(request: Request, name: str) -> Response:
    """The benchmark's document, to take away."""
    report = _report(context_of(request), name)
    return FileResponse(
        report.folder / "results.json", media_type="application/json", filename=f"{name}.json"
    )


@router.get("/results/{name}/table/{number}")
def result_table(request: Request, name: str, number: Annotated[int, Path(ge=0, le=999)]) -> Response:
    """One of its tables as CSV, by its place in the list."""
    report = _report(context_of(request), name)
    place = table_file(report, report.tables[number]) if number < len(report.tables) else None
    if place is None:
        raise PageError.of(404, "no_csv")
    return FileResponse(place, media_type="text/csv; charset=utf-8", filename=place.name)
