"""What a threshold means: a fact that is any value within its band, and which way it eases its rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from countermand.policy.bound import BoundThreshold, Package
from countermand.policy.catalogue import FIELDS
from countermand.policy.declarations import Threshold
from countermand.policy.expressions import parse_expression
from countermand.policy.findings import Findings, Place
from countermand.policy.scope import ExpressionError, Scope
from countermand.policy.source import Node
from countermand.policy.terms import NUMERIC, Term, Type
from countermand.vocabulary.thresholds import Band, Value

_TYPES = NUMERIC | {Type.MONEY, Type.DURATION}
# Of `left operator right`: whether a greater right side makes it true less often.
_RIGHT_EASES = {">": 1, ">=": 1, "<": -1, "<=": -1}


def bind_thresholds(declared: Sequence[Threshold], scope: Scope, findings: Findings) -> list[BoundThreshold]:
    """The thresholds with their four values understood; who uses them is found by `with_uses`."""
    found: list[BoundThreshold] = []
    for one in declared:
        bound = _bound(one, scope, findings)
        if one.name in FIELDS:
            findings.add(
                "doubled_name", one.at, f"{one.name} is a field already.", f"{one.name} 已是字段名。"
            )
        elif bound is not None:
            found.append(bound)
    return found


def _bound(one: Threshold, scope: Scope, findings: Findings) -> BoundThreshold | None:
    nodes = (one.value, one.floor, one.ceiling, one.step)
    terms = [term for node in nodes if (term := _constant(node, scope, findings)) is not None]
    if len(terms) < len(nodes):
        return None
    types = {term.type for term in terms}
    type_ = Type.NUMBER if types <= NUMERIC and len(types) > 1 else terms[0].type
    for node, term in zip(nodes, terms, strict=True):
        if term.type is not type_ and not {term.type, type_} <= NUMERIC:
            node.refuse(
                "type_mix",
                f"The values of {one.name} are of one type; {term.type} stands beside {type_}.",
                f"{one.name} 的各个值须为同一类型：{term.type} 与 {type_} 混用。",
            )
            return None
    value, floor, ceiling, step = (_number(term, type_) for term in terms)
    band = Band(value, floor, ceiling, step, 0)
    if not _is_sound(one, band):
        return None
    return BoundThreshold(
        name=one.name,
        title=one.title,
        type=type_,
        band=band,
        aim=one.toward,
        over=one.over,
        delay=one.delay,
        least=one.least,
        within=one.within,
        rules=(),
        kinds=frozenset(),
        at=one.at,
    )


def _constant(node: Node, scope: Scope, findings: Findings) -> Term | None:
    text = node.text()
    if text is None:
        return None
    try:
        term = parse_expression(text, scope)
    except ExpressionError as error:
        findings.add(error.code, node.at_offset(error.offset), error.en, error.zh)
        return None
    if term.operator == "literal" and term.type in _TYPES:
        return term
    node.refuse(
        "bad_threshold",
        "A threshold's values are constants: 3, 0.85, cny(2000) or INTERVAL '24 hours'.",
        "阈值的各个值须为常量：3、0.85、cny(2000) 或 INTERVAL '24 hours'。",
    )
    return None


def _number(term: Term, type_: Type) -> Value:
    assert isinstance(term.value, (int, float)), "a measured constant is a number"
    return float(term.value) if type_ is Type.NUMBER else term.value


def _is_sound(one: Threshold, band: Band) -> bool:
    if band.floor > band.ceiling:
        one.floor.refuse("bad_band", "The floor lies above the ceiling.", "下限高于上限。")
    elif not band.floor <= band.value <= band.ceiling:
        one.value.refuse("bad_band", "The value lies outside its band.", "取值不在区间之内。")
    elif band.floor == band.ceiling:
        one.floor.refuse(
            "bad_band",
            "The band has one value only; write that value into the rule.",
            "区间只有一个值；请直接写入规则。",
        )
    elif band.step <= 0 or band.step > band.ceiling - band.floor:
        one.step.refuse(
            "bad_band",
            "A step is more than nothing and no more than the whole band.",
            "步长须大于零，且不超过整个区间。",
        )
    else:
        return True
    return False


def hidden_thresholds(declared: Sequence[Threshold]) -> dict[str, tuple[str, str]]:
    """Why a threshold cannot stand where it is not visible."""
    return {
        one.name: (
            "A threshold can stand in a rule's condition and in a limit only.",
            "阈值只能用于规则的条件和限额。",
        )
        for one in declared
    }


def bounded(one: BoundThreshold, value: float) -> Value:
    """The value, or the end of the band that it lies beyond; a whole number where the type counts."""
    number = value if one.type is Type.NUMBER else round(value)
    return min(max(number, one.band.floor), one.band.ceiling)


def with_uses(package: Package) -> list[BoundThreshold]:
    """The thresholds of a package with the rules that name them, and the direction that eases those."""
    found = []
    for one in package.thresholds:
        rules = [rule for rule in package.rules if one.name in set(rule.when.names())]
        eases = {direction for rule in rules for direction in directions(rule.when, one.name)}
        every = any(rule.kinds is None for rule in rules)
        kinds = None if every else frozenset(kind for rule in rules for kind in rule.kinds or ())
        band = replace(one.band, eases=next(iter(eases)) if len(eases) == 1 else 0)
        found.append(replace(one, band=band, rules=tuple(rule.id for rule in rules), kinds=kinds))
    return found


def directions(term: Term, name: str, sign: int = 1) -> Iterator[int]:
    """For every place of the name, what a greater value does to the condition.

    1 where it is true less often then, -1 where more often, 0 where neither can be said.
    """
    match term.operator:
        case "and" | "or" | "is_true" | "coalesce":
            for operand in term.operands:
                yield from directions(operand, name, sign)
        case "not" | "is_false":
            yield from directions(term.operands[0], name, -sign)
        case operator if operator in _RIGHT_EASES:
            left, right = term.operands
            for side, way in ((right, sign), (left, -sign)):
                if side.operator == "name" and side.value == name:
                    yield way * _RIGHT_EASES[operator]
                elif name in set(side.names()):
                    yield 0
        case _:
            if name in set(term.names()):
                yield 0


def check_thresholds(package: Package, findings: Findings) -> None:
    """Thresholds that nobody names, that cannot be eased by a step, or whose step would do two things."""
    for one in package.thresholds:
        if not one.rules:
            findings.add(
                "unused_threshold",
                one.at,
                f"No rule and no limit names {one.name}; nothing would move with it.",
                f"没有规则或限额使用 {one.name}；它的变化不起任何作用。",
            )
            continue
        ways = set()
        for rule in package.rules:
            here = set(directions(rule.when, one.name))
            ways |= here
            if 0 in here:
                _not_compared(one, rule.at if rule.node is None else _where(rule.node, one.name), findings)
                break
        else:
            if len(ways) > 1:
                findings.add(
                    "threshold_pulls_both_ways",
                    one.at,
                    f"A greater {one.name} eases one of its rules and tightens another; use two thresholds.",
                    f"{one.name} 增大时会放宽一条规则、收紧另一条；请拆成两个阈值。",
                )


def _not_compared(one: BoundThreshold, at: Place, findings: Findings) -> None:
    findings.add(
        "threshold_not_compared",
        at,
        f"Compare {one.name} as it is with <, <=, > or >=: only then a step eases or tightens the rule.",
        f"{one.name} 须直接用 <、<=、> 或 >= 比较：只有这样，移动一步才能放宽或收紧规则。",
    )


def _where(node: Node, name: str) -> Place:
    return node.at_offset((node.text() or "").find(name))
