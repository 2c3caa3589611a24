"""LoRA through peft: small trained additions to chosen layers of a frozen network."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from lookalike.encoders.torch_base import require
from lookalike.errors import RecipeError, TrainingError
from lookalike.training.adapters_attention import open_attention
from lookalike.training.pytorch import nn


def apply_lora(
    module: nn.Module,
    rank: int = 16,
    alpha: float = 16.0,
    dropout: float = 0.0,
    targets: Sequence[str] = ("qkv",),
) -> nn.Module:
    """Freeze ``module`` and give every target layer W a trained addition: W + (alpha / rank) B A.

    Hu et al. 2021, *LoRA*, arXiv 2106.09685, eq. 3; A (rank, in) starts at random, B (out, rank) at zero, so the
    network starts unchanged. ``dropout`` acts on what A sees. Works in place and returns the module.

    In a CLIP model only the image tower is adapted. open_clip's attention keeps query, key and value in a bare
    parameter; when ``qkv`` is asked for it is first replaced by an equal one with a layer ``qkv``
    (:class:`~lookalike.training.adapters_attention.QkvAttention`).

    Args:
        module: a ViT of timm or open_clip, or any network with linear or convolutional layers.
        rank: r, at least 1.
        alpha: scale; DreamSim's release has 0.5, later 8 and 32.
        dropout: in [0, 1).
        targets: last parts of the names of layers, such as ``qkv``, ``proj``, ``fc1``, ``attn.proj``.

    Raises:
        RecipeError: no layer has that name (close ones are listed), or a number is out of range.
        TrainingError: the layer exists, but the network reads its weights past it, so LoRA would do nothing.
    """
    peft = require("peft", "torch", "LoRA")
    if isinstance(rank, bool) or not isinstance(rank, int) or rank < 1 or alpha <= 0 or not 0 <= dropout < 1:
        raise RecipeError(
            f"adapter 'lora': rank must be a whole number of at least 1, alpha above 0 and dropout in [0, 1); "
            f"got {rank}, {alpha}, {dropout}"
        )
    if _lora_layers(module):
        raise TrainingError("adapter 'lora': the network has LoRA already; merge_lora() comes first")
    tower = image_tower(module)
    if "qkv" in targets and not _matching(tower, "qkv"):
        open_attention(tower)
    for target in targets:
        if not _matching(tower, target):
            raise RecipeError(f"adapter 'lora': no layer is called {target!r}; {_known(tower, target)}")
        _refuse_bypassed(tower, target)
    config = peft.LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=list(targets), bias="none"
    )
    module.requires_grad_(False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peft.inject_adapter_in_model(config, tower)
    # peft's new layers are in training mode whatever the network is in, so their dropout would be at work.
    for name in _lora_layers(tower):
        layer: Any = tower.get_submodule(name)
        layer.train(layer.get_base_layer().training)
    return module


def merge_lora(module: nn.Module) -> nn.Module:
    """A copy without LoRA layers, whose weights contain the additions; in evaluation mode equal to 1e-5.

    A network without LoRA is copied as it is.

    Raises:
        TrainingError: an addition is not finite.
    """
    merged = deepcopy(module)
    for name in _lora_layers(merged):
        layer: Any = merged.get_submodule(name)
        try:
            layer.merge(safe_merge=True)
        except ValueError:
            raise TrainingError(
                f"LoRA of {name} is not finite and cannot be merged; train with a lower lr"
            ) from None
        parent, _, child = name.rpartition(".")
        base = layer.get_base_layer()
        setattr(merged.get_submodule(parent), child, base.requires_grad_(False))
    return merged


def image_tower(module: nn.Module) -> nn.Module:
    """The part that looks at images: ``visual`` of a CLIP model, else the module itself."""
    visual = getattr(module, "visual", None)
    return visual if isinstance(visual, nn.Module) else module


def _lora_layers(module: nn.Module) -> list[str]:
    if not any("lora_" in name for name, _ in module.named_parameters()):
        return []
    layer_class = require("peft.tuners.lora", "torch", "LoRA").LoraLayer
    return [name for name, child in module.named_modules() if isinstance(child, layer_class)]


def _matching(module: nn.Module, target: str) -> list[str]:
    """Names of the layers LoRA can hold on to that are called ``target`` or end in ``.target``."""
    return [
        name
        for name, child in module.named_modules()
        if (name == target or name.endswith(f".{target}"))
        and isinstance(child, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Embedding)
    ]


def _known(module: nn.Module, target: str) -> str:
    """Close names, or the names there are."""
    names = {
        name.rpartition(".")[2]
        for name, child in module.named_modules()
        if name and isinstance(child, nn.Linear | nn.Conv2d)
    }
    names = {name for name in names if not name.isdecimal()} or names
    close = difflib.get_close_matches(target.rpartition(".")[2], sorted(names), n=3, cutoff=0.4)
    if close:
        return f"close names: {', '.join(close)}"
    return f"layers here: {', '.join(sorted(names)[:12]) or 'none that LoRA can hold on to'}"


def _refuse_bypassed(module: nn.Module, target: str) -> None:
    """BEiT and EVA compute with ``qkv.weight`` and biases of their own instead of calling the layer."""
    for name in _matching(module, target):
        parent = module.get_submodule(name.rpartition(".")[0])
        if name.endswith("qkv") and getattr(parent, "q_bias", None) is not None:
            raise TrainingError(
                f"adapter 'lora': {name} is never called (this network reads its weights directly), so LoRA would do "
                'nothing; use targets = ["proj", "fc1", "fc2"] or another adapter'
            )
