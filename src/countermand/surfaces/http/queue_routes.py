"""The doors of finding cases: lists by the nearest clock, saved queues, search, and how the desk does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, delete, get, put
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.cases.permissions import may_ever, role_lacks
from countermand.flows.desk_measures import desk_measures
from countermand.flows.find_cases import (
    drop_queue,
    filter_of,
    list_cases,
    list_queues,
    save_queue,
    search_cases,
)
from countermand.flows.reception import Reception
from countermand.kernel.clock import micros_of
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.queue_messages import (
    CasePage,
    MeasuresShown,
    QueueKept,
    QueueList,
    QueueRequest,
    Removed,
    SearchShown,
)
from countermand.surfaces.http.visits import identifier, staff_of, visit_of
from countermand.vocabulary.queues import QueueFilter
from countermand.vocabulary.staff import Verb

Asked = Request[Any, Any, Any]
_WORDS = frozenset({"stage", "ball", "risk", "category", "channel", "contained"})
_ONE_WORD = frozenset({"order"})
_FLAGS = frozenset({"proven", "unowned", "overdue", "warned", "snoozed"})
_NAMES = frozenset({"owner", "team", "tag", "account", "person"})
_INSTANTS = {"from": "heard_from", "until": "heard_until"}
FILTERS = tuple(sorted(_WORDS | _ONE_WORD | _FLAGS | _NAMES | _INSTANTS.keys()))


def _reception(request: Asked) -> Reception:
    house: House = request.app.state["house"]
    return house.reception


@get("/v1/cases", scope="desk", verb=Verb.LIST_CASES, gives=CasePage, asks=FILTERS, refuses=(404,))
async def read_cases(
    request: Asked, queue: FromQuery[str] = "", after: FromQuery[str] = ""
) -> dict[str, Any]:
    """Cases, the nearest clock first unless `order` says otherwise: of a `queue`, or let through by filters.

    Several words of one filter are separated by commas; `from` and `until` are RFC 3339 instants.
    """
    reception, me = _reception(request), visit_of(request.scope).actor
    given = {name: text for name, text in request.query_params.items() if name in FILTERS}
    if queue and given:
        raise invalid_request("a queue has its filters already; give one or the other", "queue")
    wanted = await filter_of(reception, queue, me) if queue else _filter(given)
    return await list_cases(reception, wanted, me, after)


@get("/v1/cases/search", scope="desk", verb=Verb.READ_MESSAGES, gives=SearchShown)
async def find_cases(request: Asked, q: FromQuery[str] = "", after: FromQuery[str] = "") -> dict[str, Any]:
    """Cases by number, tag, words of masked messages, or a whole number that was said in them."""
    # Who is let into single cases reads words, and yet must not look through all of them.
    if not may_ever(staff_of(request).roles, Verb.LIST_CASES):
        raise role_lacks(Verb.LIST_CASES)
    return await search_cases(_reception(request), q, visit_of(request.scope).actor, after)


@get("/v1/queues", scope="desk", verb=Verb.LIST_CASES, gives=QueueList)
async def read_queues(request: Asked) -> dict[str, Any]:
    """The queues of whoever asks, each with how many cases are in it now."""
    return await list_queues(_reception(request), visit_of(request.scope).actor)


@put(
    "/v1/queues/{name:str}",
    scope="desk",
    verb=Verb.LIST_CASES,
    status_code=200,
    gives=QueueKept,
    refuses=(409,),
)
async def put_queue(request: Asked, name: FromPath[str], data: JSONBody[QueueRequest]) -> dict[str, Any]:
    """Keep a filter under a name, for oneself or shared with everybody."""
    me = visit_of(request.scope).actor
    return await save_queue(
        _reception(request), identifier(name, "name"), data.filter, me, shared=data.shared
    )


@delete(
    "/v1/queues/{name:str}",
    scope="desk",
    verb=Verb.LIST_CASES,
    status_code=200,
    gives=Removed,
    refuses=(404,),
)
async def delete_queue(
    request: Asked, name: FromPath[str], shared: FromQuery[str] = "false"
) -> dict[str, Any]:
    """Forget a queue of one's own, or with `shared=true` one of everybody's."""
    me = visit_of(request.scope).actor
    return await drop_queue(_reception(request), identifier(name, "name"), me, shared=_flag("shared", shared))


@get("/v1/desk/measures", scope="desk", verb=Verb.LIST_CASES, gives=MeasuresShown, asks=("from", "until"))
async def read_desk_measures(request: Asked) -> dict[str, Any]:
    """How the desk does: first human contacts within a day, times by stage, breaches, earliness of reports.

    `from` and `until` are RFC 3339 instants; without them, the last 30 days.
    """
    span = {
        name: _instant(name, request.query_params[name]) for name in _INSTANTS if name in request.query_params
    }
    return await desk_measures(_reception(request), span.get("from"), span.get("until"))


def _filter(given: dict[str, str]) -> QueueFilter:
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name in _WORDS:
            values[name] = tuple(word for word in text.split(",") if word)
        elif name in _FLAGS:
            values[name] = _flag(name, text)
        elif name in _NAMES | _ONE_WORD:
            values[name] = text
        else:
            values[_INSTANTS[name]] = _instant(name, text)
    try:
        return msgspec.convert(values, QueueFilter)
    except msgspec.ValidationError as error:
        raise invalid_request(str(error), "filter") from None


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise invalid_request("it is true or false", name)
    return text == "true"


def _instant(name: str, text: str) -> int:
    try:
        return micros_of(datetime.fromisoformat(text))
    except (ValueError, TypeError, OverflowError):
        raise invalid_request("it is no RFC 3339 time with an offset", name) from None


QUEUE_HANDLERS = (
    read_cases, find_cases, read_queues, put_queue, delete_queue, read_desk_measures,
)  # fmt: skip
