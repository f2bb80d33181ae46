"""Gather: what is known from outside about an operation at the moment it is decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from countermand.kernel.clock import moment_of
from countermand.policy.program import Circumstances, Lists, Population, Program
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import Account
from countermand.vocabulary.places import NOWHERE, Place

_MICROSECOND = timedelta(microseconds=1)
_DAY_MICROS = 86400 * 10**6
_HOUR_MICROS = 3600 * 10**6
_QUARTER_MICROS = 900 * 10**6
_OFFSETS_MAX = 4096


class _Forgotten:
    """Lists and population as they were then: what was not recorded of them is unknown."""

    def contains(self, list_name: str, value: str, at: int) -> bool:
        return False

    def ip_in_any_home(self, ip: str) -> bool | None:
        return None

    def device_in_any_profile(self, device: str) -> bool | None:
        return None


class _Empty:
    """No list has an entry and there is no profile at all: as in a new database."""

    def contains(self, list_name: str, value: str, at: int) -> bool:
        return False

    def ip_in_any_home(self, ip: str) -> bool | None:
        return False

    def device_in_any_profile(self, device: str) -> bool | None:
        return False


FORGOTTEN, EMPTY = _Forgotten(), _Empty()


def nowhere(_ip: str) -> Place:
    """Where addresses are when nobody looks them up."""
    return NOWHERE


@dataclass(slots=True)
class Surroundings:
    """Where facts come from that the operation does not carry: places, lists, the account's own day."""

    program: Program
    locate: Callable[[str], Place]
    lists: Lists
    population: Population
    _offsets: dict[tuple[str, int], int] = field(default_factory=dict)

    def of(self, operation: Operation, account: Account, at: int) -> Circumstances:
        """All that the policy may ask about one operation."""
        program = self.program
        ip = operation.ip
        place = self.locate(ip) if program.uses_place and ip is not None else NOWHERE
        circumstances = Circumstances(operation, account, place, at, self.lists, self.population)
        if program.uses_local_time:
            local = at + self._offset(account.timezone or program.timezone, at)
            day, within = divmod(local, _DAY_MICROS)
            circumstances.local_day = day
            circumstances.local_hour = within // _HOUR_MICROS
            circumstances.local_weekday = (day + 3) % 7 + 1  # 1970-01-01 was a Thursday
            if account.given_back:
                circumstances.given_back = self._given_back(account, day)
        return circumstances

    def _given_back(self, account: Account, day: int) -> tuple[tuple[str, int, int], ...]:
        """What the account's limits got back of that local day, as the windows of the day counted it."""
        zone, currency = account.timezone or self.program.timezone, self.program.currency
        return tuple(
            (one.kind, one.minor, one.at)
            for one in account.given_back
            if one.currency == currency and (one.at + self._offset(zone, one.at)) // _DAY_MICROS == day
        )

    def _offset(self, name: str, at: int) -> int:
        """Microseconds east of UTC; zones change their offset only at quarters of an hour."""
        quarter = at // _QUARTER_MICROS
        offset = self._offsets.get((name, quarter))
        if offset is None:
            if len(self._offsets) >= _OFFSETS_MAX:
                self._offsets.clear()
            there = moment_of(at).astimezone(ZoneInfo(name)).utcoffset()
            assert there is not None, "an aware moment has an offset"
            offset = self._offsets[name, quarter] = there // _MICROSECOND
        return offset
