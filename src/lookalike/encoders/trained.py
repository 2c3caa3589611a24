"""``trained:FOLDER``, or just the folder: the encoder of a finished training run.

A run that trained only a head on an encoder without PyTorch (``classic``, ``onnx:``, ``faces``) is computed in
NumPy and needs no PyTorch; a run that changed a network's own weights needs the extra that its parent needs. The
layout of a run is described at :mod:`lookalike.encoders.trained_card`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.base import Encoder, EncoderCard, normalize
from lookalike.encoders.fitted import KEY, joined
from lookalike.encoders.onnx_weights import remembered_sha256
from lookalike.encoders.registry import EncoderOptions, load_encoder
from lookalike.encoders.trained_card import WEIGHTS, Parent, TrainedCard, is_run, read_card
from lookalike.encoders.trained_file import read_fitted, read_tensors
from lookalike.encoders.trained_head import PREFIX, Head, prepare, read_head
from lookalike.errors import EncoderCardError, EncoderError, WeightsNotFound, printable
from lookalike.images import ImageLike

if TYPE_CHECKING:
    from lookalike.encoders.trained_torch import TrainedTorchEncoder

__all__ = ["TrainedHeadEncoder", "TrainedRun", "is_run", "load", "open_run"]

SCRATCH = "net:"
"""Parents of this scheme are networks from scratch: all their weights are in the run."""


@dataclass(frozen=True)
class TrainedRun:
    """A run folder that was read.

    Attributes:
        folder: absolute.
        card: its card.
        head: the trained head, or None.
        tuned: what training changed in the parents, by name (``backbone.NAME``, ``backbones.I.NAME``).
        sha256: of the weights file.
        size_bytes: of the weights file.
        fitted_pairs: hashes of the judgments that it, or what it began with, learned from, uint64 (n,); None: of none.
    """

    folder: Path
    card: TrainedCard
    head: Head | None
    tuned: Mapping[str, NDArray[Any]]
    sha256: str
    size_bytes: int
    fitted_pairs: NDArray[np.uint64] | None = None

    @property
    def name(self) -> str:
        """As the encoder is written."""
        return f"trained:{self.folder}"

    def encoder_card(
        self, cards: Sequence[EncoderCard], dim: int, feature_map: tuple[int, int, int] | None
    ) -> EncoderCard:
        """The encoder's card, from those of the parents; the first says how an image is prepared."""
        specs = [parent.spec for parent in self.card.parents]
        fingerprints = [fingerprint_of(card) for card in cards]
        return EncoderCard(
            name=self.name,
            dim=dim,
            input_size=cards[0].input_size,
            preprocessing=cards[0].preprocessing,
            feature_map=feature_map,
            licence=self.card.licence,
            source=f"trained with lookalike from {' + '.join(specs)}",
            training_data=self.card.training_data,
            size_bytes=self.size_bytes + sum(card.size_bytes for card in cards),
            sha256=self.sha256,
            details={
                "parents": fingerprints,
                "adapter": dict(self.card.adapter),
                "features": self.card.features,
            },
            title=self.card.name,
            parts=tuple(specs),
        )


def open_run(folder: Path | str) -> TrainedRun:
    """Read a run folder.

    Raises:
        EncoderCardError: no card, a wrong one, or weights that do not belong to it.
        WeightsNotFound: the weights are missing or damaged.
    """
    place = Path(folder).expanduser().absolute()
    card = read_card(place)
    path = place / WEIGHTS
    tensors = read_tensors(path)
    tensors.pop(KEY, None)  # no weights, see read_fitted
    sha256 = remembered_sha256(path)
    where = printable(str(path))
    if card.weights_sha256 and sha256 != card.weights_sha256:
        raise EncoderCardError(
            f"{where}: the weights are not those that the card was written for (sha256 {sha256[:12]}, the card says "
            f"{card.weights_sha256[:12]}); restore the file or train again"
        )
    head = read_head(tensors, card.adapter, where)
    tuned = {name: values for name, values in tensors.items() if not name.startswith(PREFIX)}
    strangers = [name for name in tuned if not name.startswith(("backbone.", "backbones."))]
    if strangers or not (tuned or head):
        raise EncoderCardError(
            f"{where}: {', '.join(strangers[:3]) or 'nothing in it'} belongs to no encoder"
        )
    return TrainedRun(place, card, head, tuned, sha256, path.stat().st_size, read_fitted(path))


