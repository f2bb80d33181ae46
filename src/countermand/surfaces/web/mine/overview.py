"""The first of a customer's own pages: what is stopped, what waits, and what happened last."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.flows.revoke_hold import revoke_hold
from countermand.flows.show_history import show_history
from countermand.flows.show_holds import list_holds, show_hold
from countermand.flows.show_incoming import show_incoming
from countermand.flows.show_orders import show_orders
from countermand.surfaces.http.visits import holder_of_visit, visit_of
from countermand.surfaces.web.answers import Asked, page, see_other
from countermand.surfaces.web.mine.own import house_of, own_hold
from countermand.vocabulary.holds import HoldState
from countermand.vocabulary.operation_words import KIND_WORDS

LAST_ROWS = 5
DONE = frozenset({"revoked", "lowered", "off", "on", "raise_asked"})


@get("/me", page="holder")
async def read_overview(request: Asked, done: FromQuery[str] = "") -> Response[Any]:
    """What is stopped now, what can still be taken back, and the last operations."""
    house, holder = house_of(request), holder_of_visit(request)
    orders = await show_orders(house, holder.account)
    waiting = await list_holds(house, holder.account, HoldState.OPEN)
    holds = [await show_hold(house, one["operation"]) for one in waiting["holds"][:20]]
    coming = await show_incoming(house.holds, holder.account)
    past = await show_history(house.archive, holder.account)
    return page(
        request,
        "mine/overview.html",
        holder=holder,
        done=done_of(done),
        orders=orders["orders"],
        holds=[_shown(one) for one in holds],
        incoming=coming["incoming"],
        rows=past.rows[:LAST_ROWS],
    )


@post("/me/holds/{operation_id:str}/revoke", page="holder", status_code=303)
async def take_back(request: Asked, operation_id: FromPath[str]) -> Response[Any]:
    """It never takes effect. Raises NotFound (`unknown_hold`) for another account's too, Conflict."""
    house, hold = house_of(request), await own_hold(request, operation_id)
    visit = visit_of(request.scope)
    await revoke_hold(house, hold.operation, "customer", visit.actor, visit.trace_id)
    return see_other("/me?done=revoked")


def done_of(word: str) -> str | None:
    """What was just done, as the words know it; None for anything else in the address."""
    return word if word in DONE else None


def _shown(hold: dict[str, Any]) -> dict[str, Any]:
    return {
        **hold,
        "said": KIND_WORDS[hold["kind"]],
        "ends": hold["expires_at"] if hold["waits_for"] else hold["until"],
    }


OVERVIEW_PAGES = (read_overview, take_back)
