"""Where a customer is reached, kept by themselves: added by a code sent there, removed only after a wait.

Whoever takes an account over wants its warnings to go elsewhere. So a new address comes last, a removal is
told to every address and waits as a higher limit does, and one that warns always stays.
"""

from __future__ import annotations

from datetime import time
from typing import Any, NamedTuple

import msgspec

from countermand.confirmation.linking import code_mac, same_mac
from countermand.confirmation.lockout import Standing
from countermand.flows.address_book import Known, masked, one_form
from countermand.flows.challenge_codes import CodeMaker, minutes_until
from countermand.flows.contact_removals import (
    ASKED,
    REPLACED,
    ContactDesk,
    ask_removal,
    cancel_change,
    end_change,
    open_changes,
    without,
    would_silence,
)
from countermand.flows.enrolment_drafts import PENDING_SECONDS, TRIES_MAX
from countermand.flows.enrolments import ENROL_TEXT, check_trusted
from countermand.flows.holder_proofs import HolderProof, Keeping, wrong_answer
from countermand.flows.keep_contacts import POINTS_MAX, bad_contacts, with_former
from countermand.flows.proving import CODE_DIGITS, CODE_KEY, ProvingKit
from countermand.flows.send_codes import CodeParcel
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import Conflict, CountermandError, NotFound
from countermand.kernel.ids import new_code, new_nonce
from countermand.oversight.notices import reachable
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.contact_changes import ChangeState, ContactAction, ContactChange
from countermand.vocabulary.facts import CONTACT_CODE_REFUSED, CONTACT_CODE_SENT, Fact
from countermand.vocabulary.notices import ContactPoint, Contacts, NoticeChannel, QuietHours
from countermand.vocabulary.parties import is_zone
from countermand.work import Unit

PENDING_MAX = 3
LANGUAGES = ("zh", "en")
_METHODS = {NoticeChannel.SMS: Method.SMS, NoticeChannel.EMAIL: Method.EMAIL}


class WantedAddress(NamedTuple):
    """What is to be added: an address, or the `key` (hex) of one that is there and was never verified."""

    channel: NoticeChannel
    address: str = ""
    key: str = ""


class Manner(NamedTuple):
    """How somebody wants to be told; `quiet` from when until when service notices wait."""

    language: str
    timezone: str
    quiet: tuple[time, time] | None


async def show_own_contacts(desk: ContactDesk, account: str) -> dict[str, Any]:
    """Where they are reached, masked; what waits for a code, and what is to go. Raises Unavailable."""
    async with desk.works.open() as unit:
        known = desk.post.addresses.opened(account, await unit.contacts.of(account))
        changes = await open_changes(unit, account, desk.clock.now())
    quiet = known.contacts.quiet
    leaving = {one.key.hex(): one for one in changes if one.action is ContactAction.REMOVE}
    return {
        "language": known.contacts.language,
        "timezone": known.contacts.timezone,
        "quiet": None
        if quiet is None
        else {"begins": f"{quiet.begins:%H:%M}", "ends": f"{quiet.ends:%H:%M}"},
        "points": [_point_shown(desk, known, leaving, point) for point in known.contacts.points],
        "pending": [
            {
                "change": one.id,
                "channel": one.channel.value,
                "address": masked(_point(one.channel, _awaited(desk.kit, one))),
                "until": one.due_at,
            }
            for one in changes
            if one.state is ChangeState.PENDING
        ],
        "channels": [one.value for one in _METHODS if _verifies(desk, one)],
    }


async def choose_manner(desk: ContactDesk, keeping: Keeping, manner: Manner) -> None:
    """Another language, time zone or night; warnings come at once in any.

    Raises BadRequest (`bad_contacts`), Unavailable.
    """
    if manner.language not in LANGUAGES:
        raise bad_contacts("language is zh or en", "language 应为 zh 或 en")
    if not is_zone(manner.timezone):
        raise bad_contacts("timezone is no IANA time zone", "timezone 不是 IANA 时区名称")
    quiet = None if manner.quiet is None else QuietHours(*manner.quiet)
    async with desk.works.open() as unit:
        await unit.gate([keeping.account])
        known = await desk.known(unit, keeping.account)
        wanted = msgspec.structs.replace(
            known.contacts, language=manner.language, timezone=manner.timezone, quiet=quiet
        )
        if wanted != known.contacts:
            await desk.write(unit, known, wanted, keeping)


