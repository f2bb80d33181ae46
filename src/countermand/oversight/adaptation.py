"""The law by which a threshold moves: one step a period at most, never outside its band, never on a hunch.

A threshold keeps the operations on which its rules fire near an aim. Each period is looked at by itself once
it is over. Where surely more fire than the aim, the threshold eases its rules by one step; where surely
fewer, it tightens them by one. Everything else leaves it where it is, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import log

from countermand.kernel.shares import share
from countermand.kernel.text import Text
from countermand.vocabulary.thresholds import Aim, Band, Evidence, Value

CONFIDENCE = 0.99
DAY_MICROS = 86400 * 10**6


class Cause(StrEnum):
    """What is found of a threshold. The first two move it; the others leave it where it is.

    The last three say why no period was judged: a person holds it still, none is over yet, or somebody else
    took a step meanwhile.
    """

    TOO_MANY = "too_many"
    TOO_FEW = "too_few"
    NEAR_ENOUGH = "near_enough"
    NOT_SURE = "not_sure"
    TOO_LITTLE = "too_little_evidence"
    AT_THE_END = "at_the_end_of_the_band"
    JUST_LEFT = "worse_where_it_came_from"
    NO_DIRECTION = "no_direction"
    PINNED = "pinned"
    NOT_DUE = "not_due"
    OVERTAKEN = "overtaken"


TEXTS = {
    Cause.TOO_MANY: Text(en="Too many fire: eased by a step.", zh="触发过多：放宽一步。"),
    Cause.TOO_FEW: Text(en="Too few fire: tightened by a step.", zh="触发过少：收紧一步。"),
    Cause.NEAR_ENOUGH: Text(en="Near enough to the aim.", zh="已接近目标。"),
    Cause.NOT_SURE: Text(en="Off the aim, but not surely.", zh="偏离目标，但尚不能确定。"),
    Cause.TOO_LITTLE: Text(en="Too few operations to say anything.", zh="操作数不足，无法判断。"),
    Cause.AT_THE_END: Text(
        en="Off the aim, at the end of the approved band.", zh="偏离目标，但已到批准区间的端点。"
    ),
    Cause.JUST_LEFT: Text(
        en="Off the aim, but no further than where it came from.", zh="偏离目标，但不比上一取值更远。"
    ),
    Cause.NO_DIRECTION: Text(en="Its rules cannot be eased by a step.", zh="移动一步无法放宽其规则。"),
    Cause.PINNED: Text(en="Pinned by a person.", zh="已由人工固定。"),
    Cause.NOT_DUE: Text(en="No period is over yet.", zh="观察期尚未结束。"),
    Cause.OVERTAKEN: Text(en="Somebody else took a step meanwhile.", zh="期间他人已作变更。"),
}


@dataclass(frozen=True, slots=True)
class Patience:
    """What has to be seen before a move: so many operations, and so far from the aim (as a share of it)."""

    least: int
    within: float


@dataclass(frozen=True, slots=True)
class LastMove:
    """The value that the latest move left, and how far from the aim it was there (see `distance`)."""

    left: Value
    distance: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """Where the threshold stands after a period, and why.

    `wanted` is how many hits the aim allows in the period; `distance` how far from it the hits were.
    """

    value: Value
    cause: Cause
    wanted: float
    distance: float

    @property
    def moves(self) -> bool:
        """Whether the threshold changes."""
        return self.cause in (Cause.TOO_MANY, Cause.TOO_FEW)


def judge_period(
    value: Value, band: Band, aim: Aim, patience: Patience, seen: Evidence, last: LastMove | None
) -> Judgement:
    """What one period says about a threshold that stood at `value` throughout.

    Sure is what Wilson's interval says at 99 %: its nearer end lies beyond the aim and its tolerance. A step
    back over the latest move is taken only when the threshold is further off now than it was there, so two
    values on either side of an aim that neither meets do not take turns.
    """
    wanted = _wanted(aim, seen)
    distance = _distance(seen.hits, wanted)
    cause = _cause(wanted, patience, seen)
    if cause in (Cause.TOO_MANY, Cause.TOO_FEW):
        if band.eases == 0:
            return Judgement(value, Cause.NO_DIRECTION, wanted, distance)
        moved = stepped(value, band, band.eases if cause is Cause.TOO_MANY else -band.eases)
        if moved == value:
            return Judgement(value, Cause.AT_THE_END, wanted, distance)
        if last is not None and moved == last.left and distance <= last.distance:
            return Judgement(value, Cause.JUST_LEFT, wanted, distance)
        value = moved
    return Judgement(value, cause, wanted, distance)


def stepped(value: Value, band: Band, direction: int) -> Value:
    """One step up (1) or down (-1), or as much of it as the band still has; exact in decimal digits.

    >>> stepped(0.7, Band(0.5, 0.5, 0.9, 0.1, 1), 1), stepped(6, Band(3, 2, 6, 1, 1), 1)
    (0.8, 6)
    """
    moved = Decimal(str(value)) + direction * Decimal(str(band.step))
    kept: Value = float(moved) if isinstance(band.step, float) else int(moved)
    return min(max(kept, band.floor), band.ceiling)


def _wanted(aim: Aim, seen: Evidence) -> float:
    """How many hits the aim allows in the period."""
    if aim.a_day is not None:
        return aim.a_day * (seen.until - seen.since) / DAY_MICROS
    assert aim.share is not None, "an aim is a share or a number a day"
    return aim.share * seen.operations


def _cause(wanted: float, patience: Patience, seen: Evidence) -> Cause:
    found = share(seen.hits, seen.operations, CONFIDENCE)
    if found is None or seen.operations < patience.least:
        return Cause.TOO_LITTLE
    most, least = wanted * (1 + patience.within), wanted * (1 - patience.within)
    if found.low * seen.operations > most:
        return Cause.TOO_MANY
    if found.high * seen.operations < least:
        return Cause.TOO_FEW
    return Cause.NEAR_ENOUGH if least <= seen.hits <= most else Cause.NOT_SURE


def _distance(hits: int, wanted: float) -> float:
    """How many times too many or too few, as a logarithm: twice and half as many are equally far."""
    return abs(log((hits + 0.5) / (wanted + 0.5)))


def period_to_judge(since: int, over: int, delay: int, now: int) -> tuple[int, int] | None:
    """The latest whole period under the present value whose labels had time to come; None before the first.

    Periods follow each other from `since` on, when the value came into force; all in microseconds.
    """
    whole = (now - delay - since) // over
    return None if whole < 1 else (since + (whole - 1) * over, since + whole * over)
