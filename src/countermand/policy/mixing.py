"""Which types go together: money with money, a duration with a duration, and nothing silently."""

from __future__ import annotations

from difflib import get_close_matches

from countermand.policy.scope import ExpressionError, Scope
from countermand.policy.terms import NUMERIC, ORDERED, Term, Type


def arithmetic_type(operator: str, left: Type, right: Type) -> Type | None:
    """The type of `left operator right`, or None where it has no meaning."""
    if {left, right} <= NUMERIC:
        if operator == "%":
            return Type.INTEGER if left is right is Type.INTEGER else None
        return Type.INTEGER if left is right is Type.INTEGER and operator != "/" else Type.NUMBER
    pair = (left, right)
    if operator in "+-":
        if left is right and left in (Type.MONEY, Type.DURATION):
            return left
        if pair == (Type.INSTANT, Type.INSTANT):
            return Type.DURATION if operator == "-" else None
        return Type.INSTANT if pair == (Type.INSTANT, Type.DURATION) else None
    for unit in (Type.MONEY, Type.DURATION):
        if operator in "*/" and left is unit and right in NUMERIC:
            return unit
        if operator == "*" and right is unit and left in NUMERIC:
            return unit
        if operator == "/" and pair == (unit, unit):
            return Type.NUMBER
    return None


def common_type(operands: tuple[Term, ...]) -> Type:
    """The one type of all operands; NULL goes with any. Raises ExpressionError."""
    types = {part.type for part in operands} - {Type.NULL}
    if types <= NUMERIC and types:
        return Type.NUMBER if Type.NUMBER in types else Type.INTEGER
    if len(types) != 1:
        raise mismatch(operands[-1], f"the type of {operands[0].type}", f"{operands[0].type} 类型")
    return types.pop()


def require_comparable(left: Term, right: Term, *, ordered: bool) -> None:
    """Two values that can be compared, and put in order where `ordered`. Raises ExpressionError."""
    if Type.NULL in (left.type, right.type):
        raise ExpressionError(
            "compares_with_null",
            "A comparison with NULL is always unknown; write IS NULL.",
            "与 NULL 比较永远未知；请写 IS NULL。",
            left.offset,
        )
    alike = left.type is right.type or {left.type, right.type} <= NUMERIC
    if not alike or (ordered and left.type not in ORDERED):
        raise ExpressionError(
            "type_mix",
            f"{left.type} cannot be compared with {right.type}"
            + ("; write an amount as cny(2000)." if Type.MONEY in (left.type, right.type) else "."),
            f"{left.type} 不能与 {right.type} 比较"
            + ("；金额请写作 cny(2000)。" if Type.MONEY in (left.type, right.type) else "。"),
            left.offset,
        )


def mismatch(term: Term, en: str, zh: str) -> ExpressionError:
    """What to raise where `term` stands in place of something else."""
    return ExpressionError(
        "type_mix",
        f"Expected {en} here, not {term.type}.",
        f"此处应为{zh}，而不是 {term.type}。",
        term.offset,
    )


def require_word(subject: Term, value: Term, scope: Scope) -> None:
    """A field with a closed set of words is compared with one of them. Raises ExpressionError."""
    symbol = scope.symbols.get(str(subject.value)) if subject.operator == "name" else None
    if symbol is None or symbol.domain is None or value.operator != "literal" or value.value in symbol.domain:
        return
    en, zh = suggestion(get_close_matches(str(value.value), sorted(symbol.domain), 1))
    raise ExpressionError(
        "unknown_value",
        f"{symbol.name} is never '{value.value}'{en}",
        f"{symbol.name} 不可能是 '{value.value}'{zh}",
        value.offset,
    )


def suggestion(near: list[str]) -> tuple[str, str]:
    """The end of a sentence about a word that does not exist."""
    return (f"; did you mean {near[0]}?", f"；是否指 {near[0]}？") if near else (".", "。")
