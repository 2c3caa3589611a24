"""Networks that are trained, and frozen encoders whose features are learned from.

A trained backbone is the PyTorch network of an encoder, with the pooling that its name says; a frozen one is any
encoder at all, whose embeddings are computed once and cached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lookalike.encoders.base import Encoder, EncoderCard
from lookalike.encoders.fitted import joined
from lookalike.encoders.registry import EncoderOptions, load_encoder
from lookalike.encoders.torch_base import TorchEncoder
from lookalike.encoders.trained import fingerprint_of
from lookalike.encoders.trained_card import Parent
from lookalike.encoders.trained_file import read_fitted
from lookalike.encoders.trained_torch import load_scratch
from lookalike.encoders.weights import complain, read_state_dict
from lookalike.errors import RecipeError, printable
from lookalike.training.backbones_frozen import JointEncoder, as_computed
from lookalike.training.pytorch import Tensor, functional, nn, torch

SCRATCH = "net:"
LAST = "project."
"""The layer of a ``net:`` network whose rows are the embedding's numbers."""


@dataclass(frozen=True)
class Part:
    """One encoder of a run.

    Attributes:
        parent: what the run's card says about it.
        encoder: as it was loaded; its weights are the untouched ones until training begins.
    """

    parent: Parent
    encoder: Encoder


class Backbone(nn.Module):
    """One network, or several side by side: pixels (b, 3, h, w), prepared as ``card`` says -> (b, d).

    Several networks must look at images of one size, cut out alike; their own means and deviations may differ.

    Args:
        parts: encoders that run in PyTorch. Their networks become this module's ``networks`` and are changed by
            training in place.
        features: ``raw``, ``normalized`` or ``centred``: how each network's output is handed on.

    Attributes:
        card: of the first network, with the length of all.
        dim: d.

    Raises:
        RecipeError: an encoder is no PyTorch network, or two look at different cut-outs.
    """

    def __init__(self, parts: Sequence[Part], features: str = "raw") -> None:
        super().__init__()
        self.encoders = [_in_torch(part) for part in parts]
        self.networks = nn.ModuleList([encoder.module for encoder in self.encoders])
        self.features = features
        first = self.encoders[0].card
        for other in self.encoders[1:]:
            _same_cut_out(first, other.card)
        self.dim = sum(encoder.card.dim for encoder in self.encoders)
        self.card = replace(first, dim=self.dim)

    def forward(self, images: Tensor) -> Tensor:
        found = [prepared(self._one(encoder, images), self.features) for encoder in self.encoders]
        return found[0] if len(found) == 1 else torch.cat(found, dim=1)

    def _one(self, encoder: TorchEncoder, images: Tensor) -> Tensor:
        vectors: Tensor = encoder._forward(_rescaled(images, self.card, encoder.card))
        return vectors


def open_backbone(
    names: str | Sequence[str],
    options: EncoderOptions | None = None,
    *,
    weights: Sequence[str | None] = (),
    features: str = "raw",
) -> Backbone:
    """The network of one or several encoders, gradients allowed once an adapter asks for them.

    Args:
        names: ``timm:``, ``torchvision:``, ``open_clip:`` encoders or one ``net:`` network.
        options: device; precision is ignored (training decides).
        weights: a file for each name, None for the published ones. For ``net:``, the weights of an earlier run
            (``weights.safetensors``) to begin with.
        features: see :class:`Backbone`.

    Raises:
        RecipeError: a name is no PyTorch network, or two do not fit together.
        EncoderError: it cannot be loaded.
        MissingDependency: a package is missing.
    """
    parts = open_parts(names, options, weights=weights)
    return Backbone(parts, features)


def open_frozen(
    names: str | Sequence[str],
    options: EncoderOptions | None = None,
    *,
    weights: Sequence[str | None] = (),
    features: str = "normalized",
) -> tuple[Encoder, list[Parent]]:
    """Any encoder, to learn from its embeddings.

    Args:
        names: of one encoder of any kind, or of several PyTorch ones whose embeddings are put side by side.
        options: device.
        weights: a file for each name.
        features: ``raw`` gives a PyTorch network's output as it is; else embeddings are as
            :meth:`~lookalike.encoders.base.Encoder.embed` gives them (several: each at unit length, and centred
            where asked).

    Returns:
        (encoder for cached embeddings, what the run's card says of its parents).
    """
    parts = open_parts(names, options, weights=weights)
    parents = [part.parent for part in parts]
    if len(parts) == 1:
        encoder = parts[0].encoder
        return (as_computed(encoder) if features == "raw" else encoder), parents
    return JointEncoder([_in_torch(part) for part in parts], features), parents


