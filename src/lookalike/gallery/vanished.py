"""Which rows of a gallery the source no longer holds."""

from __future__ import annotations

import numpy as np

from lookalike.gallery.known import Known
from lookalike.images import SEPARATOR, ImageSource, is_gone


class Vanished:
    """Decides for the rows that a finished run over ``source`` has not seen.

    What cannot be looked at has not vanished: not what lies below a folder that could not be listed, not the members
    of an archive that could not be read to its end.
    """

    def __init__(self, source: ImageSource, known: Known) -> None:
        self.source = source
        self.known = known
        self._members = f"{source.spec}{SEPARATOR}"
        self._unlisted = tuple(f"{problem.name.rstrip('/')}/" for problem in source.problems)
        self._cut_short = any(problem.name == source.spec for problem in source.problems)

    def rows(self) -> list[int]:
        """Positions of the rows that are gone."""
        return [i for i in np.flatnonzero(~self.known.seen).tolist() if self._is_gone(i)]

    def _is_gone(self, position: int) -> bool:
        path = self.known.path(position)
        own = self.known.source(position) == self.source.spec
        if path.startswith(self._members) and self.source.covers(path):
            return not self._cut_short
        if not own and not path.startswith(self.source.spec):
            return False
        if self._unlisted and path.startswith(self._unlisted):
            return False
        return is_gone(path) and (own or self.source.covers(path))
