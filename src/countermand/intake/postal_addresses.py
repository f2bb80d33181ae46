"""Postal addresses down to a house: a street or an estate with its number, in Chinese and in English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from countermand.intake.found import Certainty, Found, Kind

_LEFT_MAX = 30
_NUMBER = r"(?:\d{1,5}(?:-\d{1,5}){0,3}|[一二三四五六七八九十百]{1,5}|[a-z]\d{0,3})"
_UNIT = r"(?:号楼|号院|号|弄|栋|幢|座|单元|室|楼|层|房|户|组|队|门|铺)"
# What has no number is a place anybody may be in; the number makes it a home.
_HOUSE = re.compile(
    r"(?:路|街|大道|巷|胡同|里弄|弄堂|小区|花园|家园|佳苑|公寓|大厦|广场|新村|新城|社区|山庄|别墅|苑|[村屯庄寨])"
    r"(?:[东西南北中]段|[一二三四五六七八九十]段|[一二三四五六七八九十]期)?[ ,，]?"
    rf"(?:{_NUMBER}[ ]?{_UNIT}[ ,，-]?){{1,6}}"
    rf"(?:{_NUMBER}(?![0-9a-z元块万年月日点次]))?"
)
_LEFT = re.compile(r"[\u4e00-\u9fff0-9· ]")
# Where an address begins: a province or a city, or else behind the word that leads to it.
_REGION = re.compile(
    r"(北京|上海|天津|重庆|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|台湾|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|"
    r"江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海)"
    r"|[\u4e00-\u9fff]{2,4}(?:市|自治州|地区|区|县|镇|乡)"
)
_LEAD = re.compile(
    r".*(?:住在|家住|住址|地址|寄到|送到|位于|寄往|发到|搬到|[住在到寄送址是为于去给从:,，。;； ])(?=.)"
)
_CITY = re.compile(
    r"^.{0,24}?(?:市|自治州|地区|省|自治区|香港|澳门|北京|上海|天津|重庆)(?:[\u4e00-\u9fff]{1,4}[区县市])?"
)

_WORDS_EN = r"(?:[nsew]\.? |north |south |east |west )?(?:[a-z][a-z'.-]{1,19} |\d{1,3}(?:st|nd|rd|th) ){1,3}?"
_STREET = re.compile(
    rf"(?<![\d.,$*-])\d{{1,6}}[a-z]? {_WORDS_EN}"
    r"(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|terrace|way|highway|"
    r"hwy|parkway|pkwy|square|close|crescent)(?![a-z])\.?"
    r"(?:,? (?:apt|apartment|unit|suite|ste|flat|floor|room|#)\.? ?#?[a-z0-9-]{1,6}(?![a-z0-9]))?"
    r"(?:,? [a-z][a-z.' ]{1,24},? [a-z]{2},? \d{5}(?:-\d{4})?(?!\d))?"
)
_BOX = re.compile(r"(?<![a-z])p\.? ?o\.? ?box ?\d{1,6}(?!\d)")
_NO_STREET = re.compile(
    r" (?:the|on|in|at|by|of|for|to|from|and|or|my|your|a|an|is|was|were|times?|days?|hours?|months?|years?|"
    r"weeks?|minutes?|dollars?|people|persons?|calls?|payments?|transactions?|different|percent|yuan|rmb|usd|"
    r"with|about) "
)


def addresses(view: str) -> Iterator[Found]:
    """The addresses of a folded text that lead to a door."""
    behind, last = 0, None
    for match in _HOUSE.finditer(view):
        start = _beginning(view, match.start(), behind)
        if last is not None and last.end == start:  # a street, and a building in it
            last = Found(Kind.ADDRESS, last.start, _end(match), Certainty.CERTAIN)
        elif start < match.start():
            if last is not None:
                yield last
            last = Found(Kind.ADDRESS, start, _end(match), Certainty.CERTAIN)
        behind = match.end()
    if last is not None:
        yield last
    for pattern in (_STREET, _BOX):
        for match in pattern.finditer(view):
            if not _NO_STREET.search(match[0]):
                yield Found(Kind.ADDRESS, match.start(), match.end(), Certainty.LIKELY)


def region_of(address: str) -> str:
    """The city and district an address begins with; empty where it begins with a street."""
    region = _CITY.match(address)
    return region[0] if region is not None else ""


def _beginning(view: str, street: int, behind: int) -> int:
    """Where the address begins that leads up to this street; the street itself where nothing names it."""
    left, leftmost = street, max(behind, street - _LEFT_MAX)
    while left > leftmost and _LEFT.match(view, left - 1):
        left -= 1
    region = _REGION.search(view, left, street)
    if region is not None:
        left = region.start()
        if region[1] is not None:
            return left
    lead = _LEAD.match(view, left, street)
    return lead.end() if lead is not None else left


def _end(match: re.Match[str]) -> int:
    return match.start() + len(match[0].rstrip(" ,，-"))
