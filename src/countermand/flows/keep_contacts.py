"""Where a customer is reached: kept, shown masked, and what it replaced goes on hearing for a week."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import time
from typing import Any, NamedTuple, Protocol

from countermand.flows.address_book import AddressBook, Known, masked, one_form
from countermand.flows.send_notices import Post
from countermand.kernel.clock import MICROS_PER_SECOND, Clock, rfc3339
from countermand.kernel.errors import BadRequest, NotFound
from countermand.oversight.notice_ports import StoredContacts
from countermand.oversight.notices import FORMER_SECONDS
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.facts import CONTACTS_CHANGED, CONTACTS_REMOVED, Fact
from countermand.vocabulary.notices import NOTICES, ContactPoint, Contacts, NoticeChannel, QuietHours
from countermand.vocabulary.parties import is_zone
from countermand.vocabulary.timers import Timer
from countermand.work import Unit, Works

POINTS_MAX = 8
FORMER_TIMER = "former_contacts"


class GivenPoint(NamedTuple):
    """An address as it was sent; `verified_at` where the institution has checked that it is theirs."""

    channel: NoticeChannel
    address: str
    verified_at: int | None


class GivenContacts(NamedTuple):
    """Contacts as they were sent, in order of preference; they replace what was there."""

    points: Sequence[GivenPoint]
    language: str
    timezone: str
    quiet: tuple[time, time] | None


class ContactHouse(Protocol):
    """What this story needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def post(self) -> Post: ...

    @property
    def clock(self) -> Clock: ...


