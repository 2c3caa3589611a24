"""Model cards from the facts of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lookalike.encoders.trained_card import Parent, TrainedCard, write_card
from lookalike.errors import EncoderCardError
from lookalike.training.model_card import model_card, write_model_card

CARD = TrainedCard(
    name="material-mlp",
    parents=(Parent("timm:vit_base_patch16_224.dino", "0123456789abcdef" * 2),),
    adapter={"kind": "mlp", "hidden": 512},
    dim=768,
    weights_sha256="ff" * 32,
    licence="Apache-2.0",
    training_data="material: 18000 rows",
    recipe={"name": "material-mlp", "seed": 0},
)


def results(low: float, high: float, n: int = 4000) -> dict[str, Any]:
    middle = (low + high) / 2
    return {
        "comparison": {
            "rows": "validation",
            "trained": {
                "value": 0.8,
                "name": "2AFC score",
                "interval": [0.78, 0.82],
                "n": n,
                "higher_is_better": True,
            },
            "untouched": {"value": 0.73, "name": "2AFC score", "interval": [0.71, 0.75], "n": n},
            "difference": {
                "difference": {"value": middle, "low": low, "high": high},
                "p": 0.0004,
                "test": "sign-flip",
            },
        },
        "epochs": 8,
        "data": {"kind": "triplets", "split": "row", "notes": []},
    }


def test_all_facts_are_there() -> None:
    text = model_card(CARD, results(0.06, 0.08))
    for fact in (
        "# material-mlp", "`timm:vit_base_patch16_224.dino`", "0123456789abcdef", "mlp (hidden 512)", "768 numbers",
        "material: 18000 rows", "split: row", "8 epochs", "| trained | 0.800 | 0.780 to 0.820 |",
        "| untouched | 0.730 | 0.710 to 0.750 |", "| difference | +0.070 | 0.060 to 0.080 |", "p = 0.0004 (sign-flip)",
        "made it better", "Apache-2.0", "## Known limits", "chosen on the rows of the figures", '"seed": 0',
    ):  # fmt: skip
        assert fact in text, fact
    assert "notes" not in text


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.02, "made it better"), (-0.02, -0.01, "made it worse"), (-0.01, 0.01, "includes no change")],
)
def test_verdict_follows_the_interval(low: float, high: float, verdict: str) -> None:
    assert verdict in model_card(CARD, results(low, high))


def test_an_error_is_better_when_smaller() -> None:
    found = results(-0.02, -0.01)
    found["comparison"]["trained"]["higher_is_better"] = False
    assert "made it better" in model_card(CARD, found)


def test_few_rows_are_said() -> None:
    assert "measured on 50 rows only" in model_card(CARD, results(0.1, 0.2, n=50))


def test_written_into_the_run(tmp_path: Path) -> None:
    write_card(tmp_path, CARD)
    path = write_model_card(tmp_path)
    assert path.name == "model-card.md"
    assert "None were measured." in path.read_text()
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(EncoderCardError, match="no finished training run"):
        write_model_card(tmp_path / "nowhere")
