"""A piece of SQL with what must be known of its value to stay exact: whole or not, and how large at most."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from countermand.kernel.errors import PolicyError
from countermand.policy.terms import MEASURED, Scalar, Type

EXACT_MAX = 2.0**53  # a double holds every whole number up to here
BIGINT_MAX = 2.0**63
HUGEINT_MAX = 2.0**126  # one bit of room for the rounding of the bounds themselves

# Functions that each engine brings along; every other function is plain SQL.
# exact_quotient(whole, whole): a double, rounded once.  exact_order(whole, double): -1, 0 or 1.
# distance_km(four doubles), lower_text(text): as `policy.emit` has them.
# model_score(name, doubles): the score of a model of the policy for its inputs, NaN where one is unknown.
FUNCTIONS = ("exact_quotient", "exact_order", "distance_km", "lower_text", "model_score")


@dataclass(frozen=True, slots=True)
class Part:
    """A value in SQL (DuckDB's dialect).

    whole: it is an integer (BIGINT, HUGEINT where `size` asks for it), exact whatever happens to it.
    size: its absolute value is at most this, infinity where nothing is known.
    strange: it can be NaN, which the live program treats as no order at all.
    """

    sql: str
    type: Type
    whole: bool = False
    size: float = math.inf
    strange: bool = False

    @property
    def wide(self) -> bool:
        """Whether it needs more than 64 bits."""
        return self.whole and self.size >= BIGINT_MAX

    @property
    def column_type(self) -> str:
        """The type of a column that holds it."""
        if self.type in MEASURED:
            return "DOUBLE" if not self.whole else "HUGEINT" if self.wide else "BIGINT"
        return "BOOLEAN" if self.type in (Type.BOOLEAN, Type.NULL) else "TEXT"

    def named(self, name: str) -> Part:
        """The same value, read from a column."""
        return replace(self, sql=quoted(name))

    def as_double(self) -> str:
        """SQL of the value as the nearest double."""
        if not self.whole or self.type is Type.NULL:
            return self.sql
        if self.wide:
            rounded = f"exact_quotient({self.sql}, CAST(1 AS HUGEINT))"
            return f"CASE WHEN {within(self.sql)} THEN CAST({self.sql} AS DOUBLE) ELSE {rounded} END"
        return f"CAST({self.sql} AS DOUBLE)"

    def as_huge(self) -> str:
        """SQL of a whole value with 128 bits."""
        return self.sql if self.wide else f"CAST({self.sql} AS HUGEINT)"


def within(*values: str) -> str:
    """SQL that is true where doubles hold these whole numbers exactly."""
    return " AND ".join(f"abs({value}) <= {int(EXACT_MAX)}" for value in values)


def quotient(left: Part, right: Part) -> str:
    """SQL of one whole number divided by another that is not zero: a double, rounded once."""
    plain = f"CAST({left.sql} AS DOUBLE) / CAST({right.sql} AS DOUBLE)"
    if max(left.size, right.size) <= EXACT_MAX:
        return plain
    exact = f"exact_quotient({left.as_huge()}, {right.as_huge()})"
    return f"CASE WHEN {within(left.sql, right.sql)} THEN {plain} ELSE {exact} END"


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """A text constant."""
    return "'" + value.replace("'", "''") + "'"


def double_literal(value: float) -> str:
    """A double constant; written as a text because a decimal literal would be rounded twice."""
    return f"CAST('{value!r}' AS DOUBLE)"


def whole_literal(value: int) -> str:
    """An integer constant."""
    return f"CAST({value} AS {'BIGINT' if abs(value) < BIGINT_MAX else 'HUGEINT'})"


def constant(value: Scalar, type_: Type) -> Part:
    """A constant of the language."""
    if value is None:
        return Part("NULL", type_, whole=True, size=0.0)
    if isinstance(value, bool):
        return Part("TRUE" if value else "FALSE", Type.BOOLEAN)
    if isinstance(value, str):
        return Part(text_literal(value), Type.TEXT)
    if isinstance(value, int):
        return checked(Part(whole_literal(value), type_, whole=True, size=float(abs(value))))
    return Part(double_literal(value), type_, size=abs(value))


def checked(part: Part) -> Part:
    """The part, if its whole value always fits. Raises PolicyError (`offline_inexact`)."""
    if part.whole and part.size >= HUGEINT_MAX:
        raise PolicyError(
            "offline_inexact",
            "A whole number here can exceed 126 bits; offline it could not be exact. "
            "Divide earlier, or multiply fewer amounts.",
            "此处整数可能超过126位，离线计算无法保证精确；请提前做除法，或减少相乘的金额。",
            expression=part.sql[:200],
        )
    return part
