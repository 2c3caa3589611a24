"""`lookalike study new`: a complete study folder from a table of judgments or a preset."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lookalike.cli import output
from lookalike.cli.options import (
    DeviceOption,
    JsonOption,
    PrecisionOption,
    ThreadsOption,
    WeightsOption,
    encoder_options,
)
from lookalike.cli.progress import stage_progress
from lookalike.encoders import DEFAULT_ENCODER
from lookalike.errors import StudyError

if TYPE_CHECKING:
    from lookalike.judgments import ImageCatalogue
    from lookalike.studies import Study

_TITLES = {
    "kafc": "Which picture looks most like this one?",
    "2afc": "Which picture is more like the one in the middle?",
    "odd-one-out": "Which picture is the odd one out?",
    "same-different": "Are these two pictures the same?",
    "rating": "How alike are these two pictures?",
    "recall-and-vote": "What does this picture look like?",
}
TypeOption = Annotated[
    Literal["kafc", "2afc", "odd-one-out", "same-different", "rating", "recall-and-vote"] | None,
    typer.Option("--type", "-t", help="What is asked about the rows of --data.", show_default=False),
]
PresetOption = Annotated[
    Literal["tll", "nights-2afc", "nights-jnd", "things"] | None,
    typer.Option("--preset", "-p", help="A protocol as it was run, instead of --type.", show_default=False),
]


def new(
    folder: Annotated[
        Path, typer.Option("--output", "-o", help="New folder of the study.", show_default=False)
    ],
    data: Annotated[
        Path,
        typer.Option(
            "--data", "--pairs", help="Table of judgments: saved folder, dataset or CSV.", show_default=False
        ),
    ],
    name: Annotated[
        str | None,
        typer.Argument(help="Of the study in its address; default: the folder's name.", show_default=False),
    ] = None,
    type_: TypeOption = None,
    preset: PresetOption = None,
    title: Annotated[str | None, typer.Option("--title", help="Shown to participants.")] = None,
    languages: Annotated[
        str, typer.Option("--languages", help="Of the texts, the default one first.")
    ] = "en,zh",
    items: Annotated[
        int | None, typer.Option("--items", help="At most so many items, drawn at random from --data.", min=1)
    ] = None,
    answers: Annotated[
        int | None,
        typer.Option("--answers", "-k", help="Answers for each item, from different people.", min=1),
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--trials", help="Main trials for each participant.", min=1)
    ] = None,
    practice: Annotated[int | None, typer.Option("--practice", help="Practice trials.", min=0)] = None,
    catch: Annotated[int | None, typer.Option("--catch", help="Catch trials.", min=0)] = None,
    options: Annotated[
        int,
        typer.Option("--options", help="Options of each query, where choices are made from pairs.", min=2),
    ] = 5,
    per_set: Annotated[
        int, typer.Option("--per-set", help="Queries in each group of the preset tll.", min=1)
    ] = 20,
    gallery: Annotated[
        Path | None, typer.Option("--gallery", help="Folder of images to propose from (recall-and-vote).")
    ] = None,
    stage: Annotated[
        Literal["recall", "vote", "both"], typer.Option("--stage", help="Of recall-and-vote.")
    ] = "both",
    contact: Annotated[
        str, typer.Option("--contact", help="Whom participants can write to; named in the texts.")
    ] = "",
    institution: Annotated[
        str, typer.Option("--institution", help="Who runs the study; named in the consent text.")
    ] = "",
    panel: Annotated[
        Literal["none", "prolific", "mturk"], typer.Option("--panel", help="Where people come from.")
    ] = "none",
    pay: Annotated[float, typer.Option("--pay", help="For one participant's session.", min=0)] = 0.0,
    currency: Annotated[str, typer.Option("--currency", help="Three letters.")] = "USD",
    encoder: Annotated[
        str, typer.Option("--encoder", "-e", help="Whose distances choose distractors (tll).")
    ] = DEFAULT_ENCODER,
    faces: Annotated[
        bool | None,
        typer.Option(
            "--faces/--no-faces", help="Groups by faces (tll); default: where the extra is installed."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.", min=0)] = 0,
    images: Annotated[
        str | None,
        typer.Option("--images", help="Folder of the images, where they are not beside the table."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Of judgments, where --data holds more than one.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out rows whose images are missing.")
    ] = False,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Keep embeddings and faces.")] = True,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    weights: WeightsOption = None,
    json_: JsonOption = False,
) -> None:
    """Make a study: settings, items, images under opaque names, texts, practice and catch trials.

    With --type, each row of --data becomes an item; with --preset, a published protocol is set up from it.
    """
    from lookalike.judgments import open_judgments
    from lookalike.studies.design import Wish, draft_from
    from lookalike.studies.design_build import Plan, build, study_name
    from lookalike.studies.presets import Options
    from lookalike.studies.presets import preset as find_preset

    if (type_ is None) == (preset is None):
        raise StudyError("say what is asked with --type, or name a protocol with --preset (one of the two)")
    design = {
        "answers_per_item": answers,
        "trials_per_participant": trials,
        "practice": practice,
        "catch": catch,
    }
    settings: dict[str, Any] = {
        "contact": contact,
        "institution": institution,
        "design": {key: value for key, value in design.items() if value is not None},
        "panel": {"kind": panel, "pay_per_participant": float(pay), "currency": currency.upper()},
    }
    with stage_progress() as progress:
        table = open_judgments(data, images=images, kind=kind, skip_bad=skip_bad, progress=progress)
        wish = Wish(limit=items, options=options, gallery=_gallery(gallery), stage=stage, seed=seed)
        notes: list[str] = []
        if preset is not None:
            from lookalike.studies.design_defaults import merged

            protocol = find_preset(preset)
            kit = encoder_options(device, precision, threads, weights)
            draft = protocol.draft(table, Options(wish, per_set, encoder, kit, faces, cache, progress))
            type_name, settings = (
                protocol.type,
                _capped(merged(protocol.settings, settings), len(draft.items)),
            )
        else:
            type_name = str(type_)
            draft = draft_from(table, type_name, wish)
        plan = Plan(
            name or study_name(folder),
            title or (find_preset(preset).title if preset else _TITLES[type_name]),
            [one.strip() for one in languages.split(",") if one.strip()],
            seed,
            settings,
        )
        study, notes = build(folder, type_name, draft, plan)
    _tell(study, folder, notes, json_)


def _capped(settings: dict[str, Any], main: int) -> dict[str, Any]:
    """A preset's trials for each participant, no more than there are items."""
    design = dict(settings["design"])
    if "trials_per_participant" in design:
        design["trials_per_participant"] = max(1, min(design["trials_per_participant"], main))
    return {**settings, "design": design}


