"""Trained encoders that run in PyTorch: parents with the trained weights in place, LoRA merged, and the head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, EncoderCard
from lookalike.encoders.fitted import joined
from lookalike.encoders.registry import EncoderOptions
from lookalike.encoders.torch_base import TorchEncoder, require
from lookalike.encoders.trained_head import Head
from lookalike.errors import EncoderCardError, EncoderError, NoSuchOutput, printable

if TYPE_CHECKING:
    from lookalike.encoders.trained import TrainedRun

NETWORKS = "lookalike.training.networks:make_network"
"""Who builds a ``net:`` network. Named as the registry names loaders: this room does not import that one."""

_SAME_LAYER = (("qkv.weight", "in_proj_weight"), ("qkv.bias", "in_proj_bias"), ("proj.", "out_proj."))
"""LoRA opens PyTorch's attention: names in a run -> names in the parent."""


class ScratchEncoder(TorchEncoder):
    """A ``net:`` network as an encoder; ``module.forward_map`` gives its feature map where there is one."""

    def __init__(self, module: Any, options: EncoderOptions | None = None) -> None:
        super().__init__(module, module.card, options)

    def _spatial(self, batch: Any) -> Any:
        if not hasattr(self.module, "forward_map"):
            raise NoSuchOutput(f"encoder {self.card.name} has no feature map")
        return self.module.forward_map(batch).permute(0, 2, 3, 1)


class TrainedTorchEncoder(TorchEncoder):
    """One or several parents, each with what training changed, their embeddings side by side, and the head.

    Gradients pass through :meth:`_forward` (not through :meth:`embed`).

    Args:
        run: a run that was read.
        bases: its parents, untouched; they are changed in place.
        options: device, precision and threads.

    Raises:
        EncoderCardError: a trained tensor has no place in the parents, or the head takes another length.
        EncoderError: parents without a PyTorch network, or with different input sizes.
    """

    def __init__(
        self, run: TrainedRun, bases: Sequence[Encoder], options: EncoderOptions | None = None
    ) -> None:
        torch = require("torch", "torch", f"encoder {run.name}")
        self.run = run
        self.bases = [_checked(run, base) for base in bases]
        cards = [base.card for base in self.bases]
        head = torch_head(run.head) if run.head else torch.nn.Identity()
        for position, base in enumerate(self.bases):
            prefix = "backbone." if len(self.bases) == 1 else f"backbones.{position}."
            apply_trained(base.module, _below(run.tuned, prefix), run)
            _refuse_scratch_gaps(run, position, base, prefix)
            if hasattr(base.module, "fuse"):
                base.module = base.module.fuse().requires_grad_(False)
        modules = torch.nn.ModuleDict(
            {"parents": torch.nn.ModuleList([base.module for base in self.bases]), "head": head}
        )
        dim = sum(card.dim for card in cards)
        if run.head and run.head.dim_in != dim:
            raise EncoderCardError(
                f"{printable(str(run.folder))} has a head for {run.head.dim_in} numbers, its parents give {dim}"
            )
        feature_map = cards[0].feature_map if len(cards) == 1 else None
        card = run.encoder_card(cards, run.head.dim if run.head else dim, feature_map)
        super().__init__(modules, card, options)
        self.fitted_pairs = joined([run.fitted_pairs, *(base.fitted_pairs for base in self.bases)])

    def _forward(self, batch: Any) -> Any:
        return self.module["head"](self._features(batch))

    def _features(self, batch: Any) -> Any:
        """Tensor (b, 3, h, w), prepared for the first parent -> the parents' embeddings side by side."""
        parts = [self._one(base, batch) for base in self.bases]
        return parts[0] if len(parts) == 1 else self.torch.cat(parts, dim=1)

    def _one(self, base: TorchEncoder, batch: Any) -> Any:
        vectors = base._forward(_scaled_for(batch, self.card, base.card))
        if self.run.card.features == "raw":
            return vectors
        unit = self.torch.nn.functional.normalize(vectors, dim=1)
        return unit if self.run.card.features == "normalized" else unit - unit.mean(dim=1, keepdim=True)

    def _spatial(self, batch: Any) -> Any:
        if self.card.feature_map is None:
            raise NoSuchOutput(f"encoder {self.card.name} has no feature map")
        return self.bases[0]._spatial(batch)


def load_scratch(spec: str, options: EncoderOptions) -> ScratchEncoder:
    """A ``net:`` network with random weights, to be overwritten; :class:`TrainedTorchEncoder` checks that they are.

    Raises:
        RecipeError: no such network, or an option that makes no sense.
    """
    require("torch", "torch", f"encoder {spec}")
    module, _, function = NETWORKS.partition(":")
    network = getattr(import_module(module), function)(spec)
    network.card = replace(network.card, sha256="0" * 64)  # random: no part of the result's fingerprint
    return ScratchEncoder(network, options)


