"""The whole loop of docs/tutorials/close-the-loop.md, by the page's own commands: it ends with a better encoder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.docs.conftest import ROOT, prepared, remembered, workplace
from tests.docs.markdown_blocks import blocks
from tests.docs.run_blocks import run_python, run_shell

__all__ = ["prepared", "remembered", "workplace"]

PAGE = ROOT / "docs" / "tutorials" / "close-the-loop.md"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_asking_about_the_hardest_pairs_makes_the_encoder_agree_more(workplace: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("fastapi")
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks(PAGE):
        if block.language == "python":
            run_python(block, names)
        else:
            run_shell(block, workplace)
    found = json.loads((workplace / "my-eye" / "results.json").read_text())["comparison"]
    assert found["better"]
    assert found["rows"] == "test"
    before, after = (
        json.loads((workplace / name / "gallery.json").read_text()) for name in ("before", "after")
    )
    assert before != after