async def put_contacts(
    house: ContactHouse, account: str, given: GivenContacts, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Keep contacts; the same again changes nothing. Addresses that are new, or gone, are told to both.

    Raises BadRequest (`bad_address`, `bad_contacts`), Unavailable.
    """
    points = _points(given)
    if not is_zone(given.timezone):
        raise bad_contacts("timezone is no IANA time zone", "timezone 不是 IANA 时区名称")
    now, book = house.clock.now(), house.post.addresses
    quiet = None if given.quiet is None else QuietHours(*given.quiet)
    async with house.works.open() as unit:
        before = await unit.contacts.lock(account)
        known = book.opened(account, before)
        kept = with_former(known.contacts.points, points, now)
        wanted = Contacts(
            account=account, points=kept, language=given.language, timezone=given.timezone, quiet=quiet
        )
        if before is None or wanted != known.contacts:
            await keep(unit, book, known, wanted, now, actor, trace)
    return _shown(wanted)


async def keep(
    unit: Unit, book: AddressBook, known: Known, wanted: Contacts, now: int, actor: str, trace: str | None
) -> None:
    """Write contacts in place of those `known`, and tell of it; for whoever has locked them."""
    account = wanted.account
    stored = [book.stored(account, point) for point in wanted.points]
    terms = (account, wanted.language, wanted.timezone, wanted.quiet)
    await unit.contacts.put(StoredContacts(*terms, stored), now)
    key = book.key_of(NoticeChannel.FEED, account)
    await _tell(unit, known, wanted, key, now, actor, trace)
    former = [point.former_until for point in wanted.points if point.former_until is not None]
    await unit.timers.set([Timer(FORMER_TIMER, account, at) for at in former[:1]])


def _points(given: GivenContacts) -> tuple[ContactPoint, ...]:
    """In the form in which they are kept, each address once."""
    if len(given.points) > POINTS_MAX:
        raise bad_contacts(f"there are more than {POINTS_MAX} addresses", f"地址超过{POINTS_MAX}个")
    points = [
        ContactPoint(
            channel=one.channel, address=one_form(one.channel, one.address), verified_at=one.verified_at
        )
        for one in given.points
    ]
    if len({(one.channel, one.address) for one in points}) < len(points):
        raise bad_contacts("an address stands there twice", "地址重复")
    return tuple(points)


def with_former(
    before: Sequence[ContactPoint], after: Sequence[ContactPoint], now: int
) -> tuple[ContactPoint, ...]:
    """The new addresses, and behind them those that were verified and are gone: for a week."""
    named = {(one.channel, one.address) for one in after}
    former = []
    for one in before:
        if (one.channel, one.address) in named or one.verified_at is None:
            continue
        until = one.former_until or now + FORMER_SECONDS * MICROS_PER_SECOND
        if until > now:
            former.append(
                ContactPoint(
                    channel=one.channel,
                    address=one.address,
                    verified_at=one.verified_at,
                    former_until=until,
                )
            )
    former.sort(key=lambda one: one.former_until or 0)
    return (*after, *former[-POINTS_MAX:])


async def _tell(
    unit: Unit, known: Known, after: Contacts, key: bytes, now: int, actor: str, trace: str | None
) -> None:
    """The journal fact; and a notice, where there was an address before and it is another now.

    An effect's name stands in facts, so it has the account's `key` and not the account.
    """
    account = after.account
    subject = (await unit.handles([account])).get(account)
    counted = {channel.value: 0 for channel in NoticeChannel if channel is not NoticeChannel.FEED}
    for point in after.points:
        counted[point.channel.value] += point.former_until is None
    body = {"actor": actor, "email": counted["email"], "sms": counted["sms"]}
    await unit.note([Fact(now, CONTACTS_CHANGED, body, subject, trace)])
    here = {(one.channel, one.address) for one in after.points if one.former_until is None}
    there = {(one.channel, one.address) for one in known.contacts.points if one.former_until is None}
    if there and here != there:
        effect = Effect(
            id=f"contacts_changed-{key.hex()}-{now}",
            port=NOTICES,
            action="contacts_changed",
            lane=account,
            body={"account": account, "values": {"at": rfc3339(now)}, "urgency": "security"},
            placed_at=now,
            due_at=now,
            subject=subject,
            trace=trace,
        )
        await unit.effects.put([effect])


async def show_contacts(house: ContactHouse, account: str) -> dict[str, Any]:
    """The contacts of an account, their addresses masked. Raises NotFound (`no_contacts`), Unavailable."""
    async with house.works.open() as unit:
        stored = await unit.contacts.of(account)
    if stored is None:
        raise _none()
    return _shown(house.post.addresses.opened(account, stored).contacts)


async def remove_contacts(
    house: ContactHouse, account: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """Forget every address of an account, former ones too: to erase somebody. The feed still tells them.

    Raises NotFound (`no_contacts`), Unavailable.
    """
    now = house.clock.now()
    async with house.works.open() as unit:
        if not await unit.contacts.remove(account):
            raise _none()
        await unit.contact_changes.forget(account)
        await unit.timers.cancel(FORMER_TIMER, [account])
        subject = (await unit.handles([account])).get(account)
        await unit.note([Fact(now, CONTACTS_REMOVED, {"actor": actor}, subject, trace)])
    return {"account": account, "removed": True}


def former_handler(book: AddressBook, clock: Clock) -> Callable[[Unit, list[Timer]], Awaitable[None]]:
    """What happens when a replaced address has heard enough: it is forgotten."""

    async def forget(unit: Unit, timers: list[Timer]) -> None:
        now = clock.now()
        accounts = [timer.ref for timer in timers]
        await unit.contacts.forget_former(accounts, now)
        for account in accounts:
            contacts = book.opened(account, await unit.contacts.of(account)).contacts
            left = [point.former_until for point in contacts.points if point.former_until is not None]
            await unit.timers.set([Timer(FORMER_TIMER, account, at) for at in sorted(left)[:1]])

    return forget


def _shown(contacts: Contacts) -> dict[str, Any]:
    quiet = contacts.quiet
    return {
        "account": contacts.account,
        "language": contacts.language,
        "timezone": contacts.timezone,
        "quiet_hours": None
        if quiet is None
        else {"begins": f"{quiet.begins:%H:%M}", "ends": f"{quiet.ends:%H:%M}"},
        "points": [
            {
                "channel": point.channel.value,
                "address": masked(point),
                "verified_at": None if point.verified_at is None else rfc3339(point.verified_at),
                "former_until": None if point.former_until is None else rfc3339(point.former_until),
            }
            for point in contacts.points
        ],
    }


def bad_contacts(en: str, zh: str) -> BadRequest:
    """The refusal of contacts that cannot be kept."""
    return BadRequest("bad_contacts", f"These contacts cannot be kept: {en}.", f"无法保存联系方式：{zh}。")


def _none() -> NotFound:
    return NotFound(
        "no_contacts",
        "Nothing is known about where to reach the holder of this account.",
        "该账户尚无联系方式。",
    )
