"""Who sees what of the evidence: lists, the covered view, the item itself by two people, and who looked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import msgspec

from countermand.cases.numbers import spoken
from countermand.evidence.custody import CustodyEvent, Touch, is_look, shredded
from countermand.evidence.exhibits import Exhibit, ExhibitKind, Origin, Standing, field_of
from countermand.evidence.sealing import StreamOpener
from countermand.evidence.zones import Sight, Zone, require_sight
from countermand.flows.ask_second import ask_second
from countermand.flows.capture_exhibit import touch
from countermand.flows.case_desk import at_case
from countermand.flows.data_keys import DataKey
from countermand.flows.disclose import Asked, agreed_to, unmask_refused
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.show_case import dossier_of, looked
from countermand.intake.redaction import mask
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import Conflict, NotFound
from countermand.kernel.text import Text
from countermand.vocabulary.acts import Why
from countermand.vocabulary.cases import Case, EventKind
from countermand.vocabulary.staff import Purpose, Staff, Verb, Verdict
from countermand.work import Unit

# An identity document is never shown without what it was given for.
WATERMARK = Text(
    en="Copy for case {case} only, to establish who reported it; void for any other use",
    zh="仅用于案件 {case} 的身份核实，他用无效",
)


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """See an exhibit as it is: what for, and why."""

    purpose: Purpose
    reason: Why


class Opened(NamedTuple):
    """An exhibit as it is: its bytes in pieces; `name` is fit for a header."""

    exhibit: Exhibit
    pieces: AsyncIterator[bytes]


async def list_exhibits(room: EvidenceRoom, number: str, by: Staff) -> dict[str, Any]:
    """The exhibits of a case, oldest first. Raises NotFound (`unknown_case`), Forbidden (`zone_closed`)."""
    async with room.works.open() as unit:
        work = await at_case(room.desk, unit, number, by)
        work.require(Verb.READ_CASE)
        require_sight(by.roles, Zone.PERSONAL, Sight.EXISTENCE)
        found = [one for case in _cases(work.case) for one in await unit.evidence.exhibits(case)]
        holds = await unit.evidence.holds(work.case.id)
    return {
        "case": spoken(work.case.number),
        "exhibits": [shown(one, work.case) for one in found],
        "legal_holds": [
            {"id": one.id, "reason": one.reason.value, "basis": one.basis, "since": rfc3339(one.begun_at)}
            for one in holds
            if one.ended_at is None
        ],
    }


async def view_exhibit(
    room: EvidenceRoom, number: str, exhibit: str, by: Staff, trace: str | None = None
) -> dict[str, Any]:
    """The covered view: everything but the item itself; origin and names masked, the chain whole.

    The look is on record before the answer. Raises NotFound (`unknown_exhibit`), Forbidden.
    """
    async with room.works.open() as unit:
        work = await at_case(room.desk, unit, number, by, trace=trace)
        work.require(Verb.READ_MESSAGES)
        require_sight(by.roles, Zone.PERSONAL, Sight.MASKED)
        one = await exhibit_of(unit, work.case, exhibit)
        keys = await room.keys.named(unit, [one.data_key])
        if one.standing is not Standing.SHREDDED:
            await touch(work, one.id, Touch.VIEWED)
        chain = await unit.evidence.custody(one.id)
        await work.end()
    key = keys.get(one.data_key)
    return {
        **shown(one, work.case),
        "origin": None if key is None or not one.origin else _origin(key, one),
        "custody": [_touch_shown(event) for event in chain],
    }


async def open_exhibit(
    room: EvidenceRoom, number: str, exhibit: str, wanted: Opening, by: Staff, trace: str | None = None
) -> Opened | dict[str, Any]:
    """The item as it is, once a second person has agreed to this very look in the last day; else it waits.

    The look is on record, in chain and journal, before the first byte is given.
    Raises NotFound (`unknown_exhibit`), Forbidden (`zone_closed`, `purpose_refused`, ...), Conflict
    (`exhibit_quarantined`, `exhibit_shredded`, `subject_shredded`), Unavailable.
    """
    async with room.works.open() as unit:
        work = await at_case(room.desk, unit, number, by, trace=trace)
        one = await exhibit_of(unit, work.case, exhibit)
        field = field_of(one.kind, one.about)
        if work.verdict(Verb.UNMASK, wanted.purpose, field) is Verdict.DENY:
            raise unmask_refused(work, field, wanted.purpose)
        require_sight(by.roles, Zone.PERSONAL, Sight.RAW_BY_TWO, wanted.purpose)
        _check_readable(one)
        asked = Asked(
            message=f"exhibit {one.id}",
            field=field,
            purpose=wanted.purpose,
            reason=mask(wanted.reason).text,
        )
        agreed_by = await agreed_to(work, asked)
        if agreed_by is None:
            return await ask_second(work, Verb.UNMASK, asked)
        key = await room.keys.one(unit, one.data_key)
        await touch(
            work, one.id, Touch.OPENED, purpose=wanted.purpose.value, agreed_by=agreed_by, glass=work.glass
        )
        await work.end()
    return Opened(one, plain_of(room, key, one))


async def plain_of(room: EvidenceRoom, key: DataKey, exhibit: Exhibit) -> AsyncIterator[bytes]:
    """The bytes of an exhibit; what was altered breaks off. Whoever calls has put the look on record.

    Raises Conflict (`evidence_altered`), Unavailable.
    """
    opener = StreamOpener(key.key, f"exhibit {exhibit.id}")
    async for piece in room.objects.get(exhibit.object):
        if found := opener.open(piece):
            yield found
    yield opener.end()


async def accesses_of(room: EvidenceRoom, case: Case) -> dict[str, Any]:
    """Who looked at what of one's data, when, what for, and who agreed: texts and exhibits alike."""
    dossier = await dossier_of(room.desk, case.number)
    async with room.works.open() as unit:
        chain = [one for part in _cases(case) for one in await unit.evidence.custody_of_case(part)]
        kept = [one for part in _cases(case) for one in await unit.evidence.exhibits(part)]
    kinds = {one.id: one.kind for one in kept}
    looks: list[dict[str, Any]] = [
        {**looked(one), "what": "message", "raw": True} for one in dossier.disclosures if one.case == case.id
    ]
    given = {one.id: one for one in dossier.grants}
    looks += [
        {
            "at": rfc3339(event.at),
            "by": event.actor,
            "what": "case",
            "raw": False,
            "purpose": event.body["purpose"],
            "agreed_by": given[event.body["grant"]].given_by,
        }
        for event in dossier.events
        if event.kind is EventKind.DISCLOSED and "grant" in event.body
    ]
    looks += [
        {
            "at": rfc3339(event.at),
            "by": event.actor,
            "what": kinds[event.exhibit].value,
            "exhibit": event.exhibit,
            "raw": event.touch is not Touch.VIEWED,
            "purpose": event.body.get("purpose"),
            "agreed_by": event.body.get("agreed_by"),
        }
        for event in chain
        if is_look(event.touch)
    ]
    return {
        "case": spoken(case.number),
        "accesses": sorted(looks, key=lambda one: str(one["at"])),
        "exhibits": [shown(one, case) for one in kept],
    }


