"""The typed tree of one expression: what the SQL text means, after its types have been checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """The types of the policy language; they never mix silently."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    TEXT = "text"
    DURATION = "duration"
    INSTANT = "instant"
    NULL = "null"


NUMERIC = frozenset({Type.INTEGER, Type.NUMBER})
MEASURED = NUMERIC | {Type.MONEY, Type.DURATION, Type.INSTANT}
ORDERED = frozenset({Type.INTEGER, Type.NUMBER, Type.MONEY, Type.TEXT, Type.DURATION, Type.INSTANT})

DURATION_MICROS = {
    "SECOND": 10**6,
    "MINUTE": 60 * 10**6,
    "HOUR": 3600 * 10**6,
    "DAY": 86400 * 10**6,
    "WEEK": 7 * 86400 * 10**6,
}

MODEL = "model"  # the score of model `x` is the fact `model.x`

Scalar = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Term:
    """One node: an operator with its operands, a name, or a literal.

    operator: `literal`, `name`, `and or not`, `= <> < <= > >=`, `+ - * / %`, `neg`, `in`, `is_null`,
    `is_true is_false same`, `like starts_with`, `case coalesce least greatest`,
    `abs length lower distance_km`.
    value: the literal, the name, the LIKE pattern, or the tuple of an IN list.
    offset: where it starts in the expression's text.
    """

    operator: str
    type: Type
    nullable: bool
    operands: tuple[Term, ...] = ()
    value: Scalar | frozenset[Scalar] = None
    offset: int = 0

    def names(self) -> Iterator[str]:
        """Every name in the expression, in order, with repetitions."""
        if self.operator == "name":
            yield str(self.value)
        for operand in self.operands:
            yield from operand.names()

    def same_as(self, other: Term) -> bool:
        """Equal in meaning: as written, but for where it stands in the text."""
        return (
            self.operator == other.operator
            and self.value == other.value
            and type(self.value) is type(other.value)
            and len(self.operands) == len(other.operands)
            and all(mine.same_as(yours) for mine, yours in zip(self.operands, other.operands, strict=True))
        )


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a name stands for where an expression is read."""

    name: str
    type: Type
    nullable: bool
    domain: frozenset[str] | None = None
    minimum: float | None = None
    maximum: float | None = None


def literal(value: Scalar, type_: Type, offset: int = 0) -> Term:
    """A constant."""
    return Term("literal", type_, value is None, (), value, offset)
