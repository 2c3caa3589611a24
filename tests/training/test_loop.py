"""The loop: accumulation, schedule, averages, stopping, and what goes wrong as one clear line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lookalike.errors import TrainingError  # noqa: E402 - after the check for torch
from lookalike.training import Batch, Recipe, fit, make_objective  # noqa: E402
from lookalike.training.adapters import MlpHead  # noqa: E402
from lookalike.training.ema import MovingAverage  # noqa: E402
from lookalike.training.loop import Machine, accumulated, explained_memory  # noqa: E402
from lookalike.training.network import Network  # noqa: E402
from lookalike.training.recipe import OptimizerSection  # noqa: E402
from lookalike.training.schedule import make_optimizer, rate_at  # noqa: E402
from tests.training.test_checkpoint import digits_recipe  # noqa: E402


def triplets(rows: int, dim: int = 12, pictures: int = 0) -> Batch:
    """Random features; with ``pictures``, drawn from so many different ones. Every vote is decided."""
    generator = torch.Generator().manual_seed(3)
    table = torch.randn(pictures or 3 * rows, dim, generator=generator)
    numbers = (
        torch.randint(0, len(table), (3, rows), generator=generator) if pictures else torch.arange(3 * rows)
    )
    a, b, c = table[numbers.reshape(3, rows)]
    votes = torch.arange(rows) % 2
    return Batch(a, b, c, votes_a=votes.float(), votes_b=1 - votes.float())


def head_network(dim: int = 12, dropout: float = 0.0) -> Network:
    torch.manual_seed(0)
    head = MlpHead(dim, 8, dropout)
    torch.nn.init.normal_(head.second.weight, std=0.3)
    return Network(None, head, dim, "normalized")


def gradients(network: Network) -> list[Any]:
    return [parameter.grad.clone() for parameter in network.parameters()]


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_accumulated_gradients_are_those_of_the_whole_batch(parts: int) -> None:
    batch, objective = triplets(50), make_objective("triplet-hinge", 12)
    found = []
    for count in (1, parts):
        network = head_network()
        loss = accumulated(batch, count, network, objective, Machine())
        found.append((loss, gradients(network)))
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-6)
    for whole, summed in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(whole, summed, atol=1e-6, rtol=0)


def test_equal_features_are_computed_once_with_the_same_result() -> None:
    network, few = head_network(), triplets(64, pictures=9)
    inputs = torch.cat([few.images, few.images_a, few.images_b])
    calls = []
    network.head.register_forward_hook(lambda _m, given, _o: calls.append(len(given[0])))
    found = network(inputs)
    assert calls == [9]
    torch.testing.assert_close(found, network._whole(inputs), atol=1e-6, rtol=1e-5)
    found.square().sum().backward()
    shared = gradients(network)
    network.zero_grad()
    network._whole(inputs).square().sum().backward()
    for one, other in zip(shared, gradients(network), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
    # With dropout every row is treated its own way, so all are computed.
    dropping = head_network(dropout=0.5)
    calls.clear()
    dropping.head.register_forward_hook(lambda _m, given, _o: calls.append(len(given[0])))
    dropping.set_training()
    dropping(inputs)
    assert calls == [192]


def test_rows_that_agree_only_where_they_are_looked_at_first_stay_apart() -> None:
    """Of 640 numbers every tenth is compared first: these rows differ only in between."""
    network = head_network(640)
    rows = torch.ones(20, 640)
    rows[:, 5] = torch.arange(20.0)
    torch.testing.assert_close(network(rows), network._whole(rows))
    assert len(torch.unique(network(rows), dim=0)) == 20


def test_the_rate_by_hand() -> None:
    """10 steps, a fifth of them warm-up: 0.5, 1, then the half cosine over 8 steps: at its middle (step 6) a half."""
    section = OptimizerSection(lr=1.0, warmup=0.2, schedule="cosine")
    assert [rate_at(step, 10, section) for step in (0, 1, 2, 6)] == pytest.approx([0.5, 1.0, 1.0, 0.5])
    # Step 9 has done 7 of 8: (1 + cos(7 pi / 8)) / 2 = 0.03806.
    assert rate_at(9, 10, section) == pytest.approx(0.0380602, abs=1e-6)
    assert rate_at(9, 10, OptimizerSection(lr=0.2)) == 0.2


def test_only_matrices_are_decayed() -> None:
    network = head_network()
    groups = make_optimizer([network], OptimizerSection(weight_decay=0.1)).param_groups
    assert [(group["weight_decay"], {p.ndim for p in group["params"]}) for group in groups] == [
        (0.1, {2}),
        (0.0, {1}),
    ]


def test_the_moving_average_by_hand() -> None:
    """Decay 0.5 begins at min(0.5, 1/10) = 0.1, then 2/11: 0 -> 1 gives 0.9, then 1 again 0.9 + 0.1 x 9/11."""
    network = head_network()
    bias = network.head.first.bias
    torch.nn.init.zeros_(bias)
    average = MovingAverage(network, 0.5)
    torch.nn.init.ones_(bias)
    average.update(network)
    assert average.state["head.first.bias"][0].item() == pytest.approx(0.9)
    average.update(network)
    assert average.state["head.first.bias"][0].item() == pytest.approx(0.9 + 0.1 * 9 / 11)
    with average.swapped_in(network):
        assert bias[0].item() == pytest.approx(0.9 + 0.1 * 9 / 11)
    assert bias[0].item() == 1.0


def test_memory_running_out_says_what_to_change() -> None:
    recipe = Recipe.from_dict(digits_recipe())
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 TB")):
        with (
            pytest.raises(TrainingError, match=r"out of memory with optimizer\.batch = 32: lower it"),
            explained_memory(recipe),
        ):
            raise error
    with pytest.raises(RuntimeError, match="something else"), explained_memory(recipe):
        raise RuntimeError("something else")


def test_a_loss_that_is_no_number_names_the_rate_and_the_batch(tmp_path: Path) -> None:
    recipe = Recipe.from_dict(digits_recipe(optimizer={"lr": 1e18, "name": "sgd", "epochs": 3, "batch": 32}))
    with pytest.raises(
        TrainingError,
        match=r"(the loss is not a finite number at step \d+ \(lr 1e\+18, batch 32\)|lower optimizer\.lr)",
    ):
        fit(recipe, out=tmp_path / "run", device="cpu")


def test_training_stops_when_nothing_improves_and_keeps_the_best(tmp_path: Path) -> None:
    """A rate that destroys everything: no epoch beats the beginning, which is kept, and patience 2 ends the run."""
    changes = {"epochs": 9, "batch": 32, "lr": 30.0, "name": "sgd", "clip": 1.0}
    run = fit(
        Recipe.from_dict(digits_recipe(optimizer=changes, stop={"patience": 2})),
        out=tmp_path / "run",
        device="cpu",
    )
    assert run.epochs == len(run.history) == run.best_epoch + 2 < 9
    assert max([run.validation, *run.history]) == run.validation
    assert run.comparison.trained.value == pytest.approx(run.validation)


def test_an_empty_split_says_what_to_change(tmp_path: Path) -> None:
    recipe = Recipe.from_dict(
        digits_recipe(data={"train": "digits", "digits": {"n": 3}, "validation_share": 0.1})
    )
    for _ in range(2):  # the second time as well: nothing is left that would have to be resumed
        with pytest.raises(TrainingError, match=r"no validation rows .* raise data\.validation_share"):
            fit(recipe, out=tmp_path / "run", device="cpu")


def test_learning_digits_beats_the_random_start(tmp_path: Path) -> None:
    changes = {"epochs": 6, "batch": 32, "lr": 0.003}
    data = {"train": "digits", "digits": {"n": 400, "side": 16}, "validation_share": 0.25}
    encoder = {"name": "net:digits?size=16&dim=32"}
    recipe = Recipe.from_dict(digits_recipe(encoder=encoder, optimizer=changes, data=data))
    run = fit(recipe, out=tmp_path / "run", device="cpu")
    assert run.comparison.better
    assert run.comparison.trained.value - run.comparison.untouched.value > 0.1
    assert not math.isnan(run.validation)
    assert np.isfinite(run.history).all()
