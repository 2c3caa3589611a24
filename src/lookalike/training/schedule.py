"""The learning rate over a run, and the optimizer that uses it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from lookalike.training.pytorch import nn, torch
from lookalike.training.recipe import OptimizerSection


def rate_at(step: int, steps: int, section: OptimizerSection) -> float:
    """Learning rate of a step (from 0) of so many.

    Warm-up: lr (step + 1) / w for the first w = round(warmup steps) steps. Then constant, or half a cosine from lr
    towards 0, which the step after the last would reach (Loshchilov and Hutter 2017, arXiv 1608.03983, eq. 5).
    """
    warm = round(section.warmup * steps)
    if step < warm:
        return section.lr * (step + 1) / warm
    if section.schedule == "constant":
        return section.lr
    done = (step - warm) / max(1, steps - warm)
    return section.lr * (1 + math.cos(math.pi * min(1.0, done))) / 2


def make_optimizer(modules: Iterable[nn.Module], section: OptimizerSection) -> torch.optim.Optimizer:
    """An optimizer of everything in the modules that is trained; what has one dimension is not decayed."""
    known: dict[int, nn.Parameter] = {}
    for module in modules:
        known.update({id(p): p for p in module.parameters() if p.requires_grad})
    trained = list(known.values())
    groups: list[dict[str, Any]] = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": section.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if section.name == "sgd":
        momentum = section.betas[0]
        return torch.optim.SGD(groups, lr=section.lr, momentum=momentum, nesterov=momentum > 0)
    kind = torch.optim.Adam if section.name == "adam" else torch.optim.AdamW
    # One pass over memory instead of ten: a third of the time of a step with a small head.
    fused = all(p.device.type in ("cpu", "cuda") and p.dtype == torch.float32 for p in trained)
    return kind(groups, lr=section.lr, betas=section.betas, fused=fused)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """The learning rate of the next step."""
    for group in optimizer.param_groups:
        group["lr"] = rate
