"""What a customer keeps in hand: the limit for one operation, automatic debits, and what they were told."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.flows.keep_mandates import list_mandates, switch_off, switch_on
from countermand.flows.keep_own_limits import cancel_waiting_raise, put_limit, show_limit
from countermand.flows.show_notices import list_notices
from countermand.kernel.errors import BadRequest, CountermandError, Forbidden
from countermand.kernel.money import EXPONENTS, MINOR_MAX, minor_of
from countermand.surfaces.http.visits import holder_of_visit, identifier, visit_of
from countermand.surfaces.web.answers import Asked, page, see_other
from countermand.surfaces.web.filled import filled
from countermand.surfaces.web.mine.overview import done_of
from countermand.surfaces.web.mine.own import house_of
from countermand.vocabulary.operations import Amount

CURRENCIES = ("CNY", "USD", "EUR", "GBP", "HKD")


@get("/me/limit", page="holder")
async def read_limit(request: Asked, done: FromQuery[str] = "") -> Response[Any]:
    """The most that one operation may move."""
    return await _limit_page(request, done=done)


@post("/me/limit", page="holder", status_code=303)
async def write_limit(request: Asked) -> Response[Any]:
    """A lower limit holds at once. A higher one is proven first, and then waits."""
    holder, visit = holder_of_visit(request), visit_of(request.scope)
    form = await filled(request)
    typed, currency = form["amount"], form["currency"]
    try:
        limit = _amount(typed, currency)
        await put_limit(house_of(request).holders, holder.account, limit, None, visit.actor, visit.trace_id)
    except CountermandError as refusal:
        if refusal.http_status >= 500:
            raise
        return to_proof(refusal) or await _limit_page(
            request, refusal, {"amount": typed, "currency": currency}
        )
    return see_other("/me/limit?done=lowered")


@post("/me/limit/raise/end", page="holder", status_code=303)
async def end_raise(request: Asked) -> Response[Any]:
    """A raise that waits is taken back, at once."""
    holder, visit = holder_of_visit(request), visit_of(request.scope)
    await cancel_waiting_raise(house_of(request).holders, holder.account, visit.actor, visit.trace_id)
    return see_other("/me/limit")


@get("/me/debits", page="holder")
async def read_debits(request: Asked, done: FromQuery[str] = "") -> Response[Any]:
    """Who collects by themselves, and the switch for each."""
    holder = holder_of_visit(request)
    found = await list_mandates(house_of(request).holders, holder.account)
    return page(request, "mine/debits.html", holder=holder, debits=found["mandates"], done=done_of(done))


@post("/me/debits/{mandate_id:str}/off", page="holder", status_code=303)
async def end_debit(request: Asked, mandate_id: FromPath[str]) -> Response[Any]:
    """Off before its next run. Raises NotFound (`unknown_mandate`)."""
    holder, visit = holder_of_visit(request), visit_of(request.scope)
    mandate = identifier(mandate_id, "mandate_id")
    await switch_off(house_of(request).holders, holder.account, mandate, visit.actor, visit.trace_id)
    return see_other("/me/debits?done=off")


@post("/me/debits/{mandate_id:str}/on", page="holder", status_code=303)
async def begin_debit(request: Asked, mandate_id: FromPath[str]) -> Response[Any]:
    """On again, once it is proven who asks. Raises NotFound (`unknown_mandate`), Conflict."""
    holder, visit = holder_of_visit(request), visit_of(request.scope)
    mandate = identifier(mandate_id, "mandate_id")
    try:
        await switch_on(house_of(request).holders, holder.account, mandate, None, visit.actor, visit.trace_id)
    except Forbidden as refusal:
        if (there := to_proof(refusal)) is None:
            raise
        return there
    return see_other("/me/debits?done=on")


@get("/me/notices", page="holder")
async def read_notices(request: Asked, before: FromQuery[str] = "") -> Response[Any]:
    """Everything they were told, newest first."""
    holder = holder_of_visit(request)
    found = await list_notices(house_of(request), holder.account, before)
    return page(request, "mine/notices.html", holder=holder, notices=found["notices"])


async def _limit_page(
    request: Asked,
    refusal: CountermandError | None = None,
    typed: dict[str, str] | None = None,
    *,
    done: str = "",
) -> Response[Any]:
    holder = holder_of_visit(request)
    shown = await show_limit(house_of(request).holders, holder.account)
    kept = shown["limit"]
    return page(
        request,
        "mine/limit.html",
        status=200 if refusal is None else refusal.http_status,
        holder=holder,
        limit=kept,
        waiting=shown["raise"],
        refusal=refusal,
        done=done_of(done),
        typed=typed or {"amount": "", "currency": kept["currency"] if kept else CURRENCIES[0]},
        currencies=CURRENCIES,
    )


def to_proof(refusal: CountermandError) -> Response[Any] | None:
    """On to the page where it is proven who asks, where that alone is missing."""
    if refusal.code != "confirmation_needed":
        return None
    purpose, ref = refusal.details["purpose"], quote(refusal.details["ref"], safe="")
    return see_other(f"/me/challenges/{ref}?purpose={purpose}")


def _amount(typed: str, currency: str) -> Amount:
    """Raises BadRequest (`invalid_amount`)."""
    try:
        minor = minor_of(typed.replace(",", "").replace("，", ""), currency)
    except ValueError:
        minor = -1
    if currency not in EXPONENTS or not 0 < minor <= MINOR_MAX:
        raise BadRequest(
            "invalid_amount",
            "Type an amount such as 2000 or 1999.50.",
            "请填写金额，例如 2000 或 1999.50。",
            field="amount",
        )
    return Amount(minor, currency)


KEEPING_PAGES = (read_limit, write_limit, end_raise, read_debits, end_debit, begin_debit, read_notices)
