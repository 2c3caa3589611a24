"""An exponential moving average of what is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from lookalike.training.network import Network
from lookalike.training.pytorch import Tensor, torch


class MovingAverage:
    """average <- d average + (1 - d) weights after every step (Polyak and Juditsky 1992); buffers are taken over.

    The decay begins small, d = min(decay, (1 + steps) / (10 + steps)), so that the random start is soon forgotten.

    Args:
        network: whose trained weights are averaged.
        decay: d, in (0, 1).

    Attributes:
        state: the average, by name, on the weights' device.
        steps: how many were averaged.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self._names = list(network.trained_state())
        self.state = {name: value.detach().clone() for name, value in self._live(network).items()}

    def update(self, network: Network) -> None:
        """After a step."""
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        with torch.no_grad():
            for name, value in self._live(network).items():
                if value.is_floating_point():
                    self.state[name].lerp_(value, 1 - decay)
                else:
                    self.state[name].copy_(value)

    def load(self, state: Mapping[str, Tensor], steps: int) -> None:
        """Put a saved average back."""
        for name, value in state.items():
            self.state[name].copy_(value)
        self.steps = steps

    @contextmanager
    def swapped_in(self, network: Network) -> Iterator[None]:
        """The network with the averaged weights; afterwards its own are back, bit by bit."""
        own = network.trained_state()
        network.load_trained(self.state)
        try:
            yield
        finally:
            network.load_trained(own)

    def _live(self, network: Network) -> dict[str, Tensor]:
        state = network.state_dict()
        return {name: state[name] for name in self._names}
