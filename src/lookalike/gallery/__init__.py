"""Many images, found again: store, search, duplicates, clusters, map, labels by neighbours."""

from lookalike.gallery.gallery import Gallery
from lookalike.gallery.hits import Hit, Hits
from lookalike.gallery.index_report import IndexOptions, IndexReport

__all__ = ["Gallery", "Hit", "Hits", "IndexOptions", "IndexReport"]
