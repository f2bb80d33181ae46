"""The ordinary routes, one function each: read the request, set the story going, give its result."""

from __future__ import annotations

from typing import Any

import anyio
from anyio import to_process
from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.kernel.errors import NotFound, Unavailable
from countermand.policy.package import check_policy
from countermand.surfaces.http.measures import CONTENT_TYPE, Measures
from countermand.surfaces.http.messages import (
    FindingRow,
    FreezeRequest,
    Health,
    ListEntries,
    ListEntryRequest,
    LivePolicy,
    Policies,
    PolicyFiles,
    PolicyFindings,
    Readiness,
    RecordedOperation,
    Sentence,
)
from countermand.surfaces.http.ports import Stories
from countermand.surfaces.http.visits import identifier, visit_of
from countermand.kernel.text import Text
from countermand.vocabulary.operations import Identifier

Asked = Request[Any, Any, Any]
POLICY_BYTES_MAX = 4 * 1024 * 1024
CHECK_SECONDS_MAX = 30.0


def _stories(request: Asked) -> Stories:
    stories: Stories = request.app.state["stories"]
    return stories


@get("/v1/operations/{operation_id:str}", scope="read")
async def read_operation(request: Asked, operation_id: FromPath[str]) -> RecordedOperation:
    """An operation that was decided: what was sent, what was known, what was answered."""
    name = identifier(operation_id, "id")
    found = await _stories(request).find(name)
    if found is None:
        raise NotFound(
            "unknown_operation",
            "No operation with this id was decided here.",
            "此处没有裁决过该 id 的操作。",
        )
    return found


@post("/v1/accounts/{account_id:str}/freeze", scope="contain", status_code=200)
async def freeze_account(request: Asked, account_id: FromPath[str], data: JSONBody[FreezeRequest]) -> dict[str, Any]:
    """Freeze an account. When this answers, no decision made before the freeze can commit any more."""
    visit = visit_of(request.scope)
    account = identifier(account_id, "account")
    return await _stories(request).freeze(account, data.reason, visit.actor, visit.trace_id)


@delete("/v1/accounts/{account_id:str}/freeze", scope="contain", status_code=200)
async def lift_freeze(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """Lift the freeze of an account."""
    visit = visit_of(request.scope)
    return await _stories(request).lift(identifier(account_id, "account"), visit.actor, visit.trace_id)


@get("/v1/accounts/{account_id:str}", scope="read")
async def read_account(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """The profile of an account and what stands against it."""
    return await _stories(request).profile(identifier(account_id, "account"))


@put("/v1/accounts/{account_id:str}", scope="manage")
async def put_account(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """Replace the profile of an account: what the institution knows about it."""
    visit = visit_of(request.scope)
    account = identifier(account_id, "account")
    return await _stories(request).put_profile(account, await request.body(), visit.actor, visit.trace_id)


@get("/v1/lists/{list_name:str}/entries", scope="read")
async def read_entries(request: Asked, list_name: FromPath[str]) -> ListEntries:
    """The entries of a list."""
    name = identifier(list_name, "list")
    return ListEntries(name, await _stories(request).entries(name))


@post("/v1/lists/{list_name:str}/entries", scope="manage", status_code=200)
async def add_entry(request: Asked, list_name: FromPath[str], data: JSONBody[ListEntryRequest]) -> dict[str, Any]:
    """Put a value on a list; it counts for every decision from now on."""
    visit = visit_of(request.scope)
    name = identifier(list_name, "list")
    return await _stories(request).add_entry(name, data, visit.actor, visit.trace_id)


@delete("/v1/lists/{list_name:str}/entries", scope="manage", status_code=200)
async def remove_entry(
    request: Asked, list_name: FromPath[str], value: FromQuery[Identifier], reason: FromQuery[Sentence]
) -> dict[str, Any]:
    """Take a value off a list."""
    visit = visit_of(request.scope)
    name = identifier(list_name, "list")
    return await _stories(request).remove_entry(name, value, reason, visit.actor, visit.trace_id)


@get("/v1/policies", scope="policy")
async def read_policies(request: Asked) -> Policies:
    """The policies this server has recorded."""
    return Policies(await _stories(request).policies())


@get("/v1/policies/live", scope="policy")
async def read_live_policy(request: Asked) -> LivePolicy:
    """The policy that decides now, rule by rule."""
    return _stories(request).live_policy()


_ONE_CHECK = anyio.CapacityLimiter(1)


@post("/v1/policies/check", scope="policy", status_code=200, request_max_body_size=POLICY_BYTES_MAX)
async def check_policy_files(data: JSONBody[PolicyFiles]) -> PolicyFindings:
    """Check a policy folder without publishing it: every finding with file, line and column."""
    # Compiling a policy takes long enough to delay decisions, so it happens in a process of its own.
    with anyio.move_on_after(CHECK_SECONDS_MAX):
        found = await to_process.run_sync(check_policy, data.files, cancellable=True, limiter=_ONE_CHECK)
        rows = [
            FindingRow(one.code, one.at.file, one.at.line, one.at.column, Text(en=one.en, zh=one.zh))
            for one in found
        ]
        return PolicyFindings(not rows, rows)
    raise Unavailable(
        "check_timeout",
        f"The check took longer than {CHECK_SECONDS_MAX:.0f} seconds.",
        f"检查用时超过 {CHECK_SECONDS_MAX:.0f} 秒。",
    )


@get("/healthz", open=True)
async def health() -> Health:
    """The process is alive."""
    return Health("ok")


@get("/readyz", open=True)
async def readiness(request: Asked) -> Readiness:
    """Whether this server may decide: the database answers, the features are rebuilt, its epoch holds."""
    checks = await _stories(request).readiness()
    if all(checks.values()):
        return Readiness(True, checks)
    raise Unavailable(
        "not_ready",
        "This server does not decide now; the details say what is missing.",
        "本服务器目前不能裁决；details 说明缺少什么。",
        checks=checks,
    )


@get("/metrics", scope="read", open_on_loopback=True, media="text/plain")
async def metrics(request: Asked) -> Response[bytes]:
    """Counters and gauges in the Prometheus text format; open to the machine itself, else `read`."""
    measures: Measures = request.app.state["measures"]
    return Response(measures.text(), media_type=CONTENT_TYPE)


@get("/openapi.json", open=True, media="application/json")
async def contract(request: Asked) -> Response[bytes]:
    """This document."""
    return Response(request.app.state["document"], media_type="application/json")


ROUTE_HANDLERS = (
    read_operation, freeze_account, lift_freeze, read_account, put_account, read_entries, add_entry,
    remove_entry, read_policies, read_live_policy, check_policy_files, health, readiness, metrics, contract,
)  # fmt: skip
