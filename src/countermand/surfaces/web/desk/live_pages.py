"""The operations board: the page, what keeps it going, and why one of its decisions was made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from countermand.cases.permissions import may_ever, role_lacks
from countermand.flows.decided_operations import recorded_operation
from countermand.flows.live_board import LINES_A_TURN, BoardNews, LiveBoard
from countermand.flows.show_case_account import shown_decided
from countermand.flows.show_notices import number_of
from countermand.flows.staff_sessions import still_in
from countermand.kernel.errors import CountermandError
from countermand.surfaces.http.visits import identifier, opened_of, staff_of
from countermand.surfaces.web.answers import page_language
from countermand.surfaces.web.desk.decision_view import decision_values
from countermand.surfaces.web.desk.frame import Asked, desk_page, house_of
from countermand.surfaces.web.desk.live_view import LinePress, shown_state
from countermand.surfaces.web.rendering import render
from countermand.vocabulary.staff import Staff, Verb

RETRY_MILLISECONDS = 1500
_PRESS = LinePress()


def _require_all_cases(staff: Staff) -> None:
    """Whoever sees single cases only sees no board. Raises Forbidden (`role_lacks_verb`)."""
    if not may_ever(staff.roles, Verb.LIST_CASES):
        raise role_lacks(Verb.LIST_CASES)


@get("/desk/live", page="staff", verb=Verb.READ_MONEY)
async def read_board(request: Asked) -> Response[bytes]:
    """What was decided and stopped just now; the page goes on by itself where scripts run."""
    _require_all_cases(staff_of(request))
    house = house_of(request)
    await house.board.ready()
    lines = list(house.board.lines)[-LINES_A_TURN:]
    zone, now = house.reception.timezone, house.clock.now()
    values: dict[str, Any] = {
        "lines": _PRESS.lines(lines, page_language(request), zone, now),
        "position": house.board.position or 0,
        "state": shown_state(house.board),
    }
    return desk_page(request, "live/board.html", **values, room="board")


@get("/desk/live/stream", page="staff", verb=Verb.READ_MONEY)
async def stream_board(request: Asked, after: FromQuery[str] = "") -> ServerSentEvent:
    """Each piece of news (server-sent events); `Last-Event-ID` goes on behind what was seen last."""
    _require_all_cases(staff_of(request))
    house, opened = house_of(request), opened_of(request)
    place = request.headers.get("last-event-id") or after
    behind = number_of(place, 0) if place else None
    await house.board.ready()
    news = house.board.follow(behind, partial(still_in, house.access, opened))
    told = partial(_told, house.board, page_language(request), house.reception.timezone)
    return ServerSentEvent(_events(news, told, house.board), headers={"cache-control": "no-store"})


async def _events(
    stream: AsyncIterator[BoardNews | None], told: Any, board: LiveBoard
) -> AsyncIterator[ServerSentEventMessage]:
    yield ServerSentEventMessage(data=None, retry=RETRY_MILLISECONDS, comment="board")
    try:
        async for news in stream:
            if news is None:
                yield ServerSentEventMessage(data="{}", event="away" if board.away else "quiet")
            else:
                yield ServerSentEventMessage(data=told(news), event="news", id=str(news.position))
    except CountermandError:
        return  # the browser comes back by itself, with the number it has seen last
    if not board.bell.closed:
        yield ServerSentEventMessage(data="{}", event="over")


def _told(board: LiveBoard, language: str, timezone: str, news: BoardNews) -> str:
    now, state = board.clock.now(), shown_state(board)
    beside = render("live/beside.html", language, timezone, {"state": state, "now": now}).decode()
    return msgspec.json.encode(
        {
            "lines": _PRESS.lines(list(news.lines), language, timezone, now),
            "count": len(news.lines),
            "skipped": news.skipped,
            "beside": beside,
            "counted": state["counted"],
        }
    ).decode()


@get("/desk/live/decisions/{decision:str}", page="staff", verb=Verb.READ_MONEY)
async def read_live_decision(request: Asked, decision: FromPath[str]) -> Response[bytes]:
    """Why, for a line of the board: everything masked, as on the board itself."""
    _require_all_cases(staff_of(request))
    house = house_of(request)
    stored = await recorded_operation(house.archive, identifier(decision, "decision"))
    values = {
        **await decision_values(house, stored, page_language(request)),
        "operation": shown_decided(stored.row.body),
    }
    return desk_page(request, "live/decision.html", **values, room="board")


LIVE_PAGES = (read_board, stream_board, read_live_decision)
