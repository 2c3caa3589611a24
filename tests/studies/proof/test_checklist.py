"""The page of forty points names tests that exist, and no point is left out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "explanation" / "study-checklist.md"


def test_forty_points_in_their_order_each_with_a_test_or_a_reason() -> None:
    text = PAGE.read_text(encoding="utf-8")
    points = re.split(r"^(\d+)\. ", text, flags=re.MULTILINE)[1:]
    assert [int(number) for number in points[::2]] == list(range(1, 41))
    for number, said in zip(points[::2], points[1::2], strict=True):
        assert "tests/" in said, f"point {number} names no test"


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) >= 40
    known: dict[str, set[str]] = {}
    for file, test in named:
        if file not in known:
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            known[file] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert test in known[file], f"{file} has no {test}"


def test_slow_tests_are_marked_so() -> None:
    for file, test, rest in re.findall(
        r"`(tests/[\w/]+\.py)::(\w+)`([^`]*)", PAGE.read_text(encoding="utf-8")
    ):
        source = (ROOT / file).read_text(encoding="utf-8")
        before = source[: source.index(f"def {test}(")].rsplit("\n\n\n", 1)[-1]
        assert ("mark.slow" in before) == rest.strip().startswith("(slow"), test
