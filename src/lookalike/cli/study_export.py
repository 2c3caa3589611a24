"""`lookalike study export`: the answers as a file, and as tables of judgments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import output
from lookalike.cli.options import JsonOption
from lookalike.errors import StudyError, printable

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.studies import Study


def export(
    study: Annotated[Path, typer.Argument(help="Folder of the study.", show_default=False)],
    file: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="FILE.csv, FILE.parquet or FILE.json.", show_default=False),
    ] = None,
    judgments: Annotated[
        Path | None,
        typer.Option(
            "--judgments",
            help="Also write a folder with the table that `bench` and `train` read (main trials, excluded people left out).",
            show_default=False,
        ),
    ] = None,
    formulas_safe: Annotated[
        bool,
        typer.Option(
            "--formulas-safe",
            help="CSV: an apostrophe in front of text that a spreadsheet would run as a formula. It changes such values.",
        ),
    ] = False,
    raw_participants: Annotated[
        bool,
        typer.Option(
            "--raw-participants", help="Keep participants' and sessions' own ids instead of keyed hashes."
        ),
    ] = False,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="--judgments: keep those whom the study's rules set aside.")
    ] = False,
    include_simulated: Annotated[
        bool,
        typer.Option(
            "--include-simulated", help="--judgments: keep simulated participants; refused otherwise."
        ),
    ] = False,
    late: Annotated[
        bool,
        typer.Option(
            "--late",
            help="--judgments: keep answers that came after the time-out, on top of an item's number.",
        ),
    ] = False,
    copy_images: Annotated[
        bool, typer.Option("--copy-images/--no-copy-images", help="--judgments: with the images.")
    ] = True,
    database: Annotated[
        str | None, typer.Option("--database", help="URL, where it is not in the folder.", show_default=False)
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Write every answer with a data dictionary, in the same bytes each time; participants are hashed."""
    from lookalike.cli.study_source import stored_answers
    from lookalike.studies import Study
    from lookalike.studies.analysis.export import export_key, hashed_people, write_answers

    if file is None and judgments is None:
        raise StudyError(
            "name a file with -o FILE.csv (.parquet, .json), or a folder with --judgments FOLDER"
        )
    opened = Study.open(study)
    answers = stored_answers(opened, database)
    document: dict[str, Any] = {"study": opened.config.name, "hash": opened.hash}
    if file is not None:
        given = answers if raw_participants else hashed_people(answers, export_key(opened))
        written = write_answers(given, file, formulas_safe=formulas_safe)
        document |= written.to_dict()
    if judgments is not None:
        document |= _judgments(opened, answers, judgments, everybody, include_simulated, late, copy_images)
    if json_:
        output.print_json(document)
        return
    if file is not None:
        shown = output.short_path(str(written.file))
        output.say(f"{written.answers:,} answers in {shown}, sha256 {written.sha256}")
        output.say(f"what the columns mean: {output.short_path(str(written.dictionary))}")
    if judgments is not None:
        output.say(
            f"{document['judgments_rows']:,} rows of {document['judgments_kind']} from "
            f"{document['judgments_answers']:,} answers in {output.short_path(str(judgments))}"
        )


def _judgments(
    opened: Study,
    answers: pa.Table,
    folder: Path,
    everybody: bool,
    include_simulated: bool,
    late: bool,
    copy_images: bool,
) -> dict[str, Any]:
    from lookalike.studies.analysis.export import counted_answers
    from lookalike.studies.types import study_type

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StudyError(f"{printable(str(folder))} is in use; name a new folder behind --judgments")
    kept = counted_answers(
        opened, answers, excluded=not everybody, include_simulated=include_simulated, late=late
    )
    table = study_type(opened.config.type).judgments(opened.items, kept, opened)
    table.save(folder, copy_images=copy_images)
    return {
        "judgments": str(folder), "judgments_kind": table.kind, "judgments_rows": len(table),
        "judgments_answers": kept.num_rows,
    }  # fmt: skip
