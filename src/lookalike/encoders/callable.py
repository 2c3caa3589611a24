"""A user's own function as an encoder: what takes a batch of images and gives one row for each."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, EncoderCard, Preprocessing, check_finite
from lookalike.encoders.preprocess import to_network
from lookalike.errors import EncoderError, InvalidArgument, LookalikeError
from lookalike.images import resize

BatchFunction = Callable[[NDArray[Any]], Any]
"""uint8 (n, h, w, 3) or float32 (n, 3, h, w) -> (n, d): a NumPy array or what ``numpy.asarray`` takes."""


class CallableEncoder(Encoder):
    """Any Python function as an encoder, ready for every benchmark.

    ::

        def mean_colour(images):                        # uint8 (n, 64, 64, 3)
            return images.mean(axis=(1, 2))             # (n, 3)

        encoder = CallableEncoder(mean_colour, name="mean colour", input_size=(64, 64))
        bench_pairs("pairs/", [encoder])

    A function has no fingerprint: its embeddings are not kept on disk unless ``version`` names what it computes.

    Args:
        function: takes a batch of at most ``batch_size`` images, returns one row of numbers for each.
        name: how reports call it.
        input_size: (height, width) that images are resized to.
        preprocessing: how they are resized; its mean and standard deviation are used when ``pixels`` is float32.
        pixels: what the function gets: ``uint8``: RGB (n, h, w, 3) in 0..255; ``float32``: (n, 3, h, w),
            ``(x / 255 - mean) / std``, as networks want it.
        version: anything that changes whenever the function's numbers do; with it, embeddings are kept in the cache.
        normalized: scale each row to unit length.
        batch_size: images of one call.

    Raises:
        EncoderError: tried on two images of noise, the function failed or gave something other than two rows of finite
            numbers.
        InvalidArgument: an empty name, or sizes below 1.
    """

    def __init__(
        self,
        function: BatchFunction,
        *,
        name: str = "own function",
        input_size: tuple[int, int] = (224, 224),
        preprocessing: Preprocessing | None = None,
        pixels: Literal["uint8", "float32"] = "uint8",
        version: str | int | None = None,
        normalized: bool = True,
        batch_size: int = 32,
    ) -> None:
        if not name.strip() or batch_size < 1 or min(input_size) < 1:
            raise InvalidArgument(
                f"a CallableEncoder needs a name, sides and a batch of at least 1; got name {name!r}, input_size "
                f"{input_size}, batch_size {batch_size}"
            )
        if pixels not in ("uint8", "float32"):
            raise InvalidArgument(f"pixels is uint8 or float32, got {pixels!r}")
        self.function = function
        self.pixels = pixels
        self.batch_size = batch_size
        self.cacheable = version is not None
        """False: nobody can know whether the function still computes the same numbers, so nothing is kept on disk."""
        identity = {"name": name, "version": str(version) if self.cacheable else uuid.uuid4().hex}
        self.card = EncoderCard(
            name=name,
            dim=0,
            input_size=input_size,
            preprocessing=preprocessing or Preprocessing(),
            normalized=normalized,
            source="a Python function",
            sha256=hashlib.sha256(json.dumps(identity).encode()).hexdigest(),
            details={"pixels": pixels},
            title=name,
        )
        noise = np.random.default_rng(0).integers(0, 256, (2, *input_size, 3), dtype=np.uint8)
        tried = self._call(list(noise))
        check_finite(tried, name, ["noise", "noise"])
        self.card = replace(self.card, dim=tried.shape[1])

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self._call(pixels)

    def _call(self, pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """The function on one batch, and a look at what it gave: float32 (n, d).

        That it is finite :meth:`embed` sees, which knows the images' names.
        """
        batch = np.stack([self._prepare(image) for image in pixels])
        who = f"encoder {self.card.name}: the function"
        try:
            given = self.function(batch)
        except LookalikeError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())
            raise EncoderError(f"{who} failed with {type(error).__name__}: {reason}") from error
        try:
            rows = np.asarray(given, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise EncoderError(
                f"{who} returned {type(given).__name__}, which is no array of numbers; return (n, d) numbers"
            ) from error
        wanted = f"(n, {self.card.dim})" if self.card.dim else "(n, d)"
        if (
            rows.ndim != 2
            or len(rows) != len(pixels)
            or 0 in rows.shape
            or self.card.dim not in (0, rows.shape[1])
        ):
            raise EncoderError(
                f"{who} returned shape {rows.shape} for {len(pixels)} images; it must be {wanted}"
            )
        return rows

    def _prepare(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        if self.pixels == "float32":
            return to_network(image, self.card)
        how = self.card.preprocessing
        return resize(
            image,
            self.card.input_size,
            policy=how.resize,
            interpolation=how.interpolation,
            antialias=how.antialias,
            crop_fraction=how.crop_fraction,
        )
