"""Finished runs as `lookalike train` would write them, made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from lookalike import load_encoder
from lookalike.encoders import EncoderOptions
from lookalike.encoders.trained_card import Parent, TrainedCard, write_card

TINY_VIT = "timm:vit_tiny_patch16_224?size=32&depth=2&resize=squash&pool=cls_prenorm"
TINY_NET = "net:small?width=8&size=32&dim=16&depths=1-1-1-1"


def save_run(folder: Path, tensors: dict[str, Any], parent: Parent, **facts: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: np.ascontiguousarray(values) for name, values in tensors.items()},
        folder / "weights.safetensors",
    )
    write_card(folder, TrainedCard(facts.pop("name", "my-run"), (parent,), **facts))
    return folder


def mlp_tensors(dim: int, hidden: int = 8, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "head.first.weight": rng.normal(0, 0.3, (hidden, dim)).astype(np.float32),
        "head.first.bias": rng.normal(0, 0.1, hidden).astype(np.float32),
        "head.second.weight": rng.normal(0, 0.3, (dim, hidden)).astype(np.float32),
        "head.second.bias": rng.normal(0, 0.1, dim).astype(np.float32),
    }


def mlp_run(folder: Path, spec: str = "classic:layout", **facts: Any) -> Path:
    """A DreamSim-like head on any frozen encoder."""
    card = load_encoder(spec).card
    facts = {"adapter": {"kind": "mlp", "hidden": 8}, "features": "normalized", "dim": card.dim} | facts
    return save_run(folder, mlp_tensors(card.dim), Parent(spec, card.fingerprint), **facts)


def vit_weights(path: Path, seed: int = 0) -> Path:
    """Random weights of TINY_VIT as a file; runs on it name the file."""
    import timm
    import torch
    from safetensors.torch import save_file as save_torch

    torch.manual_seed(seed)
    module = timm.create_model("vit_tiny_patch16_224", img_size=32, depth=2, num_classes=0)
    save_torch(module.state_dict(), path)
    return path


def lora_run(folder: Path) -> Path:
    """LoRA of rank 2, alpha 4 on the query, key and value layers of both blocks of TINY_VIT, under peft's names."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = vit_weights(folder / "parent.safetensors")
    base = load_encoder(TINY_VIT, EncoderOptions(weights=weights, device="cpu"))
    rng = np.random.default_rng(1)
    tensors: dict[str, Any] = {}
    for block in range(2):
        name = f"backbone.blocks.{block}.attn.qkv.lora_"
        tensors[f"{name}A.default.weight"] = rng.normal(0, 0.2, (2, 192)).astype(np.float32)
        tensors[f"{name}B.default.weight"] = rng.normal(0, 0.2, (576, 2)).astype(np.float32)
    parent = Parent(TINY_VIT, base.card.fingerprint, "parent.safetensors")
    return save_run(folder, tensors, parent, adapter={"kind": "lora", "rank": 2, "alpha": 4.0}, dim=192)


def net_run(folder: Path, name: str = TINY_NET, dim: int = 16) -> Path:
    """A small network from scratch."""
    import torch

    from lookalike.training.networks import make_network

    torch.manual_seed(0)
    state = make_network(name).state_dict()
    tensors = {
        f"backbone.{name}": value.numpy()
        for name, value in state.items()
        if not name.endswith("num_batches_tracked")
    }
    return save_run(folder, tensors, Parent(name), adapter={"kind": "full"}, dim=dim)
