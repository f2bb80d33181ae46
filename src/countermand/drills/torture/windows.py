"""The windows of the torture policy a second time, from the definition, fast enough for a long record.

Shares no code with the product: it knows the policy in this folder by heart, and `windows.md`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

SECOND = 10**6
MINUTE = 60 * SECOND
DAY = 86400 * SECOND
SHANGHAI = 8 * 3600 * SECOND
PER_OPERATION, PER_DAY = 50_000, 500_000
DENY = 4
_KIND, _AMOUNT, _PAYEE, _OUTCOME, _DAY = range(5)
_PAYMENT, _TRANSFER, _OTHER = 0, 1, 2
_KINDS = {"payment": _PAYMENT, "transfer": _TRANSFER}
_NONE = -1

Integers = npt.NDArray[np.int64]


class Seen(NamedTuple):
    """One recorded operation, as far as windows look at it; `outcome` as its number."""

    account: str
    kind: str
    at: int
    amount: int | None
    payee: str | None
    device: str | None
    outcome: int


class Track:
    """The operations of one key in the order of (instant, recording)."""

    def __init__(self, columns: int) -> None:
        self.count = 0
        self.at: Integers = np.empty(16, np.int64)
        self.rows: Integers = np.empty((16, columns), np.int64)

    def inside(self, at: int, micros: int) -> tuple[int, int]:
        """Where the window (at − micros, at] begins and ends."""
        instants = self.at[: self.count]
        first, last = np.searchsorted(instants, (at - micros, at), side="right")
        return int(first), int(last)

    def add(self, at: int, row: tuple[int, ...]) -> None:
        """After all that has the same instant: those were recorded before."""
        if self.count == len(self.at):
            self.at = np.concatenate([self.at, np.empty_like(self.at)])
            self.rows = np.concatenate([self.rows, np.empty_like(self.rows)])
        place = int(np.searchsorted(self.at[: self.count], at, side="right"))
        self.at[place + 1 : self.count + 1] = self.at[place : self.count].copy()
        self.rows[place + 1 : self.count + 1] = self.rows[place : self.count].copy()
        self.at[place], self.rows[place] = at, row
        self.count += 1


class Recount:
    """Every feature of the torture policy, recomputed row by row in the order of the record."""

    def __init__(self) -> None:
        self._accounts: dict[str, Track] = {}
        self._devices: dict[str, Track] = {}
        self._codes: dict[str, int] = {}
        self._texts: list[str] = []

    def _code(self, text: str | None) -> int:
        if text is None:
            return _NONE
        if text not in self._codes:
            self._codes[text] = len(self._texts)
            self._texts.append(text)
        return self._codes[text]

    def facts(self, seen: Seen) -> dict[str, Any]:
        """What must have been recorded with this operation, given all that was recorded before it."""
        track = self._accounts.setdefault(seen.account, Track(5))
        first, last = track.inside(seen.at, MINUTE)
        rows, instants = track.rows[first:last], track.at[first:last]
        kinds, amounts, payees = rows[:, _KIND], rows[:, _AMOUNT], rows[:, _PAYEE]
        payments = kinds == _PAYMENT
        own_payment, own_amount, own_payee = seen.kind == "payment", seen.amount, self._code(seen.payee)
        known = amounts[amounts != _NONE]
        paid = int(amounts[payments & (amounts != _NONE)].sum())
        paid_at = instants[payments]
        ten_first, ten_last = track.inside(seen.at, 10 * SECOND)
        different = set(np.unique(payees).tolist()) | {own_payee}
        return {
            "operations_1m": last - first + 1,
            "payments_10s": int((track.rows[ten_first:ten_last, _KIND] == _PAYMENT).sum()),
            "paid_1m": paid + (own_amount or 0 if own_payment else 0),
            "largest_1m": int(known.max()) if len(known) else None,
            "payees_1m": len(different - {_NONE}),
            "since_payment": seen.at - int(paid_at[-1]) if len(paid_at) else None,
            "last_payee": self._texts[payees[-1]] if len(payees) and payees[-1] != _NONE else None,
            "refused_1m": int((rows[:, _OUTCOME] == DENY).sum()),
            "accounts_on_device_20s": self._on_device(seen),
            "limit.daily.used": self._used(track, seen),
        }

    def _on_device(self, seen: Seen) -> int | None:
        if seen.device is None:
            return None
        track = self._devices.setdefault(seen.device, Track(1))
        first, last = track.inside(seen.at, 20 * SECOND)
        return len(set(np.unique(track.rows[first:last, 0]).tolist()) | {self._code(seen.account)})

    def _used(self, track: Track, seen: Seen) -> int:
        """The day so far: also what occurred later, if it was recorded before."""
        first, _ = track.inside(seen.at, 2 * DAY)
        rows = track.rows[first : track.count]
        counts = (
            (rows[:, _KIND] != _OTHER)
            & (rows[:, _OUTCOME] != DENY)
            & (rows[:, _AMOUNT] != _NONE)
            & (rows[:, _DAY] == local_day(seen.at))
        )
        return int(rows[counts, _AMOUNT].sum())

    def add(self, seen: Seen) -> None:
        """From now on it counts."""
        amount = _NONE if seen.amount is None else seen.amount
        kind = _KINDS.get(seen.kind, _OTHER)
        row = (kind, amount, self._code(seen.payee), seen.outcome, local_day(seen.at))
        self._accounts.setdefault(seen.account, Track(5)).add(seen.at, row)
        if seen.device is not None:
            track = self._devices.setdefault(seen.device, Track(1))
            track.add(seen.at, (self._code(seen.account),))


def local_day(at: int) -> int:
    """Days since 1970 in Shanghai, which has had no summer time since 1991."""
    return (at + SHANGHAI) // DAY


def over_limit(seen: Seen, used: int) -> bool:
    """Whether the day's limit must refuse it."""
    if seen.kind not in _KINDS:
        return False
    return seen.amount is None or seen.amount > PER_OPERATION or used + seen.amount > PER_DAY
