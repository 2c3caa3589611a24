"""Adapters on tiny random ViTs: what is trained, what is saved, and merged networks that equal adapted ones."""

from __future__ import annotations

import pytest

from lookalike.errors import RecipeError, TrainingError

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
peft = pytest.importorskip("peft")

from lookalike.training.adapters import (  # noqa: E402
    LinearHead,
    MlpHead,
    apply_lora,
    full,
    last_layers,
    load_trained,
    merge_lora,
    trainable_parameters,
    trained_state,
)


@pytest.fixture(autouse=True)
def _one_thread():
    """Tiny tensors: on a busy machine two threads wait for one another a hundred times longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny_vit(seed: int = 0):
    torch.manual_seed(seed)
    return timm.create_model("vit_tiny_patch16_224", img_size=64, depth=2, num_classes=0).eval()


def tiny_clip():
    open_clip = pytest.importorskip("open_clip")
    torch.manual_seed(0)
    vision = {"image_size": 32, "layers": 2, "width": 64, "patch_size": 16, "head_width": 32}
    text = {"context_length": 8, "vocab_size": 50, "width": 32, "heads": 2, "layers": 1}
    return open_clip.model.CLIP(embed_dim=16, vision_cfg=vision, text_cfg=text).eval()


def images(size: int = 64):
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))


def a_few_steps(module, forward, steps: int = 3) -> None:
    optimizer = torch.optim.Adam(trainable_parameters(module), lr=0.01)
    for _ in range(steps):
        loss = (forward(images(32 if hasattr(module, "visual") else 64)) - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_mlp_head_by_hand() -> None:
    head = MlpHead(2, hidden=1)
    x = torch.tensor([[1.0, 2.0], [-1.0, 0.0]])
    assert torch.equal(head(x), x)  # starts as the identity
    with torch.no_grad():
        head.first.weight.copy_(torch.tensor([[1.0, 1.0]]))
        head.first.bias.fill_(-1)
        head.second.weight.copy_(torch.tensor([[10.0], [0.0]]))
    # relu(1 + 2 - 1) = 2, times 10 onto the first number; relu(-1 - 1) = 0
    assert head(x).tolist() == [[21.0, 2.0], [-1.0, 0.0]]
    with pytest.raises(TrainingError, match="dropout"):
        MlpHead(2, dropout=1.0)


def test_linear_head_by_hand() -> None:
    x = torch.tensor([[1.0, 2.0, 3.0]])
    assert LinearHead(3)(x).tolist() == [[1, 2, 3]]
    assert LinearHead(3, 2)(x).tolist() == [[1, 2]]
    # Points on the line (3, 4) t + (1, 1) with t = -1, 0, 1: one component, 5 t; its standard deviation is 5
    points = torch.tensor([[-2.0, -3], [1, 1], [4, 5]])
    assert LinearHead.from_pca(points, 1)(points).flatten().tolist() == pytest.approx([-5, 0, 5], abs=1e-5)
    whitened = LinearHead.from_pca(points, 1, whiten=1.0)(points)
    assert whitened.flatten().tolist() == pytest.approx([-1, 0, 1], abs=1e-5)
    half = LinearHead.from_pca(points, 1, whiten=0.5)(points)
    assert half.flatten().tolist() == pytest.approx([-(5**0.5), 0, 5**0.5], abs=1e-5)
    for out, whiten in ((3, 0.0), (1, 2.0), (0, 0.0)):
        with pytest.raises(TrainingError, match="at most 2"):
            LinearHead.from_pca(points, out, whiten)
    with pytest.raises(TrainingError, match="1 to 3"):
        LinearHead(3, 4)


def test_lora_starts_unchanged_trains_and_merges() -> None:
    module, untouched = tiny_vit(), tiny_vit()
    apply_lora(module, rank=4, alpha=8.0, dropout=0.3)
    assert torch.equal(module(images()), untouched(images()))
    names = [name for name, p in module.named_parameters() if p.requires_grad]
    # 2 blocks x (A 4 x 192 + B 576 x 4)
    assert len(names) == 4
    assert all("attn.qkv.lora_" in name for name in names)
    assert sum(p.numel() for p in trainable_parameters(module)) == 2 * (4 * 192 + 576 * 4)
    a_few_steps(module, module)
    adapted = module(images())
    assert (adapted - untouched(images())).abs().max() > 1e-2
    merged = merge_lora(module)
    assert (merged(images()) - adapted).abs().max() < 1e-5
    assert set(merged.state_dict()) == set(untouched.state_dict())
    assert torch.equal(module(images()), adapted)  # the original still has its LoRA
    with pytest.raises(TrainingError, match="already"):
        apply_lora(module)


def test_trained_state_is_small_and_comes_back() -> None:
    module = apply_lora(tiny_vit(), rank=2, alpha=0.5)
    a_few_steps(module, module)
    state = trained_state(module)
    assert sum(t.numel() for t in state.values()) == 2 * (2 * 192 + 576 * 2)
    fresh = load_trained(apply_lora(tiny_vit(), rank=2, alpha=0.5), state)
    assert torch.equal(fresh(images()), module(images()))
    with pytest.raises(TrainingError, match="expected"):
        load_trained(apply_lora(tiny_vit(), rank=3), state)
    with pytest.raises(TrainingError, match="is missing"):
        load_trained(full(tiny_vit()), state)
    name = next(iter(state))
    with pytest.raises(TrainingError, match="is not trained here"):
        load_trained(apply_lora(tiny_vit(), rank=2), {**state, "more": state[name]})


def test_lora_on_open_clip_touches_only_the_image_tower() -> None:
    module, untouched = tiny_clip(), tiny_clip()
    apply_lora(module, rank=2, alpha=4.0)
    before = untouched.encode_image(images(32))
    assert (module.encode_image(images(32)) - before).abs().max() < 1e-5
    assert all(n.startswith("visual.") for n, p in module.named_parameters() if p.requires_grad)
    a_few_steps(module, module.encode_image)
    adapted = module.encode_image(images(32))
    assert (adapted - before).abs().max() > 1e-3
    merged = merge_lora(module)
    assert (merged.encode_image(images(32)) - adapted).abs().max() < 1e-5
    assert (merged.visual(images(32)) - adapted).abs().max() < 1e-5


def test_open_attention_respects_masks_and_both_layouts() -> None:
    from lookalike.training.adapters_attention import QkvAttention

    torch.manual_seed(0)
    for batch_first in (True, False):
        theirs = torch.nn.MultiheadAttention(8, 2, batch_first=batch_first).eval()
        x = torch.randn(3, 5, 8)
        later = torch.ones(5, 5, dtype=torch.bool).triu(1)
        if not batch_first:
            later = torch.ones(3, 3, dtype=torch.bool).triu(1)
        for mask in (None, later, torch.zeros(later.shape).masked_fill(later, float("-inf"))):
            expected = theirs(x, x, x, need_weights=False, attn_mask=mask)[0]
            assert torch.allclose(QkvAttention(theirs)(x, x, x, attn_mask=mask)[0], expected, atol=1e-6)
    with pytest.raises(TrainingError, match="self-attention"):
        QkvAttention(theirs)(x, x.clone(), x)


def test_what_lora_cannot_do_is_said() -> None:
    with pytest.raises(RecipeError, match=r"no layer is called 'qkw'; close names: .*qkv"):
        apply_lora(tiny_vit(), targets=("qkw",))
    with pytest.raises(RecipeError, match=r"layers here: .*fc1.*qkv"):
        apply_lora(tiny_vit(), targets=("zzzzzz",))
    for settings in ({"rank": 0}, {"rank": True}, {"alpha": 0.0}, {"dropout": 1.0}):
        with pytest.raises(RecipeError, match="rank must be"):
            apply_lora(tiny_vit(), **settings)
    beit = timm.create_model("beit_base_patch16_224", img_size=32, depth=1, embed_dim=24, num_heads=2)
    with pytest.raises(TrainingError, match="never called"):
        apply_lora(beit)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vit_tiny_patch16_224", {"blocks.1", "norm"}),
        ("resnet10t", {"layer4.0"}),
        ("mobilenetv3_small_050", {"blocks.5.0", "conv_head", "norm_head"}),
    ],
)
def test_last_layers(name: str, expected: set[str]) -> None:
    module = tiny_vit() if name.startswith("vit") else timm.create_model(name, num_classes=0)
    last_layers(module, 1)
    trained = {n for n, p in module.named_parameters() if p.requires_grad}
    for prefix in expected - {"norm_head"}:
        assert any(n.startswith(f"{prefix}.") for n in trained), prefix
    assert all(any(n.startswith(f"{prefix}.") for prefix in expected) for n in trained), trained
    with pytest.raises(RecipeError, match="layers must be 1 to"):
        last_layers(module, 99)


def test_last_layers_of_clip_and_of_a_network_without_lists() -> None:
    module = last_layers(tiny_clip(), 1)
    trained = {n for n, p in module.named_parameters() if p.requires_grad}
    assert "visual.proj" in trained
    assert "visual.transformer.resblocks.1.attn.in_proj_weight" in trained
    assert all(
        n.startswith(("visual.proj", "visual.ln_post", "visual.transformer.resblocks.1.")) for n in trained
    )
    head = last_layers(MlpHead(4, 3), 1)
    assert [n for n, p in head.named_parameters() if p.requires_grad] == ["second.weight", "second.bias"]


def test_batch_norm_statistics_belong_to_what_was_trained() -> None:
    torch.manual_seed(0)
    module = last_layers(timm.create_model("resnet10t", num_classes=0), 1).train()
    module(images())
    state = trained_state(module)
    assert any(name.endswith("running_mean") for name in state)
    assert all(name.startswith("layer4.") for name in state)
    fresh = last_layers(timm.create_model("resnet10t", num_classes=0), 1)
    load_trained(fresh, state)
    assert torch.equal(fresh.layer4[0].bn1.running_mean, module.layer4[0].bn1.running_mean)


def test_nothing_to_train_is_an_error() -> None:
    with pytest.raises(TrainingError, match="frozen"):
        trainable_parameters(tiny_vit().requires_grad_(False))


def test_a_head_learns_what_a_frozen_network_does_not_know() -> None:
    """Which of two numbers decides is learned by the head within 30 steps on DreamSim's hinge."""
    from lookalike.training.batch import Batch
    from lookalike.training.objectives import make_objective

    generator = torch.Generator().manual_seed(0)
    reference, a, b = (torch.randn(200, 8, generator=generator) for _ in range(3))
    near_a, near_b = (reference[:, 0] - a[:, 0]).abs(), (reference[:, 0] - b[:, 0]).abs()
    batch = Batch(reference, a, b, votes_a=(near_a < near_b).float(), votes_b=(near_a >= near_b).float())
    for head in (MlpHead(8, 32), LinearHead(8)):
        objective = make_objective("triplet-hinge", 8)
        objective(batch, head)
        frozen = objective.logs["accuracy"]
        optimizer = torch.optim.Adam(head.parameters(), lr=0.03)
        for _ in range(30):
            optimizer.zero_grad()
            objective(batch, head).backward()
            optimizer.step()
        assert objective.logs["accuracy"] > frozen + 0.1
