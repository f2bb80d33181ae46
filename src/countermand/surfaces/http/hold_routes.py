"""The routes of held operations: look, take back, end the wait early; and the permit to execute."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.confirmation.permits import published
from countermand.flows.give_permit import give_permit
from countermand.flows.release_hold import release_hold
from countermand.flows.revoke_hold import revoke_hold
from countermand.flows.show_holds import list_holds, show_hold
from countermand.flows.show_incoming import show_incoming
from countermand.surfaces.http.hold_messages import (
    HoldPage,
    HoldShown,
    HoldStatus,
    IncomingPage,
    PermitKeys,
    PermitShown,
    ReleaseRequest,
    RevokedShown,
    RevokeRequest,
)
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, visit_of

Asked = Request[Any, Any, Any]


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


@get("/v1/operations/{operation_id:str}/hold", scope="read", gives=HoldStatus)
async def read_hold(request: Asked, operation_id: FromPath[str]) -> dict[str, Any]:
    """Where a held operation stands: the countdown, what it waits for, until when, how to undo it."""
    return await show_hold(_house(request), identifier(operation_id, "operation_id"))


@post(
    "/v1/operations/{operation_id:str}/revoke",
    scope="confirm",
    status_code=200,
    gives=RevokedShown,
    refuses=(409,),
)
async def put_revocation(
    request: Asked, operation_id: FromPath[str], data: JSONBody[RevokeRequest]
) -> dict[str, Any]:
    """Take a held operation back. When this answers `revoked`, it never takes effect; again: the same."""
    visit, operation = visit_of(request.scope), identifier(operation_id, "operation_id")
    return await revoke_hold(_house(request), operation, data.cause, visit.actor, visit.trace_id)


@post(
    "/v1/operations/{operation_id:str}/release",
    scope="confirm",
    status_code=200,
    gives=HoldShown,
    refuses=(409,),
)
async def put_release(
    request: Asked, operation_id: FromPath[str], data: JSONBody[ReleaseRequest]
) -> dict[str, Any]:
    """End the wait early, by a stronger proof than before from another device and session."""
    visit, operation = visit_of(request.scope), identifier(operation_id, "operation_id")
    return await release_hold(_house(request), operation, data.proof, visit.actor, visit.trace_id)


@post(
    "/v1/operations/{operation_id:str}/permit",
    fresh=True,
    scope="decide",
    status_code=200,
    gives=PermitShown,
    refuses=(409,),
)
async def put_permit(request: Asked, operation_id: FromPath[str]) -> dict[str, Any]:
    """A signed permit for an operation that was allowed or released; refused while anything is missing."""
    visit, operation = visit_of(request.scope), identifier(operation_id, "operation_id")
    return await give_permit(_house(request), operation, visit.actor, visit.trace_id)


@get("/v1/permits/keys", open=True)
async def read_permit_keys(request: Asked) -> PermitKeys:
    """The public keys that permits are checked with."""
    return PermitKeys(published(_house(request).permit_keys)["keys"])


@get("/v1/holds", scope="read", gives=HoldPage, asks=("state",))
async def read_holds(
    request: Asked, account: FromQuery[str] = "", after: FromQuery[str] = ""
) -> dict[str, Any]:
    """Holds of an account in a state, by operation from behind `after`, with what it has reserved."""
    unknown = sorted(set(request.query_params) - {"account", "state", "after"})
    if unknown:  # a misspelt account would otherwise list everybody's
        raise invalid_request("there is no such parameter", unknown[0])
    asked = identifier(account, "account") if account else None
    state = request.query_params.get("state")  # as an argument the name belongs to the framework
    return await list_holds(_house(request), asked, state or None, after)


@get("/v1/accounts/{account_id:str}/incoming", scope="read", gives=IncomingPage)
async def read_incoming(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """Payments that wait on their way to an account of yours: pending, and nothing of who sends them."""
    return await show_incoming(_house(request).holds, identifier(account_id, "account_id"))


HOLD_HANDLERS = (
    read_hold,
    put_revocation,
    put_release,
    put_permit,
    read_permit_keys,
    read_holds,
    read_incoming,
)
