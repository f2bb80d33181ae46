"""Calendars from the `holidays` library: mainland China with its make-up workdays, the US, UK, EU, HK, SG."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import holidays
import yaml

from countermand.cases.calendars import CalendarTerms, Window
from countermand.kernel.errors import NotFound
from countermand.kernel.text import Text

FIRST_YEAR, LAST_YEAR = 2015, 2040
OFFICE_HOURS = (Window(9 * 60, 17 * 60),)
# The arrangement of a year may make rest days of the last week before it workdays: 2018-12-29 for 2019.
ARRANGED_FROM = (12, 24)

_NAMES: dict[str, str] = yaml.safe_load((Path(__file__).parent / "names.yaml").read_text(encoding="utf-8"))
_REMARKS = {"observed": "补假", "estimated": "预计"}
_REMARK = re.compile(r" \(([^)]*)\)$")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SUBSTITUTED = re.compile(r"substituted from (\d{2})/(\d{2})/(\d{4})")


class _Source(NamedTuple):
    """Where a calendar's holidays come from; `financial`: a market's code instead of a country's."""

    name: Text
    zone: str
    code: str
    subdivision: str | None = None
    financial: bool = False
    chinese: bool = False


SOURCES = {
    "cn": _Source(Text(en="Mainland China", zh="中国内地"), "Asia/Shanghai", "CN", chinese=True),
    "us-federal": _Source(Text(en="United States, federal", zh="美国联邦"), "America/New_York", "US"),
    "uk": _Source(Text(en="England and Wales", zh="英格兰和威尔士"), "Europe/London", "GB", "ENG"),
    "eu-target": _Source(
        Text(en="TARGET, euro area", zh="欧元区 TARGET"), "Europe/Brussels", "XECB", financial=True
    ),
    "hk": _Source(Text(en="Hong Kong SAR", zh="中国香港"), "Asia/Hong_Kong", "HK", chinese=True),
    "sg": _Source(Text(en="Singapore", zh="新加坡"), "Asia/Singapore", "SG"),
}


@cache
def published_calendar(calendar: str) -> CalendarTerms:
    """One of SOURCES, as the installed library knows it. Raises NotFound `unknown_calendar`."""
    source = SOURCES.get(calendar)
    if source is None:
        known = ", ".join(SOURCES)
        raise NotFound(
            "unknown_calendar",
            f"There is no calendar {calendar!r}; there are: {known}.",
            f"没有日历 {calendar!r}；现有：{known}。",
        )
    english = _listed(source, "en_US")
    chinese = _listed(source, "zh_CN") if source.chinese else None
    named = {
        day: Text(
            en=_SUBSTITUTED.sub(r"for work on \3-\1-\2", name),
            zh=_in_chinese(name) if chinese is None else chinese[day],
        )
        for day, name in sorted(english.items())
    }
    worked = {day: _made_up(day, named) for day in sorted(english.weekend_workdays) if day.year >= FIRST_YEAR}
    return CalendarTerms(
        id=calendar,
        name=source.name,
        zone=source.zone,
        source=f"holidays {version('holidays')}",
        first_year=FIRST_YEAR,
        last_year=LAST_YEAR,
        provisional_from=_provisional_from(named, worked),
        closed={day: text for day, text in named.items() if day not in worked},
        worked=worked,
        windows=OFFICE_HOURS,
    )


def _listed(source: _Source, language: str) -> Any:
    years = range(FIRST_YEAR, LAST_YEAR + 1)
    if source.financial:
        return holidays.financial_holidays(source.code, years=years, language=language)
    return holidays.country_holidays(source.code, subdiv=source.subdivision, years=years, language=language)


def _made_up(day: date, named: dict[date, Text]) -> Text:
    """Which day off a make-up workday pays for, where the list says so."""
    for off, text in named.items():
        if day.isoformat() in _DAY.findall(text.zh):
            return Text(en=f"in place of {off}", zh=f"补 {off} 的班")
    return Text(en="worked for a longer holiday", zh="调休上班")


def _provisional_from(named: dict[date, Text], worked: dict[date, Text]) -> date | None:
    """From when on days are expected only: no make-up day is known yet, or a date is an estimate."""
    if worked:
        return date(max(day.year for day in worked), *ARRANGED_FROM)
    estimated = [day.year for day, text in named.items() if "estimated" in text.en]
    return date(min(estimated), 1, 1) if estimated else None


def _in_chinese(name: str) -> str:
    """The Chinese name, part by part; a name that the table lacks stays in English."""
    parts = []
    for part in name.split("; "):
        remark = _REMARK.search(part)
        plain = _NAMES.get(_REMARK.sub("", part), _REMARK.sub("", part))
        words = "" if remark is None else "、".join(_REMARKS.get(one, one) for one in remark[1].split(", "))
        parts.append(f"{plain}（{words}）" if words else plain)
    return "；".join(parts)
