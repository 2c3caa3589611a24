"""The measured figures of the real data, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lookalike.benchmarks.triplets import bench_triplets
from lookalike.judgments import open_judgments


@pytest.mark.parametrize(
    ("scene", "score", "majority"),
    [("ennis", 0.732, 0.793), pytest.param("stpeters", 0.727, 0.785, marks=pytest.mark.slow)],
)
def test_material(shared: Path, mobilenet: Path, scene: str, score: float, majority: float) -> None:
    name = f"onnx:{mobilenet}"
    found = bench_triplets(open_judgments(shared / "material", images=scene), [name]).to_dict()
    assert found["triplets"] == 22_801
    assert found["encoders"][name]["score"] == pytest.approx(score, abs=0.001)
    assert found["encoders"][name]["majority"] == pytest.approx(majority, abs=0.001)
    assert found["ceiling"]["majority_oracle"] == pytest.approx(0.838, abs=0.001)
    assert found["ceiling"]["leave_one_out"] == pytest.approx(0.75, abs=0.001)
    assert found["ceiling"]["pairwise_agreement"] == pytest.approx(0.713, abs=0.001)


def test_pixels_on_material(shared: Path) -> None:
    found = bench_triplets(open_judgments(shared / "material", images="ennis"), ["pixels"]).to_dict()
    assert found["encoders"]["pixels"]["score"] == pytest.approx(0.608, abs=0.002)
    assert found["encoders"]["pixels"]["majority"] == pytest.approx(0.635, abs=0.002)


def test_alien_eggs(shared: Path, mobilenet: Path) -> None:
    name = f"onnx:{mobilenet}"
    answers = open_judgments(shared / "alien-eggs")
    found = bench_triplets(answers.where(sampler="Test"), [name]).to_dict()
    assert found["answers"] == 4_014
    assert found["encoders"][name]["score"] == pytest.approx(0.840, abs=0.001)
    every = bench_triplets(answers, [name]).to_dict()
    assert every["position_bias"]["shares"][0] == pytest.approx(0.497, abs=0.0005)
    assert every["ceiling"]["pairwise_agreement"] == pytest.approx(0.748, abs=0.0006)


def test_nights_mini(shared: Path, mobilenet: Path) -> None:
    table = open_judgments(shared / "nights-mini")
    one = bench_triplets(table, [f"onnx:{mobilenet}"]).worked[f"onnx:{mobilenet}"]
    assert one.agreement.items.sum() == 92
    # The README of the data says 21; ONNX Runtime with a plain Pillow bicubic resize, without this package, gives 23.
    random = np.array(table.column("picked_for")) == "random"
    assert one.agreement.items[random].sum() == 23
