"""A typed tree to Python source: two-valued code for SQL's three-valued logic.

A condition is compiled twice at most: `holds` is code that is true exactly when the condition is TRUE, and
`fails` exactly when it is FALSE; when neither is, it is UNKNOWN. No intermediate NULL is ever computed, so a
rule costs what the same rule written by hand would cost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from countermand.policy.terms import MEASURED, Scalar, Term, Type

_PYTHON_COMPARISON = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_NEGATED = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass
class Emitter:
    """Turns terms into code over local variables; `variable(name)` says how a fact is spelled.

    constants: values the code refers to by name; they are the globals of the compiled function.
    measured: for some measured facts, a variable that is NaN where the fact is unknown. A comparison with NaN
    is false, and so is one with a sum or product of it: such code needs no test for None.
    """

    variable: Callable[[str], str]
    measured: Callable[[str], str | None] = lambda _: None
    constants: dict[str, object] = field(default_factory=dict)
    _temporaries: int = 0

    # -- conditions -------------------------------------------------------------------------------

    def holds(self, term: Term) -> str:
        """Code that is true exactly when the condition is TRUE."""
        return self._truth(term, True)

    def fails(self, term: Term) -> str:
        """Code that is true exactly when the condition is FALSE."""
        return self._truth(term, False)

    def _truth(self, term: Term, wanted: bool) -> str:
        match term.operator:
            case "and" | "or":
                joined = " and " if (term.operator == "and") == wanted else " or "
                return "(" + joined.join(self._truth(part, wanted) for part in term.operands) + ")"
            case "not":
                return self._truth(term.operands[0], not wanted)
            case "literal":
                return str(term.value is wanted)
            case "name":
                return self._name_truth(term, wanted)
            case "is_true" | "is_false":
                code = self._truth(term.operands[0], term.operator == "is_true")
                return code if wanted else f"not {_wrapped(code)}"
            case "is_null":
                known = self._known(term.operands[0])
                if known == "True":
                    return str(not wanted)
                return f"not {_wrapped(known)}" if wanted else known
            case "same":
                left, right = (self.optional(part) for part in term.operands)
                return f"(({left}) {'==' if wanted else '!='} ({right}))"
            case "case" | "coalesce":
                return f"{_wrapped(self.optional(term))} is {wanted}"
        code, guards = self._test(term, wanted)
        return _all([*guards, code])

    def _name_truth(self, term: Term, wanted: bool) -> str:
        variable = self.variable(str(term.value))
        if term.nullable:
            return f"{variable} is {wanted}"
        return variable if wanted else f"not {variable}"

    def _test(self, term: Term, wanted: bool) -> tuple[str, list[str]]:
        """A comparison or a test of one value, and what must be known for it."""
        if term.operator in _PYTHON_COMPARISON:
            operator = _PYTHON_COMPARISON[term.operator]
            operator = operator if wanted else _NEGATED[operator]
            left, left_guards = self._operand(term.operands[0])
            right, right_guards = self._operand(term.operands[1])
            if operator != "!=":
                loose = [self._loose(operand) for operand in term.operands]
                if loose[0] is not None and loose[1] is not None:
                    return f"{loose[0]} {operator} {loose[1]}", []
            if operator == "==" and (not left_guards or not right_guards):
                plain = [operand.operator in ("name", "literal") for operand in term.operands]
                if all(plain):  # None equals no value
                    return f"{left} == {right}", []
            return f"{left} {operator} {right}", left_guards + right_guards
        subject, guards = self.value(term.operands[0])
        if term.operator == "in":
            assert isinstance(term.value, frozenset), "IN carries its constants"
            if wanted and term.operands[0].operator == "name":
                guards = []  # None is in no list of constants
            return f"{subject} {'in' if wanted else 'not in'} {self._constant(term.value)}", guards
        if term.operator == "like":
            pattern = self._constant(like_pattern(str(term.value)))
            return f"{pattern}({subject}) is {'not None' if wanted else 'None'}", guards
        assert term.operator == "starts_with", f"{term.operator} is not a condition"
        return f"{'' if wanted else 'not '}{subject}.startswith({term.value!r})", guards

    def _loose(self, term: Term) -> str | None:
        """Code for a measured value that is NaN where it is unknown, if there is such code."""
        if term.operator == "literal":
            return _literal(term.value) if term.value is not None and term.type in MEASURED else None
        if term.operator == "name":
            return self.measured(str(term.value)) if term.nullable else self.variable(str(term.value))
        if term.operator not in ("+", "-", "*", "neg", "abs") or term.type not in MEASURED:
            return None
        parts = [self._loose(operand) for operand in term.operands]
        if None in parts:
            return None
        if len(parts) == 2:
            return f"({parts[0]} {term.operator} {parts[1]})"
        return f"-({parts[0]})" if term.operator == "neg" else f"abs({parts[0]})"

    def _operand(self, term: Term) -> tuple[str, list[str]]:
        """A value beside a comparison; Python would chain `a == b == c`, so a condition is wrapped."""
        code, guards = self.value(term)
        plain = term.type is not Type.BOOLEAN or term.operator in ("name", "literal")
        return code if plain else f"({code})", guards

    # -- values -----------------------------------------------------------------------------------

    def optional(self, term: Term) -> str:
        """Code for the value, or None where it is unknown."""
        if term.type is Type.BOOLEAN and term.operator not in ("name", "literal", "case", "coalesce"):
            if not term.nullable:
                return self.holds(term)
            return f"(True if {self.holds(term)} else False if {self.fails(term)} else None)"
        code, guards = self.value(term, optional=True)
        return f"({code} if {_all(guards)} else None)" if guards else code

    def value(self, term: Term, *, optional: bool = False) -> tuple[str, list[str]]:
        """Code for the value, and the conditions under which it is known, in order.

        With `optional`, a bare name carries no guard: its None is the answer.
        """
        match term.operator:
            case "literal":
                return _literal(term.value), [] if term.value is not None else ["False"]
            case "name":
                variable = self.variable(str(term.value))
                guards = [f"{variable} is not None"] if term.nullable and not optional else []
                return variable, guards
            case "+" | "-" | "*" | "/" | "%":
                return self._arithmetic(term)
            case "neg" | "abs" | "length" | "lower":
                code, guards = self.value(term.operands[0])
                shape = {"neg": "-({})", "abs": "abs({})", "length": "len({})", "lower": "{}.lower()"}
                return shape[term.operator].format(code), guards
            case "distance_km":
                parts = [self.value(part) for part in term.operands]
                self.constants["distance_km"] = distance_km
                guards = [guard for _, found in parts for guard in found]
                return f"distance_km({', '.join(code for code, _ in parts)})", guards
        return self._held(self._chosen(term), term.nullable)

    def _chosen(self, term: Term) -> str:
        if term.operator == "case":
            *branches, default = term.operands
            code = self.optional(default)
            for condition, result in reversed(list(zip(branches[::2], branches[1::2], strict=True))):
                code = f"({self.optional(result)} if {self.holds(condition)} else {code})"
            return code
        if term.operator == "coalesce":
            code = "None"
            for part in reversed(term.operands):
                value = self.optional(part)
                if not part.nullable:
                    code = value
                    continue
                held, name = self._temporary(value)
                code = f"({name} if {held} is not None else {code})"
            return code
        if term.operator in ("least", "greatest"):
            self.constants[term.operator] = least if term.operator == "least" else greatest
            return f"{term.operator}({', '.join(self.optional(part) for part in term.operands)})"
        return self.optional(term)

    def _held(self, code: str, nullable: bool) -> tuple[str, list[str]]:
        """A computed value that may be None is put into a variable by its own guard."""
        if not nullable:
            return code, []
        held, name = self._temporary(code)
        return name, [f"{held} is not None"]

    def _temporary(self, code: str) -> tuple[str, str]:
        self._temporaries += 1
        name = f"t{self._temporaries}"
        return f"({name} := {code})", name

    def _arithmetic(self, term: Term) -> tuple[str, list[str]]:
        left, left_guards = self.value(term.operands[0])
        right, right_guards = self.value(term.operands[1])
        guards = left_guards + right_guards
        if term.operator in "/%" and term.operands[1].operator != "literal":
            guards.append(f"({right}) != 0")
        if term.operator == "%":
            self.constants["remainder"] = remainder
            return f"remainder({left}, {right})", guards
        return f"({left} {term.operator} {right})", guards

    def _known(self, term: Term) -> str:
        """Code that is true exactly when the value is not NULL."""
        if not term.nullable:
            return "True"
        if term.type is Type.BOOLEAN and term.operator != "name":
            return f"{_wrapped(self.optional(term))} is not None"
        _, guards = self.value(term)
        return _all(guards)

    def _constant(self, value: object) -> str:
        for name, known in self.constants.items():
            if known is value or (type(known) is type(value) and known == value):
                return name
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name


def _all(parts: list[str]) -> str:
    unique = list(dict.fromkeys(parts))
    if not unique:
        return "True"
    return unique[0] if len(unique) == 1 else "(" + " and ".join(unique) + ")"


def _wrapped(code: str) -> str:
    return f"({code})"


def _literal(value: Scalar | frozenset[Scalar]) -> str:
    return repr(value) if not isinstance(value, (int, float)) or value >= 0 else f"({value!r})"


def like_pattern(pattern: str) -> Callable[[str], object]:
    """LIKE as a full match: % is any text, _ one character, a backslash takes the next one literally."""
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
    return re.compile("".join(parts), re.DOTALL).fullmatch


# -- functions the compiled code calls ------------------------------------------------------------


def least(*values: float | None) -> float | None:
    """The smallest of the known values, as PostgreSQL's LEAST.

    >>> least(3, None, 2)
    2
    """
    return min((value for value in values if value is not None), default=None)


def greatest(*values: float | None) -> float | None:
    """The largest of the known values, as PostgreSQL's GREATEST."""
    return max((value for value in values if value is not None), default=None)


