"""Goal: working days are those that were published. Method: another library, and days that are known."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import msgspec
import pytest

from countermand.app.clocks import published_calendar, published_calendars
from countermand.cases.calendars import Calendar, CalendarTerms, Window, read_calendar
from countermand.kernel.clock import MICROS_PER_HOUR
from countermand.kernel.errors import BadRequest, NotFound
from countermand.kernel.text import Text

NAME = Text(en="Ours", zh="本行")


def terms(**more: object) -> CalendarTerms:
    """A calendar of two years without holidays."""
    given = {"id": "x", "name": NAME, "zone": "Asia/Shanghai", "source": "us"}
    return CalendarTerms(**{**given, "first_year": 2026, "last_year": 2027, **more})


def test_china_agrees_with_another_library_on_every_day():
    """All days of 2018 to 2026, make-up workdays included."""
    calendar = published_calendar("cn")
    days = [date(2018, 1, 1) + timedelta(days=number) for number in range(3287)]
    assert days[-1] == date(2026, 12, 31)
    wrong = [day for day in days if calendar.is_open(day.toordinal()) != chinese_calendar.is_workday(day)]
    assert wrong == []


def test_what_is_not_published_is_provisional():
    """China's 2027 has no make-up day yet, and the last week of 2026 may still get one."""
    china = published_calendar("cn")
    assert china.is_provisional(date(2027, 1, 4).toordinal())
    assert china.is_provisional(date(2026, 12, 26).toordinal())
    assert not china.is_provisional(date(2026, 12, 23).toordinal())
    assert not published_calendar("eu-target").is_provisional(date(2030, 1, 4).toordinal())


@pytest.mark.parametrize(
    ("calendar", "day", "is_open"),
    [
        ("cn", "2026-02-14", True),
        ("cn", "2026-02-16", False),
        ("us-federal", "2026-07-03", False),
        ("us-federal", "2026-11-27", True),
        ("uk", "2026-12-28", False),
        ("eu-target", "2026-05-01", False),
        ("eu-target", "2026-05-14", True),
        ("hk", "2026-02-18", False),
        ("sg", "2026-08-10", False),
    ],
)
def test_known_days(calendar, day, is_open):
    """Holidays, their substitutes, and days that are none."""
    assert published_calendar(calendar).is_open(date.fromisoformat(day).toordinal()) is is_open


@pytest.mark.parametrize("calendar", published_calendars())
def test_every_holiday_speaks_both_languages(calendar):
    """No name stays English in Chinese."""
    special = published_calendar(calendar).terms
    names = [*special.closed.values(), *special.worked.values()]
    assert names
    assert [text for text in names if text.zh.isascii() or not text.en.isascii()] == []


@pytest.mark.parametrize("calendar", published_calendars())
def test_a_calendar_written_to_a_file_is_the_same_calendar(calendar):
    """An institution takes ours, changes a day, and has its own version."""
    ours = published_calendar(calendar)
    text = msgspec.yaml.encode(ours.terms).decode()
    assert read_calendar(text).version == ours.version
    holiday = {date(2026, 11, 25): NAME}
    changed = Calendar(msgspec.structs.replace(ours.terms, closed={**ours.terms.closed, **holiday}))
    assert changed.version != ours.version
    assert not changed.is_open(date(2026, 11, 25).toordinal())


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": "Mars/Olympus"},
        {"last_year": 2025},
        {"rest_days": (1, 2, 3, 4, 5, 6, 7)},
        {"rest_days": (0,)},
        {"windows": ()},
        {"windows": (Window(600, 600),)},
        {"windows": (Window(0, 1441),)},
        {"windows": (Window(540, 720), Window(700, 1020))},
        {"closed": {date(2026, 1, 3): NAME}, "worked": {date(2026, 1, 3): NAME}},
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(wrong):
    """Each with a sentence that says why."""
    assert Calendar(terms()).is_open(date(2026, 1, 5).toordinal())
    with pytest.raises(BadRequest, match="calendar_refused"):
        Calendar(terms(**wrong))


def test_a_calendar_that_cannot_be_read_or_found_is_refused():
    """A file that is none, a name that is none, a day that it does not know."""
    with pytest.raises(BadRequest, match="calendar_refused"):
        read_calendar("id: [")
    with pytest.raises(NotFound, match="unknown_calendar"):
        published_calendar("atlantis")
    with pytest.raises(BadRequest, match="calendar_too_short"):
        Calendar(terms()).begins(date(2028, 1, 2).toordinal())


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Africa/Cairo", "2026-04-24", 23),  # midnight itself is skipped
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Asia/Shanghai", "2026-03-08", 24),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone, day, hours):
    """Summer time begins and ends, at midnight too, and by half an hour too."""
    calendar, number = Calendar(terms(zone=zone)), date.fromisoformat(day).toordinal()
    assert calendar.begins(number + 1) - calendar.begins(number) == hours * MICROS_PER_HOUR
