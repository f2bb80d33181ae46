"""Fifty rules over thirty-four facts, as a wallet's desk would write them, and events to run them on."""

from __future__ import annotations

import random
from typing import Any

HEAD = """policy: engine-benchmark
version: "1"
title: {en: "Engine benchmark", zh: "引擎基准"}
currency: CNY
timezone: Asia/Shanghai
history: 30 days
"""
FEATURES = """features:
  out_1h: {count: operations, where: "kind IN ('transfer', 'payment')", by: account, over: 1 hour}
  out_24h: {count: operations, where: "kind IN ('transfer', 'payment')", by: account, over: 24 hours}
  sum_24h: {sum: amount, where: "kind IN ('transfer', 'payment')", by: account, over: 24 hours}
  sum_7d: {sum: amount, where: "kind IN ('transfer', 'payment')", by: account, over: 7 days}
  logins_1h: {count: operations, where: "kind = 'login'", by: account, over: 1 hour}
  devices_7d: {distinct: device, by: account, over: 7 days}
  ips_24h: {distinct: ip, by: account, over: 24 hours}
  payees_24h: {distinct: counterparty, by: account, over: 24 hours}
  loans_7d: {count: operations, where: "kind = 'loan_apply'", by: account, over: 7 days}
  people_on_device: {distinct: person, by: device, over: 7 days}
  people_on_ip: {distinct: person, by: ip, over: 1 hour}
  usual: {avg: amount, where: "kind = 'payment'", by: account, over: 30 days, own: excluded}
  payee_age: {first_seen: operations, where: "kind = 'transfer'", by: [account, counterparty], over: all}
  since_change: {time_since_last: operations, where: "kind = 'credential_change'", by: account, over: 7 days}
"""
ALL = ""
OUT = "transfer, withdrawal, payment"
# id, kinds, condition with {0} {1} for the two sets of thresholds, outcome or None, points
TEMPLATES: list[tuple[str, str, str, str | None, int, tuple[tuple[Any, ...], tuple[Any, ...]]]] = [
    ("away", OUT, "NOT home_ip AND NOT known_device AND amount > cny({0})", "hold", 40, ((1000,), (200,))),
    ("burst", OUT, "out_1h > {0} AND sum_24h > cny({1})", "challenge", 20, ((5, 5000), (8, 2000))),
    (
        "drain",
        OUT,
        "sum_24h + amount > cny({0}) AND tenure < INTERVAL '{1} days'",
        "hold",
        50,
        ((20000, 90), (50000, 365)),
    ),
    (
        "night",
        OUT,
        "(local_hour < {0} OR local_hour > {1}) AND amount > cny(3000)",
        "challenge",
        15,
        ((5, 22), (6, 21)),
    ),
    (
        "remote",
        OUT,
        "remote_control OR (screen_share AND active_call AND amount > cny({0}))",
        "hold",
        60,
        ((0.01,), (500,)),
    ),
    ("emulated", ALL, "emulator AND {0} < devices_7d", None, 30, ((1,), (2,))),
    ("rooted", ALL, "rooted AND NOT known_device AND people_on_device > {0}", None, 25, ((1,), (3,))),
    ("shared-device", ALL, "people_on_device > {0} AND kyc_level < 3", "challenge", 35, ((3,), (6,))),
    ("crowded-address", "login, register", "people_on_ip > {0} AND vpn", "challenge", 10, ((20,), (50,))),
    ("guessing", "login", "logins_1h > {0} AND ips_24h > {1}", "challenge", 30, ((10, 2), (20, 3))),
    (
        "new-payee",
        "transfer",
        "payee_age < INTERVAL '{0} hours' AND amount > cny({1})",
        "hold",
        35,
        ((1, 2000), (24, 8000)),
    ),
    (
        "many-payees",
        OUT,
        "payees_24h >= {0} AND out_24h >= {0} AND amount < cny({1})",
        "challenge",
        25,
        ((5, 500), (9, 900)),
    ),
    ("changed", OUT, "since_change < INTERVAL '{0} hours' AND amount > cny(500)", "hold", 45, ((24,), (72,))),
    (
        "unusual",
        "payment",
        "amount > usual * {0} AND amount > cny({1})",
        "challenge",
        20,
        ((5, 1000), (10, 300)),
    ),
    (
        "abroad",
        OUT,
        "country NOT IN ('CN', 'HK', 'MO') AND NOT home_place AND kyc_level <= {0}",
        "hold",
        30,
        ((2,), (1,)),
    ),
    (
        "odd-channel",
        OUT,
        "channel IN ('web', 'api', 'partner') AND vpn AND amount > cny({0})",
        None,
        20,
        ((800,), (100,)),
    ),
    (
        "loan-rush",
        "loan_apply, loan_disburse",
        "loans_7d > {0} AND tenure < INTERVAL '{1} days'",
        "deny",
        80,
        ((2, 30), (4, 60)),
    ),
    (
        "loan-farm",
        "loan_apply",
        "people_on_ip > {0} AND people_on_device > 1 AND local_hour BETWEEN {1} AND 18",
        "deny",
        70,
        ((5, 9), (3, 10)),
    ),
    ("thin-file", OUT, "kyc_level < 2 AND sum_7d > cny({0})", "approve", 30, ((30000,), (10000,))),
    (
        "weekend",
        OUT,
        "local_weekday >= 6 AND account_type = 'business' AND amount > cny({0})",
        None,
        10,
        ((10000,), (50000,)),
    ),
    (
        "basic",
        OUT,
        "account_type IN ('basic', 'trial') AND amount > cny({0})",
        "deny",
        90,
        ((5000,), (20000,)),
    ),
    ("driven", ALL, "automation AND (out_1h > {0} OR logins_1h > {1})", "deny", 60, ((2, 6), (3, 9))),
    (
        "round",
        OUT,
        "amount >= cny({0}) AND payees_24h > 2 AND devices_7d > {1}",
        None,
        15,
        ((9000, 1), (4000, 2)),
    ),
    (
        "fast-newcomer",
        ALL,
        "tenure < INTERVAL '{0} hours' AND (devices_7d > 1 OR ips_24h > {1})",
        "challenge",
        25,
        ((24, 2), (72, 4)),
    ),
    (
        "coached",
        "transfer",
        "active_call AND payee_age < INTERVAL '{0} days' AND amount > usual * 2 AND NOT vpn",
        "hold",
        55,
        ((1,), (3,)),
    ),
]


