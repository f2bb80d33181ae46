"""The ordinary routes, one function each: read the request, set the story going, give its result."""

from __future__ import annotations

from typing import Any

import anyio
from anyio import to_process
from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.flows.decided_operations import recorded_operation
from countermand.flows.freeze_account import freeze_account, lift_freeze
from countermand.flows.keep_lists import add_entry, entries, remove_entry
from countermand.flows.keep_profiles import put_profile, show_profile
from countermand.flows.label_history import label_history
from countermand.flows.record_labels import LabelShown, label_operation
from countermand.kernel.errors import Unavailable
from countermand.kernel.text import Text
from countermand.policy.package import check_policy
from countermand.surfaces.http.agreement_routes import AGREEMENT_HANDLERS
from countermand.surfaces.http.bundle_routes import BUNDLE_HANDLERS
from countermand.surfaces.http.challenge_routes import CHALLENGE_HANDLERS
from countermand.surfaces.http.channel_routes import CHANNEL_HANDLERS
from countermand.surfaces.http.containment_routes import CONTAINMENT_HANDLERS
from countermand.surfaces.http.desk_routes import DESK_HANDLERS
from countermand.surfaces.http.entry_routes import ENTRY_HANDLERS
from countermand.surfaces.http.evidence_routes import EVIDENCE_HANDLERS
from countermand.surfaces.http.hold_routes import HOLD_HANDLERS
from countermand.surfaces.http.holder_routes import HOLDER_HANDLERS
from countermand.surfaces.http.knowledge_routes import KNOWLEDGE_HANDLERS
from countermand.surfaces.http.log_routes import LOG_HANDLERS
from countermand.surfaces.http.measures import CONTENT_TYPE, Measures
from countermand.surfaces.http.messages import (
    AccountShown,
    AccountStanding,
    FindingRow,
    FreezeRequest,
    Health,
    LabelHistory,
    LabelResults,
    ListEntryRemoved,
    ListEntryRequest,
    ListEntryShown,
    ListPage,
    LivePolicy,
    PolicyFiles,
    PolicyFindings,
    PolicyVersions,
    Ready,
    RecordedOperation,
    RuleRow,
)
from countermand.surfaces.http.notice_routes import NOTICE_HANDLERS
from countermand.surfaces.http.official_routes import OFFICIAL_HANDLERS
from countermand.surfaces.http.paper_routes import PAPER_HANDLERS
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import language_of
from countermand.surfaces.http.publishing import PUBLISHING_HANDLERS
from countermand.surfaces.http.queue_routes import QUEUE_HANDLERS
from countermand.surfaces.http.reading_routes import READING_HANDLERS
from countermand.surfaces.http.receipt_routes import RECEIPT_HANDLERS
from countermand.surfaces.http.records import shown_label, shown_operation
from countermand.surfaces.http.report_routes import REPORT_HANDLERS
from countermand.surfaces.http.shadow_routes import SHADOW_HANDLERS
from countermand.surfaces.http.thresholds import THRESHOLD_HANDLERS
from countermand.surfaces.http.visits import identifier, visit_of
from countermand.surfaces.http.webhook_routes import WEBHOOK_HANDLERS
from countermand.vocabulary.labels import Label, LabelBatch, LabelRequest
from countermand.vocabulary.parties import AccountProfile, read_profile

Asked = Request[Any, Any, Any]
POLICY_BYTES_MAX = 4 * 1024 * 1024
LABELS_BYTES_MAX = 1024 * 1024
CHECK_SECONDS_MAX = 30.0
# Shown, but no reason to send operations elsewhere: with a clock it distrusts it only releases nothing.
TOLD_ONLY = frozenset({"clock"})


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


@get("/v1/operations/{operation_id:str}", scope="read")
async def read_operation(request: Asked, operation_id: FromPath[str]) -> RecordedOperation:
    """An operation that was decided: what was sent, what was known, what was answered."""
    house = _house(request)
    found = await recorded_operation(house.archive, identifier(operation_id, "operation_id"))
    return await shown_operation(house, found)


@post("/v1/operations/{operation_id:str}/label", scope="manage", status_code=200, gives=LabelShown)
async def put_label(
    request: Asked, operation_id: FromPath[str], data: JSONBody[LabelRequest]
) -> dict[str, Any]:
    """Say what an operation turned out to be; every operation decided from now on knows it."""
    visit = visit_of(request.scope)
    operation = identifier(operation_id, "operation_id")
    label = Label(data.fraud, data.source, data.known_at, operation=operation)
    return shown_label(await label_operation(_house(request), label, visit.actor, visit.trace_id))


@get("/v1/operations/{operation_id:str}/labels", scope="read", gives=LabelHistory)
async def read_labels(
    request: Asked, operation_id: FromPath[str], after: FromQuery[str] = ""
) -> dict[str, Any]:
    """Every label and correction of an operation, in their order, from behind the label `after`."""
    return await label_history(_house(request), identifier(operation_id, "operation_id"), after)


@post(
    "/v1/labels", scope="manage", status_code=200, request_max_body_size=LABELS_BYTES_MAX, gives=LabelResults
)
async def put_labels(request: Asked, data: JSONBody[LabelBatch]) -> dict[str, Any]:
    """Up to 1,000 labels, one result or error each, in order."""
    visit = visit_of(request.scope)
    results = await _house(request).decider.label_many(data.labels, visit.actor, visit.trace_id)
    language = language_of(request.headers.get("accept-language"))
    return {"results": [shown_label(one, language, visit.trace_id) for one in results]}


