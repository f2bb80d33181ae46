"""Where policies stand, and canaries: every change is one transaction with its history and its fact."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.kernel.errors import Conflict, CountermandError, NotFound
from countermand.vocabulary.facts import (
    POLICY_CANARY_ENDED,
    POLICY_CANARY_STARTED,
    POLICY_LIVE,
    POLICY_RECORDED,
    POLICY_REFUSED,
    POLICY_STEPPED,
    Fact,
)
from countermand.vocabulary.publishing import (
    SERVER,
    CanaryRecord,
    Drafted,
    Guardrails,
    Judge,
    PolicyState,
    PolicyStep,
    Publication,
    StepTaken,
)

QUERIES = Queries("publications.sql")
POLICIES = Queries("policies.sql")
SEAT = Queries("seat.sql")
CANARIES_SHOWN_MAX = 20


class PostgresPublications:
    """Implements `flows.publish_policy.PublicationBook` and `flows.keep_arms.ArmBook`."""

    TABLES = ("policy_publication", "policy_canary")

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def draft(
        self, drafted: Drafted, author: str, text: str, at: int, seen: int | None = None
    ) -> Publication:
        """Record a checked policy; with `seen` only while that is the number of its newest version.

        Raises Conflict (`policy_recorded`, `policy_changed`, `policy_overtaken`).
        """
        name, version = drafted.name, drafted.version
        async with self._transaction() as connection:
            await connection.execute(POLICIES.name_alone, name)
            known = await connection.fetchrow(POLICIES.find_policy, name, version)
            if known is not None:
                raise _recorded(f"{name}@{version}", changed=known["digest"] != drafted.digest)
            newest = await connection.fetchrow(POLICIES.newest_policy, name)
            if seen is not None and newest is not None and newest["id"] != seen:
                raise _overtaken(f"{name}@{newest['version']}", f"{name}@{version}")
            number = await record_version(connection, drafted, PolicyState.CHECKED, author, at)
            await _append(connection, number, at, PolicyStep.DRAFT, author, text, {})
            await _append(
                connection,
                number,
                at,
                PolicyStep.CHECK,
                SERVER,
                "",
                {"rules": drafted.rules, "remarks": drafted.remarks},
            )
            return await _found(connection, name, version)

    async def take(
        self, name: str, version: str, step: PolicyStep, actor: str, text: str, at: int, judge: Judge
    ) -> Publication:
        """Take one step; `judge` sees the policy as it stands while nobody else can move it."""
        async with self._transaction() as connection:
            found = await _found(connection, name, version)
            change = judge(found)
            sizes = await list_sizes(connection, at) if change.count_lists else None
            try:
                await connection.execute(
                    QUERIES.move_publication,
                    found.policy_id,
                    change.state.value,
                    change.proposer,
                    change.approver,
                    None if change.start_at is None else moment_of(change.start_at),
                    change.going_back,
                    sizes,
                    moment_of(at),
                )
            except asyncpg.UniqueViolationError as error:
                raise _another_scheduled(found.label) from error
            await _append(connection, found.policy_id, at, step, actor, text, change.details)
            body = {"policy": found.label, "step": step.value, "state": change.state.value, "actor": actor}
            await append_fact(connection, Fact(at, POLICY_STEPPED, {**body, **change.details}))
            return await _found(connection, name, version)

    async def publications(self) -> list[Publication]:
        """Where every policy stands, newest first."""
        with away_is_unavailable():
            return [_publication(row) for row in await self._pool.fetch(QUERIES.all_publications)]

    async def steps(self, label: tuple[str, str] | None, lines_max: int) -> list[StepTaken]:
        """The history of one policy (name, version) or of all, newest first."""
        name, version = (None, None) if label is None else label
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.steps_of, name, version, lines_max)
        return [StepTaken(row["policy"], micros_of(row["at"]), *list(row)[2:]) for row in rows]

    async def list_sizes(self, at: int) -> dict[str, int]:
        """How many entries of each list count now; lists without any are left out."""
        with away_is_unavailable():
            return await list_sizes(self._pool, at)

    async def go_live(self, policy_id: int, at: int, warm_until: int, epoch: int) -> bool:
        """Make a scheduled policy the one that decides; False where it may not any more.

        That is: somebody took it off the schedule, or another server has taken over (`epoch`).
        """
        async with self._transaction() as connection:
            if await connection.fetchval(SEAT.read_epoch) != epoch:
                return False
            found = {one.policy_id: one for one in await _all_locked(connection)}.get(policy_id)
            if found is None or found.state is not PolicyState.SCHEDULED:
                return False
            assert found.start_at is not None, "the table says so"
            if found.start_at > at:
                return False
            await make_live(connection, found.policy_id, found.label, at, warm_until, back=found.going_back)
            return True

    async def refuse(self, policy_id: int, at: int, refusal: CountermandError) -> None:
        """A scheduled policy cannot be made ready: off the schedule, with the reason in its history."""
        async with self._transaction() as connection:
            found = {one.policy_id: one for one in await _all_locked(connection)}.get(policy_id)
            if found is None or found.state is not PolicyState.SCHEDULED:
                return
            state = PolicyState.SUPERSEDED if found.going_back else PolicyState.APPROVED
            await connection.execute(
                QUERIES.move_publication, policy_id, state.value, None, None, None, False, None, moment_of(at)
            )
            details = {"code": refusal.code, "en": refusal.text.en, "zh": refusal.text.zh}
            await _append(connection, policy_id, at, PolicyStep.REFUSE, SERVER, "", details)
            body = {"policy": found.label, "code": refusal.code, "state": state.value}
            await append_fact(connection, Fact(at, POLICY_REFUSED, body))

    # -- canaries -------------------------------------------------------------------------------------

    async def start_canary(self, record: CanaryRecord, judge: Judge, label: tuple[str, str]) -> CanaryRecord:
        """Begin a canary. Raises Conflict (`canary_running`) and what `judge` raises."""
        async with self._transaction() as connection:
            found = await _found(connection, *label)
            judge(found)
            try:
                await connection.execute(
                    QUERIES.insert_canary,
                    record.id,
                    found.policy_id,
                    record.share_permille,
                    record.salt,
                    msgspec.to_builtins(record.guardrails),
                    record.reason,
                    moment_of(record.started_at),
                    record.started_by,
                )
            except asyncpg.UniqueViolationError as error:
                raise _canary_running() from error
            details = {"canary": record.id, "share_permille": record.share_permille}
            await _append(
                connection, found.policy_id, record.started_at, PolicyStep.CANARY_START, record.started_by,
                record.reason, {**details, "guardrails": msgspec.to_builtins(record.guardrails)},
            )  # fmt: skip
            body = {**details, "policy": found.label, "actor": record.started_by}
            await append_fact(connection, Fact(record.started_at, POLICY_CANARY_STARTED, body))
        return msgspec.structs.replace(record, policy_id=found.policy_id, policy=found.label)

    async def end_canary(
        self,
        canary: CanaryRecord,
        step: PolicyStep,
        actor: str,
        reason: str,
        figures: Mapping[str, Any],
        at: int,
    ) -> bool:
        """End a running canary: stopped, paused (by the server) or promoted. False where it has ended."""
        states = {
            PolicyStep.CANARY_STOP: "stopped",
            PolicyStep.CANARY_PAUSE: "paused",
            PolicyStep.CANARY_PROMOTE: "promoted",
        }
        async with self._transaction() as connection:
            ended = await connection.fetchval(
                QUERIES.end_canary, canary.id, states[step], reason, dict(figures), moment_of(at), actor
            )
            if ended is None:
                return False
            details = {"canary": canary.id, **figures}
            await _append(connection, canary.policy_id, at, step, actor, reason, details)
            body = {"canary": canary.id, "policy": canary.policy, "state": states[step], "actor": actor}
            await append_fact(connection, Fact(at, POLICY_CANARY_ENDED, {**body, **figures}))
        return True

    async def canaries(self) -> list[CanaryRecord]:
        """The latest canaries, newest first."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.latest_canaries, CANARIES_SHOWN_MAX)
        return [_canary(row) for row in rows]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        with away_is_unavailable():
            async with self._pool.acquire() as connection, connection.transaction():
                yield connection


