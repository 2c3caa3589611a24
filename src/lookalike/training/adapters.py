"""What of a network is trained: heads, LoRA, its last layers, or all of it.

Every way leaves ``requires_grad`` True on exactly the parameters that are trained; :func:`trained_state` and
:func:`load_trained` save and bring back only those.
"""

from __future__ import annotations

from collections.abc import Mapping

from lookalike.errors import RecipeError, TrainingError
from lookalike.training.adapters_heads import LinearHead, MlpHead
from lookalike.training.adapters_lora import apply_lora, image_tower, merge_lora
from lookalike.training.pytorch import Tensor, nn, torch

__all__ = [
    "LinearHead",
    "MlpHead",
    "apply_lora",
    "full",
    "image_tower",
    "last_layers",
    "load_trained",
    "merge_lora",
    "trainable_parameters",
    "trained_state",
]


def full(module: nn.Module) -> nn.Module:
    """Train every parameter; in place."""
    return module.requires_grad_(True)


def last_layers(module: nn.Module, n: int) -> nn.Module:
    """Train only the last ``n`` blocks and whatever stands behind them (a norm, a projection); in place.

    A block is an entry of the network's lists (``nn.Sequential``, ``nn.ModuleList``), lists within lists being
    opened: a ViT's transformer blocks, a ResNet's residual blocks. In a network without lists it is a direct
    child with parameters. In a CLIP model only the image tower counts, its output projection included.

    Raises:
        RecipeError: n is below 1 or the network has fewer blocks.
    """
    tower = image_tower(module)
    order, is_block = _units(tower)
    blocks = [position for position, block in enumerate(is_block) if block]
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= len(blocks):
        raise RecipeError(
            f"adapter 'last-layers': layers must be 1 to {len(blocks)} for this network, got {n!r}"
        )
    module.requires_grad_(False)
    for unit in order[blocks[-n] :]:
        unit.requires_grad_(True)
    projection = getattr(tower, "proj", None)
    if isinstance(projection, nn.Parameter):
        projection.requires_grad_(True)
    return module


def trainable_parameters(module: nn.Module) -> list[nn.Parameter]:
    """The parameters that are trained, in the module's order.

    Raises:
        TrainingError: there are none.
    """
    found = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not found:
        raise TrainingError("nothing would be trained: every parameter is frozen; choose an adapter")
    return found


def trained_state(module: nn.Module) -> dict[str, Tensor]:
    """Copies on the CPU of what was trained, by name: trained parameters, and the buffers beside them.

    The buffers are those of modules that own a trained parameter (a batch norm's running statistics).
    """
    names = _trained_names(module)
    state = module.state_dict()
    return {name: state[name].detach().cpu().clone().contiguous() for name in names}


def load_trained(module: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """Put a :func:`trained_state` back into a module that was prepared by the same adapter; in place.

    Raises:
        TrainingError: names or shapes differ from what is trained here.
    """
    wanted, own = _trained_names(module), module.state_dict()
    missing = [name for name in wanted if name not in state]
    surplus = [name for name in state if name not in set(wanted)]
    if missing or surplus:
        reason = f"{missing[0]} is missing" if missing else f"{surplus[0]} is not trained here"
        raise TrainingError(f"these trained weights belong to another network or adapter: {reason}")
    for name in wanted:
        if state[name].shape != own[name].shape:
            raise TrainingError(
                f"these trained weights belong to another network or adapter: {name} is {tuple(state[name].shape)}, "
                f"expected {tuple(own[name].shape)}"
            )
    with torch.no_grad():
        for name in wanted:
            own[name].copy_(state[name])
    return module


def _trained_names(module: nn.Module) -> list[str]:
    """Names within ``state_dict`` of all that training changes; a tensor used twice is named once."""
    names = [name for name, parameter in module.named_parameters() if parameter.requires_grad]
    kept = set(module.state_dict())
    for prefix, child in module.named_modules():
        if any(parameter.requires_grad for parameter in child.parameters(recurse=False)):
            names += [
                f"{prefix}.{name}" if prefix else name for name, _ in child.named_buffers(recurse=False)
            ]
    return [name for name in names if name in kept]


def _units(module: nn.Module) -> tuple[list[nn.Module], list[bool]]:
    """The network's pieces in order, and which of them are blocks."""
    order: list[nn.Module] = []
    is_block: list[bool] = []

    def visit(parent: nn.Module, in_list: bool) -> None:
        for child in parent.children():
            if isinstance(child, nn.Sequential | nn.ModuleList) or _holds_lists(child):
                visit(child, isinstance(child, nn.Sequential | nn.ModuleList))
            elif any(True for _ in child.parameters()):
                order.append(child)
                is_block.append(in_list)

    visit(module, isinstance(module, nn.Sequential))
    if not any(is_block):
        is_block = [True] * len(order)
    return order, is_block


def _holds_lists(module: nn.Module) -> bool:
    """True for a wrapper around long lists (open_clip's ``transformer``, a stage): its list is its main part.

    A block may hold short lists too (an MLP written as nn.Sequential); it is not opened.
    """
    return any(isinstance(child, nn.ModuleList) and len(child) > 0 for child in module.children())