def remainder(dividend: int, divisor: int) -> int:
    """SQL's %: the sign is the dividend's (Python's is the divisor's).

    >>> remainder(-7, 2)
    -1
    """
    size = abs(dividend) % abs(divisor)
    return size if dividend >= 0 else -size


def distance_km(latitude: float, longitude: float, latitude2: float, longitude2: float) -> float:
    """Great-circle distance in kilometres by the haversine formula, rounded to 0.1 km.

    >>> distance_km(39.9, 116.4, 31.2, 121.5)
    1071.3
    """
    first, second = math.radians(latitude), math.radians(latitude2)
    half = (second - first) / 2
    across = math.radians(longitude2 - longitude) / 2
    chord = math.sin(half) ** 2 + math.cos(first) * math.cos(second) * math.sin(across) ** 2
    return round(2 * 6371.0088 * math.asin(math.sqrt(min(1.0, chord))), 1)


def compiled(source: str, name: str, constants: Mapping[str, object]) -> Callable[..., Any]:
    """The function `name` of generated source, with the emitter's constants as its globals."""
    namespace: dict[str, object] = dict(constants)
    exec(compile(source, f"<policy {name}>", "exec"), namespace)
    function = namespace[name]
    assert callable(function), "the source defines the function"
    return cast("Callable[..., Any]", function)
