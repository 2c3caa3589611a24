"""What the data hand to an objective for one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from lookalike.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor

Needs = Literal["triplets", "pairs", "images", "views", "labels", "attributes", "teacher"]
"""What an objective wants to find in a batch; see :data:`FIELDS`."""

FIELDS: dict[Needs, tuple[str, ...]] = {
    "triplets": ("images", "images_a", "images_b", "votes_a", "votes_b"),
    "pairs": ("images", "images_a"),
    "images": ("images",),
    "views": ("images", "images_a"),
    "labels": ("images", "labels"),
    "attributes": ("images", "attributes"),
    "teacher": ("images", "targets"),
}
"""The fields that must be there for each kind of need; other fields may be there and are used where they help."""


@dataclass(frozen=True)
class Batch:
    """n rows of training data. Tensors may lie on any one device; a field that a kind of data lacks is None.

    Images are either *pixels* float32 (n, 3, h, w), already prepared as the backbone's card says (scaled to
    [0, 1], mean subtracted, divided by std), or, for a frozen backbone, its *features* float32 (n, d). Which of
    the two makes no difference to an objective: it only hands them to ``embed``.

    Attributes:
        images: the first image of every row: the reference of a triplet, the left of a pair, the (first view of
            the) image otherwise. (n, 3, h, w) or (n, d) float32.
        images_a: the second image: a of a triplet, the right of a pair, another view of ``images`` by
            augmentation. As ``images``.
        images_b: the third image: b of a triplet. As ``images``.
        votes_a: triplets: how many people say that a is more like the reference. (n,) float32, >= 0.
        votes_b: triplets: how many say b. (n,) float32, >= 0.
        same: pairs: 1 alike, 0 not alike, between: share of people saying alike, -1 not labelled.
            (n,) float32; None means that every pair is alike.
        labels: class of ``images``, 0-based. (n,) int64. With pairs: number of the group to which a row belongs,
            so that a row of the same group is not taken for a negative.
        attributes: name -> class for that attribute, 0-based, -1 where unknown. Each (n,) int64.
        index: position of ``images`` in the training set, 0-based and stable over epochs. (n,) int64.
        targets: the teacher's embedding of ``images``. (n, t) float32.
        targets_a: the teacher's embedding of ``images_a``. (n, t) float32.
        partial: what a second teacher knows of ``images``, zeros in the rows of which it knows nothing. (n, p) float32.
        likeness: log odds that people pair ``images`` i with ``images_a`` j, as a comparator thinks. (n, n) float32.
        weight: how much each row counts; None means 1 each. (n,) float32, >= 0.
    """

    images: Tensor
    images_a: Tensor | None = None
    images_b: Tensor | None = None
    votes_a: Tensor | None = None
    votes_b: Tensor | None = None
    same: Tensor | None = None
    labels: Tensor | None = None
    attributes: dict[str, Tensor] = field(default_factory=dict)
    index: Tensor | None = None
    targets: Tensor | None = None
    targets_a: Tensor | None = None
    partial: Tensor | None = None
    likeness: Tensor | None = None
    weight: Tensor | None = None

    def __len__(self) -> int:
        """Number of rows n."""
        return int(self.images.shape[0])

    def named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor that is there with its name; an attribute's is ``attributes.NAME``."""
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "attributes":
                yield from ((f"attributes.{name}", tensor) for name, tensor in value.items())
            elif value is not None:
                yield item.name, value

    def map(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """A batch with ``change`` applied to every tensor."""
        changed: dict[str, Any] = {
            name: change(tensor)
            for name, tensor in self.named_tensors()
            if not name.startswith("attributes.")
        }
        changed["attributes"] = {name: change(tensor) for name, tensor in self.attributes.items()}
        return replace(self, **changed)

    def to(self, device: Any, *, non_blocking: bool = False) -> Batch:
        """The batch on another device."""
        return self.map(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def rows(self, chosen: Any) -> Batch:
        """Only these rows (a slice, or an index or boolean tensor of one dimension), as in a micro-batch."""
        fewer = self.map(lambda tensor: tensor[chosen])
        if fewer.likeness is None:
            return fewer
        return replace(fewer, likeness=fewer.likeness[:, chosen])

    def check(self, needs: Needs, objective: str = "the objective") -> None:
        """Look whether all is there that a kind of objective needs, with as many rows everywhere.

        Raises:
            TrainingError: no rows, a field missing, or fields of different lengths.
        """
        if len(self) == 0:
            raise TrainingError(
                f"{objective} got an empty batch: no training rows are left; check data.where and the split"
            )
        for name in FIELDS[needs]:
            if getattr(self, name) is None or (name == "attributes" and not self.attributes):
                raise TrainingError(
                    f"{objective} needs {needs}, but the data have no {name}; choose data of another kind or "
                    "another objective"
                )
        for name, tensor in self.named_tensors():
            if tensor.shape[0] != len(self):
                raise TrainingError(
                    f"{objective}: {name} has {tensor.shape[0]} rows where images has {len(self)}"
                )
        if self.likeness is not None and self.likeness.shape != (len(self), len(self)):
            raise TrainingError(f"{objective}: likeness is {tuple(self.likeness.shape)} for {len(self)} rows")
