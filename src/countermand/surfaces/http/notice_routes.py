"""The routes of contacts and notices: where people are reached, what they were told, what gateways say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, time
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, put
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import ServerSentEvent, ServerSentEventMessage

from countermand.flows.answer_replies import answer_reply
from countermand.flows.keep_contacts import (
    GivenContacts,
    GivenPoint,
    put_contacts,
    remove_contacts,
    show_contacts,
)
from countermand.flows.note_receipts import note_receipt
from countermand.flows.show_notices import follow_notices, list_notices, require_room
from countermand.kernel.clock import micros_of
from countermand.kernel.errors import CountermandError, NotFound
from countermand.surfaces.http.notice_messages import (
    ContactsRemoved,
    ContactsRequest,
    ContactsShown,
    NoticePage,
)
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, visit_of
from countermand.vocabulary.notices import NoticeChannel

Asked = Request[Any, Any, Any]
RETRY_MILLISECONDS = 2000
_PLAIN = "text/plain; charset=utf-8"


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


@put("/v1/accounts/{account_id:str}/contacts", scope="manage", status_code=200, gives=ContactsShown)
async def put_account_contacts(
    request: Asked, account_id: FromPath[str], data: JSONBody[ContactsRequest]
) -> dict[str, Any]:
    """Say where an account's holder is reached; the same again changes nothing."""
    visit, account = visit_of(request.scope), identifier(account_id, "account_id")
    quiet = data.quiet_hours
    given = GivenContacts(
        [
            GivenPoint(NoticeChannel(one.channel), one.address, _instant(one.verified_at))
            for one in data.points
        ],
        data.language,
        data.timezone,
        None if quiet is None else (time.fromisoformat(quiet.begins), time.fromisoformat(quiet.ends)),
    )
    return await put_contacts(_house(request), account, given, visit.actor, visit.trace_id)


@get("/v1/accounts/{account_id:str}/contacts", scope="read", gives=ContactsShown)
async def read_account_contacts(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """Where an account's holder is reached, the addresses masked."""
    return await show_contacts(_house(request), identifier(account_id, "account_id"))


@delete("/v1/accounts/{account_id:str}/contacts", scope="manage", status_code=200, gives=ContactsRemoved)
async def delete_account_contacts(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """Forget every address of an account, to erase somebody; to change addresses, put others."""
    visit, account = visit_of(request.scope), identifier(account_id, "account_id")
    return await remove_contacts(_house(request), account, visit.actor, visit.trace_id)


@get("/v1/accounts/{account_id:str}/notices", scope="read", gives=NoticePage)
async def read_notices(
    request: Asked, account_id: FromPath[str], before: FromQuery[str] = ""
) -> dict[str, Any]:
    """What the holder of an account was told, newest first, before the notice with number `before`."""
    return await list_notices(_house(request), identifier(account_id, "account_id"), before)


@get("/v1/accounts/{account_id:str}/notices/stream", scope="read", media="text/event-stream")
async def stream_notices(request: Asked, account_id: FromPath[str]) -> ServerSentEvent:
    """Each notice as it comes (server-sent events); `Last-Event-ID` goes on behind the one last seen."""
    house, account = _house(request), identifier(account_id, "account_id")
    after = request.headers.get("last-event-id")
    require_room(house, after)
    stream = follow_notices(house, account, after)
    return ServerSentEvent(_events(stream), headers={"cache-control": "no-store"})


async def _events(stream: AsyncIterator[dict[str, Any] | None]) -> AsyncIterator[ServerSentEventMessage]:
    yield ServerSentEventMessage(data=None, retry=RETRY_MILLISECONDS, comment="notices")
    try:
        async for notice in stream:
            if notice is None:
                yield ServerSentEventMessage(data=None, comment="nothing new")
            else:
                text = msgspec.json.encode(notice).decode()
                yield ServerSentEventMessage(data=text, event="notice", id=notice["seq"])
    except CountermandError:
        return  # the client comes back by itself, with the number it has seen last


@get("/v1/notices/receipts/{sending:str}/{proof:str}", open=True, media="text/plain", asks=("status",))
async def take_receipt(request: Asked, sending: FromPath[str], proof: FromPath[str]) -> Response[bytes]:
    """A gateway says what became of an SMS (`status` as in Kannel's delivery reports)."""
    status = request.query_params.get("status", "")
    if not (sending.isascii() and sending.isdigit() and len(sending) < 19):
        raise NotFound("unknown_receipt", "There is no such receipt.", "没有这样的回执。")
    if not (status.isascii() and status.isdigit() and len(status) < 4):
        raise invalid_request("a receipt says 1, 2, 4, 8 or 16", "status")
    await note_receipt(_house(request), int(sending), proof, int(status))
    return Response(b"", media_type=_PLAIN)


@get("/v1/notices/replies/{proof:str}", open=True, media="text/plain", asks=("from", "text"))
async def take_reply(request: Asked, proof: FromPath[str]) -> Response[bytes]:
    """A gateway brings an SMS of a customer (`from`, `text`); what this answers goes back to them."""
    house = _house(request)
    if not house.post.doors.is_reply(proof):
        raise NotFound("unknown_receipt", "There is no such receipt.", "没有这样的回执。")
    sender, text = request.query_params.get("from", ""), request.query_params.get("text", "")
    said, language = await answer_reply(house, sender, text, visit_of(request.scope).trace_id)
    answer: str = getattr(said, language)
    coding = {} if answer.isascii() else {"x-kannel-coding": "2", "x-kannel-charset": "UTF-8"}
    return Response(answer.encode(), media_type=_PLAIN, headers=coding)


def _instant(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return micros_of(datetime.fromisoformat(text))
    except (ValueError, TypeError):
        raise invalid_request("it is no RFC 3339 time with an offset", "verified_at") from None


NOTICE_HANDLERS = (
    put_account_contacts,
    read_account_contacts,
    delete_account_contacts,
    read_notices,
    stream_notices,
    take_receipt,
    take_reply,
)