# -- what the start of a server needs too ---------------------------------------------------------------


async def record_version(connection: Any, drafted: Drafted, state: PolicyState, author: str, at: int) -> int:
    """Keep a policy's files under its name and version, for ever; its number."""
    try:
        number = await connection.fetchval(
            POLICIES.record_policy,
            drafted.name,
            drafted.version,
            drafted.digest,
            dict(drafted.source),
            moment_of(at),
        )
    except asyncpg.UniqueViolationError as error:  # somebody recorded it a moment ago
        raise _recorded(f"{drafted.name}@{drafted.version}", changed=False) from error
    body = {"policy": f"{drafted.name}@{drafted.version}", "digest": drafted.digest.hex()}
    await append_fact(connection, Fact(at, POLICY_RECORDED, body))
    await connection.execute(QUERIES.insert_publication, number, state.value, author, moment_of(at))
    return int(number)


async def make_live(
    connection: Any,
    policy_id: int,
    label: str,
    at: int,
    warm_until: int,
    *,
    back: bool = False,
    step: PolicyStep = PolicyStep.GO_LIVE,
) -> None:
    """Move the pointer: whoever was live leaves, with the sizes of the lists that it last knew."""
    sizes = await list_sizes(connection, at)
    leaves = PolicyState.ROLLED_BACK if back else PolicyState.SUPERSEDED
    await connection.fetchval(
        QUERIES.leave_live, policy_id, leaves.value, moment_of(warm_until), sizes, moment_of(at)
    )
    await connection.execute(QUERIES.become_live, policy_id, moment_of(at))
    if await connection.fetchval(POLICIES.make_live, policy_id) is not None:
        details = {"going_back": True} if back else {}
        await _append(connection, policy_id, at, step, SERVER, "", details)
        await append_fact(connection, Fact(at, POLICY_LIVE, {"policy": label, **details}))


