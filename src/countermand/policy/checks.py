"""What a typed policy may still get wrong: conditions that decide nothing, rules that never show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from countermand.policy.bound import BoundRule, Package
from countermand.policy.conditions import ConditionCheck
from countermand.policy.facts import rooms_of
from countermand.policy.findings import Finding, Findings
from countermand.policy.labels import check_labels
from countermand.policy.models import check_models
from countermand.policy.plan import Window
from countermand.policy.possible import Search
from countermand.policy.prelude import PRELUDE_FILE
from countermand.policy.terms import Term, Type
from countermand.vocabulary.operations import Kind
from countermand.vocabulary.outcomes import Outcome


def check_package(package: Package, findings: Findings) -> None:
    """Conditions that are always or never true, rules that repeat others, bands nobody reaches."""
    search = Search(rooms_of(package), {})
    currency = package.head.currency
    conditions = ConditionCheck(search, findings, currency)
    for one in (*package.early, *package.late):
        conditions.check(one.term, one.node)
    if not findings.found:  # otherwise every rule that names the broken value would be accused too
        search = Search(search.rooms, {one.name: one.term for one in (*package.early, *package.late)})
        conditions = ConditionCheck(search, findings, currency)
    for node, where in package.wheres:
        conditions.check(where, node)
    for rule in package.rules:
        if rule.node is not None:
            conditions.check(rule.when, rule.node, _on(rule))
    check_labels(package, findings)
    _twin_features(package, findings)
    _shadowed_rules(package, search, findings)
    _unreachable_bands(package, findings)
    check_models(package.declared.models, findings)


def remarks_on(package: Package) -> list[Finding]:
    """What does no harm but is worth a second look: features that nothing uses, idle `if_unknown`."""
    remarks = Findings()
    used = {name for one in (*package.early, *package.late) for name in one.term.names()}
    used |= {name for rule in package.rules for name in rule.when.names()}
    used |= {name for model in package.models for name in model.inputs}
    for feature in package.declared.features:
        if feature.name not in used and feature.at.file != PRELUDE_FILE:
            remarks.add(
                "unused_feature",
                feature.at,
                f"No rule, model or derived value names {feature.name}; it is kept up for nothing.",
                f"没有规则、模型或派生值使用 {feature.name}；它只是白白维护。",
            )
    certain = {rule.id for rule in package.rules if rule.node is not None and not rule.when.nullable}
    for declared in package.declared.rules:
        if declared.id in certain and declared.says_if_unknown:
            remarks.add(
                "idle_if_unknown",
                declared.at,
                f"The condition of {declared.id} is never unknown; if_unknown says nothing.",
                f"{declared.id} 的条件不会未知；if_unknown 不起作用。",
            )
    return remarks.found


def _on(rule: BoundRule) -> tuple[Term, ...]:
    """The kinds of a rule as a condition."""
    if rule.kinds is None:
        return ()
    kind = Term("name", Type.TEXT, False, (), "kind")
    return (Term("in", Type.BOOLEAN, False, (kind,), frozenset(one.value for one in rule.kinds)),)


def _twin_features(package: Package, findings: Findings) -> None:
    seen: dict[Window, str] = {}
    own = {feature.name: feature for feature in package.declared.features if feature.at.file != PRELUDE_FILE}
    for window in package.plan.windows:
        if window.name not in own:
            continue
        first = seen.setdefault(replace(window, name=""), window.name)
        if first != window.name:
            findings.add(
                "identical_features",
                own[window.name].at,
                f"{window.name} is the same as {first}; one of them is enough.",
                f"{window.name} 与 {first} 完全相同；保留一个即可。",
            )


def _shadowed_rules(package: Package, search: Search, findings: Findings) -> None:
    written = [rule for rule in package.rules if rule.node is not None]
    alike: dict[object, list[BoundRule]] = {}
    for rule in written:
        alike.setdefault(search.key(rule.when), []).append(rule)
    for group in alike.values():
        for number, rule in enumerate(group):
            others = (*group[:number], *(other for other in group[number + 1 :] if not _covers(rule, other)))
            cover = next((other for other in others if _covers(other, rule)), None)
            if cover is not None:
                findings.add(
                    "shadowed_rule",
                    rule.at,
                    f"{rule.id} adds nothing: {cover.id} has the same condition, covers its kinds and is at "
                    f"least as strict ({cover.at.file}:{cover.at.line}).",
                    f"{rule.id} 不起作用：{cover.id} 条件相同、覆盖其操作类型且同样严格"
                    f"（{cover.at.file}:{cover.at.line}）。",
                )


def _covers(strict: BoundRule, mild: BoundRule) -> bool:
    """Whether `mild` changes nothing where `strict` stands, given the same condition."""
    kinds = strict.kinds is None or (mild.kinds is not None and mild.kinds <= strict.kinds)
    outcome = (strict.then or Outcome.ALLOW) >= (mild.then or Outcome.ALLOW) and mild.score == 0
    unknown = strict.fires_unknown or not mild.fires_unknown or not mild.when.nullable
    holds = (
        mild.then is not Outcome.HOLD
        or strict.then is not Outcome.HOLD
        or mild.hold_micros <= strict.hold_micros
    )
    return kinds and outcome and unknown and holds and set(mild.oblige) <= set(strict.oblige)


def _unreachable_bands(package: Package, findings: Findings) -> None:
    most = max((sum(points) for points in _points(package)), default=0)
    for band in package.declared.bands:
        if band.at_least > most:
            findings.add(
                "unreachable_band",
                band.at,
                f"No operation can score {band.at_least} points: all rules of one kind together give {most}.",
                f"没有操作能得到 {band.at_least} 分：同一类型的全部规则合计 {most} 分。",
            )


def _points(package: Package) -> Iterator[list[int]]:
    """The scores of all rules that look at one kind of operation, for every kind."""
    for kind in Kind:
        yield [rule.score for rule in package.rules if rule.kinds is None or kind in rule.kinds]
