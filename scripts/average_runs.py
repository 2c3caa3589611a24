"""The step after glance-align: some of the way back to where it began, and whole pictures read larger than crops were.

    python scripts/average_runs.py BASE RUN --share 0.8 [--size 128] --out OUT

BASE is the folder that RUN went on from; see lookalike.training.changed_runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("base", type=Path)
    given.add_argument("run", type=Path)
    given.add_argument("--share", type=float, default=0.5, help="of RUN")
    given.add_argument(
        "--size", type=int, help="side of the input in pixels; that of RUN where none is given"
    )
    given.add_argument("--out", type=Path, required=True)
    options = given.parse_args()
    from lookalike.training.changed_runs import average_runs

    average_runs(options.base, options.run, options.out, share=options.share, size=options.size)
    print(f"{options.out}: {options.share:.0%} of the way from {options.base} to {options.run}")


if __name__ == "__main__":
    main()
