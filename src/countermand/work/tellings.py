"""What facts tell of the rows that they changed, so that every row can be rebuilt from the journal alone.

A book that writes a row says so; the unit of work joins what it said to the fact about that row. What a fact
may not show, such as whose account it is, it binds by a commitment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from countermand.cases.ports import Inbound, Promise
from countermand.kernel.canonical import canonical_bytes
from countermand.transparency.commitments import committed, salt_of
from countermand.transparency.entries import COMMITMENTS, plain
from countermand.transparency.replaying import BECAME, Thing, about_of, name_of
from countermand.vocabulary.clocks import Breach, Clock
from countermand.vocabulary.facts import STATE_TOLD, Fact
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.incidents import Incident, LiftingRecord
from countermand.vocabulary.orders import Order
from countermand.vocabulary.own_limits import LimitRaise

# Told in facts that name them or in facts of their own, never in what a person is given of their case.
_NAMED = frozenset({Thing.CLOCK, Thing.BREACH})


class Telling(NamedTuple):
    """What became of one row: what its fact says, and what it binds only (None: nothing of that changed).

    A fact that is about `about` tells it; `key` is how the body names the row itself, where it does.
    """

    thing: Thing
    id: str
    about: tuple[str, str]
    key: str
    says: Mapping[str, Any]
    hides: Mapping[str, Any] | None = None

    def and_then(self, later: Telling) -> Telling:
        """Both, of one row, as one."""
        hides = self.hides if later.hides is None else later.hides
        return later._replace(says={**self.says, **later.says}, hides=hides)


class Told(NamedTuple):
    """The key that binds what facts do not show, and the instant from which on facts tell of rows."""

    key: bytes
    since: int


def told_order(order: Order, reason: str, lifted_at: int | None = None, by: str | None = None) -> Telling:
    """An order as it stands."""
    says = {
        "measure": order.measure.value,
        "code": order.code,
        "placed_at": order.placed_at,
        "placed_by": order.placed_by,
        "ends_at": order.ends_at,
        "begun_before": order.begun_before,
        "amount_limit": msgspec.to_builtins(order.amount_limit),
        "incident": order.incident,
        "lifted_at": lifted_at,
        "lifted_by": by,
    }
    hides = {"account": order.account, "person": order.person, "values": order.values, "reason": reason}
    return Telling(Thing.ORDER, order.id, ("order", order.id), "order", says, hides)


def told_lifted(order: str, placed_at: int, at: int, by: str) -> Telling:
    """An order that was lifted."""
    says = {"lifted_at": max(at, placed_at), "lifted_by": by}
    return Telling(Thing.ORDER, order, ("order", order), "order", says)


def told_hold(hold: Hold, *, whole: bool) -> Telling:
    """A hold; not `whole`, only what can change of it."""
    says: dict[str, Any] = {
        "met": [need.value for need in hold.met],
        "until": hold.until,
        "expires_at": hold.expires_at,
        "state": hold.state.value,
        "ended_at": hold.ended_at,
        "ended_by": hold.ended_by,
        "cause": hold.cause,
    }
    about = ("operation", hold.operation)
    if not whole:
        return Telling(Thing.HOLD, hold.operation, about, "operation", says)
    says |= {
        "kind": hold.kind,
        "amount_minor": hold.amount_minor,
        "currency": hold.currency,
        "needs": [need.value for need in hold.needs],
        "placed_at": hold.placed_at,
    }
    names = ("account", "person", "counterparty", "institution", "channel", "session", "device")
    hides = {name: getattr(hold, name) for name in names}
    return Telling(Thing.HOLD, hold.operation, about, "operation", says, hides)


def told_clock(clock: Clock, *, whole: bool) -> Telling:
    """A clock with its spans; not `whole`, only what can change of it."""
    says: dict[str, Any] = {
        "policy_version": clock.policy_version,
        "calendar_version": clock.calendar_version,
        "state": clock.state.value,
        "due_at": clock.due_at,
        "warn_at": list(clock.warn_at),
        "warned": clock.warned,
        "provisional": clock.provisional,
        "spans": [[one.ball.value, one.begins, one.ends, one.reason] for one in clock.spans],
        "extensions": [[one.id, one.units, one.at, one.by] for one in clock.extensions],
        "ended_at": clock.ended_at,
        "ended_by": list(clock.ended_by),
    }
    if whole:
        names = ("case", "policy", "calendar", "owner", "started_at")
        says |= {**{name: getattr(clock, name) for name in names}, "kind": clock.kind.value}
    words = {"why": clock.why, "extensions": [[one.reason, one.notice] for one in clock.extensions]}
    hides = words if clock.why is not None or clock.extensions else None
    return Telling(Thing.CLOCK, clock.id, ("case", clock.case), "clock", says, hides)


def told_breach(breach: Breach) -> Telling:
    """A deadline that was not met."""
    says = {name: value for name, value in breach._asdict().items() if name != "clock"}
    return Telling(Thing.BREACH, breach.clock, ("case", breach.case), "clock", says)


def told_made_good(clock: str, case: str, at: int) -> Telling:
    """What it demanded was done after all."""
    return Telling(Thing.BREACH, clock, ("case", case), "clock", {"made_good_at": at})


def told_promise(promise: Promise) -> Telling:
    """What somebody was told would happen."""
    says = {name: value for name, value in promise._asdict().items() if name != "id"}
    return Telling(Thing.PROMISE, promise.id, ("case", promise.case), "promise", says)


def told_inbound(one: Inbound) -> Telling:
    """What came in; its bytes and its answer are bound by the fact of the report."""
    says = {"case": one.case, "channel": one.channel, "received_at": one.received_at}
    hides = {
        "key": one.key,
        "digest": one.digest.hex(),
        "sender": None if one.sender is None else one.sender.hex(),
    }
    return Telling(Thing.INBOUND, one.id, ("case", one.case), "report", says, hides)


def told_raise(one: LimitRaise) -> Telling:
    """A higher limit that waits, binds, or was taken back."""
    names = ("order", "confirmation", "asked_at", "asked_by", "binds_at", "ended_at", "ended_by", "why")
    says = {name: getattr(one, name) for name in names}
    says |= {"limit": msgspec.to_builtins(one.limit), "state": one.state.value}
    return Telling(Thing.RAISE, one.id, ("raise", one.id), "raise", says, {"account": one.account})


def told_incident(one: Incident) -> Telling:
    """A containment as it stands."""
    names = ("code", "tier", "began_at", "ended_at", "follows", "placed_at", "placed_by", "grade")
    says = {name: getattr(one, name) for name in (*names, "closed_at")}
    says |= {"source": one.source.value, "state": one.state.value}
    hidden = ("account", "person", "reason", "reference", "key", "shown")
    hides = {**{name: getattr(one, name) for name in hidden}, "digest": one.digest.hex()}
    return Telling(Thing.INCIDENT, one.id, ("incident", one.id), "incident", says, hides)


def told_lifting(one: LiftingRecord) -> Telling:
    """What was given back of a containment."""
    names = ("cause", "grade", "lifted_at", "lifted_by", "methods", "lifted", "placed", "effects")
    says = {**{name: getattr(one, name) for name in names}, "kind": one.kind.value}
    hides = {"reason": one.reason, "reference": one.reference, "devices": one.devices}
    name = f"{one.incident} {one.cause}"
    return Telling(Thing.LIFTING, name, ("incident", one.incident), "lifting", says, hides)


def bound(key: bytes, thing: str, row: str, hides: Mapping[str, Any]) -> str:
    """The commitment to what a fact does not show of a row, in hex."""
    value = plain(msgspec.json.decode(canonical_bytes(hides)))
    return committed(value, salt_of(key, thing, row))


def joined(facts: Sequence[Fact], tellings: Sequence[Telling], key: bytes, now: int) -> list[Fact]:
    """The facts with what is told of rows: each in the last fact that names the row, or is about the same.

    What no fact is about gets one of its own, at the instant `now`.
    """
    whole: dict[tuple[Thing, str], Telling] = {}
    for one in tellings:
        before = whole.get((one.thing, one.id))
        whole[one.thing, one.id] = one if before is None else before.and_then(one)
    told, abouts = list(facts), [about_of(fact.body) for fact in facts]
    for one in whole.values():
        place = _place_of(one, told, abouts)
        if place is None:
            place = len(told)
            at = told[-1].at if told else now
            told.append(Fact(at, STATE_TOLD, dict([one.about])))
            abouts.append(one.about)
        told[place] = _telling(told[place], one, key)
    return told


def _place_of(one: Telling, facts: Sequence[Fact], abouts: Sequence[tuple[str, str] | None]) -> int | None:
    """The last fact that names the row; else the last one that is about the same and may tell of it."""
    beside = None
    for place in reversed(range(len(facts))):
        if abouts[place] != one.about:
            continue
        fact = facts[place]
        named = fact.body.get(one.key)
        if named == one.id:
            return place
        may_tell = fact.kind == STATE_TOLD or one.thing not in _NAMED
        if beside is None and named is None and may_tell:
            beside = place
    return beside


def _telling(fact: Fact, one: Telling, key: bytes) -> Fact:
    became = [*fact.body.get(BECAME, ()), {"is": one.thing.value, "id": one.id, **one.says}]
    body = {**fact.body, BECAME: became}
    if one.hides is not None:
        name = name_of(one.thing, one.id)
        hidden = {name: bound(key, one.thing.value, one.id, one.hides)}
        body[COMMITMENTS] = {**fact.body.get(COMMITMENTS, {}), **hidden}
    return msgspec.structs.replace(fact, body=body)
