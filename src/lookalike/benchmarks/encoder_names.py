"""The encoders of a run: each once, by the name under which it stands in the results."""

from __future__ import annotations

from collections.abc import Sequence

from lookalike.encoders import Encoder
from lookalike.errors import BenchmarkError, printable

PAPER = "paper"
"""As an encoder's name: the eight networks of the Totally-Looks-Like paper."""


def distinct_encoders(encoders: Sequence[str | Encoder]) -> tuple[list[str | Encoder], list[str]]:
    """The encoders with ``paper`` written out, each once, in order; and a sentence for each that was left out.

    Raises:
        BenchmarkError: none, or two different encoders of one name.
    """
    from lookalike.benchmarks.published import TABLE_1

    found: dict[str, str | Encoder] = {}
    notes: list[str] = []
    for encoder in encoders:
        networks = [f"torchvision:{name}" for name in TABLE_1]
        many: Sequence[str | Encoder] = (
            networks if isinstance(encoder, str) and encoder == PAPER else [encoder]
        )
        for one in many:
            name = encoder_name(one)
            if name not in found:
                found[name] = one
            elif found[name] is one or (isinstance(one, str) and isinstance(found[name], str)):
                notes.append(f"{printable(name)} was named more than once; it was measured once.")
            else:
                raise BenchmarkError(
                    f"two encoders are called {printable(name)!r}; give each a name of its own"
                )
    if not found:
        raise BenchmarkError("no encoder was given; name at least one, such as classic or onnx:MODEL.onnx")
    return list(found.values()), list(dict.fromkeys(notes))


def encoder_name(encoder: str | Encoder) -> str:
    """As typed, or the card's name."""
    return encoder if isinstance(encoder, str) else encoder.card.name
