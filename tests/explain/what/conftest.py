"""Small references and drawings that the tests of the breakdown share."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.encoders import Encoder, load_encoder
from lookalike.explain import Reference
from lookalike.judgments import make_twins


@pytest.fixture(scope="session")
def drawings() -> list[NDArray[np.uint8]]:
    """Sixty unrelated drawings, uint8 (96, 96, 3)."""
    twins = make_twins(30, (), size=96, seed=3)
    return [*twins.left, *twins.right]


@pytest.fixture(scope="session")
def classic() -> Encoder:
    return load_encoder("classic")


@pytest.fixture(scope="session")
def reference(drawings: list[NDArray[np.uint8]]) -> Reference:
    """Random pairs of the drawings, without an encoder."""
    return Reference.from_images(drawings, None, name="drawings")


@pytest.fixture(scope="session")
def with_classic(drawings: list[NDArray[np.uint8]], classic: Encoder) -> Reference:
    """The same with the encoder ``classic``."""
    return Reference.from_images(drawings[:30], classic, name="drawings")
