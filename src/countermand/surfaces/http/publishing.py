"""The routes of publishing: drafts, steps, history, differences, canaries; the key's name is the person."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import anyio
import msgspec
from anyio import to_process
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.flows.compare_policies import policies_to_compare, policy_difference
from countermand.flows.publish_policy import (
    SHARE_PERMILLE_MAX,
    TEXT_LENGTH_MAX,
    PublishingHouse,
    checked,
    draft_policy,
    end_canary,
    list_canaries,
    policy_history,
    start_canary,
    take_step,
)
from countermand.kernel.errors import Unavailable
from countermand.kernel.text import Text
from countermand.surfaces.http.messages import FileName, FileText
from countermand.surfaces.http.visits import identifier, visit_of
from countermand.vocabulary.publishing import Guardrails, PolicyStep

Asked = Request[Any, Any, Any]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
DRAFT_BYTES_MAX = 4 * 1024 * 1024
CHECK_SECONDS_MAX = 30.0
_ONE_DRAFT = anyio.CapacityLimiter(1)


class PolicyDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy folder to be recorded, and why."""

    files: Annotated[dict[FileName, FileText], msgspec.Meta(min_length=1, max_length=64)]
    text: Reason


class StepRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step on the way; `start_at` is for `schedule` alone, and without it the start is now."""

    step: Literal["propose", "approve", "reject", "withdraw", "schedule", "unschedule", "rollback"]
    text: Reason
    start_at: str | None = None


class CanaryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A canary to begin."""

    share_permille: Annotated[int, msgspec.Meta(ge=1, le=SHARE_PERMILLE_MAX)]
    text: Reason
    guardrails: Guardrails = Guardrails()


class CanaryEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a canary ends."""

    text: Reason


class PolicyStanding(msgspec.Struct, frozen=True):
    """Where a policy stands; the names are those of keys."""

    policy: str
    state: str
    author: str
    proposer: str | None
    approver: str | None
    start_at: str | None
    going_back: bool
    digest: str
    recorded_at: str


class HistoryLine(msgspec.Struct, frozen=True):
    """One step that was taken."""

    policy: str
    at: str
    step: str
    actor: str
    text: str
    details: dict[str, Any]


class PolicyHistory(msgspec.Struct, frozen=True):
    """The steps, newest first."""

    history: list[HistoryLine]


class DifferenceRow(msgspec.Struct, frozen=True):
    """One thing that differs; `change` is added, changed or removed."""

    section: str
    name: str
    change: str
    before: Text | None
    after: Text | None


class PolicyDifference(msgspec.Struct, frozen=True):
    """What the policy `after` makes of `before`."""

    before: str
    after: str
    changes: list[DifferenceRow]


class CanaryShown(msgspec.Struct, frozen=True):
    """A canary; `state` is running, paused (by itself), stopped or promoted."""

    id: str
    policy: str
    share_permille: int
    guardrails: Guardrails
    state: str
    reason: str
    figures: dict[str, Any]
    started_at: str
    started_by: str
    ended_at: str | None
    ended_by: str | None


class CanaryList(msgspec.Struct, frozen=True):
    """The latest canaries, newest first."""

    canaries: list[CanaryShown]


def _house(request: Asked) -> PublishingHouse:
    house: PublishingHouse = request.app.state["house"]
    return house


@post(
    "/v1/policies",
    scope="policy",
    status_code=200,
    gives=PolicyStanding,
    refuses=(409, 422),
    request_max_body_size=DRAFT_BYTES_MAX,
)
async def draft_policy_files(request: Asked, data: JSONBody[PolicyDraft]) -> dict[str, Any]:
    """Check a policy and record it under its name and version, for ever; nothing decides differently yet."""
    # As for the check alone: compiling would delay decisions, so it happens in a process of its own.
    with anyio.move_on_after(CHECK_SECONDS_MAX):
        drafted = await to_process.run_sync(checked, dict(data.files), cancellable=True, limiter=_ONE_DRAFT)
        return await draft_policy(_house(request), drafted, data.text, visit_of(request.scope).actor)
    raise Unavailable(
        "check_timeout",
        f"The check took longer than {CHECK_SECONDS_MAX:.0f} seconds.",
        f"检查用时超过 {CHECK_SECONDS_MAX:.0f} 秒。",
    )


@post(
    "/v1/policies/{policy:str}/steps", scope="policy", status_code=200, gives=PolicyStanding, refuses=(409,)
)
async def take_policy_step(
    request: Asked, policy: FromPath[str], data: JSONBody[StepRequest]
) -> dict[str, Any]:
    """Take a step with name@version. Approval is another person's than the author's and the proposer's."""
    label = identifier(policy, "policy")
    actor = visit_of(request.scope).actor
    return await take_step(_house(request), label, PolicyStep(data.step), data.text, actor, data.start_at)


@get("/v1/policies/{policy:str}/history", scope="policy", gives=PolicyHistory)
async def read_policy_history(request: Asked, policy: FromPath[str]) -> dict[str, Any]:
    """Who did what to a policy, with what words; the newest first."""
    return {"history": await policy_history(_house(request), identifier(policy, "policy"))}


@get("/v1/policies/{policy:str}/diff", scope="policy", gives=PolicyDifference, refuses=(422,))
async def read_policy_difference(
    request: Asked, policy: FromPath[str], against: FromQuery[str] = ""
) -> dict[str, Any]:
    """What a policy adds, changes and removes compared with the live one, or with `against`."""
    both = await policies_to_compare(_house(request), identifier(policy, "policy"), against or None)
    return await to_process.run_sync(policy_difference, both, limiter=_ONE_DRAFT)


@post("/v1/policies/{policy:str}/canary", scope="policy", status_code=200, gives=CanaryShown, refuses=(409,))
async def begin_canary(
    request: Asked, policy: FromPath[str], data: JSONBody[CanaryRequest]
) -> dict[str, Any]:
    """Let an approved policy decide for a share of the accounts, under guardrails."""
    label, actor = identifier(policy, "policy"), visit_of(request.scope).actor
    return await start_canary(_house(request), label, data.share_permille, data.guardrails, data.text, actor)


@get("/v1/canaries", scope="policy", gives=CanaryList)
async def read_canaries(request: Asked) -> dict[str, Any]:
    """The latest canaries, newest first."""
    return {"canaries": await list_canaries(_house(request))}


@post("/v1/canaries/stop", scope="policy", status_code=200, gives=CanaryShown, refuses=(404, 409))
async def stop_canary(request: Asked, data: JSONBody[CanaryEnd]) -> dict[str, Any]:
    """Stop the running canary: the live policy decides for all again."""
    actor = visit_of(request.scope).actor
    return await end_canary(_house(request), PolicyStep.CANARY_STOP, data.text, actor)


@post("/v1/canaries/promote", scope="policy", status_code=200, gives=CanaryShown, refuses=(404, 409))
async def promote_canary(request: Asked, data: JSONBody[CanaryEnd]) -> dict[str, Any]:
    """Publish the policy of the running canary for all accounts, now."""
    actor = visit_of(request.scope).actor
    return await end_canary(_house(request), PolicyStep.CANARY_PROMOTE, data.text, actor)


PUBLISHING_HANDLERS = (
    draft_policy_files,
    take_policy_step,
    read_policy_history,
    read_policy_difference,
    begin_canary,
    read_canaries,
    stop_canary,
    promote_canary,
)
