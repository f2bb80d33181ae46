"""The doors of evidence: bring it, see it covered, open it by two people's will, read who looked."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from countermand.evidence.exhibits import Origin
from countermand.flows.case_desk import HOLDER
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.show_exhibits import (
    Opened,
    Opening,
    accesses_of,
    list_exhibits,
    open_exhibit,
    view_exhibit,
)
from countermand.flows.shred_subjects import lay_hold, lift_hold
from countermand.flows.tokens import detokenise, tokenise
from countermand.flows.unlock_document import unlock_document
from countermand.flows.uploads import Announced, Begun, begin_upload, begun_shown
from countermand.surfaces.http.desk_messages import Acted
from countermand.surfaces.http.evidence_messages import (
    AccessesShown,
    ExhibitByReceipt,
    ExhibitRequest,
    ExhibitShown,
    ExhibitsShown,
    ExhibitViewed,
    HoldRequest,
    InstrumentRequest,
    LegalHoldShown,
    NumberRequest,
    NumberShown,
    OpeningRequest,
    TokenShown,
    UnlockByReceipt,
    UnlockRequest,
    UploadBegun,
)
from countermand.surfaces.http.peers import address_of
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.report_messages import FollowRequest
from countermand.surfaces.http.upload_routes import PLACE, TUS_VERSION, UPLOAD_HANDLERS
from countermand.surfaces.http.visits import identifier, staff_of, visit_of
from countermand.vocabulary.staff import Verb

Asked = Request[Any, Any, Any]


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


def _room(request: Asked) -> EvidenceRoom:
    return _house(request).room


def _trace(request: Asked) -> str:
    return visit_of(request.scope).trace_id


def _address(request: Asked) -> str:
    return address_of(request, _house(request).public_door.trusted)


def _announced(data: ExhibitRequest, actor: str, channel: str, address: str | None) -> Announced:
    origin = Origin(
        actor=actor,
        channel=channel,
        device=data.device,
        address=address,
        context={str(name): str(value) for name, value in data.context.items()},
    )
    return Announced(data.kind, data.about, data.name, data.media_type, data.bytes, origin)


def _begun(begun: Begun) -> Response[dict[str, Any]]:
    place = f"{PLACE}/{begun.token}"
    headers = {"location": place, "tus-resumable": TUS_VERSION, "cache-control": "no-store"}
    return Response(begun_shown(begun, place), status_code=201, headers=headers)


@post("/v1/cases/follow/exhibits", open=True, status_code=201, gives=UploadBegun, refuses=(404, 409, 429))
async def bring_by_receipt(request: Asked, data: JSONBody[ExhibitByReceipt]) -> Response[dict[str, Any]]:
    """Evidence for one's own case: answers where to send its bytes, in pieces that may be cut and go on."""
    address = _address(request)
    case = await _house(request).public_door.case_of(data.number, data.secret, address)
    told = _announced(data, HOLDER.name, "portal", address)
    return _begun(await begin_upload(_room(request), case.number, told, HOLDER, _trace(request)))


@post("/v1/cases/follow/accesses", open=True, status_code=200, gives=AccessesShown, refuses=(404, 429))
async def read_accesses(request: Asked, data: JSONBody[FollowRequest]) -> dict[str, Any]:
    """Who looked at my data in this case, when, what for, and who agreed."""
    case = await _house(request).public_door.case_of(data.number, data.secret, _address(request))
    return await accesses_of(_room(request), case)


@post("/v1/cases/follow/exhibits/unlock", open=True, status_code=201, gives=ExhibitShown,
      refuses=(404, 409, 413, 429))  # fmt: skip
async def unlock_by_receipt(request: Asked, data: JSONBody[UnlockByReceipt]) -> dict[str, Any]:
    """A document of one's own case that asks for a password: opened once, and kept beside the original."""
    case = await _house(request).public_door.case_of(data.number, data.secret, _address(request))
    given = (case.number, data.document, data.password)
    return await unlock_document(_room(request), *given, HOLDER, _trace(request))


@post("/v1/cases/{number:str}/exhibits/unlock", fresh=True, scope="desk", verb=Verb.WORK, status_code=201,
      gives=ExhibitShown, refuses=(404, 409, 413, 429))  # fmt: skip
async def unlock_at_desk(
    request: Asked, number: FromPath[str], data: JSONBody[UnlockRequest]
) -> dict[str, Any]:
    """The same, with a password that its sender gave on the phone or at the counter; never by mail."""
    given = (number, data.document, data.password)
    return await unlock_document(_room(request), *given, staff_of(request), _trace(request))


@post("/v1/cases/{number:str}/exhibits", scope="desk", verb=Verb.WORK, status_code=201, gives=UploadBegun,
      refuses=(404, 409))  # fmt: skip
