"""`lookalike duplicates`: find copies and near-copies, and move them aside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lookalike.cli import output
from lookalike.cli.options import GalleryOption, JsonOption, PageOption, WhereOption
from lookalike.errors import InvalidArgument

if TYPE_CHECKING:
    from lookalike.gallery import Gallery
    from lookalike.gallery.duplicates import Duplicates
    from lookalike.gallery.file_moves import MoveReport

GROUPS_SHOWN = 30


def duplicates(
    gallery: GalleryOption = ...,  # type: ignore[assignment]
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold", "-t", help="Cosine distance that counts as near; default: chosen from the gallery."
        ),
    ] = None,
    second_look: Annotated[
        bool | None,
        typer.Option(
            "--second-look/--no-second-look",
            help="Near-duplicates must also agree place for place; default: when --threshold is not given.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        Literal["all", "exact", "near"], typer.Option("--kind", help="Which to look for.")
    ] = "all",
    keep: Annotated[
        str, typer.Option("--keep", help="Criteria in order: pixels, format, bytes, oldest, newest, path.")
    ] = "pixels,format,bytes,oldest",
    formats: Annotated[
        str | None,
        typer.Option("--formats", help="Formats for the criterion format, best first, such as HEIF,JPEG."),
    ] = None,
    where: WhereOption = None,
    apply: Annotated[
        Path | None, typer.Option("--apply", metavar="FOLDER", help="Move what is not kept to this folder.")
    ] = None,
    undo: Annotated[
        Path | None,
        typer.Option("--undo", metavar="JOURNAL", help="Bring the files of an earlier --apply back."),
    ] = None,
    page: PageOption = None,
    json_: JsonOption = False,
) -> None:
    """Groups of copies and near-copies, and which of each to keep. Nothing is touched without --apply."""
    from lookalike.gallery import Gallery

    opened = Gallery.open(gallery)
    if undo is not None:
        _undo(undo, opened, json_)
        return
    from lookalike.gallery.duplicates import find_duplicates
    from lookalike.gallery.keep_rule import FORMATS

    with output.working("looking for duplicates"):
        found = find_duplicates(
            opened,
            threshold=threshold,
            kind=kind,
            keep=_list(keep),
            formats=_list(formats) if formats else FORMATS,
            where=where,
            second_look=second_look,
        )
    if page is not None:
        from lookalike.cli.pages import duplicates_html

        output.write_page(duplicates_html(found, opened), page)
    moved = _apply(found, apply, opened) if apply is not None else None
    if json_:
        output.print_json({**found.to_dict(), "moves": moved.to_dict() if moved else None})
        return
    _print(found)
    if moved is not None:
        _print_moves(moved, gallery)
    if page is not None:
        output.say(f"page: {output.short_path(str(page))}")


def _apply(found: Duplicates, folder: Path, gallery: Gallery) -> MoveReport:
    from lookalike.gallery.file_moves import apply

    aside = folder.expanduser().absolute()
    sources = set(gallery.rows(["source"], missing=True).column("source").to_pylist())
    around = [source for source in sources if aside.is_relative_to(source) and Path(source).is_dir()]
    if around:
        raise InvalidArgument(
            f"{folder} lies inside {around[0]}, which is indexed, so that the moved files would come back; "
            "name a folder outside"
        )
    moved = apply(found, aside)
    gallery.mark_files([str(move.source) for move in moved.moved], missing=True)
    return moved


def _list(text: str) -> list[str]:
    items = [item.strip() for item in text.split(",") if item.strip()]
    if not items:
        raise InvalidArgument("an empty list was given; write names with commas between them")
    return items


def _print(found: Duplicates) -> None:
    rows = []
    for number, group in enumerate(found.groups[:GROUPS_SHOWN], start=1):
        rows.append([str(number), "keep", "", output.short_path(group.keep.path), group.reason])
        for image in group.drop:
            kind = "same bytes" if image.exact else f"{image.distance:.4f}"
            rows.append(["", "drop", kind, output.short_path(image.path), ""])
    if rows:
        output.print_table("", ["group", "", "distance", "image", "why"], rows, right=["group", "distance"])
    if len(found) > GROUPS_SHOWN:
        output.say(
            f"... and {len(found) - GROUPS_SHOWN} more groups; -o PAGE.html shows all, --json lists all"
        )
    if found.threshold is not None and found.images:
        output.say(f"threshold {found.threshold.value:.4f}: {found.threshold.reason}")
    if found.refused:
        output.say(f"second look: {refused_sentence(found.refused)}")
    if found.unlooked:
        output.say(f"second look: {unlooked_sentence(found.unlooked)}")
    if not found.images:
        output.say("there are no images to compare")
        return
    freed = output.human_bytes(found.bytes_freed)
    output.say(f"{len(found)} groups among {found.images} images; {found.dropped} images ({freed}) could go")


def refused_sentence(pairs: int) -> str:
    """What the second look did, for people."""
    if pairs == 1:
        return "1 pair that close shows different pictures and was not joined"
    return f"{pairs} pairs that close show different pictures and were not joined"


def unlooked_sentence(images: int) -> str:
    """What the second look left out, for people."""
    from lookalike.gallery.duplicate_groups import LINKAGE_LIMIT

    return (
        f"not taken for {images:,} images that are linked in sets of more than {LINKAGE_LIMIT:,}: there the vectors alone "
        "decide; a smaller --threshold with --second-look makes smaller sets"
    )


def _print_moves(moved: MoveReport, gallery: str) -> None:
    output.say(
        f"{len(moved.moved)} files ({output.human_bytes(moved.bytes_moved)}) moved, {len(moved.not_moved)} left in place"
    )
    for left in moved.not_moved[:20]:
        output.say(f"  left: {output.short_path(left.path)}: {left.reason}")
    if moved.moved and moved.journal is not None:
        output.say(
            f"undo with: lookalike duplicates --gallery {gallery} --undo {output.short_path(str(moved.journal))}"
        )


def _undo(journal: Path, gallery: Gallery, json_: bool) -> None:
    from lookalike.gallery.file_moves import undo

    if journal.is_dir():
        journals = sorted(journal.glob("lookalike-moves-*.jsonl"))
        if len(journals) != 1:
            raise InvalidArgument(f"{journal} holds {len(journals)} journals; name the one to undo")
        journal = journals[0]
    report = undo(journal)
    gallery.mark_files([str(path) for path in report.restored], missing=False)
    if json_:
        output.print_json(report.to_dict())
    else:
        output.say(
            f"{len(report.restored)} files brought back, {len(report.already)} were in place, "
            f"{len(report.not_restored)} could not be"
        )
        for left in report.not_restored:
            output.say(f"  not restored: {output.short_path(left.path)}: {left.reason}")
    if report.not_restored:
        raise typer.Exit(1)
