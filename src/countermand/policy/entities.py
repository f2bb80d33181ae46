"""Whose operations are counted: keys that make a window meaningless, and names that say another key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from countermand.policy.bound import BoundRule, Package
from countermand.policy.catalogue import FIELDS
from countermand.policy.declarations import Feature
from countermand.policy.findings import Findings, Place
from countermand.policy.items import Item
from countermand.policy.plan import Aggregate
from countermand.policy.possible import Search
from countermand.policy.prelude import PRELUDE_FILE
from countermand.policy.searching import of_kind
from countermand.policy.source import Node
from countermand.policy.terms import Term, Type
from countermand.policy.warnings import Warnings
from countermand.policy.wording import written
from countermand.vocabulary.operations import Kind

_TRUE = frozenset({True})
# The words a feature's name uses for what it is kept by.
_SAID = {
    "account": {"account", "customer"},
    "counterparty": {"payee", "merchant", "terminal", "counterparty", "beneficiary", "recipient"},
    "ip": {"ip", "address", "network"},
    "asn": {"asn", "network"},
    "device": {"device", "phone"},
    "person": {"person", "customer"},
    "session": {"session"},
    "referrer": {"referrer", "campaign"},
}
_DATES = frozenset({"local_day", "local_weekday", "local_hour"})
_CARRY_NO_PAYEE = frozenset(
    {Kind.LOGIN, Kind.REGISTER, Kind.DEVICE_BIND, Kind.DEVICE_UNBIND, Kind.CREDENTIAL_CHANGE,
     Kind.CONTACT_CHANGE, Kind.LIMIT_CHANGE, Kind.DATA_EXPORT}
)  # fmt: skip
_NEVER_CARRIED = {
    "counterparty": _CARRY_NO_PAYEE,
    "counterparty_institution": _CARRY_NO_PAYEE,
    "amount": (_CARRY_NO_PAYEE - {Kind.LIMIT_CHANGE}) | {Kind.BENEFICIARY_ADD},
}


def check_keys(package: Package, search: Search, findings: Findings) -> None:
    """Features whose key makes them constant, or keeps every operation out."""
    wheres = {id(node): where for node, where in package.wheres}
    for feature in _own_features(package):
        at = package.declared.items.place(("feature", feature.name), "by", feature.at)
        if feature.aggregate in (Aggregate.DISTINCT, Aggregate.LAST) and feature.column in feature.by:
            findings.add(
                "aggregates_its_key",
                at,
                f"Every operation in the window has the same {feature.column}: {feature.name} is kept "
                "by it. Keep it "
                "by what the values are to be counted for, such as account.",
                f"{feature.name} 以 {feature.column} 为主体，窗口内的 {feature.column} 必然相同。"
                "请改用被统计的主体，例如 account。",
            )
        where = wheres.get(id(feature.where))
        for name in feature.by:
            symbol = package.given.get(name)
            if where is None or feature.where is None or symbol is None or not symbol.nullable:
                continue
            key = Term("name", symbol.type, True, (), name)
            unknown = Term("is_null", Type.BOOLEAN, False, (key,))
            if search.implies(where, unknown):
                findings.add(
                    "never_counted",
                    feature.where.at,
                    f"No operation that passes the filter has a {name}, so {feature.name} counts nothing.",
                    f"通过过滤条件的操作都没有 {name}，{feature.name} 不会统计任何操作。",
                )


def check_lists(package: Package, findings: Findings) -> None:
    """A list is of something that exists."""
    known = {*FIELDS, *package.head.attributes, *(one.name for one in (*package.early, *package.late))}
    for name, (of, _, _, at) in package.declared.lists.items():
        if of not in known:
            findings.add(
                "unknown_name",
                package.declared.items.place(("list", name), "of", at),
                f"There is no field or attribute {of} that {name} could be a list of.",
                f"没有名为 {of} 的字段或属性可供名单 {name} 使用。",
            )


def doubtful_entities(package: Package, search: Search, warnings: Warnings) -> None:
    """Names that say another key than `by`, lists asked about something else, fields nothing carries."""
    for feature in _own_features(package):
        _named_otherwise(feature, warnings)
    for item, term, node in package.conditions():
        _other_lists(package, item, term, node, warnings)
    for rule in package.rules:
        _carried_by_rule(rule, warnings)
    for feature in _own_features(package):
        _carried_by_feature(package, feature, search, warnings)


def _named_otherwise(feature: Feature, warnings: Warnings) -> None:
    item = ("feature", feature.name)
    at = warnings.place(item, "by", feature.at)
    tokens = set(feature.name.split("_"))
    by = ", ".join(feature.by)
    keys = set(feature.by) - _DATES
    where = "" if feature.where is None else feature.where.text() or ""
    about = set(re.findall(r"[a-z]+", " ".join(re.findall(r"'([^']*)'", where)))) | _words_of(feature.column)
    for word in sorted(tokens - about):
        meant = {field for field, words in _SAID.items() if word in words}
        if meant and not meant & set(feature.by):
            field = " / ".join(sorted(meant))
            warnings.add(
                item,
                "entity_other",
                at,
                f"{feature.name} says {word}, and is kept by {by}. Write `by: {field}`, or give it "
                "another name.",
                f"{feature.name} 的名称指 {word}，却以 {by} 为主体。请写 by: {field}，或改用其他名称。",
            )
            return
    if "account" in keys or not keys or any(_words_of(key) & tokens for key in keys):
        return
    warnings.add(
        item,
        "entity_unsaid",
        at,
        f"{feature.name} is kept by {by}, and its name does not say so: whoever reads a rule takes it "
        "for the "
        f"account's. Write `by: account`, or name it ..._on_{min(keys)}.",
        f"{feature.name} 以 {by} 为主体，名称却未体现，读规则的人会以为是账户的。请写 by: account，或在"
        "名称中写明。",
    )


def _words_of(field: str) -> set[str]:
    return _SAID.get(field, set()) | {field, *field.split("_")}


def _other_lists(package: Package, item: Item, term: Term, node: Node, warnings: Warnings) -> None:
    for part in _names(term):
        name = str(part.value)
        if name not in package.listed:
            continue
        list_name, asked = package.listed[name]
        of = package.declared.lists[list_name][0]
        if of != asked:
            warnings.add(
                item,
                "list_of_other",
                node.at_offset(part.offset),
                f"{list_name} is a list of {of}, and is asked for {asked}. Write "
                f"{written(part, '').replace(asked, of, 1)}, or use a list of {asked}.",
                f"名单 {list_name} 的对象是 {of}，这里却用 {asked} 查询。请改为 {of}，或使用 {asked} 的"
                "名单。",
            )


def _carried_by_rule(rule: BoundRule, warnings: Warnings) -> None:
    named = set(rule.when.names())
    for field, kinds in _NEVER_CARRIED.items():
        lacking = frozenset() if rule.kinds is None else rule.kinds & kinds
        if field not in named or not lacking or (rule.node is not None and rule.kinds != lacking):
            continue
        item = ("rule", rule.id) if rule.node is not None else ("limit", rule.id.removeprefix("limit."))
        at = warnings.place(item, "on" if rule.node is not None else "kinds", rule.at)
        _warn_carried(item, sorted(kind.value for kind in lacking), field, at, warnings)


def _carried_by_feature(package: Package, feature: Feature, search: Search, warnings: Warnings) -> None:
    where = next((where for node, where in package.wheres if node is feature.where), None)
    if where is None:
        return
    for field, lacking in _NEVER_CARRIED.items():
        if field not in (*feature.by, feature.column):
            continue
        counted = {
            kind
            for kind in Kind
            if search.possible([(where, _TRUE), *((one, _TRUE) for one in of_kind(frozenset({kind})))])
        }
        if counted and counted <= lacking:
            item = ("feature", feature.name)
            key = "by" if field in feature.by else feature.aggregate.value
            at = warnings.place(item, key, feature.at)
            _warn_carried(item, sorted(kind.value for kind in counted), field, at, warnings)


def _warn_carried(item: Item, kinds: list[str], field: str, at: Place, warnings: Warnings) -> None:
    words = ", ".join(kinds)
    warnings.add(
        item,
        "never_carried",
        at,
        f"An operation of kind {words} carries no {field}, so it is unknown here. Correct the kinds or "
        "the field.",
        f"{words} 类操作不带 {field}，此处将始终未知。请更正操作类型或字段。",
    )


def _own_features(package: Package) -> Iterator[Feature]:
    return (feature for feature in package.declared.features if feature.at.file != PRELUDE_FILE)


def _names(term: Term) -> Iterator[Term]:
    if term.operator == "name":
        yield term
    for operand in term.operands:
        yield from _names(operand)
