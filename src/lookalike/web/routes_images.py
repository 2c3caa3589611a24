"""Images: rows of a gallery by their id, and what people gave by its handle. Never by a path."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from PIL import Image
from starlette.responses import Response

from lookalike.errors import ImageError
from lookalike.images import decode
from lookalike.web.api_models import LARGEST_ID, Failure, GivenImage
from lookalike.web.context import AppContext, context_of
from lookalike.web.faults import PageError
from lookalike.web.inflight import body_of, declared
from lookalike.web.lanes import on_lane
from lookalike.web.uploads import DECODERS, encode_webp

router = APIRouter()

FULL_SIDE = 1_600

RowId = Annotated[int, Path(ge=0, le=LARGEST_ID)]
Handle = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{22}$")]


@router.get("/g/{gallery}/image/{row}", include_in_schema=False)
@on_lane("pictures", when=lambda given: given["size"] == "full")
def image(
    request: Request, gallery: str, row: RowId, size: Annotated[Literal["thumb", "full"], Query()] = "thumb"
) -> Response:
    """A row's thumbnail (JPEG, long side at most 160 px) or the image itself (WebP, at most 1,600 px).

    Both are made anew: no metadata of the file (place, camera) reaches the browser.
    """
    context = context_of(request)
    served = context.gallery(gallery)
    if not served.snapshot().has(row):
        raise PageError.of(404, "no_image")
    data = full_image(context, gallery, row) if size == "full" else None
    kind = "image/webp"
    if data is None:
        data = served.thumbnails([row]).get(row)
        kind = "image/jpeg"
    if data is None:
        raise PageError.of(404, "no_thumbnail")
    return _answer(request, data, kind)


def full_image(context: AppContext, gallery: str, row: int) -> bytes | None:
    """WebP of a row's file; None when it cannot be read any more."""
    served = context.gallery(gallery)
    key = (gallery, row, served.snapshot().version)
    kept = context.full_images.get(key)
    if isinstance(kept, bytes):
        return kept
    try:
        with DECODERS:
            pixels = decode(served.source_of(row), min_size=(FULL_SIDE // 2, FULL_SIDE // 2))
            data = encode_webp(Image.fromarray(pixels), FULL_SIDE)
    except ImageError:
        return None
    context.full_images.put(key, data)
    return data


@router.post(
    "/api/images",
    status_code=201,
    tags=["images"],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    responses={
        400: {"model": Failure, "description": "not an image, or too many pixels"},
        403: {"model": Failure, "description": "the header X-Lookalike: 1 is missing"},
        408: {"model": Failure, "description": "the bytes did not arrive in time"},
        413: {"model": Failure, "description": "too many bytes"},
        503: {"model": Failure, "description": "too many images are being sent at once; try again"},
    },
)
async def give_image(request: Request) -> GivenImage:
    """Give an image (the body is its bytes); what comes back names it in other calls for an hour. Kept in memory only."""
    context = context_of(request)
    async with context.arriving.taken(declared(request, context.settings.upload_max_bytes)):
        upload = await context.lanes.pictures.run(context.uploads.add, await body_of(request))
    return GivenImage(
        image=upload.handle,
        width=upload.width,
        height=upload.height,
        url=f"/api/images/{upload.handle}",
        seconds=int(context.uploads.seconds),
    )


@router.get(
    "/api/images/{handle}",
    tags=["images"],
    response_class=Response,
    responses={
        200: {"content": {"image/webp": {}}},
        404: {"model": Failure, "description": "not kept (any more)"},
    },
)
def given_image(request: Request, handle: Handle) -> Response:
    """An image that was given, as WebP of at most 1,280 px without metadata."""
    return _answer(request, context_of(request).uploads.get(handle).preview, "image/webp")


def _answer(request: Request, data: bytes, kind: str) -> Response:
    """Bytes that a browser may keep for a while, and ask again whether they changed."""
    tag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
    headers = {"cache-control": "private, max-age=600", "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=kind, headers=headers)
