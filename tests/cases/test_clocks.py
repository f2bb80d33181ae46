"""Goal: one answer for every clock, said so that it can be checked by hand. Method: an oracle, and words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.test_packs import at
from countermand.app.clocks import clock_rules, published_calendar
from countermand.cases.clock_explanations import explain
from countermand.cases.clock_policies import ClockUnit
from countermand.cases.clock_words import paused_said, remaining_said
from countermand.cases.clocks import due, share_used
from countermand.cases.moves import passed_on
from countermand.cases.timelines import ALWAYS, Stretches, TimelineEnds, advance, counted
from countermand.drills.clocks.__main__ import try_chunk, world_of
from countermand.drills.clocks.counter import plain_walks
from countermand.drills.clocks.worlds import ODD
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.clocks import Clock, ClockKind, ClockState, Extended, Span

FIRST, LAST, TAIL_DAYS = date(2026, 2, 5), date(2026, 6, 30), 120


@pytest.fixture(scope="module")
def places():
    """The minutes of a spring, in China and in a New York that opens at odd hours of the night."""
    chosen = (published_calendar("cn").terms, ODD[1])
    return [world_of(terms, FIRST, LAST, TAIL_DAYS) for terms in chosen]


def test_the_engine_agrees_with_a_counter_of_minutes(places):
    """Random clocks over the Spring Festival and the change to summer time; the drill tries a million."""
    tried = try_chunk(7, 0, 60, places, plain_walks())
    assert tried.wrong == []
    assert tried.paused > 5
    assert len(tried.units) == 5


@pytest.mark.parametrize("broken", ["_settled", "skipped_days"])
def test_the_counter_finds_a_wrong_engine(broken, places, monkeypatch):
    """A clock that forgets holidays at its end, or its pauses, is noticed."""
    wrong = {"_settled": lambda day, *_: day, "skipped_days": lambda *_: []}
    monkeypatch.setattr(f"countermand.cases.clocks.{broken}", wrong[broken])
    assert try_chunk(7, 0, 60, places, plain_walks()).wrong != []


stretches = st.lists(st.integers(0, 400), max_size=12, unique=True).map(sorted)


def paired(edges: list[int]) -> list[tuple[int, int]]:
    """Neighbours as stretches."""
    return list(zip(edges[::2], edges[1::2], strict=False))


@given(stretches, stretches, st.integers(0, 300), st.integers(1, 300))
@settings(max_examples=150, deadline=None)
def test_what_is_advanced_is_what_is_counted(line, pauses, start, amount):
    """Going forward by an amount and counting what was passed are inverse, and it is the earliest instant."""
    made = Stretches(paired(line)) if len(line) > 1 else ALWAYS
    try:
        end = advance(made, start, amount, paired(pauses))
    except TimelineEnds:
        assert counted(made, start, 10_000, paired(pauses)) < amount
        return
    assert counted(made, start, end, paired(pauses)) == amount
    assert counted(made, start, end - 1, paired(pauses)) == amount - 1


POLICIES = st.sampled_from(sorted(clock_rules().all()))
STARTS = st.integers(at("2024-12-01 00:00", "cn"), at("2027-06-01 00:00", "cn"))


@given(POLICIES, STARTS, st.integers(0, 60), st.integers(0, 10 * MICROS_PER_DAY))
@settings(max_examples=150, deadline=None)
def test_more_time_and_later_starts_never_end_earlier(name, start, more, later):
    """Warnings come in order and before the end; an extension or a later start never shortens."""
    policy = clock_rules().find(name)
    calendar = published_calendar(policy.calendar)
    found = due(start, (), policy, calendar)
    assert list(found.warn_at) == sorted(found.warn_at)
    assert start < found.warn_at[0] <= found.warn_at[-1] < found.at
    assert due(start, (), policy, calendar, more).at >= found.at
    assert due(start + later, (), policy, calendar).at >= found.at


@given(POLICIES, STARTS, st.integers(0, 40 * 24), st.integers(0, 20 * 24))
@settings(max_examples=150, deadline=None)
def test_a_pause_never_takes_time_and_an_open_one_gives_none_yet(name, start, after_hours, hours):
    """A legal clock does not see it; no clock is ever due while it stands still."""
    policy = clock_rules().find(name)
    calendar = published_calendar(policy.calendar)
    begins = start + after_hours * MICROS_PER_HOUR
    ends = begins + hours * MICROS_PER_HOUR
    plain = due(start, (), policy, calendar)
    found = due(start, (Span(Ball.CUSTOMER, begins, ends),), policy, calendar)
    goes_on = due(start, (Span(Ball.CUSTOMER, begins, None),), policy, calendar)
    assert goes_on.at == plain.at
    assert goes_on.paused == bool(policy.pauses)
    assert found.at >= plain.at
    if not policy.pauses:
        assert found == plain
    elif begins < plain.at:
        assert not begins < found.at <= ends or hours == 0


@pytest.mark.parametrize(
    ("now", "zh", "en"),
    [
        (
            "2026-11-27 14:00",
            "剩余 3 天 4 小时 (至 11月30日 18:00)",
            "3 days 4 hours left (until 30 Nov 18:00)",
        ),
        ("2026-11-30 17:01", "剩余 59 分钟 (至 11月30日 18:00)", "59 minutes left (until 30 Nov 18:00)"),
        ("2026-11-29 18:00", "剩余 1 天 (至 11月30日 18:00)", "1 day left (until 30 Nov 18:00)"),
        (
            "2026-12-01 19:30",
            "已逾期 1 天 1 小时 (应于 11月30日 18:00 前)",
            "1 day 1 hour late (was due 30 Nov 18:00)",
        ),
    ],
)
def test_what_is_left_is_said_in_both_languages(now, zh, en):
    """Two units, rounded down, and until when by the calendar's clock."""
    said = remaining_said(at(now, "cn"), at("2026-11-30 18:00", "cn"), published_calendar("cn"))
    assert (said.zh, said.en) == (zh, en)


