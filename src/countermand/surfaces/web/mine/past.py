"""A customer's history, and "that was not me" on every line of it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromQuery

from countermand.flows.show_history import history_file, show_history
from countermand.surfaces.http.visits import holder_of_visit
from countermand.surfaces.web.answers import HEADERS, Asked, page, page_language
from countermand.surfaces.web.filled import filled
from countermand.surfaces.web.mine.own import house_of, own_operation, report_not_me
from countermand.vocabulary.incidents import Preset

CSV = "text/csv; charset=utf-8"
ASKED = {"outgoing": Preset.OUTGOING, "everything": Preset.EVERYTHING}


@get("/me/history", page="holder")
async def read_history(request: Asked, after: FromQuery[str] = "") -> Response[Any]:
    """Every sign-in and operation, newest first, fifty at a time."""
    holder = holder_of_visit(request)
    found = await show_history(house_of(request).archive, holder.account, after)
    return page(request, "mine/history.html", holder=holder, rows=found.rows, next=found.next)


@get("/me/history.csv", page="holder")
async def read_history_file(request: Asked) -> Response[bytes]:
    """The same to keep: the last five thousand lines."""
    holder = holder_of_visit(request)
    content = await history_file(house_of(request).archive, holder.account, page_language(request))
    named = {"content-disposition": 'attachment; filename="history.csv"'}
    return Response(content, media_type=CSV, headers={**HEADERS, **named})


@get("/me/not-me", page="holder")
async def read_not_me(request: Asked, operation: FromQuery[str] = "") -> Response[Any]:
    """Two choices, and nothing else; the operation it began with stands above them."""
    house, holder = house_of(request), holder_of_visit(request)
    row = None if not operation else await own_operation(house, holder.account, operation)
    return page(request, "mine/not_me.html", holder=holder, operation=row)


@post("/me/not-me", page="holder", status_code=200)
async def say_not_me(request: Asked) -> Response[Any]:
    """It is stopped, and the case is open. The page is answered at once: the sign-in may have ended with it.

    Sent again by the same session about the same operation, it is the same report.
    """
    house, holder = house_of(request), holder_of_visit(request)
    form = await filled(request)
    operation = form["operation"]
    if operation:
        await own_operation(house, holder.account, operation)
    told = await report_not_me(request, operation, ASKED.get(form["stop"], Preset.OUTGOING))
    return page(request, "mine/stopped.html", holder=holder, told=told)


PAST_PAGES = (read_history, read_history_file, read_not_me, say_not_me)
