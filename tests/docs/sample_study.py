"""The study that the pages' examples look at: made of ``pairs/``, taken by simulated participants."""

from __future__ import annotations

from pathlib import Path

from lookalike.judgments import open_judgments
from lookalike.studies.design import Wish, draft_from
from lookalike.studies.design_build import Plan, build
from lookalike.studies.simulate import simulate


def make(pairs: Path, folder: Path) -> None:
    """Write a study of ten questions with three participants' answers to ``folder``, named ``my-study``."""
    draft = draft_from(open_judgments(pairs), "kafc", Wish(limit=10, options=4))
    design = {"answers_per_item": 3, "trials_per_participant": 10}
    study, _ = build(folder, "kafc", draft, Plan("my-study", "Which?", ["en"], 0, {"design": design}))
    simulate(study, 3)
