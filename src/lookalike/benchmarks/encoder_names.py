"""The encoders of a run: each once, by the name under which it stands in the results; and how they are loaded."""

from __future__ import annotations

from collections.abc import Sequence

from lookalike.encoders import Encoder, EncoderOptions, load_encoder
from lookalike.errors import BenchmarkError, printable
from lookalike.similarity import Metric

PAPER = "paper"
"""As an encoder's name: the eight networks of the Totally-Looks-Like paper."""

PIXELS = "pixels"
"""As an encoder's name: the baseline without any knowledge, L2 distance of 32 x 32 RGB thumbnails."""


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


def bench_encoder(wanted: str | Encoder, options: EncoderOptions | None = None) -> Encoder:
    """The encoder of that name: everything that :func:`lookalike.load_encoder` knows, and ``pixels``.

    Raises:
        UnknownEncoder, MissingDependency, WeightsNotFound: as there.
    """
    if isinstance(wanted, str) and wanted.strip() == PIXELS:
        from lookalike.benchmarks.triplets_pixels import pixels_encoder

        return pixels_encoder()
    return load_encoder(wanted, options)


def usual_metric(wanted: str | Encoder) -> Metric:
    """How vectors are compared where nobody says: by cosine, those of ``pixels`` by L2."""
    return "euclidean" if encoder_name(wanted).strip() == PIXELS else "cosine"
