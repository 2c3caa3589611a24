"""Networks that are trained give what their encoders give, and what cannot be trained says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")

from safetensors.torch import save_file  # noqa: E402 - after the checks

from lookalike.encoders import EncoderOptions, load_encoder  # noqa: E402
from lookalike.encoders.base import normalize  # noqa: E402
from lookalike.encoders.preprocess import to_network  # noqa: E402
from lookalike.errors import EncoderCardError, RecipeError  # noqa: E402
from lookalike.training import Recipe, fit, open_backbone  # noqa: E402
from lookalike.training.adapters import apply_lora, trained_state  # noqa: E402
from lookalike.training.backbones import open_frozen, open_parts  # noqa: E402
from lookalike.training.checkpoint import load_checkpoint  # noqa: E402
from lookalike.training.network import Network, encoder_tensors, open_network  # noqa: E402
from lookalike.training.run_folder import RunFolder  # noqa: E402

VIT = "timm:test_vit?pool=cls_prenorm&resize=squash&size=160"
CNN = "timm:test_resnet?resize=squash&size=160&interpolation=bicubic&mean=0.1,0.2,0.3"
CPU = EncoderOptions(device="cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files of random weights: these tests need none that are any good."""
    folder = tmp_path_factory.mktemp("weights")
    found = {}
    for spec in (VIT, CNN):
        name = spec.removeprefix("timm:").partition("?")[0]
        torch.manual_seed(len(name))
        save_file(
            timm.create_model(name, pretrained=False, num_classes=0).state_dict(),
            folder / f"{name}.safetensors",
        )
        found[spec] = str(folder / f"{name}.safetensors")
    return found


@pytest.fixture(scope="module")
def pictures() -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (40, 30, 3), dtype=np.uint8) for _ in range(3)]


def pixels(card: Any, pictures: list[Any]) -> Any:
    return torch.from_numpy(np.stack([to_network(picture, card) for picture in pictures]))


@pytest.mark.parametrize("spec", [VIT, CNN])
def test_a_backbone_gives_the_encoders_embedding(
    spec: str, weights: dict[str, str], pictures: list[Any]
) -> None:
    encoder = load_encoder(spec, EncoderOptions(device="cpu", weights=Path(weights[spec])))
    backbone = open_backbone(spec, CPU, weights=[weights[spec]])
    with torch.no_grad():
        found = backbone(pixels(backbone.card, pictures)).numpy()
    np.testing.assert_allclose(normalize(found), encoder.embed(pictures), atol=1e-5)
    assert backbone.dim == encoder.card.dim


def test_several_networks_stand_side_by_side_each_with_its_own_scaling(
    weights: dict[str, str], pictures: list[Any]
) -> None:
    joint = open_backbone([VIT, CNN], CPU, weights=[weights[VIT], weights[CNN]])
    alone = [open_backbone(spec, CPU, weights=[weights[spec]]) for spec in (VIT, CNN)]
    with torch.no_grad():
        found = joint(pixels(joint.card, pictures))
        parts = [one(pixels(one.card, pictures)) for one in alone]
    torch.testing.assert_close(found, torch.cat(parts, dim=1), atol=1e-4, rtol=1e-4)
    frozen, parents = open_frozen([VIT, CNN], CPU, weights=[weights[VIT], weights[CNN]], features="raw")
    np.testing.assert_allclose(frozen.embed(pictures), found.numpy(), atol=1e-4, rtol=1e-4)
    assert [parent.spec for parent in parents] == [VIT, CNN]


def test_lora_trains_only_what_it_added_and_is_named_as_runs_are_read(
    weights: dict[str, str], pictures: list[Any]
) -> None:
    backbone = open_backbone(VIT, CPU, weights=[weights[VIT]])
    apply_lora(backbone.networks[0], rank=2, alpha=4.0)
    network = Network(backbone, None, backbone.dim)
    network.set_training()
    network(pixels(backbone.card, pictures)).square().sum().backward()
    changed = [name for name, p in network.named_parameters() if p.grad is not None]
    assert changed
    assert all("lora_" in name for name in changed)
    assert all(name.startswith("backbone.blocks.") for name in encoder_tensors(network))
    assert len(trained_state(network)) == len(changed)


def test_what_is_no_network_cannot_be_trained_or_joined() -> None:
    with pytest.raises(RecipeError, match=r"encoder classic is no PyTorch network, .* on it alone"):
        open_backbone("classic", CPU)


def test_networks_of_different_cut_outs_are_refused(weights: dict[str, str]) -> None:
    with pytest.raises(
        RecipeError, match=r"looks at 96 x 96 \(squash.*must look at one cut-out: add \?size="
    ):
        open_backbone([VIT, CNN.replace("160", "96")], CPU, weights=[weights[VIT], weights[CNN]])


