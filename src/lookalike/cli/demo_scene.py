"""What the demonstration works on: its images, its gallery, and which of them are shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.cli import output, pages
from lookalike.errors import GalleryNotFound
from lookalike.images import holding_file
from lookalike.reports import HitStrip

if TYPE_CHECKING:
    from lookalike.gallery import Gallery
    from lookalike.images.samples import SampleSet

SHOWN = 8


class Scene:
    """The images of one demonstration and the gallery that holds them.

    Args:
        place: folder of the gallery, of the pages and, without ``folder``, of the sample photographs.
        folder: images of one's own; None: samples are made.
        encoder: of the gallery.
    """

    def __init__(self, place: Path, folder: Path | None, encoder: str) -> None:
        self.place = place
        self.encoder = encoder
        self.samples = self._make_samples() if folder is None else None
        self.photos = place / "photos" if folder is None else folder
        self.gallery_place = place / "gallery"
        self.gallery = self._open()

    @property
    def shown_photos(self) -> str:
        """The folder of photographs, as a command line names it."""
        return output.short_path(str(self.photos.absolute()))

    def page(self, name: str) -> str:
        """A page of this run, as a command line names it."""
        return output.short_path(str((self.place / name).absolute()))

    @property
    def shown_gallery(self) -> str:
        """The gallery, as a command line names it."""
        return output.short_path(str(self.gallery_place.absolute()))

    def _make_samples(self) -> SampleSet:
        from lookalike.images.samples import sample_images

        return sample_images(self.place / "photos")

    def _open(self) -> Gallery:
        from lookalike.gallery import Gallery

        try:
            return Gallery.open(self.gallery_place, encoder=self.encoder)
        except GalleryNotFound:
            return Gallery.create(self.gallery_place, self.encoder)

    def label_column(self) -> str | None:
        """The column with the folders' names, where there are two of them at least."""
        labels = self.gallery.rows(["label"]).column("label").to_pylist()
        return "label" if len({label for label in labels if label is not None}) > 1 else None

    def queries(self) -> list[tuple[str, str | None]]:
        """(image, filter): a near-duplicate and look-alikes of the samples, or a few images spread over the folder."""
        if self.samples is not None:
            root = self.photos.absolute()
            chosen: list[tuple[str, str | None]] = [(str(root / self.samples.near_duplicates[0][0]), None)]
            things = {pair[0].split("/")[0]: pair[0] for pair in self.samples.look_alikes}
            chosen += [(str(root / image), f"label != '{thing}'") for thing, image in things.items()]
            return chosen[:4]
        paths = [
            path
            for path in self.gallery.rows(["path"]).column("path").to_pylist()
            if holding_file(path) == path
        ]
        places = np.linspace(0, len(paths) - 1, num=min(3, len(paths))).round().astype(int)
        return [(paths[i], None) for i in dict.fromkeys(places.tolist())]

    def strip(self, query: str, where: str | None) -> HitStrip:
        """An image and what looks like it."""
        hits = self.gallery.search(query, k=SHOWN + 1, where=where)
        views = [view for view in pages.hit_views(hits) if view.picture.path != query][:SHOWN]
        wish = replace(pages.query_picture(query), caption=f"only where {where}" if where else "")
        return HitStrip([wish], views)

    def pair(self) -> tuple[str, str]:
        """Two images to compare: drawn look-alikes, or an image and its nearest other."""
        if self.samples is not None:
            a, b = self.samples.look_alikes[0]
            return str(self.photos / a), str(self.photos / b)
        (query, _), *_ = self.queries()
        others = [
            hit.path
            for hit in self.gallery.search(query, k=2)
            if hit.path != query and holding_file(hit.path) == hit.path
        ]
        return query, others[0] if others else query

    def map_pictures(self, ids: Any) -> list[tuple[int, Any]]:
        """About 40 pictures, spread over the rows, for the still picture of the map."""
        places = np.unique(np.linspace(0, len(ids) - 1, num=min(40, len(ids))).round().astype(int))
        rows, chosen = pages.gallery_rows(self.gallery), ids[places]
        thumbnails = self.gallery.thumbnails(chosen)
        return [
            (int(p), pages.row_picture(rows[int(i)], thumbnails.get(int(i))))
            for p, i in zip(places, chosen, strict=True)
        ]
