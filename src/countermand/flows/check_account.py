"""The security check-up of one account: its state as it is now, measured; nothing of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from countermand.confirmation.check_up import Item, Kept, check_up, score
from countermand.confirmation.factors import Evidence, assess
from countermand.containment.standing import binds_at
from countermand.flows.keep_devices import DeviceDesk, Devices, list_devices
from countermand.flows.keep_mandates import list_mandates
from countermand.flows.keep_own_limits import show_limit
from countermand.flows.own_orders import Holders
from countermand.flows.proving import active
from countermand.flows.show_holds import HoldShelf
from countermand.kernel.clock import MICROS_PER_DAY, Clock, micros_of
from countermand.vocabulary.authenticators import SENT, Authenticator, Method
from countermand.vocabulary.holds import HoldState, Need
from countermand.vocabulary.orders import OWN_CAUSES, Subject
from countermand.work import Unit, Works

# A debit that has not run for so long is one that its holder may have forgotten.
IDLE_DAYS = 180
HOLDS_LOOKED_AT_MAX = 200
_GIVEN_BACK = "recovering"


class Reminders(Protocol):
    """How often people are reminded, in days; 0: never."""

    @property
    def device_check_days(self) -> int: ...

    @property
    def password_days(self) -> int: ...


class CheckHouse(Protocol):
    """What this story needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def devices(self) -> DeviceDesk: ...

    @property
    def holders(self) -> Holders: ...

    @property
    def holds(self) -> HoldShelf: ...

    @property
    def reminders(self) -> Reminders: ...


class CheckUp(NamedTuple):
    """The score out of a hundred, and what it is made of."""

    score: int
    items: tuple[Item, ...]


async def check_account(house: CheckHouse, account: str) -> CheckUp:
    """Measure what stands now. Raises Unavailable."""
    now, reminders = house.clock.now(), house.reminders
    devices = await list_devices(house.devices, account)
    limit = await show_limit(house.holders, account)
    debits = [one for one in (await list_mandates(house.holders, account))["mandates"] if one["on"]]
    open_holds = await house.holds.page(account, HoldState.OPEN.value, "", HOLDS_LOOKED_AT_MAX)
    async with house.works.open() as unit:
        ways = active(await unit.authenticators.of_account(account))
        kept = Kept(
            factors=_independent(ways, now),
            passkeys=sum(one.method is Method.WEBAUTHN for one in ways),
            reachable=await _reachable(unit, account, ways),
            looked_days=_days(devices.looked_at, now),
            strange_devices=_strange(devices),
            shared_visits=sum(one.public for one in devices.visits),
            limited=limit["limit"] is not None,
            debits_on=len(debits),
            debits_idle=sum(_is_idle(one, now) for one in debits),
            password_days=_password_days(ways, now),
            contained=await _contained(unit, account, now),
            waiting=sum(Need.CHALLENGE in one.unmet for one in open_holds),
        )
    items = check_up(kept, reminders.device_check_days, reminders.password_days)
    return CheckUp(score(items), items)


def _independent(ways: Sequence[Authenticator], now: int) -> int:
    """How many of them would count beside each other, were all shown at once from an unknown device."""
    evidence = [
        Evidence(method=one.method, authenticator=one.id, device=one.device, at=now, user_verified=False)
        for one in ways
    ]
    return assess(evidence, None, trust_unknown=True).independent


async def _reachable(unit: Unit, account: str, ways: Sequence[Authenticator]) -> bool:
    """Whether somewhere there is an address of theirs that somebody has checked."""
    if any(one.method in SENT for one in ways):
        return True
    stored = await unit.contacts.of(account)
    return stored is not None and any(
        one.verified_at is not None and one.former_until is None for one in stored.points
    )


def _strange(devices: Devices) -> int:
    """Devices used since and not known as theirs; where the institution names none, nothing can be told."""
    if not any(one.known for one in devices.devices):
        return 0
    return sum(not one.known and not one.ways for one in devices.devices)


def _is_idle(debit: dict[str, Any], now: int) -> bool:
    at = debit["run_at"] or debit["agreed_at"]
    if at is None:
        return False
    return now - micros_of(datetime.fromisoformat(at)) > IDLE_DAYS * MICROS_PER_DAY


def _password_days(ways: Sequence[Authenticator], now: int) -> int | None:
    return _days(max((one.created_at for one in ways if one.method is Method.PASSWORD), default=None), now)


async def _contained(unit: Unit, account: str, now: int) -> bool:
    orders = await unit.standing.on([Subject(account=account)])
    return any(
        one.code not in OWN_CAUSES and one.code != _GIVEN_BACK and binds_at(one, now) for one in orders
    )


def _days(at: int | None, now: int) -> int | None:
    return None if at is None else (now - at) // MICROS_PER_DAY
