"""What the REST API takes and gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

LARGEST_ID = 2**63 - 1

RowId = Annotated[int, Field(ge=0, le=LARGEST_ID)]
Handle = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Failure(BaseModel):
    """Why a call failed."""

    error: str = Field(description="One line for people.")


class GivenImage(BaseModel):
    """An image that was given."""

    image: str = Field(description="Its handle, for other calls.")
    width: int
    height: int
    url: str
    seconds: int = Field(description="How long it is kept after its last use.")


class SearchRequest(_Strict):
    """As `Gallery.search`: something to be like, and perhaps a filter and things to be unlike."""

    ids: list[RowId] = Field(default=[], max_length=20, description="Rows of this gallery to be like.")
    images: list[Handle] = Field(default=[], max_length=20, description="Handles of given images to be like.")
    text: str = Field(default="", max_length=500, description="Words, for encoders that understand them.")
    negative_ids: list[RowId] = Field(default=[], max_length=20, description="Rows to be unlike.")
    negative_images: list[Handle] = Field(default=[], max_length=20, description="Given images to be unlike.")
    crop: tuple[Share, Share, Share, Share] | None = Field(
        default=None,
        description="Left, top, right, bottom as shares of the one query image: look at this part only.",
    )
    combine: Literal["mean", "max"] = "mean"
    where: str = Field(default="", max_length=1_000, description="SQL over the metadata.")
    max_distance: Annotated[float, Field(ge=0, le=2)] | None = None
    k: int = Field(default=10, ge=1, le=1_000)


class ApiHit(BaseModel):
    """One image that was found."""

    rank: int
    id: int
    name: str = Field(description="The last part of its path.")
    label: str
    distance: float = Field(description="Cosine distance to the query, 0 to 2.")
    percentile: float | None = Field(
        description="Per cent of random pairs of the gallery that are farther apart."
    )
    thumbnail: str = Field(description="Its address.")


class SearchAnswer(BaseModel):
    """What was found, the nearest first."""

    hits: list[ApiHit]
    exact: bool = Field(description="No better image can have been missed.")
    searched: int
    seconds: float


class PairRequest(_Strict):
    """Two pictures."""

    a: str = Field(min_length=1, max_length=200, description="HANDLE of a given image, or GALLERY:ID.")
    b: str = Field(min_length=1, max_length=200, description="Likewise.")


class CompareRequest(PairRequest):
    """Two pictures and who shall say how far apart they are."""

    encoders: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default=[], max_length=8, description="Of those that this server knows; none: all of them."
    )


class CompareAnswer(BaseModel):
    """Distances by encoder."""

    distances: dict[str, float]
    parts: dict[str, dict[str, float]]
    metric: str


class ExplainRequest(PairRequest):
    """Two pictures, explained."""

    encoder: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    language: Literal["en", "zh"] = "en"
    maps: bool = Field(default=False, description="Also where, not only what (slower).")
    curves: bool = Field(
        default=True, description="With maps: measure them by deletion and insertion (slower by far)."
    )


class ExplainAnswer(BaseModel):
    """Why two pictures look alike."""

    sentences: list[str]
    explanation: dict[str, Any]
    corpus: str | None = Field(
        description="The gallery whose mean is subtracted and with whose pairs content is compared."
    )


class GalleryBrief(BaseModel):
    """A gallery at a glance; with `error`, it cannot be opened."""

    name: str
    images: int
    problems: int
    encoder: str
    error: str | None


class JobAnswer(BaseModel):
    """One run of indexing."""

    id: str
    gallery: str
    root: int
    state: Literal["waiting", "running", "done", "stopped", "failed"]
    total: int | None
    done: int
    error: str | None
    counts: dict[str, float]


class JobRequest(_Strict):
    """Which of the server's folders to index."""

    root: int = Field(ge=0, le=10_000)


class GalleryStatus(GalleryBrief):
    """A gallery and what is going on with it."""

    storage: str
    dim: int
    text: bool = Field(description="Whether it can be searched by words.")
    columns: dict[str, str]
    exact: bool = Field(description="Whether searches are exact.")
    roots: int = Field(description="How many folders may be indexed from here (their places count from 0).")
    job: JobAnswer | None = Field(description="The newest run of indexing.")
