"""The least and the greatest value a calculation can have, from those of its operands."""

from __future__ import annotations

import math

from countermand.policy.terms import Term

Range = tuple[float, float]
EVERYTHING: Range = (-math.inf, math.inf)


def calculated(term: Term, ranges: list[Range]) -> Range:
    """The range of a calculation from those of its operands."""
    low, high = ranges[0] if ranges else EVERYTHING
    match term.operator:
        case "neg":
            return (-high, -low)
        case "abs":
            return (0 if low <= 0 <= high else min(abs(low), abs(high)), max(abs(low), abs(high)))
        case "+":
            return (low + ranges[1][0], high + ranges[1][1])
        case "-":
            return (low - ranges[1][1], high - ranges[1][0])
        case "/" if low >= 0 and ranges[1][0] >= 0 and term.operands[1].operator != "literal":
            return (0, math.inf)  # what is divided by zero is unknown
        case "*" | "/" if term.operator == "*" or term.operands[1].operator == "literal":
            corners = [_corner(term.operator, one, other) for one in (low, high) for other in ranges[1]]
            unsure = any(math.isnan(corner) for corner in corners)
            return EVERYTHING if unsure else (min(corners), max(corners))
    return EVERYTHING


def hull(ranges: list[Range]) -> Range:
    """From the least of all to the greatest of all."""
    return (min(low for low, _ in ranges), max(high for _, high in ranges))


def in_order(word: str, operator: str, other: str) -> bool:
    """Whether two texts stand in that order."""
    return {"<": word < other, "<=": word <= other, ">": word > other, ">=": word >= other}[operator]


def _corner(operator: str, one: float, other: float) -> float:
    if operator == "/":
        return one / other if other else math.nan
    return one * other
