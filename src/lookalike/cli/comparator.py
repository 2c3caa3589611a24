"""`lookalike comparator`: learn a comparator from pairs that people made, and measure it on pairs it never saw."""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lookalike.cli import output
from lookalike.cli.comparator_nested import refuse_mixture, show_nested
from lookalike.cli.options import DeviceOption, JsonOption, PrecisionOption, ThreadsOption, encoder_options
from lookalike.cli.progress import stage_progress
from lookalike.encoders import DEFAULT_ENCODER
from lookalike.errors import BenchmarkError, LookalikeError
from lookalike.extras import require_stats
from lookalike.plain_json import finite

if TYPE_CHECKING:
    from lookalike.benchmarks.comparator_cv_result import ComparatorResult
    from lookalike.judgments import PairTable

FEW_PAIRS = 200
"""Below so many pairs a fit says that its weights are not to be relied on."""

app = typer.Typer(
    help="Similarity that looks at both images: learn it from pairs that people made, measure it.",
    no_args_is_help=True,
)

Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA", help="Folder or CSV of pairs, or a saved table of pairs.", show_default=False
    ),
]
Images = Annotated[
    Path | None,
    typer.Option("--images", help="Folder of the images, when DATA does not hold them.", show_default=False),
]
EncoderName = Annotated[
    str, typer.Option("--encoder", "-e", help="Of the embedding; with a feature map, also of the local cue.")
]
Faces = Annotated[bool, typer.Option("--faces/--no-faces", help="Look at faces too (needs the extra faces).")]
Cues = Annotated[
    list[str] | None,
    typer.Option("--cue", help="Use this cue only; may be repeated.", show_default=False),
]
Seed = Annotated[int, typer.Option("--seed", help="Of folds and rivals.", min=0)]
Cache = Annotated[
    bool, typer.Option("--cache/--no-cache", help="Keep embeddings, maps and faces for the next run.")
]


@app.command()
def fit(
    data: Data,
    folder: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to write the comparator to.", show_default=False)
    ],
    encoder: EncoderName = DEFAULT_ENCODER,
    faces: Faces = False,
    cue: Cues = None,
    images: Images = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the comparator that the folder holds.")
    ] = False,
    seed: Seed = 0,
    cache: Cache = True,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    json_: JsonOption = False,
) -> None:
    """Learn a comparator from all pairs of DATA and save it."""
    from lookalike.similarity.comparator import Comparator
    from lookalike.similarity.comparator_files import refuse_occupied

    started = time.perf_counter()
    refuse_occupied(folder, overwrite=overwrite)
    table = _pairs(data, images)
    with stage_progress() as progress:
        comparator = Comparator.fit(
            [str(path) for path in table.paths("left")],
            [str(path) for path in table.paths("right")],
            encoder=encoder, faces=faces, cues=cue, seed=seed, cache=cache, progress=progress,
            options=encoder_options(device, precision, threads),
        )  # fmt: skip
    comparator.save(folder)
    if len(table) < FEW_PAIRS:
        output.note(
            f"{len(table)} pairs are fewer than {FEW_PAIRS}: weights from so few are not to be relied on"
        )
    seconds = time.perf_counter() - started
    columns = zip(comparator.trained.space.columns, comparator.trained.weights, strict=True)
    weights = [{"cue": c, "column": name, "weight": float(weight)} for (c, name), weight in columns]
    if json_:
        output.print_json(
            {"pairs": len(table), "folder": str(folder), "cues": comparator.cues, "weights": weights, "seconds": seconds}
        )  # fmt: skip
        return
    rows = [[str(w["cue"]), str(w["column"]), f"{w['weight']:+.2f}"] for w in weights]
    output.print_table("", ["cue", "column", "weight"], rows, right=["weight"])
    output.say(
        f"learned from {len(table)} pairs in {seconds:.0f} s; saved to {output.short_path(str(folder))}"
    )