def policy(count: int, *, copies: int = 0) -> dict[str, str]:
    """A folder of 25 or 50 rules; `copies` more sets with other thresholds make a large policy."""
    lines = ["rules:"]
    for number in range(count if not copies else count + 25 * copies):
        name, kinds, condition, then, score, thresholds = TEMPLATES[number % 25]
        values = thresholds[number // 25 % 2]
        when = condition.format(*values)
        if number >= 50:
            when += f" AND ips_24h <> {number}"
        lines += [f"  - id: {name}-{number}", f'    when: "{when}"', f"    score: {score}"]
        lines += [f"    on: [{kinds}]"] if kinds else []
        lines += [f"    then: {then}"] if then else []
        lines += ["    if_unknown: skip"] if name == "unusual" else []
        lines += [f'    reason: {{en: "Rule {name} spoke", zh: "规则 {name} 触发"}}']
    return {"policy.yaml": HEAD, "features.yaml": FEATURES, "rules.yaml": "\n".join(lines) + "\n"}


def facts_at_random(rng: random.Random, specs: Any, unknown: float) -> list[Any]:
    """The facts of one event; each that may be unknown is so with this chance."""
    found = []
    for spec in specs:
        if spec.nullable and rng.random() < unknown:
            found.append(None)
        else:
            found.append(_value(rng, spec))
    return found


def _value(rng: random.Random, spec: Any) -> Any:
    chosen: dict[str, Any] = {
        "kind": lambda: rng.choice(
            ["login", "transfer", "payment", "payment", "withdrawal", "loan_apply", "register"]
        ),
        "channel": lambda: rng.choice(["app", "app", "app", "web", "api", "atm"]),
        "account_type": lambda: rng.choice(["full", "full", "basic", "business", "trial"]),
        "country": lambda: rng.choice(["CN"] * 8 + ["HK", "US", "MM"]),
        "local_hour": lambda: rng.randrange(24),
        "local_weekday": lambda: rng.randint(1, 7),
        "kyc_level": lambda: rng.randint(0, 4),
        "home_ip": lambda: rng.random() < 0.8,
        "known_device": lambda: rng.random() < 0.8,
        "home_place": lambda: rng.random() < 0.9,
        "tenure": lambda: int(rng.lognormvariate(4, 1.5) * 86400e6),
        "occurred_at": lambda: 1_780_000_000_000_000 + rng.randrange(10**12),
    }
    if spec.name in chosen:
        return chosen[spec.name]()
    by_type: dict[str, Any] = {
        "boolean": lambda: rng.random() < 0.08,
        "money": lambda: int(rng.lognormvariate(10, 1.6)) + 1,
        "duration": lambda: int(rng.lognormvariate(2, 2) * 3600e6),
        "integer": lambda: min(60, int(rng.lognormvariate(0.3, 0.9))),
        "number": lambda: rng.random() * 10,
        "text": lambda: f"x{rng.randrange(1000)}",
    }
    return by_type[spec.type.value]()
