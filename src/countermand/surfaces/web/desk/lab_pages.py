"""The policy lab: where every policy stands, what it says, and the steps that people take with it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import anyio
from anyio import to_process
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.flows.adapt_thresholds import ThresholdHouse, list_thresholds
from countermand.flows.compare_policies import policies_to_compare, policy_difference
from countermand.flows.keep_shadows import add_shadow, checked_policy, list_shadows, live_files
from countermand.flows.publish_policy import (
    end_canary,
    list_canaries,
    policy_history,
    shown,
    start_canary,
    take_step,
)
from countermand.flows.show_policy import described
from countermand.kernel.errors import CountermandError, NotFound
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, staff_of
from countermand.surfaces.web.answers import see_other
from countermand.surfaces.web.desk.frame import Asked, desk_page, house_of, trace_of, typed_in
from countermand.surfaces.web.desk.lab_rights import (
    may_take,
    may_work,
    require_look,
    require_step,
    require_work,
)
from countermand.vocabulary.publishing import MOVES, Guardrails, PolicyStep, Publication
from countermand.vocabulary.staff import Verb

DESCRIBED_MAX = 32
_ONE_AT_A_TIME = anyio.CapacityLimiter(1)
_described: dict[bytes, dict[str, Any]] = {}
_POLICY = "/desk/lab/policies/{label:str}"
# Those that cannot be undone by another step stand out.
DEEP_STEPS = frozenset({PolicyStep.SCHEDULE, PolicyStep.ROLLBACK, PolicyStep.REJECT, PolicyStep.WITHDRAW})


@get("/desk/lab", page="staff", verb=Verb.READ_CASE)
async def read_lab(request: Asked) -> Response[bytes]:
    """Every policy with its state, the canary, shadows, thresholds and backtests."""
    return await lab_page(request, {}, None)


async def lab_page(
    request: Asked, typed: dict[str, str], refusal: CountermandError | None
) -> Response[bytes]:
    """The lab; a refused form comes back as it was typed."""
    staff = staff_of(request)
    require_look(staff)
    house = house_of(request)
    thresholds: ThresholdHouse = request.app.state["house"]
    policies = [shown(one) for one in await house.publications.publications()]
    canaries = await list_canaries(request.app.state["house"])
    values: dict[str, Any] = {
        "policies": policies,
        "canary": canaries[0] if canaries else None,
        "shadows": await list_shadows(house),
        "thresholds": await list_thresholds(thresholds),
        "jobs": house.backtests.all(),
        "may_work": may_work(staff),
        "typed": defaultdict(str, typed),
        "refusal": refusal,
    }
    status = 200 if refusal is None else refusal.http_status
    return desk_page(request, "lab/lab.html", status=status, **values, room="lab")


@get(_POLICY, page="staff", verb=Verb.READ_CASE)
async def read_policy(request: Asked, label: FromPath[str], against: FromQuery[str] = "") -> Response[bytes]:
    """One policy: its rules in words, what it changes, who did what with it, what may be done now."""
    return await _policy(request, identifier(label, "policy"), against, {}, None)


async def _policy(
    request: Asked, label: str, against: str, typed: dict[str, str], refusal: CountermandError | None
) -> Response[bytes]:
    staff, house = staff_of(request), house_of(request)
    require_look(staff)
    publishing = request.app.state["house"]
    known = await house.publications.publications()
    found = next((one for one in known if one.label == label), None)
    if found is None:
        raise NotFound(
            "unknown_policy_version", f"No policy {label} is recorded here.", f"此处没有策略 {label} 的记录。"
        )
    live = next((one.label for one in known if one.state.value == "live"), None)
    other = against if against and against != label else live
    difference = None
    if other is not None and other != label:
        both = await policies_to_compare(publishing, label, other)
        difference = await to_process.run_sync(policy_difference, both, limiter=_ONE_AT_A_TIME)
    values: dict[str, Any] = {
        "policy": shown(found),
        "words": await _words(house.policy_shelf, found),
        "history": await policy_history(publishing, label),
        "difference": difference,
        "live": live,
        "others": [one.label for one in known if one.label != label],
        "steps": [
            {"step": step.value, "deep": step in DEEP_STEPS, "own": _own(found, step, staff.name)}
            for step, (states, _) in MOVES.items()
            if found.state in states and may_take(staff, step)
        ],
        "may_work": may_work(staff),
        "may_canary": may_work(staff) and found.state.value == "approved",
        "guardrails": Guardrails(),
        "typed": defaultdict(str, typed),
        "refusal": refusal,
    }
    status = 200 if refusal is None else refusal.http_status
    return desk_page(request, "lab/policy.html", status=status, **values, room="lab")


def _own(found: Publication, step: PolicyStep, name: str) -> bool:
    """Whether somebody would judge what they wrote or proposed themselves."""
    return step in (PolicyStep.APPROVE, PolicyStep.REJECT) and name in (found.author, found.proposer)


async def _words(shelf: Any, found: Publication) -> dict[str, Any]:
    """The policy in words, understood in another process: decisions must not wait for it."""
    known = _described.get(found.digest)
    if known is None:
        source = await shelf.source(found.policy_id)
        known = await to_process.run_sync(described, source, limiter=_ONE_AT_A_TIME)
        if len(_described) >= DESCRIBED_MAX:
            _described.clear()
        _described[found.digest] = known
    return known


def _way(label: str) -> str:
    return f"/desk/lab/policies/{quote(label, safe='')}"


@post(_POLICY + "/steps", page="staff", verb=Verb.READ_CASE, step_up=True, status_code=303)
async def step_policy(request: Asked, label: FromPath[str]) -> Response[bytes]:
    """Propose, approve, reject, withdraw, schedule, unschedule or roll back; with words for the record."""
    name, typed, staff = identifier(label, "policy"), await typed_in(request), staff_of(request)
    try:
        step = _step(typed.get("step", ""))
        require_step(staff, step)
        start = typed.get("start", "") if step is PolicyStep.SCHEDULE else ""
        at = _instant(start, house_of(request).reception.timezone) if start else None
        await take_step(request.app.state["house"], name, step, typed.get("why", ""), staff.name, at)
    except CountermandError as refusal:
        return await _policy(request, name, "", typed, refusal)
    return see_other(_way(name))


def _instant(text: str, timezone: str) -> str:
    """A local date and time with its offset; what is none is left to the story to refuse."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))).isoformat()


