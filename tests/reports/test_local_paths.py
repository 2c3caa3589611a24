"""Folders of this machine do not travel in reports."""

from __future__ import annotations

import pytest

from lookalike.reports.local_paths import without_folders


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("onnx:/home/me/models/net.onnx", "onnx:net.onnx"),
        ("a+onnx:../x/net.onnx | whiten", "a+onnx:net.onnx | whiten"),
        (
            "lookalike bench tll /data/tll -e onnx:~/m/net.onnx -o out",
            "lookalike bench tll tll -e onnx:net.onnx -o out",
        ),
        ("no file /a/b/c.onnx; give one", "no file c.onnx; give one"),
        ("see https://example.org/a/b.html", "see https://example.org/a/b.html"),
        ("3/4 of L2 / cosine, TLL_d and/or TLL_obj", "3/4 of L2 / cosine, TLL_d and/or TLL_obj"),
    ],
)
def test_paths_are_cut_down_to_names(text: str, wanted: str) -> None:
    assert without_folders(text) == wanted