async def list_sizes(asked: Any, at: int) -> dict[str, int]:
    """How many entries of each list count at an instant."""
    rows = await asked.fetch(QUERIES.list_sizes, moment_of(at))
    return {row["list"]: row["entries"] for row in rows}


async def _append(
    connection: Any,
    policy_id: int,
    at: int,
    step: PolicyStep,
    actor: str,
    text: str,
    details: Mapping[str, Any],
) -> None:
    await connection.execute(
        QUERIES.append_step, policy_id, moment_of(at), step.value, actor, text, dict(details)
    )


async def _found(connection: Any, name: str, version: str) -> Publication:
    row = await connection.fetchrow(QUERIES.find_publication, name, version)
    if row is None:
        raise NotFound(
            "unknown_policy_version",
            f"No policy {name}@{version} is recorded here; `countermand policy show` lists those that are.",
            f"此处没有策略 {name}@{version} 的记录；可用 `countermand policy show` 查看列表。",
            policy=f"{name}@{version}",
        )
    return _publication(row)


async def _all_locked(connection: Any) -> list[Publication]:
    rows = await connection.fetch(f"{QUERIES.all_publications.rstrip(';')} FOR UPDATE OF p")
    return [_publication(row) for row in rows]


def _publication(row: Any) -> Publication:
    def instant(name: str) -> int | None:
        return None if row[name] is None else micros_of(row[name])

    return Publication(
        policy_id=row["id"],
        name=row["name"],
        version=row["version"],
        digest=bytes(row["digest"]),
        state=PolicyState(row["state"]),
        author=row["author"],
        proposer=row["proposer"],
        approver=row["approver"],
        start_at=instant("start_at"),
        going_back=row["going_back"],
        lists_seen=row["lists_seen"],
        warm_until=instant("warm_until"),
        recorded_at=micros_of(row["recorded_at"]),
    )


def _canary(row: Any) -> CanaryRecord:
    values = dict(row)
    values["guardrails"] = msgspec.convert(values["guardrails"], Guardrails)
    values["started_at"] = micros_of(values["started_at"])
    values["ended_at"] = None if values["ended_at"] is None else micros_of(values["ended_at"])
    return CanaryRecord(**values)


def _recorded(label: str, *, changed: bool) -> Conflict:
    if changed:
        return policy_changed(label)
    return Conflict(
        "policy_recorded",
        f"{label} is recorded here already, with the same content; go on with the next step.",
        f"{label} 已以相同内容记录；请继续下一步。",
        policy=label,
    )


def _overtaken(newest: str, label: str) -> Conflict:
    return Conflict(
        "policy_overtaken",
        f"{newest} was recorded while you were writing; {label} is not kept yet. Look at both, then save.",
        f"在您编写期间，{newest} 已被记录；{label} 尚未保存。请对照两者后再保存。",
        policy=newest,
    )


def policy_changed(label: str) -> Conflict:
    """The refusal of other content under a name and version that stand in the record."""
    return Conflict(
        "policy_changed",
        f"{label} was recorded with another content; give the changed policy a new version.",
        f"{label} 已以不同内容记录；请为修改后的策略使用新版本号。",
        policy=label,
    )


def _another_scheduled(label: str) -> Conflict:
    return Conflict(
        "another_policy_scheduled",
        f"Another policy is waiting for its start; {label} stays as it is. Unschedule the other one.",
        f"已有另一策略等待生效；{label} 未作改动。请先取消该排期。",
        policy=label,
    )


def _canary_running() -> Conflict:
    return Conflict(
        "canary_running",
        "A canary is running already; stop or promote it first.",
        "已有灰度策略在运行；请先停止或转正。",
    )
