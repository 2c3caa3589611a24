"""MobileNetV2 on real pairs of Totally-Looks-Like; figures over 150 pairs: benchmarks/explain_figures.py."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from lookalike.encoders import Encoder, load_encoder
from lookalike.explain.centring import CorpusMean, centred_cosine
from lookalike.explain.correspondences import mutual_nearest
from lookalike.explain.decomposition import decomposition
from lookalike.explain.faithfulness_controls import conditioning
from lookalike.explain.occlusion import occlusion

Pairs = list[tuple[Path, Path]]


@pytest.fixture(scope="module")
def pairs(shared: Path) -> Pairs:
    with (shared / "tll" / "pairs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:44]
    return [
        (shared / "tll" / "left" / f"{row['left']}.jpg", shared / "tll" / "right" / f"{row['right']}.jpg")
        for row in rows
    ]


@pytest.fixture(scope="module")
def encoder(mobilenet: Path) -> Encoder:
    return load_encoder(f"onnx:{mobilenet}")


@pytest.fixture(scope="module")
def mean(encoder: Encoder, pairs: Pairs) -> CorpusMean:
    return CorpusMean.from_vectors(encoder.embed([image for pair in pairs[4:] for image in pair]), encoder)


def test_the_decomposition_is_exact(encoder: Encoder, mean: CorpusMean, pairs: Pairs) -> None:
    for a, b in pairs[:4]:
        found = decomposition(a, b, encoder, mean)
        wanted = centred_cosine(*encoder.embed([a, b]), mean)
        assert found.scored == "embedding"
        assert found.score == pytest.approx(wanted, abs=1e-6)
        assert found.contributions.sum(dtype=np.float64) == pytest.approx(wanted, abs=1e-4)
        assert found.pair_map().a_map.sum(dtype=np.float64) == pytest.approx(wanted, abs=1e-4)


def test_centring_makes_a_map_look_at_the_partner(encoder: Encoder, mean: CorpusMean, pairs: Pairs) -> None:
    def correlations(middle: CorpusMean) -> float:
        found = [
            conditioning(lambda x, y: decomposition(x, y, encoder, middle).pair_map(), a, b, *others)
            for (a, b), others in zip(pairs[:4], ([pairs[i][1]] for i in (1, 2, 3, 0)), strict=True)
        ]
        return float(np.mean(found))

    assert correlations(CorpusMean.nothing(encoder)) > 0.8
    assert correlations(mean) < 0.45


def test_matches_lie_apart(encoder: Encoder, mean: CorpusMean, pairs: Pairs) -> None:
    found = mutual_nearest(decomposition(*pairs[0], encoder, mean), 5, apart=1)
    assert found
    strengths = [match.strength for match in found]
    assert strengths == sorted(strengths, reverse=True)
    assert min(strengths) > 0


def test_occlusion_of_a_real_pair(encoder: Encoder, mean: CorpusMean, pairs: Pairs) -> None:
    a, b = pairs[0]
    found = occlusion(a, b, encoder, mean, grid=4, coarse_to_fine=False)
    assert found.passes == 22
    assert found.score == pytest.approx(centred_cosine(*encoder.embed([a, b]), mean), abs=1e-6)
    assert np.isfinite(found.a_map).all()
    assert found.a_map.std() > 0
