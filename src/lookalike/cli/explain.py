"""`lookalike explain`: why two images look alike, as a page, a picture or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from lookalike.encoders import DEFAULT_ENCODER, Encoder, EncoderOptions, load_encoder
from lookalike.errors import InvalidArgument, printable

if TYPE_CHECKING:
    from lookalike.explain import Choice, Explanation, Reference

_ENDINGS = (".html", ".png", ".json")


class Where(StrEnum):
    """Maps."""

    decomposition = "decomposition"
    occlusion = "occlusion"
    none = "none"


class Language(StrEnum):
    """Languages of explanations."""

    en = "en"
    zh = "zh"


def explain(
    a: Annotated[Path, typer.Argument(metavar="A", help="One image.", show_default=False)],
    b: Annotated[Path, typer.Argument(metavar="B", help="The other.", show_default=False)],
    target: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="Write a page (.html), picture (.png) or document (.json); may be repeated.",
        ),
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", "-e", help=f"Default {DEFAULT_ENCODER}, or the gallery's.")
    ] = None,
    versus: Annotated[
        list[Path] | None,
        typer.Option("--versus", help="Why B rather than this one; may be repeated (a forced choice)."),
    ] = None,
    comparator: Annotated[
        Path | None, typer.Option("--comparator", "-c", help="Folder of a comparator: what each cue adds.")
    ] = None,
    gallery: Annotated[
        str | None, typer.Option("--gallery", "-g", help="Percentiles among the pairs of this gallery.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", help="Percentiles among the pairs of this folder of images.")
    ] = None,
    where: Annotated[
        list[Where] | None,
        typer.Option(
            "--map",
            help="Which maps; may be repeated. Default: all there are for a page or JSON, else the one that is shown.",
        ),
    ] = None,
    curves: Annotated[
        bool | None,
        typer.Option(
            "--curves/--no-curves",
            help="Measure every map by deletion and insertion (slower). Default: for a page or JSON.",
        ),
    ] = None,
    faces: Annotated[
        bool | None,
        typer.Option("--faces/--no-faces", help="Look for faces. Default: where dlib is installed."),
    ] = None,
    language: Annotated[Language, typer.Option("--language", help="Of sentences and page.")] = Language.en,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    threads: ThreadsOption = None,
    weights: WeightsOption = None,
    json_: JsonOption = False,
) -> None:
    """Say why A looks like B: in what, where, and what if it were not so."""
    targets = list(target or ())
    _check_targets(targets)
    if gallery is not None and reference is not None:
        raise InvalidArgument(
            "give one of --gallery and --reference: percentiles are among the pairs of one of them"
        )
    options = encoder_options(device, precision, threads, weights)
    with stage_progress() as tell:
        loaded, against = _setting(encoder, gallery, reference, options, tell)
        whole = json_ or any(path.suffix.lower() != ".png" for path in targets)
        settings = {
            "encoder": loaded,
            "reference": against,
            "comparator": _comparator(comparator, options),
            "where": _maps(where, loaded, whole),
            "faces": faces,
            "faithfulness": whole if curves is None else curves,
            "progress": tell,
        }
        found = _found(a, b, list(versus or ()), settings)
    for path in targets:
        found.save(path, language=language.value)
    if json_:
        output.print_json(found.to_dict())
    else:
        _print(found, language.value, targets)


def _found(a: Path, b: Path, versus: list[Path], settings: dict[str, Any]) -> Explanation | Choice:
    from lookalike.explain import explain as explain_pair
    from lookalike.explain import explain_choice

    if not versus:
        return explain_pair(str(a), str(b), **settings)
    return explain_choice(str(a), [str(b), *map(str, versus)], chosen=0, **settings)


def _check_targets(targets: list[Path]) -> None:
    """Before anything slow: a wrong ending or folder is told at once."""
    for path in targets:
        if path.suffix.lower() not in _ENDINGS:
            raise InvalidArgument(
                f"{printable(str(path))}: an explanation is written as {', '.join(_ENDINGS)}"
            )
        if not path.absolute().parent.is_dir():
            raise InvalidArgument(f"{printable(str(path))}: there is no folder {printable(str(path.parent))}")


def _maps(where: list[Where] | None, encoder: Encoder, whole: bool) -> tuple[str, ...]:
    """The maps to make; a picture and sentences show one of them, the quick one where the encoder has it."""
    from lookalike.explain.places import METHODS

    if where is None:
        return METHODS if whole else METHODS[:1] if encoder.card.feature_map is not None else METHODS[1:]
    return tuple(dict.fromkeys(one.value for one in where if one is not Where.none))


def _comparator(folder: Path | None, options: EncoderOptions) -> Any:
    if folder is None:
        return None
    from lookalike.similarity.comparator import Comparator

    return Comparator.load(folder, options=options)


def _setting(
    encoder: str | None, gallery: str | None, reference: Path | None, options: EncoderOptions, tell: Any
) -> tuple[Encoder, Reference | None]:
    """The encoder, and whose random pairs percentiles are taken among; None: the built-in ones."""
    if gallery is not None:
        return _of_gallery(gallery, encoder, options, tell)
    loaded = load_encoder(encoder or DEFAULT_ENCODER, options)
    if reference is None:
        return loaded, None
    from lookalike.explain.explaining import as_reference

    return loaded, as_reference(reference, loaded, tell)


def _of_gallery(
    place: str, encoder: str | None, options: EncoderOptions, tell: Any
) -> tuple[Encoder, Reference]:
    """Thumbnails for the attributes, stored vectors for what the encoder sees; no file of the gallery is opened."""
    import numpy as np

    from lookalike.explain import Reference
    from lookalike.explain.percentiles import MOST_IMAGES
    from lookalike.gallery import Gallery

    opened = Gallery.open(place, encoder=encoder, options=options)
    rows = opened.vectors()
    chosen = np.sort(np.random.default_rng(0).permutation(rows.ids)[:MOST_IMAGES])
    thumbnails = opened.thumbnails(chosen)
    loaded = opened.encoder
    # The rows have unit length; for an encoder whose own embeddings have not, the thumbnails are embedded instead.
    stored = np.asarray(rows.matrix, dtype=np.float32) if loaded.card.normalized else None
    made = Reference.from_images(
        list(thumbnails.values()),
        loaded,
        vectors=stored,
        kind="gallery",
        name=Path(place).name,
        progress=tell,
    )
    return loaded, made


def _print(found: Explanation | Choice, language: str, targets: list[Path]) -> None:
    from lookalike.explain import Choice
    from lookalike.explain.sentences import words

    console = output.out()
    for sentence in found.sentences(language):
        console.print(printable(sentence), markup=False)
    text = words(language)
    if isinstance(found, Choice):
        _print_gaps(found, text)
    else:
        _print_attributes(found, text)
    for path in targets:
        console.print(f"wrote {printable(str(path))}", markup=False)


def _print_attributes(found: Explanation, text: Mapping[str, str]) -> None:
    from lookalike.explain.sentences import percent

    rows = [
        [
            text[one.name],
            "" if one.similarity is None else f"{one.similarity:.2f}",
            "" if one.percentile is None else percent(one.percentile, text),
            one.note,
        ]
        for one in found.ranked
    ]
    output.print_table(
        "", ["attribute", "similarity", "closer than", "note"], rows, right=["similarity", "closer than"]
    )
    if found.counterfactuals:
        lines = [
            [
                text[one.name],
                f"{one.after:.2f}",
                f"{one.change:+.2f}",
                "" if one.typical is None else f"{one.typical:+.2f}",
            ]
            for one in found.counterfactuals
        ]
        output.print_table(
            "",
            ["without", "score", "change", "random pairs"],
            lines,
            right=["score", "change", "random pairs"],
        )
    for note in found.notes:
        output.err().print(f"note: {printable(note)}", markup=False)


def _print_gaps(found: Choice, text: Mapping[str, str]) -> None:
    from lookalike.explain.sentences import percent

    rows = [[text[gap.name], percent(gap.mine, text), percent(gap.theirs, text)] for gap in found.gaps]
    names = [f"A and {found.chosen}", f"A and {found.other}"]
    output.print_table("", ["closer than", *names], rows, right=names)
