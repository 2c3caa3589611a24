"""Run every script of benchmarks/ one after another, or those named; ends with 1 when one of them failed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


def chosen(names: list[str]) -> list[Path]:
    """The scripts to run, in alphabetical order; modules that only others import start with an underscore."""
    scripts = sorted(path for path in FOLDER.glob("*.py") if not path.name.startswith("_"))
    unknown = set(names) - {path.stem for path in scripts}
    if unknown:
        known = ", ".join(path.stem for path in scripts)
        raise SystemExit(f"no benchmark is called {', '.join(sorted(unknown))}; there are: {known}")
    return [path for path in scripts if not names or path.stem in names]


def main() -> int:
    failed = []
    for script in chosen(sys.argv[1:]):
        print(f"\n== {script.stem}", flush=True)
        if subprocess.run([sys.executable, str(script)], cwd=FOLDER.parent, check=False).returncode != 0:
            failed.append(script.stem)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
