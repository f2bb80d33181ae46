"""The doors of reports: without login, through the institution's systems, and back with a receipt."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from countermand.flows.act_on_case import act_on_case
from countermand.flows.case_desk import HOLDER
from countermand.flows.desk_view import for_desk
from countermand.flows.person_handles import handle_of
from countermand.flows.public_door import Told
from countermand.flows.receive_report import receive_report
from countermand.flows.see_case import cover_for
from countermand.flows.show_case import dossier_of, for_customer
from countermand.flows.show_clocks import show_clocks
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.clock import micros_of
from countermand.surfaces.http.desk_messages import Acted, AppealByReceipt, WithdrawByReceipt
from countermand.surfaces.http.peers import address_of
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.report_messages import (
    CaseFollowed,
    CaseShown,
    FollowRequest,
    FurtherRequest,
    NotMeRequest,
    PersonRequest,
    PersonShown,
    PuzzleShown,
    ReceiptShown,
    ReportRequest,
)
from countermand.surfaces.http.visits import key_of, staff_of, visit_of
from countermand.vocabulary.acts import Appeal, Withdraw
from countermand.vocabulary.reports import Channel, Report, Sender
from countermand.vocabulary.staff import Verb

Asked = Request[Any, Any, Any]


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


def _address(request: Asked) -> str:
    return address_of(request, _house(request).public_door.trusted)


@get("/v1/not-me/puzzle", open=True, gives=PuzzleShown, refuses=(429,))
async def read_puzzle(request: Asked) -> dict[str, Any]:
    """A little work before the public door listens; good for an hour, for one report."""
    return _house(request).public_door.puzzle(_address(request))


@post("/v1/not-me", open=True, status_code=200, gives=ReceiptShown, refuses=(409, 429))
async def not_me(request: Asked, data: JSONBody[NotMeRequest]) -> dict[str, Any]:
    """“That was not me”, by anybody: a number, a secret and what was stopped, at once.

    Sent again with the same puzzle, it is answered the same.
    """
    told = Told(**{name: getattr(data, name) for name in Told.__slots__ if name in data.__struct_fields__})
    door = _house(request).public_door
    trace = visit_of(request.scope).trace_id
    received = await door.report(told, data.puzzle, data.answer, _address(request), trace)
    return received.answer


@post("/v1/cases/follow", open=True, status_code=200, gives=CaseFollowed, refuses=(404, 429))
async def follow_case(request: Asked, data: JSONBody[FollowRequest]) -> dict[str, Any]:
    """Where a case stands, for whoever holds its number and secret."""
    house = _house(request)
    case = await house.public_door.case_of(data.number, data.secret, _address(request))
    reception = house.reception
    dossier = await dossier_of(reception, case.number)
    clocks = await show_clocks(reception.clocks.house, (dossier.whole or dossier.case).id)
    return for_customer(dossier, reception.clock.now(), reception.timezone, clocks)


@post("/v1/cases/follow/messages", open=True, status_code=200, gives=ReceiptShown, refuses=(404, 409, 429))
async def write_more(request: Asked, data: JSONBody[FurtherRequest]) -> dict[str, Any]:
    """A further message in one's own case. Send an `Idempotency-Key`, and it arrives once."""
    trace = visit_of(request.scope).trace_id
    key, address = key_of(request), _address(request)
    door = _house(request).public_door
    received = await door.more(data.number, data.secret, data.text, key, address, trace)
    return received.answer


@post("/v1/cases/follow/appeal", open=True, status_code=200, gives=Acted, refuses=(404, 409, 429))
async def appeal_by_receipt(request: Asked, data: JSONBody[AppealByReceipt]) -> dict[str, Any]:
    """“I do not agree”: somebody who has not decided the case looks again."""
    house = _house(request)
    case = await house.public_door.case_of(data.number, data.secret, _address(request))
    trace, act = visit_of(request.scope).trace_id, Appeal(grounds=data.grounds)
    return await act_on_case(house.case_desk, case.number, act, HOLDER, trace=trace)


@post("/v1/cases/follow/withdraw", open=True, status_code=200, gives=Acted, refuses=(404, 409, 429))
async def withdraw_by_receipt(request: Asked, data: JSONBody[WithdrawByReceipt]) -> dict[str, Any]:
    """Withdraw one's case: the service ends today; what looks like fraud is still looked into."""
    house = _house(request)
    case = await house.public_door.case_of(data.number, data.secret, _address(request))
    trace, act = visit_of(request.scope).trace_id, Withdraw(why=data.why)
    return await act_on_case(house.case_desk, case.number, act, HOLDER, trace=trace)


@post("/v1/reports", keyed=True, scope="contain", status_code=200, gives=ReceiptShown, refuses=(409,))
async def report(request: Asked, data: JSONBody[ReportRequest]) -> dict[str, Any]:
    """What a customer said in the institution's app, chat, branch or on its hotline.

    Send an `Idempotency-Key`: a repetition with the same key changes nothing and gets the same answer.
    """
    visit = visit_of(request.scope)
    reception = _house(request).reception
    said = Report(
        channel=Channel(data.channel),
        key=f"{visit.actor} {key_of(request)}",
        received_at=reception.clock.now(),
        raw=canonical_bytes(msgspec.to_builtins(data)),
        text=data.text,
        sender=Sender(address=data.address, standing=data.standing),
        said_at=None if data.said_at is None else micros_of(data.said_at),
        language=data.language,
        account=data.account,
        person=data.person,
        operations=data.operations,
        stop=data.stop,
        answers=data.answers,
        thread=data.case,
    )
    received = await receive_report(reception, said, visit.actor, visit.trace_id, with_secret=True)
    return received.answer


@get("/v1/cases/{number:str}", scope="desk", verb=Verb.READ_CASE, gives=CaseShown, refuses=(404,))
async def read_case(request: Asked, number: FromPath[str]) -> dict[str, Any]:
    """A case as the desk sees it: state, events, masked messages, files, as far as one's role goes."""
    house = _house(request)
    trace = visit_of(request.scope).trace_id
    cover = await cover_for(house.case_desk, number, staff_of(request), trace)
    dossier = await dossier_of(house.reception, number)
    return cover(for_desk(dossier, await show_clocks(house.reception.clocks.house, dossier.case.id)))


@post("/v1/persons", scope="decide", status_code=200, gives=PersonShown)
async def name_person(request: Asked, data: JSONBody[PersonRequest]) -> dict[str, Any]:
    """The handle of a person by their identity document, so that who has no account can be protected."""
    return {"person": handle_of(_house(request).reception.vault, data.document)}


REPORT_HANDLERS = (
    read_puzzle, not_me, follow_case, write_more, appeal_by_receipt, withdraw_by_receipt, report,
    read_case, name_person,
)  # fmt: skip
