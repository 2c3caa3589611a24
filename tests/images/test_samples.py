"""The sample collection: its size, its known answers, its being the same every time."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import ImageTruncated
from lookalike.images import decode, open_source, resize
from lookalike.images.samples import SampleSet, sample_images


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return sample_images(tmp_path_factory.mktemp("samples"))


def tiny(samples: SampleSet, name: str) -> np.ndarray:
    vector = resize(decode(samples.folder / name), (16, 16)).astype(float).ravel()
    vector -= vector.mean()
    return vector / np.linalg.norm(vector)


def test_it_is_a_small_collection_in_many_formats(samples: SampleSet) -> None:
    assert 130 <= len(samples.images) <= 180
    assert {name.rsplit(".", 1)[1] for name in samples.images} == {"jpg", "png", "webp", "heic", "avif"}
    refs = list(open_source(samples.folder))
    assert {ref.name.removeprefix(f"{samples.folder}/"): ref.label for ref in refs} == dict(samples.labels)
    assert sum((samples.folder / name).stat().st_size for name in samples.images) < 20_000_000


def test_all_but_one_can_be_read(samples: SampleSet) -> None:
    for name in samples.images:
        if name != samples.damaged:
            assert max(decode(samples.folder / name).shape) <= 400
    with pytest.raises(ImageTruncated):
        decode(samples.folder / samples.damaged)


def test_near_duplicates_look_the_same_and_copies_are_the_same(samples: SampleSet) -> None:
    assert len(samples.near_duplicates) >= 10
    for original, *versions in samples.near_duplicates:
        assert len(versions) >= 5
        for version in versions:
            # Of a star field, trimming moves every bright point to another of the 16 x 16 cells.
            least = 0.4 if "trimmed" in version else 0.85
            assert tiny(samples, original) @ tiny(samples, version) > least, version
    for original, copy in samples.exact_duplicates:
        assert (samples.folder / original).read_bytes() == (samples.folder / copy).read_bytes()


def test_look_alikes_are_nearer_than_other_things_of_other_looks(samples: SampleSet) -> None:
    alike = [tiny(samples, a) @ tiny(samples, b) for a, b in samples.look_alikes]
    unlike = [tiny(samples, a) @ tiny(samples, b) for (a, _), (_, b) in pairwise(samples.look_alikes)]
    assert np.mean(alike) > np.mean(unlike) + 0.2
    assert all(samples.labels[a] != samples.labels[b] for a, b in samples.look_alikes)


def test_it_is_the_same_every_time(samples: SampleSet, tmp_path: Path) -> None:
    def digest(folder: Path) -> str:
        return hashlib.sha256(b"".join((folder / name).read_bytes() for name in samples.images)).hexdigest()

    again = sample_images(tmp_path)
    assert again.images == samples.images
    assert digest(tmp_path) == digest(samples.folder)
