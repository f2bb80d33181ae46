"""The queue rail on its own, and what search finds: where an agent chooses the next case."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromQuery

from countermand.cases.permissions import may_ever
from countermand.flows.find_cases import search_cases
from countermand.kernel.errors import BadRequest
from countermand.surfaces.http.visits import staff_of
from countermand.surfaces.web.answers import see_other
from countermand.surfaces.web.desk.frame import Asked, desk_page, house_of, rail_of
from countermand.vocabulary.staff import Verb


@get("/desk", page="staff", verb=Verb.READ_CASE)
async def read_queue(
    request: Asked, queue: FromQuery[str] = "", after: FromQuery[str] = ""
) -> Response[bytes]:
    """The queues and the cases of one, the nearest clock first; whoever lists none goes to what is theirs."""
    if not may_ever(staff_of(request).roles, Verb.LIST_CASES):
        return see_other("/desk/opened")
    return desk_page(request, "desk/queue.html", rail=await rail_of(request, queue, after), room="cases")


@get("/desk/rail", page="staff", verb=Verb.READ_CASE)
async def read_rail(
    request: Asked, queue: FromQuery[str] = "", after: FromQuery[str] = "", at: FromQuery[str] = ""
) -> Response[bytes]:
    """The rail alone, as it is now; `at` is the case that is open beside it."""
    return desk_page(request, "desk/rail.html", rail=await rail_of(request, queue, after), at=at)


@get("/desk/search", page="staff", verb=Verb.LIST_CASES)
async def search(request: Asked, q: FromQuery[str] = "", after: FromQuery[str] = "") -> Response[bytes]:
    """Cases by number, tag, words and whole numbers said in them."""
    found, refusal = None, None
    try:
        found = await search_cases(house_of(request).reception, q, staff_of(request).name, after)
    except BadRequest as refused:
        refusal = refused
    rail = await rail_of(request)
    status = 200 if refusal is None else refusal.http_status
    values: dict[str, Any] = {"found": found, "refusal": refusal, "q": q, "rail": rail, "room": "cases"}
    return desk_page(request, "desk/search.html", status=status, **values)


QUEUE_PAGES = (read_queue, read_rail, search)
