"""`lookalike encoders show`: a card that people can read."""

from __future__ import annotations

from lookalike.cli.encoders_card import card_rows, readable
from lookalike.encoders import EncoderCard, Preprocessing
from tests.cli.conftest import Command


def test_a_card_by_hand() -> None:
    card = EncoderCard(
        name="mine", dim=1280, input_size=(192, 224), feature_map=(6, 7, 1280), licence="MIT", size_bytes=13_600_000,
        preprocessing=Preprocessing("crop", "bilinear", True, (0.5, 0.25, 0), (0.229, 0.224, 1.0), 0.875),
        details={"pooling": None, "parts": {"color": 0.1, "sides": (112, 7)}, "centred": True},
    )  # fmt: skip
    assert card_rows(card) == [
        ["name", "mine"],
        ["dim", "1,280 numbers, unit length"],
        ["input_size", "224 x 192 pixels"],
        [
            "preprocessing",
            "cropped to the middle 87.5 %; bilinear, antialiased; mean 0.5, 0.25, 0 subtracted; divided by 0.229, 0.224, 1",
        ],
        ["feature_map", "6 x 7 x 1280"],
        ["text", "no"],
        ["licence", "MIT"],
        ["source", "unknown"],
        ["training_data", "unknown"],
        ["size_bytes", "13.6 MB"],
        ["version", "1"],
        ["details.pooling", "none"],
        ["details.parts", "color 0.1, sides 112, 7"],
        ["details.centred", "yes"],
        ["fingerprint", card.fingerprint],
    ]


def test_what_is_unusual_is_said_and_what_is_empty_is_not() -> None:
    card = EncoderCard(
        "a+b", 3, (8, 8), Preprocessing("pad", antialias=False), normalized=False, text=True, title="Both",
        parts=("a", "b"),
    )  # fmt: skip
    rows = dict(card_rows(card))
    assert rows["dim"] == "3 numbers"
    assert rows["preprocessing"] == "whole, with bars where the shape differs; bicubic, not antialiased"
    assert (rows["feature_map"], rows["text"], rows["size_bytes"]) == (
        "none",
        "searches by words",
        "no weights",
    )
    assert (rows["title"], rows["parts"]) == ("Both", "a, b")
    assert "sha256" not in rows
    assert readable([0.1, None, False, "x"]) == "0.1, none, no, x"


def test_no_shipped_card_shows_python(lookalike: Command) -> None:
    for name in ("classic", "glance", "classic:color+2*classic:texture"):
        done = lookalike("encoders", "show", name)
        assert done.status == 0
        table = done.out[: done.out.index("└")]
        assert "fingerprint" in table
        assert not set("{}[]'") & set(table), name
        assert "None" not in table
        keys = set(lookalike("encoders", "show", name, "--json").json)
        shown = {line.split("│")[1].strip() for line in table.splitlines() if line.startswith("│")}
        assert {key.partition(".")[0] for key in shown - {""}} <= keys
