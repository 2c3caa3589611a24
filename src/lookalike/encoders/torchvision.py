"""Networks of torchvision, penultimate layer: ``torchvision:NAME``.

The eight networks of the Totally-Looks-Like paper (Rosenfeld, Solbach, Tsotsos 2018, section 4) are
:data:`TLL_NETWORKS`. The penultimate layer is the input of the last linear layer: for AlexNet and VGG the
4,096 numbers after the second fully connected layer and its ReLU, for ResNet and DenseNet the average-pooled
map. Every other classifier of torchvision that ends in a linear layer works the same way.

Preprocessing is that of the published weights ``IMAGENET1K_V1``; options of
:mod:`lookalike.encoders.network_options` (``resize=squash``, ...) behind ``?`` replace it.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from typing import Any, cast

from lookalike.encoders.base import EncoderCard, Preprocessing
from lookalike.encoders.network_options import no_more_options, override_preprocessing, split_options
from lookalike.encoders.registry import EncoderOptions
from lookalike.encoders.torch_base import TorchEncoder, require, tokens_to_grid
from lookalike.encoders.weights import CLASSIFIERS, load_weights, read_state_dict
from lookalike.encoders.weights_source import WantedWeights, find_weights
from lookalike.errors import NoSuchOutput, UnknownEncoder
from lookalike.images.files import file_sha256

TLL_NETWORKS = (
    "alexnet",
    "vgg16",
    "resnet18",
    "resnet50",
    "resnet152",
    "densenet121",
    "densenet169",
    "densenet201",
)

SPATIAL = ("layer4", "trunk_output", "features", "blocks", "encoder")
"""Where torchvision's families keep their last spatial layer; the first that exists is used."""


class TorchvisionEncoder(TorchEncoder):
    """A torchvision classifier without its last linear layer.

    Args:
        module: the whole classifier; its last linear layer is taken off (kept in :attr:`classifier`).
        card: what is known about it; ``dim`` and ``feature_map`` are measured.
        options: device, precision and threads.

    Raises:
        UnknownEncoder: the network does not end in a linear layer.
    """

    def __init__(self, module: Any, card: EncoderCard, options: EncoderOptions | None = None) -> None:
        torch = require("torch", "torch", f"encoder {card.name}")
        name = last_linear(module, card.name)
        self.classifier = module.get_submodule(name)
        parent, _, attribute = name.rpartition(".")
        setattr(module.get_submodule(parent), attribute, torch.nn.Identity())
        self._local: Any = None
        super().__init__(module, card, options)
        spatial = next((part for part in SPATIAL if hasattr(module, part)), None)
        self._kind = type(module).__name__
        if spatial:
            module.get_submodule(spatial).register_forward_hook(self._keep)
        self._measure()

    def _keep(self, _module: Any, _arguments: Any, output: Any) -> None:
        self._local = output

    def _spatial(self, batch: Any) -> Any:
        self.module(batch)
        local, self._local = self._local, None
        if local is None:
            raise NoSuchOutput(f"encoder {self.card.name} has no feature map")
        if local.ndim == 3:
            return tokens_to_grid(local, 1)
        if self._kind == "SwinTransformer":
            return self.module.norm(local)
        local = local.permute(0, 2, 3, 1)
        # DenseNet applies its last ReLU outside of `features`, before pooling.
        return local.relu() if self._kind == "DenseNet" else local

    def _forward(self, batch: Any) -> Any:
        vector = self.module(batch)
        self._local = None
        return vector


def load(argument: str, options: EncoderOptions) -> TorchvisionEncoder:
    """The encoder ``torchvision:argument``.

    Raises:
        UnknownEncoder: torchvision has no classifier of that name, or it does not end in a linear layer.
        InvalidArgument: an option behind ``?`` makes no sense.
        WeightsNotFound: its weights are neither here nor to be had.
        EncoderCardError: the weights file belongs to another network.
        MissingDependency: torchvision or torch is not installed.
    """
    require("torch", "torch", f"encoder torchvision:{argument}")
    name, preprocessing = _parse(argument)
    path = find_weights(wanted_weights(argument), options.weights)
    state = _modern_names(name, read_state_dict(path))
    module = build(name)
    classifier = last_linear(module, f"torchvision:{argument}")
    for end in ("weight", "bias"):
        # The classifier is cut off below: it may have any number of classes, or be absent from the file.
        state[f"{classifier}.{end}"] = module.state_dict()[f"{classifier}.{end}"]
    load_weights(module, state, path, f"torchvision:{name}", CLASSIFIERS)
    card = make_card(f"torchvision:{argument}", name, preprocessing)
    return TorchvisionEncoder(
        module, replace(card, sha256=file_sha256(path), size_bytes=path.stat().st_size), options
    )


