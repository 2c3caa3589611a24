"""300 simulated participants at once against `study serve` on loopback: answers/s, latency, nothing lost, K exact.

The server is a real uvicorn process with SQLite (WAL, every commit on disk); the participants are another process on the same
machine. Both share its cores, so the processor time that each takes for an answer is printed too. Four loads: people who think
between answers (latency is judged here), the same at half the pace who also get and check every picture, people who answer as
fast as the server does (throughput), and more people than trials (K must hold exactly). There is no named alternative: no other
system promises what is counted here.
"""

from __future__ import annotations

import hashlib
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from _common import SOURCES, Results, number, parser, say

PEOPLE, ITEMS, TRIALS = 300, 120, 40
AIM_MS = 150.0
SERVER = """
import sys
from pathlib import Path
from lookalike.serving import Listening, allowed_hosts, serve
from lookalike.studies import Study
from lookalike.studies.server import create_study_app
from lookalike.studies.store import Store, default_url
study = Study.open(Path(sys.argv[1]))
with Store(default_url(study)) as store:
    page = {"script": "/assets/study/index.js", "style": "/assets/study/index.css"}
    app = create_study_app([study], lambda _: store, hosts=allowed_hosts("127.0.0.1", None), assets=page)
    try:
        serve(app, Listening(port=int(sys.argv[2])), ready=lambda _: print("ready", flush=True))
    finally:
        print(store.commits, flush=True)
"""


def make_study(folder: Path, items: int, per_item: int, trials: int) -> Any:
    """A five-alternative study of generated pictures."""
    import numpy as np
    from PIL import Image

    from lookalike.studies import Item, Items, Study, StudyConfig

    rng = np.random.default_rng(0)
    source = folder.parent / f"{folder.name}-source"
    source.mkdir(parents=True)
    files: dict[str, Path] = {}

    def new() -> str:
        small = rng.integers(0, 256, (6, 6, 3)).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(small).resize((245, 200)).save(buffer, "JPEG", quality=85)
        content = hashlib.sha256(buffer.getvalue()).hexdigest()
        files[content] = source / f"{len(files)}.jpg"
        files[content].write_bytes(buffer.getvalue())
        return content

    made = Items(
        Item(f"i{n}", "kafc", fixed=(new(),), options=tuple(new() for _ in range(5)), right=0)
        for n in range(items)
    )
    config = StudyConfig.parse(
        {
            "name": "load", "title": "Load", "type": "kafc",
            "design": {"answers_per_item": per_item, "trials_per_participant": trials},
        }
    )  # fmt: skip
    texts = {part: part for part in ("consent", "instructions", "debriefing")}
    return Study.create(folder, config, made, files, {"en": texts})


