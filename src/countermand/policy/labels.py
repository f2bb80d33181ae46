"""Features that look at what became known later: their labels, their delay, and what is wrong with them."""

from __future__ import annotations

from dataclasses import replace

from countermand.policy.bound import Package
from countermand.policy.catalogue import FRAUD, OUTCOME
from countermand.policy.declarations import Declarations, Feature, Head
from countermand.policy.facts import rooms_of
from countermand.policy.findings import Findings, Place
from countermand.policy.plan import LOOKS_BACK, MEASURES_UP_TO_NOW
from countermand.policy.possible import Search
from countermand.policy.terms import Term, Type

ONLY_IN_WHERE = {
    one.name: (
        f"{one.name} can only stand in a feature's where.",
        f"{one.name} 只能用于特征的 where。",
    )
    for one in (OUTCOME, FRAUD)
}


def counts_itself(feature: Feature, where: Term) -> bool:
    """Whether the operation being decided is part of its own window: as written, else where it can be."""
    if feature.own is not None:
        return feature.own
    return feature.aggregate not in LOOKS_BACK and not feature.delay and FRAUD.name not in set(where.names())


def length_of(feature: Feature, head: Head) -> int:
    """The window's length in microseconds; `all` is what the history leaves beside the delay."""
    return feature.over if feature.over is not None else max(1, head.history - feature.delay)


def check_timing(feature: Feature, where: Term, declared: Declarations, findings: Findings) -> None:
    """What a feature may not say about its own operation, its delay and its length."""
    own, name, head = counts_itself(feature, where), feature.name, declared.head
    if own and OUTCOME.name in set(where.names()):
        findings.add(
            "own_outcome",
            feature.at,
            "A feature that names outcome needs `own: excluded`: this operation has none yet.",
            "引用 outcome 的特征须写 own: excluded：本次操作尚无结果。",
        )
    if own and FRAUD.name in set(where.names()):
        findings.add(
            "own_label",
            feature.at,
            "A feature that names fraud never holds the operation itself: its label comes later.",
            "引用 fraud 的特征不包含本次操作：其标签稍后才有。",
        )
    if own and feature.delay:
        findings.add(
            "own_delayed",
            feature.at,
            f"{name} ends before the operation, so the operation cannot be part of it; leave `own` out.",
            f"{name} 的窗口在本次操作之前结束，不可能包含本次操作；请去掉 own。",
        )
    if own and feature.aggregate in LOOKS_BACK:
        findings.add(
            "own_looks_back",
            feature.at,
            f"{feature.aggregate} looks back; the operation is never part of it.",
            f"{feature.aggregate} 只看过去；不包含本次操作。",
        )
    if feature.delay and feature.aggregate in MEASURES_UP_TO_NOW:
        findings.add(
            "delay_without_sense",
            feature.at,
            f"{feature.aggregate} measures the time up to the operation; a delay would cut it short.",
            f"{feature.aggregate} 量到本次操作为止；加 delay 没有意义。",
        )
    if feature.delay + length_of(feature, head) > head.history:
        findings.add(
            "window_too_long",
            declared.items.place(("feature", name), "over", feature.at),
            f"{name} looks further back than the policy's history is kept, its delay included.",
            f"{name} 的时间窗（含 delay）超过策略保留的历史。",
        )


def check_labels(package: Package, findings: Findings) -> None:
    """A label is unknown at first: a `where` that held then would count operations before it comes."""
    rooms = rooms_of(package)
    unlabelled = {**rooms, FRAUD.name: rooms[FRAUD.name].must_be_unknown()}
    search = Search(unlabelled, {one.name: one.term for one in package.early})
    for node, where in package.wheres:
        if FRAUD.name in set(where.names()) and search.can_be(where, True):
            findings.add(
                "holds_without_label",
                node.at,
                "This can hold while fraud is unknown, which it is until the label comes; "
                "make it need `fraud` or `NOT fraud`.",
                "fraud 未知时（标签到达之前）该条件也可能成立；请让它必须依赖 fraud 或 NOT fraud。",
            )
    derived = {name for name, _ in package.declared.derive}
    taken = derived | package.head.attributes.keys() | {one.name for one in package.declared.features}
    for name in sorted(taken & ONLY_IN_WHERE.keys()):
        findings.add(
            "reserved_name",
            Place("policy.yaml"),
            f"{name} is a word of the language; give the value another name.",
            f"{name} 是语言中的保留名称；请改用其他名称。",
        )


def labels_that_enter(package: Package) -> frozenset[bool]:
    """The labels with which an operation can come into some window; neither, where no filter asks."""
    search = Search(rooms_of(package), {one.name: one.term for one in package.early})
    fraud = Term("name", Type.BOOLEAN, True, (), FRAUD.name)
    told = {True: fraud, False: replace(fraud, operator="not", operands=(fraud,), value=None)}
    filters = [term for term in package.filters if FRAUD.name in set(term.names())]
    return frozenset(
        value for value, known in told.items() if any(search.can_be(term, True, (known,)) for term in filters)
    )
