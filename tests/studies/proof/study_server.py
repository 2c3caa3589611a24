"""A study server for tests that kill it: as `study serve`, without the built pages."""

from __future__ import annotations

import sys
from pathlib import Path

from lookalike.serving import Listening, allowed_hosts, serve
from lookalike.studies import Study
from lookalike.studies.server import create_study_app
from lookalike.studies.store import Store, default_url


def main(folder: Path, port: int) -> None:
    study = Study.open(folder)
    with Store(default_url(study)) as store:
        app = create_study_app(
            [study],
            lambda _: store,
            hosts=allowed_hosts("127.0.0.1", None),
            assets={"script": "/assets/study/index.js", "style": "/assets/study/index.css"},
        )
        serve(app, Listening(port=port), ready=lambda _: print("ready", flush=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
