"""Reports are handed on: folders of the machine that made them help nobody there, and may tell too much."""

from __future__ import annotations

import re

_FOLDERS = re.compile(r"(?<![\w./~])(?:~|\.{1,2}(?=/))?/(?:[^\s/|+,;'\"<>]+/)*(?=[\w.-])")


def without_folders(text: str) -> str:
    """A text with every path from ``/``, ``..``, ``.`` or ``~`` cut down to its last part; addresses of the web stay.

    ``onnx:/home/me/models/net.onnx`` becomes ``onnx:net.onnx``.
    """
    return _FOLDERS.sub("", text)
