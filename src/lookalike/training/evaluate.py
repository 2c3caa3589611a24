"""The figure of held-out rows for a network as it stands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lookalike.training.batch import Batch
from lookalike.training.data_measures import Score
from lookalike.training.network import Network, evaluating
from lookalike.training.objectives.base import Objective
from lookalike.training.protocols import HeldOut
from lookalike.training.pytorch import Tensor, torch


def evaluate(
    rows: HeldOut,
    network: Network,
    objective: Objective,
    device: str = "cpu",
    *,
    seed: int = 0,
    untouched: bool = False,
) -> Score:
    """The figure of the held-out rows, in float32 and evaluation mode; what training draws by chance is not disturbed.

    Args:
        rows: held out.
        network: as it stands; its modes and PyTorch's random state are restored afterwards.
        objective: its ``output`` layer (hashing) follows the network; its loss serves the measure ``loss``.
        device: where the network is.
        seed: of a loss that draws by chance, the same each time.
        untouched: leave the head and the output layer out: the encoder as it was before training.

    Raises:
        TrainingError: embeddings that are not finite, or rows that do not allow the measure.
    """
    devices = [torch.device(device)] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices), evaluating(network), evaluating(objective):
        torch.manual_seed(seed)
        return rows.measured(
            embedder(network, objective, device, untouched=untouched), _loss(network, objective, device)
        )


def embedder(
    network: Network, objective: Objective | None, device: str, *, untouched: bool = False
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """NumPy network inputs -> NumPy embeddings (b, d)."""

    def embed(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        batch = torch.from_numpy(inputs).to(device)
        found: Tensor = network.untouched(batch) if untouched else network(batch)
        if objective is not None and objective.output is not None and not untouched:
            found = objective.output(found)
        return np.asarray(found.float().cpu().numpy())

    return embed


def _loss(network: Network, objective: Objective, device: str) -> Callable[[Batch], float]:
    def loss(batch: Batch) -> float:
        return float(objective(batch.to(device), network))

    return loss
