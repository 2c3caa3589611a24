"""Presets: complete studies from tables of every size, and the paper's own design from real pairs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lookalike.benchmarks.distractors import PAPER_SETS
from lookalike.errors import MissingDependency, StudyError
from lookalike.judgments import open_judgments
from lookalike.studies import presets_tll
from lookalike.studies.design import Wish
from lookalike.studies.design_build import Plan, build
from lookalike.studies.design_check import check_study
from lookalike.studies.presets import PRESETS, Options, preset
from tests.studies.design.making import odd, pairs, triplets


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(StudyError, match="no preset bapps; there are tll, nights-2afc, nights-jnd, things"):
        preset("bapps")


def test_tll_without_faces_says_what_it_lacks(tmp_path: Path) -> None:
    draft = preset("tll").draft(pairs(tmp_path, 30), Options(faces=False, per_set=6, cache=False))
    assert Counter(item.set for item in draft.items) == {"random": 6, "generic": 6}
    assert "faces are not looked for" in draft.notes[0]
    assert all(len(item.options) == 5 and item.right is not None for item in draft.items)
    assert len({item.fixed[0] for item in draft.items}) == 12


def test_tll_makes_smaller_groups_of_few_pairs(tmp_path: Path) -> None:
    draft = preset("tll").draft(
        pairs(tmp_path / "12", 12), Options(faces=False, cache=False, encoder="classic")
    )
    sizes = Counter(item.set for item in draft.items)
    assert sizes["random"] == sizes["generic"] > 0
    assert any("groups have" in note for note in draft.notes)
    with pytest.raises(StudyError, match="3 pairs are too few for the preset tll"):
        preset("tll").draft(pairs(tmp_path / "3", 3), Options(faces=False, cache=False))


def test_tll_wants_pairs_and_the_extra_for_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StudyError, match="drawn from pairs"):
        preset("tll").draft(triplets(tmp_path / "t", 3), Options())
    monkeypatch.setattr(presets_tll, "faces_installed", lambda: False)
    with pytest.raises(MissingDependency, match="faces"):
        preset("tll").draft(pairs(tmp_path / "p", 12), Options(faces=True))


def test_nights_votes_are_staged_and_its_jnd_is_timed(tmp_path: Path) -> None:
    table = triplets(tmp_path / "t", 8, spare=60)
    for name in ("nights-2afc", "nights-jnd"):
        protocol = preset(name)
        plan = Plan("x", protocol.title, ("en",), settings=protocol.settings)
        made, _ = build(tmp_path / name, protocol.type, protocol.draft(table, Options()), plan)
        assert check_study(made).ok
        design, timing = made.config.design, made.config.timing
        if name == "nights-2afc":
            assert design.unanimity is not None
            assert (design.unanimity.needed, design.unanimity.rounds, made.config.cap) == (6, 10, 10)
            assert (design.catch, made.config.catch.needed) == (10, 8)
        else:
            assert (timing.fixation_ms, timing.image_ms, timing.gap_ms, timing.mask) == (500, 500, 500, True)
            assert design.answers_per_item == 3
            assert all(item.companion for item in made.items.where(role="main"))


def test_things_takes_its_own_triplets_or_draws_different_ones(tmp_path: Path) -> None:
    assert len(preset("things").draft(odd(tmp_path / "o", 7), Options()).items) == 7
    drawn = preset("things").draft(pairs(tmp_path / "p", 5), Options(Wish(limit=40)))
    assert len({frozenset(item.options) for item in drawn.items}) == 40
    assert "40 random triplets of 10 images" in drawn.notes[-1]


def test_every_preset_has_a_known_type() -> None:
    assert {name: one.type for name, one in PRESETS.items()} == {
        "tll": "kafc",
        "nights-2afc": "2afc",
        "nights-jnd": "same-different",
        "things": "odd-one-out",
    }


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_papers_120_queries_from_real_pairs(shared: Path, tmp_path: Path) -> None:
    table = open_judgments(shared / "tll")
    protocol = preset("tll")
    draft = protocol.draft(table, Options(cache=False))
    assert draft.notes == []
    assert Counter(item.set for item in draft.items) == {f"{one} {by}": 20 for one, by in PAPER_SETS}
    partner = dict(zip(table.column("left"), table.column("right"), strict=True))
    assert all(item.options[item.right or 0] == partner[item.fixed[0]] for item in draft.items)
    made, _ = build(tmp_path / "s", "kafc", draft, Plan("tll", "T", settings=protocol.settings))
    found = check_study(made)
    assert found.ok
    assert found.figures["participants"] == 60
