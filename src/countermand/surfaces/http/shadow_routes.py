"""The routes of shadow policies: candidates that follow the operations and decide nothing."""

from __future__ import annotations

from typing import Any

import anyio
from anyio import to_process
from litestar import Request, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.flows.keep_shadows import (
    add_shadow,
    checked_policy,
    compare_shadow,
    list_shadows,
    live_files,
    pause_shadow,
    remove_shadow,
    resume_shadow,
)
from countermand.kernel.errors import Unavailable
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.shadow_messages import (
    ShadowDifference,
    ShadowPage,
    ShadowRemoved,
    ShadowRequest,
    ShadowShown,
)
from countermand.surfaces.http.visits import identifier, visit_of

Asked = Request[Any, Any, Any]
POLICY_BYTES_MAX = 4 * 1024 * 1024
CHECK_SECONDS_MAX = 30.0
DAYS_MAX = 36_500
_ONE_CHECK = anyio.CapacityLimiter(1)


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


@get("/v1/shadows", scope="policy", gives=ShadowPage)
async def read_shadows(request: Asked) -> dict[str, Any]:
    """Every shadow policy, and where it stands."""
    return {"shadows": await list_shadows(_house(request))}


@post(
    "/v1/shadows",
    scope="policy",
    status_code=200,
    request_max_body_size=POLICY_BYTES_MAX,
    gives=ShadowShown,
    refuses=(409, 422),
)
async def start_shadow(request: Asked, data: JSONBody[ShadowRequest]) -> dict[str, Any]:
    """Let a policy follow the operations from now on. It is checked first, and it decides nothing."""
    house, visit = _house(request), visit_of(request.scope)
    # Compiling takes long enough to delay decisions, so it happens in a process of its own.
    with anyio.move_on_after(CHECK_SECONDS_MAX):
        live = await live_files(house.policy_shelf)
        checked = await to_process.run_sync(
            checked_policy, data.files, live, cancellable=True, limiter=_ONE_CHECK
        )
        return await add_shadow(house, data.name, data.files, checked, visit.actor, visit.trace_id)
    raise Unavailable(
        "check_timeout",
        f"The check took longer than {CHECK_SECONDS_MAX:.0f} seconds.",
        f"检查用时超过 {CHECK_SECONDS_MAX:.0f} 秒。",
    )


@get("/v1/shadows/{shadow:str}/diff", scope="policy", gives=ShadowDifference)
async def read_shadow_difference(
    request: Asked, shadow: FromPath[str], days: FromQuery[str] = ""
) -> dict[str, Any]:
    """What would have changed, over the last `days` (default: since it was added)."""
    name = identifier(shadow, "shadow")
    if days and not (days.isascii() and days.isdigit() and 0 < int(days) <= DAYS_MAX):
        raise invalid_request(f"days is a whole number from 1 to {DAYS_MAX}", "days")
    return await compare_shadow(_house(request), name, int(days) if days else None)


@post("/v1/shadows/{shadow:str}/pause", scope="policy", status_code=200, gives=ShadowShown)
async def stop_shadow(request: Asked, shadow: FromPath[str]) -> dict[str, Any]:
    """Stop a shadow; its results and its place stay. One that is paused stays as it is."""
    visit = visit_of(request.scope)
    return await pause_shadow(_house(request), identifier(shadow, "shadow"), visit.actor, visit.trace_id)


@post("/v1/shadows/{shadow:str}/resume", scope="policy", status_code=200, gives=ShadowShown)
async def continue_shadow(request: Asked, shadow: FromPath[str]) -> dict[str, Any]:
    """Let a paused shadow go on where it stopped."""
    visit = visit_of(request.scope)
    return await resume_shadow(_house(request), identifier(shadow, "shadow"), visit.actor, visit.trace_id)


@delete("/v1/shadows/{shadow:str}", scope="policy", status_code=200, gives=ShadowRemoved)
async def delete_shadow(request: Asked, shadow: FromPath[str]) -> dict[str, Any]:
    """Forget a shadow and all its results."""
    visit = visit_of(request.scope)
    return await remove_shadow(_house(request), identifier(shadow, "shadow"), visit.actor, visit.trace_id)


SHADOW_HANDLERS = (
    read_shadows, start_shadow, read_shadow_difference, stop_shadow, continue_shadow, delete_shadow,
)  # fmt: skip
