"""When something happened, as screens write it: a blank lost, a year left out, a day named “yesterday”."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

YEAR_MIN, YEAR_MAX = 2000, 2099


class Moment(NamedTuple):
    """A time of day on a date, in the clock of whoever made the screen; None for every part that is not told.

    `start` to `end` is where it stands in the text.
    """

    start: int
    end: int
    year: int | None
    month: int
    day: int
    hour: int | None
    minute: int | None
    second: int | None

    @property
    def text(self) -> str:
        """ISO 8601 without an offset; a year that is not told is left out as XML Schema does it (--11-06).

        >>> Moment(0, 9, None, 11, 6, 3, 37, None).text
        '--11-06T03:37'
        """
        day = f"{'-' if self.year is None else self.year}-{self.month:02}-{self.day:02}"
        if self.hour is None:
            return day
        seconds = "" if self.second is None else f":{self.second:02}"
        return f"{day}T{self.hour:02}:{self.minute or 0:02}{seconds}"

    @property
    def exact(self) -> datetime | None:
        """The instant without its zone; None where the year or the time of day is not told."""
        if self.year is None or self.hour is None:
            return None
        return datetime(self.year, self.month, self.day, self.hour, self.minute or 0, self.second or 0)  # noqa: DTZ001 - the zone is the reader's to know


# What stands between parts, with the blanks that readers add or lose.
_S = r"\s{0,3}"
# With seconds lost or not written; glued to the date where the blank was lost ("1901:58:32"). A full stop
# is a colon misread only where seconds follow, so that "03.37" of an amount is no time.
_CLOCK = (
    rf"(?P<half>凌晨|早上|上午|中午|下午|傍晚|晚上|晚)?{_S}(?P<hour>[01]?\d|2[0-3])"
    rf"(?:{_S}[::]{_S}(?P<minute>[0-5]\d)(?:{_S}[::.]{_S}(?P<second>[0-5]\d))?(?!\d)"
    rf"|{_S}[时点]{_S}(?:(?P<minute_zh>[0-5]?\d){_S}分)?(?:{_S}(?P<second_zh>[0-5]?\d){_S}秒)?)"
    rf"(?:{_S}(?P<noon>am|pm)\b)?"
)
_BETWEEN = rf"(?:{_S}(?:星期[一二三四五六日天]|周[一二三四五六日天]|\([一二三四五六日]\))?{_S}[,,T]?{_S})"
_DATES = (
    # Two digits of the month and of the day, so that the hour may follow without a blank.
    rf"(?P<year>20\d\d){_S}[-/.]{_S}(?P<month>\d\d?){_S}[-/.]{_S}(?P<day>[0-3]\d|\d(?!\d))",
    rf"(?<!\d)(?P<year>(?:20)?\d\d){_S}年{_S}(?P<month>\d\d?){_S}月{_S}(?P<day>\d\d?){_S}[日号]",
    rf"(?<![\d年]){_S}(?P<month>\d\d?){_S}月{_S}(?P<day>\d\d?){_S}[日号]",
    r"(?<![\d./:-])(?P<month>[01]\d)[-/](?P<day>[0-3]\d)(?![-/.\d]*[-/])",
    r"(?P<relative>前天|昨天|昨日|今天|今日|yesterday|today)",
)
_MONTH_NAMES = r"(?P<word>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_NAMED = (
    rf"{_MONTH_NAMES}\s?(?P<day>\d\d?)(?!\d)(?:st|nd|rd|th)?,?(?:\s?(?P<year>20\d\d))?",
    rf"(?<!\d)(?P<day>\d\d?)\s?{_MONTH_NAMES},?\s?(?P<year>20\d\d)?",
)
_MOMENTS = [re.compile(rf"{date}(?:{_BETWEEN}{_CLOCK})?", re.IGNORECASE) for date in (*_DATES, *_NAMED)]
# The letter where only a digit can stand.
_MISREAD_ZERO = re.compile(r"(?<=[\d:-])[Oo](?=[\d:])")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAYS_BACK = {"前天": 2, "昨天": 1, "昨日": 1, "yesterday": 1, "今天": 0, "今日": 0, "today": 0}
_AFTERNOON = frozenset({"下午", "傍晚", "晚上", "晚", "pm"})
_BARE_CLOCK = re.compile(r"(?:[上下]午)?\s?(?:[01]?\d|2[0-3])[::][0-5]\d(?:\s?[ap]m)?", re.IGNORECASE)


def is_clock(text: str) -> bool:
    """Whether a text is a time of day and nothing else: the clock of a screen's status bar.

    >>> is_clock("04:25"), is_clock("14:20 到账")
    (True, False)
    """
    return _BARE_CLOCK.fullmatch(text.strip()) is not None


def moments_in(text: str, captured_at: datetime | None = None) -> list[Moment]:
    """The dates of a text in order, each with its time of day where one follows; the text is in NFKC.

    `captured_at`, in the clock of whoever took the picture, gives days like “yesterday” their date and dates
    without a year theirs; without it such days are left out, and such years stay unknown.

    >>> [one.text for one in moments_in("2026-06-1901:58:32")]
    ['2026-06-19T01:58:32']
    >>> [one.text for one in moments_in("昨天 23:41")]
    []
    """
    text = _MISREAD_ZERO.sub("0", text)
    found: list[Moment] = []
    for pattern in _MOMENTS:
        for match in pattern.finditer(text):
            if any(match.start() < one.end and one.start < match.end() for one in found):
                continue
            moment = _moment(match, captured_at)
            if moment is not None:
                found.append(moment)
    return sorted(found)


def _moment(match: re.Match[str], captured_at: datetime | None) -> Moment | None:
    parts = match.groupdict()
    clock = _clock(parts)
    if parts.get("relative"):
        if captured_at is None:
            return None
        day = captured_at.date() - timedelta(days=_DAYS_BACK[parts["relative"].lower()])
        return Moment(match.start(), match.end(), day.year, day.month, day.day, *clock)
    word = parts.get("word")
    month = _MONTHS.index(word.lower()) + 1 if word else int(parts["month"])
    day_of_month, year = int(parts["day"]), _year(parts.get("year"))
    if not _is_day(year, month, day_of_month):
        return None
    if year is None and captured_at is not None:
        year = _last_year(month, day_of_month, captured_at)
    return Moment(match.start(), match.end(), year, month, day_of_month, *clock)


def _year(written: str | None) -> int | None:
    """Two digits are of this century: nobody had such screens in the last one."""
    return None if written is None else int(written) % 100 + 2000


def _clock(parts: dict[str, str | None]) -> tuple[int | None, int | None, int | None]:
    """Hour, minute and second."""
    if parts.get("hour") is None:
        return None, None, None
    hour = int(parts["hour"] or 0)
    minute = parts.get("minute") or parts.get("minute_zh")
    second = parts.get("second") or parts.get("second_zh")
    half = (parts.get("half") or parts.get("noon") or "").lower()
    if half in _AFTERNOON and hour < 12:
        hour += 12
    elif half in ("am", "凌晨") and hour == 12:
        hour = 0
    return hour, int(minute or 0), None if second is None else int(second)


def _is_day(year: int | None, month: int, day: int) -> bool:
    """Whether there is such a day; of an unknown year, the 29th of February too."""
    if year is not None and not YEAR_MIN <= year <= YEAR_MAX:
        return False
    try:
        datetime(year or 2000, month, day)  # noqa: DTZ001 - only asked whether it exists
    except ValueError:
        return False
    return True


def _last_year(month: int, day: int, captured_at: datetime) -> int | None:
    """The year of the last such day that is not after the capture."""
    for year in (captured_at.year, captured_at.year - 1):
        if _is_day(year, month, day) and (month, day) <= (12, 31):
            on = datetime(year, month, day, tzinfo=captured_at.tzinfo)
            if on <= captured_at:
                return year
    return None
