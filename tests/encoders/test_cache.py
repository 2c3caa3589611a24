"""The embedding cache: exact bits, several threads and processes, kills and damage."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from lookalike.encoders.base import Encoder, EncoderCard, Preprocessing
from lookalike.encoders.cache import EmbeddingCache, cache_folder, embed_cached
from lookalike.errors import ImageNotFound, InvalidArgument, NotAnImage

KEY = "0123456789abcdef"
WRITER = """
import sys, numpy as np
from pathlib import Path
from lookalike.encoders.cache import EmbeddingCache
cache = EmbeddingCache(Path(sys.argv[1]))
for i in range(int(sys.argv[2]), int(sys.argv[3])):
    cache.put_many(sys.argv[4], {f"{i}-{j}": np.full(64, i, np.float32) for j in range(5)})
    print(i, flush=True)
"""


class Counting(Encoder):
    """The mean colour, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.card = EncoderCard("mean", 3, (8, 8), Preprocessing(), normalized=False)

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        self.asked += len(pixels)
        return np.stack([one.mean(axis=(0, 1)) for one in pixels]).astype(np.float32)


def vectors(count: int, dim: int = 8, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    rows = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return {f"content{i}": row for i, row in enumerate(rows)}


def writer(folder: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(first), str(last), KEY]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@given(arrays(np.float32, 5, elements=st.floats(width=32, allow_nan=True)))
def test_every_bit_comes_back(vector: NDArray[np.float32]) -> None:
    with EmbeddingCache() as cache:
        cache.put_many(KEY, {"x": vector})
        assert cache.get_many(KEY, ["x"], 5)["x"].tobytes() == vector.tobytes()


def test_get_and_put(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "deep" / "folder")
    known = vectors(1200)
    assert cache.get_many(KEY, list(known), 8) == {}
    cache.put_many(KEY, known)
    cache.put_many(KEY, {})
    found = cache.get_many(KEY, [*known, "unknown", "content1"], 8)
    assert found.keys() == known.keys()
    assert all(np.array_equal(found[name], known[name]) for name in known)
    assert found["content0"].flags.writeable
    assert cache.get_many("other", list(known), 8) == {}
    assert cache.get_many(KEY, list(known), 9) == {}
    assert cache.count(KEY) == 1200
    assert cache.size() > 1200 * 32
    reopened = EmbeddingCache(tmp_path / "deep" / "folder")
    assert np.array_equal(reopened.get_many(KEY, ["content7"], 8)["content7"], known["content7"])
    cache.close()
    reopened.clear()
    assert reopened.size() == 0
    assert reopened.count(KEY) == 0


def test_wrong_use(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path)
    with pytest.raises(InvalidArgument, match="float32"):
        cache.put_many(KEY, {"x": np.zeros(3)})  # type: ignore[dict-item]
    with pytest.raises(InvalidArgument, match="fingerprint"):
        cache.get_many("../escape", ["x"], 3)


def test_folder_by_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    assert EmbeddingCache().folder == tmp_path / "mine" / "embeddings"
    monkeypatch.delenv("LOOKALIKE_CACHE")
    assert cache_folder().name == "lookalike"


def damage_garbage(file: Path) -> None:
    file.write_bytes(b"not a database" * 1000)


def damage_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    file.write_bytes(content)


def damage_other_table(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE embeddings (something TEXT)")
    connection.close()


@pytest.mark.parametrize("damage", [damage_garbage, damage_middle, damage_other_table])
def test_damage_is_moved_aside(tmp_path: Path, damage: object) -> None:
    with EmbeddingCache(tmp_path) as cache:
        cache.put_many(KEY, vectors(500))
    damage(tmp_path / f"{KEY}.sqlite")  # type: ignore[operator]
    with EmbeddingCache(tmp_path) as cache:
        assert cache.get_many(KEY, list(vectors(500)), 8) == {}
        cache.put_many(KEY, vectors(3))
        assert len(cache.get_many(KEY, list(vectors(3)), 8)) == 3
    assert any(".damaged-" in file.name for file in tmp_path.iterdir())


def test_flipped_bit_in_a_vector(tmp_path: Path) -> None:
    """SQLite does not notice it; the checksum of the row does."""
    with EmbeddingCache(tmp_path) as cache:
        cache.put_many(KEY, vectors(2))
    connection = sqlite3.connect(tmp_path / f"{KEY}.sqlite")
    with connection:
        connection.execute("UPDATE embeddings SET vector = zeroblob(32) WHERE content = 'content0'")
    connection.close()
    with EmbeddingCache(tmp_path) as cache:
        assert list(cache.get_many(KEY, ["content0", "content1"], 8)) == ["content1"]


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = EmbeddingCache(tmp_path / "file" / "cache")
    cache.put_many(KEY, vectors(1))
    assert cache.get_many(KEY, ["content0"], 8) == {}
    assert cache.size() == 0


def test_threads(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path)

    def work(seed: int) -> None:
        for i in range(10):
            cache.put_many(KEY, {f"{seed}-{i}": np.full(4, seed, np.float32)})
            assert cache.get_many(KEY, [f"{seed}-{i}"], 4)[f"{seed}-{i}"][0] == seed

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.count(KEY) == 60


def test_processes_at_once(tmp_path: Path) -> None:
    running = [writer(tmp_path, start, start + 30) for start in (0, 30, 60)]
    assert [process.wait() for process in running] == [0, 0, 0]
    for process in running:
        assert process.stdout is not None
        process.stdout.close()
    with EmbeddingCache(tmp_path) as cache:
        assert cache.count(KEY) == 450
        assert cache.get_many(KEY, ["89-4"], 64)["89-4"].tolist() == [89.0] * 64


def test_kill_at_any_moment(tmp_path: Path) -> None:
    """What a killed writer had acknowledged is there, and the file is sound."""
    for attempt in range(4):
        process = writer(tmp_path, attempt * 100_000, attempt * 100_000 + 99_999)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.03 * attempt)
        process.send_signal(signal.SIGKILL)
        acknowledged = [attempt * 100_000, *(int(n) for n in process.stdout.read().split("\n")[:-1])]
        process.wait()
        process.stdout.close()
        with EmbeddingCache(tmp_path) as cache:
            wanted = [f"{number}-{j}" for number in acknowledged for j in range(5)]
            assert len(cache.get_many(KEY, wanted, 64)) == len(wanted)
    assert not any(".damaged" in file.name for file in tmp_path.iterdir())


def test_after_a_fork(tmp_path: Path) -> None:
    code = f"""
import os, sys, numpy as np
from pathlib import Path
from lookalike.encoders.cache import EmbeddingCache
cache = EmbeddingCache(Path({str(tmp_path)!r}))
cache.put_many("{KEY}", {{"parent": np.ones(2, np.float32)}})
child = os.fork()
if child == 0:
    cache.put_many("{KEY}", {{"child": np.ones(2, np.float32)}})
    os._exit(0)
os.waitpid(child, 0)
sys.exit(cache.count("{KEY}") != 2)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_embed_cached(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    files = []
    for i in range(6):
        file = tmp_path / f"{i}.png"
        Image.fromarray(rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)).save(file)
        files.append(file)
    encoder = Counting()
    cache = EmbeddingCache(tmp_path / "cache")
    wanted = Counting().embed(files)
    assert np.array_equal(embed_cached(encoder, files, cache), wanted)
    assert np.array_equal(embed_cached(encoder, files[::-1], cache), wanted[::-1])
    assert encoder.asked == 6
    contents = [file.read_bytes() for file in files]
    assert np.array_equal(embed_cached(encoder, [*contents, io.BytesIO(contents[0])], cache)[:6], wanted)
    assert encoder.asked == 6
    files[0].write_bytes(contents[1])
    assert np.array_equal(embed_cached(encoder, files[:2], cache), wanted[[1, 1]])
    assert encoder.asked == 6
    pixels = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
    embed_cached(encoder, [pixels, pixels, Image.fromarray(pixels)], cache)
    assert encoder.asked == 7
    assert embed_cached(encoder, [], cache).shape == (0, 3)


def test_embed_cached_names_the_bad_file(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("no image at all")
    cache = EmbeddingCache(tmp_path / "cache")
    with pytest.raises(NotAnImage, match=r"bad\.jpg"):
        embed_cached(Counting(), [tmp_path / "bad.jpg"], cache)
    with pytest.raises(ImageNotFound, match=r"none\.jpg"):
        embed_cached(Counting(), [tmp_path / "none.jpg"], cache)
