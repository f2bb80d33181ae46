"""The doors where receipts are fetched: by number and secret, and at the desk."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody

from countermand.flows.hand_out_receipt import Handed, NotSealed, ReceiptHouse, hand_out_receipt
from countermand.flows.see_case import cover_for
from countermand.flows.show_case import dossier_of
from countermand.kernel.text import Text
from countermand.surfaces.http.peers import address_of
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.report_messages import FollowRequest
from countermand.surfaces.http.visits import staff_of
from countermand.surfaces.verify_page.building import verify_page
from countermand.vocabulary.staff import Verb

Asked = Request[Any, Any, Any]
ZIP, HTML = "application/zip", "text/html"


class ReceiptPromised(msgspec.Struct, frozen=True):
    """The case is kept; its proof is being made. Come back after `Retry-After` seconds."""

    case: str
    text: Text


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


def _receipts(request: Asked) -> ReceiptHouse:
    house: ReceiptHouse = request.app.state["house"]
    return house


@post(
    "/v1/cases/follow/receipt",
    open=True,
    status_code=200,
    media=ZIP,
    later=ReceiptPromised,
    refuses=(404, 429),
)
async def fetch_receipt(request: Asked, data: JSONBody[FollowRequest]) -> Response[Any]:
    """The receipt that proves what one said and was promised, for whoever holds number and secret.

    A zip that anybody checks without us; 202 for the seconds before its first signature.
    """
    door = _house(request).public_door
    case = await door.case_of(data.number, data.secret, address_of(request, door.trusted))
    return _answer(await hand_out_receipt(_receipts(request), case, to_holder=True))


@get("/v1/cases/{number:str}/receipt", scope="desk", verb=Verb.READ_CASE, media=ZIP, later=ReceiptPromised,
     refuses=(404,))  # fmt: skip
async def read_receipt(request: Asked, number: FromPath[str]) -> Response[Any]:
    """The same proof for the desk, without the words of anybody."""
    house = _house(request)
    await cover_for(house.case_desk, number, staff_of(request))
    dossier = await dossier_of(house.reception, number)
    return _answer(await hand_out_receipt(_receipts(request), dossier.case, to_holder=False))


@get("/verify", open=True, media=HTML)
async def read_verify_page() -> Response[bytes]:
    """The page that checks receipts in the reader's browser, to be saved and used offline."""
    return Response(
        _page(), media_type=f"{HTML}; charset=utf-8", headers={"cache-control": "public, max-age=3600"}
    )


@cache
def _page() -> bytes:
    return verify_page().encode()


def _answer(found: Handed | NotSealed) -> Response[Any]:
    if isinstance(found, NotSealed):
        after = {"retry-after": str(found.retry_after_seconds), "cache-control": "no-store"}
        return Response(ReceiptPromised(found.case, found.text), status_code=202, headers=after)
    named = {"content-disposition": f'attachment; filename="{found.file_name}"', "cache-control": "no-store"}
    return Response(found.receipt.packed(), media_type=ZIP, headers=named)


RECEIPT_HANDLERS = (fetch_receipt, read_receipt, read_verify_page)
