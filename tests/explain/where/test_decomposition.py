"""The score as a sum over pairs of cells: exact, symmetric, and said plainly where there is another head."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.encoders import CallableEncoder
from lookalike.errors import ExplainError, NoSuchOutput
from lookalike.explain.centring import CorpusMean, centred_cosine
from lookalike.explain.correspondences import mutual_nearest
from lookalike.explain.decomposition import RegionPairs, decomposition
from tests.explain.where.tiny import ColourEncoder, LinearPatches, grey_mean, noise, picture

seeds = st.integers(0, 10_000)


@settings(max_examples=40, deadline=None)
@given(seeds, seeds, seeds, st.booleans())
def test_cells_sum_to_the_centred_score(a: int, b: int, middle: int, normalized: bool) -> None:
    encoder = LinearPatches(normalized=normalized)
    vector = np.random.default_rng(middle).normal(size=5).astype(np.float32)
    mean = CorpusMean(vector, "patches", encoder.card.fingerprint)
    found = decomposition(noise(a), noise(b), encoder, mean)
    u, v = encoder.embed([noise(a), noise(b)])
    wanted = centred_cosine(u, v, mean)
    assert found.scored == "embedding"
    assert found.score == pytest.approx(wanted, abs=1e-6)
    assert found.contributions.sum(dtype=np.float64) == pytest.approx(wanted, abs=1e-4)
    maps = found.pair_map()
    assert maps.a_map.sum(dtype=np.float64) == pytest.approx(wanted, abs=1e-4)
    assert maps.b_map.sum(dtype=np.float64) == pytest.approx(wanted, abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(seeds, seeds)
def test_the_other_way_round_it_is_turned_over(a: int, b: int) -> None:
    encoder = LinearPatches()
    mean = CorpusMean.from_images([noise(seed) for seed in range(20)], encoder)
    there, back = (decomposition(noise(x), noise(y), encoder, mean) for x, y in ((a, b), (b, a)))
    np.testing.assert_allclose(there.contributions, back.contributions.T, atol=1e-7)
    np.testing.assert_allclose(there.alike, back.alike.T, atol=1e-6)


def test_the_shared_square_makes_the_likeness() -> None:
    encoder = ColourEncoder()
    a, b = picture(red=(1, 5), blue=(5, 1)), picture(red=(4, 2), green=(0, 0))
    found = decomposition(a, b, encoder, grey_mean(encoder))
    maps = found.pair_map()
    assert np.unravel_index(maps.a_map.argmax(), (7, 7)) == (1, 5)
    assert np.unravel_index(maps.b_map.argmax(), (7, 7)) == (4, 2)
    assert maps.method == "decomposition"
    (match,) = mutual_nearest(found, 1)
    assert (match.a_cell, match.b_cell) == ((1, 5), (4, 2))
    assert match.alike == pytest.approx(1.0)
    np.testing.assert_allclose(match.a_place.to_list(), [5 / 7, 1 / 7, 6 / 7, 2 / 7])


def test_an_image_with_itself() -> None:
    encoder = LinearPatches()
    mean = CorpusMean.from_images([noise(seed) for seed in range(20)], encoder)
    found = decomposition(noise(50), noise(50), encoder, mean)
    assert found.score == pytest.approx(1.0)
    assert found.contributions.sum() == pytest.approx(1.0, abs=1e-5)
    assert all(match.a_cell == match.b_cell for match in mutual_nearest(found, 9, apart=1))


def test_another_head_is_said_and_its_map_decomposed() -> None:
    encoder = ColourEncoder(head=True)
    a, b = picture(red=(1, 5), blue=(5, 1)), picture(red=(4, 2))
    found = decomposition(a, b, encoder, grey_mean(encoder))
    assert found.scored == "pooled map"
    assert "another head" in found.note
    assert found.pair_map().note == found.note
    plain = decomposition(a, b, ColourEncoder(), grey_mean(ColourEncoder()))
    assert found.score == pytest.approx(plain.score, abs=1e-5)
    assert found.contributions.sum() == pytest.approx(found.score, abs=1e-4)
    without = CorpusMean(np.zeros(4, np.float32), "", encoder.card.fingerprint)
    with pytest.raises(ExplainError, match="corpus mean of its feature maps is needed"):
        decomposition(a, b, encoder, without)


def test_no_feature_map_and_a_foreign_mean() -> None:
    own = CallableEncoder(lambda images: images.mean(axis=(1, 2)), version=1)
    with pytest.raises(NoSuchOutput, match="no feature map"):
        decomposition(picture(), picture(), own, CorpusMean.nothing(own))
    with pytest.raises(ExplainError, match="belongs to"):
        decomposition(picture(), picture(), LinearPatches(), grey_mean(ColourEncoder()))


def test_an_image_that_is_the_mean_itself_shares_nothing() -> None:
    encoder = ColourEncoder()
    found = decomposition(picture(), picture(red=(1, 1)), encoder, grey_mean(encoder))
    assert found.score == 0
    assert not found.contributions.any()
    assert mutual_nearest(found) == []


def _regions(alike: list[list[float]], shares: list[list[float]] | None = None) -> RegionPairs:
    values = np.array(alike, np.float32)
    given = values if shares is None else np.array(shares, np.float32)
    shapes = (1, values.shape[0]), (1, values.shape[1])
    return RegionPairs(given, values, *shapes, 0.0, 0.0, "embedding", "x", 0.0)


def test_mutual_nearest_by_hand() -> None:
    alike = [
        [0.9, 0.1, 0.0, 0.0],
        [0.8, 0.7, 0.0, 0.0],  # its nearest is 0, whose nearest is another
        [0.0, 0.0, 0.5, 0.0],
        [0.0, 0.0, 0.0, -0.1],  # nearest to nothing: 0 is no likeness
    ]
    found = mutual_nearest(_regions(alike))
    assert [(match.a_cell[1], match.b_cell[1]) for match in found] == [(0, 0), (2, 2)]
    assert [match.strength for match in found] == pytest.approx([0.9, 0.5])
    assert len(mutual_nearest(_regions(alike), 1)) == 1


def test_matches_keep_their_distance_and_the_strongest_stays() -> None:
    alike = np.eye(4) * 0.5
    shares = np.diag([0.1, 0.4, 0.2, 0.3])
    cells = [match.a_cell[1] for match in mutual_nearest(_regions(alike.tolist(), shares.tolist()))]
    assert cells == [1, 3]
    cells = [match.a_cell[1] for match in mutual_nearest(_regions(alike.tolist(), shares.tolist()), apart=1)]
    assert cells == [1, 3, 2, 0]
    with pytest.raises(ExplainError, match="at least 1"):
        mutual_nearest(_regions(alike.tolist()), 0)
