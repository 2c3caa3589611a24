"""What every PyTorch encoder does, on networks small enough to compute by hand."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

from lookalike.encoders.base import EncoderCard, Preprocessing
from lookalike.encoders.registry import EncoderOptions
from lookalike.errors import InvalidArgument, MissingDependency, NoSuchOutput

torch = pytest.importorskip("torch")

from lookalike.encoders import torch_base  # noqa: E402
from lookalike.encoders.torch_base import (  # noqa: E402
    TorchEncoder,
    check_precision,
    choose_device,
    parameters_sha256,
    require,
    running,
    tokens_to_grid,
)

CPU = EncoderOptions(device="cpu", threads=1)


def card(dim: int, normalized: bool = False) -> EncoderCard:
    return EncoderCard("test", dim, (4, 4), Preprocessing(), normalized=normalized)


class Means(torch.nn.Module):
    """The mean of each channel: the embedding of a picture of one colour is that colour."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.dropout = torch.nn.Dropout(0.5)
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        self.shapes.append(tuple(batch.shape))
        return self.dropout(batch.mean(dim=(2, 3)) * self.scale)


def plain(red: int, green: int, blue: int) -> np.ndarray:
    return np.full((6, 5, 3), (red, green, blue), dtype=np.uint8)


def test_colours_by_hand_in_order() -> None:
    encoder = TorchEncoder(Means(), card(3), CPU)
    found = encoder.embed([plain(255, 0, 0), plain(0, 51, 102), plain(255, 255, 255)])
    np.testing.assert_allclose(found, [[1, 0, 0], [0, 0.2, 0.4], [1, 1, 1]], atol=1e-6)
    assert found.dtype == np.float32
    assert encoder.embed([]).shape == (0, 3)


def test_normalised_when_the_card_says_so() -> None:
    encoder = TorchEncoder(Means(), card(3, normalized=True), CPU)
    np.testing.assert_allclose(encoder.embed([plain(0, 153, 204)]), [[0, 0.6, 0.8]], atol=1e-6)


def test_the_network_is_in_eval_mode_and_without_gradients() -> None:
    module = Means().train()
    encoder = TorchEncoder(module, card(3), CPU)
    assert not module.training
    assert not any(parameter.requires_grad for parameter in module.parameters())
    assert np.array_equal(encoder.embed([plain(9, 9, 9)]), encoder.embed([plain(9, 9, 9)]))


def test_the_network_sees_one_shape_whatever_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Means()
    encoder = TorchEncoder(module, card(3), CPU)
    encoder.embed([plain(1, 2, 3)] * 5)
    assert set(module.shapes) == {(1, 3, 4, 4)}
    # As on an accelerator: batches of one size, the last filled up.
    module.shapes.clear()
    monkeypatch.setattr(torch_base, "ACCELERATOR_BATCH", 4)
    encoder.device = "meta"
    monkeypatch.setattr(torch_base, "running", lambda *_: running("cpu", "fp32"))
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *_: self)
    pictures = [plain(n, 2 * n, 255 - n) for n in range(6)]
    found = encoder.embed(pictures)
    assert module.shapes == [(4, 3, 4, 4)] * 2
    np.testing.assert_allclose(found[:, 0] * 255, range(6), atol=1e-4)


def test_batches_of_one_and_of_many_agree_bit_by_bit() -> None:
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 24, 3, padding=1),
        torch.nn.BatchNorm2d(24),
        torch.nn.Conv2d(24, 24, 3, groups=24),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(96, 17),
    )
    encoder = TorchEncoder(module, card(17), CPU)
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (9, 7, 3), dtype=np.uint8) for _ in range(1000)]
    together = encoder.embed(pictures)
    assert np.array_equal(together, np.concatenate([encoder.embed([picture]) for picture in pictures]))
    assert np.array_equal(
        together, np.concatenate([encoder.embed(pictures[:333]), encoder.embed(pictures[333:])])
    )


