"""A typed term to SQL with exactly the meaning that `policy.emit` gives it in the live program."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from countermand.policy.sql.parts import (
    EXACT_MAX,
    Part,
    checked,
    constant,
    double_literal,
    quotient,
    text_literal,
    whole_literal,
    within,
)
from countermand.policy.terms import MEASURED, Scalar, Term, Type

Names = Callable[[str], Part]
_ORDER = {"=": "= 0", "<>": "<> 0", "<": "< 0", "<=": "<= 0", ">": "> 0", ">=": ">= 0"}
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
LENGTH_MAX = 10**9
LONGITUDES = 20038.0  # half the circumference of the earth in kilometres


def part_of(term: Term, names: Names) -> Part:
    """The term in SQL; `names` tells how a fact is read. Raises PolicyError (`offline_inexact`)."""
    match term.operator:
        case "literal":
            assert not isinstance(term.value, frozenset), "a set stands in IN only"
            return constant(term.value, term.type)
        case "name":
            return names(str(term.value))
    operands = [part_of(operand, names) for operand in term.operands]
    texts = [f"({operand.sql})" for operand in operands]
    match term.operator:
        case "and" | "or":
            return _truth(f" {term.operator.upper()} ".join(texts))
        case "not":
            return _truth(f"NOT {texts[0]}")
        case "is_true" | "is_false":
            return _truth(f"{texts[0]} IS {term.operator[3:].upper()}")
        case "is_null":
            return _truth(f"{texts[0]} IS NULL")
        case "same":
            return _same(operands)
        case "=" | "<>" | "<" | "<=" | ">" | ">=":
            return _compared(term.operator, operands[0], operands[1])
        case "in":
            assert isinstance(term.value, frozenset), "IN carries its constants"
            return _member(operands[0], term.value)
        case "like":
            return _truth(_like(texts[0], str(term.value)))
        case "starts_with":
            return _truth(f"starts_with({texts[0]}, {text_literal(str(term.value))})")
        case "length":
            return Part(f"CAST(length({texts[0]}) AS BIGINT)", Type.INTEGER, whole=True, size=LENGTH_MAX)
        case "lower":
            return Part(f"lower_text({texts[0]})", Type.TEXT)
        case "distance_km":
            degrees = ", ".join(operand.as_double() for operand in operands)
            return Part(f"distance_km({degrees})", Type.NUMBER, size=LONGITUDES)
        case "case":
            return _case(term.type, operands)
        case "coalesce" | "least" | "greatest":
            values, like = _alike(term.type, operands)
            return Part(
                f"{term.operator.upper()}({', '.join(values)})",
                term.type,
                like.whole,
                like.size,
                like.strange,
            )
        case "neg" | "abs":
            one = operands[0]
            sql = f"-{texts[0]}" if term.operator == "neg" else f"abs({texts[0]})"
            return Part(sql, term.type, one.whole, one.size, one.strange)
    return checked(_arithmetic(term, operands[0], operands[1]))


def _truth(sql: str) -> Part:
    return Part(sql, Type.BOOLEAN)


def _compared(operator: str, left: Part, right: Part) -> Part:
    """Whole numbers are compared as such, and with a double by value: never rounded first."""
    measured = left.type in MEASURED and right.type in MEASURED
    if not measured or (left.whole and right.whole):
        return _truth(f"({left.sql}) {operator} ({right.sql})")
    if left.whole and left.size > EXACT_MAX:
        return _truth(_ordered(left, right, operator))
    if right.whole and right.size > EXACT_MAX:
        return _truth(_ordered(right, left, _MIRRORED[operator]))
    one, other = left.as_double(), right.as_double()
    plain = f"({one}) {operator} ({other})"
    strange = [sql for part, sql in ((left, one), (right, other)) if part.strange]
    if not strange:
        return _truth(plain)
    answer = {"=": "FALSE", "<>": "TRUE"}.get(operator, "NULL")
    odd = " OR ".join(f"isnan({sql})" for sql in strange)
    unknown = f"({one}) IS NULL OR ({other}) IS NULL"
    return _truth(f"CASE WHEN {unknown} THEN NULL WHEN {odd} THEN {answer} ELSE {plain} END")


def _ordered(whole: Part, other: Part, operator: str) -> str:
    """A whole number of any size against a double."""
    exact = f"exact_order({whole.as_huge()}, {other.sql}) {_ORDER[operator]}"
    plain = f"CAST({whole.sql} AS DOUBLE) {operator} ({other.sql})"
    if other.strange:
        return exact
    return f"CASE WHEN {within(f'({whole.sql})')} THEN {plain} ELSE {exact} END"


def _same(operands: Sequence[Part]) -> Part:
    left, right = operands
    equal = _compared("=", left, right).sql
    if left.type in MEASURED and right.type in MEASURED and left.whole != right.whole:
        both = f"({left.sql}) IS NULL AND ({right.sql}) IS NULL"
        return _truth(f"COALESCE({equal}, {both})")
    if left.strange or right.strange:
        return _truth(f"COALESCE({equal}, ({left.sql}) IS NULL AND ({right.sql}) IS NULL)")
    return _truth(f"({left.sql}) IS NOT DISTINCT FROM ({right.sql})")


def _member(subject: Part, values: frozenset[Scalar]) -> Part:
    """IN; a constant that the subject's type cannot hold is never equal to it."""
    items: list[str] = []
    for value in sorted(values, key=repr):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            assert not isinstance(value, frozenset), "IN holds constants"
            items.append(constant(value, subject.type).sql)
        elif subject.whole and value == int(value):
            items.append(whole_literal(int(value)))
        elif not subject.whole and float(value) == value:
            items.append(double_literal(float(value)))
    if not items:
        return _truth(f"CASE WHEN ({subject.sql}) IS NULL THEN NULL ELSE FALSE END")
    if len(items) == 1:
        return _truth(f"({subject.sql}) = {items[0]}")
    return _truth(f"({subject.sql}) IN ({', '.join(items)})")


