"""A study that was run elsewhere: settings, items and answers in memory, images where they lie."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from lookalike.judgments import ImageCatalogue
    from lookalike.studies.config import StudyConfig
    from lookalike.studies.items import Items


@dataclass(frozen=True)
class ImportedStudy:
    """What the analysis asks of a study, and its answers.

    Attributes:
        config: settings, as far as they are known.
        items: what was asked.
        answers: of ANSWER_SCHEMA.
        images: the images of the items.
        notes: what a reader should know of the import.
    """

    config: StudyConfig
    items: Items
    answers: pa.Table
    images: ImageCatalogue
    notes: tuple[str, ...] = field(default=())

    @property
    def hash(self) -> str:
        """sha256 (hex) of settings and items, as a study folder's."""
        return study_hash(self.config, self.items)

    def catalogue(self) -> ImageCatalogue:
        """The images, as tables of judgments want them."""
        return self.images

    def image_path(self, content: str) -> Path:
        """Where an image lies.

        Raises:
            JudgmentError: it is not here.
        """
        return self.images.path(content)


def study_hash(config: StudyConfig, items: Items) -> str:
    """sha256 (hex) of the canonical JSON of settings and items."""
    document = {"config": config.to_dict(), "items": [item.to_dict() for item in items]}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
