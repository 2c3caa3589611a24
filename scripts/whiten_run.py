"""The step between glance-faces and glance-align: whiten the last layer of a run on photographs.

    python scripts/whiten_run.py RUN --corpus FOLDER --out OUT [--dims 256] [--exponent 0.5]

The corpus is any folder of photographs (.jpg) that nothing is scored on; see lookalike.training.changed_runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("run", type=Path)
    given.add_argument("--corpus", type=Path, required=True)
    given.add_argument("--out", type=Path, required=True)
    given.add_argument("--dims", type=int, default=256)
    given.add_argument("--exponent", type=float, default=0.5)
    options = given.parse_args()
    from lookalike.training.changed_runs import whiten_run

    images = sorted(options.corpus.rglob("*.jpg"))
    whiten_run(options.run, images, options.out, dims=options.dims, exponent=options.exponent)
    print(f"{options.out}: whitened on {len(images):,} images")


if __name__ == "__main__":
    main()
