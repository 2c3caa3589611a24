"""`Whitening`: corpus mean, principal components and their scales, learned from embeddings without any pairing."""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import normalize
from lookalike.errors import InvalidArgument

DIMS = 512
"""Components kept unless asked otherwise."""

EXPONENT = 0.5
"""Half way between the variances as they are (0) and all alike (1)."""

_LEAST_VARIANCE = 1e-9
"""Components whose variance is below this share of the largest are rounding errors of float32 embeddings."""


@dataclass(frozen=True, eq=False)
class Whitening:
    """What turns an encoder's embeddings x into better comparable ones y::

        u = sign(x) sqrt(|x|)                    where ``sqrt`` is set, else u = x
        v = (u + u of the mirrored image) / 2    where ``mirror`` is set, else v = u
        w = scales * (components @ (v - mean))
        y = w / |w|

    ``scales`` are variance ** (-exponent / 2), the variance being that of a component over the images of
    the fit (divided by n - 1). Exponent 1 is full whitening (identity covariance of w), 0 a plain PCA.
    All-but-the-direction normalisation after PCA whitening: Jégou and Chum, "Negative evidences and
    co-occurrences in image retrieval", ECCV 2012, section 3; the square root: Arandjelović and Zisserman,
    "Three things everyone should know to improve object retrieval", CVPR 2012, section 3.

    Attributes:
        mean: float32 (d,), of v over the images of the fit.
        components: float32 (d', d), orthonormal rows, largest variance first; rows of zeros are padding.
        scales: float32 (d',); 0 for padding.
        sqrt: take the signed square root of each component first.
        mirror: average with the mirrored image's embedding.
        exponent: in [0, 1]; kept for people, ``scales`` has it already.
        images: how many images it was fitted on.
        encoder: name of the encoder that it was fitted to; '' when unknown.
        fitted_to: that encoder's fingerprint; '' lets it be used with any encoder of d dimensions.

    Raises:
        InvalidArgument: shapes that do not fit, or values that are not finite.
    """

    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    scales: NDArray[np.float32]
    sqrt: bool
    mirror: bool
    exponent: float
    images: int = 0
    encoder: str = ""
    fitted_to: str = ""

    def __post_init__(self) -> None:
        for name, dimensions in (("mean", 1), ("components", 2), ("scales", 1)):
            array = getattr(self, name)
            if array.dtype != np.float32 or array.ndim != dimensions or not array.size:
                raise InvalidArgument(
                    f"a whitening's {name} must be float32 with {dimensions} dimensions, "
                    f"got {array.dtype} {array.shape}"
                )
            if not np.isfinite(array).all():
                raise InvalidArgument(f"a whitening's {name} must be finite numbers; fit it anew")
            own = np.array(array, order="C")  # a frozen object must not change with the caller's array
            own.flags.writeable = False
            object.__setattr__(self, name, own)
        if self.components.shape != (self.scales.size, self.mean.size):
            raise InvalidArgument(
                f"a whitening's shapes contradict one another: mean {self.mean.shape}, "
                f"components {self.components.shape}, scales {self.scales.shape}"
            )
        if not (math.isfinite(self.exponent) and 0 <= self.exponent <= 1):
            raise InvalidArgument(f"the exponent of a whitening lies in [0, 1], got {self.exponent}")

    @property
    def input_dim(self) -> int:
        """d, length of an embedding that goes in."""
        return self.mean.size

    @property
    def dim(self) -> int:
        """d', length of an embedding that comes out."""
        return self.scales.size

    @cached_property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of everything that changes the numbers."""
        flags = {"sqrt": self.sqrt, "mirror": self.mirror, "shape": list(self.components.shape)}
        digest = hashlib.sha256(json.dumps(flags, sort_keys=True).encode())
        for array in (self.mean, self.components, self.scales):
            digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
        return digest.hexdigest()

    @classmethod
    def fit(
        cls,
        embeddings: NDArray[np.float32],
        mirrored: NDArray[np.float32] | None = None,
        *,
        dims: int = DIMS,
        exponent: float = EXPONENT,
        sqrt: bool | None = None,
        encoder: str = "",
        fitted_to: str = "",
    ) -> Whitening:
        """Learn mean, components and scales; which images belong together is not asked for.

        Args:
            embeddings: (n, d), as the encoder gives them.
            mirrored: (n, d) of the same images mirrored left to right; None fits without the mirror.
            dims: components wanted; fewer come out where n - 1, d or the rank is smaller.
            exponent: in [0, 1].
            sqrt: None takes the square root when no embedding has a negative component.
            encoder, fitted_to: name and fingerprint of the encoder, to keep with it.

        Raises:
            InvalidArgument: fewer than 2 images, wrong shapes, values that are not finite, images that are
                all alike, or an exponent outside [0, 1].
        """
        sides = [embeddings] if mirrored is None else [embeddings, mirrored]
        _check_fit(sides, dims, exponent)
        if sqrt is None:
            sqrt = all(bool((side >= 0).all()) for side in sides)
        points = _prepare(embeddings, mirrored, sqrt=sqrt).astype(np.float64)
        mean = points.mean(axis=0)
        variances, components = _principal(points - mean, dims)
        return cls(
            mean=mean.astype(np.float32),
            components=components.astype(np.float32),
            scales=(variances ** (-exponent / 2)).astype(np.float32),
            sqrt=sqrt,
            mirror=mirrored is not None,
            exponent=float(exponent),
            images=len(embeddings),
            encoder=encoder,
            fitted_to=fitted_to,
        )

    def project(
        self, embeddings: NDArray[np.float32], mirrored: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """As :meth:`apply`, before the last step: w, float32 (n, d'), not of unit length."""
        if mirrored is not None and not self.mirror:
            raise InvalidArgument("this whitening was fitted without mirrored images; leave them out")
        for side in (embeddings, mirrored):
            if side is not None and (side.ndim != 2 or side.shape != (len(embeddings), self.input_dim)):
                raise InvalidArgument(
                    f"this whitening takes embeddings of shape (n, {self.input_dim}), got {side.shape}"
                )
        centred = _prepare(embeddings, mirrored, sqrt=self.sqrt) - self.mean
        # Not a matrix product: that may choose another order of summation for another number of rows, and its
        # threads cost more than they bring for a single row.
        return np.asarray(np.einsum("nd,kd->nk", centred, self._projection, optimize=False), dtype=np.float32)

    def apply(
        self, embeddings: NDArray[np.float32], mirrored: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Transform embeddings: float32 (n, d) -> float32 (n, d'), rows of unit length.

        The number of rows does not change a bit of any of them. A row that lies on the mean stays zero.

        Args:
            embeddings: as the encoder gives them.
            mirrored: of the mirrored images, for a whitening with ``mirror``; None does without.

        Raises:
            InvalidArgument: wrong shapes, or ``mirrored`` for a whitening that was fitted without.
        """
        return normalize(self.project(embeddings, mirrored))

    def padded(self, dims: int) -> Whitening:
        """The same with zeros up to ``dims`` components, which changes no cosine."""
        more = max(0, dims - self.dim)
        return replace(
            self,
            components=np.pad(self.components, ((0, more), (0, 0))),
            scales=np.pad(self.scales, (0, more)),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file; see :func:`lookalike.encoders.transform_file.save`."""
        from lookalike.encoders.transform_file import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Whitening:
        """Read it from a file; see :func:`lookalike.encoders.transform_file.load`."""
        from lookalike.encoders.transform_file import load

        return load(path)

    def details(self) -> dict[str, Any]:
        """What an encoder's card says of it, as JSON types."""
        return {
            "transform": "whiten",
            "whitening": self.digest,
            "sqrt": self.sqrt,
            "mirror": self.mirror,
            "exponent": self.exponent,
            "fitted_on": self.images,
        }

    @cached_property
    def _projection(self) -> NDArray[np.float32]:
        return np.ascontiguousarray(self.components * self.scales[:, np.newaxis])


def _prepare(
    embeddings: NDArray[np.float32], mirrored: NDArray[np.float32] | None, *, sqrt: bool
) -> NDArray[np.float32]:
    """v of the class's formula: float32 (n, d)."""
    first = _signed_root(embeddings) if sqrt else np.asarray(embeddings, dtype=np.float32)
    if mirrored is None:
        return first
    second = _signed_root(mirrored) if sqrt else np.asarray(mirrored, dtype=np.float32)
    return np.asarray((first + second) * np.float32(0.5), dtype=np.float32)


def _signed_root(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.copysign(np.sqrt(np.abs(values)), values), dtype=np.float32)


def _check_fit(sides: list[NDArray[np.float32]], dims: int, exponent: float) -> None:
    shape = sides[0].shape
    if len(shape) != 2 or shape[0] < 2 or shape[1] < 1 or any(side.shape != shape for side in sides):
        raise InvalidArgument(
            "a whitening is fitted on embeddings of shape (n, d) of two or more images (mirrored ones of the "
            f"same shape), got {' and '.join(str(side.shape) for side in sides)}"
        )
    if not all(np.isfinite(side).all() for side in sides):
        raise InvalidArgument("a whitening cannot be fitted on embeddings that are not finite numbers")
    if dims < 1:
        raise InvalidArgument(f"a whitening keeps at least 1 component, got dims = {dims}")
    if not (math.isfinite(exponent) and 0 <= exponent <= 1):
        raise InvalidArgument(f"the exponent of a whitening lies in [0, 1], got {exponent}")


def _principal(centred: NDArray[np.float64], dims: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Variances (k,) and components (k, d) of float64 (n, d), largest first; k <= dims."""
    from sklearn.decomposition import PCA

    n, d = centred.shape
    # The covariance is the smaller problem with many images, the data themselves with few.
    solver = "covariance_eigh" if n > d else "full"
    wanted = min(dims, n - 1, d)
    if not np.any(centred):
        raise InvalidArgument("a whitening cannot be fitted on images whose embeddings are all alike")
    pca = PCA(n_components=wanted, svd_solver=solver).fit(centred)
    variances = np.asarray(pca.explained_variance_, dtype=np.float64)
    kept = variances > _LEAST_VARIANCE * variances[0]
    return variances[kept], np.asarray(pca.components_, dtype=np.float64)[kept]
