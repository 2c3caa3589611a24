"""Where a study and its answers come from: its folder and database, an exported file, or a CSV from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.errors import StudyError, printable

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.studies import Study


def stored_answers(study: Study, database: str | None) -> pa.Table:
    """The answers in a study's database.

    Raises:
        StudyError: nobody has served the study yet, or the database is not one.
        MissingDependency: SQLAlchemy is not installed.
    """
    from lookalike.errors import MissingDependency

    try:
        from lookalike.studies.store import Store, default_url
        from lookalike.studies.store.engine import DATABASE_FILE
    except ImportError as error:
        raise MissingDependency("sqlalchemy", "web", "reading a study's database") from error
    if database is None and not (study.folder / DATABASE_FILE).is_file():
        shown = printable(str(study.folder))
        raise StudyError(
            f"{shown} has no answers yet: serve it with `lookalike study serve {shown}`, or give --answers FILE or --database URL"
        )
    with Store(database or default_url(study)) as store:
        return store.answers(study)


def any_study(
    folder: Path | None,
    file: Path | None,
    database: str | None,
    images: Path | None,
    where: list[str] | None,
    progress: Any,
) -> tuple[Any, pa.Table, tuple[str, ...]]:
    """(study, answers, notes): of a folder, with its own answers or those of a file; or a CSV from elsewhere alone.

    Raises:
        StudyError: neither is given, or they do not go together.
    """
    if folder is None:
        if file is None:
            raise StudyError("name a study's folder, or a CSV of answers from elsewhere with --answers FILE")
        from lookalike.studies.importers import import_triplet_answers

        made = import_triplet_answers(file, images, where=_conditions(where), progress=progress)
        return made, made.answers, made.notes
    if where or images is not None:
        raise StudyError(
            "--where and --images belong to answers from elsewhere (--answers without a study's folder)"
        )
    from lookalike.studies import Study

    study = Study.open(folder)
    if file is None:
        return study, stored_answers(study, database), ()
    if database is not None:
        raise StudyError("give either --answers or --database, not both")
    from lookalike.studies.analysis.answer_files import read_answer_file

    return study, read_answer_file(file), ()


def _conditions(where: list[str] | None) -> dict[str, str]:
    found = {}
    for text in where or []:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise StudyError(f"--where {printable(text)}: give COLUMN=VALUE, such as sampler=Test")
        found[name.strip()] = value.strip()
    return found
