"""The house rules that a tool can hold: light imports, small files, one version, no machine's own paths."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lookalike

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
HEAVY = {
    *("torch", "torchvision", "timm", "open_clip", "lancedb", "lance", "onnxruntime", "faiss", "sklearn"),
    *("skimage", "scipy", "pandas", "pyarrow", "umap", "numba", "matplotlib", "fastapi", "uvicorn"),
    *("statsmodels", "dlib", "peft", "pytorch_metric_learning", "onnx", "transformers"),
}
# Written in pieces, because this file is among those that are searched.
NOT_TO_NAME = re.compile(
    "|".join(
        [
            r"\bpypi\." + "org",
            "python" + "hosted",
            r"registry\." + "npmjs",
            r"registry\." + "yarnpkg",
            r"deb\." + "debian",
            r"(?<![\w.])/" + r"work/",
            r"/opt/" + r"(?:pypi|wheels)",
            r"extra-" + "index-url",
        ]
    )
)


def loaded_by(statement: str) -> set[str]:
    """The top-level packages in memory after a fresh Python process ran ``statement``."""
    code = f"{statement}\nimport sys\nprint(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def files_of_the_repository() -> list[Path]:
    """Tracked files, and new ones that git does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout, so nobody can tell which files belong to it")
    names = [name for name in done.stdout.decode().split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


@pytest.mark.parametrize(
    "statement",
    [
        "import lookalike",
        "import lookalike.images",
        "import lookalike.encoders",
        "import lookalike.judgments",
        "import lookalike.benchmarks",
        "import lookalike.training",
        "import lookalike.cli.main",
    ],
)
def test_an_import_loads_no_heavy_library(statement: str) -> None:
    assert loaded_by(statement).isdisjoint(HEAVY), sorted(loaded_by(statement) & HEAVY)


def test_no_file_names_a_registry_or_a_path_of_the_machine() -> None:
    found = []
    for path in files_of_the_repository():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or another binary file
        for number, line in enumerate(text.splitlines(), start=1):
            if match := NOT_TO_NAME.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {match[0]}")
    assert not found, "\n".join(found)


def test_files_stay_small() -> None:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in SOURCES}
    assert not {name: lines for name, lines in lengths.items() if lines > 350}
    nearly = {name: lines for name, lines in lengths.items() if lines > 300}
    assert len(nearly) <= 2, f"split these: {nearly}"


def test_nothing_is_left_to_do_in_the_sources() -> None:
    words = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|TB" + r"D)\b")
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if words.search(line)
    ]
    assert not left


def test_no_function_is_an_empty_shell() -> None:
    """No body is only ``pass`` or ``raise NotImplementedError``; abstract methods have a docstring."""
    shells = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and len(node.body) == 1:
                (only,) = node.body
                if isinstance(only, ast.Pass) or (
                    isinstance(only, ast.Raise) and "NotImplementedError" in ast.unparse(only)
                ):
                    shells.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not shells


def test_one_version_everywhere() -> None:
    newest = re.search(r"^## \[?([\d.]+\w*)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    cited = re.search(r"^version: (\S+)", (ROOT / "CITATION.cff").read_text(), flags=re.MULTILINE)
    assert newest is not None
    assert cited is not None
    assert newest[1] == cited[1].strip('"') == lookalike.__version__


def test_the_walls_between_the_rooms_hold() -> None:
    command = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_pages_and_templates_fetch_nothing_from_the_network() -> None:
    loads = re.compile(
        r"""(?:<(?:script|img|iframe|link)[^>]*\s(?:src|href)=|@import\s|url\()["']?https?://"""
    )
    pages = [p for p in (ROOT / "src").rglob("*") if p.suffix in {".html", ".css", ".js", ".j2"}]
    assert not [p.relative_to(ROOT).as_posix() for p in pages if loads.search(p.read_text(encoding="utf-8"))]
