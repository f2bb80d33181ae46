"""A policy on its way to decide: drafted, proposed, approved by another person, scheduled, taken back.

What decides is changed by the deciding server alone (`keep_arms`); here people say what shall be.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Protocol

import msgspec

from countermand.flows.replay_decision import PolicyShelf
from countermand.kernel.clock import Clock, micros_of, rfc3339
from countermand.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from countermand.kernel.ids import Ids
from countermand.policy.package import compile_policy, remarks_on_policy
from countermand.vocabulary.publishing import (
    JUDGEMENTS,
    MOVES,
    CanaryRecord,
    Change,
    Drafted,
    Guardrails,
    Judge,
    PolicyState,
    PolicyStep,
    Publication,
    StepTaken,
)

TEXT_LENGTH_MAX = 2000
HISTORY_LINES_MAX = 500
START_AHEAD_MICROS_MAX = 366 * 86400 * 10**6
SHARE_PERMILLE_MAX = 500
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class PublicationBook(Protocol):
    """Where policies stand. A method returns after its commit; change, history and fact go together."""

    async def draft(
        self, drafted: Drafted, author: str, text: str, at: int, seen: int | None = None
    ) -> Publication:
        """Record a checked policy; with `seen` only while that is the number of its newest version.

        Raises Conflict (`policy_recorded`, `policy_changed`, `policy_overtaken`).
        """
        ...

    async def take(
        self, name: str, version: str, step: PolicyStep, actor: str, text: str, at: int, judge: Judge
    ) -> Publication:
        """Take one step; `judge` sees the policy as it stands while nobody else can move it.

        Raises NotFound (`unknown_policy_version`), Conflict (`another_policy_scheduled`), and the judge's.
        """
        ...

    async def publications(self) -> list[Publication]:
        """Where every policy stands, newest first."""
        ...

    async def steps(self, label: tuple[str, str] | None, lines_max: int) -> list[StepTaken]:
        """The history of one policy (name, version) or of all, newest first."""
        ...


class CanaryBook(Protocol):
    """Where canaries are kept; like the above."""

    async def start_canary(self, record: CanaryRecord, judge: Judge, label: tuple[str, str]) -> CanaryRecord:
        """Begin one for the policy `label`. Raises Conflict (`canary_running`) and what `judge` raises."""
        ...

    async def end_canary(
        self,
        canary: CanaryRecord,
        step: PolicyStep,
        actor: str,
        reason: str,
        figures: Mapping[str, Any],
        at: int,
    ) -> bool:
        """End a running one. False where it has ended already."""
        ...

    async def canaries(self) -> list[CanaryRecord]:
        """The latest canaries, newest first."""
        ...


class PublishingHouse(Protocol):
    """What these stories need of the house."""

    @property
    def publications(self) -> PublicationBook: ...

    @property
    def canaries(self) -> CanaryBook: ...

    @property
    def policy_shelf(self) -> PolicyShelf: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...


def checked(files: Mapping[str, str]) -> Drafted:
    """A folder that may be recorded; takes up to a second. Raises PolicyError (`policy_refused`)."""
    program = compile_policy(files)
    remarks = len(remarks_on_policy(files))
    return Drafted(program.name, program.version, program.digest, dict(files), len(program.rules), remarks)


async def draft_policy(
    house: PublishingHouse, drafted: Drafted, text: str, actor: str, seen: int | None = None
) -> dict[str, Any]:
    """Record a checked policy under its name and version; its content never changes again.

    `seen` is the number of the newest version of that name that its writer knew; None asks for nothing.
    Raises Conflict: `policy_recorded` (the same is there), `policy_changed` (another content is there),
    `policy_overtaken` (somebody recorded another version meanwhile).
    """
    check_text(text)
    return shown(await house.publications.draft(drafted, actor, text, house.clock.now(), seen))


async def take_step(
    house: PublishingHouse, label: str, step: PolicyStep, text: str, actor: str, start_at: str | None = None
) -> dict[str, Any]:
    """Propose, approve, reject, withdraw, schedule, unschedule or roll back to name@version.

    `start_at` (RFC 3339) is for `schedule`; without it the policy starts as soon as it is ready.

    Raises Forbidden (`four_eyes`), Conflict (`policy_state`, `another_policy_scheduled`), NotFound
    (`unknown_policy_version`), BadRequest (`invalid_step`).
    """
    check_text(text)
    name, version = split_label(label)
    at = house.clock.now()
    if step not in MOVES:
        raise _invalid(
            "step", f"{step.value} is not a step that people take", f"{step.value} 不是可执行的步骤"
        )
    if start_at is not None and step is not PolicyStep.SCHEDULE:
        raise _invalid("start_at", "only `schedule` takes a start", "只有 `schedule` 可指定生效时间")
    start = at if start_at is None else _start(start_at, at)

    def judge(found: Publication) -> Change:
        return judged(found, step, actor, start)

    return shown(await house.publications.take(name, version, step, actor, text, at, judge))


def judged(found: Publication, step: PolicyStep, actor: str, start: int) -> Change:
    """The rules of the way, without any I/O. Raises Conflict (`policy_state`), Forbidden (`four_eyes`)."""
    allowed, state = MOVES[step]
    if found.state not in allowed:
        wanted = ", ".join(sorted(one.value for one in allowed))
        raise Conflict(
            "policy_state",
            f"{found.label} is {found.state.value}; `{step.value}` takes one that is {wanted}.",
            f"{found.label} 当前状态为 {found.state.value}；`{step.value}` 要求状态为 {wanted}。",
            policy=found.label,
            state=found.state.value,
        )
    if step in JUDGEMENTS and actor in (found.author, found.proposer):
        raise Forbidden(
            "four_eyes",
            f"{actor} wrote or proposed {found.label}; somebody else, with another key, must judge it.",
            f"{actor} 是 {found.label} 的作者或提交人；须由他人使用其本人的密钥审批。",
            policy=found.label,
        )
    if step is PolicyStep.PROPOSE:
        return Change(state, proposer=actor)
    if step is PolicyStep.APPROVE:
        return Change(state, approver=actor, count_lists=True)
    if step is PolicyStep.SCHEDULE:
        return Change(state, start_at=start, details={"start_at": rfc3339(start)})
    if step is PolicyStep.ROLLBACK:
        return Change(state, start_at=start, going_back=True)
    if step is PolicyStep.UNSCHEDULE and found.going_back:
        return Change(PolicyState.SUPERSEDED)
    return Change(state)


async def policy_history(house: PublishingHouse, label: str | None) -> list[dict[str, Any]]:
    """Who did what to one policy, or to all of them, with what words; the newest first."""
    which = None if label is None else split_label(label)
    return [
        {**msgspec.to_builtins(one), "at": rfc3339(one.at)}
        for one in await house.publications.steps(which, HISTORY_LINES_MAX)
    ]


# -- canaries -----------------------------------------------------------------------------------------


async def start_canary(
    house: PublishingHouse,
    label: str,
    share_permille: int,
    guardrails: Guardrails,
    text: str,
    actor: str,
) -> dict[str, Any]:
    """Let an approved policy decide for a share of the accounts, under guardrails.

    Raises Conflict (`policy_state`, `canary_running`), BadRequest (`invalid_step`).
    """
    check_text(text)
    if not 1 <= share_permille <= SHARE_PERMILLE_MAX:
        raise _invalid(
            "share_permille",
            f"a share is 1 to {SHARE_PERMILLE_MAX} of a thousand accounts",
            f"份额应为每千个账户中的 1 至 {SHARE_PERMILLE_MAX} 个",
        )
    _check_guardrails(guardrails)
    at = house.clock.now()
    identity = house.ids.new("can", at)
    record = CanaryRecord(
        identity, 0, label, share_permille, identity, guardrails, "running", text, {}, at, actor, None, None
    )

    def judge(found: Publication) -> Change:
        if found.state is not PolicyState.APPROVED:
            raise Conflict(
                "policy_state",
                f"{found.label} is {found.state.value}; a canary must be approved first.",
                f"{found.label} 当前状态为 {found.state.value}；灰度策略必须先获批准。",
                policy=found.label,
                state=found.state.value,
            )
        return Change(found.state)

    return shown_canary(await house.canaries.start_canary(record, judge, split_label(label)))


async def end_canary(house: PublishingHouse, step: PolicyStep, text: str, actor: str) -> dict[str, Any]:
    """Stop the running canary, or promote it: its policy is scheduled to start now.

    Raises NotFound (`no_canary`), Conflict (`policy_state`, `another_policy_scheduled`).
    """
    assert step in (PolicyStep.CANARY_STOP, PolicyStep.CANARY_PROMOTE), step
    check_text(text)
    running = next((one for one in await house.canaries.canaries() if one.state == "running"), None)
    if running is None:
        raise _no_canary()
    if step is PolicyStep.CANARY_PROMOTE:
        await take_step(house, running.policy, PolicyStep.SCHEDULE, text, actor)
    ended = await house.canaries.end_canary(running, step, actor, text, {}, house.clock.now())
    if not ended and step is PolicyStep.CANARY_STOP:  # a promoted one may have gone live already
        raise _no_canary()
    return shown_canary(next(one for one in await house.canaries.canaries() if one.id == running.id))


async def list_canaries(house: PublishingHouse) -> list[dict[str, Any]]:
    """The latest canaries, newest first."""
    return [shown_canary(one) for one in await house.canaries.canaries()]


# -- words --------------------------------------------------------------------------------------------


def shown(publication: Publication) -> dict[str, Any]:
    """Where a policy stands, as doors show it."""
    start = publication.start_at
    return {
        "policy": publication.label,
        "state": publication.state.value,
        "author": publication.author,
        "proposer": publication.proposer,
        "approver": publication.approver,
        "start_at": None if start is None else rfc3339(start),
        "going_back": publication.going_back,
        "digest": publication.digest.hex(),
        "recorded_at": rfc3339(publication.recorded_at),
    }


def shown_canary(canary: CanaryRecord) -> dict[str, Any]:
    """A canary as doors show it."""
    ended = None if canary.ended_at is None else rfc3339(canary.ended_at)
    fields = msgspec.to_builtins(canary)
    del fields["policy_id"], fields["salt"]
    return {**fields, "started_at": rfc3339(canary.started_at), "ended_at": ended}


def split_label(label: str) -> tuple[str, str]:
    """The name and the version of name@version. Raises NotFound (`unknown_policy_version`)."""
    name, at, version = label.rpartition("@")
    if not at or not name or not version:
        raise unknown_policy(label)
    return name, version


def of_label(known: list[Publication], label: str) -> Publication:
    """The one of that name and version. Raises NotFound (`unknown_policy_version`)."""
    found = next((one for one in known if one.label == label), None)
    if found is None:
        raise unknown_policy(label)
    return found


def unknown_policy(label: str) -> NotFound:
    """The refusal of a name and version that are not recorded."""
    return NotFound(
        "unknown_policy_version",
        f"No policy {label} is recorded here; name it as NAME@VERSION.",
        f"此处没有策略 {label} 的记录；请写成 NAME@VERSION。",
        policy=label,
    )


def _no_canary() -> NotFound:
    return NotFound("no_canary", "No canary is running.", "没有正在运行的灰度策略。")


def check_text(text: str) -> None:
    """Words for the record. Raises BadRequest (`invalid_step`)."""
    speakable = text.replace("\n", " ").replace("\t", " ").isprintable()  # the database keeps no others
    if not text.strip() or len(text) > TEXT_LENGTH_MAX or not speakable:
        raise _invalid(
            "text",
            f"say why, in 1 to {TEXT_LENGTH_MAX} printable characters: it stands in the policy's history",
            f"请说明理由（1 至 {TEXT_LENGTH_MAX} 个可打印字符），它将写入策略的历史",
        )


def _check_guardrails(given: Guardrails) -> None:
    sound = (
        1 <= given.friction_ratio_max <= 100
        and 0 <= given.friction_margin <= 1
        and 1 <= given.decisions_min <= 10**9
        and 0 <= given.errors_max <= 10**9
        and 1 <= given.micros_mean_max <= 10**9
    )
    if not sound:
        raise _invalid(
            "guardrails",
            "a guardrail is outside of what makes sense: a ratio is at least 1, a margin between 0 and 1",
            "护栏数值不合理：比率至少为 1，差值应在 0 与 1 之间",
        )


def _start(text: str, now: int) -> int:
    try:
        start = micros_of(msgspec.convert(text, _Instant))
    except msgspec.ValidationError:
        raise _invalid(
            "start_at",
            f"{text!r} is not a time like 2027-06-30T09:00:00+08:00",
            f"{text!r} 不是有效时间，应如 2027-06-30T09:00:00+08:00",
        ) from None
    if not now <= start <= now + START_AHEAD_MICROS_MAX:
        raise _invalid("start_at", "the start lies in the next 366 days", "生效时间应在未来 366 天之内")
    return start


def _invalid(field: str, en: str, zh: str) -> BadRequest:
    return BadRequest("invalid_step", f"The field {field}: {en}.", f"字段 {field}：{zh}。", field=field)
