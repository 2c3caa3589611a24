"""How vectors are kept on disk: float32, float16, int8 (a quarter) and binary (a thirty-second).

Every codec turns float32 rows into Arrow columns and back; what comes back always has unit length, since a
gallery measures by cosine. ``query`` brings a query's vector into the space in which codes are compared.
"""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders import normalize
from lookalike.errors import InvalidArgument

FIT_ROWS = 2_000
"""Vectors from which the thresholds of ``binary`` are taken."""


FIT_LEAST = 100
"""With fewer first images than this, one threshold (the mean component) serves all components."""


class Codec(ABC):
    """One way of keeping vectors."""

    name: ClassVar[str]
    needs_fit: ClassVar[bool] = False

    def __init__(self, dim: int, parameters: dict[str, Any]) -> None:
        self.dim = dim
        self.parameters = parameters

    @property
    def width(self) -> int:
        """Elements of the stored vector column."""
        return self.dim

    @property
    @abstractmethod
    def arrow_value_type(self) -> Any:
        """Arrow type of one stored element."""

    @abstractmethod
    def encode(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        """float32 (n, d) -> what is stored, (n, width)."""

    @abstractmethod
    def decode(self, codes: NDArray[Any]) -> NDArray[np.float32]:
        """Stored (n, width) -> float32 (n, d), unit rows."""

    def query(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Query vectors float32 (n, d) as they are compared with decoded rows; unit rows."""
        return normalize(vectors)

    def fit(self, vectors: NDArray[np.float32]) -> dict[str, Any]:
        """Learn the codec's parameters from float32 (n, d); returns them as JSON types."""
        del vectors
        return {}


class Float32(Codec):
    """Every bit kept."""

    name = "float32"

    @property
    def arrow_value_type(self) -> Any:
        import pyarrow as pa

        return pa.float32()

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        return vectors

    def decode(self, codes: NDArray[Any]) -> NDArray[np.float32]:
        return normalize(np.asarray(codes, dtype=np.float32))


class Float16(Codec):
    """Half the space; components rounded to 11 bits."""

    name = "float16"

    @property
    def arrow_value_type(self) -> Any:
        import pyarrow as pa

        return pa.float16()

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        # Unit length first: a raw activation above 65,504 would become infinite.
        return normalize(vectors).astype(np.float16)

    def decode(self, codes: NDArray[Any]) -> NDArray[np.float32]:
        return normalize(codes.astype(np.float32))


class Int8(Codec):
    """A quarter of the space; each row is scaled so that its largest component becomes 127.

    The scale itself is not kept: cosine does not depend on it.
    """

    name = "int8"

    @property
    def arrow_value_type(self) -> Any:
        import pyarrow as pa

        return pa.int8()

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        largest = np.abs(vectors).max(axis=1, keepdims=True)
        return np.rint(vectors * (127.0 / np.where(largest > 0, largest, 1.0))).astype(np.int8)

    def decode(self, codes: NDArray[Any]) -> NDArray[np.float32]:
        return normalize(codes.astype(np.float32))


class Binary(Codec):
    """One bit a component: above or below that component's median over the first 2,000 images.

    The thresholds stay as the first run of indexing found them; begin with as many images as there are.

    Codes are compared with the centred, unrounded query (asymmetric), which loses less than comparing two codes.
    """

    name = "binary"
    needs_fit = True

    @property
    def width(self) -> int:
        return (self.dim + 7) // 8

    @property
    def arrow_value_type(self) -> Any:
        import pyarrow as pa

        return pa.uint8()

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """Median of each component over unit-length vectors: float32 (d,)."""
        if "thresholds" not in self.parameters:  # nothing has been indexed yet
            return np.zeros(self.dim, dtype=np.float32)
        return np.frombuffer(base64.b64decode(self.parameters["thresholds"]), dtype="<f4")

    def fit(self, vectors: NDArray[np.float32]) -> dict[str, Any]:
        rows = normalize(vectors[:FIT_ROWS])
        medians = np.median(rows, axis=0) if len(rows) >= FIT_LEAST else np.full(self.dim, rows.mean())
        medians = medians.astype("<f4")
        self.parameters = {"thresholds": base64.b64encode(medians.tobytes()).decode("ascii")}
        return self.parameters

    def encode(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        return np.packbits(normalize(vectors) > self.thresholds, axis=1)

    def decode(self, codes: NDArray[Any]) -> NDArray[np.float32]:
        bits = np.unpackbits(codes.astype(np.uint8), axis=1, count=self.dim)
        signs = bits.astype(np.float32) * 2.0 - 1.0
        signs /= np.sqrt(np.float32(self.dim))
        return signs

    def query(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return normalize(normalize(vectors) - self.thresholds)


CODECS: dict[str, type[Codec]] = {codec.name: codec for codec in (Float32, Float16, Int8, Binary)}


def make_codec(storage: str, dim: int, parameters: dict[str, Any] | None = None) -> Codec:
    """The codec of that name.

    Raises:
        InvalidArgument: no codec has that name.
    """
    if storage not in CODECS:
        raise InvalidArgument(f"storage {storage!r} is not known; use one of {', '.join(CODECS)}")
    return CODECS[storage](dim, parameters or {})
