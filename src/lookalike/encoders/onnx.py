"""``onnx:PATH``: any ONNX network with a card beside it, run by ONNX Runtime, or by OpenVINO where its name says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, EncoderCard
from lookalike.encoders.onnx_card import OnnxCard
from lookalike.encoders.onnx_find_card import find_card
from lookalike.encoders.onnx_name import RuntimeChoice, split_runtime
from lookalike.encoders.onnx_session import Runtime, Session, first_line
from lookalike.encoders.onnx_weights import weights_of
from lookalike.encoders.parallel import PerImageEncoder
from lookalike.encoders.preprocess import to_network
from lookalike.encoders.registry import EncoderOptions
from lookalike.errors import EncoderCardError, WeightsNotFound, printable


def load(argument: str, options: EncoderOptions) -> Encoder:
    """``onnx:PATH`` or ``onnx:PATH?runtime=openvino&precision=bf16`` -> a loaded encoder; see :mod:`.onnx_name`.

    The path may also come as ``options.weights``.

    Raises:
        WeightsNotFound: no such file, or not an ONNX file.
        EncoderCardError: no card, or a wrong one.
        InvalidArgument: an option, provider, device or precision that is not there.
        MissingDependency: OpenVINO was asked for and is not installed.
    """
    if not argument and options.weights is None:
        raise WeightsNotFound("onnx: needs the path of an ONNX file; write onnx:PATH")
    given, choice = split_runtime(argument or str(options.weights), options)
    path = Path(given).expanduser().absolute()
    session = _session(path, choice, options)
    sha256, size_bytes = weights_of(path)
    network = OnnxNetwork(session, find_card(path, sha256, session.graph), path)
    card = network.encoder_card(f"onnx:{path}{choice.suffix}", sha256, size_bytes)
    if session.rounds_apart:  # vectors of other numbers must not be taken for the same
        card = replace(
            card, details={**card.details, "precision": choice.precision, "runtime": choice.runtime}
        )
    encoder = (
        OnnxEncoder(network, card, options.threads) if session.on_cpu else BatchedOnnxEncoder(network, card)
    )
    encoder.fitted_pairs = network.card.fitted_pairs
    return encoder


def _session(path: Path, choice: RuntimeChoice, options: EncoderOptions) -> Runtime:
    if choice.runtime == "openvino":
        from lookalike.encoders.onnx_openvino import OpenVinoSession

        return OpenVinoSession(path, options, choice.precision)
    return Session(path, options)


class OnnxNetwork:
    """A session and its card: image batches in, vectors and feature maps out.

    Raises:
        EncoderCardError: the network refuses the card's size, or an output has a shape that makes no vector.
    """

    def __init__(self, session: Runtime, card: OnnxCard, path: Path) -> None:
        self.session = session
        self.card = card
        self.where = printable(str(path))
        blank = np.zeros((1, 3, *card.size), dtype=np.float32)
        self.dim = self._vectors(self._try(blank, card.embedding)).shape[1]
        self.map_shape: tuple[int, int, int] | None = None
        if card.feature_map is not None:
            _, rows, columns, depth = self._maps(self._try(blank, card.feature_map)).shape
            self.map_shape = (rows, columns, depth)

    def embed(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (n, 3, h, w) -> (n, d)."""
        return self._vectors(self._run(batch, self.card.embedding))

    def feature_map(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (n, 3, h, w) -> (n, h', w', d); only where the card names a feature map."""
        return self._maps(self._run(batch, str(self.card.feature_map)))

    def encoder_card(self, name: str, sha256: str, size_bytes: int) -> EncoderCard:
        """What :class:`~lookalike.encoders.base.Encoder` shows of this network."""
        card = self.card
        return EncoderCard(
            name=name,
            dim=self.dim,
            input_size=card.size,
            preprocessing=card.preprocessing,
            normalized=card.normalize,
            feature_map=self.map_shape,
            licence=card.licence,
            source=card.source,
            training_data=card.training_data,
            size_bytes=size_bytes,
            sha256=sha256,
            details={"output": card.embedding, "layout": card.layout, "pooling": card.pooling},
            title=card.name,
        )

    def _run(self, batch: NDArray[np.float32], output: str) -> NDArray[np.float32]:
        if self.card.layout == "NHWC":
            batch = np.ascontiguousarray(batch.transpose(0, 2, 3, 1))
        return self.session.run(batch, output)

    def _try(self, blank: NDArray[np.float32], output: str) -> NDArray[np.float32]:
        try:
            return self._run(blank, output)
        except Exception as error:  # ONNX Runtime's exceptions share no class below Exception
            size = list(self.card.size)
            raise EncoderCardError(
                f"{self.where}: size: the network fails on {size}: {first_line(error)}"
            ) from error

    def _vectors(self, given: NDArray[np.float32]) -> NDArray[np.float32]:
        """The embedding output as (n, d): pooled as the card says, and without dimensions of length 1."""
        pooling, channels_first = self.card.pooling, self.card.layout == "NCHW"
        if pooling == "cls" and given.ndim == 3:
            return np.asarray(given[:, 0])
        if pooling == "mean" and given.ndim == 3:
            return np.asarray(given.mean(axis=1))
        if pooling == "mean" and given.ndim == 4:
            return np.asarray(given.mean(axis=(2, 3) if channels_first else (1, 2)))
        flat = given.reshape(len(given), -1)
        if given.ndim < 2 or flat.shape[1] != max(given.shape[1:]):
            raise EncoderCardError(
                f"{self.where}: outputs.embedding: {self.card.embedding} has the shape "
                f"{list(given.shape)}, "
                'wanted one vector for each image; name another output or set "pooling" to "mean" ("cls" '
                "takes the first token)"
            )
        return flat

    def _maps(self, given: NDArray[np.float32]) -> NDArray[np.float32]:
        """The feature map output as (n, h, w, d)."""
        if given.ndim != 4:
            raise EncoderCardError(
                f"{self.where}: outputs.feature_map: {self.card.feature_map} has the shape "
                f"{list(given.shape)}, wanted four dimensions; leave feature_map out"
            )
        return given.transpose(0, 2, 3, 1) if self.card.layout == "NCHW" else given


class OnnxEncoder(PerImageEncoder):
    """On the CPU: one image at a time on one core, several at once in threads; see :class:`Session`."""

    def __init__(self, network: OnnxNetwork, card: EncoderCard, threads: int | None = None) -> None:
        super().__init__(threads)
        self.network = network
        self.card = card

    def _embed_one(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        batch = to_network(pixels, self.card)[np.newaxis]
        return self.network.embed(batch).reshape(-1)

    def _feature_map_one(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        batch = to_network(pixels, self.card)[np.newaxis]
        return np.asarray(self.network.feature_map(batch)[0])


class BatchedOnnxEncoder(Encoder):
    """On CUDA and other accelerators: real batches, one call at a time."""

    def __init__(self, network: OnnxNetwork, card: EncoderCard) -> None:
        self.network = network
        self.card = card
        self.batch_size = 32 if network.session.any_batch else 1

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self.network.embed(self._stack(pixels))[: len(pixels)]

    def _feature_map(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        starts = range(0, len(pixels), self.batch_size)
        batches = (pixels[start : start + self.batch_size] for start in starts)
        maps = [self.network.feature_map(self._stack(batch))[: len(batch)] for batch in batches]
        return np.asarray(np.concatenate(maps))

    def _stack(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """A whole batch, filled up with zeros: another batch size may choose another kernel, with other last digits."""
        batch = np.zeros((self.batch_size, 3, *self.card.input_size), dtype=np.float32)
        for row, one in enumerate(pixels):
            batch[row] = to_network(one, self.card)
        return batch
