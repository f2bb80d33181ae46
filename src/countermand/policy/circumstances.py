"""Everything known from outside about one operation at the moment it is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import Account
from countermand.vocabulary.places import Place


class Lists(Protocol):
    """The lists' entries as of now."""

    def contains(self, list_name: str, value: str, at: int) -> bool:
        """Whether the value stands on the list with an entry that has not expired at `at`."""
        ...


class Population(Protocol):
    """SQL's IN over all profiles, with its three values."""

    def ip_in_any_home(self, ip: str) -> bool | None:
        """True if any profile has it; else None if any profile has none recorded; else False."""
        ...

    def device_in_any_profile(self, device: str) -> bool | None:
        """The same for devices."""
        ...


@dataclass(slots=True)
class Circumstances:
    """Everything known from outside about one operation when it is decided. `at` is its instant.

    `given_back` are amounts of the account's same day whose holds ended without effect: kind, minor units of
    the policy's currency, instant.
    """

    operation: Operation
    account: Account
    place: Place
    at: int
    lists: Lists
    population: Population
    local_hour: int = 0
    local_weekday: int = 1
    local_day: int = 0
    given_back: tuple[tuple[str, int, int], ...] = ()

    def returned(self, kinds: frozenset[str], micros: int) -> int:
        """How much of that is of these kinds and within so many microseconds: what a window counted."""
        since = self.at - micros
        return sum(minor for kind, minor, at in self.given_back if kind in kinds and at > since)
