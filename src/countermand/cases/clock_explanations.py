"""How a deadline came about, step by step, in both languages: for the desk, the customer and a court."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from countermand.cases.calendars import Calendar
from countermand.cases.clock_policies import ClockPolicy, ClockUnit, EndRule, StartRule
from countermand.cases.clock_words import (
    BALLS,
    amount_said,
    day_said,
    days_said,
    end_said,
    minute_said,
)
from countermand.cases.clocks import Due, due
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.clocks import Extended, Span

NOT_ADVICE = Text(
    en="This is a reckoning from published rules and not legal advice.",
    zh="以上依公开规则推算，不构成法律意见。",
)
UNVERIFIED = Text(
    en="The rule was written down from memory and has not been checked against its text.",
    zh="本规则凭记忆录入，尚未与原文核对。",
)
NOTED_DAYS_MAX = 40


def explain(
    start: int,
    spans: Sequence[Span],
    policy: ClockPolicy,
    calendar: Calendar,
    granted: Sequence[Extended] = (),
    how: Text | None = None,
) -> tuple[Text, ...]:
    """Every step from the start to the due instant; `how` tells what came in, and by which way.

    Raises BadRequest `calendar_too_short`.
    """
    found = due(start, spans, policy, calendar, sum(one.units for one in granted))
    return (
        _started(start, policy, calendar, how),
        *_first_day(policy, found),
        _counted(policy, granted),
        *_extended(policy, granted, calendar),
        *_closed_days(start, policy, calendar, found),
        *_pauses(policy, spans, calendar),
        *_rolled(policy, calendar, found),
        _ends(found, calendar),
        _warns(policy, found, calendar),
        *_cautions(policy, calendar, found),
        NOT_ADVICE,
    )


def _started(start: int, policy: ClockPolicy, calendar: Calendar, how: Text | None) -> Text:
    at, way = minute_said(start, calendar), policy.trigger if how is None else how
    zone = calendar.terms.zone
    return Text(en=f"Starts {at} ({zone}): {way.en}", zh=f"起算：{at}（{zone}），{way.zh}")


def _first_day(policy: ClockPolicy, found: Due) -> Iterator[Text]:
    if policy.hourly:
        yield _cited(
            Text(en="Hours run from that instant", zh="按小时计算的，自该时点起算"), policy.counting.hours
        )
    elif policy.start_rule is StartRule.SAME_DAY:
        yield Text(en="That day is counted", zh="当日计入")
    elif found.first_day is not None:
        day = day_said(found.first_day)
        yield _cited(
            Text(
                en=f"The first day is not counted; counting begins on {day.en}",
                zh=f"开始当日不计入，自{day.zh}起算",
            ),
            policy.counting.first_day,
        )


def _counted(policy: ClockPolicy, granted: Sequence[Extended]) -> Text:
    whole = amount_said(policy.count + sum(one.units for one in granted), policy.unit)
    more = " in all" if granted else "", "共" if granted else ""
    return _cited(Text(en=f"Counts {whole.en}{more[0]}", zh=f"期限{more[1]}{whole.zh}"), policy.cite)


def _extended(policy: ClockPolicy, granted: Sequence[Extended], calendar: Calendar) -> Iterator[Text]:
    reasons = {extension.id: extension.when for extension in policy.extensions}
    for one in granted:
        units, at = amount_said(one.units, policy.unit), minute_said(one.at, calendar)
        why = reasons.get(one.id, Text(en=one.reason, zh=one.reason))
        yield Text(
            en=f"Extended by {units.en} on {at} ({why.en}), approved by {one.by}",
            zh=f"{at} 延长{units.zh}（{why.zh}），批准人 {one.by}",
        )


def _closed_days(start: int, policy: ClockPolicy, calendar: Calendar, found: Due) -> Iterator[Text]:
    """Make-up workdays and holidays one by one where they matter; weekends as a number."""
    if policy.unit not in {ClockUnit.BUSINESS_DAY, ClockUnit.BUSINESS_HOUR}:
        return
    first = calendar.day_of(start) if found.first_day is None else found.first_day
    last = calendar.day_of(found.at - 1) if found.last_day is None else found.last_day
    noted: list[tuple[int, int, Text, bool]] = []
    weekend_days = 0
    for day in range(first, last + 1):
        note, open_day = calendar.note_on(day), calendar.is_open(day)
        if note is None:
            weekend_days += not open_day
        elif noted and noted[-1][1] == day - 1 and noted[-1][2:] == (note, open_day):
            noted[-1] = (noted[-1][0], day, note, open_day)
        else:
            noted.append((day, day, note, open_day))
    for begins, ends, note, open_day in noted[:NOTED_DAYS_MAX]:
        days = days_said(begins, ends)
        if open_day:
            yield Text(
                en=f"{days.en} is a make-up workday: it counts ({note.en})",
                zh=f"{days.zh}为调休上班日，计入（{note.zh}）",
            )
        else:
            yield Text(en=f"{days.en} does not count: {note.en}", zh=f"{days.zh}不计入：{note.zh}")
    if len(noted) > NOTED_DAYS_MAX:
        more = len(noted) - NOTED_DAYS_MAX
        yield Text(en=f"And {more} more such stretches", zh=f"另有 {more} 段")
    if weekend_days:
        plural = "day does" if weekend_days == 1 else "days do"
        yield Text(
            en=f"{weekend_days} weekend {plural} not count", zh=f"另有 {weekend_days} 个周末休息日不计入"
        )


def _pauses(policy: ClockPolicy, spans: Sequence[Span], calendar: Calendar) -> Iterator[Text]:
    for span in spans:
        who, begins = BALLS[span.ball], minute_said(span.begins, calendar)
        until = None if span.ends is None else minute_said(span.ends, calendar)
        said_en = f"from {begins} on" if until is None else f"from {begins} to {until}"
        said_zh = f"自 {begins} 起" if until is None else f"{begins} 至 {until}"
        if span.ball in policy.pauses:
            yield Text(
                en=f"Paused {said_en}: it was for {who.en} to act",
                zh=f"{said_zh}暂停：等待{who.zh}",
            )
        elif span.ball is not Ball.DESK:
            yield Text(
                en=f"Runs on {said_en}, though it was for {who.en} to act: the rule knows no such pause",
                zh=f"{said_zh}虽等待{who.zh}，期限照常计算：规则未规定中止",
            )


def _rolled(policy: ClockPolicy, calendar: Calendar, found: Due) -> Iterator[Text]:
    if found.counted_to is None or found.last_day is None or found.counted_to == found.last_day:
        return
    one, other = day_said(found.counted_to), day_said(found.last_day)
    note = calendar.note_on(found.counted_to) or Text(en="a day of rest", zh="休息日")
    yield _cited(
        Text(
            en=f"The last day would be {one.en}, {note.en}; it moves to {other.en}",
            zh=f"期限最后一日{one.zh}为{note.zh}，顺延至{other.zh}",
        ),
        policy.counting.last_day,
    )


def _ends(found: Due, calendar: Calendar) -> Text:
    at = end_said(found.at, calendar)
    if found.paused:
        return Text(
            en=f"Stands still now; due {at} if it ran again at once", zh=f"现为暂停；若即刻恢复，于 {at} 届满"
        )
    return Text(en=f"Due {at}", zh=f"于 {at} 届满")


def _warns(policy: ClockPolicy, found: Due, calendar: Calendar) -> Text:
    points = ", ".join(
        f"{minute_said(at, calendar)} ({percent} %)"
        for percent, at in zip(policy.warn_percents, found.warn_at, strict=True)
    )
    if not points:
        return Text(en="No warnings", zh="不设预警")
    return Text(en=f"Warns at {points}", zh=f"预警：{points}".replace(", ", "、"))


def _cautions(policy: ClockPolicy, calendar: Calendar, found: Due) -> Iterator[Text]:
    since = calendar.terms.provisional_from
    if found.provisional and since is not None:
        yield Text(
            en=f"Provisional: working days from {since} on are not published yet; it will be reckoned again",
            zh=f"暂定：{since} 起的工作日安排尚未公布，公布后将重新计算",
        )
    if policy.end_rule is EndRule.CLOSE:
        yield Text(en="Ends when business closes", zh="截止于停止业务活动的时间")
    force = policy.in_force
    if found.last_day is not None and date.fromordinal(found.last_day) < force.since:
        yield Text(en=f"The rule applies from {force.since} only", zh=f"该规则自 {force.since} 起施行")
    if not policy.verified:
        yield UNVERIFIED


def _cited(text: Text, cite: Text | None) -> Text:
    if cite is None:
        return text
    return Text(en=f"{text.en} [{cite.en}]", zh=f"{text.zh} [{cite.zh}]")
