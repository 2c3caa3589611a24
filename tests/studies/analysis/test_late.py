"""Answers that came after the time-out, to items that others had filled: kept in the table, not in the figures unless asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from lookalike.cli.main import app
from lookalike.errors import StudyError
from lookalike.studies import ANSWER_SCHEMA, Study
from lookalike.studies.analysis import analyse
from lookalike.studies.analysis.answer_files import ADDED, read_answer_file
from lookalike.studies.analysis.export import counted_answers

from ..small import small_study
from . import made


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return small_study(tmp_path / "study", items=6, options=3)


@pytest.fixture
def answers(study: Study) -> pa.Table:
    """Four people; the last one's answers to two of the items are late, and all wrong."""
    main = [item for item in study.items if item.role == "main"]
    rows = made.simulated(main, 4, np.random.default_rng(0), accuracy=1.0)
    for row in rows[-2:]:
        row.update(late=True, chosen=1, position=row["order"].index(1), correct=False)
    return made.table(rows)


def test_they_are_counted_only_when_asked(study: Study, answers: pa.Table) -> None:
    usual = analyse(study, answers)
    assert (usual.late, usual.late_counted, usual.figures.answers) == (2, False, answers.num_rows - 2)
    assert usual.figures.accuracy[0].accuracy.value == 1.0
    asked = analyse(study, answers, late=True)
    assert asked.figures.answers == answers.num_rows
    assert asked.figures.accuracy[0].accuracy.value < 1.0
    assert asked.to_dict()["late"] == {"answers": 2, "counted": True}
    assert counted_answers(study, answers).num_rows == answers.num_rows - 2
    assert counted_answers(study, answers, late=True).num_rows == answers.num_rows


def test_where_all_are_late_the_reader_learns_how_to_count_them(study: Study, answers: pa.Table) -> None:
    every = pa.array([True] * answers.num_rows)
    answers = answers.set_column(answers.schema.get_field_index("late"), answers.schema.field("late"), every)
    with pytest.raises(
        StudyError, match=rf"all {answers.num_rows} answers .* came late.* --late .* counts them"
    ):
        analyse(study, answers)
    assert analyse(study, answers, late=True).figures.answers == answers.num_rows


def test_tables_of_earlier_versions_have_none(study: Study, answers: pa.Table, tmp_path: Path) -> None:
    old = answers.drop_columns(list(ADDED))
    assert analyse(study, old).late == 0
    pq.write_table(old, tmp_path / "old.parquet")
    read = read_answer_file(tmp_path / "old.parquet")
    assert read.schema.equals(ANSWER_SCHEMA)
    assert read.column("late").null_count == read.num_rows
    assert analyse(study, read).late == 0


def test_the_report_says_what_became_of_them(study: Study, answers: pa.Table, tmp_path: Path) -> None:
    file = tmp_path / "answers.parquet"
    pq.write_table(answers, file)
    said = CliRunner().invoke(
        app, ["study", "report", str(study.folder), "--answers", str(file), "-o", str(tmp_path / "r")]
    )
    assert said.exit_code == 0, said.output
    assert "2 answers came after the time-out" in " ".join(said.output.split())
    assert "2 answers came after the time-out" in (tmp_path / "r" / "report.html").read_text()
    kept = CliRunner().invoke(app, ["study", "report", str(study.folder), "--answers", str(file), "--late"])
    assert "count all the same, as was asked" in " ".join(kept.output.split())