def _gallery(folder: Path | None) -> ImageCatalogue | None:
    if folder is None:
        return None
    from lookalike.images.formats import EXTENSIONS
    from lookalike.judgments import ImageCatalogue

    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in EXTENSIONS and file.is_file())
    if not files:
        raise StudyError(f"--gallery {folder}: no images are there")
    return ImageCatalogue.from_files(files, folder)


def _tell(study: Study, folder: Path, notes: list[str], json_: bool) -> None:
    sets = Counter(item.set for item in study.items.where(role="main"))
    roles = {role: len(study.items.where(role=role)) for role in ("main", "practice", "catch")}
    shown = output.short_path(str(folder))
    if json_:
        output.print_json(
            {
                "folder": str(folder),
                "name": study.config.name,
                "type": study.config.type,
                "hash": study.hash,
                "items": roles,
                "sets": dict(sets),
                "images": len(study.items.images()),
                "answers_per_item": study.config.design.answers_per_item,
                "trials_per_participant": study.config.design.trials_per_participant,
                "languages": study.config.languages,
                "notes": notes,
            }
        )
        return
    for sentence in notes:
        output.note(sentence)
    if set(sets) != {""}:
        output.print_table("", ["group", "items"], [[k, f"{n:,}"] for k, n in sets.items()], right=["items"])
    output.say(
        f"{study.config.type} study {study.config.name}: {roles['main']:,} items, {roles['practice']} for practice, "
        f"{roles['catch']} catch trials, {len(study.items.images()):,} images in {shown}"
    )
    output.say(f"next: lookalike study check {shown}")
