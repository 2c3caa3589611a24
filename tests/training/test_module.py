"""The differentiable distance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lookalike import load_encoder  # noqa: E402
from lookalike.encoders import EncoderOptions, Preprocessing  # noqa: E402
from lookalike.encoders.trained_torch import ScratchEncoder  # noqa: E402
from lookalike.errors import InvalidArgument, TrainingError  # noqa: E402
from lookalike.images import resize  # noqa: E402
from lookalike.training.module import SimilarityModule, optimise_towards, resize_images  # noqa: E402
from lookalike.training.networks import make_network  # noqa: E402
from tests.encoders.trained_runs import lora_run, mlp_run  # noqa: E402


def tiny_module() -> SimilarityModule:
    torch.manual_seed(0)
    network = make_network("net:conv?size=8&dim=4&width=2")
    encoder = ScratchEncoder(network, EncoderOptions(device="cpu"))
    return SimilarityModule(encoder)


def images(n: int, height: int = 8, width: int = 8, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 3, height, width, generator=generator) * 0.8 + 0.1


def test_gradient_check_in_float64() -> None:
    module = tiny_module().double()
    # Smooth activations: a finite difference across a ReLU's kink is no gradient.
    for name, child in list(module.network.blocks.named_children()):
        if isinstance(child, torch.nn.ReLU):
            setattr(module.network.blocks, name, torch.nn.Tanh())
    a, b = images(1, 4, 3).double(), images(1, 3, 4, seed=1).double()
    assert torch.autograd.gradcheck(module, (a.requires_grad_(True), b.requires_grad_(True)))
    # Larger images, which are made smaller: a random combination of the derivatives.
    a, b = images(1, 11, 9).double(), images(1, 10, 12, seed=1).double()
    inputs = (a.requires_grad_(True), b.requires_grad_(True))
    assert torch.autograd.gradcheck(module, inputs, fast_mode=True)


def test_same_images_have_distance_zero_and_batches_change_nothing() -> None:
    module = tiny_module()
    a, b = images(3), images(3, seed=1)
    assert torch.allclose(module(a, a), torch.zeros(3), atol=1e-6)
    assert module(a, b).shape == (3,)
    assert module(a[:1], b[:1]).shape == (1,)
    assert torch.allclose(module(a, b)[:1], module(a[:1], b[:1]), atol=1e-6)
    assert torch.allclose(
        module(a[:1], b), torch.stack([module(a[:1], row[None])[0] for row in b]), atol=1e-6
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (images(1) * 2 - 1, r"must be in \[0, 1\], got values from -"),
        (images(1) * 255, r"x / 255"),
        (images(1)[0], r"\(n, 3, height, width\)"),
        (images(1)[:, :1], r"\(n, 3, height, width\)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "divide uint8"),
        (torch.full((1, 3, 8, 8), float("nan")), "got values from nan"),
    ],
)
def test_wrong_inputs(wrong: torch.Tensor, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        tiny_module()(wrong, images(1))


def test_batches_that_do_not_fit() -> None:
    with pytest.raises(InvalidArgument, match="got 2 and 3 images"):
        tiny_module()(images(2), images(3))


@pytest.mark.parametrize("policy", ["squash", "crop", "pad"])
def test_resizing_is_that_of_files(policy: str) -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)
    pixels = resize(coarse, (45, 70), interpolation="bicubic")
    fill = (102, 128, 153)
    wanted = resize(pixels, (24, 32), policy=policy, crop_fraction=0.875, fill=fill)
    how = Preprocessing(resize=policy, crop_fraction=0.875, mean=(0.4, 128 / 255, 0.6))  # type: ignore[arg-type]
    tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    found = resize_images(tensor, (24, 32), how)[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(found - wanted).max() < 1.5  # whole numbers there, not here


def test_distance_is_that_of_the_encoder(tmp_path: Path) -> None:
    folder = lora_run(tmp_path / "run")
    pixels = [np.random.default_rng(i).integers(0, 256, (32, 32, 3), dtype=np.uint8) for i in range(2)]
    vectors = load_encoder(str(folder), EncoderOptions(device="cpu")).embed(pixels)
    tensors = [torch.from_numpy(one).permute(2, 0, 1)[None].float() / 255 for one in pixels]
    distance = SimilarityModule(folder)(*tensors)
    assert float(distance[0]) == pytest.approx(1 - float(vectors[0] @ vectors[1]), abs=1e-5)


def test_an_image_becomes_like_another(tmp_path: Path) -> None:
    module = SimilarityModule(lora_run(tmp_path / "run"))
    start, target = images(1, 40, 40), images(1, 40, 40, seed=1)
    changed, history = optimise_towards(module, start, target, steps=8)
    assert history[-1] < 0.5 * history[0]
    assert 0 <= float(changed.min()) <= float(changed.max()) <= 1
    assert not changed.requires_grad
    assert all(parameter.grad is None for parameter in module.parameters())


def test_no_gradient_without_pytorch(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has no gradient"):
        SimilarityModule(mlp_run(tmp_path / "run"))
