"""Attributes: numbers worked out by hand, what they ignore, and the reason they name on twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike.encoders.classic_parts import WorkingImage
from lookalike.explain import Reference
from lookalike.explain.attributes import (
    ATTRIBUTES,
    PIXEL_ATTRIBUTES,
    Block,
    Norm,
    block_similarity,
    cosine_of,
    pixel_similarity,
)
from lookalike.explain.attributes_pixels import BLOCKS, RINGS, TURNS, pixel_features, thing_mask
from lookalike.explain.explaining import attribute_scores
from lookalike.explain.explanation import AttributeScore, top_of
from lookalike.explain.images_seen import see
from lookalike.judgments import make_twins


def disc(colour: tuple[int, int, int], x: int = 56, y: int = 56, radius: int = 30) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[0:112, 0:112]
    image = np.full((112, 112, 3), 30, np.uint8)
    image[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = colour
    return image


def test_cosine_by_hand() -> None:
    assert cosine_of(np.array([3.0, 4.0]), np.array([4.0, 3.0])) == pytest.approx(24 / 25)
    assert cosine_of(np.zeros(2), np.ones(2)) == 0.0


def test_every_block_is_finite_and_has_one_length() -> None:
    plain = pixel_features(np.full((40, 60, 3), 128, np.uint8))
    noise = pixel_features(np.random.default_rng(0).integers(0, 256, (200, 90, 3)).astype(np.uint8))
    assert set(plain) == set(noise) == set(BLOCKS)
    for name in BLOCKS:
        assert plain[name].dtype == np.float32
        assert plain[name].shape == noise[name].shape
        assert np.isfinite(plain[name]).all()
        assert np.isfinite(noise[name]).all()


def test_the_thing_is_what_stands_out_from_the_border() -> None:
    mask = thing_mask(WorkingImage(disc((220, 40, 40))))
    truth = disc((255, 255, 255))[:, :, 0] > 100
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9
    assert thing_mask(WorkingImage(np.full((50, 50, 3), 90, np.uint8))).all()


def test_an_outline_is_the_same_wherever_it_lies_and_however_it_is_turned() -> None:
    rng = np.random.default_rng(1)
    image = rng.random((TURNS, RINGS)).astype(np.float32)
    norm = Norm(np.zeros(TURNS * RINGS, np.float32), np.ones(TURNS * RINGS, np.float32))
    turned = np.roll(image, 17, axis=0)
    assert block_similarity(
        image.ravel(), turned.ravel(), Block("outline", turning=True), norm
    ) == pytest.approx(1.0)
    mirrored = image[::-1]
    assert block_similarity(
        image.ravel(), mirrored.ravel(), Block("outline", turning=True), norm
    ) == pytest.approx(1.0)


def test_an_evened_outline_knows_what_turns_away_from_us() -> None:
    rows, columns = np.mgrid[0:160, 0:160] - 80
    diamond = np.abs(rows) + np.abs(columns) < 50
    narrowed = np.abs(rows) + np.abs(columns) / 0.55 < 50
    pictures = [
        np.repeat(np.where(mask, 230, 20).astype(np.uint8)[:, :, np.newaxis], 3, 2)
        for mask in (diamond, narrowed)
    ]
    seen = [pixel_features(picture) for picture in pictures]

    def alike(name: str) -> float:
        plain = Norm(np.zeros(TURNS * RINGS, np.float32), np.ones(TURNS * RINGS, np.float32))
        return block_similarity(seen[0][name], seen[1][name], Block(name, turning=True), plain)

    assert alike("outline_evened") > 0.985
    assert alike("outline") < alike("outline_evened") - 0.02


def test_what_follows_a_step() -> None:
    """One edge stands alone; a drawn line goes up and comes down again, three pixels further on."""
    edge, line = np.full((160, 160), 40, np.uint8), np.full((160, 160), 40, np.uint8)
    edge[80:], line[80:83] = 200, 200
    found = [pixel_features(np.repeat(one[:, :, np.newaxis], 3, 2))["steps_together"] for one in (edge, line)]
    # Rows have the step and columns have none, so the mean of both is half; 8 distances without a sign, then 8 with one.
    assert found[0] == pytest.approx(np.zeros(16), abs=1e-6)
    # Of 159 - 3 places one pair of steps, of 159 two steps: (1 / 156) / (2 / 159), halved.
    wanted = np.zeros(16)
    wanted[2], wanted[10] = 159 / 156 / 4, -159 / 156 / 4
    assert found[1] == pytest.approx(wanted, abs=5e-4)  # what keeps an even image from dividing by nothing


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_similarities_are_symmetric_and_of_oneself_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = {name: rng.normal(size=(2, 12)).astype(np.float32) for name in BLOCKS}
    rows |= {
        name: rng.normal(size=(2, TURNS * RINGS)).astype(np.float32) for name in ("outline", "outline_evened")
    }
    norms = {name: Norm.of(np.zeros((2, values.shape[1]), np.float32)) for name, values in rows.items()}
    a, b = ({name: values[i] for name, values in rows.items()} for i in range(2))
    for name in PIXEL_ATTRIBUTES:
        there = pixel_similarity(name, a, b, norms)
        assert -1.0 <= there <= 1.0
        assert there == pytest.approx(pixel_similarity(name, b, a, norms), abs=1e-5)
        assert pixel_similarity(name, a, a, norms) == pytest.approx(1.0, abs=1e-5)


def test_one_colour_two_places(reference: Reference) -> None:
    """A red disc here and there: alike in colour and outline, not in layout."""
    a, b = (see(disc((220, 40, 40), x), "", (112, 112), None) for x in (35, 77))
    found = {one.name: one.percentile for one in attribute_scores(a, b, reference, 0.0)}
    assert (found["colour"] or 0) > 95
    assert (found["shape"] or 0) > 90
    assert (found["layout"] or 100) < (found["colour"] or 0)


def test_content_is_never_named_as_the_reason() -> None:
    scores = [AttributeScore("content", "", 0.9, 99.9), AttributeScore("layout", "", 0.5, 80.0)]
    assert top_of(scores) == "layout"
    assert top_of(scores[:1]) is None


def test_of_equal_percentiles_the_one_further_out_is_named() -> None:
    scores = [
        AttributeScore("colour", "", 0.9, 99.9, "", 1.1),
        AttributeScore("texture", "", 0.9, 99.9, "", 1.6),
    ]
    assert top_of(scores) == "texture"


@pytest.mark.parametrize(
    ("factor", "attribute", "least"),
    [
        ("color", "colour", 0.7),
        ("layout", "layout", 0.6),
        ("texture", "texture", 0.6),
        ("shape", "shape", 0.6),
    ],
)
def test_twins_are_alike_in_what_they_share(
    factor: str, attribute: str, least: float, reference: Reference
) -> None:
    """A small version of benchmarks/explain_twins.py, whose figures are in docs/how-to/explain-a-pair.md."""
    twins = make_twins(20, (factor,), size=96, seed=11)
    named = []
    for left, right in zip(twins.left, twins.right, strict=True):
        a, b = (see(image, "", (96, 96), None) for image in (left, right))
        named.append(top_of(attribute_scores(a, b, reference, 0.0)))
    assert named.count(attribute) / len(named) >= least


def test_every_attribute_says_what_is_compared() -> None:
    assert all(attribute.how for attribute in ATTRIBUTES.values())
    assert {block.name for attribute in ATTRIBUTES.values() for block in attribute.blocks} == set(BLOCKS)