class Server:
    """The server's process."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(folder), str(port)],
            env={**os.environ, "PYTHONPATH": str(SOURCES)}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            raise RuntimeError("the server did not start")
        urllib.request.urlopen(f"{self.url}/healthz", timeout=60).close()

    def memory_mb(self) -> float:
        """Resident now."""
        text = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        return next(
            int(line.split()[1]) * 1024 / 1e6 for line in text.splitlines() if line.startswith("VmRSS")
        )

    def processor_seconds(self) -> float:
        """User and system time so far."""
        fields = (
            Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> int | None:
        """End it; how many commits it made, if it could say so."""
        self._process.send_signal(signal.SIGINT)
        said, _ = self._process.communicate(timeout=60)
        return int(said) if said.strip().isdigit() else None


def load(
    work: Path, name: str, people: int, items: int, per_item: int, trials: int, pause: float, images: bool
) -> dict[str, Any]:
    """One load, and what the database holds afterwards."""
    from lookalike.studies.simulate import Behaviour, simulate
    from lookalike.studies.simulate_lean import LeanTransport
    from lookalike.studies.store import Store, default_url

    study = make_study(work / name / "study", items, per_item, trials)
    server = Server(study.folder)
    commits = None
    try:
        before, busy, own = server.memory_mb(), server.processor_seconds(), time.process_time()
        found = simulate(
            study, people, Behaviour(resend=0.02), url=server.url, at_once=people, pause=pause, fetch_images=images,
            transport=LeanTransport,
        )  # fmt: skip
        after, busy, own = server.memory_mb(), server.processor_seconds() - busy, time.process_time() - own
    finally:
        commits = server.stop()
    with Store(default_url(study)) as store:
        rows = store.answers(study).select(["session", "trial_index", "item"]).to_pylist()
    stored = Counter((row["session"], row["trial_index"]) for row in rows)
    each = Counter(row["item"] for row in rows)
    document = found.to_dict()
    return {
        "people": people, "pause_s": pause, "images": found.images, "answers": found.answers, "seconds": found.seconds,
        "answers_per_second": document["answers_per_second"], "latency_ms": document["latency_ms"],
        "errors": len(found.errors), "first_error": next(iter(found.errors), None), "retries": found.retries,
        "lost": sum(1 for one in found.acknowledged if one not in stored),
        "twice": sum(count - 1 for count in stored.values()),
        "k": per_item, "most_per_item": max(each.values()), "fewest_per_item": min(each.get(f"i{n}", 0) for n in range(items)),
        "turned_away": found.turned_away, "server_mb": [before, after],
        "server_cpu_ms_per_answer": 1_000 * busy / found.answers, "simulator_cpu_ms_per_answer": 1_000 * own / found.answers,
        "commits": commits,
    }  # fmt: skip


def row(name: str, one: dict[str, Any]) -> list[str]:
    """A line of the table."""
    latency = one["latency_ms"] or {"p50": float("nan"), "p99": float("nan")}
    return [
        name, number(one["people"], 0), number(one["answers"], 0), number(one["answers_per_second"], 0), number(latency["p50"]),
        number(latency["p99"]), str(one["errors"]), str(one["lost"]), str(one["twice"]),
        f"{one['fewest_per_item']} to {one['most_per_item']} of {one['k']}", number(one["server_mb"][1], 0),
        number(one["server_cpu_ms_per_answer"]), number(one["simulator_cpu_ms_per_answer"]),
        "–" if one["commits"] is None else number(one["answers"] / one["commits"]),
    ]  # fmt: skip


def main() -> None:
    """Run the loads and print the table."""
    options = parser(__doc__)
    options.add_argument("--people", type=int, default=PEOPLE)
    options.add_argument("--pause", type=float, default=2.0, help="seconds of thinking before each answer")
    given = options.parse_args()
    people, items, trials = (12, 12, 6) if given.quick else (given.people, ITEMS, TRIALS)
    pause = 0.2 if given.quick else given.pause
    # As many places as everybody needs, and in the last load a third of the people too many.
    enough = -(-people * trials // items) + 1
    tight = max(1, people * trials * 2 // (3 * items))
    results = Results("study_load", given)
    rows = []
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as place:
        loads = (
            ("thinking", enough, pause, False),
            ("thinking, with pictures", enough, 2 * pause, True),
            ("as fast as it goes", enough, 0.0, False),
            ("more people than places", tight, 0.0, False),
        )
        for name, per_item, wait, images in loads:
            say(f"{name} ...")
            one = load(Path(place), name.replace(" ", "-"), people, items, per_item, trials, wait, images)
            results.document[name] = one
            rows.append(row(name, one))
    header = ["load", "people", "answers", "answers/s", "p50 ms", "p99 ms", "errors", "lost", "twice"]
    header += [
        "answers per item",
        "server MB",
        "server CPU ms/answer",
        "simulator CPU ms/answer",
        "answers/commit",
    ]
    results.table(f"{people} simulated participants at once", header, rows)
    if not given.quick:
        latency = results.document["thinking"]["latency_ms"]
        results.target("p99 of answers while people think", latency["p99"], AIM_MS, at_most=True, unit=" ms")
    results.write()


if __name__ == "__main__":
    main()
