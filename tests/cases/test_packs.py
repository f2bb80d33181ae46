"""Goal: every shipped clock ends when its text says. Method: a table of dates counted by hand, on paper.

Where a row crosses holidays, the days that count are written beside it.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from countermand.app.clocks import clock_rules, published_calendar, published_calendars
from countermand.cases.clock_pack import read_clock_pack
from countermand.cases.clock_words import end_said
from countermand.cases.clocks import due
from countermand.cases.extensions import grant
from countermand.kernel.clock import micros_of
from countermand.kernel.errors import Conflict, NotFound, SetupError
from countermand.vocabulary.cases import Ball
from countermand.vocabulary.clocks import Extended, Span

# policy, granted extensions, start and end by the wall clock of the policy's own calendar
GOLDEN = [
    # 14-28 February; the 28th is a Saturday with work.
    ("cn.complaint.decide", "", "2026-02-13 17:00", "2026-02-28 24:00"),
    # 21 September - 5 October, which is a holiday until the 7th.
    ("cn.complaint.decide", "", "2026-09-20 10:00", "2026-10-08 24:00"),
    ("cn.complaint.decide", "complex", "2026-11-02 09:00", "2026-12-02 24:00"),
    # The 60th day is 1 January, a Friday and a holiday; then a weekend.
    ("cn.complaint.decide", "complex special", "2026-11-02 09:00", "2027-01-04 24:00"),
    # The first day is not counted, however late it is.
    ("cn.complaint.decide", "", "2026-11-02 23:59", "2026-11-17 24:00"),
    ("cn.complaint.decide", "", "2026-11-03 00:00", "2026-11-18 24:00"),
    # 21 April - 5 May, a holiday.
    ("cn.pboc.complaint", "", "2026-04-20 08:00", "2026-05-06 24:00"),
    ("cn.pboc.complaint", "complex", "2026-07-01 08:00", "2026-08-31 24:00"),  # 60th: Sunday 30 August
    # 2-21 June: a Sunday, after the Dragon Boat Festival.
    ("cn.credit.dispute", "", "2026-06-01 12:00", "2026-06-22 24:00"),
    ("cn.aml.objection", "", "2026-11-22 12:00", "2026-12-07 24:00"),
    ("cn.police.stop", "", "2026-11-22 18:30", "2026-11-24 18:30"),
    ("cn.atm.revocable", "", "2026-11-22 18:30", "2026-11-23 18:30"),
    ("stage.human_contact", "", "2026-02-16 23:00", "2026-02-17 23:00"),
    ("stage.forensics", "", "2026-02-16 23:00", "2026-02-19 23:00"),
    ("stage.regulator_pack", "", "2026-02-16 23:00", "2026-02-19 23:00"),
    # Saturday 14 February is worked.
    ("service.next_reply", "", "2026-02-13 17:00", "2026-02-14 17:00"),
    # One hour on Saturday 14 February, the other after the Spring Festival.
    ("service.first_reply", "", "2026-02-14 16:00", "2026-02-24 10:00"),
    # November 17 18 19 20 23 24 25, not 26, 27 30, December 1.
    ("us.rege.provisional_credit", "", "2026-11-16 09:00", "2026-12-01 24:00"),
    # then 2 3 4 7 8 9 10 11 14 15.
    ("us.rege.provisional_credit_new", "", "2026-11-16 09:00", "2026-12-15 24:00"),
    ("us.rege.investigate", "", "2026-11-16 09:00", "2026-12-31 24:00"),
    ("us.rege.investigate_long", "", "2026-11-16 09:00", "2027-02-14 24:00"),
    ("us.rege.report", "", "2026-11-25 09:00", "2026-12-01 24:00"),  # 27, 30, 1
    ("us.rege.correct", "", "2026-11-25 09:00", "2026-11-27 24:00"),
    ("us.cfpb.respond", "", "2026-11-16 09:00", "2026-12-01 24:00"),
    ("us.cfpb.final", "", "2026-11-16 09:00", "2027-01-15 24:00"),
    # Friday 3 July is taken for the 4th: 1 2 6 7.
    ("us.fcra.block", "", "2026-06-30 09:00", "2026-07-07 24:00"),
    ("us.fcra.dispute", "", "2026-11-16 09:00", "2026-12-16 24:00"),
    ("us.fcra.dispute", "more_information", "2026-11-16 09:00", "2026-12-31 24:00"),
    # Good Friday 3 April, Easter Monday 6 April.
    ("eu.psd2.refund", "", "2026-04-02 15:00", "2026-04-07 24:00"),
    # 27 28 29 30, not 1 May, 4-8, 11-15, 18.
    ("eu.psd2.complaint", "", "2026-04-24 15:00", "2026-05-18 24:00"),
    ("eu.psd2.complaint", "beyond_control", "2026-04-24 15:00", "2026-06-15 24:00"),
    # 24, not 25 and 28, 29 30 31, not 1 January, 4.
    ("uk.app.reimburse", "", "2026-12-23 15:00", "2027-01-04 24:00"),
    ("uk.app.final", "", "2026-07-06 15:00", "2026-08-24 24:00"),
    ("uk.delay.payment", "", "2026-05-22 15:00", "2026-05-29 24:00"),  # 25 May is closed
    ("uk.disp.payment", "", "2026-07-06 15:00", "2026-07-27 24:00"),
    ("uk.disp.payment", "exceptional", "2026-07-06 15:00", "2026-08-24 24:00"),
    ("uk.disp.other", "", "2026-01-01 15:00", "2026-02-26 24:00"),
    ("sg.srf.cooling", "", "2026-11-22 20:00", "2026-11-23 08:00"),
    # 10-13, 16, not 17 and 18, 19 20, 23-27, 2-6 March, 9-12.
    ("sg.eupg.investigate", "", "2026-02-09 09:00", "2026-03-12 24:00"),
    # 24 more: 13, 16-20, not Saturday 21, 23-27, 30 31, 1 2, not 3 April, 6-10, 13-16.
    ("sg.eupg.investigate", "exceptional", "2026-02-09 09:00", "2026-04-16 24:00"),
    ("card.first_claim", "", "2026-01-31 09:00", "2026-05-31 24:00"),
    ("card.phase", "", "2026-01-31 09:00", "2026-03-02 24:00"),
]


def reckoned(policy_id: str, extensions: str, start: str, spans: tuple[Span, ...] = ()) -> str:
    """When a clock ends, by the wall clock of its calendar."""
    policy = clock_rules().find(policy_id)
    calendar = published_calendar(policy.calendar)
    granted: list[Extended] = []
    for extension in extensions.split():
        granted.append(grant(policy, extension, granted, 0, "lead", "", ""))
    units = sum(one.units for one in granted)
    return end_said(due(at(start, policy.calendar), spans, policy, calendar, units).at, calendar)


def at(wall: str, calendar: str) -> int:
    """The instant of a wall time in a calendar's zone."""
    return micros_of(datetime.fromisoformat(wall).replace(tzinfo=published_calendar(calendar).zone))


