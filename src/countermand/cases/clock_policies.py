"""What a clock is told to do: what it counts, how much, from where, when it pauses, what it may be given."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from countermand.kernel.text import Text
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.clocks import ClockKind

COUNT_MAX = 5_000
WARN_PERCENTS = (50, 80, 95)


class ClockUnit(StrEnum):
    """What is counted; a business hour is an hour inside the calendar's opening hours."""

    HOUR = "hour"
    BUSINESS_HOUR = "business_hour"
    DAY = "day"
    BUSINESS_DAY = "business_day"
    MONTH = "month"


class StartRule(StrEnum):
    """Where counting begins. Hours run from the instant; days from the day after, or with the day itself."""

    INSTANT = "instant"
    NEXT_DAY = "next_day"
    SAME_DAY = "same_day"


class RollRule(StrEnum):
    """What happens where the last day is not worked."""

    NONE = "none"
    NEXT_OPEN_DAY = "next_open_day"


class EndRule(StrEnum):
    """When the last day ends: at its 24:00, or when business closes."""

    MIDNIGHT = "midnight"
    CLOSE = "close"


class Extension(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """More time that may be granted once: how many units, for which reason, who must approve.

    `after` is the extension that must have been granted before; `notify`: the person must be told.
    """

    id: str
    adds: Annotated[int, msgspec.Meta(gt=0, le=COUNT_MAX)]
    when: Text
    approver: str = ""
    notify: bool = True
    after: str | None = None


class InForce(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """The days on which a rule applies; `until` is the last of them, None while there is none."""

    since: date
    until: date | None = None


class Counting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it is written how periods are counted in a jurisdiction."""

    first_day: Text | None = None
    last_day: Text | None = None
    hours: Text | None = None


class ClockPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One clock of a pack. `verified`: its confidence is T (statute read) or P (page read), not M (memory).

    `pauses` are those who stop the clock by having the ball; `max_total` bounds all units together.
    """

    id: str
    name: Text
    trigger: Text
    kind: ClockKind
    unit: ClockUnit
    count: Annotated[int, msgspec.Meta(gt=0, le=COUNT_MAX)]
    start_rule: StartRule
    roll_rule: RollRule = RollRule.NONE
    end_rule: EndRule = EndRule.MIDNIGHT
    extensions: tuple[Extension, ...] = ()
    max_total: Annotated[int, msgspec.Meta(gt=0, le=COUNT_MAX)] | None = None
    pauses: tuple[Ball, ...] = ()
    warn_percents: tuple[int, ...] = WARN_PERCENTS
    on_breach: Text
    cite: Text
    confidence: Literal["T", "P", "M"]
    in_force: InForce
    jurisdiction: str = ""
    products: tuple[str, ...] = ()
    calendar: str = ""
    counting: Counting = Counting()

    @property
    def verified(self) -> bool:
        return self.confidence != "M"

    @property
    def hourly(self) -> bool:
        """Whether it runs from instant to instant; the others end with a day."""
        return self.unit in {ClockUnit.HOUR, ClockUnit.BUSINESS_HOUR}

    @property
    def asks_calendar(self) -> bool:
        """Whether closed days and opening hours make a difference."""
        business = self.unit in {ClockUnit.BUSINESS_HOUR, ClockUnit.BUSINESS_DAY}
        return business or self.roll_rule is not RollRule.NONE or self.end_rule is EndRule.CLOSE


def fault_of(policy: ClockPolicy) -> Text | None:
    """Why a policy makes no sense, if it does not."""
    if policy.hourly != (policy.start_rule is StartRule.INSTANT):
        return Text(en="hours run from the instant, days do not", zh="按时计算须自时点起算，按日计算则不然")
    if policy.hourly and (policy.roll_rule is not RollRule.NONE or policy.end_rule is not EndRule.MIDNIGHT):
        return Text(en="hours end at an instant and roll nowhere", zh="按时计算的期间不顺延，也不以日终为界")
    if policy.start_rule is StartRule.SAME_DAY and policy.end_rule is EndRule.CLOSE:
        return Text(en="its only day may have closed before it starts", zh="起算时当日营业可能已结束")
    percents = policy.warn_percents
    if list(percents) != sorted(set(percents)) or not all(0 < percent < 100 for percent in percents):
        return Text(en="its warn points are no rising percents", zh="预警点应为递增的百分比")
    if Ball.DESK in policy.pauses:
        return Text(en="the desk cannot stop a clock by doing nothing", zh="客服台不得以不作为暂停期限")
    names = [extension.id for extension in policy.extensions]
    if len(set(names)) != len(names) or any(
        extension.after is not None and extension.after not in names[:place]
        for place, extension in enumerate(policy.extensions)
    ):
        return Text(en="an extension follows one that is not before it", zh="延长次序有误")
    most = policy.count + sum(extension.adds for extension in policy.extensions)
    if policy.max_total is not None and not policy.count <= policy.max_total <= most:
        return Text(en="its most is no sum of what it can be given", zh="最长期限与可延长数不符")
    if policy.in_force.until is not None and policy.in_force.until < policy.in_force.since:
        return Text(en="it ends before it begins to apply", zh="失效日早于生效日")
    return None