async def bring_exhibit(
    request: Asked, number: FromPath[str], data: JSONBody[ExhibitRequest]
) -> Response[dict[str, Any]]:
    """Evidence that somebody at the desk was given: answers where to send its bytes."""
    staff = staff_of(request)
    told = _announced(data, staff.name, "desk", None)
    return _begun(await begin_upload(_room(request), number, told, staff, _trace(request)))


@get("/v1/cases/{number:str}/exhibits", scope="desk", verb=Verb.READ_CASE, gives=ExhibitsShown,
     refuses=(404,))  # fmt: skip
async def read_exhibits(request: Asked, number: FromPath[str]) -> dict[str, Any]:
    """The exhibits of a case, oldest first."""
    return await list_exhibits(_room(request), number, staff_of(request))


@get("/v1/cases/{number:str}/exhibits/{exhibit:str}", scope="desk", verb=Verb.READ_MESSAGES,
     gives=ExhibitViewed, refuses=(404, 409))  # fmt: skip
async def read_exhibit(request: Asked, number: FromPath[str], exhibit: FromPath[str]) -> dict[str, Any]:
    """An exhibit, covered, with its chain of custody; the look becomes part of it."""
    name = identifier(exhibit, "exhibit")
    return await view_exhibit(_room(request), number, name, staff_of(request), _trace(request))


@post("/v1/cases/{number:str}/exhibits/{exhibit:str}/open", scope="desk", verb=Verb.UNMASK, status_code=200,
      media="application/octet-stream", waits=Acted, refuses=(404, 409))  # fmt: skip
async def open_raw_exhibit(
    request: Asked, number: FromPath[str], exhibit: FromPath[str], data: JSONBody[OpeningRequest]
) -> Response[Any]:
    """The item as it is, for a purpose, once a second person has agreed; until then 202, and it waits."""
    name = identifier(exhibit, "exhibit")
    wanted = Opening(purpose=data.purpose, reason=data.reason)
    found = await open_exhibit(_room(request), number, name, wanted, staff_of(request), _trace(request))
    if not isinstance(found, Opened):
        return Response(found, status_code=202)
    # Whatever it is, no browser runs it: it is saved, under a name of ours.
    headers = {
        "content-disposition": f'attachment; filename="{found.exhibit.id}"',
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "content-length": str(found.exhibit.size),
        "cache-control": "no-store",
    }
    return Stream(found.pieces, media_type="application/octet-stream", headers=headers)


@post("/v1/cases/{number:str}/legal-holds", scope="desk", verb=Verb.APPROVE, status_code=200,
      gives=LegalHoldShown, refuses=(404,))  # fmt: skip
async def lay_legal_hold(
    request: Asked, number: FromPath[str], data: JSONBody[HoldRequest]
) -> dict[str, Any]:
    """Keep a case from being erased after its end too."""
    return await lay_hold(_room(request), number, data.reason, data.basis, staff_of(request).name)


@post("/v1/cases/{number:str}/legal-holds/{hold:str}/lift", scope="desk", verb=Verb.APPROVE, status_code=200,
      gives=LegalHoldShown, refuses=(404,))  # fmt: skip
async def lift_legal_hold(request: Asked, number: FromPath[str], hold: FromPath[str]) -> dict[str, Any]:
    """End a hold; what is over its time then goes with the next run."""
    name = identifier(hold, "hold")
    return await lift_hold(_room(request), number, name, staff_of(request).name)


@post("/v1/merchants/{merchant:str}/tokens", scope="detokenise", status_code=200, gives=TokenShown)
async def make_token(
    request: Asked, merchant: FromPath[str], data: JSONBody[InstrumentRequest]
) -> dict[str, Any]:
    """A token for a card or account number, good for this merchant alone; asked again, the same."""
    visit, name = visit_of(request.scope), identifier(merchant, "merchant")
    return await tokenise(_room(request), name, data.number, visit.actor, visit.trace_id)


@post("/v1/merchants/{merchant:str}/tokens/{token:str}/number", scope="detokenise", status_code=200,
      gives=NumberShown, refuses=(404,))  # fmt: skip
async def read_number(
    request: Asked, merchant: FromPath[str], token: FromPath[str], data: JSONBody[NumberRequest]
) -> dict[str, Any]:
    """The number behind a token of this merchant; that it was asked for is on record first."""
    visit = visit_of(request.scope)
    name, of = identifier(token, "token"), identifier(merchant, "merchant")
    return await detokenise(_room(request), of, name, data.purpose, visit.actor, visit.trace_id)


EVIDENCE_HANDLERS = (
    bring_by_receipt, unlock_by_receipt, unlock_at_desk, read_accesses, bring_exhibit, read_exhibits,
    read_exhibit, open_raw_exhibit,    lay_legal_hold, lift_legal_hold, make_token, read_number,
    *UPLOAD_HANDLERS,
)  # fmt: skip