def test_a_network_from_scratch_can_begin_with_an_earlier_run(tmp_path: Path) -> None:
    spec = "net:digits?size=16&dim=8&width=4"
    first = open_backbone(spec, CPU)
    first.networks.requires_grad_(True)
    tensors = encoder_tensors(Network(first, None, first.dim))
    RunFolder(tmp_path).write_weights(tensors)
    torch.manual_seed(99)
    again = open_backbone(spec, CPU, weights=[str(RunFolder(tmp_path).weights)])
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(EncoderCardError, match="these are not weights of net:digits"):
        open_backbone("net:digits?size=16&dim=9&width=4", CPU, weights=[str(RunFolder(tmp_path).weights)])


def test_an_embedding_of_another_length_begins_anew_on_what_was_learned(tmp_path: Path) -> None:
    first = open_backbone("net:small?size=32&dim=8&width=8", CPU)
    first.networks.requires_grad_(True)
    RunFolder(tmp_path).write_weights(encoder_tensors(Network(first, None, first.dim)))
    torch.manual_seed(99)
    files, longer = [str(RunFolder(tmp_path).weights)], "net:small?size=32&dim=12&width=8"
    with pytest.raises(EncoderCardError, match="project"):
        open_parts(longer, CPU, weights=files)
    module = open_parts(longer, CPU, weights=files, new_last=True)[0].encoder.module
    old, new = dict(first.networks[0].named_parameters()), dict(module.named_parameters())
    assert new["project.weight"].shape == (12, 64)
    for name, value in new.items():
        if not name.startswith("project."):
            assert torch.equal(value, old[name])


def test_a_head_on_a_frozen_encoder_learns_and_can_be_used(tmp_path: Path) -> None:
    """Drawn twins that share their shape, by the bundled encoder: the head must beat it on held-out twins."""
    recipe = Recipe.from_dict(
        {
            "name": "twins",
            "encoder": {"name": "classic"},
            "adapter": {"kind": "mlp", "hidden": 64},
            "objective": {"kind": "triplet-hinge"},
            "data": {"train": "twins", "twins": {"n": 160, "size": 48}, "validation_share": 0.25},
            "optimizer": {"epochs": 8, "batch": 32, "lr": 0.003},
        }
    )
    run = fit(recipe, out=tmp_path / "run", device="cpu")
    assert run.validation >= run.comparison.untouched.value
    card = RunFolder(tmp_path / "run").read_card()
    assert (card.adapter["kind"], card.features, card.parents[0].spec) == ("mlp", "normalized", "classic")
    opened = open_network(recipe)
    assert opened.frozen is not None
    used = load_encoder(f"trained:{tmp_path / 'run'}")
    assert used.embed([np.full((20, 20, 3), 90, dtype=np.uint8)]).shape == (1, opened.network.dim)


def test_joint_lora_is_trained_saved_and_read_back(
    tmp_path: Path, weights: dict[str, str], pictures: list[Any]
) -> None:
    """As DreamSim's ensemble, in small: what the folder gives is what the network gave when training ended."""
    recipe = Recipe.from_dict(
        {
            "name": "joint",
            "encoder": {"name": [VIT, VIT], "weights": [weights[VIT], weights[VIT]]},
            "adapter": {"kind": "lora", "rank": 2, "alpha": 4.0, "dropout": 0.3},
            "objective": {"kind": "triplet-hinge"},
            "data": {"train": "twins", "twins": {"n": 16, "size": 48}, "validation_share": 0.25},
            "optimizer": {"name": "adam", "epochs": 1, "batch": 4, "accumulate": 2, "lr": 0.01},
            "stop": {"restore_best": False},
        }
    )
    run = fit(recipe, out=tmp_path / "run", device="cpu")
    assert run.steps == 3
    used = load_encoder(f"trained:{tmp_path / 'run'}", CPU)
    assert (
        used.card.dim
        == 2 * load_encoder(VIT, EncoderOptions(device="cpu", weights=Path(weights[VIT]))).card.dim
    )
    opened = open_network(recipe)
    untouched = opened.network.eval()(pixels(opened.card, pictures)).detach().numpy()
    assert not np.allclose(used.embed(pictures), normalize(untouched), atol=1e-3)
    tensors = load_checkpoint(RunFolder(tmp_path / "run"), recipe)
    assert tensors is not None
    opened.network.load_trained(tensors.part("network"))
    trained = opened.network.eval()(pixels(opened.card, pictures)).detach().numpy()
    np.testing.assert_allclose(used.embed(pictures), normalize(trained), atol=1e-4)
