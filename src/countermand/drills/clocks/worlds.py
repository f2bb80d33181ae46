"""The calendars that clocks are tried on: those that are shipped, and some with odd days and hours."""

from __future__ import annotations

from datetime import date

from countermand.app.clocks import published_calendar, published_calendars
from countermand.cases.calendars import CalendarTerms, Window
from countermand.kernel.text import Text

FIRST, LAST = date(2025, 9, 1), date(2027, 3, 1)
_NAME = Text(en="odd", zh="特例")


def _odd(name: str, zone: str, *windows: tuple[int, int], rest: tuple[int, ...] = (6, 7)) -> CalendarTerms:
    return CalendarTerms(
        id=name,
        name=_NAME,
        zone=zone,
        source="drawn",
        first_year=2025,
        last_year=2029,
        rest_days=rest,
        closed={date(2026, month, 1 + month): _NAME for month in range(1, 13)},
        worked={date(2026, 3, 8): _NAME, date(2026, 10, 25): _NAME} if 7 in rest else {},
        windows=tuple(Window(*window) for window in windows),
    )


ODD = (
    _odd("lunch", "Asia/Shanghai", (510, 720), (810, 1050)),
    # Opens and closes in the hour that summer time takes away and winter time brings twice.
    _odd("night", "America/New_York", (0, 90), (150, 175), (1200, 1440), rest=(7,)),
    _odd("cairo", "Africa/Cairo", (30, 600), rest=(5, 6)),  # midnight itself is skipped
    _odd("havana", "America/Havana", (0, 45), (60, 1440)),  # and comes twice
    _odd("lord-howe", "Australia/Lord_Howe", (100, 130), (540, 1020), rest=()),  # by half an hour
)


def worlds() -> list[CalendarTerms]:
    """All of them."""
    return [*(published_calendar(calendar).terms for calendar in published_calendars()), *ODD]
