"""Approving: several persons, none of them the one who asked, before an operation on hold may take effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from countermand.confirmation.approvals import (
    Progress,
    asked_of,
    chain_for,
    makers_of,
    progress,
    seat_of,
)
from countermand.confirmation.hold_effects import approval_notice
from countermand.confirmation.holds import met
from countermand.confirmation.pack import Agreements
from countermand.flows.decided_operations import Archive, decided_operation
from countermand.flows.keep_profiles import ProfileBook
from countermand.flows.settle_holds import Moves, Settlement, move_on
from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from countermand.kernel.ids import Ids
from countermand.vocabulary.approvals import Approval, Approver, Chain, Delegation, Verdict
from countermand.vocabulary.facts import (
    APPROVAL_DELEGATED,
    APPROVER_NAMED,
    APPROVER_REMOVED,
    OPERATION_APPROVED,
    OPERATION_REFUSED,
    Fact,
)
from countermand.vocabulary.holds import STATES_ZH, Hold, HoldState, Need
from countermand.vocabulary.operations import Operation
from countermand.work import Unit, Works

DELEGATION_DAYS_MAX = 31


class ApprovalHouse(Protocol):
    """What these stories need of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def archive(self) -> Archive: ...

    @property
    def profiles(self) -> ProfileBook: ...

    @property
    def agreements(self) -> Agreements: ...

    @property
    def settlement(self) -> Settlement: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...


async def approve_operation(
    house: ApprovalHouse,
    operation_id: str,
    verdict: Verdict,
    reason: str,
    person: str,
    trace: str | None = None,
) -> dict[str, Any]:
    """One person's word; the last one that is needed lets the operation move on, a refusal ends it.

    Raises NotFound (`unknown_operation`, `nothing_to_approve`), Conflict (`approval_too_late`), and those of
    `seat_of`.
    """
    operation, _ = await decided_operation(house.archive, operation_id)
    chain, makers = await _chain(house, operation), makers_of(operation)
    now = house.clock.now()
    async with house.works.open() as unit:
        await unit.gate([operation.account])
        hold = await _awaiting(unit, operation_id, now)
        said = await unit.approvals.said([operation_id])
        chosen = chain(hold)
        approvers, delegations = await unit.approvals.approvers(), await unit.approvals.delegations(now)
        level, principal = seat_of(person, chosen, said, approvers, delegations, makers, now)
        word = Approval(
            operation=operation_id,
            level=level,
            by=person,
            on_behalf_of=principal,
            verdict=verdict,
            reason=reason,
            at=now,
        )
        await unit.approvals.add(word)
        where = progress(chosen, [*said, word])
        handle = (await unit.handles([hold.account])).get(hold.account)
        kind = OPERATION_APPROVED if verdict is Verdict.APPROVE else OPERATION_REFUSED
        body = {"operation": operation_id, "level": level, "actor": person, "on_behalf_of": principal}
        await unit.note([Fact(now, kind, body, handle, trace)])
        if not (where.refused or where.complete):
            await unit.effects.put([approval_notice(hold, len(said) + 1, now, handle, trace)])
        await _carry_on(unit, hold, where, person, now, house.settlement, trace)
    return _told(operation_id, chosen, where, [*said, word])


async def _carry_on(
    unit: Unit,
    hold: Hold,
    where: Progress,
    person: str,
    now: int,
    settlement: Settlement,
    trace: str | None,
) -> None:
    if where.refused:
        subjects = await unit.handles([hold.account])
        moves = Moves(now=now, subjects=subjects, trace=trace, banking=settlement.banking)
        moves.end(hold, HoldState.LAPSED, person, "approval_refused")
        await moves.write(unit)
    elif where.complete:
        await move_on(unit, [met(hold, [Need.APPROVAL])], now, settlement, person, "approved", trace)


async def approvals_of(house: ApprovalHouse, operation_id: str) -> dict[str, Any]:
    """Where an operation stands in its chain, and what was said.

    Raises NotFound (`unknown_operation`, `nothing_to_approve`).
    """
    operation, _ = await decided_operation(house.archive, operation_id)
    chain = await _chain(house, operation)
    async with house.works.open() as unit:
        found = await unit.holds.lock([operation_id])
        if not found or Need.APPROVAL not in found[0].needs:
            raise _nothing(operation_id)
        said = await unit.approvals.said([operation_id])
    chosen = chain(found[0])
    return _told(operation_id, chosen, progress(chosen, said), said)


