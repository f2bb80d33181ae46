"""The chain of custody: every touch of an exhibit in order, and what the touches come to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import reduce
from typing import Any

import msgspec

from countermand.kernel.errors import Conflict


class Touch(StrEnum):
    """What was done with an exhibit. viewed: its masked form; opened: the raw item, by two people's will."""

    CAPTURED = "captured"
    SNIFFED = "sniffed"
    SCANNED = "scanned"
    QUARANTINED = "quarantined"
    UNLOCKED = "unlocked"
    VIEWED = "viewed"
    OPENED = "opened"
    EXPORTED = "exported"
    DERIVED = "derived"
    HELD = "held"
    RELEASED = "released"
    VERIFIED = "verified"
    SHREDDED = "shredded"


class CustodyEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One touch: the `seq`-th, from 1 without a gap. The body: ids, codes and numbers, no personal data."""

    exhibit: str
    seq: int
    touch: Touch
    at: int
    actor: str
    body: dict[str, Any] = {}


class Custody(msgspec.Struct, frozen=True, kw_only=True):
    """What the touches of one exhibit come to: the last one's number, who opened it, what holds it."""

    seq: int = 0
    opened_by: frozenset[str] = frozenset()
    exported: int = 0
    derived: tuple[str, ...] = ()
    held_by: frozenset[str] = frozenset()
    shredded: bool = False


_LOOKS = frozenset({Touch.VIEWED, Touch.OPENED, Touch.EXPORTED})


def touched(before: Custody, event: CustodyEvent) -> Custody:
    """Custody after one touch more.

    Raises Conflict: `custody_gap` (a touch is missing, or it does not begin with the capture),
    `exhibit_shredded` (nothing is done with what is gone), `exhibit_held` (what is held is not shredded).
    """
    first = event.seq == 1
    if event.seq != before.seq + 1 or first != (event.touch is Touch.CAPTURED):
        raise Conflict(
            "custody_gap",
            f"The chain of custody of {event.exhibit} goes on with {before.seq + 1}, not {event.seq}.",
            f"证物 {event.exhibit} 的保管链应接第 {before.seq + 1} 环，而不是第 {event.seq} 环。",
            exhibit=event.exhibit,
        )
    if before.shredded:
        raise shredded(event.exhibit)
    if event.touch is Touch.SHREDDED and before.held_by:
        raise Conflict(
            "exhibit_held",
            f"Exhibit {event.exhibit} is held ({', '.join(sorted(before.held_by))}): it cannot be shredded.",
            f"证物 {event.exhibit} 处于法律保全（{'、'.join(sorted(before.held_by))}），不得销毁。",
            exhibit=event.exhibit,
        )
    changes: dict[str, Any] = {"seq": event.seq}
    match event.touch:
        case Touch.OPENED:
            changes["opened_by"] = before.opened_by | {event.actor}
        case Touch.EXPORTED:
            changes["exported"] = before.exported + 1
        case Touch.DERIVED:
            changes["derived"] = (*before.derived, str(event.body["into"]))
        case Touch.HELD:
            changes["held_by"] = before.held_by | {str(event.body["hold"])}
        case Touch.RELEASED:
            changes["held_by"] = before.held_by - {str(event.body["hold"])}
        case Touch.SHREDDED:
            changes["shredded"] = True
        case _:
            pass
    return msgspec.structs.replace(before, **changes)


def fold(events: Iterable[CustodyEvent]) -> Custody:
    """What all touches of one exhibit come to, in their order. Raises as `touched`."""
    return reduce(touched, events, Custody())


def is_look(touch: Touch) -> bool:
    """Whether somebody saw something of it: the person whose data it is can read who did."""
    return touch in _LOOKS


def shredded(exhibit: str) -> Conflict:
    """409 for what nobody can read any more."""
    return Conflict(
        "exhibit_shredded",
        f"Exhibit {exhibit} was erased for good; that it was there stays provable.",
        f"证物 {exhibit} 已按规定永久销毁；其曾经存在仍可证明。",
        exhibit=exhibit,
    )
