"""CLIP models of open_clip: ``open_clip:MODEL/PRETRAINED``, images and texts in one space.

``open_clip:ViT-B-32/laion2b_s34b_b79k`` takes published weights; ``open_clip:ViT-B-32`` takes a file given as
``--weights FILE``. An image's embedding is the projected one. Preprocessing is that of the published weights;
options of :mod:`lookalike.encoders.network_options` (``resize=squash``, ...) behind ``?`` replace it.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import EncoderCard, Preprocessing
from lookalike.encoders.network_options import no_more_options, override_preprocessing, split_options
from lookalike.encoders.registry import EncoderOptions
from lookalike.encoders.torch_base import TorchEncoder, require
from lookalike.encoders.weights import complain, read_state_dict
from lookalike.encoders.weights_source import (
    WantedWeights,
    find_weights,
    hub_cached,
    is_offline,
    reachable,
)
from lookalike.errors import EncoderCardError, NoSuchOutput, UnknownEncoder, WeightsNotFound, printable
from lookalike.images.files import file_sha256

RESIZE_MODES = {"shortest": "crop", "longest": "pad", "squash": "squash"}

TAGS = (
    ("openai", "MIT", "OpenAI's 400 million image-text pairs"),
    ("laion400m", "MIT", "LAION-400M, image-text pairs"),
    ("laion2b", "MIT", "LAION-2B, image-text pairs"),
    ("datacomp", "MIT", "DataComp, image-text pairs"),
    ("metaclip", "CC-BY-NC-4.0", "MetaCLIP, image-text pairs"),
    ("webli", "Apache-2.0", "WebLI, image-text pairs"),
)
"""Beginning of a published tag, licence of the weights, what they were trained on."""


class OpenClipEncoder(TorchEncoder):
    """Both towers of a CLIP model.

    Args:
        module: a model of ``open_clip.create_model``.
        card: what is known about it; ``dim``, ``feature_map`` and ``text`` are filled in.
        options: device, precision and threads.
        model: open_clip's name of the model, which decides the tokenizer.
    """

    def __init__(
        self, module: Any, card: EncoderCard, options: EncoderOptions | None = None, *, model: str
    ) -> None:
        super().__init__(module, replace(card, text=True), options)
        self.model = model
        self._tokenizer: Any = None
        self._measure()

    def _forward(self, batch: Any) -> Any:
        return self.module.encode_image(batch)

    def _spatial(self, batch: Any) -> Any:
        visual = self.module.visual
        if not hasattr(visual, "forward_intermediates"):
            raise NoSuchOutput(f"encoder {self.card.name} has no feature map")
        found = visual.forward_intermediates(
            batch, indices=1, normalize_intermediates=True, intermediates_only=True, output_fmt="NCHW"
        )
        return found["image_intermediates"][-1].permute(0, 2, 3, 1)

    def _embed_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokenizer = self._find_tokenizer()
        tokens = tokenizer(list(texts)).numpy()
        return self._each(tokens, lambda row: row, self.module.encode_text)

    def _find_tokenizer(self) -> Any:
        if self._tokenizer is None:
            self._tokenizer = load_tokenizer(self.model, self.card.name)
        return self._tokenizer


def load(argument: str, options: EncoderOptions) -> OpenClipEncoder:
    """The encoder ``open_clip:argument``.

    Raises:
        UnknownEncoder: open_clip has no such model, or no such weights for it.
        InvalidArgument: an option behind ``?`` makes no sense.
        WeightsNotFound: its weights are neither here nor to be had.
        EncoderCardError: the weights file belongs to another network.
        MissingDependency: open_clip or torch is not installed.
    """
    require("torch", "clip", f"encoder open_clip:{argument}")
    model, tag, settings = _parse(argument)
    path = find_weights(wanted_weights(argument), options.weights)
    module = build(model, tag)
    _load_checkpoint(module, path, model)
    card = make_card(f"open_clip:{argument}", model, tag, module, settings)
    card = replace(card, sha256=file_sha256(path), size_bytes=path.stat().st_size)
    return OpenClipEncoder(module, card, options, model=model)


def wanted_weights(argument: str) -> WantedWeights:
    """The published weights of ``open_clip:argument``.

    Raises:
        UnknownEncoder: open_clip has no such model, or no such weights for it.
    """
    model, tag, _ = _parse(argument)
    encoder = f"open_clip:{argument}"
    published = _published(model, tag)
    hub = published.get("hf_hub", "")
    if hub:
        repo, _, filename = hub.rpartition("/")
        filename = filename or "open_clip_pytorch_model.bin"
        safe = "open_clip_model.safetensors" if filename == "open_clip_pytorch_model.bin" else ""
        safe = safe or (
            Path(filename).with_suffix(".safetensors").name if not filename.endswith(".safetensors") else ""
        )
        return WantedWeights(encoder, repo, tuple(name for name in (safe, filename) if name))
    url = published.get("url", "")
    digest = re.search(r"openaipublic.*/([0-9a-f]{64})/|mlfoundations.*-([0-9a-f]{8})\.pt$", url)
    start = (digest.group(1) or digest.group(2)) if digest else ""
    return WantedWeights(encoder, url=url or None, sha256_start=start)


def build(model: str, tag: str = "") -> Any:
    """The model with random weights; the published weights decide its activation and preprocessing."""
    open_clip = require("open_clip", "clip", f"encoder open_clip:{model}")
    published = _published(model, tag)
    how = {key: published[key] for key in ("mean", "std", "interpolation", "resize_mode") if key in published}
    with _quiet():
        return open_clip.create_model(
            model,
            load_weights=False,
            pretrained_text=False,
            # Weights trained with QuickGELU give worse numbers with GELU; open_clip itself would only warn.
            force_quick_gelu=bool(published.get("quick_gelu", False)),
            force_preprocess_cfg=how or None,
        )


def make_card(
    encoder: str, model: str, tag: str, module: Any, options: dict[str, str] | None = None
) -> EncoderCard:
    """Card of a CLIP model, without weights; dimension and feature map are measured by the encoder."""
    open_clip = require("open_clip", "clip", f"encoder {encoder}")
    config = open_clip.get_model_preprocess_cfg(module)
    size = config.get("size", 224)
    height, width = (size, size) if isinstance(size, int) else size
    base = Preprocessing(
        resize=cast(Any, RESIZE_MODES.get(config.get("resize_mode", "shortest"), "crop")),
        interpolation="bilinear" if config.get("interpolation") == "bilinear" else "bicubic",
        mean=cast(Any, tuple(config.get("mean", open_clip.OPENAI_DATASET_MEAN))),
        std=cast(Any, tuple(config.get("std", open_clip.OPENAI_DATASET_STD))),
    )
    preprocessing, input_size, rest = override_preprocessing(base, (int(height), int(width)), options or {})
    no_more_options(encoder, rest)
    licence, data = next((entry[1:] for entry in TAGS if tag.startswith(entry[0])), ("unknown", "unknown"))
    published = _published(model, tag)
    return EncoderCard(
        name=encoder,
        dim=0,
        input_size=input_size,
        preprocessing=preprocessing,
        text=True,
        licence=licence,
        source=f"open_clip, {(published.get('hf_hub') or published.get('url') or model).rstrip('/')}",
        training_data=data,
        details={"network": model, "quick_gelu": bool(published.get("quick_gelu", False))},
    )


def load_tokenizer(model: str, encoder: str) -> Any:
    """The tokenizer of a model; that of the CLIP family ships with open_clip, others are fetched.

    Raises:
        WeightsNotFound: it must be fetched and cannot.
        MissingDependency: it needs the package ``transformers``, which is not installed.
    """
    open_clip = require("open_clip", "clip", f"text of {encoder}")
    text = (open_clip.get_model_config(model) or {}).get("text_cfg", {})
    repo = text.get("hf_tokenizer_name")
    if repo or "siglip" in model.lower():
        require("transformers", "clip", f"text of {encoder}")
        wanted = WantedWeights(encoder, repo or "google/siglip", ("tokenizer.json", "tokenizer_config.json"))
        if hub_cached(wanted) is None and (is_offline() or not reachable("https://huggingface.co")):
            raise WeightsNotFound(
                f"encoder {encoder}: the tokenizer for texts ({wanted.described}) is not on this machine and "
                f"cannot be fetched; embed one text where there is a network and copy the hub's cache here"
            )
    try:
        with _quiet():
            return open_clip.get_tokenizer(model)
    except (OSError, RuntimeError, ValueError) as error:
        raise WeightsNotFound(
            f"encoder {encoder}: the tokenizer for texts cannot be loaded ({printable(str(error))[:160]})"
        ) from None


def _load_checkpoint(module: Any, path: Path, model: str) -> None:
    """Weights into the model through open_clip's own converters; every parameter must be there and fit."""
    open_clip = require("open_clip", "clip", f"encoder open_clip:{model}")
    try:
        with _quiet():
            result = open_clip.load_checkpoint(module, str(path), strict=False, weights_only=True)
    except MemoryError:
        raise
    except Exception as error:
        read_state_dict(path)  # says it where the file itself is damaged
        wrong = re.findall(r"size mismatch for ([^:]+):", str(error))
        complain(path, f"open_clip:{model}", (), (), wrong)
        raise EncoderCardError(
            f"{printable(str(path))}: open_clip cannot use these weights for {model} "
            f"({type(error).__name__}: {printable(str(error).splitlines()[0] if str(error) else '')[:160]})"
        ) from None
    complain(path, f"open_clip:{model}", result.missing_keys, result.unexpected_keys)