def shown(one: Exhibit, case: Case) -> dict[str, Any]:
    """An exhibit as staff and its sender see it; `sha256` is of the item itself."""
    told: dict[str, Any] = {
        "exhibit": one.id,
        "kind": one.kind.value,
        "about": one.about.value,
        "name": one.name,
        "declared": one.declared,
        "sniffed": one.sniffed,
        "lies": one.lies,
        "bytes": one.size,
        "sha256": None if one.plain_digest is None else one.plain_digest.hex(),
        "object": one.object.hex(),
        "scan": one.scan.value,
        "standing": one.standing.value,
        "captured_at": rfc3339(one.captured_at),
        "captured_by": one.captured_by,
        "derived_from": one.derived_from,
    }
    if one.kind is ExhibitKind.ID_COPY:
        number = spoken(case.number)
        told["watermark"] = {
            "en": WATERMARK.en.format(case=number),
            "zh": WATERMARK.zh.format(case=number),
        }
    return told


def _origin(key: DataKey, one: Exhibit) -> dict[str, Any]:
    """Where it came from, personal numbers and addresses covered."""
    origin = msgspec.json.decode(key.open(one.origin, f"origin {one.id}"), type=Origin)
    return {
        "actor": origin.actor,
        "channel": origin.channel,
        "device": None if origin.device is None else mask(origin.device).text,
        "address_known": origin.address is not None,
        "context": {name: mask(value).text for name, value in sorted(origin.context.items())},
    }


def _touch_shown(event: CustodyEvent) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "touch": event.touch.value,
        "at": rfc3339(event.at),
        "by": event.actor,
        "more": event.body,
    }


def _check_readable(one: Exhibit) -> None:
    if one.standing is Standing.SHREDDED:
        raise shredded(one.id)
    if one.standing is Standing.QUARANTINED:
        raise Conflict(
            "exhibit_quarantined",
            "This exhibit carries what the virus scanner knows; it is kept, and given to nobody.",
            "该证物被病毒扫描检出，已隔离保存，不提供查看。",
            exhibit=one.id,
        )


async def exhibit_of(unit: Unit, case: Case, name: str) -> Exhibit:
    """An exhibit of a case, or of one that became part of it. Raises NotFound (`unknown_exhibit`)."""
    one = await unit.evidence.exhibit(name)
    if one is None or one.case not in _cases(case):
        raise NotFound(
            "unknown_exhibit", "This case has no such exhibit.", "该案件没有这件证据。", exhibit=name[:128]
        )
    return one


def _cases(case: Case) -> Sequence[str]:
    """The case and those that became part of it."""
    return (case.id, *(one for one, _ in case.absorbed))
