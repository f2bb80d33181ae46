"""Times in the width of a queue: what is left until a clock strikes, in its two largest units."""

from __future__ import annotations

from typing import Any

from countermand.surfaces.web.words import said

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


def left_said(seconds: int, language: str) -> str:
    """What is left, or by how much it is late, in a language.

    >>> left_said(3 * 86_400 + 4 * 3_600, "zh"), left_said(-125, "en")
    ('剩余 3天4小时', '2m late')
    """
    length = _length(abs(seconds), language)
    return (
        said("desk.late", language, left=length) if seconds < 0 else said("desk.left", language, left=length)
    )


def _length(seconds: int, language: str) -> str:
    days, hours, minutes = seconds // _DAY, seconds % _DAY // _HOUR, seconds % _HOUR // _MINUTE
    if days:
        return said("desk.days", language, d=days, h=hours)
    if hours:
        return said("desk.hours", language, h=hours, m=minutes)
    return said("desk.minutes", language, m=minutes)


def ago_said(seconds: int, language: str) -> str:
    """How long ago something was, in a language.

    >>> ago_said(4, "en"), ago_said(7_300, "zh")
    ('4s ago', '2小时1分前')
    """
    if seconds < 1:
        return said("health.ago_now", language)
    short = said("health.seconds", language, s=seconds)
    return said("health.ago", language, left=short if seconds < _MINUTE else _length(seconds, language))


def urgency_of(case: dict[str, Any]) -> str:
    """How a listed case is marked: `stop` overdue, `warn` nearly, empty else."""
    if case["overdue"] or (case["seconds_left"] is not None and case["seconds_left"] < 0):
        return "stop"
    return "warn" if case["warned"] else ""