async def name_approver(
    house: ApprovalHouse, name: str, roles: Sequence[str], actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Give a person roles, in place of those before; none take them all away.

    Raises Forbidden (`named_oneself`), BadRequest (`invalid_approver`).
    """
    if name == actor:
        raise Forbidden(
            "named_oneself",
            "Nobody names themselves; somebody else must.",
            "不能为自己授予审批角色，须由他人授予。",
        )
    if not name.strip() or any(not role.strip() or len(role) > 64 for role in roles):
        raise BadRequest(
            "invalid_approver",
            "An approver needs the name of a key, and roles of 1 to 64 characters.",
            "审批人须为密钥名称，角色为1至64个字符。",
            field="roles",
        )
    now = house.clock.now()
    kept = tuple(dict.fromkeys(roles))
    async with house.works.open() as unit:
        if kept:
            await unit.approvals.name(Approver(name=name, roles=kept), now, actor)
        else:
            await unit.approvals.remove(name)
        kind = APPROVER_NAMED if kept else APPROVER_REMOVED
        await unit.note(
            [Fact(now, kind, {"approver": name, "roles": list(kept), "actor": actor}, None, trace)]
        )
    return {"approver": name, "roles": list(kept)}


async def approvers(house: ApprovalHouse) -> list[dict[str, Any]]:
    """Everybody who may approve."""
    async with house.works.open() as unit:
        return [{"approver": one.name, "roles": list(one.roles)} for one in await unit.approvals.approvers()]


async def delegate(
    house: ApprovalHouse, principal: str, to: str, seconds: int, trace: str | None = None
) -> dict[str, Any]:
    """Let another person act in one's roles for a time; 0 seconds end it. Only the principal can.

    Raises BadRequest (`invalid_delegation`).
    """
    if to == principal or not 0 <= seconds <= DELEGATION_DAYS_MAX * 86400:
        raise BadRequest(
            "invalid_delegation",
            f"Name another person, and a time of at most {DELEGATION_DAYS_MAX} days.",
            f"须指定他人，期限最长{DELEGATION_DAYS_MAX}天。",
            field="seconds",
        )
    now = house.clock.now()
    until = now + seconds * 10**6
    async with house.works.open() as unit:
        await unit.approvals.end_delegations(principal, to, now)
        if seconds:
            given = Delegation(principal=principal, delegate=to, since=now, until=until)
            await unit.approvals.delegate(house.ids.new("dlg", now), given, now)
        body = {"principal": principal, "delegate": to, "until": rfc3339(until)}
        await unit.note([Fact(now, APPROVAL_DELEGATED, body, None, trace)])
    return body


async def _chain(house: ApprovalHouse, operation: Operation) -> Callable[[Hold], Chain]:
    """What chooses the chain of this operation's hold; asked before the account's gate is taken."""
    account = await house.profiles.find(operation.account)
    asked = asked_of(operation, None if account is None else account.type)
    return lambda hold: chain_for(hold, asked, house.agreements.chains)


async def _awaiting(unit: Unit, operation_id: str, now: int) -> Hold:
    found = await unit.holds.lock([operation_id])
    if not found or Need.APPROVAL not in found[0].needs:
        raise _nothing(operation_id)
    hold = found[0]
    if hold.state is not HoldState.OPEN or now >= hold.expires_at:
        state = HoldState.LAPSED if hold.state is HoldState.OPEN else hold.state
        raise Conflict(
            "approval_too_late",
            f"This operation is {state}; it can no longer be approved.",
            f"该操作{STATES_ZH[state]}，无法再审批。",
            operation=operation_id,
            state=state.value,
        )
    return hold


def _nothing(operation_id: str) -> NotFound:
    return NotFound(
        "nothing_to_approve",
        "This operation does not wait for an approval.",
        "该操作无需审批。",
        operation=operation_id,
    )


def _told(operation_id: str, chain: Chain, where: Progress, said: Sequence[Approval]) -> dict[str, Any]:
    return {
        "operation": operation_id,
        "chain": chain.id,
        "levels": [{"role": level.role, "persons": level.persons} for level in chain.levels],
        "complete": where.complete,
        "refused": where.refused,
        "waits_for": None if where.role is None else {"role": where.role, "persons": where.missing},
        "said": [
            {
                "level": one.level,
                "by": one.by,
                "on_behalf_of": one.on_behalf_of,
                "verdict": one.verdict.value,
                "reason": one.reason,
                "at": rfc3339(one.at),
            }
            for one in said
        ],
    }
