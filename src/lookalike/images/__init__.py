"""Pixels in: decoding with limits, resize policies, and sources of many images.

Loads NumPy and Pillow only; readers of tables and HEIF are imported when first needed.
"""

from lookalike.images.decode import DEFAULT_MAX_PIXELS, ImageLike, decode, read_image, read_source
from lookalike.images.info import DecodedImage, ImageInfo
from lookalike.images.presence import SEPARATOR, holding_file, is_gone
from lookalike.images.ref import ImageRef
from lookalike.images.resize import crop_box, resize, thumbnail
from lookalike.images.sources import ImageSource, open_source

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "SEPARATOR",
    "DecodedImage",
    "ImageInfo",
    "ImageLike",
    "ImageRef",
    "ImageSource",
    "crop_box",
    "decode",
    "holding_file",
    "is_gone",
    "open_source",
    "read_image",
    "read_source",
    "resize",
    "thumbnail",
]
