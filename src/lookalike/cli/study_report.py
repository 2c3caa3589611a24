"""`lookalike study report`: what people answered, how far they agree, and machines on the same trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import output
from lookalike.cli.bench_output import check_folder
from lookalike.cli.options import (
    DeviceOption,
    JsonOption,
    PrecisionOption,
    ThreadsOption,
    WeightsOption,
    encoder_options,
)

if TYPE_CHECKING:
    from lookalike.studies.analysis import StudyResult

_SHORT = 16


def report(
    study: Annotated[Path | None, typer.Argument(help="Folder of the study.", show_default=False)] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            help="Answers from a file that `study export` wrote; without a study: a CSV participant,query,left,right,chosen.",
            show_default=False,
        ),
    ] = None,
    database: Annotated[
        str | None, typer.Option("--database", help="URL, where it is not in the folder.", show_default=False)
    ] = None,
    encoder: Annotated[
        list[str] | None,
        typer.Option("--encoder", "-e", help="Answers the same trials; repeatable.", show_default=False),
    ] = None,
    comparator: Annotated[
        list[Path] | None,
        typer.Option("--comparator", help="Folder of one, likewise; repeatable.", show_default=False),
    ] = None,
    include_simulated: Annotated[
        bool,
        typer.Option("--include-simulated", help="Analyse simulated participants too; refused otherwise."),
    ] = False,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Keep those whom the study's rules set aside.")
    ] = False,
    late: Annotated[
        bool,
        typer.Option(
            "--late",
            help="Count answers that came after the time-out, to items that others had filled meanwhile.",
        ),
    ] = False,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Of a CSV from elsewhere: folder of the images.", show_default=False),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", help="Of a CSV from elsewhere: only rows with COLUMN=VALUE.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the intervals.", min=0)] = 0,
    folder: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write report.html and results.json there.", show_default=False),
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    weights: WeightsOption = None,
    json_: JsonOption = False,
) -> None:
    """Analyse a study: accuracy, agreement, noise ceilings, position bias, times, quality; people against machines."""
    from lookalike.cli.progress import stage_progress
    from lookalike.cli.study_source import any_study
    from lookalike.studies.analysis import analyse, with_machines

    check_folder(folder)
    with stage_progress() as progress:
        opened, table, notes = any_study(study, answers, database, images, where, progress)
        if progress is not None:
            progress("analysing the answers", 0, 0)
        result = analyse(
            opened,
            table,
            include_simulated=include_simulated,
            excluded=not everybody,
            late=late,
            seed=seed,
        )
        if encoder or comparator:
            kit = encoder_options(device, precision, threads, weights)
            result = with_machines(
                result, opened.catalogue(), encoder or [], comparator or [], options=kit, progress=progress
            )
    document = {**result.to_dict(), "source_notes": list(notes)}
    if folder is not None:
        _write(folder, result, opened, document, " ".join(notes))
    if json_:
        output.print_json(document)
        return
    _tell(result, notes)
    if folder is not None:
        output.say(f"report: {output.short_path(str(folder / 'report.html'))}")


def _write(folder: Path, result: StudyResult, opened: Any, document: dict[str, Any], note: str) -> None:
    from lookalike.cli.bench_votes_files import pictures_of, write_folder
    from lookalike.reports.study_figures import study_figures
    from lookalike.reports.study_report import study_report

    page = study_report(result, pictures_of(opened.catalogue()), note=note)
    write_folder(folder, page=page, document=document, tables={}, figures=study_figures(result))


def _tell(result: StudyResult, notes: tuple[str, ...]) -> None:
    from lookalike.reports.study_position import effects_sentence, position_sentence
    from lookalike.reports.study_report import SIMULATED, late_sentence, lead
    from lookalike.reports.study_tables import brief_accuracy_table, machine_table
    from lookalike.reports.text import plural

    figures = result.figures
    output.say(
        f"{result.title}: {figures.participants:,} participants, {figures.answers:,} answers to {figures.items:,} items"
    )
    if result.simulated:
        output.note(SIMULATED)
    out = sum(1 for one in result.people if one.excluded_by)
    if out:
        kept = "set aside" if result.excluded else "kept, as asked"
        output.say(f"{plural(out, 'participant')} broke the study's rules ({kept})")
    if result.late:
        output.say(late_sentence(result))
    if lead(result):
        output.say(lead(result))
    for found in (
        brief_accuracy_table(result) if figures.accuracy else None,
        machine_table(result, brief=True) if result.machines else None,
    ):
        if found is not None:
            # Long names of machines may wrap; figures may not.
            short = [name for name in found.header[1:] if len(name) <= _SHORT]
            output.print_table("", list(found.header), [list(row) for row in found.rows], right=short)
    if figures.position is not None:
        counts = " / ".join(f"{count:,}" for count in figures.position.counts)
        output.say(f"by place: {counts}. {position_sentence(figures.position)}")
        if figures.position.effects is not None:
            output.say(effects_sentence(figures.position.effects))
    for failed in result.failed:
        output.note(f"{failed.name}: {failed.error}")
    for sentence in (*notes, *figures.notes):
        output.note(sentence)
