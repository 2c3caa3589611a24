"""What the core lacks is asked for in one line, and before any work."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from lookalike.benchmarks.ablation import ablate
from lookalike.benchmarks.paired_tests import holm
from lookalike.benchmarks.statistics import proportion
from lookalike.cli.main import app
from lookalike.errors import MissingDependency
from lookalike.extras import STATS, import_extra, require_stats

LINE = "install it with: pip install 'lookalike[stats]'"


@pytest.fixture(params=STATS)
def absent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Python finds no such package while the test runs."""
    package: str = request.param
    for name in [one for one in sys.modules if one.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    return package


@pytest.mark.parametrize(
    "command",
    [
        ["bench", "tll"],
        ["bench", "pairs"],
        ["bench", "triplets"],
        ["bench", "nights"],
        ["bench", "bapps"],
        ["bench", "things"],
        ["bench", "ablation"],
        ["comparator", "evaluate"],
    ],
    ids=" ".join,
)
def test_a_benchmark_says_at_once_what_it_needs(absent: str, command: list[str], tmp_path: Path) -> None:
    # The data are not even there: nothing was read before the line.
    result = CliRunner().invoke(app, [*command, str(tmp_path / "nothing")])
    assert isinstance(result.exception, MissingDependency), result.output
    purpose = "lookalike " + (command[0] if command[0] == "bench" else " ".join(command))
    assert str(result.exception) == f"{purpose} needs {absent}; {LINE}"


def test_help_needs_no_extra(absent: str) -> None:
    assert CliRunner().invoke(app, ["bench", "tll", "--help"]).exit_code == 0


def test_the_library_says_the_same(absent: str) -> None:
    with pytest.raises(MissingDependency, match="stats"):
        ablate(None, None)  # type: ignore[arg-type]


def test_a_single_figure_names_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.startswith("statsmodels")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    with pytest.raises(MissingDependency, match="Wilson's interval needs statsmodels"):
        proportion(np.array([1, 0]))
    with pytest.raises(MissingDependency, match="Holm's correction needs statsmodels"):
        holm([0.1, 0.2])


def test_what_is_there_is_imported() -> None:
    require_stats("a test")
    assert import_extra("json.decoder", "stats", "a test").JSONDecoder is not None


def test_holm_by_hand() -> None:
    # 0.01 x 3, then max(0.03, 0.02 x 2) = 0.04, then max(0.04, 0.5 x 1)
    assert holm([0.5, 0.01, 0.02]) == pytest.approx([0.5, 0.03, 0.04])
    assert holm([]) == []
