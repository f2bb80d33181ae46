"""A calendar is a value: which days are worked, between which hours, in which zone, and how sure that is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from countermand.cases.timelines import Stretches
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.clock import micros_of
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text

MINUTES_A_DAY = 24 * 60
YEARS_MAX = 60
WINDOWS_MAX = 8


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Opening hours of a worked day, in minutes since its local midnight; 1440 is its end."""

    opens: int
    closes: int


class CalendarTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that a calendar says, as a file or a database keeps it.

    `rest_days` are ISO weekdays (7 is Sunday); `closed` other days without work, `worked` rest days with
    work. From `provisional_from` on its days are expected and not yet published.
    """

    id: str
    name: Text
    zone: str
    source: str
    first_year: int
    last_year: int
    provisional_from: date | None = None
    rest_days: tuple[int, ...] = (6, 7)
    closed: dict[date, Text] = {}
    worked: dict[date, Text] = {}
    windows: tuple[Window, ...] = (Window(0, MINUTES_A_DAY),)


class Calendar:
    """The days of a calendar, numbered as `date.toordinal` does, and the instants where they begin.

    Instants are microseconds UTC. A local day lasts from the first instant at which clocks there show its
    midnight to the next one's; a window from the first at which they show its opening, or later, to the first
    at which they show its close. Raises BadRequest `calendar_refused` when made of terms that make no sense.
    """

    def __init__(self, terms: CalendarTerms) -> None:
        self.terms = terms
        self.zone = _zone(terms)
        _check(terms)
        self.first_day = date(terms.first_year, 1, 1).toordinal()
        self.last_day = date(terms.last_year, 12, 31).toordinal()
        days = range(self.first_day, self.last_day + 2)
        self._midnights = [first_instant(date.fromordinal(day), 0, self.zone) for day in days]
        rest, closed = frozenset(terms.rest_days), {day.toordinal() for day in terms.closed}
        worked = {day.toordinal() for day in terms.worked}
        self._open = [
            day
            for day in range(self.first_day, self.last_day + 1)
            if day in worked or (day not in closed and (day + 6) % 7 + 1 not in rest)
        ]
        self._open_set = frozenset(self._open)
        sure = terms.provisional_from
        self._provisional_from = self.last_day + 1 if sure is None else sure.toordinal()

    @cached_property
    def version(self) -> str:
        """Sixteen hex digits that stand for everything the calendar says."""
        return digest(canonical_bytes(msgspec.to_builtins(self.terms, str_keys=True))).hex()[:16]

    @property
    def id(self) -> str:
        return self.terms.id

    def day_of(self, at: int) -> int:
        """The number of the local day an instant lies in. Raises BadRequest `calendar_too_short`."""
        index = bisect_right(self._midnights, at) - 1
        if not 0 <= index < len(self._midnights) - 1:
            raise self.too_short()
        return self.first_day + index

    def begins(self, day: int) -> int:
        """The instant at which a day begins. Raises BadRequest `calendar_too_short`."""
        if not self.first_day <= day <= self.last_day + 1:
            raise self.too_short()
        return self._midnights[day - self.first_day]

    def is_open(self, day: int) -> bool:
        """Whether a day is worked."""
        return day in self._open_set

    def opened(self, day: int) -> int:
        """How many worked days lie before a day."""
        return bisect_left(self._open, day)

    def open_day(self, number: int) -> int:
        """The worked day before which so many others lie. Raises BadRequest `calendar_too_short`."""
        if not 0 <= number < len(self._open):
            raise self.too_short()
        return self._open[number]

    def open_from(self, day: int) -> int:
        """The day itself if it is worked, else the next one that is. Raises as `open_day`."""
        return self.open_day(self.opened(day))

    def is_provisional(self, day: int) -> bool:
        """Whether a day, or one before it, is only expected to be as it is here."""
        return day >= self._provisional_from

    def note_on(self, day: int) -> Text | None:
        """Why a day is closed, or worked though it is a day of rest; None where its weekday says it all."""
        when = date.fromordinal(day)
        return self.terms.worked.get(when) or self.terms.closed.get(when)

    @cached_property
    def days(self) -> Stretches:
        """The worked days, whole."""
        return Stretches((self.begins(day), self.begins(day + 1)) for day in self._open)

    @cached_property
    def hours(self) -> Stretches:
        """The worked days between their opening hours."""
        return Stretches(self._hours())

    def _hours(self) -> Iterator[tuple[int, int]]:
        for day in self._open:
            for window in self.terms.windows:
                opens, closes = (
                    self.begins(day + 1)
                    if minute == MINUTES_A_DAY
                    else first_instant(date.fromordinal(day), minute, self.zone)
                    for minute in (window.opens, window.closes)
                )
                yield opens, closes

    def too_short(self) -> BadRequest:
        """What is raised where the calendar ends."""
        first, last = self.terms.first_year, self.terms.last_year
        return BadRequest(
            "calendar_too_short",
            f"The calendar {self.id} knows the years {first} to {last} only.",
            f"日历 {self.id} 只包含 {first} 至 {last} 年。",
            calendar=self.id,
        )


def read_calendar(text: str) -> Calendar:
    """A calendar from a file's text, YAML or JSON: what an institution keeps itself.

    Raises BadRequest `calendar_refused`.
    """
    try:
        # A day may stand in quotation marks or not.
        read = msgspec.to_builtins(msgspec.yaml.decode(text), str_keys=True)
        terms = msgspec.convert(read, CalendarTerms)
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadRequest(
            "calendar_refused",
            f"The calendar cannot be read: {error}.",
            f"日历无法读取：{error}。",
        ) from error
    return Calendar(terms)


def first_instant(day: date, minute: int, zone: ZoneInfo) -> int:
    """The first instant of a local day at which clocks show this minute of the day, or a later one.

    Where the clocks are put forward over that minute, it is the moment at which they are.
    """
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    at = micros_of(wall.astimezone(UTC))
    shown = wall.astimezone(UTC).astimezone(zone)
    if shown.replace(tzinfo=None) == wall.replace(tzinfo=None):
        return at
    # The wall time was skipped; with the offset from after the change, the same words lie before it.
    low, high = micros_of(wall.replace(fold=1).astimezone(UTC)), at
    before = _offset(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


def _offset(at: int, zone: ZoneInfo) -> timedelta | None:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone).utcoffset()


def _zone(terms: CalendarTerms) -> ZoneInfo:
    try:
        return ZoneInfo(terms.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _refused(terms, f"there is no zone {terms.zone!r}", f"时区 {terms.zone!r} 不存在") from error


def _check(terms: CalendarTerms) -> None:
    if not 1970 < terms.first_year <= terms.last_year < terms.first_year + YEARS_MAX:
        raise _refused(
            terms, f"it covers no years, or more than {YEARS_MAX}", f"未包含任何年份或超过 {YEARS_MAX} 年"
        )
    if len(set(terms.rest_days)) > 6 or not set(terms.rest_days) <= set(range(1, 8)):
        raise _refused(terms, "its days of rest are no weekdays", "休息日不是有效的星期")
    bounds = [minute for window in terms.windows for minute in (window.opens, window.closes)]
    ordered = all(one < other for one, other in pairwise(bounds[::2])) and all(
        closes <= opens for closes, opens in zip(bounds[1::2], bounds[2::2], strict=False)
    )
    if not 0 < len(terms.windows) <= WINDOWS_MAX or not ordered:
        raise _refused(terms, "its opening hours overlap or are missing", "营业时间重叠或缺失")
    if any(not 0 <= window.opens < window.closes <= MINUTES_A_DAY for window in terms.windows):
        raise _refused(terms, "its opening hours are no part of a day", "营业时间不在一天之内")
    if terms.closed.keys() & terms.worked.keys():
        raise _refused(terms, "a day is closed and worked at once", "同一天既休息又上班")


def _refused(terms: CalendarTerms, en: str, zh: str) -> BadRequest:
    return BadRequest(
        "calendar_refused",
        f"The calendar {terms.id} cannot be used: {en}.",
        f"日历 {terms.id} 无法使用：{zh}。",
        calendar=terms.id,
    )
