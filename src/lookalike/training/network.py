"""What is trained as a whole: backbone (or nothing, where features come in), head, and how both are saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lookalike.encoders.base import Encoder, EncoderCard
from lookalike.encoders.fitted import Hashes, joined
from lookalike.encoders.registry import EncoderOptions
from lookalike.encoders.trained_card import Parent
from lookalike.training.adapters import (
    LinearHead,
    MlpHead,
    apply_lora,
    full,
    last_layers,
    load_trained,
    trained_state,
)
from lookalike.training.backbones import Backbone, open_frozen, open_parts, prepared
from lookalike.training.pytorch import Tensor, functional, nn, torch
from lookalike.training.recipe import Recipe
from lookalike.training.recipe_check import is_frozen

WORTH_SHARING = 0.7
"""Share of distinct rows in a batch of features below which only these are computed."""


LOOKED_AT = 64
"""About so many numbers of a row are compared first."""


class Network(nn.Module):
    """Network inputs (pixels (b, 3, h, w), or features (b, f)) -> embeddings (b, dim), not normalised.

    Args:
        backbone: what turns pixels into features; None where features come in.
        head: what is trained behind it; None for nothing.
        dim: length of an embedding.
        features: how features are handed to the head where there is no backbone.
    """

    def __init__(
        self, backbone: Backbone | None, head: nn.Module | None, dim: int, features: str = "raw"
    ) -> None:
        super().__init__()
        self.backbone, self.head, self.dim, self.features = backbone, head, dim, features

    def forward(self, inputs: Tensor) -> Tensor:
        if self.backbone is None and self._shareable():
            return self._once_each(inputs)
        return self._whole(inputs)

    def untouched(self, inputs: Tensor) -> Tensor:
        """What the encoder gives without a head (before training: the frozen encoder)."""
        return prepared(inputs, self.features) if self.backbone is None else self.backbone(inputs)

    def set_training(self) -> None:
        """Training mode for what is trained entirely and for LoRA; the rest stays in evaluation mode.

        So dropout acts only where something is learned, and batch norms that are not trained keep their statistics.
        """
        self.eval()
        for module in self.modules():
            parameters = list(module.parameters())
            if (parameters and all(p.requires_grad for p in parameters)) or hasattr(module, "lora_A"):
                module.train()

    def trained_state(self) -> dict[str, Tensor]:
        """Copies of all that training changes, by name within this module."""
        return trained_state(self)

    def load_trained(self, state: Mapping[str, Tensor]) -> None:
        """Put a :meth:`trained_state` back."""
        load_trained(self, state)

    def _whole(self, inputs: Tensor) -> Tensor:
        found = self.untouched(inputs)
        if self.head is None:
            return found
        result: Tensor = self.head(found)
        return result

    def _shareable(self) -> bool:
        """Whether equal inputs give equal outputs: dropout would treat each its own way."""
        return not any(m.training and m.p > 0 for m in self.modules() if isinstance(m, nn.Dropout))

    def _once_each(self, inputs: Tensor) -> Tensor:
        """Equal rows are computed once: judgments show the same few images again and again."""
        groups = _equal_rows(inputs)
        if groups is None:
            return self._whole(inputs)
        first, inverse = groups
        return functional.embedding(inverse, self._whole(inputs[first]))


@dataclass(frozen=True)
class Opened:
    """What a recipe's encoder and adapter sections stand for.

    Attributes:
        network: to be trained.
        card: how images are prepared for it.
        frozen: the encoder whose embeddings are its inputs; None where pixels are.
        parents: what the run's card says.
        features: how a head is given features, for the run's card.
        fitted_pairs: hashes of the human judgments that the encoders had learned from already, or None.
    """

    network: Network
    card: EncoderCard
    frozen: Encoder | None
    parents: tuple[Parent, ...]
    features: str
    fitted_pairs: Hashes | None = None


def open_network(recipe: Recipe, device: str = "cpu") -> Opened:
    """Load the encoders and put the adapter on; random numbers come from PyTorch's global generator.

    Raises:
        RecipeError: encoder and adapter do not fit.
        EncoderError: an encoder cannot be had.
    """
    names, adapter, options = recipe.encoder.names, recipe.adapter, EncoderOptions(device=device)
    if is_frozen(recipe):
        features = recipe.encoder.features or "normalized"
        frozen, parents = open_frozen(names, options, weights=recipe.encoder.weight_files, features=features)
        dim = frozen.card.dim
        head: nn.Module = (
            MlpHead(dim, adapter.hidden, adapter.dropout)
            if adapter.kind == "mlp"
            else LinearHead(dim, adapter.out)
        )
        long = dim if adapter.kind == "mlp" else adapter.out or dim
        network = Network(None, head, long, features if len(names) == 1 else "raw")
        return Opened(network, frozen.card, frozen, tuple(parents), features, frozen.fitted_pairs)
    features = recipe.encoder.features or "raw"
    parts = open_parts(names, options, weights=recipe.encoder.weight_files, new_last=recipe.encoder.new_last)
    backbone = Backbone(parts, features)
    for part in backbone.networks:
        if adapter.kind == "lora":
            apply_lora(part, adapter.rank, adapter.alpha, adapter.dropout, adapter.targets)
        elif adapter.kind == "last-layers":
            last_layers(part, adapter.layers)
        else:
            full(part)
    network = Network(backbone, None, backbone.dim)
    known = joined(part.encoder.fitted_pairs for part in parts)
    return Opened(network, backbone.card, None, tuple(part.parent for part in parts), features, known)


def start_from_pca(opened: Opened, recipe: Recipe, features: Any) -> None:
    """A linear head as the principal components of the training images' features float32 (N, d), where asked."""
    if recipe.adapter.kind == "linear" and recipe.adapter.pca and opened.frozen is not None:
        vectors = prepared(torch.as_tensor(features), opened.network.features)
        opened.network.head = LinearHead.from_pca(vectors, opened.network.dim, recipe.adapter.whiten)


