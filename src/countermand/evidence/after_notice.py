"""What became of money after somebody had told us: whoever was told and did not act answers for what grew."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec

from countermand.evidence.case_record import CaseRecord, Heard, OperationRecord
from countermand.kernel.clock import rfc3339
from countermand.vocabulary.holds import WITHOUT_EFFECT, HoldState
from countermand.vocabulary.operations import MOVES_MONEY, Amount
from countermand.vocabulary.outcomes import Outcome


class Became(StrEnum):
    """What became of an operation as far as the record knows."""

    TOOK_EFFECT = "took_effect"
    MAY_YET = "may_yet"
    STOPPED = "stopped"


class AfterLine(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that was asked for, or took effect, after the notice; instants in microseconds UTC.

    `ended_at` is when it took effect or was stopped for good, None while it may yet. `wanted` is what was
    last said of it, None where nobody said anything.
    """

    operation: str
    kind: str
    amount: Amount | None
    asked_at: int
    ended_at: int | None
    became: Became
    wanted: bool | None


class AfterNotice(msgspec.Struct, frozen=True, kw_only=True):
    """From the first word on. `notice` is what came in first, None where that is not kept.

    `stopped_at` (microseconds UTC) is when the first measure stood, None where none did. `cut`: there were
    more operations than are gathered.
    """

    case: str
    made_at: int
    told_at: int
    identity: str
    notice: Heard | None
    stopped_at: int | None
    lines: tuple[AfterLine, ...]
    cut: bool

    def of(self, became: Became) -> tuple[AfterLine, ...]:
        """Those of which that became, by when they were asked for."""
        return tuple(one for one in self.lines if one.became is became)

    @property
    def lost(self) -> tuple[AfterLine, ...]:
        """What took effect after the notice, but for what its holder wanted."""
        return tuple(one for one in self.of(Became.TOOK_EFFECT) if one.wanted is not True)

    def told(self) -> dict[str, Any]:
        """For machines."""
        notice = None
        if self.notice is not None:
            notice = {
                "channel": self.notice.channel,
                "received_at": rfc3339(self.notice.received_at),
                "sha256": self.notice.digest.hex(),
            }
        return {
            "v": 1,
            "paper": "losses-after-notice",
            "case": self.case,
            "made_at": rfc3339(self.made_at),
            "told_at": rfc3339(self.told_at),
            "identity": self.identity,
            "notice": notice,
            "stopped_at": None if self.stopped_at is None else rfc3339(self.stopped_at),
            "lost": sums_of(self.lost),
            "stopped": sums_of(self.of(Became.STOPPED)),
            "may_yet": sums_of(self.of(Became.MAY_YET)),
            "operations": [_line(one) for one in self.lines],
            "cut": self.cut,
        }


def sums_of(lines: Collection[AfterLine]) -> dict[str, int]:
    """Minor units by currency, currencies in order."""
    sums: dict[str, int] = {}
    for one in lines:
        if one.amount is not None:
            sums[one.amount.currency] = sums.get(one.amount.currency, 0) + one.amount.minor
    return dict(sorted(sums.items()))


def after_notice(record: CaseRecord) -> AfterNotice:
    """What the record says of the time after the first word; total."""
    told_at = record.case.first_at
    stops = [stop.incident.placed_at for stop in record.stops if stop.incident.placed_at >= told_at]
    known = {one.operation.id: one for one in (*record.operations, *record.later)}
    lines = sorted(_lines(known, told_at), key=lambda one: (one.asked_at, one.operation))
    return AfterNotice(
        case=record.number,
        made_at=record.made_at,
        told_at=told_at,
        identity=record.case.standing,
        notice=min(record.heard, key=lambda one: one.received_at, default=None),
        stopped_at=min(stops, default=None),
        lines=tuple(lines),
        cut=record.later_cut,
    )


def _lines(known: Mapping[str, OperationRecord], told_at: int) -> Iterator[AfterLine]:
    for one in known.values():
        if one.operation.kind not in MOVES_MONEY:
            continue
        became, ended_at = _became(one)
        if one.received_at < told_at and ended_at is not None and ended_at < told_at:
            continue
        yield AfterLine(
            operation=one.operation.id,
            kind=one.operation.kind.value,
            amount=one.operation.amount,
            asked_at=one.received_at,
            ended_at=ended_at,
            became=became,
            wanted=None if one.label is None else not one.label.fraud,
        )


# What was let go counts as gone, whether core banking answered or not, until it says that it failed.
_BECAME = MappingProxyType(
    {
        HoldState.OPEN: Became.MAY_YET,
        HoldState.RELEASED: Became.TOOK_EFFECT,
        HoldState.EXECUTED: Became.TOOK_EFFECT,
        **dict.fromkeys(WITHOUT_EFFECT, Became.STOPPED),
    }
)


def _became(one: OperationRecord) -> tuple[Became, int | None]:
    """What became of it and when. Without a hold the decision was the end of it."""
    if one.hold is not None:
        return _BECAME[one.hold.state], one.hold.ended_at
    if one.decision.outcome == Outcome.ALLOW.word:
        return Became.TOOK_EFFECT, one.received_at
    return Became.STOPPED, one.received_at


def _line(one: AfterLine) -> dict[str, Any]:
    return {
        "operation": one.operation,
        "kind": one.kind,
        "amount_minor": None if one.amount is None else one.amount.minor,
        "currency": None if one.amount is None else one.amount.currency,
        "asked_at": rfc3339(one.asked_at),
        "ended_at": None if one.ended_at is None else rfc3339(one.ended_at),
        "became": one.became.value,
        "wanted": one.wanted,
    }
