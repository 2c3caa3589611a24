"""The comparator on descriptions with a planted cue, on drawn images, saved, and on real pairs."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookalike.encoders import load_encoder
from lookalike.errors import ComparatorError, InvalidArgument, MissingDependency
from lookalike.similarity.comparator import Comparator, fit_described, score_matrix, to_probability
from lookalike.similarity.comparator_describe import Descriptions, describe
from lookalike.similarity.comparator_fit import fit_line, gather, learn_weights
from lookalike.similarity.comparator_pairs import hashes_of_images
from lookalike.similarity.comparator_space import learn_space
from lookalike.similarity.cues import choose

PARTS = {"color": 20, "color_layout": 16, "gradients": 24, "texture": 18, "layout": 12}


def random_pairs(
    n: int, planted: str, noise: float = 0.4, seed: int = 0
) -> tuple[Descriptions, Descriptions]:
    """Pairs that share one part and nothing else: everything but ``planted`` is drawn anew for the right image."""
    random = np.random.default_rng(seed)
    sides: list[dict[str, np.ndarray]] = [{}, {}]
    for name, dim in {"embedding": 32, **PARTS}.items():
        base = random.standard_normal((n, dim))
        other = (
            base + noise * random.standard_normal((n, dim))
            if name == planted
            else random.standard_normal((n, dim))
        )
        for side, values in zip(sides, (base, other), strict=True):
            side[name] = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    return Descriptions(sides[0], None, "e"), Descriptions(sides[1], None, "e")


def drawings(count: int, seed: int) -> list[np.ndarray]:
    """Patches of few colours: quick to describe."""
    random = np.random.default_rng(seed)
    return [
        np.kron(random.integers(0, 255, (4, 4, 3)), np.ones((16, 16, 1))).astype(np.uint8)
        for _ in range(count)
    ]


def noisy(images: list[np.ndarray], seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [np.clip(i + random.normal(0, 25, i.shape), 0, 255).astype(np.uint8) for i in images]


@pytest.fixture(scope="module")
def drawn() -> Comparator:
    left = drawings(24, 1)
    return Comparator.fit(left, noisy(left, 2), encoder="classic", faces=False, cache=False)


@pytest.mark.parametrize("planted", ["texture", "layout", "embedding"])
def test_fit_finds_the_planted_cue(planted: str) -> None:
    left, right = random_pairs(120, planted)
    trained = fit_described(left, right)
    weights = dict(zip((name for _, name in trained.space.columns), trained.weights, strict=True))
    name = {"texture": "texture", "layout": "light and dark", "embedding": "embedding"}[planted]
    assert max(weights, key=lambda key: weights[key]) == name
    assert weights[name] > 5 * max(abs(w) for key, w in weights.items() if key != name)
    new_left, new_right = random_pairs(60, planted, seed=9)
    scores = score_matrix(trained, trained.space.prepare(new_left), trained.space.prepare(new_right))
    assert (scores.argmax(axis=1) == np.arange(60)).mean() > 0.8


def test_training_images_have_no_mark() -> None:
    """Copies of reference images, and their partners, do not count towards levels.

    Else a gallery's training images would be known by likeness to themselves: an early version gained four points
    of recall by that alone, because the right answer was always an image without such a level.
    """
    random = np.random.default_rng(3)
    rows = random.standard_normal((200, 8)).astype(np.float32)
    left, right = (Descriptions({"embedding": part}, None, "e") for part in (rows[:100], rows[:100] + 1e-4))
    space, ready, _ = learn_space(left, right, choose(left.holds), 0)
    new = space.prepare(Descriptions({"embedding": rows[100:]}, None, "e")).levels["embedding"]
    # Its own likeness of 1, twice among ten, would lift the mean level by more than a tenth of what is missing to 1.
    assert abs(ready.levels["embedding"].mean() - new.mean()) < 0.03
    assert np.array_equal(space.prepare(left).levels["embedding"], ready.levels["embedding"])


def test_symmetric_and_blocks_equal_singles(drawn: Comparator) -> None:
    images = drawings(7, 5)
    matrix = drawn.matrix(images, images)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-4)
    assert drawn.score(images[2], images[5], cache=False) == pytest.approx(float(matrix[2, 5]), abs=1e-4)


def test_contributions_sum_to_the_score(drawn: Comparator) -> None:
    a, b = drawings(2, 8)
    parts = drawn.contributions(a, b, cache=False)
    assert list(parts) == drawn.cues
    assert sum(parts.values()) + drawn.intercept == pytest.approx(drawn.score(a, b, cache=False), abs=1e-4)


def test_alike_is_probable_and_ranks_first(drawn: Comparator) -> None:
    images = drawings(8, 21)
    query = noisy(images, 3)[4]
    assert drawn.rank(query, images, cache=False)[0][0] == 4
    assert (
        drawn.probability(query, images[4], cache=False)
        > 0.5
        > drawn.probability(query, images[0], cache=False)
    )
    assert drawn.rank(query, []) == []
    order = drawn.rerank(query, images, cache=False)
    assert order[0].position == 4
    assert sorted(hit.position for hit in order) == list(range(8))


def test_rerank_puts_vanished_images_last(drawn: Comparator, tmp_path: Path) -> None:
    images = drawings(3, 21)
    order = drawn.rerank(noisy(images, 3)[2], [images[0], str(tmp_path / "gone.png"), images[2]], cache=False)
    assert [hit.position for hit in order] == [2, 0, 1]
    assert order[-1].score is None


def test_probability_by_hand() -> None:
    # Log odds 0 at even odds is 1/2; with one real pair in 1,200 the odds are 1 : 1199.
    assert to_probability(np.array(0.0)) == pytest.approx(0.5)
    assert to_probability(np.array(0.0), 1 / 1200) == pytest.approx(1 / 1200)
    # Log odds ln 3 are odds 3 : 1; times prior odds 1 : 9 they are 1 : 3, that is 1/4.
    assert to_probability(np.array(np.log(3)), 0.1) == pytest.approx(0.25)
    with pytest.raises(InvalidArgument, match="base rate"):
        to_probability(np.array(0.0), 1.0)


def test_line_by_hand() -> None:
    # At score -1 one of four is real (log odds -ln 3), at +1 three of four (ln 3): slope ln 3, intercept 0.
    scores = np.repeat([-1.0, 1.0], 4)
    labels = np.array([1, 0, 0, 0, 1, 1, 1, 0])
    line = fit_line(scores, labels, np.ones(8))
    assert line.slope == pytest.approx(np.log(3), abs=1e-3)
    assert line.intercept == pytest.approx(0.0, abs=1e-3)


def test_columns_that_are_not_kept_weigh_nothing() -> None:
    left, right = random_pairs(60, "texture")
    space, a, b = learn_space(left, right, choose(left.holds), 0)
    keep = np.array([cue != "texture" for cue, _ in space.columns])
    weights = learn_weights(gather(space, a, b), keep)
    assert (weights[~keep] == 0).all()
    assert np.abs(weights[keep]).max() < 0.5


def test_same_seed_same_comparator() -> None:
    left, right = random_pairs(40, "texture")
    first, second = fit_described(left, right), fit_described(left, right)
    assert np.array_equal(first.weights, second.weights)
    assert first.calibration == second.calibration


def test_saved_and_loaded_is_the_same_to_the_bit(drawn: Comparator, tmp_path: Path) -> None:
    drawn.save(tmp_path / "c")
    loaded = Comparator.load(tmp_path / "c")
    images = drawings(4, 30)
    described = describe(images, drawn.encoder, cache=False)
    assert np.array_equal(loaded.matrix(described, described), drawn.matrix(described, described))
    assert loaded.contributions(images[0], images[1], cache=False) == drawn.contributions(
        images[0], images[1], cache=False
    )
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again" / "comparator.json").read_text() == (
        tmp_path / "c" / "comparator.json"
    ).read_text()


def test_load_refuses_what_does_not_fit(drawn: Comparator, tmp_path: Path) -> None:
    with pytest.raises(ComparatorError, match="holds no comparator"):
        Comparator.load(tmp_path)
    drawn.save(tmp_path / "c")
    with pytest.raises(ComparatorError, match=r"fitted with classic .* give the encoder of the fit"):
        Comparator.load(tmp_path / "c", encoder="classic:layout")
    assert Comparator.load(tmp_path / "c", encoder="classic").encoder.card.name == "classic"
    card = json.loads((tmp_path / "c" / "comparator.json").read_text())
    (tmp_path / "c" / "comparator.json").write_text(json.dumps({**card, "schema": 99}))
    with pytest.raises(ComparatorError, match="older"):
        Comparator.load(tmp_path / "c")
    (tmp_path / "c" / "comparator.json").write_text(json.dumps({**card, "columns": []}))
    with pytest.raises(ComparatorError, match="have changed"):
        Comparator.load(tmp_path / "c")
    (tmp_path / "c" / "comparator.json").write_text(json.dumps({"kind": "else"}))
    with pytest.raises(ComparatorError, match="not a comparator"):
        Comparator.load(tmp_path / "c")
    (tmp_path / "c" / "comparator.json").write_text(json.dumps(card))
    (tmp_path / "c" / "comparator.npz").write_bytes(b"nothing")
    with pytest.raises(ComparatorError, match="damaged"):
        Comparator.load(tmp_path / "c")


def test_other_descriptions_are_refused(drawn: Comparator) -> None:
    left, right = random_pairs(3, "texture")
    with pytest.raises(ComparatorError, match="another encoder"):
        drawn.matrix(left, right)
    with pytest.raises(ComparatorError, match="joined"):
        left.join(Descriptions(right.vectors, None, "other"))


def test_wrong_input_is_refused() -> None:
    left, right = random_pairs(30, "texture")
    with pytest.raises(ComparatorError, match="at least 20 pairs"):
        fit_described(left.take(np.arange(5)), right.take(np.arange(5)))
    with pytest.raises(ComparatorError, match="do not match"):
        fit_described(left, right.take(np.arange(29)))
    with pytest.raises(InvalidArgument, match="no cue is called smell"):
        fit_described(left, right, cues=["smell"])
    with pytest.raises(ComparatorError, match="none of the wanted cues"):
        fit_described(left, right, cues=["faces"])
    with pytest.raises(ComparatorError, match="no images"):
        describe([], load_encoder("classic"))


def test_even_images_are_no_trouble() -> None:
    """Images without any structure: no measure can learn anything, and nothing divides by zero."""
    grey = [np.full((32, 32, 3), 128, np.uint8)] * 20
    comparator = Comparator.fit(grey, grey, encoder="classic", faces=False, cache=False)
    assert comparator.probability(grey[0], grey[1], cache=False) == pytest.approx(0.5, abs=0.01)


def test_real_pairs(shared: Path, mobilenet: Path) -> None:
    """44 real pairs: learned on 30 with the local cue, better than chance on the rest; quick enough to run always."""
    folder = shared / "tll"
    with (folder / "pairs.csv").open() as file:
        rows = list(csv.DictReader(file))[:44]
    sides = [
        [str(folder / side / f"{Path(row[side]).stem}.jpg") for row in rows] for side in ("left", "right")
    ]
    comparator = Comparator.fit(sides[0][:30], sides[1][:30], encoder=f"onnx:{mobilenet}", faces=False)
    assert "local" in comparator.cues
    scores = comparator.matrix(sides[0][30:], sides[1][30:])
    places = (scores > np.diag(scores)[:, np.newaxis]).sum(axis=1)
    assert places.mean() < 5.5  # chance: 6.5


def test_faces_in_real_pairs(shared: Path, tmp_path: Path) -> None:
    """22 real pairs with faces looked for: the cues of faces are there, also after saving."""
    pytest.importorskip("dlib")
    folder = shared / "tll"
    with (folder / "pairs.csv").open() as file:
        rows = list(csv.DictReader(file))[:22]
    sides = [
        [str(folder / side / f"{Path(row[side]).stem}.jpg") for row in rows] for side in ("left", "right")
    ]
    comparator = Comparator.fit(*sides, encoder="classic:layout")
    assert comparator.cues[-3:] == ["faces", "face layout", "presence"]
    comparator.save(tmp_path / "c")
    loaded = Comparator.load(tmp_path / "c")
    assert loaded.face_spec == "faces"
    assert np.array_equal(loaded.matrix(*sides), comparator.matrix(*sides))
    parts = loaded.contributions(sides[0][0], sides[1][0])
    assert sum(parts.values()) + loaded.intercept == pytest.approx(
        loaded.score(sides[0][0], sides[1][0]), abs=1e-3
    )


def test_faces_without_dlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparator that needs faces says which extra to install; without faces dlib is not asked for."""
    monkeypatch.setitem(sys.modules, "dlib", None)
    left = drawings(20, 1)
    with pytest.raises(MissingDependency, match=r"lookalike\[faces\]"):
        Comparator.fit(left, left, encoder="classic:layout", faces=True, cache=False)
    assert Comparator.fit(left, left, encoder="classic:layout", faces=False, cache=False).face_spec is None


def test_the_pairs_of_the_fit_are_kept_as_hashes(drawn: Comparator, tmp_path: Path) -> None:
    images = drawings(24, 1)
    partners = noisy(images, 2)
    assert drawn.fitted is not None
    assert (drawn.fitted.dtype, len(drawn.fitted)) == (np.uint64, 24)
    assert np.isin(hashes_of_images(partners[:5], images[:5]), drawn.fitted).all()  # either way round
    assert not np.isin(hashes_of_images(images[:5], partners[1:6]), drawn.fitted).any()
    drawn.save(tmp_path / "c")
    np.testing.assert_array_equal(Comparator.load(tmp_path / "c").fitted, drawn.fitted)


def test_a_comparator_of_an_older_version_does_not_know_its_pairs(drawn: Comparator, tmp_path: Path) -> None:
    replace(drawn, fitted=None).save(tmp_path / "old")
    assert Comparator.load(tmp_path / "old").fitted is None