async def begin_address(desk: ContactDesk, keeping: Keeping, wanted: WantedAddress, language: str) -> str:
    """Send a code to an address, and nothing else before it came back; the id of the change.

    Raises Forbidden (`suspect_device`, `proof_needed`, `wrong_answer`, `method_locked`), BadRequest
    (`bad_address`, `bad_contacts`), NotFound (`unknown_contact`), Conflict (`contact_known`,
    `too_many_contacts`, `code_limit_reached`), Unavailable.
    """
    check_trusted(suspect=keeping.suspect)
    if not _verifies(desk, wanted.channel):
        raise bad_contacts("no code can be sent there", "无法向此处发送验证码")
    refusal: CountermandError | None = None
    name = ""
    async with desk.works.open() as unit:
        await unit.gate([keeping.account])
        known = await desk.known(unit, keeping.account)
        point = _wanted_point(known, wanted)
        refusal = await _proven(desk, unit, keeping)
        if refusal is None:
            await _make_room(desk, unit, keeping, known, point)
            name = await _send(desk, unit, keeping, point, language)
    if refusal is not None:
        raise refusal
    return name


async def finish_address(desk: ContactDesk, keeping: Keeping, name: str, code: str) -> None:
    """The address hears from now on, last of all; every address is told of it.

    Raises Forbidden (`suspect_device`, `wrong_answer`), NotFound (`unknown_contact`), Conflict
    (`too_many_contacts`), Unavailable.
    """
    check_trusted(suspect=keeping.suspect)
    async with desk.works.open() as unit:
        await unit.gate([keeping.account])
        now = desk.clock.now()
        change = next((one for one in await open_changes(unit, keeping.account, now) if one.id == name), None)
        if change is None or change.code is None:
            raise _unknown()
        mac = _mac(desk.kit, change.id, change.channel, change.code["nonce"], code)
        right = change.code["tries"] < TRIES_MAX and same_mac(change.code["mac"], mac)
        if right:
            known = await desk.known(unit, keeping.account)
            point = _point(change.channel, _awaited(desk.kit, change), now)
            await desk.write(unit, known, _with(known.contacts, point, now), keeping)
            await end_change(unit, change, ChangeState.DONE, keeping.actor, None, now)
        else:
            tried = {**change.code, "tries": change.code["tries"] + 1}
            await unit.contact_changes.put(msgspec.structs.replace(change, code=tried))
            await _note(unit, CONTACT_CODE_REFUSED, change, keeping, now)
    if not right:
        raise wrong_answer(_METHODS[change.channel])


async def remove_address(desk: ContactDesk, keeping: Keeping, key: str) -> None:
    """An address is to go: told to every one now, gone after the wait; one never verified goes at once.

    Raises Forbidden (`suspect_device`, `proof_needed`, `wrong_answer`, `method_locked`), NotFound
    (`unknown_contact`), Conflict (`last_contact`), Unavailable.
    """
    check_trusted(suspect=keeping.suspect)
    refusal: CountermandError | None = None
    async with desk.works.open() as unit:
        await unit.gate([keeping.account])
        now = desk.clock.now()
        known = await desk.known(unit, keeping.account)
        point = _point_of(known, key)
        if point.verified_at is None:
            await desk.write(unit, known, without(known, key, now), keeping)
        elif (refusal := await _proven(desk, unit, keeping)) is None:
            await ask_removal(desk, unit, keeping, known, point, now)
    if refusal is not None:
        raise refusal


async def take_back_change(desk: ContactDesk, keeping: Keeping, name: str) -> None:
    """What is open comes to nothing, at once and without a proof; what is over: nothing more happens."""
    async with desk.works.open() as unit:
        await unit.gate([keeping.account])
        now = desk.clock.now()
        for change in await open_changes(unit, keeping.account, now):
            if change.id == name:
                await cancel_change(desk, unit, change, ASKED, keeping.actor, now)


async def _proven(desk: ContactDesk, unit: Unit, keeping: Keeping) -> CountermandError | None:
    found = await unit.authenticators.of_account(keeping.account)
    return await HolderProof(desk.kit, desk.accounts).prove(unit, keeping, found, desk.clock.now())


async def _make_room(
    desk: ContactDesk, unit: Unit, keeping: Keeping, known: Known, point: ContactPoint
) -> None:
    """An address is added once; asked for again, it gets another code."""
    now, key = desk.clock.now(), desk.post.addresses.key_of(point.channel, point.address)
    here = known.point(point.channel, key.hex())
    if here is not None and here.verified_at is not None and here.former_until is None:
        raise Conflict(
            "contact_known",
            "Our warnings reach this address already.",
            "该联系方式已能收到提醒。",
            field="address",
        )
    _check_room(known.contacts, point)
    others = []
    for one in await unit.contact_changes.open_of(keeping.account):
        if (one.channel, one.key) == (point.channel, key):
            await end_change(unit, one, ChangeState.CANCELLED, keeping.actor, REPLACED, now)
        elif one.state is ChangeState.PENDING and one.due_at > now:
            others.append(one)
    if len(others) >= PENDING_MAX:
        raise _too_many()


