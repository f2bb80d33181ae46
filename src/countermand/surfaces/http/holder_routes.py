"""The routes of what holders keep themselves: limit, automatic debits, what stands against them."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody

from countermand.flows.keep_mandates import list_mandates, switch_off, switch_on, tell_mandate
from countermand.flows.keep_own_limits import cancel_waiting_raise, put_limit, show_limit
from countermand.flows.show_orders import show_orders
from countermand.surfaces.http.holder_messages import (
    LimitRequest,
    LimitShown,
    MandateList,
    MandateOnRequest,
    MandateRequest,
    MandateShown,
    OrdersShown,
)
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.visits import identifier, visit_of

Asked = Request[Any, Any, Any]


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


@get("/v1/accounts/{account_id:str}/limit", scope="read", gives=LimitShown)
async def read_limit(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """The holder's own limit for one operation, and the raise that waits."""
    return await show_limit(_house(request).holders, identifier(account_id, "account_id"))


@put("/v1/accounts/{account_id:str}/limit", scope="confirm", gives=LimitShown, refuses=(409,))
async def write_limit(
    request: Asked, account_id: FromPath[str], data: JSONBody[LimitRequest]
) -> dict[str, Any]:
    """Lower: it binds at once. Raise or remove: with a proof, and after 12 or 24 hours. Again: the same."""
    visit = visit_of(request.scope)
    account = identifier(account_id, "account_id")
    holders = _house(request).holders
    return await put_limit(holders, account, data.limit, data.confirmation, visit.actor, visit.trace_id)


@delete("/v1/accounts/{account_id:str}/limit/raise", scope="confirm", status_code=200, gives=LimitShown)
async def end_raise(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """Take a waiting raise back, at once and through any channel; where none waits: nothing."""
    visit = visit_of(request.scope)
    account = identifier(account_id, "account_id")
    return await cancel_waiting_raise(_house(request).holders, account, visit.actor, visit.trace_id)


@get("/v1/accounts/{account_id:str}/mandates", scope="read", gives=MandateList)
async def read_mandates(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """The automatic debits of an account, on and off."""
    return await list_mandates(_house(request).holders, identifier(account_id, "account_id"))


@put("/v1/accounts/{account_id:str}/mandates/{mandate_id:str}", scope="manage", gives=MandateShown)
async def write_mandate(
    request: Asked, account_id: FromPath[str], mandate_id: FromPath[str], data: JSONBody[MandateRequest]
) -> dict[str, Any]:
    """The institution says what an automatic debit is; it says nothing about whether it is on."""
    visit = visit_of(request.scope)
    return await tell_mandate(
        _house(request).holders,
        identifier(account_id, "account_id"),
        identifier(mandate_id, "mandate_id"),
        data.payee,
        data.at_most,
        visit.actor,
        visit.trace_id,
    )


@post(
    "/v1/accounts/{account_id:str}/mandates/{mandate_id:str}/off",
    scope="confirm",
    status_code=200,
    gives=MandateShown,
)
async def end_mandate(request: Asked, account_id: FromPath[str], mandate_id: FromPath[str]) -> dict[str, Any]:
    """Switch an automatic debit off: the next debit is denied, and one that waits is taken back."""
    visit = visit_of(request.scope)
    account, mandate = identifier(account_id, "account_id"), identifier(mandate_id, "mandate_id")
    return await switch_off(_house(request).holders, account, mandate, visit.actor, visit.trace_id)


@post(
    "/v1/accounts/{account_id:str}/mandates/{mandate_id:str}/on",
    scope="confirm",
    status_code=200,
    gives=MandateShown,
    refuses=(404, 409),
)
async def begin_mandate(
    request: Asked, account_id: FromPath[str], mandate_id: FromPath[str], data: JSONBody[MandateOnRequest]
) -> dict[str, Any]:
    """Switch an automatic debit on again, with the holder's proof."""
    visit = visit_of(request.scope)
    account, mandate = identifier(account_id, "account_id"), identifier(mandate_id, "mandate_id")
    holders = _house(request).holders
    return await switch_on(holders, account, mandate, data.confirmation, visit.actor, visit.trace_id)


@get("/v1/accounts/{account_id:str}/orders", scope="read", gives=OrdersShown)
async def read_orders(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """What stands against an account now: each order in words, what ends it, and when it ends by itself."""
    return await show_orders(_house(request), identifier(account_id, "account_id"))


HOLDER_HANDLERS = (
    read_limit, write_limit, end_raise, read_mandates, write_mandate, end_mandate, begin_mandate, read_orders,
)  # fmt: skip
