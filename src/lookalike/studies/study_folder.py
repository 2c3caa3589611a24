"""Writing a study folder: whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.errors import StudyError, printable
from lookalike.images.formats import EXTENSIONS
from lookalike.judgments.safe_files import not_an_image
from lookalike.studies.config import CONFIG_FILE
from lookalike.studies.config_text import to_toml
from lookalike.studies.items import ITEMS_FILE

if TYPE_CHECKING:
    from lookalike.studies.study import Study


def write_study(study: Study, images: Mapping[str, Path], texts: Mapping[str, Mapping[str, str]]) -> None:
    """See :meth:`lookalike.studies.study.Study.create`. The folder is made beside its place and then renamed."""
    place = study.folder
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise StudyError(f"{printable(str(place))} is in use: name a new folder, or empty this one")
    new = place.with_name(f".{place.name}.new")
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        _copy_images(study, images, new)
        _write_texts(study, texts, new)
        (new / CONFIG_FILE).write_text(to_toml(study.config), encoding="utf-8")
        study.items.save(new / ITEMS_FILE)
        if place.is_dir():
            place.rmdir()
        new.rename(place)
    except OSError as error:
        raise StudyError(f"cannot write {printable(str(place))}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _copy_images(study: Study, images: Mapping[str, Path], new: Path) -> None:
    from lookalike.studies.study import IMAGES_FOLDER, copy_image

    folder = new / IMAGES_FOLDER
    folder.mkdir()
    for content in study.items.images():
        source = images.get(content)
        if source is None:
            raise StudyError(f"the image {printable(content)[:12]} of the items was not given")
        problem = not_an_image(source)
        if problem:
            raise StudyError(f"{printable(str(source))} is {problem}; leave its rows out and try again")
        ending = source.suffix.lower()
        copy_image(source, folder / f"{content}{ending if ending in EXTENSIONS else '.img'}")


def _write_texts(study: Study, texts: Mapping[str, Mapping[str, str]], new: Path) -> None:
    from lookalike.studies.study import PARTS, TEXTS_FOLDER

    for language in study.config.languages:
        folder = new / TEXTS_FOLDER / language
        folder.mkdir(parents=True)
        for part in PARTS:
            text = texts.get(language, {}).get(part)
            if text is None:
                raise StudyError(f"the text {part} is missing in the language {language}")
            (folder / f"{part}.md").write_text(text, encoding="utf-8")
