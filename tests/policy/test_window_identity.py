"""Goal: only windows that are the same are taken from another policy. Method: one change a line."""

from __future__ import annotations

import pytest

from countermand.policy.package import compile_recorded
from countermand.policy.window_identity import window_identities, windows_on_labels, windows_on_outcomes

POLICY = """
policy: p
version: "1"
title: {en: P, zh: P}
currency: CNY
timezone: Asia/Shanghai
history: 30 days
lateness: 1 day
attributes: {wager: integer}
lists:
  burnt_devices: {of: device, colour: black, title: {en: Burnt, zh: 坏}}
derive:
  small: amount < cny(10)
  night: local_hour < 6
features:
  paid: {sum: amount, where: "kind = 'payment' AND small", by: account, over: 1 day, own: excluded}
  nights: {count: operations, where: night, by: [account, device], over: 7 days}
  denied: {count: operations, where: "outcome = 'deny'", by: account, over: 1 hour, own: excluded}
  burnt: {count: operations, where: "listed(device, 'burnt_devices')", by: account, over: 1 day}
  frauds: {count: operations, where: fraud, by: device, over: 7 days, own: excluded}
rules:
  - {id: r, when: paid > cny(5) AND nights > 1 AND denied > 0, then: hold, reason: {en: R, zh: R}}
  - {id: s, when: burnt > 0 AND frauds > 0, then: hold, reason: {en: R, zh: R}}
"""
NAMES = ("paid", "nights", "denied", "burnt", "frauds")


def identities(text: str) -> dict[str, str]:
    """By feature."""
    package = compile_recorded({"policy.yaml": text}).package
    return dict(
        zip((window.name for window in package.plan.windows), window_identities(package), strict=True)
    )


@pytest.mark.parametrize(
    ("old", "new", "differ"),
    [
        ('version: "1"', 'version: "2"', ()),
        ("paid > cny(5)", "paid > cny(500) AND channel IS NULL", ()),
        ("history: 30 days", "history: 60 days", ()),
        ("amount < cny(10)", "amount < cny(11)", ("paid",)),
        ("local_hour < 6", "local_hour < 5", ("nights",)),
        ("timezone: Asia/Shanghai", "timezone: UTC", ("nights",)),
        ("over: 1 day, own", "over: 2 days, own", ("paid",)),
        ("sum: amount", "max: amount", ("paid",)),
        ("by: [account, device]", "by: device", ("nights",)),
        ("by: account, over: 1 hour, own: excluded", "by: device, over: 1 hour, own: excluded", ("denied",)),
        ("outcome = 'deny'", "outcome <> 'allow'", ("denied",)),
        (
            "{count: operations, where: \"listed(device, 'burnt_devices')\"",
            "{count: operations, where: \"NOT listed(device, 'burnt_devices')\"",
            ("burnt",),
        ),
        ("where: fraud", "where: fraud AND kind = 'payment'", ("frauds",)),
        ("kind = 'payment' AND small", "small AND kind = 'payment'", ("paid",)),  # cautious: it only costs
    ],
)
def test_a_change_tells_where_it_matters(old: str, new: str, differ: tuple[str, ...]) -> None:
    """What a window is made from changes its identity, and nothing else does."""
    assert old in POLICY
    before, after = identities(POLICY), identities(POLICY.replace(old, new))
    assert tuple(name for name in NAMES if before[name] != after[name]) == differ


def test_a_feature_less_moves_no_other() -> None:
    """Numbers of filters, columns and entities are no part of an identity."""
    text = POLICY.replace("paid > cny(5) AND ", "")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("  paid:"))
    before, after = identities(POLICY), identities(text)
    assert after == {name: before[name] for name in after}


def test_windows_on_outcomes_and_labels_are_known() -> None:
    """By number, in the plan's order."""
    package = compile_recorded({"policy.yaml": POLICY}).package
    names = [window.name for window in package.plan.windows]
    assert {names[number] for number in windows_on_outcomes(package)} == {"denied"}
    assert {names[number] for number in windows_on_labels(package)} == {"frauds"}
