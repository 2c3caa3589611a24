"""Everything that lookalike raises on purpose.

::

    LookalikeError
    ├── ImageError                 one image could not be read; the others are not affected
    │   ├── ImageNotFound          no file there, or a folder, FIFO or device instead of a file
    │   ├── ImageUnreadable        the file system refuses (permissions, I/O error)
    │   ├── ImageEmpty             zero bytes
    │   ├── NotAnImage             the content is in no image format that is understood
    │   ├── ImageTruncated         the format is known, the data end too early or are damaged
    │   └── ImageTooLarge          more pixels than allowed (a decompression bomb, or a limit set too low)
    ├── SourceError                a folder, list, table or archive of images cannot be read
    ├── EncoderError
    │   ├── UnknownEncoder         no encoder has that name
    │   ├── EncoderCardError       a model's card is missing or wrong
    │   ├── WeightsNotFound        the weights are not on this machine and cannot be fetched
    │   ├── NoSuchOutput           the encoder lacks what was asked of it (a feature map, text)
    │   └── EmbeddingNotFinite     the encoder gave NaN or infinity for an image
    ├── GalleryError
    │   ├── GalleryNotFound        there is no gallery at that place
    │   ├── GalleryExists          there is one already, with other settings
    │   ├── GalleryLocked          another process is writing to it
    │   ├── GalleryVersionError    written by a newer lookalike
    │   ├── EncoderMismatch        the gallery was made with another encoder
    │   ├── GalleryDamaged         the files on disk contradict one another
    │   └── BadFilter              the metadata filter cannot be understood
    ├── JudgmentError              a table or a dataset of people's judgments is wrong or incomplete
    │   └── BadRow                 one row of it is wrong; says which line
    ├── BenchmarkError             a benchmark cannot be computed from what was given
    ├── ComparatorError            a comparator cannot be fitted, loaded or applied
    ├── TrainingError              a training run cannot start or go on: what to change is said
    │   └── RecipeError            the recipe file is wrong; says which key
    ├── StudyError                 a study's folder, settings, answers or database are wrong
    ├── ExplainError               a pair cannot be explained with what was given
    ├── ServeError                 a server cannot start; says what it lacks
    ├── InvalidArgument            a value is out of range or of the wrong shape (also a ValueError)
    └── MissingDependency          an optional package is not installed (also an ImportError)

Every message says what was wrong, where, and what to do about it, in one line.
"""

from __future__ import annotations


class LookalikeError(Exception):
    """Root of all errors raised on purpose; ``str(error)`` is one line for people."""


class ImageError(LookalikeError):
    """One image could not be read.

    Attributes:
        name: the image's path, or ``archive.tar::member``, as it is shown to people.
        reason: what is wrong with it, without the name.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{printable(name)}: {reason}")
        self.name = name
        self.reason = reason

    @property
    def kind(self) -> str:
        """The error's class name: the ``kind`` column of a gallery's problems."""
        return type(self).__name__


class ImageNotFound(ImageError):
    """There is no regular file at that place."""


class ImageUnreadable(ImageError):
    """The file system refuses to hand out the file."""


class ImageEmpty(ImageError):
    """The file has zero bytes."""


class NotAnImage(ImageError):
    """The content is in no image format that is understood."""


class ImageTruncated(ImageError):
    """The data end too early or are damaged."""


class ImageTooLarge(ImageError):
    """More pixels than the limit allows."""


class SourceError(LookalikeError):
    """A folder, list, table or archive of images cannot be read."""


class EncoderError(LookalikeError):
    """Something about an encoder."""


class UnknownEncoder(EncoderError):
    """No encoder has that name."""


class EncoderCardError(EncoderError):
    """A model's card is missing or wrong."""


class WeightsNotFound(EncoderError):
    """The weights are not on this machine and cannot be fetched."""


class NoSuchOutput(EncoderError):
    """The encoder lacks what was asked of it: a feature map, or text."""


class EmbeddingNotFinite(EncoderError):
    """The encoder gave a value that is not a number for an image."""


class GalleryError(LookalikeError):
    """Something about a gallery."""


class GalleryNotFound(GalleryError):
    """There is no gallery at that place."""


class GalleryExists(GalleryError):
    """There is a gallery already, with other settings."""


class GalleryLocked(GalleryError):
    """Another process is writing to the gallery."""


class GalleryVersionError(GalleryError):
    """The gallery was written by a newer version of lookalike."""


class EncoderMismatch(GalleryError):
    """The gallery was made with another encoder."""


class GalleryDamaged(GalleryError):
    """The files on disk contradict one another."""


class BadFilter(GalleryError):
    """The metadata filter cannot be understood."""


class JudgmentError(LookalikeError):
    """A table or a dataset of people's judgments is wrong or incomplete."""


class BadRow(JudgmentError):
    """One row of a table of judgments is wrong.

    Attributes:
        name: the table, as it is shown to people.
        line: line of the text file, the header being line 1; row of a binary table, counted from 1.
        reason: what is wrong with it.
    """

    def __init__(self, name: str, line: int, reason: str) -> None:
        super().__init__(f"{printable(name)}, line {line}: {reason}")
        self.name = name
        self.line = line
        self.reason = reason


class BenchmarkError(LookalikeError):
    """A benchmark cannot be computed from what was given."""


class ComparatorError(LookalikeError):
    """A comparator cannot be fitted, loaded or applied."""


class TrainingError(LookalikeError):
    """A training run cannot start or go on."""


class RecipeError(TrainingError):
    """The recipe of a training run is wrong."""


class StudyError(LookalikeError):
    """A study's folder, settings, answers or database are wrong; says what and where."""


class ExplainError(LookalikeError):
    """A pair cannot be explained with what was given; says what is missing."""


class ServeError(LookalikeError):
    """A server cannot start; says what it lacks and how to provide it."""


class InvalidArgument(LookalikeError, ValueError):
    """A value is out of range or of the wrong shape."""


class MissingDependency(LookalikeError, ImportError):
    """An optional package is not installed.

    Attributes:
        package: what could not be imported.
        extra: the extra of lookalike that brings it.
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}; install it with: pip install 'lookalike[{extra}]'")
        self.package = package
        self.extra = extra


def printable(text: str) -> str:
    """``text`` on one line of a terminal: control characters and undecodable bytes are escaped."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )
