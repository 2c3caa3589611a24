"""An application with a pair table, triplets, benchmark folders and a small encoder that has a feature map."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.explain.where.tiny import LinearPatches
from tests.web.conftest import draw, make_app

PAIRS = 14
REPORT = (
    "<!doctype html><title>report</title><script>document.title = 'ran'</script><h1>The whole report</h1>"
)


def write_pairs(folder: Path) -> Path:
    """Drawn pairs: ``left/pNN.png`` goes with ``right/qNN.png``; the names would tell the answer."""
    for side, letter, shift in (("left", "p", 0), ("right", "q", 500)):
        (folder / side).mkdir(parents=True)
        for number in range(PAIRS):
            draw(number + shift).save(folder / side / f"{letter}{number:02}.png")
    rows = [f"left/p{number:02}.png,right/q{number:02}.png" for number in range(PAIRS)]
    (folder / "pairs.csv").write_text("\n".join(["left,right", *rows]) + "\n", encoding="utf-8")
    return folder


def write_triplets(folder: Path) -> Path:
    """Drawn triplets with votes; the last one is a tie."""
    folder.mkdir(parents=True)
    rows = ["reference,a,b,votes_a,votes_b"]
    for number in range(6):
        names = [f"t{number}{part}.png" for part in "rab"]
        for place, name in enumerate(names):
            draw(1000 + 10 * number + place).save(folder / name)
        rows.append(f"{','.join(names)},{'2,2' if number == 5 else '3,1' if number % 2 else '0,4'}")
    (folder / "triplets.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def write_results(folder: Path, score: float = 0.8) -> Path:
    """What `bench triplets` leaves."""
    (folder / "tables").mkdir(parents=True)
    encoders = {
        "classic": {"score": score, "interval": [score - 0.05, score + 0.05], "majority": 0.82, "majority_interval": [0.7, 0.9]},
        "onnx:/home/somebody/models/net.onnx": {"score": 0.7, "interval": [0.62, 0.78], "majority": 0.71},
        "lost": {"error": "no encoder is called 'lost'"},
    }  # fmt: skip
    document = {
        "triplets": 30,
        "answers": 90,
        "encoders": encoders,
        "ceiling": {"leave_one_out": 0.75, "majority_oracle": 0.84},
    }
    (folder / "results.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / "report.html").write_text(REPORT, encoding="utf-8")
    (folder / "encoders.csv").write_text("encoder,score\nclassic,0.8\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def judged_app(gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Everything of this module, served."""
    from lookalike.web import WebSettings

    place = tmp_path_factory.mktemp("judged")
    (place / "empty").mkdir()
    settings = WebSettings(
        galleries={"drawn": gallery},
        pairs=(write_pairs(place / "twos"), write_triplets(place / "threes")),
        results=(write_results(place / "first"), write_results(place / "second", 0.6), place / "empty"),
        encoders=("patches",),
    )
    app = make_app(settings)
    app.state.context._encoders["patches"] = LinearPatches()
    return app


@pytest.fixture
def judged(judged_app: Any) -> Any:
    """Speaks to it without a socket."""
    from fastapi.testclient import TestClient

    return TestClient(judged_app, raise_server_exceptions=False, headers={"accept": "text/html"})


@pytest.fixture(scope="session")
def judged_site(judged_app: Any, listen: Callable[[Any], str]) -> str:
    """Its address on a socket."""
    return listen(judged_app)
