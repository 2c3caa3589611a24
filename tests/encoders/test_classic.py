"""The classic encoder: its parts, odd images, and what it finds on real photographs."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from lookalike.encoders import EncoderOptions, load_encoder
from lookalike.encoders.classic import PART_WEIGHTS, ClassicEncoder
from lookalike.encoders.classic_parts import LOCAL, PARTS, WorkingImage, color, gradients, layout, texture
from lookalike.errors import InvalidArgument, NoSuchOutput, UnknownEncoder
from lookalike.images import decode

RNG = np.random.default_rng(11)
CLASSIC = ClassicEncoder()


def noise(height: int = 60, width: int = 80) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def stripes(vertical: bool, tint: tuple[int, int, int] = (255, 255, 255)) -> np.ndarray:
    wave = np.tile(np.repeat([0, 1], 8), 7)
    board = np.tile(wave, (112, 1)) if vertical else np.tile(wave[:, None], (1, 112))
    return (board[:, :, None] * np.array(tint)).astype(np.uint8)


def test_card() -> None:
    card = load_encoder("classic").card
    assert card.name == "classic"
    assert card.dim == sum(dim for _, dim in PARTS.values()) == 986
    assert card.normalized
    assert card.size_bytes == 0
    assert card.fingerprint == ClassicEncoder(dict(reversed(PART_WEIGHTS.items()))).card.fingerprint
    assert card.fingerprint != ClassicEncoder({**PART_WEIGHTS, "color": 0.2}).card.fingerprint


def test_one_and_a_thousand() -> None:
    few = [noise(20 + i, 50) for i in range(25)]
    many = few * 40
    together = CLASSIC.embed(many)
    alone = np.concatenate([CLASSIC.embed([image]) for image in few])
    assert together.dtype == np.float32
    assert np.array_equal(together, np.tile(alone, (40, 1)))
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    assert np.array_equal(load_encoder("classic", EncoderOptions(threads=1)).embed(few), alone)


def test_cosine_is_the_weighted_mean_of_the_parts() -> None:
    images = [noise(), stripes(True), decode(noise(30, 30))]
    whole, parts = CLASSIC.embed(images), CLASSIC.embed_parts(images)
    assert tuple(parts) == CLASSIC.part_names == tuple(PARTS)
    wanted = sum(PART_WEIGHTS[name] * rows @ rows.T for name, rows in parts.items())
    np.testing.assert_allclose(whole @ whole.T, wanted, atol=1e-5)
    for name, place in CLASSIC.part_slices.items():
        assert parts[name].shape == (3, PARTS[name][1])
        np.testing.assert_allclose(whole[:, place], parts[name] * np.sqrt(PART_WEIGHTS[name]), atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(parts[name], axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("part", PARTS)
def test_single_parts(part: str) -> None:
    encoder = load_encoder(f"classic:{part}")
    images = [noise(), stripes(False)]
    np.testing.assert_allclose(encoder.embed(images), CLASSIC.embed_parts(images)[part], atol=1e-6)
    assert encoder.card.name == f"classic:{part}"
    if part in LOCAL:
        assert encoder.feature_map(images).shape == (2, 7, 7, LOCAL[part][1])
    else:
        with pytest.raises(NoSuchOutput):
            encoder.feature_map(images)


def test_feature_map() -> None:
    maps = CLASSIC.feature_map([noise(), stripes(True)])
    assert maps.shape == (2, *(CLASSIC.card.feature_map or ()))
    half = np.zeros((112, 112, 3), np.uint8)
    half[:, 64:] = noise(112, 48)
    (local,) = CLASSIC.feature_map([half])
    assert np.ptp(local[:, :3], axis=(0, 1)).max() == 0  # black cells are all alike
    assert local[:, 4:, 6:15].sum(axis=2).min() > 0.9
    np.testing.assert_allclose(local[:, :3, 6:15], 0, atol=1e-6)  # no gradients where all is black


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((50, 50, 3), np.uint8),
        np.full((1, 1, 3), 255, np.uint8),
        np.full((1, 2000, 3), 128, np.uint8),
        np.full((3000, 2, 3), 7, np.uint8),
        np.full((3000, 4000, 3), (250, 3, 90), np.uint8),
    ],
    ids=["black", "one pixel", "line", "column", "large"],
)
def test_images_with_nothing_in_them(pixels: np.ndarray) -> None:
    (vector,) = CLASSIC.embed([pixels])
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert np.isfinite(CLASSIC.feature_map([pixels])).all()
    parts = CLASSIC.embed_parts([pixels])
    assert not parts["gradients"].any()
    assert not parts["layout"].any()


def test_what_each_part_sees() -> None:
    across, along, red = (
        WorkingImage(x) for x in (stripes(True), stripes(False), stripes(True, (255, 0, 0)))
    )
    assert color(across) @ color(along) > 0.99
    assert color(across) @ color(red) < 0.9
    assert gradients(across) @ gradients(along) < 0.2
    assert gradients(across) @ gradients(red) > 0.99
    assert layout(across) @ layout(red) > 0.9
    assert texture(across) @ texture(WorkingImage(noise())) < 0.8


def test_a_quarter_turn_moves_the_gradient_bins() -> None:
    """Vertical edges fill one direction, horizontal edges the one a quarter turn away."""
    across = WorkingImage(stripes(True)).gradient_cells.sum(axis=(0, 1))
    along = WorkingImage(stripes(False)).gradient_cells.sum(axis=(0, 1))
    assert across.argmax() != along.argmax()
    assert across.max() > 0.95 * across.sum()
    assert along.max() > 0.95 * along.sum()


def test_faults() -> None:
    with pytest.raises(
        UnknownEncoder, match=r"colour.*its parts: color, color_layout, gradients, texture, layout"
    ):
        load_encoder("classic:colour")
    with pytest.raises(InvalidArgument, match="above 0"):
        ClassicEncoder({"color": 0})
    with pytest.raises(InvalidArgument, match="no part 'x'"):
        ClassicEncoder({"x": 1})
    with pytest.raises(InvalidArgument, match="at least one"):
        ClassicEncoder({})


def test_beats_a_thumbnail_on_human_pairings(shared: Path) -> None:
    """Recall@20 among 300 TLL pairs: clearly above the thumbnail that is one of the parts."""
    with (shared / "tll" / "pairs.csv").open(newline="") as stream:
        pairs = list(csv.DictReader(stream))[:300]
    left = CLASSIC.embed_parts([shared / "tll" / "left" / f"{row['left']}.jpg" for row in pairs])
    right = CLASSIC.embed_parts([shared / "tll" / "right" / f"{row['right']}.jpg" for row in pairs])

    def recall(weights: dict[str, float]) -> float:
        likeness = sum(weight * left[part] @ right[part].T for part, weight in weights.items())
        rank = (likeness > np.diag(likeness)[:, None]).sum(axis=1)
        return 100 * float((rank < 20).mean())

    assert recall(dict(PART_WEIGHTS)) > recall({"layout": 1.0}) + 5
