"""The doors of uploads, in the words of tus 1.0.0: HEAD tells how far it is, PATCH goes on there.

Whoever has the address of an upload may go on with it; it is drawn by chance and shown once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Response, get, head, patch
from litestar.exceptions import InternalServerException
from litestar.params import FromPath

from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.uploads import Sent, go_on, upload_at
from countermand.surfaces.http.evidence_messages import UploadShown
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import invalid_request, wrong_tus_version
from countermand.surfaces.http.visits import identifier, visit_of

PLACE = "/v1/uploads"
TUS_VERSION = "1.0.0"
OFFSET_TYPE = "application/offset+octet-stream"
Asked = Request[Any, Any, Any]


def _room(request: Asked) -> EvidenceRoom:
    house: House = request.app.state["house"]
    return house.room


def _headers(sent: Sent) -> dict[str, str]:
    told = {
        "tus-resumable": TUS_VERSION,
        "upload-offset": str(sent.offset),
        "upload-length": str(sent.length),
        "cache-control": "no-store",
    }
    return told if sent.exhibit is None else {**told, "x-exhibit": sent.exhibit}


@head(PLACE + "/{upload:str}", open=True, status_code=200, gives_nothing=True, refuses=(404,))
async def find_upload(request: Asked, upload: FromPath[str]) -> Response[None]:
    """How many bytes of an upload are safe: `Upload-Offset`."""
    sent = await upload_at(_room(request), identifier(upload, "upload"))
    return Response(None, headers=_headers(sent))


@get(PLACE + "/{upload:str}", open=True, gives=UploadShown, refuses=(404,))
async def read_upload(request: Asked, upload: FromPath[str]) -> dict[str, Any]:
    """The same as JSON, and the exhibit that it became."""
    sent = await upload_at(_room(request), identifier(upload, "upload"))
    return {"offset": sent.offset, "length": sent.length, "exhibit": sent.exhibit}


@patch(PLACE + "/{upload:str}", open=True, status_code=204, gives_nothing=True, takes_media=OFFSET_TYPE,
       sends=("Tus-Resumable", "Upload-Offset"), request_max_body_size=None,
       refuses=(404, 409, 412))  # fmt: skip
async def go_on_with_upload(request: Asked, upload: FromPath[str]) -> Response[None]:
    """Bytes from `Upload-Offset` on, for as long as they come; what arrived before a cut is safe."""
    if request.headers.get("tus-resumable", TUS_VERSION) != TUS_VERSION:
        raise wrong_tus_version(TUS_VERSION)
    offset = request.headers.get("upload-offset", "")
    if not (offset.isascii() and offset.isdigit() and len(offset) < 16):
        raise invalid_request("it says at which byte the body begins", "Upload-Offset")
    trace = visit_of(request.scope).trace_id
    token = identifier(upload, "upload")
    sent = await go_on(_room(request), token, int(offset), _arriving(request), trace)
    return Response(None, status_code=204, headers=_headers(sent))


async def _arriving(request: Asked) -> AsyncIterator[bytes]:
    """The body as it comes; a sender who is cut off has ended, and goes on another time."""
    try:
        async for piece in request.stream():
            if piece:
                yield piece
    except InternalServerException:
        return


UPLOAD_HANDLERS = (find_upload, read_upload, go_on_with_upload)
