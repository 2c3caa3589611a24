"""Random views: named dice, exact mirrors, and colours that keep their meaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lookalike.errors import RecipeError  # noqa: E402
from lookalike.training.augment import Augment, uniform  # noqa: E402

ROWS = np.arange(6)
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 20, 16, 3), dtype=np.uint8)
ALL = Augment(crop=0.5, aspect=0.3, flip=0.5, colour=0.3, hue=0.1, grey=0.3, blur=0.5, noise=0.05)


def plain(pixels: np.ndarray[Any, Any]) -> Any:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255


def test_dice_are_uniform_and_independent_of_company() -> None:
    dice = uniform(1, 2, np.arange(20_000), 0, 3)
    # Mean of 20,000 uniform numbers: 0.5 with a standard error of 0.289 / sqrt(20,000) = 0.002.
    assert abs(dice.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(dice[:-1], dice[1:])[0, 1]) < 0.03
    assert uniform(1, 2, np.array([77]), 0, 3)[0] == dice[77]
    for other in (uniform(2, 1, ROWS, 0, 3), uniform(1, 3, ROWS, 0, 3), uniform(1, 2, ROWS, 1, 3)):
        assert not np.isin(other, dice[:6]).any()


def test_nothing_asked_changes_nothing() -> None:
    assert Augment().idle
    assert torch.equal(Augment()(PIXELS, ROWS, seed=0, epoch=0), plain(PIXELS))


def test_a_view_does_not_depend_on_its_batch() -> None:
    together = ALL(PIXELS, ROWS, seed=5, epoch=1)
    alone = torch.cat([ALL(PIXELS[i : i + 1], ROWS[i : i + 1], seed=5, epoch=1) for i in ROWS])
    assert torch.allclose(together, alone, atol=1e-6)
    assert torch.equal(together, ALL(PIXELS, ROWS, seed=5, epoch=1))
    assert not torch.allclose(together, ALL(PIXELS, ROWS, seed=5, epoch=2))
    assert not torch.allclose(together, ALL(PIXELS, ROWS, seed=5, epoch=1, view=1))
    assert float(together.min()) >= 0
    assert float(together.max()) <= 1


def test_a_mirror_moves_whole_pixels() -> None:
    seen = Augment(flip=1.0)(PIXELS, ROWS, seed=0, epoch=0)
    assert torch.equal(seen, plain(PIXELS[:, :, ::-1].copy()))


def test_a_crop_of_the_whole_image_is_the_image() -> None:
    # An area share within 1e-9 of 1 moves the look-up by less than a thousandth of a pixel.
    seen = Augment(crop=1e-9)(PIXELS, ROWS, seed=0, epoch=0)
    assert torch.allclose(seen, plain(PIXELS), atol=1e-3)


def test_a_crop_stays_inside() -> None:
    # On a ramp from left to right, a crop's columns are a shorter ramp within the same values.
    ramp = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, None, :, None], 3, axis=3)
    pixels = np.repeat(np.repeat(ramp, 64, axis=1), 50, axis=0)
    seen = Augment(crop=0.8)(pixels, np.arange(50), seed=0, epoch=0, size=(32, 32))[:, 0, 0]
    assert seen.shape == (50, 32)
    assert bool((seen.diff(dim=1) >= -1e-6).all())
    width = (seen[:, -1] - seen[:, 0]).numpy()
    # Smallest area 0.2: side sqrt(0.2) = 0.447 of the ramp, a pixel less at either end.
    assert width.min() > 0.447 - 0.05
    assert width.max() <= 1.0
    assert np.ptp(width) > 0.3


def test_jitter_keeps_the_hue() -> None:
    colours = np.zeros((100, 4, 4, 3), dtype=np.uint8)
    colours[...] = (160, 90, 60)
    seen = Augment(colour=0.3)(colours, np.arange(100), seed=0, epoch=0)[:, :, 0, 0].numpy()
    red, green, blue = seen.T
    # Hue = (g - b) / (r - b) x 60 degrees for r > g > b: (90 - 60) / (160 - 60) = 0.3.
    assert np.abs((green - blue) / (red - blue) - 0.3).max() < 0.02
    assert np.ptp(red) > 0.1


def test_grey_is_grey_and_hue_turns() -> None:
    seen = Augment(grey=1.0)(PIXELS, ROWS, seed=0, epoch=0)
    assert torch.allclose(seen[:, 0], seen[:, 1])
    wanted = (PIXELS[0, 0, 0] / 255) @ np.array([0.299, 0.587, 0.114])
    assert abs(float(seen[0, 0, 0, 0]) - wanted) < 1e-6
    turned = Augment(hue=0.5)(PIXELS // 4 + 96, ROWS, seed=0, epoch=0)
    # Turning about the grey axis keeps the mean of the three channels.
    assert torch.allclose(turned.mean(dim=1), plain(PIXELS // 4 + 96).mean(dim=1), atol=1e-5)


def test_blur_keeps_flat_images_and_smooths_others() -> None:
    flat = np.full((6, 20, 16, 3), 77, dtype=np.uint8)
    assert torch.allclose(Augment(blur=1.0)(flat, ROWS, seed=0, epoch=0), plain(flat), atol=1e-6)
    seen = Augment(blur=1.0)(PIXELS, ROWS, seed=0, epoch=0)
    assert float(seen.std()) < float(plain(PIXELS).std())


def test_noise_has_the_spread_asked_for() -> None:
    flat = np.full((6, 40, 40, 3), 128, dtype=np.uint8)
    seen = Augment(noise=0.1)(flat, ROWS, seed=0, epoch=0)
    # 28,800 draws: the standard error of the spread is 0.1 / sqrt(57,600) = 0.0004.
    assert abs(float((seen - 128 / 255).std()) - 0.1) < 0.003


def test_settings_are_checked() -> None:
    assert Augment.from_settings({"crop": 0.5}).crop == 0.5
    assert Augment.from_settings(None).idle
    with pytest.raises(RecipeError, match="no setting 'zoom'; it has crop"):
        Augment.from_settings({"zoom": 1})
    with pytest.raises(RecipeError, match=r"data.augment.flip must be a number from 0 to 1, got 2"):
        Augment.from_settings({"flip": 2})