def _step(word: str) -> PolicyStep:
    try:
        return PolicyStep(word)
    except ValueError:
        raise invalid_request("it is no step", "step") from None


@post(_POLICY + "/canary", page="staff", verb=Verb.READ_CASE, step_up=True, status_code=303)
async def begin_policy_canary(request: Asked, label: FromPath[str]) -> Response[bytes]:
    """Let an approved policy decide for a share of the accounts, under the usual guardrails."""
    name, typed, staff = identifier(label, "policy"), await typed_in(request), staff_of(request)
    try:
        require_work(staff)
        share = typed.get("share", "")
        if not (share.isascii() and share.isdigit() and len(share) <= 4):
            raise invalid_request("it is a whole number", "share")
        house, why = request.app.state["house"], typed.get("why", "")
        await start_canary(house, name, int(share), Guardrails(), why, staff.name)
    except CountermandError as refusal:
        return await _policy(request, name, "", {**typed, "step": "canary"}, refusal)
    return see_other("/desk/lab")


@post("/desk/lab/canary", page="staff", verb=Verb.READ_CASE, step_up=True, status_code=303)
async def end_policy_canary(request: Asked) -> Response[bytes]:
    """Stop the canary, or let its policy decide for everybody."""
    typed, staff = await typed_in(request), staff_of(request)
    try:
        require_work(staff)
        step = PolicyStep.CANARY_PROMOTE if typed.get("step") == "promote" else PolicyStep.CANARY_STOP
        await end_canary(request.app.state["house"], step, typed.get("why", ""), staff.name)
    except CountermandError as refusal:
        return await lab_page(request, {**typed, "form": "canary"}, refusal)
    return see_other("/desk/lab")


@post(_POLICY + "/shadow", page="staff", verb=Verb.READ_CASE, step_up=True, status_code=303)
async def begin_policy_shadow(request: Asked, label: FromPath[str]) -> Response[bytes]:
    """Let a recorded policy follow the operations from now on; it decides nothing."""
    name, typed, staff = identifier(label, "policy"), await typed_in(request), staff_of(request)
    house = house_of(request)
    try:
        require_work(staff)
        known = await house.publications.publications()
        found = next((one for one in known if one.label == name), None)
        if found is None:
            raise invalid_request("it is not recorded here", "policy")
        files, live = await house.policy_shelf.source(found.policy_id), await live_files(house.policy_shelf)
        checked = await to_process.run_sync(checked_policy, files, live, limiter=_ONE_AT_A_TIME)
        made = await add_shadow(house, None, files, checked, staff.name, trace_of(request))
    except CountermandError as refusal:
        return await _policy(request, name, "", {**typed, "step": "shadow"}, refusal)
    return see_other(f"/desk/lab/shadows/{quote(str(made['name']), safe='')}")


LAB_PAGES = (
    read_lab, read_policy, step_policy, begin_policy_canary, end_policy_canary, begin_policy_shadow,
)  # fmt: skip
