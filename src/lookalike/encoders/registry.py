"""Encoders by name: ``classic``, ``onnx:PATH``, ``timm:NAME``, ... and ensembles ``a+b+c``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from lookalike.encoders.base import Encoder
from lookalike.errors import UnknownEncoder, printable

DEFAULT_ENCODER = "glance"


@dataclass(frozen=True)
class EncoderOptions:
    """What a caller may ask of any encoder; each encoder uses what applies to it.

    Attributes:
        weights: a local weights file (.safetensors, or .pth read with ``weights_only``).
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: ``fp32`` or ``bf16``.
        threads: threads of one network call; None chooses by the machine.
        providers: ONNX Runtime execution providers in order of preference; empty chooses by the machine.
    """

    weights: Path | None = None
    device: str = "auto"
    precision: str = "fp32"
    threads: int | None = None
    providers: tuple[str, ...] = ()


EncoderLoader = Callable[[str, EncoderOptions], Encoder]
"""Called with what stands behind the colon ('' when nothing) and the options."""


@dataclass(frozen=True)
class EncoderEntry:
    """One line of `lookalike encoders list`.

    Attributes:
        name: the scheme (what stands before the colon).
        usage: how to write it, such as ``onnx:PATH``.
        description: one sentence.
        loader: ``module:function`` of an :data:`EncoderLoader`.
        needs: importable packages beyond the core.
        extra: the extra of lookalike that brings them.
    """

    name: str
    usage: str
    description: str
    loader: str
    needs: tuple[str, ...] = ()
    extra: str | None = None


BUILTIN: dict[str, EncoderEntry] = {
    entry.name: entry
    for entry in (
        EncoderEntry(
            "glance",
            "glance",
            "The network inside the package, learned from photographs and human look-alikes; works offline.",
            "lookalike.encoders.glance:load",
        ),
        EncoderEntry(
            "classic",
            "classic or classic:PART",
            "Colour, gradients, texture and layout; no weights, works anywhere.",
            "lookalike.encoders.classic:load",
        ),
        EncoderEntry(
            "onnx",
            "onnx:PATH",
            "Any ONNX network with a card (FILE.json) beside it.",
            "lookalike.encoders.onnx:load",
        ),
        EncoderEntry(
            "timm",
            "timm:NAME",
            "Any timm network: DINO, DINOv2, DINOv3, MAE, CLIP, SigLIP2, ConvNeXt, ...",
            "lookalike.encoders.timm:load",
            ("torch", "timm"),
            "torch",
        ),
        EncoderEntry(
            "torchvision",
            "torchvision:NAME",
            "The eight networks of the Totally-Looks-Like paper, penultimate layer.",
            "lookalike.encoders.torchvision:load",
            ("torch", "torchvision"),
            "torch",
        ),
        EncoderEntry(
            "open_clip",
            "open_clip:MODEL/PRETRAINED",
            "CLIP models: images and text in one space.",
            "lookalike.encoders.open_clip:load",
            ("torch", "open_clip"),
            "clip",
        ),
        EncoderEntry(
            "faces",
            "faces or faces:cnn or faces:hog-2",
            "Faces found by dlib (HOG or CNN) and their 128-d descriptors; the largest face, or the set of all.",
            "lookalike.encoders.faces:load",
            ("dlib", "face_recognition_models"),
            "faces",
        ),
        EncoderEntry(
            "whiten",
            "whiten:FILE or NAME|whiten:FILE",
            "Any encoder, its embeddings transformed as a file says that was fitted on images.",
            "lookalike.encoders.transform_spec:load",
        ),
        EncoderEntry(
            "trained",
            "trained:FOLDER or FOLDER",
            "The encoder of a finished `lookalike train` run.",
            "lookalike.encoders.trained:load",
        ),
    )
}


def third_party() -> dict[str, EntryPoint]:
    """Encoders that installed packages announce under the entry point ``lookalike.encoders``."""
    return {point.name: point for point in entry_points(group="lookalike.encoders")}


def load_encoder(spec: str | Encoder = DEFAULT_ENCODER, options: EncoderOptions | None = None) -> Encoder:
    """The encoder of that name.

    Args:
        spec: ``classic``, ``onnx:PATH``, ``timm:NAME``, ``torchvision:NAME``, ``open_clip:MODEL/PRETRAINED``,
            ``faces``, ``trained:FOLDER`` or the folder of a finished run, an entry point's name, or several joined by
            ``+`` with weights where wanted (``0.5*a+2*b``); then, where wanted, ``|whiten:FILE``. An
            :class:`Encoder` is handed back as it is.
        options: device, precision, weights and threads.

    Raises:
        UnknownEncoder: no encoder has that name.
        MissingDependency: it needs an extra that is not installed.
        WeightsNotFound: its weights are neither here nor can be fetched.
    """
    if isinstance(spec, Encoder):
        return spec
    options = options or EncoderOptions()
    from lookalike.encoders.ensemble import load_ensemble, split_ensemble, split_weight
    from lookalike.encoders.transform_spec import load_transformed, split_transform

    transformed = split_transform(spec)
    if transformed is not None:
        return load_transformed(*transformed, options)
    parts = split_ensemble(spec)
    if len(parts) > 1 or split_weight(spec)[1] != spec:
        return load_ensemble(parts, options)
    scheme, argument = _scheme_and_argument(spec)
    if scheme in BUILTIN:
        module, _, function = BUILTIN[scheme].loader.partition(":")
        loader = cast(EncoderLoader, getattr(import_module(module), function))
        return loader(argument, options)
    outside = third_party()
    if scheme in outside:
        loader = cast(EncoderLoader, outside[scheme].load())
        return loader(argument, options)
    from lookalike.encoders.trained_card import is_run

    if is_run(Path(spec).expanduser()):
        return load_encoder(f"trained:{spec}", options)
    raise UnknownEncoder(_unknown(scheme, sorted({*BUILTIN, *outside})))


def _scheme_and_argument(spec: str) -> tuple[str, str]:
    """``onnx:PATH`` -> ``("onnx", "PATH")``; ``glance?a=b``, a name with options alone, -> ``("glance", "?a=b")``."""
    scheme = re.split("[:?]", spec, maxsplit=1)[0]
    return scheme, spec[len(scheme) :].removeprefix(":")


def _unknown(scheme: str, names: list[str]) -> str:
    """One line: what was asked for, the closest names, and all of them."""
    # In a+b with a mistyped b, the mistyped name is what no "+" was found before.
    unknown = next((part for part in scheme.split("+") if part not in names), scheme)
    close = difflib.get_close_matches(unknown.lower(), names, n=2)
    if unknown.lower().endswith(".onnx"):
        close = [f"onnx:{printable(unknown)}"]
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    usages = ", ".join(BUILTIN[name].usage if name in BUILTIN else name for name in names)
    return f"no encoder is called {printable(unknown)!r}; {hint}Known: {usages}, and several joined by +"


@dataclass(frozen=True)
class EncoderStatus:
    """An encoder and whether it can be loaded here.

    Attributes:
        entry: name, usage and description.
        missing: packages that it needs and that are not installed.
        install: what to type to install them; None when nothing is missing.
    """

    entry: EncoderEntry
    missing: tuple[str, ...]
    install: str | None

    @property
    def available(self) -> bool:
        """True when nothing is missing (weights may still have to be fetched)."""
        return not self.missing


def list_encoders() -> list[EncoderStatus]:
    """Every encoder that this installation knows, built in first; nothing heavy is imported."""
    entries = list(BUILTIN.values())
    for name, point in sorted(third_party().items()):
        if name not in BUILTIN:
            package = point.dist.name if point.dist is not None else point.value
            entries.append(
                EncoderEntry(name, f"{name} or {name}:...", f"From the package {package}.", point.value)
            )
    return [_status(entry) for entry in entries]


def _status(entry: EncoderEntry) -> EncoderStatus:
    missing = tuple(package for package in entry.needs if find_spec(package) is None)
    return EncoderStatus(entry, missing, f"pip install 'lookalike[{entry.extra}]'" if missing else None)
