"""Hiding one place after the other: the right places, both directions, any encoder, any crop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.encoders import CallableEncoder, Encoder
from lookalike.encoders.ensemble import EnsembleEncoder
from lookalike.errors import EmbeddingNotFinite, ExplainError
from lookalike.explain.centring import CorpusMean, centred_cosine
from lookalike.explain.maps import resample
from lookalike.explain.occlusion import occlusion
from lookalike.explain.occlusion_views import open_pair
from lookalike.images import resize
from tests.explain.where.tiny import CELLS, ColourEncoder, LinearPatches, grey_mean, noise, picture

A, B = picture(red=(2, 4), blue=(4, 2)), picture(red=(4, 2), green=(2, 2))


@pytest.mark.parametrize("window", [1, 2])
def test_the_shared_square_is_found_in_both_images(window: int) -> None:
    encoder = ColourEncoder()
    found = occlusion(A, B, encoder, grey_mean(encoder), window=window, coarse_to_fine=False)
    assert found.a_map.shape == found.b_map.shape == (CELLS, CELLS)
    assert found.a_map.dtype == np.float32
    assert np.unravel_index(found.a_map.argmax(), (7, 7)) == (2, 4)
    assert np.unravel_index(found.b_map.argmax(), (7, 7)) == (4, 2)
    # What only one of them has keeps them apart.
    assert np.unravel_index(found.a_map.argmin(), (7, 7)) == (4, 2)
    assert np.unravel_index(found.b_map.argmin(), (7, 7)) == (2, 2)


def test_a_share_by_hand() -> None:
    """u - m of A points to red and blue alike, that of B to red and green: their centred cosine is near 1/2.

    Without its red square A has nothing of B's any more but the grey, and the centred cosine falls to about 0.
    """
    encoder = ColourEncoder()
    mean = grey_mean(encoder)
    found = occlusion(A, B, encoder, mean, window=1, coarse_to_fine=False)
    u, v = encoder.embed([A, B])
    bare = encoder.embed([picture(blue=(4, 2))])[0]
    assert found.score == pytest.approx(centred_cosine(u, v, mean))
    assert found.base == pytest.approx(float(u @ v), abs=1e-6)
    assert found.a_map[2, 4] == pytest.approx(
        centred_cosine(u, v, mean) - centred_cosine(bare, v, mean), abs=1e-6
    )
    hidden_blue = encoder.embed([picture(red=(2, 4))])[0]
    wanted = centred_cosine(u, v, mean) - centred_cosine(hidden_blue, v, mean)
    assert found.a_map[4, 2] == pytest.approx(wanted, abs=1e-6)
    quiet = found.a_map.copy()
    quiet[2, 4] = quiet[4, 2] = 0
    assert not quiet.any()


def test_coarse_to_fine_keeps_the_sum_and_sharpens() -> None:
    encoder = ColourEncoder()
    mean = grey_mean(encoder)
    coarse = occlusion(A, B, encoder, mean, coarse_to_fine=False)
    fine = occlusion(A, B, encoder, mean)
    assert fine.a_map.shape == (2 * CELLS, 2 * CELLS)
    assert fine.a_map.sum() == pytest.approx(coarse.a_map.sum(), abs=1e-5)
    assert fine.passes > coarse.passes == 2 * 36 + 4
    on_cells = resample(fine.a_map, (CELLS, CELLS))
    assert on_cells[2, 4] > coarse.a_map[2, 4]
    assert np.unravel_index(on_cells.argmax(), (7, 7)) == (2, 4)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 999), st.integers(0, 999))
def test_the_other_way_round_the_maps_change_places(a: int, b: int) -> None:
    encoder = LinearPatches()
    mean = CorpusMean.from_images([noise(seed) for seed in range(20)], encoder)
    there = occlusion(noise(a), noise(b), encoder, mean, grid=4, coarse_to_fine=False)
    back = occlusion(noise(b), noise(a), encoder, mean, grid=4, coarse_to_fine=False)
    assert there.a_map.tobytes() == back.b_map.tobytes()
    assert there.b_map.tobytes() == back.a_map.tobytes()
    assert there.score == back.score


def test_batches_change_nothing_and_progress_ends_at_its_total() -> None:
    encoder = ColourEncoder()
    mean, seen = grey_mean(encoder), []
    whole = occlusion(A, B, encoder, mean)
    encoder.calls.clear()
    small = occlusion(A, B, encoder, mean, batch=5, progress=lambda *stage: seen.append(stage))
    assert small.a_map.tobytes() == whole.a_map.tobytes()
    assert max(encoder.calls) == 5
    assert {stage for stage, _, _ in seen} == {"occlusion"}
    assert seen[-1][1] == seen[-1][2]
    assert all(done <= total for _, done, total in seen)
    counts = [done for _, done, _ in seen]
    assert counts == sorted(counts)


def test_black_boxes_and_ensembles() -> None:
    def colours(images: np.ndarray) -> np.ndarray:
        return ColourEncoder()._feature_map(list(images)).mean(axis=(1, 2))

    own = CallableEncoder(colours, input_size=(56, 56), version=1, name="own")
    joined = EnsembleEncoder([own, ColourEncoder()])
    for encoder in (own, joined):
        grey = encoder.embed([picture()])[0]
        mean = CorpusMean(grey, encoder.card.name, encoder.card.fingerprint)
        found = occlusion(A, B, encoder, mean, coarse_to_fine=False)
        assert np.unravel_index(found.a_map.argmax(), (7, 7)) == (2, 4)
        assert found.encoder == encoder.card.name


@pytest.mark.parametrize("policy", ["crop", "pad"])
def test_what_is_hidden_lies_where_the_encoder_sees_it(policy: str) -> None:
    """A wide picture: a crop sees its middle, padding sees all of it on a narrower band."""
    encoder = ColourEncoder(resize_by=policy, crop_fraction=0.875 if policy == "crop" else 1.0)
    wide = np.full((128, 256, 3), 128, np.uint8)
    wide[56:72, 120:136] = (250, 0, 0)  # in the middle
    found = occlusion(wide, wide, encoder, grey_mean(encoder), window=1, coarse_to_fine=False)
    assert np.unravel_index(found.a_map.argmax(), (7, 7)) == (3, 3)
    if policy == "crop":
        np.testing.assert_allclose(found.a_box.to_list(), [0.28125, 0.0625, 0.71875, 0.9375])
    else:
        assert found.a_box.to_list() == [0, 0, 1, 1]
    first, _, vectors = open_pair(wide, wide, encoder)
    np.testing.assert_allclose(first.vector, vectors[0], atol=0.02)
    assert first.pixels.shape == ((64, 64, 3) if policy == "crop" else (28, 56, 3))
    everything = first.hidden(np.ones((1, 1), bool))
    assert (everything == first.blurred).mean() > (0.7 if policy == "crop" else 0.99)


def test_an_encoder_of_other_sizes_gets_more_pixels() -> None:
    """Its card names one size, but it looks closer: the small copy would not give the image's embedding."""

    class Sharp(ColourEncoder):
        def _one(self, image: np.ndarray) -> np.ndarray:
            made = np.zeros((CELLS, CELLS, 4), np.float32)
            made[:, :, 0 if image.shape[1] > 56 else 1] = 1
            return made

    encoder = Sharp()
    first, second, _ = open_pair(noise(0, 420)[:, :400], resize(A, (56, 56)), encoder)
    assert first.pixels.shape == (118, 112, 3)
    assert second.pixels.shape == (56, 56, 3)


