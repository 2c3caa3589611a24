"""Build the wheel and make sure that all is in it: modules, templates, py.typed, licence, command."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"


def build(folder: Path) -> Path:
    """The wheel, built with the hatchling that is installed (no second download)."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def expected() -> set[str]:
    """Every file of the package as it lies in src/."""
    files = (path for path in (SOURCES / "lookalike").rglob("*") if path.is_file())
    return {path.relative_to(SOURCES).as_posix() for path in files if "__pycache__" not in path.parts}


def problems(wheel: Path) -> list[str]:
    """What the wheel lacks or has too much, one line each."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = next((n for n in names if n.endswith(".dist-info/entry_points.txt")), None)
        commands = archive.read(entry_points).decode() if entry_points else ""
    found = [f"missing from the wheel: {name}" for name in sorted(expected() - names)]
    found += [
        f"does not belong into the wheel: {name}"
        for name in sorted(names - expected())
        if ".dist-info/" not in name
    ]
    if "lookalike/py.typed" not in names:
        found.append("missing from the wheel: lookalike/py.typed")
    if not any(name.endswith("/LICENSE") for name in names):
        found.append("missing from the wheel: LICENSE")
    if "lookalike = lookalike.cli.main:run" not in commands:
        found.append("the wheel does not install the command `lookalike`")
    return found


def import_from(wheel: Path) -> str:
    """The version that a Python process reads from the wheel itself."""
    code = "import lookalike; assert '.whl' in lookalike.__file__; print(lookalike.__version__)"
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment, cwd=wheel.parent, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(Path(folder))
        found = problems(wheel)
        for line in found:
            print(line, file=sys.stderr)
        if not found:
            print(f"{wheel.name}: complete, imports as version {import_from(wheel)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
