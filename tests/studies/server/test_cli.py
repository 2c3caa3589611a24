"""`study serve` and `study status` as people run them, with a real uvicorn."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from typer.testing import CliRunner

from lookalike.cli.study import app
from lookalike.serving.assets import STATIC
from tests.studies.small import small_study

built = pytest.mark.skipif(
    not (STATIC / "study" / "index.js").is_file(),
    reason="needs the built pages (`make pages`), which are absent here",
)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str], Path]]:
    """A server process, what it printed, and the study's folder."""
    study = small_study(tmp_path / "cli", items=2)
    command = "from lookalike.cli.main import run; run()"
    process = subprocess.Popen(
        [sys.executable, "-c", command, "study", "serve", str(study.folder), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said = dict(process.stdout.readline().strip().split(": ", 1) for _ in range(3))
    yield process, said, study.folder
    process.kill()
    process.communicate()


def _post(address: str, body: object, cookie: str = "") -> tuple[dict[str, object], str]:
    headers = {"Content-Type": "application/json", "X-Lookalike": "1", "Cookie": cookie}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.loads(reply.read()), (reply.headers["set-cookie"] or "").split(";")[0]


@built
def test_a_study_is_served_answered_and_watched(running) -> None:  # type: ignore[no-untyped-def]
    process, said, folder = running
    with urllib.request.urlopen(said["study"], timeout=30) as reply:
        page = reply.read().decode()
        assert "server" not in {name.lower() for name in reply.headers}
    assert "/assets/study/index.js" in page
    _, cookie = _post(said["study"] + "api/session", {"consent": True})
    body = {"index": 0, "nonce": "n", "position": 0}
    assert _post(said["study"] + "api/answers", body, cookie)[0]["next"] == 1
    shown = CliRunner().invoke(app, ["status", str(folder), "--json"])
    assert json.loads(shown.stdout)["answers"] == 1
    token_file = folder / "admin-token"
    assert token_file.read_text().strip() == said["token"]
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(
            urllib.request.Request(said["study"], headers={"Host": "evil.example"}), timeout=30
        )
    assert caught.value.code == 421
    caught.value.close()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors
    assert process.returncode in (0, 130, -signal.SIGINT)


def test_status_needs_a_study_that_was_served(tmp_path: Path) -> None:
    study = small_study(tmp_path / "unserved", items=1)
    result = CliRunner().invoke(app, ["status", str(study.folder)])
    assert result.exit_code == 1
    assert "has not been served from this folder yet" in str(result.exception)
    assert not (study.folder / "answers.sqlite").exists()


def test_status_for_people(tmp_path: Path) -> None:
    from lookalike.studies.store import Store, default_url

    study = small_study(tmp_path / "table", items=1)
    with Store(default_url(study)) as store:
        store.register(study)
        store.start_session(study)
    result = CliRunner().invoke(app, ["status", str(study.folder)])
    assert result.exit_code == 0
    assert "1 started" in result.stdout


def test_texts_that_are_not_written_are_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = small_study(tmp_path / "draft", items=1)
    (study.folder / "texts" / "en" / "consent.md").write_text(
        "# Hello\n\n[[Who we are]]\n\n[[Whom to ask]]\n"
    )
    refused = CliRunner().invoke(app, ["serve", str(study.folder)])
    assert refused.exit_code == 1
    said = str(refused.exception)
    assert "draft/texts/en/consent.md, line 3: [[Who we are]] is still to be written (and 1 more)" in said
    assert "\n" not in said
    served: list[object] = []
    monkeypatch.setattr("lookalike.serving.serve", lambda *arguments, **_: served.append(arguments))
    monkeypatch.setattr("lookalike.studies.server.create_study_app", lambda *_, **__: None)
    assert CliRunner().invoke(app, ["serve", str(study.folder), "--allow-unfinished"]).exit_code == 0
    assert len(served) == 1
