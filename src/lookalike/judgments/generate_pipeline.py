"""A diffusion pipeline that draws one image at a time, the same one from the same seed."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike._version import __version__
from lookalike.encoders.torch_base import check_precision, choose_device, require, running
from lookalike.errors import JudgmentError, printable
from lookalike.judgments.generate_model import EXTRA, ModelFolder, find_model

_PURPOSE = "drawing images"


@dataclass(frozen=True)
class Drawn:
    """One drawing.

    Attributes:
        pixels: RGB uint8 (h, w, 3); black where it is refused.
        safety: "passed", "flagged" or "not checked".
        refused: why it must not be used: "flagged" by the safety checker, "blank" (one colour, or no numbers, as
            half precision can give); "" where it may.
    """

    pixels: NDArray[np.uint8]
    safety: str
    refused: str


class Painter:
    """A text-to-image pipeline of ``diffusers`` with its settings.

    Args:
        model, revision: see :func:`lookalike.judgments.generate_model.find_model`.
        device, precision: see :class:`lookalike.judgments.generate.GenerateOptions`; so are the others.

    Attributes:
        facts: model, revision, pipeline, scheduler, settings, device and versions, for provenance.

    Raises:
        JudgmentError: the model cannot be loaded, draws nothing from text, or has no safety checker though one is
            wanted.
        WeightsNotFound, MissingDependency, InvalidArgument: as they say.
    """

    def __init__(
        self,
        model: str,
        *,
        revision: str | None,
        device: str,
        precision: str,
        steps: int,
        guidance: float,
        size: int | None,
        safety: bool,
    ) -> None:
        for package in ("torch", "transformers", "accelerate", "diffusers"):
            require(package, EXTRA, _PURPOSE)
        self._torch = require("torch", EXTRA, _PURPOSE)
        self._device = choose_device(device)
        check_precision(precision, self._device)
        found = find_model(model, revision)
        with _quiet():
            self._pipeline = self._load(found, precision, safety)
        self._accepted = set(inspect.signature(self._pipeline.__call__).parameters)
        if "prompt" not in self._accepted:
            raise JudgmentError(f"model {found.name}: {found.pipeline} draws nothing from a text")
        self._safety = safety
        self._steps, self._guidance, self._size = steps, guidance, size
        self.facts: dict[str, Any] = {
            "model": found.name,
            "revision": found.revision,
            "pipeline": found.pipeline,
            "scheduler": type(self._pipeline.scheduler).__name__,
            "steps": steps,
            "guidance": guidance,
            "size": size,
            "precision": precision,
            "safety_checker": safety,
            "device": self._device.partition(":")[0],
            "lookalike": __version__,
            **{name: version(name) for name in ("diffusers", "transformers", "torch")},
        }

    def draw(self, prompt: str, seed: int) -> Drawn:
        """One image. On one device the same prompt and seed give the same pixels; the noise is drawn on the CPU, so
        that other devices give nearly the same.

        Raises:
            JudgmentError: the pipeline failed.
        """
        wanted = {
            "prompt": prompt,
            "num_inference_steps": self._steps,
            "guidance_scale": self._guidance,
            "height": self._size,
            "width": self._size,
            "generator": self._torch.Generator("cpu").manual_seed(seed),
            "output_type": "np",
        }
        given = {name: value for name, value in wanted.items() if name in self._accepted}
        try:
            with _quiet(), running(self._device, "fp32"):
                result = self._pipeline(**given)
        except (RuntimeError, ValueError, TypeError) as error:
            raise JudgmentError(
                f"model {self.facts['model']} failed on {printable(prompt)!r}: {_first_line(error)}"
            ) from error
        flags = getattr(result, "nsfw_content_detected", None)
        if self._safety and flags is None:
            raise JudgmentError(
                f"model {self.facts['model']}: its safety checker says nothing about what it drew"
            )
        return _drawn(np.asarray(result.images[0], dtype=np.float32), bool(flags and flags[0]), self._safety)

    def _load(self, found: ModelFolder, precision: str, safety: bool) -> Any:
        """The pipeline on its device.

        Raises:
            JudgmentError: see the class.
        """
        diffusers = require("diffusers", EXTRA, _PURPOSE)
        kind = getattr(diffusers, found.pipeline, None)
        if kind is None or not issubclass(kind, diffusers.DiffusionPipeline):
            raise JudgmentError(
                f"model {found.name}: diffusers {version('diffusers')} has no {printable(found.pipeline)}"
            )
        # What is not wanted is not loaded either; other pipelines know no such part.
        known = inspect.signature(kind.__init__).parameters
        without = {"safety_checker": None, "requires_safety_checker": False}
        less = {} if safety else {name: value for name, value in without.items() if name in known}
        dtype = self._torch.bfloat16 if precision == "bf16" else self._torch.float32
        try:
            pipeline = kind.from_pretrained(
                str(found.folder), use_safetensors=True, local_files_only=True, torch_dtype=dtype, **less
            )
        except Exception as error:  # three libraries read the parts, each with errors of its own
            raise JudgmentError(f"model {found.name} cannot be loaded: {_first_line(error)}") from error
        if safety and getattr(pipeline, "safety_checker", None) is None:
            raise JudgmentError(
                f"model {found.name} has no safety checker; to draw without one, say so (--no-safety-checker), and look "
                "at every image before you show it"
            )
        pipeline.set_progress_bar_config(disable=True)
        return pipeline.to(self._device)


def _drawn(values: NDArray[np.float32], flagged: bool, checked: bool) -> Drawn:
    """``values``: float (h, w, 3) in [0, 1]."""
    safety = ("flagged" if flagged else "passed") if checked else "not checked"
    whole = bool(np.isfinite(values).all())
    pixels = (np.nan_to_num(values).clip(0, 1) * 255).round().astype(np.uint8)
    blank = not whole or bool((pixels == pixels[0, 0]).all())
    return Drawn(pixels, safety, "flagged" if flagged and checked else "blank" if blank else "")


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings, logs and bars of the libraries; what matters comes back as an error."""
    loggers = [
        require(f"{package}.utils.logging", EXTRA, _PURPOSE) for package in ("diffusers", "transformers")
    ]
    levels = [logger.get_verbosity() for logger in loggers]
    for logger in loggers:
        logger.set_verbosity(50)
        logger.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.set_verbosity(level)
            logger.enable_progress_bar()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return printable(lines[0]) if lines else type(error).__name__