@app.command()
def evaluate(
    data: Data,
    encoder: EncoderName = DEFAULT_ENCODER,
    faces: Faces = False,
    folds: Annotated[int, typer.Option("--folds", help="Of the cross-validation.", min=2)] = 5,
    ablation: Annotated[
        bool, typer.Option("--ablation", help="Also without each cue, and with each cue alone.")
    ] = False,
    nested: Annotated[
        bool,
        typer.Option(
            "--nested", help="Choose the design anew within each fold, from a fixed list; takes long."
        ),
    ] = False,
    inner_folds: Annotated[
        int | None, typer.Option("--inner-folds", help="Of the choice; default 3.", min=2, show_default=False)
    ] = None,
    cue: Cues = None,
    images: Images = None,
    seed: Seed = 0,
    cache: Cache = True,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for results.json.", show_default=False)
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Measure a comparator by cross-validation: every pair is scored by one that never saw it."""
    from lookalike.benchmarks.comparator_cv import cross_validate
    from lookalike.benchmarks.comparator_nested import INNER_FOLDS, NestedResult, nested_cross_validate
    from lookalike.benchmarks.tll_comparators import learned_pairs
    from lookalike.encoders import load_encoder

    refuse_mixture(nested, ablation, inner_folds)
    require_stats("lookalike comparator evaluate")
    started = time.perf_counter()
    table = _pairs(data, images)
    face_encoder = None
    if faces:
        from lookalike.encoders.faces import FaceEncoder

        face_encoder = FaceEncoder(threads=threads)
    loaded = load_encoder(encoder, encoder_options(device, precision, threads))
    fitted, warning = learned_pairs(loaded, encoder, table)
    if warning:
        output.note(warning)
    common: dict[str, Any] = {"folds": folds, "cues": cue, "seed": seed, "cache": cache}
    result: ComparatorResult | NestedResult
    with stage_progress() as progress:
        if nested:
            result = nested_cross_validate(
                table,
                loaded,
                face_encoder,
                inner_folds=inner_folds or INNER_FOLDS,
                progress=progress,
                **common,
            )
        else:
            result = cross_validate(
                table, loaded, face_encoder, ablation=ablation, progress=progress, **common
            )
    document = finite({**result.to_dict(), "encoder": encoder, "faces": faces, "seed": seed,
                       "fitted_pairs": fitted,
                       "command": shlex.join(["lookalike", *sys.argv[1:]]),
                       "seconds": time.perf_counter() - started})  # fmt: skip
    if folder is not None:
        _write(document, folder / "results.json")
    if json_:
        output.print_json(document)
        return
    if isinstance(result, NestedResult):
        show_nested(result)
    else:
        _show(result)
    output.say(f"{document['seconds']:.0f} s")


def _show(result: ComparatorResult) -> None:
    ks = list(next(iter(result.recalls.values())).at)
    heads = [f"@{k}" for k in ks]
    rows = []
    for name, found in result.recalls.items():
        rows.append([name, *(f"{100 * found.at[k].value:.1f}" for k in ks)])
        rows.append(["  95 %", *(f"{100 * found.at[k].low:.0f}-{100 * found.at[k].high:.0f}" for k in ks)])
    output.print_table(
        f"recall in percent, {result.pairs} pairs, {result.folds} folds", ["", *heads], rows, right=heads
    )
    for title, part in (("without the cue", result.without), ("the cue alone", result.alone)):
        if part:
            table = [[cue, *(f"{100 * found.at[k].value:.1f}" for k in ks)] for cue, found in part.items()]
            output.print_table(title, ["", *heads], table, right=heads)
    for k, tests in result.tests.items():
        for test in tests:
            if test.a == "comparator":
                d = test.difference
                output.say(
                    f"recall@{k}, comparator - {test.b}: {100 * d.value:+.1f} points "
                    f"({100 * d.low:+.1f} to {100 * d.high:+.1f}), p = {test.p_holm:.2g} after Holm"
                )
    output.say(
        f"probabilities at even odds: off by {100 * result.reliability.expected_error:.1f} points on average, "
        f"Brier score {result.reliability.brier:.3f}"
    )


def _pairs(data: Path, images: Path | None) -> PairTable:
    from lookalike.judgments import PairTable, open_judgments

    table = open_judgments(data, images=images)
    if not isinstance(table, PairTable):
        raise BenchmarkError(
            f"{data} holds {table.kind}; a comparator learns from pairs (columns left,right)"
        )
    return table


def _write(document: Any, file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise LookalikeError(f"cannot write {file}: {error.strerror or error}") from error
