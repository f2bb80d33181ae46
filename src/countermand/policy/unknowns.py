"""Where money could leave because something is not known: silent rules, filters that do not count."""

from __future__ import annotations

from collections.abc import Iterator

from countermand.policy.bound import BoundRule, Package
from countermand.policy.findings import Place
from countermand.policy.possible import Search
from countermand.policy.searching import of_kind
from countermand.policy.terms import Term
from countermand.policy.warnings import Warnings
from countermand.policy.wording import written
from countermand.vocabulary.operations import MOVES_MONEY
from countermand.vocabulary.outcomes import Outcome

_TRUE, _UNKNOWN = frozenset({True}), frozenset({None})
_COMPARES = ("=", "<>", "<", "<=", ">", ">=")


def check_unknowns(package: Package, search: Search, warnings: Warnings) -> None:
    """Every way in which not knowing something lets money pass, or keeps it out of a count."""
    check = _UnknownCheck(package, search, warnings)
    for rule in package.rules:
        if rule.node is not None and (rule.kinds is None or rule.kinds & MOVES_MONEY):
            check.rule(rule)
    named = {id(feature.where): feature for feature in package.declared.features}
    for node, where in package.wheres:
        feature = named[id(node)]
        for part in _denied(where):
            if check.can_be_unknown(part, _others(where, part)):
                text = written(part, package.head.currency)
                warnings.add(
                    ("feature", feature.name),
                    "unknown_uncounted",
                    node.at_offset(part.offset),
                    f"Where {text} is unknown the operation is not counted, so a customer without that "
                    "data is "
                    f"never stopped by {feature.name}. Write NOT coalesce(…, FALSE) to count it.",
                    f"{text} 未知时该操作不计入，缺少该数据的客户永远不会被 {feature.name} 拦下。"
                    "如需计入，请写 NOT coalesce(…, FALSE)。",
                )


class _UnknownCheck:
    def __init__(self, package: Package, search: Search, warnings: Warnings) -> None:
        self.package, self.search, self.warnings = package, search, warnings
        self.said = {rule.id: rule.says_if_unknown for rule in package.declared.rules}
        self.derived = {one.name for one in (*package.early, *package.late)}

    def rule(self, rule: BoundRule) -> None:
        then = rule.then or Outcome.ALLOW
        here = tuple(of_kind(rule.kinds))
        if then is Outcome.ALLOW:
            return
        if then is Outcome.DENY:
            self._hidden(rule, here)
        if rule.fires_unknown or not self.can_be_unknown(rule.when, here):
            return
        item = ("rule", rule.id)
        at = self.warnings.place(item, "if_unknown", rule.at)
        if rule.kinds is None and not self.said[rule.id]:
            self._warn(
                rule,
                "unknown_unsaid",
                rule.at,
                f"{rule.id} is for all kinds, money included, and does not say what unknown means: it "
                "stays silent "
                "then. Write if_unknown.",
                f"{rule.id} 适用于包括资金操作在内的所有类型，却未说明未知时怎么办：将不触发。请写明 "
                "if_unknown。",
            )
        elif then is Outcome.DENY or (then >= Outcome.HOLD and self._asks_amount_only(rule.when)):
            self._warn(
                rule,
                "unknown_passes",
                at,
                f"{rule.id} would {then.word} a movement of money, but lets it pass where the condition "
                "is unknown. "
                "Write `if_unknown: fire`, or accept this with the reason why nothing slips through.",
                f"{rule.id} 本应拦下资金操作，但条件未知时会放行。请写 if_unknown: fire，"
                "或用 accept 说明为何不会漏过。",
            )
        if then >= Outcome.HOLD:
            self._skipped_denials(rule, here)

    def _skipped_denials(self, rule: BoundRule, here: tuple[Term, ...]) -> None:
        assert rule.node is not None, "a limit is no written rule"
        for part in _denied(rule.when):
            name = str(part.operands[0].value)
            if name in self.derived or not self.can_be_unknown(part, (*here, *_others(rule.when, part))):
                continue
            text = written(part, self.package.head.currency)
            self._warn(
                rule,
                "unknown_skips",
                rule.node.at_offset(part.offset),
                f"{text} is unknown where nothing was recorded, and then {rule.id} stays silent. Write "
                "NOT coalesce(…, FALSE), or `if_unknown: fire`.",
                f"没有记录时 {text} 为未知，{rule.id} 就不会触发。请写 NOT coalesce(…, FALSE) 或 "
                "if_unknown: fire。",
            )

    def _hidden(self, rule: BoundRule, here: tuple[Term, ...]) -> None:
        """`coalesce(…, FALSE)` in a rule that refuses: the same as skipping, but nobody sees it."""
        assert rule.node is not None, "a limit is no written rule"
        for part in _conjuncts(rule.when):
            if part.operator != "coalesce" or part.operands[-1].value is not False:
                continue
            inside = part.operands[0]
            if self.can_be_unknown(inside, (*here, *_others(rule.when, part))):
                self._warn(
                    rule,
                    "unknown_hidden",
                    rule.node.at_offset(part.offset),
                    f"coalesce(…, FALSE) takes unknown for no, so {rule.id} lets money pass where "
                    f"{written(inside, self.package.head.currency)} is unknown. Compare it as it is.",
                    f"coalesce(…, FALSE) 把未知当作否，"
                    f"{written(inside, self.package.head.currency)} 未知时 {rule.id} 会放行资金。请直接"
                    "使用该条件。",
                )

    def _asks_amount_only(self, when: Term) -> bool:
        """A comparison of the amount with a constant: an instruction without an amount is incomplete."""
        if when.operator not in _COMPARES:
            return False
        fixed = {one.name for one in self.package.thresholds}
        asked = [one for one in when.operands if one.operator != "literal" and one.value not in fixed]
        return [(one.operator, one.value) for one in asked] == [("name", "amount")]

    def can_be_unknown(self, term: Term, given: tuple[Term, ...]) -> bool:
        return self.search.possible([*((one, _TRUE) for one in given), (term, _UNKNOWN)])

    def _warn(self, rule: BoundRule, code: str, at: Place, en: str, zh: str) -> None:
        self.warnings.add(("rule", rule.id), code, at, en, zh)


def _conjuncts(term: Term) -> Iterator[Term]:
    if term.operator == "and":
        for part in term.operands:
            yield from _conjuncts(part)
    else:
        yield term


def _denied(term: Term) -> Iterator[Term]:
    """The parts that say `NOT name`, where the name can be unknown."""
    for part in _conjuncts(term):
        if part.operator == "not" and part.operands[0].operator == "name" and part.operands[0].nullable:
            yield part


def _others(whole: Term, part: Term) -> tuple[Term, ...]:
    return tuple(one for one in _conjuncts(whole) if one is not part)
