"""Weights files, good and bad, and what is said where they are not."""

from __future__ import annotations

import hashlib
import http.server
import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.errors import EncoderCardError, InvalidArgument, WeightsNotFound

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")

from lookalike.encoders.weights import load_weights, read_state_dict  # noqa: E402
from lookalike.encoders.weights_source import WantedWeights, find_weights, pull, reachable  # noqa: E402
from lookalike.images.files import file_sha256  # noqa: E402


class Evil:
    """A pickle that would create a file when loaded without care."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def state() -> dict[str, torch.Tensor]:
    return {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([1.0, 2.0])}


@pytest.mark.parametrize("ending", [".safetensors", ".pth", ".pt", ".bin"])
def test_all_kinds_are_read(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"w{ending}"
    if ending == ".safetensors":
        safetensors_torch.save_file(state(), path)
    else:
        torch.save(state(), path)
    found = read_state_dict(path)
    assert found.keys() == {"weight", "bias"}
    assert torch.equal(found["weight"], state()["weight"])


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict"])
def test_wrappings_of_training_scripts(key: str, tmp_path: Path) -> None:
    torch.save(
        {key: {f"module.{name}": value for name, value in state().items()}, "epoch": 3}, tmp_path / "w.pth"
    )
    assert read_state_dict(tmp_path / "w.pth").keys() == {"weight", "bias"}


def test_nothing_in_a_file_is_executed(tmp_path: Path) -> None:
    (tmp_path / "evil.pt").write_bytes(pickle.dumps(Evil(tmp_path / "was-here")))
    torch.save({"weight": Evil(tmp_path / "was-here")}, tmp_path / "evil.pth")
    for name in ("evil.pt", "evil.pth"):
        with pytest.raises(WeightsNotFound) as caught:
            read_state_dict(tmp_path / name)
        assert "weights_only=False" not in str(caught.value)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "was-here").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("w.safetensors", b"", "is empty"),
        ("w.safetensors", b"\x10\x00\x00\x00\x00\x00\x00\x00nonsense", "damaged"),
        ("w.safetensors", b"<html>not found</html>", "damaged"),
        ("w.pth", b"PK\x03\x04 cut off", "damaged"),
        ("w.pth", b"version https://git-lfs.github.com/spec/v1", "damaged"),
        ("w.npz", b"x", "weights are read from .safetensors, .pth, .pt, .bin files, not .npz"),
        ("weights", b"x", "weights are read from"),
    ],
)
def test_bad_files(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsNotFound, match=message) as caught:
        read_state_dict(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_absent_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "folder.pth").mkdir()
    for name in ("none.pth", "folder.pth"):
        with pytest.raises(WeightsNotFound, match=f"{name}: there is no such weights file"):
            read_state_dict(tmp_path / name)


@pytest.mark.parametrize("content", [{}, [1, 2], {"weight": 3}, {3: torch.ones(1)}])
def test_files_without_weights(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(WeightsNotFound, match=r"holds no weights|is not a tensor"):
        read_state_dict(tmp_path / "w.pth")


def test_half_precision_becomes_float32() -> None:
    layer = torch.nn.Linear(3, 2)
    load_weights(layer, {name: value.half() for name, value in state().items()}, Path("w.pth"), "test")
    assert layer.weight.dtype == torch.float32
    assert torch.equal(layer.weight, state()["weight"])


def test_only_the_classifier_may_be_left_over() -> None:
    layer = torch.nn.Linear(3, 2)
    extra = {"classifier.weight": torch.ones(1), "head.bias": torch.ones(1), "fc.weight": torch.ones(1)}
    load_weights(layer, {**state(), **extra}, Path("w.pth"), "test")
    for name in ("headless.weight", "layer.weight"):
        with pytest.raises(EncoderCardError, match=rf"w.pth.*not weights of test: 1 unexpected \({name}\)"):
            load_weights(layer, {**state(), name: torch.ones(1)}, Path("w.pth"), "test")


def test_everything_that_does_not_fit_is_counted() -> None:
    model = torch.nn.Sequential(*[torch.nn.Linear(3, 2) for _ in range(3)])
    given = {"0.weight": torch.ones(2, 4), "0.bias": torch.ones(2), "a": torch.ones(1), "b": torch.ones(1)}
    before = model[0].bias.clone()
    with pytest.raises(EncoderCardError) as caught:
        load_weights(model, given, Path("w.pth"), "test")
    assert "4 missing (1.weight, 1.bias, 2.weight, ...)" in str(caught.value)
    assert "1 of the wrong shape (0.weight (2, 4) instead of (2, 3))" in str(caught.value)
    assert "2 unexpected (a, b)" in str(caught.value)
    assert torch.equal(model[0].bias, before)


def test_old_files_lack_the_step_counter_of_batch_normalisation() -> None:
    layer = torch.nn.BatchNorm2d(2)
    given = {name: value for name, value in layer.state_dict().items() if name != "num_batches_tracked"}
    load_weights(layer, given, Path("w.pth"), "test")


def test_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert file_sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A web server on this machine: (its address, its folder)."""
    folder = tmp_path_factory.mktemp("served")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as web:
        thread = threading.Thread(target=web.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}", folder
        web.shutdown()
        thread.join()


