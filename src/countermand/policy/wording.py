"""A typed tree back to the text of the policy language, for people to read."""

from __future__ import annotations

from decimal import Decimal

from countermand.kernel.money import EXPONENTS
from countermand.policy.terms import Scalar, Term, Type

_BINDS = {"or": 1, "and": 2, "not": 3}
_COMPARES = ("=", "<>", "<", "<=", ">", ">=", "in", "like", "is_null", "is_true", "is_false", "same")
# Tests with a denied form of their own.
DENIED = {
    "in": ("IN", "NOT IN"),
    "like": ("LIKE", "NOT LIKE"),
    "is_null": ("IS NULL", "IS NOT NULL"),
    "same": ("IS NOT DISTINCT FROM", "IS DISTINCT FROM"),
}
_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def written(term: Term, currency: str) -> str:
    """The expression in the policy language, in one line.

    >>> written(Term(">", Type.BOOLEAN, True, (Term("name", Type.MONEY, True, (), "amount"),
    ...     Term("literal", Type.MONEY, False, (), 200000))), "CNY")
    'amount > cny(2000.00)'
    """
    parts = [_within(term, operand, currency) for operand in term.operands]
    match term.operator:
        case "literal":
            return written_value(term.value, term.type, currency)
        case "name":
            return _name(str(term.value))
        case "and" | "or":
            return f" {term.operator.upper()} ".join(parts)
        case "not" if term.operands[0].operator in DENIED:
            return _denied(term.operands[0], currency)
        case "not":
            return f"NOT {parts[0]}"
        case "neg":
            return (
                f"-({parts[0]})" if parts[0].startswith("-") else f"-{parts[0]}"
            )  # two dashes are a comment
        case "in":
            assert isinstance(term.value, frozenset), "IN carries its constants"
            items = sorted(written_value(value, term.operands[0].type, currency) for value in term.value)
            return f"{parts[0]} IN ({', '.join(items)})"
        case "is_null" | "is_true" | "is_false":
            return f"{parts[0]} {term.operator.upper().replace('_', ' ')}"
        case "same":
            return f"{parts[0]} IS NOT DISTINCT FROM {parts[1]}"
        case "like":
            return f"{parts[0]} LIKE {_quoted(str(term.value))}"
        case "starts_with":
            return f"starts_with({parts[0]}, {_quoted(str(term.value))})"
        case "case":
            pairs = zip(parts[:-1:2], parts[1::2], strict=False)
            branches = " ".join(f"WHEN {condition} THEN {result}" for condition, result in pairs)
            return f"CASE {branches} ELSE {parts[-1]} END"
    if len(parts) == 2 and not term.operator.isalpha():
        return f"{parts[0]} {term.operator} {parts[1]}"
    return f"{term.operator}({', '.join(parts)})"


def _denied(term: Term, currency: str) -> str:
    text, (plain, denied) = written(term, currency), DENIED[term.operator]
    subject = _within(term, term.operands[0], currency)
    return subject + text.removeprefix(subject).replace(plain, denied, 1)


def written_value(value: Scalar | frozenset[Scalar], type_: Type, currency: str) -> str:
    """A constant as it is written in a policy: `'app'`, `cny(19.90)`, `INTERVAL '24 hours'`."""
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "TRUE", False: "FALSE"}[value]
    if isinstance(value, str):
        return _quoted(value)
    assert isinstance(value, (int, float)), "a constant is one value"
    if type_ is Type.MONEY and isinstance(value, int):
        exponent = EXPONENTS[currency]
        return f"{currency.lower()}({Decimal(value).scaleb(-exponent):.{exponent}f})"
    if type_ is Type.DURATION:
        seconds = value // 10**6
        unit, size = next(((unit, size) for unit, size in _UNITS if seconds % size == 0), ("seconds", 1))
        return f"INTERVAL '{int(seconds // size)} {unit}'"
    return str(value)


def _within(outer: Term, inner: Term, currency: str) -> str:
    text = written(inner, currency)
    if outer.operator in _BINDS:
        mine = _BINDS.get(inner.operator, 4)
        return text if mine > _BINDS[outer.operator] else f"({text})"
    calculates = outer.operator in ("+", "-", "*", "/", "%", "neg")
    nested = inner.operator in (*_BINDS, *_COMPARES) or (
        calculates and inner.operator in ("+", "-", "*", "/", "%")
    )
    return f"({text})" if nested and (calculates or outer.operator in _COMPARES) else text


def _name(name: str) -> str:
    """A fact's name; lists and traits are facts that are written as calls."""
    if name.startswith("listed."):
        _, list_name, field_name = name.split(".", 2)
        return f"listed({field_name}, {_quoted(list_name)})"
    return f"trait({_quoted(name.removeprefix('trait.'))})" if name.startswith("trait.") else name


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
