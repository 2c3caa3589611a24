"""A gallery in an object store: the S3 protocol, spoken with a server on this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.errors import GalleryExists, GalleryNotFound
from lookalike.gallery import Gallery
from tests.gallery.conftest import Thumb, picture, save_pictures


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty bucket on a moto server."""
    program = shutil.which(
        "moto_server", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if program is None:
        pytest.skip("needs moto[server], an S3 server for tests (extra dev)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT": endpoint,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    with subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL) as server:
        try:
            _make_bucket(f"{endpoint}/pictures")
            yield "s3://pictures"
        finally:
            server.terminate()


def _make_bucket(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, method="PUT")):
                return
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_gallery_in_an_object_store(bucket: str, tmp_path: Path) -> None:
    paths = save_pictures(tmp_path / "photos", 300)
    gallery = Gallery.create(f"{bucket}/g", Thumb())
    assert gallery.index(tmp_path / "photos", cache=False).indexed == 300
    picture(999).save(paths[7])
    paths[8].unlink()
    again = Gallery.open(f"{bucket}/g", encoder=Thumb())
    report = again.index(tmp_path / "photos", cache=False)
    assert (report.indexed, report.unchanged, report.missing) == (1, 298, 1)
    assert again.search(str(paths[7]), k=1).paths == [str(paths[7])]
    assert again.build_index()["engine"] == "lance"
    found = again.find(again.vectors().matrix[:5], 3, mode="index")
    assert (found.engine, found.exact) == ("lance", False)
    assert again.check().sound
    with pytest.raises(GalleryExists, match="already"):
        Gallery.create(f"{bucket}/g", Thumb())
    with pytest.raises(GalleryNotFound, match="s3://pictures/none"):
        Gallery.open(f"{bucket}/none")
