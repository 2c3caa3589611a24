"""Where images come from: folders, lists, tables, archives, patterns."""

from lookalike.images.sources.base import ImageSource
from lookalike.images.sources.opening import open_source

__all__ = ["ImageSource", "open_source"]
