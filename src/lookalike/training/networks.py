"""Networks to be trained from scratch, by name: ``net:small?width=48&size=112&dim=384``, ``net:conv``, ``net:digits``.

| name | what | options |
|---|---|---|
| ``net:small`` | residual; for ``glance`` | width, size, dim, depths=1-2-2-1, strides=2-2-2-1, project |
| ``net:conv`` | strided convolutions; for an autoencoder | size, dim, channels, width |
| ``net:digits`` | two convolutions and a hidden layer; digits | size, dim, channels, width |

Each is an ``nn.Module`` from pixels (n, 3, size, size) to embeddings (n, dim) with a ``card``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lookalike.encoders.network_options import literal, split_options
from lookalike.errors import InvalidArgument, RecipeError, printable
from lookalike.training.networks_conv import ConvDecoder, ConvEncoder, DigitsNet
from lookalike.training.networks_small import SmallNet
from lookalike.training.pytorch import nn

__all__ = [
    "NETWORKS",
    "ConvDecoder",
    "ConvEncoder",
    "DigitsNet",
    "SmallNet",
    "count_parameters",
    "make_network",
]


@dataclass(frozen=True)
class _Network:
    """How one network is built.

    Attributes:
        build: its class.
        least: for each option that is a whole number, the smallest that makes sense.
        lists: options that are four whole numbers joined by ``-``: name -> allowed numbers.
        switches: options that are true or false.
    """

    build: Callable[..., nn.Module]
    least: dict[str, int]
    lists: dict[str, range]
    switches: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        return (*self.least, *self.lists, *self.switches)


_PLAIN = {"size": 8, "dim": 1, "channels": 1, "width": 1}
NETWORKS: dict[str, _Network] = {
    "small": _Network(
        SmallNet,
        {"width": 8, "size": 32, "dim": 0},
        {"depths": range(1, 33), "strides": range(1, 3)},
        ("project",),
    ),
    "conv": _Network(ConvEncoder, _PLAIN, {}),
    "digits": _Network(DigitsNet, _PLAIN, {}),
}
"""What may stand behind ``net:``."""


def make_network(spec: str) -> nn.Module:
    """A network with random weights (drawn from PyTorch's global generator).

    Args:
        spec: ``net:NAME?option=value&...``.

    Returns:
        A module (n, 3, size, size) -> (n, dim) with ``.card``, an :class:`~lookalike.encoders.base.EncoderCard`
        whose name is ``spec`` as it was written.

    Raises:
        RecipeError: no network has that name, or an option is unknown or out of range.
    """
    scheme, _, argument = spec.partition(":")
    try:
        name, texts = split_options(argument)
    except InvalidArgument as error:
        raise RecipeError(f"network {printable(spec)!r}: {error}") from None
    if scheme != "net" or name not in NETWORKS:
        raise RecipeError(
            f"there is no network {printable(spec)!r}; known: {', '.join(f'net:{known}' for known in NETWORKS)}"
        )
    network = NETWORKS[name]
    settings = {key: _value(network, spec, key, text) for key, text in texts.items()}
    if settings.get("project") is False and settings.get("dim", 0) not in (0, 8 * settings.get("width", 48)):
        raise RecipeError(f"network {printable(spec)!r}: without projection dim is 8 x width; leave dim out")
    if settings.get("project") is False:
        settings["dim"] = 0
    module = network.build(**settings)
    card: Any = module.card
    module.card = replace(card, name=spec)
    return module


def count_parameters(module: nn.Module, *, trained_only: bool = False) -> int:
    """Numbers in a module's parameters (buffers not counted)."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad or not trained_only)


def _value(network: _Network, spec: str, key: str, text: str) -> Any:
    """An option's value, checked."""
    if key not in network.options:
        close = difflib.get_close_matches(key, network.options, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise RecipeError(
            f"network {printable(spec)!r} has no option {key!r}; {hint}It has: {', '.join(network.options)}"
        )
    if key in network.lists:
        allowed = network.lists[key]
        numbers = tuple(int(part) if part.isdecimal() else -1 for part in text.split("-"))
        if len(numbers) != 4 or any(number not in allowed for number in numbers):
            raise RecipeError(
                f"network {printable(spec)!r}: {key} must be four numbers from {allowed[0]} to {allowed[-1]} such as "
                f"2-2-2-1, got {text!r}"
            )
        return numbers
    value = literal(text)
    if key in network.switches:
        if not isinstance(value, bool):
            raise RecipeError(f"network {printable(spec)!r}: {key} must be true or false, got {text!r}")
        return value
    if isinstance(value, bool) or not isinstance(value, int) or value < network.least[key]:
        raise RecipeError(
            f"network {printable(spec)!r}: {key} must be a whole number of at least {network.least[key]}, got {text!r}"
        )
    return value
