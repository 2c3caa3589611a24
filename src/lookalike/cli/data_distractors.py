"""`lookalike data distractors`: choices among five for a human study, made from pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import output
from lookalike.cli.data_bad import SkipBadOption, note_bad
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
from lookalike.errors import BenchmarkError, InvalidArgument, printable
from lookalike.progress import Progress

if TYPE_CHECKING:
    from lookalike.benchmarks.left_out import LeftOut
    from lookalike.judgments import ForcedChoiceTable, PairTable

_PLAIN = ("random", "generic")


def distractors(
    data: Annotated[
        Path, typer.Argument(help="Pairs: a folder, a CSV (left,right) or a saved table.", show_default=False)
    ],
    folder: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the table of choices.", show_default=False)
    ],
    encoder: Annotated[
        str, typer.Option("--encoder", "-e", help="Whose distances choose generic distractors.")
    ] = DEFAULT_ENCODER,
    features: Annotated[
        str | None,
        typer.Option(
            "--features",
            help="What chooses the distractors, a set for each: random, generic, face, face-generic; default "
            "random,generic and, with --faces, the other two.",
            show_default=False,
        ),
    ] = None,
    faces: Annotated[
        bool, typer.Option("--faces", help="Look for faces; features of faces do so anyway.")
    ] = False,
    paper_design: Annotated[
        bool,
        typer.Option(
            "--paper-design", help="The paper's six sets: two without faces and near-duplicates, four of all."
        ),
    ] = False,
    generic_threshold: Annotated[
        float,
        typer.Option("--generic-threshold", help="Cosine distance of near-duplicates.", min=0.0, max=2.0),
    ] = 0.15,
    per_set: Annotated[int, typer.Option("--per-set", help="Queries in each set.", min=1)] = 20,
    options: Annotated[int, typer.Option("--options", help="Options of each query.", min=2)] = 5,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.", min=0)] = 0,
    copy_images: Annotated[
        bool, typer.Option("--copy-images/--no-copy-images", help="Put the images into FOLDER too.")
    ] = True,
    images: Annotated[
        str | None,
        typer.Option("--images", help="Folder of the images, where they are not beside the table."),
    ] = None,
    skip_bad: SkipBadOption = False,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Keep embeddings and faces.")] = True,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    weights: WeightsOption = None,
    json_: JsonOption = False,
) -> None:
    """Choices for a human study: each left image with its partner among right ones that a feature finds near.

    A set for each feature, no pair in two sets, and no near-duplicates among the pairs (except where every feature is
    random). The folder is an ordinary saved table of the kind forced-choice; choices.csv has the same rows by file name.
    """
    from lookalike.benchmarks.distractors_sets import material, paper_sets, plain_sets
    from lookalike.cli.bench_votes_files import csv_pieces

    wanted = _features(features, faces, paper_design)
    with stage_progress() as progress:
        table, left = _pairs(data, images, skip_bad, cache, progress)
        made = material(
            table,
            wanted,
            faces,
            encoder,
            encoder_options(device, precision, threads, weights),
            cache,
            generic_threshold,
            progress,
        )
        if paper_design:
            choices = paper_sets(table, made, per_set, options, seed)
        else:
            choices = plain_sets(table, made, wanted, per_set, options, seed)
        choices.save(folder, copy_images=copy_images)
        output.write_page(csv_pieces(choice_rows(choices)), folder / "choices.csv")
    pool = len(table) if made.near is None else len(made.near.kept_d)
    document = _document(choices, left, pool) | {
        "folder": str(folder),
        "pairs": len(table),
        "encoder": None if made.near is None else encoder,
        "faces": made.near is not None and made.near.faces,
        "paper_design": paper_design,
        "generic_threshold": None if made.near is None else generic_threshold,
        "options": options,
        "seed": seed,
        "copied": copy_images,
    }
    if json_:
        output.print_json(document)
        return
    note_bad([f"{bad.name}: {bad.reason}" for bad in left.images.values()], "left out ")
    _say(document, folder)


def choice_rows(choices: ForcedChoiceTable) -> Iterator[dict[str, Any]]:
    """The choices as rows of a CSV: set, query, right image, what the feature chose, and the options in order.

    Images have the names of the table of pairs; rows with fewer options than the longest have empty cells.
    """
    name = choices.images.name
    width = max((len(cell) for cell in choices.column("options")), default=0)
    for row in choices.table.to_pylist():
        options = [name(content) for content in row["options"]]
        near = row.get("nearest")
        yield {
            "set": row["set"] or "",
            "query": name(row["query"]),
            "right": "" if row["right"] is None else options[row["right"]],
            "nearest": "" if near is None else options[near],
            **{f"option_{place + 1}": (options + [""] * width)[place] for place in range(width)},
        }


def _features(given: str | None, faces: bool, paper: bool) -> list[str]:
    """The features of the sets, each once.

    Raises:
        InvalidArgument: an unknown feature, none, or features beside the paper's design.
    """
    from lookalike.benchmarks.distractors import FEATURES
    from lookalike.benchmarks.distractors_sets import FACIAL

    if paper:
        if given is not None:
            raise InvalidArgument("--paper-design has its own sets: leave out --features, or --paper-design")
        return list(FEATURES)
    if given is None:
        return [*_PLAIN, *(FACIAL if faces else ())]
    names = list(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    unknown = [name for name in names if name not in FEATURES]
    if unknown or not names:
        wrong = f"no feature {printable(unknown[0])!r}" if unknown else "no features"
        raise InvalidArgument(f"{wrong}: write some of {','.join(FEATURES)}")
    return names


def _pairs(
    data: Path, images: str | None, skip_bad: bool, cache: bool, progress: Progress | None
) -> tuple[PairTable, LeftOut]:
    from lookalike.benchmarks.left_out import refused, without_bad
    from lookalike.judgments import PairTable, open_judgments

    table = open_judgments(data, images=images, skip_bad=skip_bad, progress=progress)
    if not isinstance(table, PairTable):
        raise BenchmarkError(
            f"distractors are made from pairs, but {printable(str(data))} holds {table.kind}"
        )
    return without_bad(table, progress, cache=cache) if skip_bad else (table, refused(table))


def _document(choices: ForcedChoiceTable, left: LeftOut, pool: int) -> dict[str, Any]:
    counts = Counter(choices.column("set"))
    nearest, right = choices.column("nearest"), choices.column("right")
    hits = Counter(
        name for name, near, own in zip(choices.column("set"), nearest, right, strict=True) if near == own
    )
    known = {name for name, near in zip(choices.column("set"), nearest, strict=True) if near is not None}
    sets = {
        name: {"queries": count, "feature_is_right": hits[name] / count if name in known else None}
        for name, count in counts.items()
    }
    return {
        "kind": choices.kind,
        "rows": len(choices),
        "images": len(choices.distinct_images()),
        "pairs_without_near_duplicates": pool,
        "sets": sets,
        "left_out": left.to_dict(),
    }


def _say(document: dict[str, Any], folder: Path) -> None:
    rows = [
        [
            name,
            f"{one['queries']:,}",
            "" if one["feature_is_right"] is None else f"{one['feature_is_right']:.0%}",
        ]
        for name, one in document["sets"].items()
    ]
    output.print_table(
        "", ["set", "queries", "feature is right"], rows, right=["queries", "feature is right"]
    )
    copied = (
        f"with {document['images']:,} images"
        if document["copied"]
        else "without images: open it with --images"
    )
    output.say(
        f"{document['rows']:,} choices among {document['options']} in {output.short_path(str(folder))}, {copied}; "
        f"options from {document['pairs_without_near_duplicates']:,} of {document['pairs']:,} pairs"
    )
