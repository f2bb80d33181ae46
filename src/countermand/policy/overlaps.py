"""Rules against rules: what one adds where another has already spoken, and parts that change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from countermand.policy.bound import BoundRule, Package
from countermand.policy.findings import Findings
from countermand.policy.possible import NOT_TRUE, Demand, Search
from countermand.policy.searching import facts_of, of_kind, search_within
from countermand.policy.source import Node
from countermand.policy.terms import Term
from countermand.policy.warnings import Warnings
from countermand.policy.wording import written
from countermand.vocabulary.outcomes import Outcome

_TRUE = frozenset({True})
_OUTCOMES = {Outcome.ALLOW: "放行", Outcome.CHALLENGE: "质询", Outcome.HOLD: "暂缓", Outcome.APPROVE: "复核",
             Outcome.DENY: "拒绝"}  # fmt: skip


def fires(rule: BoundRule) -> Demand:
    """The rule fires: its condition is TRUE, or unknown where that counts."""
    return rule.when, frozenset({True, None}) if rule.fires_unknown else _TRUE


def stays_silent(rule: BoundRule) -> Demand:
    """The rule does not fire."""
    return rule.when, frozenset({False}) if rule.fires_unknown else NOT_TRUE


class Ladder:
    """All rules of a package, to be asked whether one fires wherever another does."""

    def __init__(self, package: Package, search: Search) -> None:
        self.search, self.rules = search, package.rules
        self._facts = {rule.id: facts_of(search, rule.when) for rule in package.rules}

    def covered(self, mild: BoundRule, strict: BoundRule) -> bool:
        """Whether `strict` fires on every operation on which `mild` does."""
        if strict.kinds is not None and (mild.kinds is None or not mild.kinds <= strict.kinds):
            return False
        if not self._facts[mild.id] & self._facts[strict.id]:
            return False  # nothing that one asks says anything about the other
        here = [(one, _TRUE) for one in of_kind(mild.kinds)]
        return not self.search.possible([*here, fires(mild), stays_silent(strict)])


def shadowed_rules(package: Package, search: Search, findings: Findings) -> None:
    """Rules and limits that change no answer, because another fires wherever they do and is as strict."""
    ladder = Ladder(package, search)
    for number, rule in enumerate(package.rules):
        for other_number, other in enumerate(package.rules):
            if rule is other or not _takes_in(other, rule) or not ladder.covered(rule, other):
                continue
            if other_number > number and _takes_in(rule, other) and ladder.covered(other, rule):
                continue  # each covers the other: the later one is accused
            alike = search.key(rule.when) == search.key(other.when)
            findings.add(
                "shadowed_rule",
                rule.at,
                f"{rule.id} adds nothing: {other.id} "
                f"{'has the same condition' if alike else 'fires wherever it does'}, covers its kinds "
                "and is at "
                f"least as strict ({other.at.file}:{other.at.line}). Remove one of them, or make this "
                "one differ.",
                f"{rule.id} 不起作用：{other.id} {'条件相同' if alike else '在其触发时必定触发'}、覆盖其"
                "操作类型"
                f"且同样严格（{other.at.file}:{other.at.line}）。请删去其一，或使两者有所区别。",
            )
            break


def _takes_in(strict: BoundRule, mild: BoundRule) -> bool:
    """Whether `mild` changes nothing where `strict` fires too."""
    outcome = (strict.then or Outcome.ALLOW) >= (mild.then or Outcome.ALLOW) and mild.score == 0
    holds = (
        mild.then is not Outcome.HOLD
        or strict.then is not Outcome.HOLD
        or mild.hold_micros <= strict.hold_micros
    )
    return outcome and holds and set(mild.oblige) <= set(strict.oblige)


def overlapping_rules(package: Package, search: Search, warnings: Warnings) -> None:
    """Answers that never show, points that count twice, and rules that mean to excuse."""
    ladder = Ladder(package, search)
    for rule in package.rules:
        item = ("limit", rule.id.removeprefix("limit.")) if rule.node is None else ("rule", rule.id)
        if rule.then is Outcome.ALLOW:
            warnings.add(
                item,
                "allow_excuses_nothing",
                warnings.place(item, "then", rule.at),
                f"`then: allow` is the mildest answer: {rule.id} lets nothing through that another rule "
                "stops. "
                "Add the exception to the conditions of the rules that stop it.",
                f"then: allow 是最宽松的结果：{rule.id} 无法放行被其他规则拦下的操作。"
                "请把例外写进相应规则的条件。",
            )
        for other in package.rules:
            if other is rule:
                continue
            if _overrules(other, rule) and ladder.covered(rule, other):
                assert rule.then is not None
                assert other.then is not None
                warnings.add(
                    item,
                    "overruled_then",
                    warnings.place(item, "then", rule.at),
                    f"The {rule.then.word} of {rule.id} never shows: wherever it fires, {other.id} "
                    "fires and says "
                    f"{other.then.word} ({other.at.file}:{other.at.line}). Remove it, or narrow {other.id}.",
                    f"{rule.id} 的“{_OUTCOMES[rule.then]}”不会生效：凡其触发，{other.id} 也触发并给出"
                    f"“{_OUTCOMES[other.then]}”（{other.at.file}:{other.at.line}）。请删去，或收窄 "
                    f"{other.id}。",
                )
                break
    _doubled_points(package, search, warnings)


def _overrules(strict: BoundRule, mild: BoundRule) -> bool:
    return mild.then not in (None, Outcome.ALLOW) and (strict.then or Outcome.ALLOW) > (mild.then or 0)


def _doubled_points(package: Package, search: Search, warnings: Warnings) -> None:
    first: dict[int, list[BoundRule]] = {}
    for rule in package.rules:
        if rule.score == 0:
            continue
        earlier = first.setdefault(search.key(rule.when), [])
        for other in earlier:
            if rule.kinds is None or other.kinds is None or rule.kinds & other.kinds:
                warnings.add(
                    ("rule", rule.id),
                    "doubled_points",
                    warnings.place(("rule", rule.id), "score", rule.at),
                    f"{rule.id} and {other.id} have the same condition, and both points count "
                    f"({other.at.file}:{other.at.line}). Keep one, with the points that are meant.",
                    f"{rule.id} 与 {other.id} 条件相同，分数会重复累计（{other.at.file}:{other.at.line}）。"
                    "请保留一条并写明应计的分数。",
                )
                break
        earlier.append(rule)


def idle_parts(package: Package, search: Search, warnings: Warnings) -> None:
    """Parts of a condition that the rest of it, or the rule's kinds, make superfluous."""
    kinds = {rule.id: rule.kinds for rule in package.rules}
    for item, term, node in package.conditions():
        mine = kinds[item[1]] if item[0] == "rule" else None
        within = search if mine is None else search_within(package, search, mine)
        here = tuple((one, _TRUE) for one in of_kind(mine))
        for part in _idle(term, within, here):
            _warn_idle(item, part, node, package.head.currency, warnings)


