"""The whole explanation: its document, sentences, pages, pictures and errors."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lookalike.encoders import CallableEncoder, Encoder
from lookalike.errors import ExplainError, InvalidArgument
from lookalike.explain import Explanation, Reference, explain, explain_choice, odd_one_out
from lookalike.explain.attributes import ATTRIBUTES
from lookalike.explain.counterfactuals import REMOVALS
from lookalike.explain.sentences import TEXTS, encoder_name, listed, percent, place_of
from lookalike.judgments import make_twins
from lookalike.reports.explain_page import page_of
from lookalike.reports.explain_words import LABELS

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def pair() -> tuple[Pixels, Pixels]:
    twins = make_twins(1, ("color", "layout"), size=96, seed=5)
    return twins.left[0], twins.right[0]


@pytest.fixture(scope="module")
def found(pair: tuple[Pixels, Pixels], with_classic: Reference) -> Explanation:
    return explain(*pair, encoder="classic", reference=with_classic, faces=False)


def test_the_document(found: Explanation) -> None:
    document = json.loads(json.dumps(found.to_dict()))
    assert document["kind"] == "pair"
    assert document["encoder"]["name"] == "classic"
    assert document["centred"]
    assert [one["name"] for one in document["attributes"]] == list(ATTRIBUTES)
    assert document["top"] in ("colour", "layout")
    assert {one["attribute"] for one in document["counterfactuals"]} == {r.name for r in REMOVALS} - {"face"}
    for one in document["counterfactuals"]:
        assert one["change"] == pytest.approx(one["after"] - one["before"])
    assert [one["method"] for one in document["where"]] == ["decomposition", "occlusion"]
    assert 0 < document["percentile"] < 100


def test_faces_that_nobody_looked_for_are_said_to_be_unknown(found: Explanation) -> None:
    face = next(one for one in found.attributes if one.name == "face")
    assert face.similarity is None
    assert face.percentile is None
    assert "not looked for" in face.note


def test_an_image_is_like_itself_in_everything(pair: tuple[Pixels, Pixels], with_classic: Reference) -> None:
    same = explain(pair[0], pair[0], encoder="classic", reference=with_classic, faces=False, where=())
    assert same.score == pytest.approx(1.0, abs=1e-5)
    assert all((one.percentile or 0) > 95 for one in same.attributes if one.similarity is not None)
    assert "Alike above all in" in same.sentences()[0]


def test_sentences_name_what_is_alike(found: Explanation) -> None:
    assert re.match(
        r"(Alike above all|Somewhat alike) in .*closer than [\d.]+ % of pairs", found.sentences()[0]
    )
    assert "%" in found.sentences("zh")[0]
    with pytest.raises(InvalidArgument, match="en, zh"):
        found.sentences("tlh")


@pytest.mark.parametrize("table", [TEXTS, LABELS])
def test_every_language_has_the_same_texts(table: dict[str, dict[str, str]]) -> None:
    def holes(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    first, *others = table.values()
    for other in others:
        assert set(other) == set(first)
        assert {key for key in first if holes(first[key]) != holes(other[key])} == set()


def test_every_attribute_and_removal_has_a_name_in_every_language() -> None:
    for text in TEXTS.values():
        assert {*ATTRIBUTES, *(removal.name for removal in REMOVALS)} <= set(text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(50.4, "50"), (99.24, "99.2"), (99.97, "more than 99.9"), (0.34, "0.3"), (0.01, "less than 0.1")],
)
def test_percentiles_as_people_read_them(value: float, shown: str) -> None:
    assert percent(value, TEXTS["en"]) == f"{shown} %"


def test_small_words() -> None:
    assert listed(["a", "b", "c"], TEXTS["en"]) == "a, b and c"
    assert encoder_name("onnx:/some/folder/net.onnx") == "onnx:net.onnx"
    assert encoder_name("timm:a/b") == "timm:a/b"
    corner = np.zeros((7, 7))
    corner[0, 6] = 1
    assert place_of(corner) == "top right"
    assert place_of(np.zeros((3, 3))) == "middle"


def test_chinese_sentences_have_wide_punctuation() -> None:
    wrong = {key: text for key, text in TEXTS["zh"].items() if re.search(r"[,;:()]", text)}
    assert wrong == {}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_needs_no_network_and_escapes_names(found: Explanation, language: str) -> None:
    text = page_of(found, language)
    assert "Content-Security-Policy" in text
    assert "http://" not in text
    assert "https://" not in text
    assert text.count('<svg class="pair-map"') == 2
    assert 'class="match hue0"' in text
    assert " style=" not in text
    assert "onclick" not in text


def test_a_hostile_name_is_escaped(
    tmp_path: Path, pair: tuple[Pixels, Pixels], with_classic: Reference
) -> None:
    bad = tmp_path / "<script>alert(1)<_script>.png"
    Image.fromarray(pair[0]).save(bad)
    text = page_of(explain(bad, pair[1], encoder="classic", reference=with_classic, faces=False, where=()))
    assert "<script>alert" not in text


def test_saving(found: Explanation, tmp_path: Path) -> None:
    for ending in ("html", "json", "png"):
        assert found.save(tmp_path / f"x.{ending}").stat().st_size > 1000
    with Image.open(tmp_path / "x.png") as image:
        assert image.width == 1200
    with pytest.raises(InvalidArgument, match=r"\.html, \.png or \.json"):
        found.save(tmp_path / "x.gif")
    with pytest.raises(ExplainError, match="cannot write"):
        found.save(tmp_path / "no" / "x.json")


def test_in_a_notebook(found: Explanation) -> None:
    assert found._repr_html_().startswith("<iframe")
    assert "<script>" not in found._repr_html_()


def test_an_unknown_encoder_has_no_percentile_and_says_why(pair: tuple[Pixels, Pixels]) -> None:
    def means(pixels: list[Pixels]) -> NDArray[np.float32]:
        return np.stack([image.mean(axis=(0, 1)) for image in pixels]).astype(np.float32)

    encoder: Encoder = CallableEncoder(means, name="means")
    bare = explain(*pair, encoder=encoder, where=(), faces=False)
    content = next(one for one in bare.attributes if one.name == "content")
    assert bare.percentile is None
    assert not bare.centred
    assert "reference folder" in content.note
    assert "nothing to centre it on" in " ".join(bare.sentences())


def test_wrong_arguments(pair: tuple[Pixels, Pixels], with_classic: Reference) -> None:
    with pytest.raises(InvalidArgument, match="no map is called"):
        explain(*pair, encoder="classic", reference=with_classic, where=("gradcam",), faces=False)
    with pytest.raises(ExplainError, match="mean"):
        explain(*pair, encoder="classic", reference=with_classic, mean=np.zeros(3), faces=False)


def test_why_b_rather_than_c(with_classic: Reference) -> None:
    twins = make_twins(1, ("color", "layout"), size=96, seed=8).triplets()
    choice = explain_choice(
        twins.reference[0], [twins.b[0], twins.a[0]], encoder="classic", reference=with_classic, faces=False,
        where=("occlusion",),
    )  # fmt: skip
    assert choice.picked == choice.chosen == "C"
    assert choice.other == "B"
    assert {"colour", "layout"} & {gap.name for gap in choice.gaps[:3]}
    assert choice.gaps[0].difference > 10
    assert choice.sentences()[0].startswith("C rather than B: closer to A in ")
    assert json.loads(json.dumps(choice.to_dict()))["kind"] == "choice"
    assert -1 <= (choice.map_correlation() or 0.0) <= 1
    assert "C rather than B" in page_of(choice)
    with pytest.raises(InvalidArgument, match="2 to 12"):
        explain_choice(twins.a[0], [twins.b[0]])


def test_the_odd_one_out(with_classic: Reference, tmp_path: Path) -> None:
    twins = make_twins(1, ("color", "layout", "shape"), size=96, seed=9).triplets()
    images = [twins.b[0], twins.a[0], twins.reference[0]]
    found = odd_one_out(images, encoder="classic", reference=with_classic, faces=False, where=())
    assert found.odd == "A"
    assert found.pair == ("B", "C")
    assert found.sentences()[0].startswith("A is the odd one out: B and C are the closest pair")
    assert Image.open(io.BytesIO(found.save(tmp_path / "odd.png").read_bytes())).width == 1200
    assert "odd one out" in page_of(found)