def encoder_tensors(network: Network, output: nn.Module | None = None) -> dict[str, Tensor]:
    """What was trained, by the names of :mod:`lookalike.encoders.trained_card`.

    Args:
        network: trained.
        output: a linear layer that belongs behind it (hashing); a linear head is multiplied into it.
    """
    state = network.trained_state()
    several = network.backbone is not None and len(network.backbone.networks) > 1
    named: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name.startswith("backbone.networks."):
            number, _, rest = name.removeprefix("backbone.networks.").partition(".")
            named[f"backbones.{number}.{rest}" if several else f"backbone.{rest}"] = tensor
        else:
            named[name] = tensor
    if output is not None:
        named.update(_with_output(named, output))
    return named


def _with_output(named: Mapping[str, Tensor], output: nn.Module) -> dict[str, Tensor]:
    layer = next(module for module in output.modules() if isinstance(module, nn.Linear))
    weight = layer.weight.detach().cpu().double()
    bias = (
        torch.zeros(len(weight), dtype=torch.float64)
        if layer.bias is None
        else layer.bias.detach().cpu().double()
    )
    if "head.layer.weight" in named:
        bias = bias + weight @ named["head.layer.bias"].double()
        weight = weight @ named["head.layer.weight"].double()
    return {"head.layer.weight": weight.float().contiguous(), "head.layer.bias": bias.float().contiguous()}


def _equal_rows(rows: Tensor) -> tuple[Tensor, Tensor] | None:
    """(one row of each kind (u,), which kind each row is (n,)), or None where nearly all differ."""
    if rows.ndim != 2 or rows.dtype != torch.float32 or len(rows) < 2:
        return None
    # The bits of some of a row's numbers, multiplied by fixed odd ones and added up: whole numbers, so that equal rows
    # give equal sums. Whether rows with equal sums are equal indeed is looked at below.
    some = rows.detach()[:, :: max(1, rows.shape[1] // LOOKED_AT)].contiguous()
    sums = (some.view(torch.int32).long() * _factors(some.shape[1]).to(rows.device)).sum(dim=1)
    kinds, inverse = torch.unique(sums, return_inverse=True)
    if len(kinds) > WORTH_SHARING * len(rows):
        return None
    first = torch.full((len(kinds),), len(rows), dtype=torch.long, device=rows.device)
    first = first.scatter_reduce(0, inverse, torch.arange(len(rows), device=rows.device), "amin")
    return (first, inverse) if torch.equal(rows[first][inverse], rows) else None


def _factors(count: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(1, 1 << 40, (count,), generator=generator) * 2 + 1


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; every module's own mode is restored."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