def wanted_weights(argument: str) -> WantedWeights:
    """The published weights of ``torchvision:argument``.

    Raises:
        UnknownEncoder: torchvision has no classifier of that name.
    """
    name, _ = _parse(argument)
    url = _published(name).url
    digest = re.search(r"-([0-9a-f]{8,})\.\w+$", url)
    return WantedWeights(f"torchvision:{argument}", url=url, sha256_start=digest.group(1) if digest else "")


def build(name: str) -> Any:
    """torchvision's classifier of that name with random weights."""
    models = require("torchvision.models", "torch", f"encoder torchvision:{name}")
    # VGG, GoogLeNet and Inception spend seconds on an initialisation that the weights then overwrite.
    slow = name.startswith(("vgg", "googlenet", "inception"))
    settings: dict[str, Any] = {"init_weights": False} if slow else {}
    if name.startswith(("googlenet", "inception")):
        settings |= {"aux_logits": False, "transform_input": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return models.get_model(name, weights=None, **settings)


def make_card(encoder: str, name: str, options: dict[str, str] | None = None) -> EncoderCard:
    """Card of a torchvision network, without weights; the encoder measures dimension and feature map."""
    weights = _published(name)
    how = weights.transforms()
    (crop,), (resize,) = how.crop_size, how.resize_size
    base = Preprocessing(
        resize="crop",
        interpolation=how.interpolation.value,
        antialias=bool(how.antialias),
        mean=cast(Any, tuple(how.mean)),
        std=cast(Any, tuple(how.std)),
        crop_fraction=crop / resize,
    )
    preprocessing, size, rest = override_preprocessing(base, (crop, crop), options or {})
    no_more_options(encoder, rest)
    return EncoderCard(
        name=encoder,
        dim=0,
        input_size=size,
        preprocessing=preprocessing,
        licence=weights.meta.get("license", "BSD-3-Clause"),
        source=f"torchvision, {weights.url}",
        training_data="ImageNet-1k",
        details={"network": name, "layer": "penultimate"},
    )


def last_linear(module: Any, encoder: str) -> str:
    """Name of the linear layer that ends a classifier.

    Raises:
        UnknownEncoder: it does not end in one (SqueezeNet ends in a convolution).
    """
    torch = require("torch", "torch", f"encoder {encoder}")
    for part in ("fc", "classifier", "head", "heads"):
        if hasattr(module, part):
            name, layer = [*getattr(module, part).named_modules(prefix=part)][-1]
            if isinstance(layer, torch.nn.Linear):
                return str(name)
    raise UnknownEncoder(
        f"encoder {encoder}: the network does not end in a linear layer, so it has no penultimate one"
    )


def _parse(argument: str) -> tuple[str, dict[str, str]]:
    models = require("torchvision.models", "torch", f"encoder torchvision:{argument}")
    name, options = split_options(argument)
    known = models.list_models(module=models)
    if name not in known:
        similar = [other for other in known if name[:5] in other][:5] or TLL_NETWORKS
        raise UnknownEncoder(
            f"torchvision has no classifier called {name!r}; there are: {', '.join(similar)}, ..."
        )
    _, _, rest = override_preprocessing(Preprocessing(), (1, 1), options)
    no_more_options(f"torchvision:{name}", rest)
    return name, options


def _published(name: str) -> Any:
    models = require("torchvision.models", "torch", f"encoder torchvision:{name}")
    published = models.get_model_weights(name)
    return published["IMAGENET1K_V1"] if "IMAGENET1K_V1" in published.__members__ else published.DEFAULT


def _modern_names(name: str, state: dict[str, Any]) -> dict[str, Any]:
    """DenseNet's published files date from when layers were called ``norm.1``, not ``norm1``."""
    if not name.startswith("densenet"):
        return state
    return {
        re.sub(r"(denselayer\d+\.(?:norm|conv))\.(\d)", r"\1\2", key): value for key, value in state.items()
    }