def _parse(argument: str) -> tuple[str, str, dict[str, str]]:
    open_clip = require("open_clip", "clip", f"encoder open_clip:{argument}")
    name, options = split_options(argument)
    model, _, tag = name.partition("/")
    if model not in open_clip.list_models():
        similar = [known for known in open_clip.list_models() if model.lower()[:6] in known.lower()][:6]
        hint = f"similar: {', '.join(similar)}" if similar else "open_clip.list_models() shows all"
        raise UnknownEncoder(f"open_clip has no model called {model!r}; {hint}")
    if tag and not open_clip.is_pretrained_cfg(model, tag):
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(model)) or "none"
        raise UnknownEncoder(f"open_clip's {model} has no weights {tag!r}; it has: {tags}")
    _, _, rest = override_preprocessing(Preprocessing(), (1, 1), options)
    no_more_options(f"open_clip:{name}", rest)
    return model, tag, options


def _published(model: str, tag: str) -> dict[str, Any]:
    open_clip = require("open_clip", "clip", f"encoder open_clip:{model}")
    return dict(open_clip.get_pretrained_cfg(model, tag)) if tag else {}


@contextmanager
def _quiet() -> Iterator[None]:
    """open_clip writes to the root logger and warns about its own defaults."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


__all__ = ["TAGS", "OpenClipEncoder", "build", "load", "load_tokenizer", "make_card", "wanted_weights"]
