"""A customer's history, and "that was not me" on every line of it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromQuery

from countermand.flows.decided_operations import recorded_operation
from countermand.flows.receive_report import receive_report
from countermand.flows.show_history import history_file, show_history
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.errors import NotFound
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.visits import holder_of_visit, visit_of
from countermand.surfaces.web.answers import HEADERS, Asked, page, page_language
from countermand.surfaces.web.filled import filled
from countermand.surfaces.web.mine.overview import house_of
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.reports import Channel, Report, Sender, Standing
from countermand.vocabulary.triage import Answers

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
    row = None if not operation else await _own(house, holder.account, operation)
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
        await _own(house, holder.account, operation)
    stop = ASKED.get(form["stop"], Preset.OUTGOING)
    now, trace = house.clock.now(), visit_of(request.scope).trace_id
    said = {"account": holder.account, "operation": operation, "stop": stop.value}
    report = Report(
        channel=Channel.APP,
        key=f"{holder.session.id} {operation or 'account'} {stop.value}",
        received_at=now,
        raw=canonical_bytes(said),
        text="这不是我本人操作。" if page_language(request) == "zh" else "That was not me.",
        sender=Sender(address=holder.account, standing=Standing.PROVEN),
        language=page_language(request),
        account=holder.account,
        operations=(operation,) if operation else (),
        stop=stop,
        answers=Answers(),
    )
    received = await receive_report(house.reception, report, "portal", trace, with_secret=True)
    return page(request, "mine/stopped.html", holder=holder, told=received.answer)


async def _own(house: House, account: str, operation: str) -> dict[str, Any]:
    """An operation of this account. Raises NotFound (`unknown_operation`) for another's as for none."""
    found = await recorded_operation(house.archive, operation)
    if found.row.account != account or found.row.id != operation:
        raise NotFound(
            "unknown_operation", "There is no such operation on your account.", "您的账户没有这笔操作。"
        )
    return {"id": found.row.id, "kind": found.row.kind, "at": found.row.occurred_at}


PAST_PAGES = (read_history, read_history_file, read_not_me, say_not_me)
