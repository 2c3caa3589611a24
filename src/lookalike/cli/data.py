"""`lookalike data`: tables of what people said about images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lookalike.cli import output
from lookalike.cli.data_bad import (
    REFUSED_SHOWN,
    SkipBadOption,
    damaged,
    left_out,
    note_bad,
    note_refused,
    note_repeats,
    without_strangers,
)
from lookalike.cli.data_distractors import distractors
from lookalike.cli.data_generate import generate
from lookalike.cli.data_twins import twins
from lookalike.cli.options import JsonOption
from lookalike.cli.progress import stage_progress
from lookalike.errors import JudgmentError
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.judgments import Judgments

app = typer.Typer(
    help="What people said about images: build, validate, describe, show and convert tables of judgments.",
    no_args_is_help=True,
)

app.command()(distractors)
app.command()(generate)
app.command()(twins)

DataArgument = Annotated[
    Path,
    typer.Argument(
        help="Saved folder, dataset (Totally Looks Like, NIGHTS, BAPPS, THINGS) or CSV.", show_default=False
    ),
]
ImagesOption = Annotated[
    str | None, typer.Option("--images", help="Folder of the images, where they are not beside the table.")
]
KindOption = Annotated[
    str | None,
    typer.Option("--kind", help="Such as triplets or same-different, where DATA holds more than one."),
]


@app.command()
def build(
    composites: Annotated[Path, typer.Argument(help="Folder of the site's 401x271 images.")],
    out: Annotated[Path, typer.Argument(help="New folder for left/, right/ and pairs.csv.")],
    votes: Annotated[Path | None, typer.Option("--votes", help="CSV: id, up_votes, down_votes.")] = None,
    format_: Annotated[
        Literal["png", "jpeg"], typer.Option("--format", help="png is exact; jpeg is quality 95.")
    ] = "png",
    json_: JsonOption = False,
) -> None:
    """Cut the composites of Totally Looks Like into pairs, as the paper says.

    The last column and the bottom 26 rows are dropped and the rest is halved: two images of 200x245 pixels.
    """
    from lookalike.judgments import build_tll

    with output.working("cutting composites"):
        built = build_tll(composites, out, votes=votes, format=format_)
    if built.pairs == 0:
        name, reason = built.refused[0]
        raise JudgmentError(
            f"none of {len(built.refused)} images is a composite of the site; {name}: {reason}"
        )
    if json_:
        output.print_json({**built.to_dict(), "folder": str(out)})
        return
    for name, reason in built.refused[:REFUSED_SHOWN]:
        output.note(f"left out {name}: {reason}")
    if len(built.refused) > REFUSED_SHOWN:
        output.note(f"and {len(built.refused) - REFUSED_SHOWN} more were left out; --json lists them all")
    with_votes = f", {built.with_votes:,} with votes" if votes is not None else ""
    output.say(
        f"{built.pairs:,} pairs in {output.short_path(str(out))}{with_votes}; {len(built.refused)} left out"
    )


@app.command()
def validate(
    data: DataArgument,
    images: ImagesOption = None,
    kind: KindOption = None,
    decode: Annotated[bool, typer.Option("--decode", help="Also decode every image.")] = False,
    skip_bad: SkipBadOption = False,
    json_: JsonOption = False,
) -> None:
    """Check every row and that every image is there; the first wrong row is named by its line."""
    with stage_progress() as progress:
        judgments = _opened(data, images, kind, skip_bad, progress)
        contents = judgments.distinct_images()
        files = [judgments.images.path(content) for content in contents]
        broken = damaged(files, progress) if decode else []
    if json_:
        problems = [{"path": str(path), "reason": reason} for path, reason in broken]
        output.print_json(
            {
                "valid": not broken,
                "kind": judgments.kind,
                "rows": len(judgments),
                "images": len(contents),
                "problems": problems,
                "refused": [row._asdict() for row in judgments.refused],
                "note": judgments.note,
            }
        )
        if broken and not skip_bad:
            raise typer.Exit(1)
        return
    note_refused(judgments)
    note_repeats(judgments)
    if skip_bad:
        note_bad([f"{path}: {reason}" for path, reason in broken], "cannot be decoded: ")
    elif broken:
        path, reason = broken[0]
        more = f" ({len(broken)} images are damaged)" if len(broken) > 1 else ""
        raise JudgmentError(f"{path}: {reason}{more}")
    checked = "are there and decode" if decode and not broken else "are there"
    said = "valid" if not broken else f"{len(broken):,} images cannot be decoded"
    rest = f"; {left_out(judgments)}" if judgments.refused else ""
    output.say(
        f"{said}: {len(judgments):,} rows of {judgments.kind}, all {len(contents):,} images {checked}{rest}"
    )
    if judgments.note:
        output.say(judgments.note)


def _opened(
    data: Path, images: str | None, kind: str | None, skip_bad: bool, progress: Progress | None
) -> Judgments:
    from lookalike.judgments import open_judgments

    return open_judgments(data, images=images, kind=kind, skip_bad=skip_bad, progress=progress)


@app.command()
def describe(
    data: DataArgument,
    images: ImagesOption = None,
    kind: KindOption = None,
    skip_bad: SkipBadOption = False,
    json_: JsonOption = False,
) -> None:
    """Counts, splits and how the votes are spread."""
    with stage_progress() as progress:
        judgments = _opened(data, images, kind, skip_bad, progress)
        facts = judgments.describe()
    if json_:
        output.print_json(facts)
        return
    note_refused(judgments)
    note_repeats(judgments)
    output.print_table("", ["fact", "value"], _rows(facts))
    if _several_votes(facts["votes"]):
        output.print_table("", ["votes", "rows"], _spread(facts["votes"]["per_row"]), right=["votes", "rows"])
        output.print_table(
            "", ["margin", "rows"], _spread(facts["votes"]["margin"]), right=["margin", "rows"]
        )
    for name, counts in facts["columns"].items():
        rows = [[value, f"{count:,}"] for value, count in counts.items()]
        output.print_table("", [name, "rows"], rows, right=["rows"])
    if facts["note"]:
        output.say(facts["note"])


def _rows(facts: dict[str, Any]) -> list[list[str]]:
    rows = [
        ["kind", facts["kind"]],
        ["rows", f"{facts['rows']:,}"],
        ["distinct images", f"{facts['images']:,}"],
    ]
    if facts["absent_images"]:
        rows.append(["images not found here", f"{facts['absent_images']:,}"])
    if facts["refused"]:
        rows.append(["rows left out", f"{len(facts['refused']):,}"])
    rows += [[f"split {name}", f"{count:,}"] for name, count in facts["splits"].items()]
    votes = facts["votes"]
    if votes:
        shares = " / ".join(f"{100 * share:.1f} %" for share in votes["by_answer"])
        rows += [["votes", f"{votes['total']:,}"], ["by answer", shares]]
        rows += [[name, f"{votes[name]:,}"] for name in ("ties", "unanimous") if _several_votes(votes)]
        if votes["without"]:
            rows.append(["rows without votes", f"{votes['without']:,}"])
    rows += [[name.replace("_", " "), _detail(value)] for name, value in facts["details"].items()]
    if facts["extra_columns"]:
        rows.append(["other columns", ", ".join(facts["extra_columns"])])
    return rows


def _several_votes(votes: dict[str, Any] | None) -> bool:
    """Whether rows have several votes for answers that exclude one another: only then do ties mean anything."""
    return bool(votes) and any(int(count) > 1 for count in (votes or {}).get("per_row", {}))


def _detail(value: Any) -> str:
    """Quartiles in words, or a number."""
    if not isinstance(value, list):
        return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if value is not None else "none"
    if not value:
        return "none"
    low, first, middle, third, high = (f"{v:,.4g}" for v in value)
    return f"median {middle}, half of them {first} to {third}, all {low} to {high}"


def _spread(counts: dict[str, int], most: int = 12) -> list[list[str]]:
    """Value and rows; long tails are joined."""
    items = list(counts.items())
    rows = [[value, f"{count:,}"] for value, count in items[:most]]
    rest = items[most:]
    if rest:
        rows.append([f"{rest[0][0]} to {rest[-1][0]}", f"{sum(count for _, count in rest):,}"])
    return rows


@app.command()
def sample(
    data: DataArgument,
    n: Annotated[int, typer.Option("-n", help="How many rows.", min=1)] = 24,
    page: Annotated[
        Path, typer.Option("--output", "-o", help="The self-contained HTML page to write.")
    ] = Path("sample.html"),
    seed: Annotated[int, typer.Option("--seed", help="Of the draw.", min=0)] = 0,
    images: ImagesOption = None,
    kind: KindOption = None,
    skip_bad: SkipBadOption = False,
    json_: JsonOption = False,
) -> None:
    """Rows drawn at random, with their images and votes, as a page to look at."""
    from lookalike.cli.data_sample import sample_page

    with stage_progress() as progress:
        judgments = _opened(data, images, kind, skip_bad, progress)
        title = f"{judgments.kind.capitalize()} of {data.resolve().name}"
        output.write_page(sample_page(judgments, title, n, seed), page)
    if not json_:
        note_refused(judgments)
    shown = min(n, len(judgments))
    if json_:
        output.print_json({"page": str(page), "rows": shown, "total": len(judgments), "kind": judgments.kind})
        return
    output.say(f"{shown} of {len(judgments):,} rows: {output.short_path(str(page))}")


@app.command()
def convert(
    data: DataArgument,
    out: Annotated[Path, typer.Argument(help="Folder for the table (Parquet).")],
    copy_images: Annotated[
        bool, typer.Option("--copy-images", help="Put the images into OUT too, so that it can travel.")
    ] = False,
    images: ImagesOption = None,
    kind: KindOption = None,
    skip_bad: SkipBadOption = False,
    json_: JsonOption = False,
) -> None:
    """Any understood layout as a saved folder: one Parquet table, images by content."""
    with stage_progress() as progress:
        judgments = _opened(data, images, kind, skip_bad, progress)
        if copy_images and skip_bad:
            judgments = without_strangers(judgments)
        judgments.save(out, copy_images=copy_images)
    count = len(judgments.distinct_images())
    if json_:
        output.print_json(
            {
                "folder": str(out),
                "kind": judgments.kind,
                "rows": len(judgments),
                "images": count,
                "copied": copy_images,
                "refused": [row._asdict() for row in judgments.refused],
                "note": judgments.note,
            }
        )
        return
    note_refused(judgments)
    copied = f"with {count:,} images" if copy_images else "without images: open it with --images"
    rest = f"; {left_out(judgments)}" if judgments.refused else ""
    output.say(
        f"{len(judgments):,} rows of {judgments.kind} in {output.short_path(str(out))}, {copied}{rest}"
    )