def test_no_feature_map_unless_the_network_has_one() -> None:
    encoder = TorchEncoder(Means(), card(3), CPU)
    with pytest.raises(NoSuchOutput, match="has no feature map"):
        encoder.feature_map([plain(1, 1, 1)])


def test_random_weights_show_in_the_fingerprint() -> None:
    one, two = Means(), Means()
    two.scale.data += 1
    assert (
        TorchEncoder(one, card(3), CPU).card.fingerprint
        == TorchEncoder(Means(), card(3), CPU).card.fingerprint
    )
    assert (
        TorchEncoder(one, card(3), CPU).card.fingerprint != TorchEncoder(two, card(3), CPU).card.fingerprint
    )
    assert len(parameters_sha256(one)) == 64


def test_bf16_is_close_and_says_so() -> None:
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 8))
    full = TorchEncoder(module, card(8), CPU)
    half = TorchEncoder(module, card(8), EncoderOptions(device="cpu", precision="bf16", threads=1))
    picture = [plain(200, 30, 90)]
    assert half.card.details == {"precision": "bf16"}
    assert half.card.fingerprint != full.card.fingerprint
    found = half.embed(picture)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, full.embed(picture), atol=0.02)
    assert not np.array_equal(found, full.embed(picture))


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with running("cpu", "fp32", before + 1):
        assert torch.get_num_threads() == before + 1
        assert torch.is_inference_mode_enabled()
    assert torch.get_num_threads() == before
    with pytest.raises(InvalidArgument, match="threads must be at least 1"):
        TorchEncoder(Means(), card(3), EncoderOptions(device="cpu", threads=0))


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto") == "cpu"
    assert choose_device("cpu") == "cpu"
    for wanted, message in (
        ("cuda", "not available"),
        ("mps", "not available"),
        ("tpu", "unknown"),
        ("cpu:1", "unknown"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            choose_device(wanted)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto") == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("auto") == "cuda"
    assert choose_device("cuda:1") == "cuda:1"
    with pytest.raises(InvalidArgument, match=r"2 CUDA device\(s\)"):
        choose_device("cuda:2")


def test_precisions(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_precision("bf16", "cpu") == "bf16"
    with pytest.raises(InvalidArgument, match="precision 'fp16' is unknown"):
        check_precision("fp16", "cpu")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)
    with pytest.raises(InvalidArgument, match="cannot compute in bf16; use --precision fp32"):
        check_precision("bf16", "cuda")


def test_cuda_settings_are_understood_by_this_torch() -> None:
    before = torch.backends.cudnn.allow_tf32
    with running("cuda", "fp32"):
        assert not torch.backends.cudnn.allow_tf32
        assert torch.backends.cudnn.deterministic
    assert torch.backends.cudnn.allow_tf32 == before


def test_tokens_to_grid_by_hand() -> None:
    tokens = torch.arange(2 * 8 * 1).reshape(2, 8, 1)
    assert tokens_to_grid(tokens, 2, (2, 3))[0, :, :, 0].tolist() == [[2, 3, 4], [5, 6, 7]]
    assert tokens_to_grid(tokens, 4)[1, :, :, 0].tolist() == [[12, 13], [14, 15]]
    with pytest.raises(NoSuchOutput, match="8 patches do not fill a grid of 2 x 2"):
        tokens_to_grid(tokens, 0)


def test_a_missing_package_is_named_even_when_another_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        MissingDependency, match=r"testing needs torch; install it with: pip install 'lookalike\[torch\]'"
    ):
        require("torch", "torch", "testing")


def test_what_libraries_warn_about_while_loading_is_hidden(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("noisy")
    (folder / "noisy_library.py").write_text("import warnings\nwarnings.warn('old', DeprecationWarning)\n")
    monkeypatch.syspath_prepend(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        require("noisy_library", "torch", "testing")
