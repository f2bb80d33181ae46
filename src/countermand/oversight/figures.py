"""A number that may be told: with its unit, its source and its date. Without those it is refused."""

from __future__ import annotations

from datetime import datetime

import msgspec

from countermand.kernel.text import Text

SHARE, OPERATIONS, MINOR, SECONDS, A_DAY, POINTS, RULES = (
    "share", "operations", "minor", "seconds", "a_day", "points", "rules",
)  # fmt: skip


class Sourced(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever holds numbers names their source and their date (RFC 3339 or a calendar day).

    Raises ValueError where one of them is missing, also when it is decoded.
    """

    source: Text
    as_of: str

    def __post_init__(self) -> None:
        if not (self.source.en.strip() and self.source.zh.strip()):
            raise ValueError("a figure names its source, in both languages")
        try:
            datetime.fromisoformat(self.as_of)
        except ValueError:
            raise ValueError(f"a figure names its date; {self.as_of!r} is none") from None


class Figure(Sourced, frozen=True, kw_only=True):
    """One number. `value` is None where it has no meaning (a share of nothing).

    `low` and `high` bound it with 95 % confidence, by the method `interval` names: `wilson`, `bootstrap` or
    nothing, for what was counted and not estimated. Money is in minor units.
    """

    value: float | int | None
    unit: str
    low: float | int | None = None
    high: float | int | None = None
    interval: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.unit:
            raise ValueError("a figure names its unit")
        if (self.low is None) != (self.high is None) or (self.low is None) == bool(self.interval):
            raise ValueError("an interval has two ends and a method")
