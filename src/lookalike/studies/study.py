"""A study folder: settings, items, images under opaque names, texts. Everything in it can be moved elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lookalike.errors import StudyError, printable
from lookalike.studies.config import CONFIG_FILE, StudyConfig
from lookalike.studies.items import ITEMS_FILE, Items
from lookalike.studies.texts import filled

if TYPE_CHECKING:
    from lookalike.judgments import ImageCatalogue

IMAGES_FOLDER = "images"
TEXTS_FOLDER = "texts"
Part = Literal["consent", "instructions", "debriefing"]
PARTS: tuple[Part, ...] = ("consent", "instructions", "debriefing")
_CONTENT = re.compile(r"[0-9a-f]{64}")


class Study:
    """A study as it lies on disk.

    Attributes:
        folder: absolute.
        config: what ``study.toml`` says.
        items: what ``items.parquet`` holds.
    """

    def __init__(self, folder: Path, config: StudyConfig, items: Items) -> None:
        self.folder = folder
        self.config = config
        self.items = items

    def __repr__(self) -> str:
        return f"Study({self.config.name!r}, {self.config.type}, {self.items!r})"

    @classmethod
    def open(cls, folder: Path | str) -> Study:
        """Read a study folder. Images are not looked at: ``lookalike study check`` does that.

        Raises:
            StudyError: no such folder, or its settings or items cannot be understood.
        """
        place = Path(folder)
        if not place.is_dir():
            raise StudyError(
                f"{printable(str(place))}: there is no such study folder; `lookalike study new` makes one"
            )
        study = cls(place.absolute(), StudyConfig.load(place / CONFIG_FILE), Items.load(place / ITEMS_FILE))
        study._check_types()
        return study

    @classmethod
    def create(
        cls,
        folder: Path | str,
        config: StudyConfig,
        items: Items,
        images: Mapping[str, Path],
        texts: Mapping[str, Mapping[str, str]],
    ) -> Study:
        """Write a study folder, whole or not at all.

        Args:
            folder: must not exist, or be empty.
            config: its settings.
            items: its items.
            images: content id -> file of every image of the items; copied byte for byte.
            texts: language -> part (consent, instructions, debriefing) -> Markdown.

        Raises:
            StudyError: the folder is in use or cannot be written, an image or a text is missing, or a file is no image.
        """
        from lookalike.studies.study_folder import write_study

        place = Path(folder).absolute()
        made = cls(place, config, items)
        made._check_types()
        write_study(made, images, texts)
        return made

    @cached_property
    def hash(self) -> str:
        """sha256 (hex) of the canonical JSON of settings and items: stored with every answer."""
        document = {"config": self.config.hashed(), "items": [item.to_dict() for item in self.items]}
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @cached_property
    def _files(self) -> dict[str, Path]:
        """Content id -> file, for the plain files of the images folder."""
        place = self.folder / IMAGES_FOLDER
        if not place.is_dir():
            return {}
        found = (file for file in sorted(place.iterdir()) if _CONTENT.fullmatch(file.stem))
        return {file.stem: file for file in found if file.is_file() and not file.is_symlink()}

    def image_path(self, content: str) -> Path:
        """The file of an image, inside the study folder; links are not followed.

        Raises:
            StudyError: no content id, or no such image.
        """
        if not _CONTENT.fullmatch(content):
            raise StudyError(f"{printable(content)[:80]!r} is no content id of an image")
        try:
            return self._files[content]
        except KeyError:
            raise StudyError(
                f"{printable(str(self.folder / IMAGES_FOLDER))}: the image {content[:12]} is missing; "
                "make the study anew, or put the file back"
            ) from None

    def catalogue(self) -> ImageCatalogue:
        """The study's images as tables of judgments want them, under their opaque names.

        Raises:
            StudyError: an image of the items is missing.
        """
        from lookalike.judgments import ImageCatalogue

        files = {content: self.image_path(content) for content in self.items.images()}
        return ImageCatalogue({content: file.name for content, file in files.items()}, files)

    def text(self, lang: str, part: str) -> str:
        """Markdown of a part in one of the study's languages, with the study's institution and contact filled in.

        Raises:
            StudyError: not one of its languages, no such part, or the file is missing.
        """
        text = self.written_text(lang, part)
        return filled(text, {"institution": self.config.institution, "contact": self.config.contact})

    def written_text(self, lang: str, part: str) -> str:
        """As `text`, but as it stands in its file.

        Raises:
            StudyError: as `text`.
        """
        if lang not in self.config.languages:
            known = ", ".join(self.config.languages)
            raise StudyError(f"the study has no texts in {printable(lang)[:20]}; it has {known}")
        if part not in PARTS:
            raise StudyError(f"there is no text {printable(part)[:20]}; there are {', '.join(PARTS)}")
        file = self.folder / TEXTS_FOLDER / lang / f"{part}.md"
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise StudyError(f"{printable(str(file))} cannot be read: {reason}") from error

    def _check_types(self) -> None:
        other = next((item for item in self.items if item.type != self.config.type), None)
        if other is not None:
            raise StudyError(
                f"{printable(str(self.folder))}: item {printable(other.id)} is {printable(other.type)}, "
                f"but the study is {self.config.type}"
            )


def copy_image(source: Path, target: Path) -> None:
    """A byte-for-byte copy that appears whole."""
    new = target.with_name(f"{target.name}.new")
    shutil.copyfile(source, new)
    new.replace(target)
