"""The functions SQL does not have: lists, traits, distances and amounts of money."""

from __future__ import annotations

from countermand.kernel.money import minor_of
from countermand.policy.mixing import mismatch
from countermand.policy.scope import ExpressionError, Scope
from countermand.policy.terms import NUMERIC, Term, Type, literal


def called(name: str, arguments: list[Term], scope: Scope, offset: int) -> Term:
    """A call of `listed`, `trait` or `distance_km`. Raises ExpressionError for any other."""
    if name == "listed" and len(arguments) == 2:
        subject, list_name = arguments
        if subject.operator != "name" or list_name.type is not Type.TEXT:
            raise mismatch(subject, "a field and a list's name", "字段和名单名")
        fact = scope.listed(str(subject.value), str(list_name.value), subject.offset)
        return Term("name", fact.type, fact.nullable, (), fact.name, subject.offset)
    if name == "trait" and len(arguments) == 1 and arguments[0].type is Type.TEXT:
        fact = scope.trait(str(arguments[0].value), offset)
        return Term("name", fact.type, fact.nullable, (), fact.name, arguments[0].offset)
    if name == "distance_km" and len(arguments) == 4:
        for argument in arguments:
            if argument.type not in NUMERIC:
                raise mismatch(argument, "degrees", "度数")
        nullable = any(argument.nullable for argument in arguments)
        return Term("distance_km", Type.NUMBER, nullable, tuple(arguments), None, arguments[0].offset)
    raise ExpressionError(
        "unknown_function",
        f"There is no function {name} with {len(arguments)} arguments.",
        f"没有带 {len(arguments)} 个参数的函数 {name}。",
        arguments[0].offset if arguments else offset,
    )


def money(currency: str, digits: str, scope: Scope, offset: int) -> Term:
    """An amount such as `cny(19.90)`. Raises ExpressionError for another currency or too many digits."""
    if currency != scope.currency:
        raise ExpressionError(
            "currency_mix",
            f"This policy counts in {scope.currency}; {currency.lower()}(…) cannot be compared with it.",
            f"本策略以 {scope.currency} 计价；{currency.lower()}(…) 不能与之比较。",
            offset,
        )
    try:
        return literal(minor_of(digits, currency), Type.MONEY, offset)
    except ValueError as error:
        raise ExpressionError("bad_money", f"{error}.", f"金额无效：{digits!r}。", offset) from None