def test_midnight_belongs_to_the_day_that_it_ends():
    """A deadline at 24:00 is not said to be tomorrow; a paused one says what is left."""
    said = remaining_said(
        at("2026-11-27 00:00", "cn"), at("2026-12-01 00:00", "cn"), published_calendar("cn")
    )
    assert (said.zh, said.en) == ("剩余 4 天 (至 11月30日 24:00)", "4 days left (until 30 Nov 24:00)")
    assert paused_said(MICROS_PER_HOUR, ClockUnit.HOUR).zh == "已暂停，剩余 1 小时"


def test_a_deadline_is_explained_step_by_step():
    """What a customer or a court reads of office hours over the Spring Festival, a pause and more time."""
    policy, calendar = clock_rules().find("service.next_reply"), published_calendar("cn")
    start = at("2026-02-13 16:00", "cn")
    spans = (Span(Ball.CUSTOMER, at("2026-02-14 10:00", "cn"), at("2026-02-14 12:00", "cn"), "papers"),)
    granted = (Extended("more", 4, start, "wang", "many papers", ""),)
    steps = explain(start, spans, policy, calendar, granted)
    assert [step.en for step in steps] == [
        "Starts 2026-02-13 16:00 (Asia/Shanghai): the customer wrote",
        "Hours run from that instant",
        "Counts 12 business hours in all [House rule on replies]",
        "Extended by 4 business hours on 2026-02-13 16:00 (many papers), approved by wang",
        "2026-02-14 (Sat) is a make-up workday: it counts (in place of 2026-02-20)",
        "2026-02-16 (Mon) does not count: Chinese New Year's Eve",
        "2026-02-17 (Tue) to 2026-02-19 (Thu) does not count: Chinese New Year (Spring Festival)",
        "2026-02-20 (Fri) does not count: Day off (for work on 2026-02-14)",
        "2026-02-23 (Mon) does not count: Day off (for work on 2026-02-28)",
        "3 weekend days do not count",
        "Paused from 2026-02-14 10:00 to 2026-02-14 12:00: it was for the customer to act",
        "Due 2026-02-24 14:00",
        "Warns at 2026-02-14 16:00 (50 %), 2026-02-24 11:36 (80 %), 2026-02-24 13:24 (95 %)",
        "This is a reckoning from published rules and not legal advice.",
    ]
    assert [step.zh for step in steps][4:6] == [
        "2026-02-14（周六）为调休上班日，计入（补 2026-02-20 的班）",
        "2026-02-16（周一）不计入：农历除夕",
    ]
    assert all(step.zh and not step.zh.isascii() for step in steps)


def test_how_it_came_in_and_what_is_uncertain_are_said():
    """The way of the first message, a rule from memory, days that are not published yet."""
    policy, calendar = clock_rules().find("cn.pboc.complaint"), published_calendar("cn")
    said = " ".join(step.en for step in explain(at("2026-12-30 17:00", "cn"), (), policy, calendar))
    assert "from memory" in said
    assert "Provisional: working days from 2026-12-24 on are not published yet" in said
    assert "[Civil Code art. 201(1)]" in said


def test_the_share_of_time_that_is_used_stops_with_the_clock():
    """Half of eight office hours, and still half a week later while the customer has the ball."""
    policy, calendar = clock_rules().find("service.next_reply"), published_calendar("cn")
    start, stops = at("2026-11-23 09:00", "cn"), at("2026-11-23 13:00", "cn")
    spans = (Span(Ball.CUSTOMER, stops, None),)
    found = due(start, spans, policy, calendar)
    for now, percent in ((stops, 50), (stops + 7 * MICROS_PER_DAY, 50), (start, 0)):
        assert share_used(now, start, spans, policy, calendar, found.at) == percent
    assert share_used(found.at, start, (), policy, calendar, found.at) == 100


def test_a_ball_that_comes_back_at_once_leaves_no_hole():
    """Spans follow each other; passing it to whoever has it changes nothing."""
    clock = Clock(
        id="clk-1", case="c-1", policy="x.y", policy_version="1", calendar="cn", calendar_version="1",
        kind=ClockKind.SERVICE, owner="li", started_at=100, state=ClockState.RUNNING, due_at=200, warn_at=(),
    )  # fmt: skip
    away = passed_on(passed_on(clock, Ball.CUSTOMER, 110, "papers"), Ball.POLICE, 120, "report")
    assert passed_on(away, Ball.POLICE, 130, "") is away
    back = passed_on(away, Ball.DESK, 140, "")
    assert back.spans == (
        Span(Ball.CUSTOMER, 110, 120, "papers"),
        Span(Ball.POLICE, 120, 140, "report"),
    )