@post("/v1/accounts/{account_id:str}/freeze", scope="contain", status_code=200, gives=AccountStanding)
async def place_freeze(
    request: Asked, account_id: FromPath[str], data: JSONBody[FreezeRequest]
) -> dict[str, Any]:
    """Freeze an account. When this answers, no decision made before the freeze can commit any more."""
    visit = visit_of(request.scope)
    account = identifier(account_id, "account_id")
    return await freeze_account(_house(request), account, data.reason, visit.actor, visit.trace_id)


@delete("/v1/accounts/{account_id:str}/freeze", scope="contain", status_code=200, gives=AccountStanding)
async def end_freeze(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """Lift an account's own freeze; lifting what does not bind changes nothing. Incidents bind on."""
    visit = visit_of(request.scope)
    account = identifier(account_id, "account_id")
    return await lift_freeze(_house(request), account, visit.actor, visit.trace_id)


@get("/v1/accounts/{account_id:str}", scope="read", gives=AccountShown)
async def read_account(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """The profile of an account and what stands against it."""
    return await show_profile(_house(request), identifier(account_id, "account_id"))


@put("/v1/accounts/{account_id:str}", scope="manage", takes=AccountProfile, gives=AccountShown)
async def put_account(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """Replace the profile of an account: what the institution knows about it."""
    visit = visit_of(request.scope)
    account = identifier(account_id, "account_id")
    profile = read_profile(await request.body())
    return await put_profile(_house(request), account, profile, visit.actor, visit.trace_id)


@get("/v1/lists/{list_name:str}/entries", scope="read", gives=ListPage)
async def read_entries(
    request: Asked, list_name: FromPath[str], after: FromQuery[str] = ""
) -> dict[str, Any]:
    """The entries of a list, by value, from behind `after`."""
    name = identifier(list_name, "list_name")
    return {"name": name, "entries": await entries(_house(request), name, after)}


@post("/v1/lists/{list_name:str}/entries", scope="manage", status_code=200, gives=ListEntryShown)
async def put_entry(
    request: Asked, list_name: FromPath[str], data: JSONBody[ListEntryRequest]
) -> dict[str, Any]:
    """Put a value on a list; it counts for every decision from now on."""
    visit = visit_of(request.scope)
    return await add_entry(
        _house(request),
        identifier(list_name, "list_name"),
        data.value,
        data.source,
        data.reason,
        data.expires_at,
        visit.actor,
        visit.trace_id,
    )


@delete("/v1/lists/{list_name:str}/entries", scope="manage", status_code=200, gives=ListEntryRemoved)
async def delete_entry(request: Asked, list_name: FromPath[str], value: FromQuery[str]) -> dict[str, Any]:
    """Take a value off a list."""
    visit = visit_of(request.scope)
    name = identifier(list_name, "list_name")
    return await remove_entry(_house(request), name, value, visit.actor, visit.trace_id)


@get("/v1/policies", scope="policy", gives=PolicyVersions)
async def read_policies(request: Asked) -> dict[str, Any]:
    """The policies this server has recorded."""
    return {"policies": await _house(request).policy_shelf.versions()}


@get("/v1/policies/live", scope="policy")
async def read_live_policy(request: Asked) -> LivePolicy:
    """The policy that decides now, rule by rule."""
    program = _house(request).program
    rules = [
        RuleRow(rule.id, rule.then.word, rule.score, rule.reason, [shown.name for shown in rule.shown])
        for rule in program.rules
    ]
    return LivePolicy(program.name, program.version, program.title, program.digest.hex(), rules)


_ONE_CHECK = anyio.CapacityLimiter(1)


@post(
    "/v1/policies/check", fresh=True, scope="policy", status_code=200, request_max_body_size=POLICY_BYTES_MAX
)
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
async def ready(request: Asked) -> Ready:
    """Whether this server may decide: the database answers, the features are rebuilt, its epoch holds."""
    checks = await _house(request).readiness()
    if all(good for name, good in checks.items() if name not in TOLD_ONLY):
        return Ready(True, checks)
    raise Unavailable(
        "not_ready",
        "This server does not decide now; the details say what is missing.",
        "本服务器目前不能裁决；details 说明缺少什么。",
        checks=checks,
    )


@get("/metrics", scope="read", open_on_loopback=True, media="text/plain")
async def read_metrics(request: Asked) -> Response[bytes]:
    """Counters and gauges in the Prometheus text format; open to the machine itself, else `read`."""
    measures: Measures = request.app.state["measures"]
    return Response(measures.text(), media_type=CONTENT_TYPE)


@get("/openapi.json", open=True, media="application/json")
async def read_contract(request: Asked) -> Response[bytes]:
    """This document."""
    return Response(request.app.state["document"], media_type="application/json")


ROUTE_HANDLERS = (
    read_operation, put_label, read_labels, put_labels, place_freeze, end_freeze, read_account, put_account,
    read_entries, put_entry, delete_entry, read_policies, read_live_policy, check_policy_files, health, ready,
    read_metrics, read_contract,
    *SHADOW_HANDLERS,
    *PUBLISHING_HANDLERS,
    *AGREEMENT_HANDLERS,
    *THRESHOLD_HANDLERS,
    *HOLD_HANDLERS,
    *NOTICE_HANDLERS,
    *OFFICIAL_HANDLERS,
    *CHALLENGE_HANDLERS,
    *CONTAINMENT_HANDLERS,
    *HOLDER_HANDLERS,
    *KNOWLEDGE_HANDLERS,
    *READING_HANDLERS,
    *REPORT_HANDLERS,
    *DESK_HANDLERS,
    *QUEUE_HANDLERS,
    *WEBHOOK_HANDLERS,
    *CHANNEL_HANDLERS,
    *LOG_HANDLERS,
    *RECEIPT_HANDLERS,
    *PAPER_HANDLERS,
    *BUNDLE_HANDLERS,
    *ENTRY_HANDLERS,
    *EVIDENCE_HANDLERS,
)  # fmt: skip
