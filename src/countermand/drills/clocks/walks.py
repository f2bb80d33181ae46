"""Counting by walking: one minute after the other, with nothing carried over from the engine.

Plain functions over arrays; numba compiles them where it is installed, and changes nothing else.
"""

from __future__ import annotations

from typing import Any

Array = Any
A_MINUTE = 60_000_000


def walk_time(counts: Array, start: int, begins: Array, ends: Array, target: int) -> int:
    """From a minute on, how many microseconds until `target` of them have counted; -1 where minutes end.

    `counts`: whether a minute counts; pauses are minutes [begins, ends), in order.
    """
    got = 0
    pause = 0
    for minute in range(start, len(counts)):
        while pause < len(begins) and ends[pause] <= minute:
            pause += 1
        standing = pause < len(begins) and begins[pause] <= minute
        if counts[minute] and not standing:
            if got + A_MINUTE >= target:
                return (minute - start) * A_MINUTE + target - got
            got += A_MINUTE
    return -1


def walk_count(counts: Array, start: int, begins: Array, ends: Array, until: int) -> int:
    """How many minutes from the start to another minute count."""
    got = 0
    pause = 0
    for minute in range(start, until):
        while pause < len(begins) and ends[pause] <= minute:
            pause += 1
        standing = pause < len(begins) and begins[pause] <= minute
        if counts[minute] and not standing:
            got += 1
    return got


def walk_days(
    day: Array,
    worked: Array,
    day_ends: Array,
    start: int,
    first: int,
    begins: Array,
    ends: Array,
    target: int,
    only_worked: bool,
    rolls: bool,
) -> int:
    """The minute after the one with which the last day ends; -1 where minutes end.

    A day counts when its last minute is met running, from day `first` on, and if `only_worked` a worked one;
    once `target` have counted, the clock ends with the first such day that is good enough to be the last.
    """
    got = 0
    pause = 0
    for minute in range(start, len(day)):
        while pause < len(begins) and ends[pause] <= minute:
            pause += 1
        standing = pause < len(begins) and begins[pause] <= minute
        if day_ends[minute] and not standing and day[minute] >= first:
            if got < target and (worked[minute] or not only_worked):
                got += 1
            if got == target and (worked[minute] or not rolls) and (worked[minute] or not only_worked):
                return minute + 1
    return -1
