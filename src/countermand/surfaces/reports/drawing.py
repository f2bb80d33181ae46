"""Scales, axes and marks of the page's plots: plain SVG, coloured by the page's style."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from countermand.kernel.text import Text

Words = Callable[[float], Text]


@dataclass(frozen=True, slots=True)
class Frame:
    """The room of a plot inside its margins, in the units of its view box."""

    width: int = 640
    height: int = 300
    left: int = 62
    right: int = 14
    top: int = 14
    bottom: int = 44

    @property
    def inner_width(self) -> int:
        return self.width - self.left - self.right

    @property
    def floor(self) -> int:
        """Where the horizontal axis stands."""
        return self.height - self.bottom

    def x(self, share: float) -> float:
        """From 0 (left) to 1 (right)."""
        return self.left + share * self.inner_width

    def y(self, share: float) -> float:
        """From 0 (floor) to 1 (top)."""
        return self.floor - share * (self.floor - self.top)


def ticks(highest: float, count: int = 5) -> list[float]:
    """Round numbers from 0 up to at least `highest`.

    >>> ticks(87)
    [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    """
    if highest <= 0:
        return [0.0, 1.0]
    rough = highest / count
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * (1 - 1e-9))
    return [round(step * number, 12) for number in range(math.ceil(highest / step - 1e-9) + 1)]


def text(x: float, y: float, words: Text | str, anchor: str = "middle", kind: str = "") -> Markup:
    """A text at a point; in both languages where they differ."""
    if isinstance(words, Text) and words.en != words.zh:
        inner = Markup('<tspan lang="en">{}</tspan><tspan lang="zh-CN">{}</tspan>').format(words.en, words.zh)
    else:
        inner = escape(words.en if isinstance(words, Text) else words)
    return Markup('<text x="{}" y="{}" text-anchor="{}"{}>{}</text>').format(
        _n(x), _n(y), anchor, Markup(' class="{}"').format(kind) if kind else "", inner
    )


def line(points: Iterable[tuple[float, float]], kind: str) -> Markup:
    """A line through points."""
    path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    return Markup('<polyline points="{}" class="{}"/>').format(path, kind)


def box(x: float, y: float, width: float, height: float, kind: str, tip: Text | None = None) -> Markup:
    """A rectangle; `tip` is shown under the pointer."""
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"{}/>').format(
        _n(x), _n(y), _n(max(0.0, width)), _n(max(0.0, height)), kind, tipped(tip)
    )


def dot(x: float, y: float, radius: float, kind: str, tip: Text | None = None) -> Markup:
    """A point; `tip` is shown under the pointer."""
    return Markup('<circle cx="{}" cy="{}" r="{}" class="{}"{}/>').format(
        _n(x), _n(y), _n(radius), kind, tipped(tip)
    )


def tipped(tip: Text | None) -> Markup:
    """The attributes of what the pointer shows."""
    if tip is None:
        return Markup("")
    return Markup(' data-en="{}" data-zh="{}"').format(tip.en, tip.zh)


def drawing(frame: Frame, name: str, parts: Iterable[Markup]) -> Markup:
    """The whole plot, named by the heading with the id `name`."""
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-labelledby="{}">{}</svg>').format(
        frame.width, frame.height, name, Markup("").join(parts)
    )


def upright_axis(frame: Frame, marks: Sequence[float], words: Words, label: Text) -> Markup:
    """The vertical axis with its grid; the highest mark is at the top."""
    top = marks[-1]
    parts = [
        line([(frame.left, frame.y(mark / top)), (frame.width - frame.right, frame.y(mark / top))], "grid")
        + text(frame.left - 8, frame.y(mark / top) + 4, words(mark), "end")
        for mark in marks
    ]
    middle = (frame.top + frame.floor) / 2
    turned = Markup('<g transform="rotate(-90 14 {})">{}</g>').format(
        _n(middle), text(14, middle + 4, label, kind="axis")
    )
    return Markup("").join([*parts, turned])


def level_axis(
    frame: Frame, marks: Sequence[float], words: Words, label: Text, top: float | None = None
) -> Markup:
    """The horizontal axis of numbers, up to the last mark or to `top`."""
    top = top or marks[-1]
    parts = [
        line([(frame.x(mark / top), frame.floor), (frame.x(mark / top), frame.floor + 5)], "tick")
        + text(frame.x(mark / top), frame.floor + 19, words(mark))
        for mark in marks
    ]
    return Markup("").join([*parts, axis_label(frame, label)])


def named_axis(frame: Frame, names: Sequence[str], label: Text) -> Markup:
    """The horizontal axis of named places, as many of the names as there is room for."""
    count = len(names)
    room = max(1, frame.inner_width // 84)
    every = max(1, math.ceil(count / room))
    parts = [
        text(frame.x((number + 0.5) / count), frame.floor + 19, name)
        for number, name in enumerate(names)
        if number % every == 0
    ]
    return Markup("").join([*parts, axis_label(frame, label)])


def axis_label(frame: Frame, label: Text) -> Markup:
    """What the horizontal axis measures."""
    return text(frame.left + frame.inner_width / 2, frame.height - 6, label, kind="axis")


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
