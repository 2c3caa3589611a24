"""A model card of a finished run: what it is, what it was made from, how good it is, and what it is not good for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lookalike.encoders.trained_card import TrainedCard, read_card
from lookalike.errors import TrainingError, printable

MODEL_CARD = "model-card.md"

_LIMITS = (
    "It knows similarity as the people, labels or teacher behind its training data saw it, on images of that kind. On "
    "other images measure it first (`lookalike bench`).",
    "The figures above are of held-out rows of the same data; rows that share images with training rows are told apart "
    "only as far as the recipe's split says.",
    "Embeddings say nothing about identity: do not use them to recognise people.",
)


def model_card(card: TrainedCard, results: Mapping[str, Any] | None = None) -> str:
    """The card as Markdown, from facts of the run only.

    Args:
        card: of the finished run.
        results: what results.json holds; None takes those in the card.
    """
    found = results if results is not None else card.results
    sections = [
        f"# {card.name}\n\nAn image encoder trained with lookalike. Use it with `--encoder FOLDER` or "
        f'`lookalike.load_encoder("FOLDER")`.',
        f"## What it is\n\n{_facts(card)}",
        f"## Trained on\n\n{_data(card, found)}",
        f"## Figures\n\n{_figures(found)}",
        f"## Licence\n\n{_licence(card)}",
        f"## Known limits\n\n{_bullets(_limits(card, found))}",
        f"## Recipe\n\n```json\n{json.dumps(card.recipe, indent=2, ensure_ascii=False, default=str)}\n```",
    ]
    return "\n\n".join(sections) + "\n"


def write_model_card(folder: Path | str) -> Path:
    """Write ``model-card.md`` into the folder of a finished run; returns the file.

    Raises:
        EncoderCardError: the folder is no finished run.
        TrainingError: the file cannot be written.
    """
    place = Path(folder).expanduser()
    text = model_card(read_card(place))
    path = place / MODEL_CARD
    draft = path.with_name(f".{MODEL_CARD}.new")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise TrainingError(
            f"cannot write {printable(str(path))}: {error.strerror or error}; free disk space"
        ) from None
    return path


def _facts(card: TrainedCard) -> str:
    adapter = dict(card.adapter)
    kind = str(adapter.pop("kind", "unknown"))
    settings = ", ".join(f"{key} {_words(value)}" for key, value in adapter.items())
    lines = [
        f"Parent: `{parent.spec}`, "
        + (f"fingerprint `{parent.fingerprint}`" if parent.fingerprint else "trained from scratch")
        for parent in card.parents
    ]
    lines += [
        f"Trained part: {kind}{f' ({settings})' if settings else ''}",
        f"Embedding: {card.dim or 'unknown'} numbers, compared by cosine",
        f"Weights: sha256 `{card.weights_sha256 or 'not recorded'}`",
    ]
    return _bullets(lines)


def _data(card: TrainedCard, results: Mapping[str, Any]) -> str:
    data = results.get("data") or {}
    facts = [f"{key}: {_words(value)}" for key, value in data.items() if value not in (None, [], {}, "")]
    trained = [
        f"{results[key]} {words}"
        for key, words in (("epochs", "epochs"), ("steps", "steps"), ("seconds", "seconds"))
        if results.get(key) is not None
    ]
    return _bullets([card.training_data, *facts, *([", ".join(trained)] if trained else [])])


def _figures(results: Mapping[str, Any]) -> str:
    comparison = results.get("comparison")
    if not comparison:
        return "None were measured."
    trained, untouched = comparison["trained"], comparison["untouched"]
    difference = comparison["difference"]
    estimate = difference["difference"]
    name = trained.get("name", "figure")
    rows = [
        f"{name} on held-out rows ({comparison.get('rows', 'validation')}, n = {trained.get('n', '?')}), with 95 % "
        "intervals; the difference is measured in pairs on the same rows.",
        "",
        f"| encoder | {name} | interval |",
        "|---|---|---|",
        f"| trained | {_number(trained['value'])} | {_interval(trained.get('interval'))} |",
        f"| untouched | {_number(untouched['value'])} | {_interval(untouched.get('interval'))} |",
        f"| difference | {estimate['value']:+.3f} | {_interval([estimate['low'], estimate['high']])} |",
        "",
        f"p = {difference['p']:.2g} ({difference.get('test', 'paired test')}). {_verdict(trained, estimate)}",
    ]
    return "\n".join(rows)


def _verdict(trained: Mapping[str, Any], estimate: Mapping[str, Any]) -> str:
    sign = 1 if trained.get("higher_is_better", True) else -1
    low, high = sorted((sign * estimate["low"], sign * estimate["high"]))
    if low > 0:
        return "Training made it better on these rows."
    if high < 0:
        return "Training made it worse on these rows."
    return "The interval includes no change: on these rows it is not shown to be better than the untouched encoder."


def _licence(card: TrainedCard) -> str:
    parents = ", ".join(f"`{parent.spec}`" for parent in card.parents if parent.fingerprint)
    note = (
        f"The weights derive from {parents}, whose licence goes on to hold for them."
        if parents
        else "The weights were trained from scratch."
    )
    return f"{card.licence}. {note} The terms of the training data may restrict their use as well."


def _limits(card: TrainedCard, results: Mapping[str, Any]) -> list[str]:
    limits = list(_LIMITS)
    comparison = results.get("comparison") or {}
    count = (comparison.get("trained") or {}).get("n")
    if isinstance(count, int | float) and count < 200:
        limits.append(f"It was measured on {int(count)} rows only; the interval is wide.")
    if comparison.get("rows") == "validation":
        limits.append("The best epoch was chosen on the rows of the figures, which flatters them slightly.")
    if len(card.parents) == 1 and "clip" in card.parents[0].spec.lower():
        limits.append("Texts cannot be compared with its embeddings, although the parent knows texts.")
    return limits


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else "not measured"


def _interval(ends: Any) -> str:
    if not ends or len(ends) != 2 or not all(isinstance(end, int | float) for end in ends):
        return ""
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_words(item) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
