"""Networks from scratch: shapes, fused equality, options and that they learn."""

from __future__ import annotations

import pytest

from lookalike.encoders.base import EncoderCard
from lookalike.errors import RecipeError

torch = pytest.importorskip("torch")

from lookalike.training.networks import ConvDecoder, count_parameters, make_network  # noqa: E402
from lookalike.training.networks_residual import ConvNorm, Residual  # noqa: E402


@pytest.fixture(autouse=True)
def _one_thread():
    """Tiny tensors: on a busy machine two threads wait for one another a hundred times longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_the_default_is_what_the_embedded_encoder_needs() -> None:
    torch.manual_seed(0)
    network = make_network("net:small")
    assert isinstance(network.card, EncoderCard)
    assert (network.card.name, network.card.dim, network.card.input_size) == ("net:small", 384, (112, 112))
    assert network.card.feature_map == (7, 7, 384)
    fused = network.fuse()
    assert 3.6e6 < count_parameters(fused) < 3.8e6
    x = torch.randn(1, 3, 112, 112)
    with torch.no_grad():
        local = fused.forward_map(x)
        assert local.shape == (1, 384, 7, 7)
        # The projection is linear: the embedding is the mean of the map
        assert torch.allclose(
            local.mean(dim=(2, 3)), fused(x), atol=1e-4 * float(fused(x).detach().abs().max())
        )


def test_fusing_changes_nothing() -> None:
    torch.manual_seed(0)
    network = make_network("net:small?width=16&size=64&dim=24&depths=2-2-1-1")
    network.train()
    for _ in range(3):  # running statistics and weights that are not those of the start
        network(torch.randn(8, 3, 64, 64) * 2 + 1)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
    network.eval()
    fused, x = network.fuse(), torch.randn(4, 3, 64, 64)
    with torch.no_grad():
        scale = float(network(x).abs().mean())
        assert scale > 0.01
        assert (network(x) - fused(x)).abs().max() < 1e-4 * max(scale, 1)
        assert (network.forward_map(x) - fused.forward_map(x)).abs().max() < 1e-4 * max(scale, 1)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in fused.modules())
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())  # the original stays as it was
    assert count_parameters(fused) < count_parameters(network)


def test_a_fused_convolution_by_hand() -> None:
    block = ConvNorm(1, 1, 3).eval()
    with torch.no_grad():
        block.conv.weight.copy_(torch.arange(9.0).view(1, 1, 3, 3))
        block.norm.running_var.fill_(4 - block.norm.eps)
        block.norm.running_mean.fill_(2)
        block.norm.weight.fill_(6)
        block.norm.bias.fill_(1)
    block.fuse()
    # 6 (y - 2) / sqrt(4) + 1 = 3 y - 5
    assert block.conv.weight.flatten().tolist() == pytest.approx([3 * n for n in range(9)])
    assert block.conv.bias.tolist() == pytest.approx([-5])


def test_a_block_begins_as_its_shortcut() -> None:
    network = make_network("net:small?width=8&size=32")
    block = next(m for m in network.modules() if isinstance(m, Residual) and not len(m.shortcut))
    x = torch.randn(2, block.first.conv.in_channels, 5, 5).relu()
    assert torch.equal(block(x), x)


def test_the_shortcut_looks_at_every_place() -> None:
    block = Residual(1, 1, stride=2).eval()
    with torch.no_grad():
        block.second.norm.weight.zero_()
        block.shortcut[1].conv.weight.fill_(1)
        block.shortcut[1].norm.running_var.fill_(1 - block.shortcut[1].norm.eps)
        x = torch.tensor([[1.0, 2.0, 5.0], [3.0, 6.0, 7.0], [8.0, 4.0, 9.0]])[None, None]
        # Means over 2 x 2 places; at an odd border over those that are there
        assert block(x).flatten().tolist() == pytest.approx([3.0, 6.0, 6.0, 9.0])


@pytest.mark.parametrize(
    ("spec", "shape", "dim"),
    [
        ("net:small?width=8&size=48&dim=10", (2, 3, 48, 48), 10),
        ("net:small?width=8&size=48&project=false", (2, 3, 48, 48), 64),
        ("net:small?width=8&size=48&dim=0&strides=1-2-2-2", (2, 3, 48, 48), 64),
        ("net:conv?size=24&dim=5&width=8", (2, 3, 24, 24), 5),
        ("net:digits?channels=1", (2, 1, 28, 28), 64),
    ],
)
def test_shapes_and_cards(spec: str, shape: tuple[int, ...], dim: int) -> None:
    network = make_network(spec).eval()
    assert network(torch.randn(shape)).shape == (2, dim)
    assert (network.card.name, network.card.dim, network.card.input_size) == (spec, dim, shape[2:])
    if network.card.feature_map is not None:
        height, width, deep = network.card.feature_map
        assert network.forward_map(torch.randn(shape)).shape == (2, deep, height, width)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("net:big", "known: net:small, net:conv, net:digits"),
        ("timm:x", "no network"),
        ("net:", "no network|nothing stands"),
        ("net:small?widht=3", "did you mean width"),
        ("net:small?width=3", "at least 8"),
        ("net:small?width=x", "got 'x'"),
        ("net:small?depths=1-2", "four numbers"),
        ("net:small?strides=1-2-3-1", "four numbers"),
        ("net:small?project=maybe", "true or false"),
        ("net:small?project=false&dim=10", "leave dim out"),
        ("net:small?width", "key=value"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(spec: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        make_network(spec)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [4, 28, 32, 64])
def test_decoder_draws_the_size_asked_for(size: int) -> None:
    assert ConvDecoder(3, size=size, channels=2, width=16)(torch.randn(2, 3)).shape == (2, 2, size, size)


def test_decoder_refuses_a_size_it_cannot_reach() -> None:
    with pytest.raises(RecipeError, match="multiple of 8"):
        ConvDecoder(3, size=36)


@pytest.mark.parametrize(
    "spec",
    [
        "net:small?width=8&size=32&dim=16&depths=1-1-1-1",
        "net:conv?size=32&width=8",
        "net:digits?size=32&width=4",
    ],
)
def test_a_network_learns_stripes(spec: str) -> None:
    """Upright against lying stripes, in noise: 30 steps take the accuracy from chance to nearly all."""
    from lookalike.training.batch import Batch
    from lookalike.training.objectives import make_objective

    torch.manual_seed(0)
    labels = torch.arange(32) % 2
    stripes = torch.sin(torch.arange(32) * 1.5).expand(3, 32, 32)
    images = torch.stack([stripes if label else stripes.mT for label in labels]) + 0.5 * torch.randn(
        32, 3, 32, 32
    )
    network = make_network(spec)
    objective = make_objective("classifier", network.card.dim, classes=2)
    optimizer = torch.optim.Adam([*network.parameters(), *objective.parameters()], lr=0.01)
    losses = []
    for _ in range(30):
        loss = objective(Batch(images, labels=labels), network)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    assert objective.logs["accuracy"] > 0.9
