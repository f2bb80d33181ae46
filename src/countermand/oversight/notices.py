"""How a notice reaches somebody: which channels, when, and where it goes next if one of them fails."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from countermand.kernel.clock import MICROS_PER_SECOND, micros_of, moment_of
from countermand.vocabulary.notices import (
    PERSONAL,
    ContactPoint,
    Contacts,
    NoticeChannel,
    QuietHours,
    Sending,
    SendState,
    Urgency,
)

SECURITY_CHANNELS = 2
FORMER_POINTS_MAX = 2
# How long one channel is tried before the next one is: people wait for the first, nobody for the second.
GIVE_UP_SECONDS = {Urgency.SECURITY: 20, Urgency.SERVICE: 3600}
# How long an SMS that was accepted may take to arrive before another channel is tried.
RECEIPT_SECONDS = {Urgency.SECURITY: 120, Urgency.SERVICE: 3600}
# How long a replaced address hears what happens to the account it belonged to.
FORMER_SECONDS = 7 * 86400


class Way(NamedTuple):
    """A channel to be used, to which address (none: it needs none), from which instant on."""

    channel: NoticeChannel
    point: ContactPoint | None
    due_at: int


def ways_at_once(
    urgency: Urgency,
    contacts: Contacts,
    channels: Collection[NoticeChannel],
    now: int,
    *,
    everywhere: bool = False,
) -> list[Way]:
    """Every way a new notice takes, in order of preference; the feed has it anyway.

    A security notice goes to two channels where there are two, at once, and to addresses that were replaced
    lately, or to every address there is (`everywhere`); a service notice goes to the one preferred, after the
    quiet hours.
    """
    ways = [Way(NoticeChannel.WEBHOOK, None, now)] if NoticeChannel.WEBHOOK in channels else []
    points = reachable(contacts, channels)
    if urgency is Urgency.SERVICE:
        at = awake_at(contacts.quiet, contacts.timezone, now)
        return ways + [Way(point.channel, point, at) for point in points[:1]]
    chosen: list[ContactPoint] = []
    for point in points:  # another channel is worth more than another address of the same one
        if point.channel not in {one.channel for one in chosen}:
            chosen.append(point)
    chosen += [point for point in points if point not in chosen]
    former = [
        point for point in contacts.points if (point.former_until or 0) > now and point.channel in channels
    ]
    told = chosen + former if everywhere else chosen[:SECURITY_CHANNELS] + former[:FORMER_POINTS_MAX]
    return ways + [Way(point.channel, point, now) for point in told]


def reachable(contacts: Contacts, channels: Collection[NoticeChannel]) -> list[ContactPoint]:
    """The addresses that may be used now: verified, not replaced, and with a channel here."""
    return [
        point
        for point in contacts.points
        if point.verified_at is not None
        and point.former_until is None
        and point.channel in PERSONAL
        and point.channel in channels
    ]


def next_way(
    urgency: Urgency,
    contacts: Contacts,
    channels: Collection[NoticeChannel],
    tried: Collection[ContactPoint],
    now: int,
) -> Way | None:
    """Where a notice goes when a channel failed it: the next address that had no try yet."""
    for point in reachable(contacts, channels):
        if point not in tried:
            quiet = urgency is Urgency.SERVICE
            at = awake_at(contacts.quiet, contacts.timezone, now) if quiet else now
            return Way(point.channel, point, at)
    return None


def is_last_hope(urgency: Urgency, failed: Sending, sendings: Sequence[Sending]) -> bool:
    """Whether a message that may or may not have left is sent once more.

    A security notice, to somebody whom nothing else has reached, and who was not sent it twice already.
    """
    if urgency is not Urgency.SECURITY or failed.state is not SendState.UNCERTAIN:
        return False
    others = [one for one in sendings if one.channel in PERSONAL and one.id != failed.id]
    again = any(one.point == failed.point and one.channel is failed.channel for one in others)
    return not again and not any(
        one.state in (SendState.ACCEPTED, SendState.CONFIRMED, SendState.PLANNED, SendState.STARTED)
        for one in others
    )


def awake_at(quiet: QuietHours | None, timezone: str, now: int) -> int:
    """The first instant from now on that is outside the quiet hours.

    >>> from datetime import time
    >>> night = QuietHours(time(22), time(7))
    >>> noon = 1_795_233_600_000_000  # in Shanghai
    >>> awake_at(night, "Asia/Shanghai", noon) == noon
    True
    >>> (awake_at(night, "Asia/Shanghai", noon + 11 * 3600 * 10**6) - noon) / 3600 / 10**6
    19.0
    """
    if quiet is None or quiet.begins == quiet.ends:
        return now
    zone = ZoneInfo(timezone)
    local = moment_of(now).astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    over_midnight = quiet.begins > quiet.ends
    asleep = (
        clock >= quiet.begins or clock < quiet.ends if over_midnight else quiet.begins <= clock < quiet.ends
    )
    if not asleep:
        return now
    tomorrow = over_midnight and clock >= quiet.begins
    day = local.date() + timedelta(days=1) if tomorrow else local.date()
    awake = micros_of(datetime.combine(day, quiet.ends, zone))
    return max(now, awake)  # where the clocks go forward the end may be skipped


def gives_up(urgency: Urgency, began_at: int, now: int) -> bool:
    """Whether a channel that cannot be reached has had its time."""
    return now - began_at >= GIVE_UP_SECONDS[urgency] * MICROS_PER_SECOND
