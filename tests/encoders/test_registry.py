"""Encoders by name."""

from __future__ import annotations

import importlib.metadata
import sys

import pytest

from lookalike.encoders import BUILTIN, EncoderEntry, list_encoders, load_encoder, registry
from lookalike.encoders.classic import ClassicEncoder
from lookalike.errors import LookalikeError, UnknownEncoder


def test_default_is_the_network_inside_the_package() -> None:
    assert load_encoder().card.name == "glance"
    encoder = load_encoder("classic")
    assert isinstance(encoder, ClassicEncoder)
    assert load_encoder(encoder) is encoder


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("clasic", "no encoder is called 'clasic'; did you mean classic?"),
        ("onx:/a.onnx", "did you mean onnx?"),
        ("/models/net.onnx", "did you mean onnx:/models/net.onnx?"),
        ("classic+torchvison:resnet18", "'torchvison'; did you mean torchvision?"),
        ("qqqqqq", "'qqqqqq'; Known: classic or classic:PART"),
        ("", "no encoder is called ''"),
        ("a\nb", r"a\\nb"),
    ],
)
def test_unknown_names(spec: str, message: str) -> None:
    with pytest.raises(UnknownEncoder) as caught:
        load_encoder(spec)
    assert message.replace("\\\\", "\\") in str(caught.value).replace("\\\\", "\\")
    assert "\n" not in str(caught.value)


def test_every_builtin_entry_can_be_listed() -> None:
    listed = {status.entry.name: status for status in list_encoders()}
    assert listed.keys() >= BUILTIN.keys()
    assert listed["classic"].available
    assert listed["classic"].install is None


def test_missing_packages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EncoderEntry("odd", "odd:X", "Odd.", "nowhere:load", ("surely_not_installed", "numpy"), "torch")
    monkeypatch.setitem(registry.BUILTIN, "odd", entry)
    status = {status.entry.name: status for status in list_encoders()}["odd"]
    assert not status.available
    assert status.missing == ("surely_not_installed",)
    assert status.install == "pip install 'lookalike[torch]'"


def test_third_party(monkeypatch: pytest.MonkeyPatch) -> None:
    point = importlib.metadata.EntryPoint("mine", "lookalike.encoders.classic:load", "lookalike.encoders")
    monkeypatch.setattr(registry, "entry_points", lambda **_: [point])
    assert load_encoder("mine:color").card.dim == 153
    assert load_encoder("classic:layout+2*mine:color").card.parts == ("classic:layout", "classic:color")
    assert "mine" in [status.entry.name for status in list_encoders()]
    with pytest.raises(UnknownEncoder, match="did you mean mine"):
        load_encoder("mime:color")


def test_listing_imports_nothing_heavy() -> None:
    import subprocess

    code = (
        "import sys; from lookalike.encoders import list_encoders; list_encoders();"
        "print([m for m in ('torch', 'timm', 'onnxruntime', 'skimage', 'dlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_errors_are_ours() -> None:
    for spec in ("onnx:/none.onnx", "classic:none", "none"):
        with pytest.raises(LookalikeError):
            load_encoder(spec)