@pytest.fixture
def torch_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "torch" / "hub" / "checkpoints"


def test_weights_are_fetched_once_and_checked(server: tuple[str, Path], torch_home: Path) -> None:
    address, folder = server
    (folder / "net.pth").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    wanted = WantedWeights("test", url=f"{address}/net.pth", sha256_start=digest[:8])
    assert find_weights(wanted, None) == torch_home / "net.pth"
    assert (torch_home / "net.pth").read_bytes() == b"weights"
    (folder / "net.pth").unlink()
    assert find_weights(wanted, None) == torch_home / "net.pth"


def test_damaged_or_missing_downloads_leave_nothing(server: tuple[str, Path], torch_home: Path) -> None:
    address, folder = server
    (folder / "net.pth").write_bytes(b"something else")
    with pytest.raises(WeightsNotFound, match="what was downloaded is damaged"):
        find_weights(WantedWeights("test", url=f"{address}/net.pth", sha256_start="12345678"), None)
    with pytest.raises(WeightsNotFound, match=r"the download failed \(HTTP Error 404"):
        find_weights(WantedWeights("test", url=f"{address}/none.pth"), None)
    assert list(torch_home.iterdir()) == []


def test_a_local_file_goes_before_everything(tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "w.pth")
    assert (
        find_weights(WantedWeights("test", url="http://nowhere.invalid/x"), tmp_path / "w.pth")
        == tmp_path / "w.pth"
    )
    with pytest.raises(WeightsNotFound, match="no such weights file"):
        find_weights(WantedWeights("test"), tmp_path / "none.pth")


@pytest.mark.usefixtures("torch_home")
def test_an_unreachable_server_costs_seconds_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.perf_counter()
    assert not reachable("https://nowhere.invalid/")
    assert not reachable("not a url")
    with pytest.raises(
        WeightsNotFound, match=r"https://nowhere.invalid/x.pth.*cannot be reached.*--weights FILE"
    ):
        find_weights(WantedWeights("test", url="https://nowhere.invalid/x.pth"), None)
    assert time.perf_counter() - start < 15
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsNotFound, match="HF_HUB_OFFLINE forbids"):
        find_weights(WantedWeights("test", url="https://nowhere.invalid/x.pth"), None)


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(*_arguments: object, **_more: object) -> None:
        release.wait(5)
        raise OSError("too late")

    monkeypatch.setattr("urllib.request.urlopen", hang)
    start = time.perf_counter()
    assert not reachable("https://example.org", patience=0.2)
    assert time.perf_counter() - start < 2
    release.set()


def test_hub_files_come_from_the_cache_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    snapshot = tmp_path / "models--timm--resnet18.a1_in1k" / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").write_bytes(b"x")
    refs = tmp_path / "models--timm--resnet18.a1_in1k" / "refs"
    refs.mkdir()
    (refs / "main").write_text("a" * 40)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest.importorskip("timm")
    assert pull("timm:resnet18") == snapshot / "model.safetensors"
    with pytest.raises(WeightsNotFound, match=r"timm/resnet34.a1_in1k/model.safetensors on huggingface.co"):
        pull("timm:resnet34")


def test_what_cannot_be_pulled() -> None:
    for spec in ("classic", "onnx:x.onnx", "timm"):
        with pytest.raises(InvalidArgument):
            pull(spec)
