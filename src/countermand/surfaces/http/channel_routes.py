"""The doors of official accounts, the hotline, the counter, and the codes that are said aloud."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post, put
from litestar.params import FromPath, JSONBody

from countermand.cases.spoken_codes import Speaker
from countermand.flows.phone_checks import check_last_four, register_last_fours
from countermand.flows.say_codes import case_named, check_code, codes_of
from countermand.flows.spoken_reports import Call, Promised, log_call, log_visit
from countermand.flows.spoken_reports import Visit as CounterVisit
from countermand.intake.wechat_messages import BODY_BYTES_MAX
from countermand.kernel.clock import micros_of
from countermand.surfaces.http.channel_messages import (
    CallerChecked,
    CallerCheckRequest,
    CallRequest,
    CodeChecked,
    CodeRequest,
    FollowCodeRequest,
    LastFoursRequest,
    LastFoursShown,
    PromiseRequest,
    SpokenCodeShown,
    SpokenReceiptShown,
    VisitRequest,
    VisitShown,
)
from countermand.surfaces.http.hot import too_large
from countermand.surfaces.http.peers import address_of
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.visits import identifier, visit_of
from countermand.vocabulary.staff import Verb

Asked = Request[Any, Any, Any]
_PLAIN, _XML = "text/plain; charset=utf-8", "text/xml; charset=utf-8"
_ASKS = ("signature", "timestamp", "nonce")


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


@get(
    "/v1/channels/wechat/{account:str}", open=True, media="text/plain", asks=(*_ASKS, "echostr"),
    refuses=(401, 404),
)  # fmt: skip
async def shake_wechat(request: Asked, account: FromPath[str]) -> Response[bytes]:
    """The handshake of an official account: the platform's `echostr` comes back, if it signed."""
    echo = _house(request).channels.wechat.shake(account, dict(request.query_params))
    return Response(echo.encode(), media_type=_PLAIN)


@post(
    "/v1/channels/wechat/{account:str}", open=True, status_code=200, media="text/xml", takes_xml=True,
    asks=(*_ASKS, "encrypt_type", "msg_signature"), refuses=(401, 404, 409, 413),
)  # fmt: skip
async def hear_wechat(request: Asked, account: FromPath[str]) -> Response[bytes]:
    """A message to an official account, signed by the platform; the passive reply is its receipt."""
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        raise too_large(BODY_BYTES_MAX)
    trace = visit_of(request.scope).trace_id
    reply = await _house(request).channels.wechat.hear(account, dict(request.query_params), body, trace)
    return Response(reply, media_type=_XML if reply.startswith(b"<") else _PLAIN)


@put("/v1/accounts/{account_id:str}/last-fours", scope="manage", status_code=200, gives=LastFoursShown)
async def put_last_fours(
    request: Asked, account_id: FromPath[str], data: JSONBody[LastFoursRequest]
) -> dict[str, Any]:
    """By which last digits the holder of an account is checked on the phone, instead of those before."""
    account = identifier(account_id, "account_id")
    count = await register_last_fours(_house(request).reception, account, data.last_fours)
    return {"account": account, "registered": count}


@post("/v1/hotline/checks", scope="contain", status_code=200, gives=CallerChecked)
async def check_caller(request: Asked, data: JSONBody[CallerCheckRequest]) -> dict[str, Any]:
    """Whether four digits are those of an account of the caller's; three tries, then a person."""
    return await check_last_four(_house(request).reception, data.call, data.caller, data.last_four)


@post("/v1/hotline/calls", scope="contain", status_code=200, gives=SpokenReceiptShown, refuses=(409,))
async def log_hotline_call(request: Asked, data: JSONBody[CallRequest]) -> dict[str, Any]:
    """A call after its end: kept once under its id, with agent and promise; its holder gets a receipt.

    What was typed of a password or one-time code is not kept: the answer warns.
    """
    visit = visit_of(request.scope)
    call = Call(
        id=data.call,
        staff=data.agent,
        text=data.text,
        said_at=_micros(data.said_at),
        language=data.language,
        account=data.account,
        document=data.document,
        stop=data.stop,
        case=data.case,
        promise=_promised(data.promise),
        caller=data.caller,
        proof=data.proof,
    )
    return await log_call(_house(request).reception, call, visit.actor, visit.trace_id)


@post("/v1/branch/visits", scope="contain", status_code=200, gives=VisitShown, refuses=(409,))
async def log_branch_visit(request: Asked, data: JSONBody[VisitRequest]) -> dict[str, Any]:
    """A visit at a counter: kept once under its id; the answer is what its paper receipt says."""
    visit = visit_of(request.scope)
    return await log_visit(_house(request).reception, visited(data), visit.actor, visit.trace_id)


def visited(data: VisitRequest) -> CounterVisit:
    """What was taken down at a counter, as the story has it."""
    return CounterVisit(
        id=data.visit,
        staff=data.staff,
        text=data.text,
        said_at=_micros(data.said_at),
        language=data.language,
        account=data.account,
        document=data.document,
        stop=data.stop,
        case=data.case,
        promise=_promised(data.promise),
        branch=data.branch,
        documents=tuple((one.kind, one.form) for one in data.documents),
        checked_by=data.checked_by,
        proofs=data.proofs,
    )


@get(
    "/v1/cases/{number:str}/spoken-code",
    scope="desk",
    verb=Verb.WORK,
    gives=SpokenCodeShown,
    refuses=(404,),
)
async def read_spoken_code(request: Asked, number: FromPath[str]) -> dict[str, Any]:
    """The code that an agent says on the phone, so that the customer sees the same in the app."""
    reception = _house(request).reception
    return codes_of(reception, await case_named(reception, number), for_holder=False)


@post(
    "/v1/cases/{number:str}/spoken-code", scope="desk", verb=Verb.WORK, status_code=200, gives=CodeChecked,
    refuses=(404, 429),
)  # fmt: skip
async def check_customer_code(
    request: Asked, number: FromPath[str], data: JSONBody[CodeRequest]
) -> dict[str, Any]:
    """Whether the code that a customer says is the one their app shows."""
    house = _house(request)
    case = await case_named(house.reception, number)
    house.channels.count_code(case.id)
    return check_code(house.reception, case, Speaker.CUSTOMER, data.code)


@get("/v1/cases/{number:str}/app-code", scope="confirm", gives=SpokenCodeShown, refuses=(404,))
async def read_own_code(request: Asked, number: FromPath[str]) -> dict[str, Any]:
    """Both codes, for the app of the case's holder: what the agent says, and what they say themselves."""
    reception = _house(request).reception
    return codes_of(reception, await case_named(reception, number), for_holder=True)


@post("/v1/cases/follow/spoken-code", open=True, status_code=200, gives=CodeChecked, refuses=(404, 429))
async def check_agent_code(request: Asked, data: JSONBody[FollowCodeRequest]) -> dict[str, Any]:
    """Whether somebody who claims to be us is: for whoever holds the receipt and was told a code."""
    house = _house(request)
    address = address_of(request, house.public_door.trusted)
    case = await house.public_door.case_of(data.number, data.secret, address)
    house.channels.count_code(case.id)
    return check_code(house.reception, case, Speaker.AGENT, data.code)


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else micros_of(moment)


def _promised(given: PromiseRequest | None) -> Promised | None:
    return None if given is None else Promised(code=given.what, due_at=micros_of(given.due_at))


CHANNEL_HANDLERS = (
    shake_wechat, hear_wechat, put_last_fours, check_caller, log_hotline_call, log_branch_visit,
    read_spoken_code, check_customer_code, read_own_code, check_agent_code,
)  # fmt: skip