def test_where_nothing_is_left_to_see_nothing_is_shared() -> None:
    """As an encoder of faces: no numbers without a red square."""

    class Needy(ColourEncoder):
        def _embed(self, pixels: list[np.ndarray]) -> np.ndarray:
            made = super()._embed(pixels)
            made[made[:, 1] == 0] = np.nan
            return made

    encoder: Encoder = Needy()
    mean = grey_mean(encoder)
    found = occlusion(A, B, encoder, mean, window=1, coarse_to_fine=False)
    assert found.a_map[2, 4] == pytest.approx(found.score)
    with pytest.raises(ExplainError, match="no numbers for the second image"):
        occlusion(A, picture(), encoder, mean)
    with pytest.raises(EmbeddingNotFinite):
        encoder.embed([picture()])


@pytest.mark.parametrize("sizes", [{"grid": 2, "window": 2}, {"window": 0}, {"grid": 1000}, {"batch": 0}])
def test_sizes_that_make_no_grid(sizes: dict[str, int]) -> None:
    encoder = ColourEncoder()
    with pytest.raises(ExplainError):
        occlusion(A, B, encoder, grey_mean(encoder), **sizes)


def test_a_foreign_mean() -> None:
    with pytest.raises(ExplainError, match="belongs to"):
        occlusion(A, B, LinearPatches(), grey_mean(ColourEncoder()))
