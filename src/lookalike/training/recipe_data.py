"""The recipe's ``[data]``: what is learned from, and what is held out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    """A table of a recipe: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TeacherSection(Section):
    """Whose embeddings are imitated; the fields are those of ``lookalike.training.data_teacher.Teacher``.

    Attributes:
        encoders: names of encoders; their unit embeddings are joined (``faces``: only where an image has exactly one).
        whiten: fit a half whitening on the training images; or the file of one that was fitted (one encoder only).
        dims: components that the whitening keeps.
        exponent: of the whitening, in [0, 1].
        weights: of the teachers; empty: all alike.
        partial: a second teacher that knows some of the images only: an encoder that gives zeros for the others, such as
            ``faces`` (which here counts only images with exactly one face). The objective ``distillation`` uses it.
        comparator: folder of a fitted comparator that says of every two images of a batch how likely people pair them. The
            objective ``info-nce`` uses it.
    """

    encoders: Annotated[list[str], Field(min_length=1)]
    whiten: bool | str = False
    dims: Annotated[int, Field(ge=1)] = 256
    exponent: Annotated[float, Field(ge=0, le=1)] = 0.5
    weights: list[float] = []
    partial: str | None = None
    comparator: str | None = None


class DataSection(Section):
    """What a run reads.

    Attributes:
        train: judgments (whatever :func:`lookalike.judgments.open_judgments` takes), a folder, list, table or
            archive of images, or ``twins`` or ``digits`` (made here, no files needed). Read relative to the recipe file.
        validation: a second place of the same kind; None splits ``train``.
        test: a third place, looked at once at the end; None splits ``train`` where ``test_share`` is above 0.
        validation_share: share of the rows (of the images, for ``split_by = "image"``) that are held out.
        test_share: the same for the final comparison; 0: the comparison is made on the validation rows.
        split_by: ``row``; ``image`` (a held-out image is in no training row); ``component`` (rows that share images,
            directly or through others, stay together); ``column`` (the table's own column ``split``).
        split_seed: of the split; None takes the recipe's seed.
        fold: [i, k]: the i-th (from 0) of k folds by ``split_by`` instead of one split.
        near_duplicates: for ``component``: images whose embeddings are at most this cosine distance apart count as one
            (frozen backbones only); 0: only equal files do.
        images: folder of the images where ``train`` does not hold them. Several folders are several views of the same
            things under the same names: every training row is there once for each, all of them on one side of the
            split, which is made by name; held-out rows are shown in the first only.
        kind: of the judgments, where the files could be read as more than one.
        where: column -> value or list of values that are kept.
        labels: ``folder`` or the column that holds the class.
        attributes: columns that hold attributes (objective ``attributes``).
        negatives: pairs: for each alike one so many that are not, made by exchanging partners.
        labelled: pairs: the share that keeps its label.
        limit: at most so many training rows (a random choice by seed); None: all.
        twins: settings of the drawn twins: n, shared, size, without, seed.
        twins_share: pairs: so many drawn twins are put among the training pairs that they are this share of them (their
            number ``n`` follows from it); held-out rows stay as they are. None: no twins.
        bystanders: pairs: a place of images that are alike to nothing; they stand among the training rows two by two, as
            negatives, and are pulled to what they were where ``objective.pull`` is set. None: none.
        bystanders_share: the share of the training rows that they are; None: half.
        digits: settings of the digits: n, side, seed.
        teacher: whose embeddings are the targets.
        augment: how training images are changed: crop, aspect, flip, colour, hue, grey, blur, noise. With a frozen
            backbone only ``flip`` is possible.
        oversize: decoded images are kept at so many times the network's input, so that crops keep detail; 1 to 4.
        measure: of the held-out rows; None chooses by their kind.
        k: of recall@k.
        skip_bad: leave out rows whose image cannot be read, and say so, instead of stopping.
    """

    train: str
    validation: str | None = None
    test: str | None = None
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    split_by: Literal["row", "image", "component", "column"] = "row"
    split_seed: Annotated[int, Field(ge=0)] | None = None
    fold: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=2)]] | None = None
    near_duplicates: Annotated[float, Field(ge=0, le=2)] = 0.0
    images: str | Annotated[list[str], Field(min_length=1)] | None = None
    kind: str | None = None
    where: dict[str, Any] = {}
    labels: str | None = None
    attributes: list[str] = []
    negatives: Annotated[int, Field(ge=0)] = 0
    labelled: Annotated[float, Field(gt=0, le=1)] = 1.0
    limit: Annotated[int, Field(ge=1)] | None = None
    twins: dict[str, Any] = {}
    twins_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    bystanders: str | None = None
    bystanders_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    digits: dict[str, Any] = {}
    teacher: TeacherSection | None = None
    augment: dict[str, float] = {}
    oversize: Annotated[float, Field(ge=1, le=4)] = 1.0
    measure: str | None = None
    k: Annotated[int, Field(ge=1)] = 1
    skip_bad: bool = False

    @property
    def image_folders(self) -> list[str]:
        """``images`` as a list, empty where none is given."""
        return [self.images] if isinstance(self.images, str) else list(self.images or [])

    @model_validator(mode="after")
    def _shares_leave_training_rows(self) -> DataSection:
        held = (self.validation_share if self.validation is None else 0) + (
            self.test_share if self.test is None else 0
        )
        if held >= 1:
            raise ValueError("validation_share and test_share leave nothing to train on; lower them")
        return self
