"""The door where a case is bound for whoever judges it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from countermand.flows.bundle_case import Bound, Bundling, bundle_case
from countermand.flows.bundle_parts import BundleHouse
from countermand.flows.hand_out_receipt import NotSealed
from countermand.kernel.text import Text
from countermand.surfaces.http.visits import staff_of, visit_of
from countermand.vocabulary.acts import Why
from countermand.vocabulary.bundle_names import BUNDLE_MEDIA
from countermand.vocabulary.staff import Verb

Asked = Request[Any, Any, Any]
ENCRYPTED = "application/octet-stream"
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class BundleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to bind it. `age`: a court's public key (age1...); then all goes in, for its holder alone.

    `reason`: what for; to a court it must be there. `language`: the one that papers speak first.
    """

    language: Literal["zh", "en"] = "zh"
    age: Key | None = None
    reason: Why | None = None


class BundleWaits(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Not yet: `waits` names the second look it waits for, or `text` says that proofs are being made."""

    case: str
    version: int | None = None
    waits: dict[str, Any] | None = None
    text: Text | None = None


@post("/v1/cases/{number:str}/bundle", scope="desk", verb=Verb.EXPORT, status_code=200, media=BUNDLE_MEDIA,
      waits=BundleWaits, refuses=(404, 409))  # fmt: skip
async def bind_case(request: Asked, number: FromPath[str], data: JSONBody[BundleRequest]) -> Response[Any]:
    """The bundle of a case: one sealed file that a court's expert checks without us (ASiC-E).

    With a court's key the answer is encrypted to it (age), once a second person agreed. 202 until then, and
    for the seconds before the log has all of it.
    """
    house: BundleHouse = request.app.state["house"].bundles
    wanted = Bundling(language=data.language, age=data.age, reason=data.reason)
    found = await bundle_case(house, number, wanted, staff_of(request), visit_of(request.scope).trace_id)
    if isinstance(found, NotSealed):
        after = {"retry-after": str(found.retry_after_seconds), "cache-control": "no-store"}
        return Response(BundleWaits(case=found.case, text=found.text), status_code=202, headers=after)
    if not isinstance(found, Bound):
        return Response(found, status_code=202)
    headers = {
        "content-disposition": f'attachment; filename="{found.file_name}"',
        "content-length": str(found.made.size),
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    media = BUNDLE_MEDIA if data.age is None else ENCRYPTED
    return Stream(_pieces(found), media_type=media, headers=headers)


async def _pieces(bound: Bound) -> AsyncIterator[bytes]:
    """What was made is gone once it was sent, or whoever wanted it went away."""
    try:
        for piece in bound.made.pieces():
            yield piece
    finally:
        bound.made.close()


BUNDLE_HANDLERS = (bind_case,)
