"""The values a reason shows: as data for programs, and as words for people in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from countermand.kernel.clock import rfc3339
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.vocabulary.rules import Shown

_UNITS = ((86400, "d", "天"), (3600, "h", "小时"), (60, "min", "分钟"), (1, "s", "秒"))
UNKNOWN = ("unknown", "未知")


def shown_values(shown: Sequence[Shown], facts: list[Any], currency: str) -> dict[str, Any]:
    """JSON values by name: money as minor units with currency, durations in seconds, instants as RFC 3339."""
    return {one.name: _value(one.type, facts[one.index], currency) for one in shown}


def shown_texts(text: Text, shown: Sequence[Shown], facts: list[Any], currency: str) -> Text:
    """The reason with its marks filled in."""
    en, zh = text.en, text.zh
    for one in shown:
        mark = "{" + one.name + "}"
        if mark in en or mark in zh:
            words = words_of(one.type, facts[one.index], currency)
            en, zh = en.replace(mark, words[0]), zh.replace(mark, words[1])
    return Text(en=en, zh=zh)


def _value(type_: str, value: Any, currency: str) -> Any:
    if value is None:
        return None
    match type_:
        case "money":
            return {"minor": value, "currency": currency}
        case "duration":
            return value / 10**6
        case "instant":
            return rfc3339(value)
    return value


def words_of(type_: str, value: Any, currency: str) -> tuple[str, str]:
    """A fact's value for people, in English and in Chinese."""
    if value is None:
        return UNKNOWN
    match type_:
        case "money":
            return money_texts(round(value), currency)
        case "duration":
            return _duration_words(value // 10**6)
        case "instant":
            return (rfc3339(value), rfc3339(value))
        case "boolean":
            return ("yes", "是") if value else ("no", "否")
        case "number":
            return (f"{value:,.2f}".rstrip("0").rstrip("."),) * 2
    return (str(value), str(value))


def _duration_words(seconds: int) -> tuple[str, str]:
    for size, en, zh in _UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {en}", f"{count}{zh}"
    return "0 s", "0秒"
