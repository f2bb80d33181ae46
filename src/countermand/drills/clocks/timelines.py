"""Random clocks: any policy a pack could hold, any start, any history of who had the ball."""

from __future__ import annotations

import random
from datetime import date
from typing import NamedTuple

from countermand.cases.clock_policies import (
    ClockPolicy,
    ClockUnit,
    EndRule,
    InForce,
    RollRule,
    StartRule,
    fault_of,
)
from countermand.drills.clocks.minutes import Minutes
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.clocks import ClockKind, Span

COUNTS_MAX = {
    ClockUnit.HOUR: 120,
    ClockUnit.BUSINESS_HOUR: 60,
    ClockUnit.DAY: 20,
    ClockUnit.BUSINESS_DAY: 15,
    ClockUnit.MONTH: 2,
}
SPANS_MAX = 6
PAUSE_MINUTES_MAX = 5 * 24 * 60
POLICIES = 400
_TEXT = Text(en="drawn", zh="随机")
_PAUSING = (Ball.CUSTOMER, Ball.POLICE)
_OTHERS = (Ball.DESK, Ball.FORENSICS, Ball.REGULATOR)


class Timeline(NamedTuple):
    """One clock to be tried; `pauses` are what its spans come to, in minutes after the beginning."""

    policy: ClockPolicy
    start: int
    spans: tuple[Span, ...]
    extended: int
    pauses: tuple[tuple[int, int], ...]
    standing: bool


def policies(chance: random.Random, count: int = POLICIES) -> list[ClockPolicy]:
    """Policies as a pack could hold them."""
    found: list[ClockPolicy] = []
    while len(found) < count:
        unit = chance.choice(list(ClockUnit))
        hourly = unit in {ClockUnit.HOUR, ClockUnit.BUSINESS_HOUR}
        percents = sorted(chance.sample(range(1, 100), chance.randint(0, 2)))
        policy = ClockPolicy(
            id=f"drawn.{len(found)}",
            name=_TEXT,
            trigger=_TEXT,
            kind=chance.choice(list(ClockKind)),
            unit=unit,
            count=chance.randint(1, COUNTS_MAX[unit]),
            start_rule=StartRule.INSTANT
            if hourly
            else chance.choice((StartRule.NEXT_DAY, StartRule.SAME_DAY)),
            roll_rule=RollRule.NONE if hourly else chance.choice(list(RollRule)),
            end_rule=EndRule.MIDNIGHT if hourly else chance.choice(list(EndRule)),
            pauses=chance.choice(((), _PAUSING)),
            warn_percents=tuple(percents),
            on_breach=_TEXT,
            cite=_TEXT,
            confidence="M",
            in_force=InForce(date(2020, 1, 1)),
        )
        if fault_of(policy) is None:
            found.append(policy)
    return found


def draw(chance: random.Random, policy: ClockPolicy, minutes: Minutes, starts_before: int) -> Timeline:
    """A clock that starts in one of the first minutes, and who had the ball since."""
    start = chance.randrange(starts_before)
    spans: list[Span] = []
    pauses: list[tuple[int, int]] = []
    standing, at = False, start
    for number in range(chance.choice((0, 0, 1, 2, 3, SPANS_MAX))):
        ball = chance.choice(_PAUSING if number % 2 else _OTHERS)
        length = _length(chance)
        goes_on = chance.random() < 0.1
        spans.append(Span(ball, minutes.at(at), None if goes_on else minutes.at(at + length)))
        stops = ball in policy.pauses
        if goes_on:
            standing = stops
            break
        if stops and length:
            pauses.append((at, at + length))
        at += length
    extended = chance.choice((0, 0, chance.randint(1, 1 if policy.unit is ClockUnit.MONTH else 10)))
    return Timeline(policy, start, tuple(spans), extended, tuple(pauses), standing)


def _length(chance: random.Random) -> int:
    """Nothing, some minutes, exactly whole days, or anything up to five days."""
    return chance.choice((0, chance.randint(1, 90), 1440, 2880, chance.randint(1, PAUSE_MINUTES_MAX)))