def open_parts(
    names: str | Sequence[str],
    options: EncoderOptions | None = None,
    *,
    weights: Sequence[str | None] = (),
    new_last: bool = False,
) -> list[Part]:
    """The encoders, each with what a card says of it.

    Args:
        names: of encoders.
        options: how to load them.
        weights: a file for each name.
        new_last: the last layer of ``net:`` networks is left out of their weights and begins anew, for embeddings of another
            length.
    """
    listed = [names] if isinstance(names, str) else list(names)
    files = [*weights, *[None] * (len(listed) - len(weights))]
    options = options or EncoderOptions()
    return [_part(name, file, options, new_last) for name, file in zip(listed, files, strict=True)]


def prepared(vectors: Tensor, features: str) -> Tensor:
    """Embeddings (b, d) as a head takes them: ``raw``, ``normalized`` or ``centred`` (``trained_card.FEATURES``)."""
    if features == "raw":
        return vectors
    unit = functional.normalize(vectors, dim=1)
    return unit if features == "normalized" else unit - unit.mean(dim=1, keepdim=True)


def _part(name: str, file: str | None, options: EncoderOptions, new_last: bool) -> Part:
    weights = Path(file) if file else None
    if name.startswith(SCRATCH):
        encoder = load_scratch(name, replace(options, precision="fp32"))
        if weights is not None:
            _begin_with(encoder.module, weights, name, new_last)
            encoder.fitted_pairs = read_fitted(weights)  # goes on to be what it learned from
        return Part(Parent(name), encoder)
    loaded = load_encoder(name, replace(options, weights=weights, precision="fp32"))
    if weights is not None:
        loaded.fitted_pairs = joined([loaded.fitted_pairs, read_fitted(weights)])
    return Part(Parent(name, fingerprint_of(loaded.card), file), loaded)


def _begin_with(module: nn.Module, path: Path, name: str, new_last: bool) -> None:
    """Weights of an earlier run into a network from scratch; its last layer, where wanted, begins anew."""
    state = {key.removeprefix("backbone."): value for key, value in read_state_dict(path).items()}
    wanted = {
        key: value for key, value in module.state_dict().items() if not key.endswith("num_batches_tracked")
    }
    if new_last:
        wanted = {key: value for key, value in wanted.items() if not key.startswith(LAST)}
    missing = [key for key in wanted if key not in state]
    extra = [key for key in state if key not in module.state_dict() and not key.startswith("head.")]
    wrong = [key for key in wanted if key in state and state[key].shape != wanted[key].shape]
    complain(path, name, missing, extra, wrong)
    module.load_state_dict({key: state[key] for key in wanted}, strict=False)


def _in_torch(part: Part) -> TorchEncoder:
    if not isinstance(part.encoder, TorchEncoder):
        raise RecipeError(
            f"encoder {printable(part.parent.spec)} is no PyTorch network, so it can neither be trained itself nor be "
            "joined with others; use adapter.kind = 'mlp' or 'linear' on it alone"
        )
    return part.encoder


def _same_cut_out(first: EncoderCard, other: EncoderCard) -> None:
    """Images are cut out once for all networks of an ensemble."""
    cut = [
        (card.input_size, how.resize, how.interpolation, how.crop_fraction if how.resize == "crop" else 1.0)
        for card in (first, other)
        for how in (card.preprocessing,)
    ]
    if cut[0] != cut[1]:
        raise RecipeError(
            f"encoder.name: {other.name} looks at {_shown(other)}, {first.name} at {_shown(first)}; networks trained "
            "jointly must look at one cut-out: add ?size=224&resize=squash&interpolation=bicubic to both names"
        )


def _shown(card: EncoderCard) -> str:
    how = card.preprocessing
    return f"{card.input_size[0]} x {card.input_size[1]} ({how.resize}, {how.interpolation}, {how.crop_fraction:g})"


def _rescaled(images: Tensor, given: EncoderCard, wanted: EncoderCard) -> Tensor:
    """A batch scaled by one card's mean and deviation -> by another's."""
    first, other = given.preprocessing, wanted.preprocessing
    if (first.mean, first.std) == (other.mean, other.std):
        return images
    mean, std, other_mean, other_std = (
        images.new_tensor(values).view(1, 3, 1, 1)
        for values in (first.mean, first.std, other.mean, other.std)
    )
    return (images * std + mean - other_mean) / other_std