def torch_head(head: Head) -> Any:
    """The same head as a module: Tensor (b, dim_in) -> (b, dim)."""
    torch = require("torch", "torch", "a trained head")

    class TorchHead(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.ModuleList()
            for weight, bias in head.layers:
                layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
                layer.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
                self.layers.append(layer)

        def forward(self, vectors: Any) -> Any:
            x = vectors
            for number, layer in enumerate(self.layers):
                x = layer(x.relu() if number else x)
            return x + vectors if head.residual else x

    return TorchHead()


def apply_trained(module: Any, tensors: Mapping[str, NDArray[Any]], run: TrainedRun) -> None:
    """Write trained tensors into a module, in place; pairs of LoRA matrices are multiplied out and added.

    Raises:
        EncoderCardError: a tensor has no place there, or another shape.
    """
    torch = require("torch", "torch", f"encoder {run.name}")
    state = module.state_dict()
    with torch.no_grad():
        for name, values in tensors.items():
            plain = _plain(name)
            if ".lora_B." in plain:
                continue
            if ".lora_A." in plain:
                layer = plain.partition(".lora_A.")[0]
                target = _place(state, f"{layer}.weight", run)
                other = tensors.get(name.replace(".lora_A.", ".lora_B."))
                delta = _low_rank(values, other, run, layer)
                if tuple(target.shape) != delta.shape:
                    raise _wrong_shape(run, layer, delta.shape, target.shape)
                target.add_(torch.from_numpy(delta).to(target.device))
                continue
            target = _place(state, plain, run)
            if tuple(target.shape) != values.shape:
                raise _wrong_shape(run, plain, values.shape, target.shape)
            target.copy_(torch.from_numpy(np.array(values)))


def _low_rank(a: NDArray[Any], b: NDArray[Any] | None, run: TrainedRun, layer: str) -> NDArray[np.float32]:
    """alpha / rank times B A, as the layer's weight is laid out: (out, in), or (out, in, h, w) of a convolution."""
    if b is None or b.shape[1] != a.shape[0]:
        raise EncoderCardError(f"{printable(str(run.folder))}: {layer}: its two LoRA matrices do not fit")
    rank = a.shape[0]
    alpha = float(run.card.adapter.get("alpha", rank))
    product = b.reshape(b.shape[0], rank).astype(np.float64) @ a.reshape(rank, -1).astype(np.float64)
    return np.asarray(product * (alpha / rank), dtype=np.float32).reshape(b.shape[0], *a.shape[1:])


def _plain(name: str) -> str:
    """A tensor's name as in the parent: what peft puts around and between is dropped."""
    return name.removeprefix("base_model.model.").replace(".base_layer.", ".").replace(".default.", ".")


def _place(state: Mapping[str, Any], name: str, run: TrainedRun) -> Any:
    for before, after in (("", ""), *_SAME_LAYER):
        known = name.replace(before, after) if before else name
        if known in state:
            return state[known]
    raise EncoderCardError(
        f"{printable(str(run.folder))}: the parent {run.card.parents[0].spec} has no {printable(name)}; these weights "
        "belong to another network"
    )


def _wrong_shape(
    run: TrainedRun, name: str, found: tuple[int, ...], wanted: Sequence[int]
) -> EncoderCardError:
    return EncoderCardError(
        f"{printable(str(run.folder))}: {printable(name)} is {tuple(found)}, the parent's is {tuple(wanted)}; these "
        "weights belong to another network"
    )


def _below(tensors: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): values for name, values in tensors.items() if name.startswith(prefix)}


def _refuse_scratch_gaps(run: TrainedRun, position: int, base: TorchEncoder, prefix: str) -> None:
    """A network from scratch has no weights but those of the run: each must have been there."""
    if not isinstance(base, ScratchEncoder):
        return
    found = {_plain(name) for name in _below(run.tuned, prefix)}
    missing = [
        name
        for name in base.module.state_dict()
        if name not in found and not name.endswith("num_batches_tracked")
    ]
    if missing:
        raise EncoderCardError(
            f"{printable(str(run.folder))}: {len(missing)} weights of {run.card.parents[position].spec} are missing "
            f"({', '.join(missing[:3])}); train again"
        )


def _checked(run: TrainedRun, base: Encoder) -> TorchEncoder:
    if not isinstance(base, TorchEncoder):
        raise EncoderError(
            f"{printable(str(run.folder))}: {base.card.name} is no PyTorch network, so its own weights cannot have "
            "been trained, nor can it be joined with others; train a head on it alone"
        )
    return base


def _scaled_for(batch: Any, given: EncoderCard, wanted: EncoderCard) -> Any:
    """A batch scaled by one card's mean and std -> by another's."""
    if given.input_size != wanted.input_size:
        raise EncoderError(
            f"parents of one encoder must look at one size: {wanted.name} wants {wanted.input_size}, the first "
            f"{given.input_size}; add ?size= to its name"
        )
    first, other = given.preprocessing, wanted.preprocessing
    if (first.mean, first.std) == (other.mean, other.std):
        return batch
    mean, std, other_mean, other_std = (
        batch.new_tensor(values).view(1, 3, 1, 1) for values in (first.mean, first.std, other.mean, other.std)
    )
    return (batch * std + mean - other_mean) / other_std


__all__ = ["ScratchEncoder", "TrainedTorchEncoder", "apply_trained", "load_scratch", "torch_head"]
