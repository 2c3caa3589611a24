"""Exports, imports, the page and the two commands."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from lookalike.errors import StudyError
from lookalike.studies import ANSWER_SCHEMA, DICTIONARY, Study
from lookalike.studies.analysis import analyse, with_machines
from lookalike.studies.analysis.answer_files import read_answer_file
from lookalike.studies.analysis.export import counted_answers, export_key, hashed_people, write_answers
from lookalike.studies.importers import import_triplet_answers

from ..small import picture, small_study
from . import made

EVIL = '=HYPERLINK("http://x","y")'


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return small_study(tmp_path / "study", items=6, options=3, catch=1)


def _rows(study: Study, people: int = 4) -> list[dict[str, Any]]:
    return made.simulated(list(study.items), people, np.random.default_rng(0), accuracy=0.8)


@pytest.fixture
def answers(study: Study) -> pa.Table:
    rows = _rows(study)
    rows[0]["text"] = EVIL
    rows[1]["text"] = "-2"  # a number stays a number
    rows[2]["text"] = 'two\nlines, "quoted"'
    return made.table(rows)


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_an_export_comes_back_and_has_the_same_bytes_again(
    tmp_path: Path, answers: pa.Table, ending: str
) -> None:
    first = write_answers(answers, tmp_path / f"a.{ending}")
    backwards = answers.take(pa.array(range(answers.num_rows - 1, -1, -1)))
    second = write_answers(backwards, tmp_path / f"b.{ending}")
    assert first.file.read_bytes() == second.file.read_bytes()
    assert first.sha256 == second.sha256
    assert first.answers == answers.num_rows
    back = read_answer_file(first.file)
    keys = [("participant", "ascending"), ("session", "ascending"), ("trial_index", "ascending")]
    assert back.schema.equals(ANSWER_SCHEMA)
    assert back.sort_by(keys).to_pylist() == answers.sort_by(keys).to_pylist()


def test_the_dictionary_covers_each_column(tmp_path: Path, answers: pa.Table) -> None:
    written = write_answers(answers, tmp_path / "a.parquet")
    columns = json.loads(written.dictionary.read_text())["columns"]
    assert [one["name"] for one in columns] == ANSWER_SCHEMA.names
    assert all(one["meaning"] for one in columns)
    field = pq.read_schema(written.file).field("chosen")
    assert field.metadata[b"description"].decode() == DICTIONARY["chosen"]


def test_formulas_are_made_safe_only_when_asked(tmp_path: Path, answers: pa.Table) -> None:
    def texts(file: Path) -> set[str]:
        return {row["text"] for row in csv.DictReader(io.StringIO(file.read_text(), newline=""))}

    plain = write_answers(answers, tmp_path / "plain.csv")
    safe = write_answers(answers, tmp_path / "safe.csv", formulas_safe=True)
    assert EVIL in texts(plain.file)
    assert texts(safe.file) == (texts(plain.file) - {EVIL}) | {f"'{EVIL}"}
    assert "apostrophe" in json.loads(safe.dictionary.read_text())["formulas_safe"]
    with pytest.raises(StudyError, match="is for CSV"):
        write_answers(answers, tmp_path / "a.json", formulas_safe=True)


@pytest.mark.parametrize("start", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\tx", "\rx", "\nx"])
def test_every_way_to_start_a_formula(tmp_path: Path, study: Study, start: str) -> None:
    rows = _rows(study, 1)
    rows[0]["participant"] = start
    written = write_answers(made.table(rows), tmp_path / "a.csv", formulas_safe=True)
    found = {
        row["participant"]
        for row in csv.DictReader(io.StringIO(written.file.read_bytes().decode(), newline=""))
    }
    assert f"'{start}" in found


def test_participants_are_hashed_with_a_key_of_the_study(study: Study, answers: pa.Table) -> None:
    key = export_key(study)
    assert stat.S_IMODE((study.folder / "export-key").stat().st_mode) == 0o600
    assert export_key(study) == key
    hidden = hashed_people(answers, key)
    assert hidden.schema.equals(answers.schema)
    names = hidden.column("participant").to_pylist()
    assert len(set(names)) == 4
    assert set(names).isdisjoint(answers.column("participant").to_pylist())
    assert hashed_people(answers, b"another key" * 4).column("participant").to_pylist() != names
    (study.folder / "export-key").write_text("short")
    with pytest.raises(StudyError, match="holds no key"):
        export_key(study)


def test_only_counted_answers_become_judgments(study: Study) -> None:
    answers = made.table(_rows(study))
    kept = counted_answers(study, answers)
    assert set(kept.column("role").to_pylist()) == {"main"}
    rows = _rows(study)
    rows[0]["simulated"] = True
    with pytest.raises(StudyError, match="simulated"):
        counted_answers(study, made.table(rows))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"x", "read from .parquet"),
        ("a.parquet", b"x", "no table of answers"),
        ("a.csv", b"participant\nx\n", "lacks the column session"),
        ("a.json", b"[]", "no table of answers"),
    ],
)
def test_files_that_hold_no_answers(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyError, match=said):
        read_answer_file(tmp_path / name)
    with pytest.raises(StudyError, match="cannot be read"):
        read_answer_file(tmp_path / "absent.csv")


def test_the_page_holds_all_parts_and_escapes_what_people_wrote(study: Study, answers: pa.Table) -> None:
    from lookalike.reports.models import Picture
    from lookalike.reports.study_report import study_report

    result = with_machines(analyse(study, answers), study.catalogue(), ["pixels"])
    page = study_report(
        result, lambda content: Picture(f"<b>{content[:6]}"), note="<script>alert(1)</script>"
    )
    for part in (
        "Who is counted", "How often people are right", "How far people agree", "People against machines", "Most agreed",
        "Which items divide", "Do people choose by place?", "Response times", "Participants",
    ):  # fmt: skip
        assert part in page
    assert "<script>alert" not in page
    assert "<b>" not in page.replace("<b>", "", page.count("<li><b>"))
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_report_of_simulated_people_says_so(study: Study) -> None:
    from lookalike.reports.models import Picture
    from lookalike.reports.study_report import SIMULATED, study_report

    rows = [{**row, "simulated": True} for row in _rows(study)]
    result = analyse(study, made.table(rows), include_simulated=True)
    assert SIMULATED in study_report(result, lambda content: Picture(content))


def _run(*words: str) -> Any:
    import typer

    from lookalike.cli.study_export import export
    from lookalike.cli.study_report import report

    app = typer.Typer()
    app.command()(report)
    app.command()(export)
    return CliRunner().invoke(app, list(words), catch_exceptions=True)


def test_report_of_a_folder_with_answers_in_a_file(tmp_path: Path, study: Study, answers: pa.Table) -> None:
    file = write_answers(answers, tmp_path / "a.parquet").file
    done = _run(
        "report",
        str(study.folder),
        "--answers",
        str(file),
        "-e",
        "pixels",
        "-o",
        str(tmp_path / "out"),
        "--json",
    )
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert {
        "participants",
        "answers",
        "accuracy",
        "majority_share",
        "position_counts",
        "machines",
    } <= document.keys()
    assert document["participants"] == 4
    assert sum(document["position_counts"]) == document["answers"] == 24
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == document
    assert (tmp_path / "out" / "report.html").is_file()
    assert (tmp_path / "out" / "figures" / "agreement.svg").is_file()


def test_a_study_that_nobody_answered_says_what_to_do(study: Study) -> None:
    done = _run("report", str(study.folder))
    assert isinstance(done.exception, StudyError)
    assert "lookalike study serve" in str(done.exception)
    assert not (study.folder / "answers.sqlite").exists()  # looking changes nothing


def test_report_and_export_from_the_database(tmp_path: Path, study: Study) -> None:
    from lookalike.studies.store import Store, default_url
    from lookalike.studies.types import AnswerPayload

    with Store(default_url(study)) as store:
        store.register(study)
        for _ in range(3):
            session = store.start_session(study, language="en", device="desktop")
            for slot in store.slots(study, session.id):
                store.answer(
                    study, session.token, slot.index, f"n{session.id}{slot.index}", AnswerPayload(position=0)
                )
    done = _run("report", str(study.folder), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["position_counts"] == [18, 0, 0]
    made_ = _run(
        "export",
        str(study.folder),
        "-o",
        str(tmp_path / "a.csv"),
        "--judgments",
        str(tmp_path / "j"),
        "--json",
    )
    assert made_.exit_code == 0, made_.output
    document = json.loads(made_.stdout)
    assert document["answers"] == 21
    assert len(document["sha256"]) == 64
    assert document["judgments_rows"] == 6
    from lookalike.judgments import open_judgments

    table = open_judgments(tmp_path / "j")
    assert table.kind == "forced-choice"
    assert sum(sum(cell) for cell in table.column("answers")) == 18
    again = _run("export", str(study.folder), "-o", str(tmp_path / "b.csv"), "--json")
    assert json.loads(again.stdout)["sha256"] == document["sha256"]


def _foreign(folder: Path) -> Path:
    folder.mkdir()
    (folder / "images").mkdir()
    for n in range(3):
        (folder / "images" / f"{n}.png").write_bytes(picture(n))
    lines = ["participant,query,left,right,chosen,response_time_s,shown_at,sampler"]
    lines += [
        "a,0.png,1.png,2.png,1.png,2.5,2015-05-29 06:14:12,Test",
        "a,0.png,2.png,1.png,1.png,1.5,2015-05-29 06:14:02,Test",
        "b,0.png,1.png,2.png,2.png,,2015-05-29 06:14:02,Random",
    ]
    (folder / "answers.csv").write_text("\n".join(lines))
    return folder


def test_answers_from_elsewhere_become_a_study(tmp_path: Path) -> None:
    found = import_triplet_answers(_foreign(tmp_path / "eggs"))
    (item,) = found.items  # the same three images, whichever side they stood on
    rows = found.answers.to_pylist()
    assert [row["position"] for row in rows] == [0, 1, 1]
    assert rows[0]["chosen"] == rows[1]["chosen"] != rows[2]["chosen"]
    assert [row["trial_index"] for row in rows] == [1, 0, 0]  # by time, not by row
    assert [row["response_time_ms"] for row in rows] == [2500.0, 1500.0, None]
    for row in rows:
        assert item.options[row["order"][row["position"]]] == item.options[row["chosen"]]
    assert found.answers.schema.equals(ANSWER_SCHEMA)
    assert len(import_triplet_answers(tmp_path / "eggs", where={"sampler": "Test"}).answers) == 2
    with pytest.raises(StudyError, match="no answer with sampler = None"):
        import_triplet_answers(tmp_path / "eggs", where={"sampler": "None"})


def test_a_report_of_answers_from_elsewhere(tmp_path: Path) -> None:
    done = _run("report", "--answers", str(_foreign(tmp_path / "eggs")), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["position_counts"] == [1, 2]


@pytest.mark.slow
def test_the_alien_eggs_figures_that_stand_in_the_docs(shared: Path) -> None:
    found = import_triplet_answers(shared / "alien-eggs", where={"sampler": "Test"})
    figures = analyse(found, found.answers).figures
    assert figures.position is not None
    assert figures.position.test == "chi-square"
    everything = import_triplet_answers(shared / "alien-eggs")
    figures = analyse(everything, everything.answers).figures
    assert (figures.participants, figures.answers, figures.items) == (416, 20_086, 8_105)
    assert figures.agreement is not None
    assert figures.agreement.pairwise is not None
    assert figures.agreement.pairwise.value == pytest.approx(0.748, abs=0.0005)
    assert figures.position is not None
    assert figures.position.counts == (9_986, 10_100)