async def _send(desk: ContactDesk, unit: Unit, keeping: Keeping, point: ContactPoint, language: str) -> str:
    now, kit = desk.clock.now(), desk.kit
    name, nonce, code = desk.ids.new("adr", now), new_nonce().hex(), new_code(CODE_DIGITS)
    mac = _mac(kit, name, point.channel, nonce, code)
    change = ContactChange(
        id=name,
        account=keeping.account,
        action=ContactAction.ADD,
        channel=point.channel,
        key=desk.post.addresses.key_of(point.channel, point.address),
        sealed=kit.vault.seal(point.address.encode(), _context(name)),
        code={"nonce": nonce, "mac": mac, "tries": 0},
        asked_at=now,
        asked_by=keeping.actor,
        due_at=now + PENDING_SECONDS * MICROS_PER_SECOND,
        state=ChangeState.PENDING,
    )
    await unit.contact_changes.put(change)
    parcel = CodeParcel(
        id=desk.ids.new("code", now),
        account=keeping.account,
        method=_METHODS[point.channel],
        to=point.address,
        text=ENROL_TEXT.filled({"code": code, "minutes": str(minutes_until(now, change.due_at))}),
        language=language,
        expires_at=change.due_at,
    )
    # An address that nobody has confirmed yet is a stranger's, whoever names it.
    stranger, trace = Standing.STRANGER, keeping.trace
    await CodeMaker(unit=unit, kit=kit, ids=desk.ids, now=now, trace=trace, standing=stranger).post(parcel)
    await _note(unit, CONTACT_CODE_SENT, change, keeping, now)
    return name


async def _note(unit: Unit, kind: str, change: ContactChange, keeping: Keeping, now: int) -> None:
    subject = (await unit.handles([change.account])).get(change.account)
    body = {"change": change.id, "channel": change.channel.value, "actor": keeping.actor}
    await unit.note([Fact(now, kind, body, subject, keeping.trace)])


def _point_shown(
    desk: ContactDesk, known: Known, leaving: dict[str, ContactChange], point: ContactPoint
) -> dict[str, Any]:
    key, gone = known.keys[point], leaving.get(known.keys[point])
    return {
        "key": key,
        "channel": point.channel.value,
        "address": masked(point),
        "verified_at": point.verified_at,
        "former_until": point.former_until,
        "heard": point in reachable(known.contacts, desk.post.channels),
        "last": would_silence(desk, known, leaving, key),
        "leaves": None if gone is None else {"change": gone.id, "at": gone.due_at},
    }


def _with(contacts: Contacts, point: ContactPoint, now: int) -> Contacts:
    """With an address behind the others; one that was there unverified is verified in its place.

    Raises Conflict (`too_many_contacts`).
    """
    _check_room(contacts, point)
    same = (point.channel, point.address)
    kept = [one for one in contacts.points if one.former_until is None]
    there = [n for n, one in enumerate(kept) if (one.channel, one.address) == same]
    for n in there:
        kept[n] = point
    points = (*kept, *(() if there else (point,)))
    return msgspec.structs.replace(contacts, points=with_former(contacts.points, points, now))


def _wanted_point(known: Known, wanted: WantedAddress) -> ContactPoint:
    """The address in the form in which it is kept. Raises BadRequest (`bad_address`), NotFound."""
    if wanted.key:
        return _point_of(known, wanted.key)
    return _point(wanted.channel, one_form(wanted.channel, wanted.address))


def _point(channel: NoticeChannel, address: str, verified_at: int | None = None) -> ContactPoint:
    return ContactPoint(channel=channel, address=address, verified_at=verified_at)


def _point_of(known: Known, key: str) -> ContactPoint:
    """One that is theirs now. Raises NotFound (`unknown_contact`)."""
    for point, its in known.keys.items():
        if its == key and point.former_until is None:
            return point
    raise _unknown()


def _awaited(kit: ProvingKit, change: ContactChange) -> str:
    assert change.sealed is not None, "its code is awaited"
    return kit.vault.open(change.sealed, _context(change.id)).decode()


def _context(change: str) -> str:
    return f"contact change {change}"


def _mac(kit: ProvingKit, name: str, channel: NoticeChannel, nonce: str, code: str) -> str:
    return code_mac(kit.vault.mac_key(CODE_KEY), name, nonce, _METHODS[channel], code)


def _verifies(desk: ContactDesk, channel: NoticeChannel) -> bool:
    return channel in _METHODS and _METHODS[channel] in desk.kit.senders


def _check_room(contacts: Contacts, point: ContactPoint) -> None:
    others = [
        one
        for one in contacts.points
        if one.former_until is None and (one.channel, one.address) != (point.channel, point.address)
    ]
    if len(others) >= POINTS_MAX:
        raise _too_many()


def _too_many() -> Conflict:
    return Conflict(
        "too_many_contacts",
        f"There are at most {POINTS_MAX} addresses, and {PENDING_MAX} that wait for a code.",
        f"联系方式最多{POINTS_MAX}个，等待验证码的最多{PENDING_MAX}个。",
    )


def _unknown() -> NotFound:
    return NotFound("unknown_contact", "There is no such address here.", "没有该联系方式。")
