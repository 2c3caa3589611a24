"""Do maps depend on what the network has learned? The same network with its weights shuffled must give others.

Adebayo et al., "Sanity Checks for Saliency Maps" (NeurIPS 2018): some methods draw the edges of the image, whatever
the network. Weights are shuffled within each tensor, so that their sizes stay and what was learned is gone.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import Encoder, EncoderOptions
from lookalike.encoders.onnx import BatchedOnnxEncoder, OnnxEncoder, OnnxNetwork
from lookalike.encoders.onnx_session import Session
from lookalike.errors import ExplainError, MissingDependency, printable
from lookalike.explain.centring import CorpusMean, weights_of
from lookalike.explain.faithfulness_controls import correlation
from lookalike.explain.maps import PairMap
from lookalike.images import ImageLike

Explain = Callable[[ImageLike, ImageLike, Encoder, CorpusMean], PairMap]
"""Makes the maps of a pair, as ``occlusion`` does."""


@dataclass(frozen=True)
class Randomisation:
    """Maps of a network and of the same network with shuffled weights.

    Attributes:
        a, b: correlation of the two maps of either image; near 0 is right, near 1 means that the map shows the image
            and not what the network knows.
    """

    a: float
    b: float

    def to_dict(self) -> dict[str, float]:
        """Plain JSON types."""
        return {"a": self.a, "b": self.b}


def randomisation_check(
    a: ImageLike,
    b: ImageLike,
    encoder: Encoder,
    images: Sequence[ImageLike],
    explain: Explain,
    *,
    seed: int = 0,
) -> Randomisation:
    """Explain a pair with a network and with its shuffled copy, each centred on its own mean of ``images``.

    Args:
        a, b: the pair.
        encoder: a PyTorch or ONNX network.
        images: for the corpus means, at least 20.
        explain: the method, such as :func:`~lookalike.explain.occlusion.occlusion`.
        seed: of the shuffling.

    Raises:
        ExplainError: the encoder has no weights to shuffle, or too few images.
        MissingDependency: an ONNX network, and the package ``onnx`` is not installed.
    """
    maps = []
    for network in (encoder, randomised_encoder(encoder, seed=seed)):
        maps.append(explain(a, b, network, CorpusMean.from_images(images, network)))
    return Randomisation(correlation(maps[0].a_map, maps[1].a_map), correlation(maps[0].b_map, maps[1].b_map))


def randomised_encoder(encoder: Encoder, *, seed: int = 0) -> Encoder:
    """A copy of a network whose weights are shuffled within each tensor of two or more dimensions.

    Biases and the statistics of normalisation layers stay: shuffled too, most networks give one constant vector.

    Args:
        encoder: a PyTorch or ONNX network; it is left as it is.
        seed: of the shuffling.

    Raises:
        ExplainError: another kind of encoder.
        MissingDependency: an ONNX network, and the package ``onnx`` is not installed.
    """
    rng = np.random.default_rng(seed)
    if isinstance(encoder, OnnxEncoder | BatchedOnnxEncoder):
        return _randomised_onnx(encoder, rng, seed)
    if hasattr(encoder, "module"):
        return _randomised_torch(encoder, rng, seed)
    raise ExplainError(
        f"{printable(encoder.card.name)} has no network of its own whose weights could be shuffled; the check is for "
        "PyTorch and ONNX networks"
    )


def _randomised_torch(encoder: Any, rng: np.random.Generator, seed: int) -> Encoder:
    other = copy.copy(encoder)
    other.module = copy.deepcopy(encoder.module)
    if hasattr(encoder, "bases"):
        # Such an encoder reaches its networks by another way than ``module``: both must lead to the copies.
        other.bases = [copy.copy(base) for base in encoder.bases]
        for place, base in enumerate(other.bases):
            base.module = other.module["parents"][place]
    torch = import_module("torch")
    with torch.no_grad():
        for values in other.module.parameters():
            if values.ndim >= 2:
                shuffled = rng.permutation(values.detach().float().cpu().numpy().ravel())
                values.copy_(torch.from_numpy(shuffled).reshape(values.shape).to(values))
    other.card = _shuffled_card(encoder, seed)
    return other  # type: ignore[no-any-return]  # what was copied is an encoder


def _randomised_onnx(
    encoder: OnnxEncoder | BatchedOnnxEncoder, rng: np.random.Generator, seed: int
) -> Encoder:
    try:
        onnx = import_module("onnx")
        numpy_helper = import_module("onnx.numpy_helper")
    except ImportError:
        raise MissingDependency("onnx", "torch", "shuffling the weights of an ONNX network") from None
    path = weights_of(encoder) or Path(encoder.card.name)
    try:
        model = onnx.load(str(path))
    except OSError as error:
        raise ExplainError(
            f"{printable(str(path))}: the network cannot be read again: {error.strerror or error}"
        ) from error
    for tensor in model.graph.initializer:
        values: NDArray[Any] = numpy_helper.to_array(tensor)
        if values.ndim >= 2 and (values.dtype.kind == "f" or values.dtype in (np.int8, np.uint8)):
            shuffled = rng.permutation(values.ravel()).reshape(values.shape)
            tensor.CopyFrom(numpy_helper.from_array(shuffled, tensor.name))
    with tempfile.TemporaryDirectory(prefix="lookalike-shuffled-") as folder:
        place = Path(folder) / "shuffled.onnx"
        onnx.save(model, str(place))
        runtime = encoder.network.session
        chosen = EncoderOptions(providers=(runtime.provider,)) if isinstance(runtime, Session) else None
        session = Session(place, chosen or EncoderOptions())
        network = OnnxNetwork(session, encoder.network.card, place)
    card = _shuffled_card(encoder, seed)
    if isinstance(encoder, OnnxEncoder):
        return OnnxEncoder(network, card, encoder.threads)
    return BatchedOnnxEncoder(network, card)


def _shuffled_card(encoder: Encoder, seed: int) -> Any:
    """A card of its own, so that no mean and no cached vector of the trained network is taken for the copy's."""
    card = encoder.card
    return replace(
        card,
        name=f"{card.name} (weights shuffled)",
        sha256=f"{card.sha256}-shuffled-{seed}",
        title=f"{card.title or card.name}, weights shuffled",
    )
