"""What a typed policy may still get wrong: conditions that decide nothing, rules that never show."""

from __future__ import annotations

from dataclasses import replace

from countermand.policy.bound import Package
from countermand.policy.conditions import ConditionCheck
from countermand.policy.entities import check_keys, check_lists, doubtful_entities
from countermand.policy.findings import Finding, Findings
from countermand.policy.frames import check_frames, doubtful_frames
from countermand.policy.labels import check_labels
from countermand.policy.models import check_models
from countermand.policy.overlaps import fires, idle_parts, overlapping_rules, shadowed_rules
from countermand.policy.plan import Window
from countermand.policy.possible import Search
from countermand.policy.prelude import PRELUDE_FILE
from countermand.policy.searching import of_kind, search_of, search_within
from countermand.policy.thresholds import check_thresholds
from countermand.policy.unknowns import check_unknowns
from countermand.policy.warnings import Warnings
from countermand.vocabulary.operations import Kind

_CONDITION_CODES = frozenset({"always_true", "never_true", "always_unknown"})


def check_package(package: Package, findings: Findings) -> None:
    """Conditions that are always or never true, rules that repeat others, bands nobody reaches."""
    known = search_of(package)
    search = replace(known, meanings={})
    currency = package.head.currency
    conditions = ConditionCheck(search, findings, currency)
    for one in (*package.early, *package.late):
        conditions.check(one.term, one.node)
    if not findings.found:  # otherwise every rule that names the broken value would be accused too
        search = known
    conditions = ConditionCheck(search, findings, currency)
    for node, where in package.wheres:
        conditions.check(where, node)
    for rule in package.rules:
        if rule.node is not None:
            within = search_within(package, search, rule.kinds)
            ConditionCheck(within, findings, currency).check(rule.when, rule.node, of_kind(rule.kinds))
    check_labels(package, findings)
    _twin_features(package, findings)
    check_keys(package, search, findings)
    check_lists(package, findings)
    check_frames(package, findings)
    shadowed_rules(package, search, findings)
    _unreachable_bands(package, search, findings)
    check_models(package.declared.models, findings)
    check_thresholds(package, findings)


def warnings_on(package: Package, findings: list[Finding]) -> list[Finding]:
    """What is probably wrong, but for what its items accept.

    Beside `findings` only what cannot follow from them: a broken condition makes others look broken.
    """
    search, warnings = search_of(package), Warnings(package.declared.items)
    doubtful_entities(package, search, warnings)
    doubtful_frames(package, warnings)
    if not _CONDITION_CODES & {one.code for one in findings}:
        idle_parts(package, search, warnings)
        check_unknowns(package, search, warnings)
    if not findings:
        overlapping_rules(package, search, warnings)
        warnings.check_acceptances()
    return sorted(warnings.found, key=lambda one: (one.at.file, one.at.line, one.at.column))


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


def _unreachable_bands(package: Package, search: Search, findings: Findings) -> None:
    if not package.declared.bands:
        return
    most = max(_most_points(package, kind, search) for kind in Kind)
    for band in package.declared.bands:
        if band.at_least > most:
            findings.add(
                "unreachable_band",
                band.at,
                f"No operation can score {band.at_least} points: all rules of one kind together give {most}.",
                f"没有操作能得到 {band.at_least} 分：同一类型的全部规则合计 {most} 分。",
            )


def _most_points(package: Package, kind: Kind, search: Search) -> int:
    """What the rules of a kind can give together; of two that exclude each other, only the better one."""
    scoring = [rule for rule in package.rules if rule.score and (rule.kinds is None or kind in rule.kinds)]
    scoring.sort(key=lambda rule: -rule.score)
    total = sum(rule.score for rule in scoring)
    if total >= 2 * max(band.at_least for band in package.declared.bands):
        return total  # leaving out the worse of each two leaves half at least
    here = [(one, frozenset[bool | None]({True})) for one in of_kind(frozenset({kind}))]
    most, paired = 0, set[str]()
    for number, rule in enumerate(scoring):
        if rule.id in paired:
            continue
        most += rule.score
        for other in scoring[number + 1 :]:
            if other.id not in paired and not search.possible([*here, fires(rule), fires(other)]):
                paired.add(other.id)  # each excluded rule is counted out by one other, and only once
                break
    return most
