"""Conditions that decide nothing, found in every part of an expression and said where they stand."""

from __future__ import annotations

import math
from collections.abc import Iterator

from countermand.policy.findings import Findings
from countermand.policy.possible import Search
from countermand.policy.source import Node
from countermand.policy.terms import Term, Type, literal
from countermand.policy.wording import DENIED, written, written_value

_TEXTS = {
    "always_true": ("is always true", "永远为真"),
    "true_if_known": ("is true whenever it is known", "只要已知就为真"),
    "never_true": ("is never true", "永远不为真"),
    "always_unknown": ("is always unknown", "永远未知"),
    "never_true_here": ("is never true together with what must hold here", "在此处的前提下永远不为真"),
}
_OPPOSITE = {"<": (">", ">="), "<=": (">", ">="), ">": ("<", "<="), ">=": ("<", "<=")}


class ConditionCheck:
    """Looks at the smallest part that decides nothing; whatever contains it is not accused again."""

    def __init__(self, search: Search, findings: Findings, currency: str) -> None:
        self.search, self.findings, self.currency = search, findings, currency

    def check(self, term: Term, node: Node, given: tuple[Term, ...] = ()) -> None:
        """Every condition inside `term`; `given` is what holds wherever it is looked at."""
        if self._parts(term, node) or (term.type is Type.BOOLEAN and self._whole(term, node)):
            return
        if self._constants(term, node):
            return
        if term.type is Type.NULL:
            self._accuse("always_unknown", term, node)
        if term.type is not Type.BOOLEAN:
            return
        if not self.search.can_be(term, True, given):
            self._accuse("never_true_here", term, node, given)
        else:
            self._dead_branches(term, node, given)

    def _parts(self, term: Term, node: Node) -> bool:
        found = False
        for part in _conditions_in(term):
            found |= (
                self._parts(part, node)
                or self._whole(part, node, bound=self._is_bound(part, term))
                or self._constants(part, node)
            )
        return found

    def _is_bound(self, part: Term, whole: Term) -> bool:
        """Whether a comparison is one end of a range, as in `local_hour >= 0 AND local_hour < 6`."""
        if whole.operator != "and" or part.operator not in _OPPOSITE:
            return False
        subject, opposite = self.search.key(part.operands[0]), _OPPOSITE[part.operator]
        return any(
            other.operator in opposite and self.search.key(other.operands[0]) == subject
            for other in whole.operands
        )

    def _whole(self, term: Term, node: Node, *, bound: bool = False) -> bool:
        can_hold, can_fail = self.search.can_be(term, True), self.search.can_be(term, False)
        if can_hold and (can_fail or bound):
            return False
        if not can_hold:
            self._accuse("never_true" if can_fail else "always_unknown", term, node)
        else:
            self._accuse("true_if_known" if term.nullable else "always_true", term, node)
        return True

    def _constants(self, term: Term, node: Node) -> bool:
        """Constants of an IN list that the value never has, as Sunday written 0."""
        listed = term.operands[0] if term.operator == "not" else term
        if listed.operator != "in":
            return False
        assert isinstance(listed.value, frozenset), "IN carries its constants"
        (subject,) = listed.operands
        found = False
        for value in sorted(listed.value, key=repr):
            constant = literal(value, subject.type)
            equal = Term("=", Type.BOOLEAN, subject.nullable, (subject, constant), None, listed.offset)
            if not self.search.can_be(equal, True):
                self._accuse("never_true", equal, node)
                found = True
        return found

    def _dead_branches(self, term: Term, node: Node, given: tuple[Term, ...]) -> None:
        """Alternatives of an OR that cannot come true beside what must hold with them."""
        if term.operator == "and":
            for number, part in enumerate(term.operands):
                others = (*term.operands[:number], *term.operands[number + 1 :])
                self._dead_branches(part, node, (*given, *others))
        elif term.operator == "or":
            for part in term.operands:
                if not self.search.can_be(part, True, given):
                    self._accuse("never_true_here", part, node, given)
                else:
                    self._dead_branches(part, node, given)

    def _accuse(self, code: str, term: Term, node: Node, given: tuple[Term, ...] = ()) -> None:
        en, zh = _TEXTS[code]
        text = written(term, self.currency)
        why = self._why(term, given)
        self.findings.add(
            {"true_if_known": "always_true", "never_true_here": "never_true"}.get(code, code),
            node.at_offset(term.offset),
            f"{text} {en}{why[0]}.",
            f"{text} {zh}{why[1]}。",
        )

    def _why(self, term: Term, given: tuple[Term, ...]) -> tuple[str, str]:
        """The bounds that decide, where one value is compared with a constant; or what holds here."""
        if given:
            holds = " AND ".join(written(one, self.currency) for one in given)
            return f" ({holds})", f"（{holds}）"
        subjects = [operand for operand in term.operands if operand.operator != "literal"]
        if len(subjects) != 1 or term.operator in ("and", "or", "not"):
            return "", ""
        subject, (low, high) = subjects[0], self.search.range_of(subjects[0])
        name = written(subject, self.currency)
        least, most = (self._value(bound, subject.type) for bound in (low, high))
        if least and most:
            return f": {name} is from {least} to {most}", f"：{name} 在 {least} 到 {most} 之间"
        if least:
            return f": {name} is at least {least}", f"：{name} 不小于 {least}"
        return (f": {name} is at most {most}", f"：{name} 不大于 {most}") if most else ("", "")

    def _value(self, bound: float, type_: Type) -> str:
        if math.isinf(bound):
            return ""
        if type_ is Type.DURATION:
            bound = -(-bound // 10**6) * 10**6  # a window ends a microsecond before its full length
        return written_value(bound, type_, self.currency)


def _conditions_in(term: Term) -> Iterator[Term]:
    """The conditions directly inside a term; a constant is one only where a condition is asked for."""
    match term.operator:
        case "not" if term.operands[0].operator in DENIED:  # one test as written: IS NOT NULL, NOT IN
            yield from _conditions_in(term.operands[0])
        case "and" | "or" | "not" | "is_true" | "is_false":
            yield from term.operands
        case "case":
            *branches, default = term.operands
            for condition, result in zip(branches[::2], branches[1::2], strict=True):
                yield condition
                yield from _nested(result)
            yield from _nested(default)
        case _:
            for operand in term.operands:
                yield from _nested(operand)


def _nested(term: Term) -> Iterator[Term]:
    if term.type is Type.BOOLEAN and term.operator not in ("literal", "name"):
        yield term
    elif term.type is not Type.BOOLEAN:
        yield from _conditions_in(term)