def load(argument: str, options: EncoderOptions) -> Encoder:
    """The encoder of the run in folder ``argument``; ``options.weights`` are the parent's weights.

    Raises:
        EncoderCardError: the folder is no finished run, or is damaged.
        EncoderError: the parent cannot be had, or is not the one that was trained on.
        MissingDependency: the parent needs a package that is not installed.
    """
    if not argument:
        raise WeightsNotFound("trained: needs the folder of a finished run; write trained:FOLDER")
    run = open_run(argument)
    scratch = any(parent.spec.startswith(SCRATCH) for parent in run.card.parents)
    if run.tuned or scratch or len(run.card.parents) > 1:
        return _torch(run, options)
    base = load_parent(run, run.card.parents[0], options)
    if hasattr(base, "module"):  # a TorchEncoder, told apart without importing torch
        return _torch(run, options, [base])
    return TrainedHeadEncoder(run, base)


def _torch(
    run: TrainedRun, options: EncoderOptions, bases: Sequence[Encoder] | None = None
) -> TrainedTorchEncoder:
    from lookalike.encoders.trained_torch import TrainedTorchEncoder, load_scratch

    if bases is None:
        bases = [
            load_scratch(parent.spec, options)
            if parent.spec.startswith(SCRATCH)
            else load_parent(run, parent, options)
            for parent in run.card.parents
        ]
    return TrainedTorchEncoder(run, bases, options)


def load_parent(run: TrainedRun, parent: Parent, options: EncoderOptions) -> Encoder:
    """The encoder that was trained on.

    Raises:
        EncoderError: it cannot be loaded, or its fingerprint differs from the one that was trained on.
    """
    weights = options.weights
    if weights is None and parent.weights:
        weights = run.folder / Path(parent.weights).expanduser()
    base = load_encoder(parent.spec, replace(options, weights=weights))
    found = fingerprint_of(base.card)
    if parent.fingerprint and found != parent.fingerprint:
        raise EncoderError(
            f"{printable(str(run.folder))} was trained on {parent.spec} with fingerprint {parent.fingerprint[:8]}, "
            f"the one here has {found[:8]}: other weights or preprocessing; give the weights it was trained on "
            "with --weights FILE"
        )
    return base


def fingerprint_of(card: EncoderCard) -> str:
    """An encoder's fingerprint at full precision: a parent may run in bfloat16 and still be the same parent."""
    details = {key: value for key, value in card.details.items() if key != "precision"}
    return replace(card, details=details).fingerprint


class TrainedHeadEncoder(Encoder):
    """A trained head on any frozen encoder, in NumPy.

    The feature map is the frozen encoder's own. Text is refused: the head has only seen images.

    Args:
        run: with a head.
        base: the encoder that the head was trained on.

    Raises:
        EncoderCardError: the head takes vectors of another length.
    """

    def __init__(self, run: TrainedRun, base: Encoder) -> None:
        head = run.head
        if head is None or head.dim_in != base.card.dim:
            wanted = "no head" if head is None else f"a head for {head.dim_in} numbers"
            raise EncoderCardError(
                f"{printable(str(run.folder))} has {wanted}, but {base.card.name} gives {base.card.dim}"
            )
        self.run = run
        self.base = base
        self.head = head
        self.concurrent = base.concurrent
        self.batch_size = base.batch_size
        self.card = run.encoder_card([base.card], head.dim, base.card.feature_map)
        self.fitted_pairs = joined([run.fitted_pairs, base.fitted_pairs])

    @property
    def wanted_size(self) -> tuple[int, int]:
        return self.base.wanted_size

    def embed(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        return normalize(self.project(self.base.embed(images)))

    def feature_map(self, images: Sequence[ImageLike]) -> NDArray[np.float32]:
        return self.base.feature_map(images)

    def project(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embeddings of :attr:`base` (n, d), such as cached ones -> (n, dim) of this encoder, not normalised."""
        return self.head.apply(prepare(vectors, self.run.card.features))

    def _embed(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self.project(self.base.embed(pixels))