@pytest.mark.parametrize(("policy", "extensions", "start", "end"), GOLDEN)
def test_a_clock_ends_on_the_day_counted_by_hand(policy, extensions, start, end):
    """The engine and the paper agree."""
    assert reckoned(policy, extensions, start).startswith(end)


def test_every_shipped_clock_is_in_the_table():
    """No pack grows without a date counted by hand, and every extension is tried."""
    tried = {(policy, extension) for policy, extensions, _, _ in GOLDEN for extension in extensions.split()}
    assert {row[0] for row in GOLDEN} == set(clock_rules().all())
    assert tried == {(one.id, more.id) for one in clock_rules().all().values() for more in one.extensions}


def test_waiting_for_the_customer_stops_only_the_clock_that_says_so():
    """The five days of reimbursement wait for the customer; the final thirty-five do not."""
    spans = (
        Span(Ball.DESK, at("2026-06-01 10:00", "uk"), at("2026-06-03 12:00", "uk")),
        Span(Ball.CUSTOMER, at("2026-06-03 12:00", "uk"), at("2026-06-05 09:00", "uk")),
        Span(Ball.DESK, at("2026-06-05 09:00", "uk"), None),
    )
    # 2 June; the 3rd and 4th ended while waiting; 5 8 9 10.
    assert reckoned("uk.app.reimburse", "", "2026-06-01 10:00", spans).startswith("2026-06-10 24:00")
    assert reckoned("uk.app.reimburse", "", "2026-06-01 10:00").startswith("2026-06-08 24:00")
    assert reckoned("uk.app.final", "", "2026-06-01 10:00", spans) == reckoned(
        "uk.app.final", "", "2026-06-01 10:00"
    )


def test_every_pack_is_stamped_cited_and_names_a_calendar_that_exists():
    """A rule from memory says so, and nothing is shipped without its source."""
    for policy in clock_rules().all().values():
        assert policy.calendar in published_calendars()
        assert policy.cite.en
        assert policy.cite.zh
        assert policy.verified == (policy.confidence != "M")
    assert not clock_rules().find("cn.pboc.complaint").verified


@pytest.mark.parametrize(
    ("extensions", "refusal"),
    [
        ("special", Conflict),
        ("complex complex", Conflict),
        ("complex special special", Conflict),
        ("another", NotFound),
    ],
)
def test_no_extension_is_granted_twice_or_out_of_order(extensions, refusal):
    """The special thirty days follow the fifteen for complexity."""
    with pytest.raises(refusal):
        reckoned("cn.complaint.decide", extensions, "2026-11-02 09:00")


CLOCK = """
id: x
title: {en: X, zh: X}
jurisdiction: X
calendar: cn
stamp: {en: not legal advice, zh: 不构成法律意见}
clocks:
  - id: x.y
    name: {en: X, zh: X}
    trigger: {en: X, zh: X}
    kind: legal
    unit: day
    count: 15
    start_rule: next_day
    on_breach: {en: X, zh: X}
    cite: {en: X, zh: X}
    confidence: T
    in_force: {from: 2020-03-01}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("not legal advice", "sound advice"),
        ("count: 15", "count: 0"),
        ("count: 15", "count: 15\n    max_total: 20"),
        ("unit: day", "unit: hour"),
        ("start_rule: next_day", "start_rule: next_day\n    pauses: [desk]"),
        ("start_rule: next_day", "start_rule: next_day\n    warn_percents: [80, 50]"),
        ("id: x.y", "id: XY"),
        ("unit: day", "unit: fortnight"),
        ("{from: 2020-03-01}", "{from: 2020-03-01, until: 2019-01-01}"),
    ],
)
def test_a_pack_that_makes_no_sense_is_refused(old, new):
    """The reader names the clock; the pack as it stands above is fine."""
    assert read_clock_pack("x", CLOCK).clocks[0].calendar == "cn"
    with pytest.raises(SetupError, match="clock_pack_refused"):
        read_clock_pack("x", CLOCK.replace(old, new, 1))
