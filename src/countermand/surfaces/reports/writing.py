"""Numbers and texts as a reader of either language expects them, safe to stand in a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape

from countermand.kernel.text import Text
from countermand.oversight.figures import A_DAY, MINOR, POINTS, SECONDS, SHARE, Figure

NOTHING = Text(en="–", zh="–")
_MARK = re.compile(r"\{([a-z0-9_.]+)\}")
_MINUS = "−"
# from which number on, divided by what, and the word for it
_SCALES_EN = ((10**9, 10**9, "B"), (10**6, 10**6, "M"), (10**4, 10**3, "k"))
_SCALES_ZH = ((10**8, 10**8, "亿"), (10**4, 10**4, "万"))


def both(text: Text) -> Markup:
    """A text in both languages; the page shows one of them."""
    if text.en == text.zh:
        return escape(text.en)
    return Markup('<span lang="en">{}</span><span lang="zh-CN">{}</span>').format(text.en, text.zh)


def worded(text: Text) -> Markup:
    """A rule's reason, in which `{name}` stands for a value that each operation has of its own."""
    parts = [_MARK.sub(r"<var>\1</var>", str(escape(words))) for words in (text.en, text.zh)]
    return Markup('<span lang="en">{}</span><span lang="zh-CN">{}</span>').format(*map(Markup, parts))


def plain(number: float, digits: int = 0) -> str:
    """A number with its thousands apart and a true minus.

    >>> plain(-1234.5, 1)
    '−1,234.5'
    """
    return f"{number:,.{digits}f}".replace("-", _MINUS)


def short(number: float) -> Text:
    """A number in few characters, in the units each language counts by.

    >>> short(1234567)
    Text(en='1.23M', zh='123万')
    """
    return Text(en=_scaled(number, _SCALES_EN), zh=_scaled(number, _SCALES_ZH))


def _scaled(number: float, scales: tuple[tuple[int, int, str], ...]) -> str:
    for least, size, word in scales:
        if abs(number) >= least:
            value = number / size
            digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
            return plain(value, digits) + word
    return plain(number) if abs(number) >= 100 or number == int(number) else plain(number, 1)


def percent(share: float) -> str:
    """A share with about three figures that count.

    >>> percent(0.1234), percent(0.00081)
    ('12.3%', '0.081%')
    """
    value = share * 100
    size = abs(value)
    digits = 1 if size >= 10 or value == 0 else 2 if size >= 1 else 3
    return plain(value, digits) + "%"


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes figures in the currency of one report."""

    currency: str
    exponent: int

    def major(self, minor: float) -> float:
        """Whole units of the currency."""
        return float(Decimal(minor).scaleb(-self.exponent))

    def money(self, minor: float) -> Text:
        """An amount in few characters."""
        amount = short(self.major(minor))
        return Text(en=f"{self.currency} {amount.en}", zh=f"{amount.zh} {self.currency}")

    def value(self, number: float | None, unit: str) -> Text:
        """A number in its unit, without naming the unit where the label does."""
        if number is None:
            return NOTHING
        if unit == MINOR:
            return self.money(number)
        if unit == SHARE:
            return _alike(percent(number))
        if unit == SECONDS:
            return _alike(_seconds(number))
        if unit in (A_DAY, POINTS):
            return _alike(plain(number, 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2))
        return _alike(plain(number) if number == int(number) else plain(number, 2))

    def figure(self, figure: Figure | None) -> Text:
        """A figure's value."""
        return NOTHING if figure is None else self.value(figure.value, figure.unit)

    def interval(self, figure: Figure | None) -> Text:
        """A figure's 95 % interval, empty where there is none."""
        if figure is None or figure.low is None or figure.high is None:
            return _alike("")
        low, high = self.value(figure.low, figure.unit), self.value(figure.high, figure.unit)
        unit = f" {self.currency}" if figure.unit == MINOR else "%" if figure.unit == SHARE else ""
        return Text(
            en=f"{low.en.removesuffix('%')} to {high.en.removeprefix(f'{self.currency} ')}",
            zh=f"{low.zh.removesuffix(unit)} 至 {high.zh}",
        )

    def budget(self, number: float, unit: str) -> Text:
        """A declared budget, as it was declared."""
        if unit == SHARE:
            return _alike(f"{number * 100:g}%")
        return Text(en=f"{number:g} a day", zh=f"每天{number:g}笔")

    def signed(self, number: float | None, unit: str) -> Text:
        """A difference, with its sign; of shares in points."""
        if number is None:
            return NOTHING
        sign = "+" if number > 0 else ""
        if unit == SHARE:
            points = plain(number * 100, 2)
            return Text(en=f"{sign}{points} points", zh=f"{sign}{points} 个百分点")
        words = self.value(number, unit)
        return Text(en=sign + words.en, zh=sign + words.zh)

    def signed_interval(self, figure: Figure) -> Text:
        """The interval of a difference."""
        if figure.low is None or figure.high is None:
            return _alike("")
        if figure.unit == SHARE:
            return Text(
                en=f"{plain(figure.low * 100, 2)} to {plain(figure.high * 100, 2)}",
                zh=f"{plain(figure.low * 100, 2)} 至 {plain(figure.high * 100, 2)}",
            )
        return self.interval(figure)


def _seconds(number: float) -> str:
    if abs(number) >= 7200:
        return f"{plain(number / 3600, 1)} h"
    if abs(number) >= 120:
        return f"{plain(number / 60, 1)} min"
    return f"{plain(number, 0 if abs(number) >= 100 else 2)} s"


def _alike(words: str) -> Text:
    return Text(en=words, zh=words)
