"""The conversation with the desk: live where a script runs, a plain form and a reload where none does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from litestar import Response, get, post
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from countermand.cases.channel_ports import ChatHolder
from countermand.cases.numbers import read_number
from countermand.flows.follow_case import follow_case, own_cases, require_stream
from countermand.flows.holder_access import OpenHolder
from countermand.flows.receipt_sessions import Entered, enter_session
from countermand.kernel.errors import CountermandError, Unauthenticated, Unavailable
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.visits import holder_of_visit, visit_of
from countermand.surfaces.web.answers import HEADERS, Asked, page, see_other
from countermand.surfaces.web.case_pages import OPEN, TALK
from countermand.surfaces.web.case_view import case_view
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.receipt_cookie import entered, house_of, token_of
from countermand.surfaces.web.report_pages import new_key
from countermand.vocabulary.cases import Case
from countermand.vocabulary.holder_access import ends_at

RETRY_MILLISECONDS = 2000
_VERSION_MAX = 2**31 - 1


@get("/case/talk", open=True, page="open")
async def read_talk(request: Asked) -> Response[bytes]:
    """What was said, a field to say more, and who answers by when."""
    found = await entered(request)
    return see_other(f"{OPEN}?then={TALK}") if found is None else await show_talk(request, found, Filled())


async def show_talk(request: Asked, found: Entered, form: Filled, *, status: int = 200) -> Response[bytes]:
    """The conversation, with what was refused of it."""
    view = await case_view(house_of(request), found.case)
    return page(request, "case/talk.html", status=status, case=view, entered=found, form=form, key=new_key())


@get("/case/stream", open=True, page="open")
async def stream_case(request: Asked, seen: FromQuery[str] = "") -> Response[Any]:
    """For the page's script: when the case changes (server-sent events); 204 where none is open here."""
    house = house_of(request)
    try:
        found = await enter_session(house.reception, token_of(request), looking=True)
    except Unauthenticated:
        return Response(b"", status_code=204, headers=HEADERS)
    return _stream(request, house, found.case.number, seen, found.session.idle_ends_at)


@get("/me/talk", page="holder")
async def read_my_talk(request: Asked, case: FromQuery[str] = "") -> Response[bytes]:
    """The same for somebody who is signed in: each of their cases, or a new beginning."""
    return await _my_talk(request, case, Filled())


async def _my_talk(request: Asked, number: str, form: Filled, *, status: int = 200) -> Response[bytes]:
    house, holder = house_of(request), holder_of_visit(request)
    cases = await own_cases(house.reception, holder.account)
    chosen = _chosen(cases, number)
    return page(
        request,
        "mine/talk.html",
        status=status,
        holder=holder,
        case=None if chosen is None else await case_view(house, chosen),
        others=[one.number for one in cases],
        number="" if chosen is None else chosen.number,
        form=form,
        key=form["key"] or new_key(),
    )


@post("/me/talk", page="holder", status_code=303)
async def say_in_my_talk(request: Asked) -> Response[bytes]:
    """A line to the desk, in the case that was chosen, or wherever it belongs."""
    form, house, holder = await filled(request), house_of(request), holder_of_visit(request)
    if not form["text"]:
        form.wrong("text", "Write something first.", "请先写点内容。")
        return await _my_talk(request, form["case"], form, status=400)
    chosen = _chosen(await own_cases(house.reception, holder.account), form["case"])
    number = None if chosen is None or not form["case"] else chosen.number
    try:
        await _say(house, holder, form, number, visit_of(request.scope).trace_id)
    except Unavailable:
        raise
    except CountermandError as error:
        form.refuse(error)
        return await _my_talk(request, form["case"], form, status=error.http_status)
    return see_other(f"/me/talk?case={number}#talk" if number else "/me/talk#talk")


async def _say(house: House, holder: OpenHolder, form: Filled, number: str | None, trace: str) -> None:
    door, session = house.channels.chat, holder.session
    who = ChatHolder(session.account, session.session, session.public)
    chat = await door.of_page(who, session.id)
    await door.say(chat, form["key"][:64] or new_key(), form["text"], case=number, trace=trace)


@get("/me/talk/stream", page="holder")
async def stream_my_talk(
    request: Asked, case: FromQuery[str] = "", seen: FromQuery[str] = ""
) -> Response[Any]:
    """For the page's script: when a case of one's own changes; 204 for any other."""
    house, holder = house_of(request), holder_of_visit(request)
    chosen = _chosen(await own_cases(house.reception, holder.account), case)
    if chosen is None:
        return Response(b"", status_code=204, headers=HEADERS)
    return _stream(request, house, chosen.number, seen, ends_at(holder.session))


def _chosen(cases: list[Case], number: str) -> Case | None:
    """The case that was named, else the one that was touched last; None: there is none."""
    plain = read_number(number)
    return next((one for one in cases if one.number == plain), cases[0] if cases else None)


def _stream(request: Asked, house: House, number: str, seen: str, until: int) -> Response[Any]:
    require_stream(house)
    after = request.headers.get("last-event-id") or seen
    known = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else _VERSION_MAX
    stream = follow_case(house, number, known, until)
    return ServerSentEvent(_events(stream), headers={"cache-control": "no-store"})


async def _events(stream: AsyncIterator[int | None]) -> AsyncIterator[ServerSentEventMessage]:
    yield ServerSentEventMessage(data=None, retry=RETRY_MILLISECONDS, comment="case")
    try:
        async for version in stream:
            if version is None:
                yield ServerSentEventMessage(data=None, comment="nothing new")
            else:
                yield ServerSentEventMessage(data=str(version), event="changed", id=str(version))
    except CountermandError:
        return  # the page comes back by itself, with the version it has seen last
    yield ServerSentEventMessage(data="over", event="over")


TALK_PAGES = (read_talk, stream_case, read_my_talk, say_in_my_talk, stream_my_talk)