def _like(subject: str, pattern: str) -> str:
    """A backslash takes the next character literally; the last one of a pattern stands for itself."""
    parts: list[str] = []
    characters = iter(pattern)
    plain = True
    for character in characters:
        if character == "\\":
            taken = next(characters, "\\")
            parts.append("\\" + taken if taken in "%_\\" else taken)
        else:
            plain = plain and character not in "%_"
            parts.append(character)
    if plain:
        exact = "".join(part[1:] if len(part) == 2 else part for part in parts)
        return f"{subject} = {text_literal(exact)}"
    return f"{subject} LIKE {text_literal(''.join(parts))} ESCAPE '\\'"


def _case(type_: Type, operands: Sequence[Part]) -> Part:
    conditions, results = operands[:-1:2], [*operands[1::2], operands[-1]]
    values, like = _alike(type_, results)
    branches = " ".join(
        f"WHEN {condition.sql} THEN {value}" for condition, value in zip(conditions, values, strict=False)
    )
    return Part(f"CASE {branches} ELSE {values[-1]} END", type_, like.whole, like.size, like.strange)


def _alike(type_: Type, parts: Sequence[Part]) -> tuple[list[str], Part]:
    """Values that one column can hold: all whole, or all doubles; and what is known of any of them."""
    size = max(part.size for part in parts)
    if type_ not in MEASURED:
        return [f"({part.sql})" for part in parts], Part("", type_)
    like = Part("", type_, all(part.whole for part in parts), size, any(part.strange for part in parts))
    if not like.whole:
        return [part.as_double() for part in parts], like
    if like.wide:
        return [part.as_huge() for part in parts], like
    return [f"({part.sql})" for part in parts], like


def _arithmetic(term: Term, left: Part, right: Part) -> Part:
    both_whole = left.whole and right.whole
    certain = term.operands[1].operator == "literal"
    if term.operator == "/":
        return _quotient(term.type, left, right, certain=certain)
    if term.operator == "%":
        size = min(left.size, right.size)
        divisor = right.sql if certain else f"NULLIF({right.sql}, 0)"
        return Part(f"({left.sql}) % ({divisor})", term.type, True, size)
    size = left.size * right.size if term.operator == "*" else left.size + right.size
    size = 0.0 if math.isnan(size) else size
    if not both_whole:
        one, other = left.as_double(), right.as_double()
        endless = math.isinf(left.size) or math.isinf(right.size)
        strange = left.strange or right.strange or endless
        return Part(f"({one}) {term.operator} ({other})", term.type, False, size, strange)
    whole = Part("", term.type, True, size)
    one, other = (left.as_huge(), right.as_huge()) if whole.wide else (left.sql, right.sql)
    return Part(f"({one}) {term.operator} ({other})", term.type, True, size)


def _quotient(type_: Type, left: Part, right: Part, *, certain: bool) -> Part:
    """A division gives a double, rounded once; by zero it gives unknown."""
    strange = left.strange or right.strange or (math.isinf(left.size) and math.isinf(right.size))
    if not (left.whole and right.whole):
        divisor = right.as_double() if certain else f"NULLIF({right.as_double()}, 0)"
        literal = certain and not math.isinf(right.size) and right.size > 0
        size = left.size if right.whole else left.size / right.size if literal else math.inf
        return Part(f"({left.as_double()}) / ({divisor})", type_, False, size, strange)
    under = replace(right, sql=right.sql if certain else f"NULLIF({right.sql}, 0)")
    return Part(quotient(replace(left, sql=f"({left.sql})"), under), type_, False, left.size)