def _idle(term: Term, search: Search, here: tuple[Demand, ...]) -> Iterator[Term]:
    """The first idle part of every AND and OR in the term."""
    for part in term.operands:
        yield from _idle(part, search, here)
    if term.operator not in ("and", "or"):
        return
    deciding = term.operator == "or"  # the truth of one part that decides the whole
    for number, part in enumerate(term.operands):
        rest = term.operands[:number] + term.operands[number + 1 :]
        if not search.possible([(part, NOT_TRUE)]):
            continue  # the open end of a range, such as `local_hour >= 0`
        # Leaving the part out changes neither where the rest leaves all open nor where it is unknown.
        open_ = [*here, *((one, frozenset({not deciding})) for one in rest)]
        unsure = [*here, *((one, frozenset({not deciding, None})) for one in rest)]
        changes = search.possible([*open_, (part, frozenset({deciding, None}))])
        if not changes and not search.possible([*unsure, (part, frozenset({deciding}))]):
            yield part
            return


def _warn_idle(item: tuple[str, str], part: Term, node: Node, currency: str, warnings: Warnings) -> None:
    text = written(part, currency)
    warnings.add(
        item,
        "idle_part",
        node.at_offset(part.offset),
        f"{text} decides nothing here: the rest of the condition, or the kinds the rule is for, say it "
        "already. "
        "Remove it, or correct what was meant.",
        f"{text} 在此不起作用：条件的其余部分或规则的操作类型已经包含。请删去，或改为本意。",
    )
