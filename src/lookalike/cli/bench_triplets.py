"""`lookalike bench triplets`: machines against people's votes on triplets of images."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import output
from lookalike.cli.bench_options import EncodersOption, VoteOptions
from lookalike.cli.bench_output import check_ready, end_strictly
from lookalike.cli.data_bad import note_repeats
from lookalike.cli.option_groups import grouped
from lookalike.encoders import DEFAULT_ENCODER
from lookalike.errors import InvalidArgument, printable

if TYPE_CHECKING:
    from lookalike.benchmarks.triplets_result import TripletsResult
    from lookalike.judgments import Judgments

WherePairs = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="COLUMN=VALUE",
        help="Only these rows, such as sampler=Test; may be repeated. VALUE,VALUE means any of them.",
    ),
]


@grouped
def triplets(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Votes or raw answers: folder or CSV.", show_default=False)
    ],
    *,
    encoder: EncodersOption = None,
    images: Annotated[
        str | None, typer.Option("--images", help="Folder of the images, where there are several.")
    ] = None,
    where: WherePairs = None,
    min_votes: Annotated[
        int, typer.Option("--min-votes", help="Leave out triplets with fewer votes.", min=1)
    ] = 1,
    min_response_time: Annotated[
        float | None,
        typer.Option("--min-response-time", metavar="S", help="Leave out raw answers that took less.", min=0),
    ] = None,
    max_response_time: Annotated[
        float | None,
        typer.Option(
            "--max-response-time", metavar="S", help="Leave out raw answers that took longer.", min=0
        ),
    ] = None,
    how: VoteOptions,
) -> None:
    """Which of two images is more like a third: how often an encoder sides with people, and how often anyone could."""
    from lookalike.benchmarks.triplets import bench_triplets
    from lookalike.cli.progress import stage_progress
    from lookalike.judgments import open_judgments
    from lookalike.judgments.summary import repeats_dict

    check_ready(how.folder)
    with stage_progress() as progress:
        opened = open_judgments(data, images=images, skip_bad=how.skip_bad, progress=progress)
        judged = only_rows(opened, where or [])
        result = bench_triplets(
            judged, encoder or [DEFAULT_ENCODER], min_votes=min_votes, min_response_time=min_response_time,
            max_response_time=max_response_time, progress=progress, **how.settings(),
        )  # fmt: skip
    asked = {"where": where or [], "min_votes": min_votes,
             "min_response_time": min_response_time, "max_response_time": max_response_time}  # fmt: skip
    document = {**result.to_dict(), "data": data.name, **asked, **repeats_dict(judged)}
    if how.folder is not None:
        _write(result, document, data, where or [], how.folder)
    if how.json_:
        output.print_json(document)
    else:
        _print(result)
        note_repeats(judged)
        if how.folder is not None:
            output.say(f"report: {output.short_path(str(how.folder / 'report.html'))}")
    end_strictly(how.strict, result.failed)


def only_rows(judged: Judgments, where: list[str]) -> Judgments:
    """The rows that every ``COLUMN=VALUE`` (or ``COLUMN=VALUE,VALUE``) asks for; no VALUE means an empty cell.

    A value with a comma is written in double quotes.

    Raises:
        InvalidArgument: no such column, a value that it cannot hold or that no row has, or text of another form.
    """
    for text in where:
        column, equals, value = text.partition("=")
        name = column.strip()
        if not equals or not name:
            raise InvalidArgument(
                f"--where {text!r} is not understood; write COLUMN=VALUE, such as sampler=Test"
            )
        wanted = next(csv.reader([value], skipinitialspace=True), []) or [""]
        if name in judged.table.column_names:
            kept = judged.where(**{name: [typed(judged, name, part.strip()) for part in wanted]})
        else:
            kept = judged.where(**{name: ""})  # which says that there is no such column
        if not len(kept):
            raise InvalidArgument(f"--where {text}: no row has that; {name} is {_values(judged, name)}")
        judged = kept
    return judged


def typed(judged: Judgments, name: str, text: str) -> Any:
    """A value as the column holds it: a truth value, a number or text; None for nothing.

    Raises:
        InvalidArgument: the column cannot hold it.
    """
    import pyarrow as pa

    kind = judged.table.schema.field(name).type
    if name in judged.image_columns() or pa.types.is_nested(kind):
        raise InvalidArgument(f"--where cannot choose by {name}, which holds images or lists")
    if not text:
        return None
    if pa.types.is_boolean(kind):
        found = _TRUTH.get(text.lower())
        if found is None:
            raise InvalidArgument(f"--where {name}={text}: {name} is true or false")
        return found
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        try:
            number = float(text)
            # Not through float: long identifiers would be rounded.
            return number if pa.types.is_floating(kind) or number != int(number) else _whole(text, number)
        except (ValueError, OverflowError):
            raise InvalidArgument(f"--where {name}={text}: {name} holds numbers") from None
    return text


_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _whole(text: str, number: float) -> int:
    try:
        return int(text)
    except ValueError:
        return int(number)


def _values(judged: Judgments, name: str, most: int = 8) -> str:
    """The values of a column for a message."""
    import pyarrow.compute as pc

    found = ["(empty)" if v is None else str(v) for v in pc.unique(judged.table.column(name)).to_pylist()]
    if not found:
        return "without rows"
    listed = ", ".join(printable(value) for value in found[:most])
    return listed if len(found) <= most else f"{listed} ... ({len(found):,} different values)"


def _write(
    result: TripletsResult, document: dict[str, Any], data: Path, where: list[str], folder: Path
) -> None:
    from lookalike.cli.bench_votes_files import pictures_of, write_folder
    from lookalike.reports.bench_triplets import triplets_figures, triplets_page

    note = ", ".join([data.name, *where])
    page = triplets_page(
        result, pictures_of(result.table.images), title="Machines against people's votes", note=note
    )
    write_folder(
        folder, page=page, document=document, figures=triplets_figures(result),
        tables={
            "triplets": result.rows(), "encoders": result.summary(), "margins": result.margins(),
            "comparisons": comparison_rows(result.comparisons),
        },
    )  # fmt: skip


def comparison_rows(tests: list[Any]) -> list[dict[str, Any]]:
    """Paired tests as rows of a table."""
    return [
        {
            "first": test.a, "second": test.b, "difference": test.difference.value, "low": test.difference.low,
            "high": test.difference.high, "p": test.p, "p_holm": test.p_holm, "test": test.test,
        }
        for test in tests
    ]  # fmt: skip


def _print(result: TripletsResult) -> None:
    rows = []
    for one in sorted(result.worked.values(), key=lambda one: -one.agreement.score.value):
        score, majority, share = one.agreement.score, one.agreement.majority, one.explainable
        interval = f"{score.low:.3f} to {score.high:.3f}"
        others = ["-" if found is None else f"{found.value:.3f}" for found in (majority, share)]
        rows.append([one.name, f"{score.value:.3f}", interval, *others])
    people = result.ceiling_repeated
    if people is not None:
        oracle, one_person = people.majority_oracle, people.leave_one_out
        few = "" if people is result.ceiling else f", {people.repeated:,} triplets with 2 or more answers"
        ends = f"{oracle.low:.3f} to {oracle.high:.3f}"
        rows.append([f"(always the majority{few})", f"{oracle.value:.3f}", ends, "", ""])
        if one_person is not None:
            rows.append(["(one person)", f"{one_person.value:.3f}", "", "", ""])
    numbers = ["score", "95 %", "majority", "explained"]
    title = f"{len(result.table):,} triplets, {result.answers:,} answers"
    output.print_table(title, ["encoder", *numbers], rows, right=numbers)
    note_failures({name: one.error for name, one in result.failed.items()})
    for text in result.notes:
        output.note(text)
    if result.position is not None:
        bias = result.position
        output.say(f"left chosen {100 * bias.shares[0]:.1f} % of the time (chi-square p = {bias.p:.2g})")


def note_failures(errors: Mapping[str, str]) -> None:
    """One line on stderr for each encoder that could not be had."""
    for name, error in errors.items():
        output.note(f"{printable(name)} could not be had: {error}")
