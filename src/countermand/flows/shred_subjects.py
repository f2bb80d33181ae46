"""A person's data in a case ends: the key is destroyed, with all that hangs on it; a tombstone stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from countermand.cases.numbers import read_number, spoken
from countermand.evidence.custody import CustodyEvent, Touch, fold
from countermand.evidence.exhibits import About, Standing
from countermand.evidence.holds import HoldReason, LegalHold, binding
from countermand.evidence.ports import KeyRow, Tombstone
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.show_case import unknown_case
from countermand.intake.redaction import mask
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import BadRequest, Conflict, NotFound
from countermand.vocabulary.cases import Case
from countermand.vocabulary.facts import (
    EVIDENCE_TOUCHED,
    LEGAL_HOLD_LAID,
    LEGAL_HOLD_LIFTED,
    SUBJECT_SHREDDED,
    TOMBSTONES_REPLAYED,
    Fact,
)
from countermand.work import Unit

log = structlog.get_logger(__name__)
RESTORE = "restore"


async def shred_case(
    room: EvidenceRoom, number: str, actor: str, reason: str, about: Sequence[About] = tuple(About)
) -> dict[str, Any]:
    """Destroy what is kept of the people in a case; nothing while it is open or held.

    `reason`: one word that stands in the tombstone (expired, request, court_order).
    Raises NotFound (`unknown_case`), Conflict (`legal_hold_binds`), Unavailable.
    """
    async with room.works.open() as unit:
        case = await _locked(unit, number)
        await _check_free(unit, case)
        live = [one for one in await unit.evidence.keys_of(case.id) if one.wrapped is not None]
        stones, objects = await _destroy(
            room, unit, [one for one in live if one.about in about], actor, reason
        )
    await _after(room, stones, objects)
    return {
        "case": spoken(case.number),
        "keys": [stone.data_key for stone in stones],
        "objects": len(objects),
    }


async def _locked(unit: Unit, number: str) -> Case:
    case = await unit.cases.by_number(read_number(number) or "")
    if case is None:
        raise unknown_case(number)
    return (await unit.cases.lock([case.id]))[0]


async def _check_free(unit: Unit, case: Case) -> None:
    """Notice is a hold by itself: from the opening of a case to its end nothing of it goes."""
    whole = case
    if case.merged_into is not None:
        whole = (await unit.cases.lock([case.merged_into]))[0]
    bound = [one for part in {case.id, whole.id} for one in binding(await unit.evidence.holds(part))]
    holds = sorted(one.reason.value for one in bound)
    if whole.closed_at is None:
        holds.insert(0, HoldReason.NOTICE.value)
    if holds:
        raise Conflict(
            "legal_hold_binds",
            f"Case {case.number} is held ({', '.join(holds)}): nothing of it is erased.",
            f"案件 {case.number} 处于法律保全（{'、'.join(holds)}），其数据不得销毁。",
            holds=holds,
        )


async def _destroy(
    room: EvidenceRoom, unit: Unit, rows: Sequence[KeyRow], actor: str, reason: str
) -> tuple[list[Tombstone], list[bytes]]:
    """Within one unit: chains end, keys go, facts say so."""
    if not rows:
        return [], []
    now = room.clock.now()
    stones = [Tombstone(row.id, row.case, row.subject, now, actor, reason) for row in rows]
    names = {row.id for row in rows}
    for case in sorted({row.case for row in rows}):
        await _end_chains(unit, case, names, actor, now)
    objects = await unit.evidence.destroy_keys(stones)
    await unit.note(
        [
            Fact(
                now,
                SUBJECT_SHREDDED,
                {
                    "case": row.case,
                    "data_key": row.id,
                    "about": row.about.value,
                    "reason": reason,
                    "actor": actor,
                },
                None if row.subject == row.case else row.subject,
            )
            for row in rows
        ]
    )
    return stones, objects


async def _end_chains(unit: Unit, case: str, keys: set[str], actor: str, now: int) -> None:
    for one in await unit.evidence.exhibits(case):
        if one.data_key not in keys or one.standing is Standing.SHREDDED:
            continue
        seq = fold(await unit.evidence.custody(one.id)).seq + 1
        await unit.evidence.touch(
            [CustodyEvent(exhibit=one.id, seq=seq, touch=Touch.SHREDDED, at=now, actor=actor)]
        )
        body = {"case": case, "exhibit": one.id, "touch": Touch.SHREDDED.value, "seq": seq, "actor": actor}
        await unit.note([Fact(now, EVIDENCE_TOUCHED, body)])


async def _after(room: EvidenceRoom, stones: Sequence[Tombstone], objects: Sequence[bytes]) -> None:
    """Committed: the tombstones go into their file, the keys out of memory, the objects out of the store.

    What stays of the objects where this breaks off is ciphertext that no key opens.
    """
    if not stones:
        return
    room.stones.append(stones)
    room.keys.forget([stone.data_key for stone in stones])
    for one in objects:
        async with room.works.open() as unit:
            if await unit.evidence.object_used(one):
                continue
        await room.objects.delete(one)


async def replay_tombstones(room: EvidenceRoom) -> int:
    """Destroy again what a restored database has back, and file what the file lacks; how many came back.

    Every server and worker does this as it starts. Raises SetupError (`tombstones_unreadable`), Unavailable.
    """
    filed = room.stones.read()
    known = {stone.data_key for stone in filed}
    async with room.works.open() as unit:
        lacking = [stone for stone in await unit.evidence.tombstones() if stone.data_key not in known]
        rows = await unit.evidence.keys(list(known))
        back = [row for row in rows.values() if row.wrapped is not None]
        for row in sorted(back):
            await unit.cases.lock([row.case])
        _, objects = await _destroy(room, unit, back, "countermand", RESTORE)
        if back:
            body = {"count": len(back)}
            await unit.note([Fact(room.clock.now(), TOMBSTONES_REPLAYED, body)])
    if lacking:
        room.stones.append(lacking)
    if back:
        log.warning("tombstones_replayed", count=len(back))
        room.keys.forget([row.id for row in back])
        for one in objects:
            await room.objects.delete(one)
    return len(back)


async def lay_hold(
    room: EvidenceRoom, number: str, reason: HoldReason, basis: str, actor: str
) -> dict[str, Any]:
    """Keep a case from being erased after its end too. Raises NotFound, BadRequest (`hold_of_notice`)."""
    if reason is HoldReason.NOTICE:
        raise BadRequest(
            "hold_of_notice",
            "A case is held from its notice to its end by itself; name another reason.",
            "案件自受理至办结自动保全；请填写其他保全原因。",
            field="reason",
        )
    async with room.works.open() as unit:
        case = await _locked(unit, number)
        now = room.clock.now()
        hold = LegalHold(
            id=room.ids.new("lh", now),
            case=case.id,
            reason=reason,
            basis=mask(basis).text,
            begun_at=now,
            begun_by=actor,
        )
        await _hold_chains(unit, hold, Touch.HELD, actor, now)
        await unit.evidence.put_hold(hold)
        body = {"case": case.id, "hold": hold.id, "reason": reason.value, "actor": actor}
        await unit.note([Fact(now, LEGAL_HOLD_LAID, body)])
    return _hold_shown(case, hold)


async def lift_hold(room: EvidenceRoom, number: str, hold_id: str, actor: str) -> dict[str, Any]:
    """End a hold. Raises NotFound (`unknown_case`, `unknown_legal_hold`)."""
    async with room.works.open() as unit:
        case = await _locked(unit, number)
        found = [one for one in binding(await unit.evidence.holds(case.id)) if one.id == hold_id]
        if not found:
            raise NotFound(
                "unknown_legal_hold", "No such hold binds this case.", "该案件没有此项生效中的法律保全。"
            )
        now = room.clock.now()
        ended = LegalHold(
            id=found[0].id,
            case=found[0].case,
            reason=found[0].reason,
            basis=found[0].basis,
            begun_at=found[0].begun_at,
            begun_by=found[0].begun_by,
            ended_at=now,
            ended_by=actor,
        )
        await _hold_chains(unit, ended, Touch.RELEASED, actor, now)
        await unit.evidence.put_hold(ended)
        body = {"case": case.id, "hold": ended.id, "reason": ended.reason.value, "actor": actor}
        await unit.note([Fact(now, LEGAL_HOLD_LIFTED, body)])
    return _hold_shown(case, ended)


async def _hold_chains(unit: Unit, hold: LegalHold, how: Touch, actor: str, now: int) -> None:
    """What is held, is held item by item: each chain says so."""
    events = []
    for one in await unit.evidence.exhibits(hold.case):
        if one.standing is not Standing.SHREDDED:
            seq = fold(await unit.evidence.custody(one.id)).seq + 1
            events.append(
                CustodyEvent(exhibit=one.id, seq=seq, touch=how, at=now, actor=actor, body={"hold": hold.id})
            )
    if events:
        await unit.evidence.touch(events)


def _hold_shown(case: Case, hold: LegalHold) -> dict[str, Any]:
    return {
        "case": spoken(case.number),
        "id": hold.id,
        "reason": hold.reason.value,
        "basis": hold.basis,
        "since": rfc3339(hold.begun_at),
        "until": None if hold.ended_at is None else rfc3339(hold.ended_at),
    }
