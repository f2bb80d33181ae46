"""Results tables made by the live path in memory: given, windows, decide, observe, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from countermand.adapters.features.memory import MemoryFeatureStore
from countermand.adapters.tables.files import open_table
from countermand.adapters.tables.mapping import read_mapping
from countermand.decisions.decide import Question, judge
from countermand.flows.circumstances import EMPTY, Surroundings
from countermand.policy.package import compile_policy
from countermand.policy.program import Program
from countermand.vocabulary.operations import Amount, Counterparty, Kind, Operation
from countermand.vocabulary.parties import Account
from countermand.vocabulary.places import NOWHERE

SCHEMA = pa.schema(
    [
        ("seq", pa.int64()),
        ("id", pa.string()),
        ("at", pa.int64()),
        ("kind", pa.string()),
        ("account", pa.string()),
        ("amount", pa.int64()),
        ("label", pa.bool_()),
        ("outcome", pa.string()),
        ("score", pa.int64()),
        ("fired", pa.list_(pa.string())),
        ("unknown", pa.list_(pa.string())),
    ]
)
START = datetime(2026, 9, 1, tzinfo=UTC)
Labelled = tuple[Operation, "bool | None"]


def decided(program: Program, operations: Iterable[Labelled]) -> pa.Table:
    """The results table of a program over operations in their order."""
    surroundings = Surroundings(program, lambda _: NOWHERE, EMPTY, EMPTY)
    store = MemoryFeatureStore(program.plan)
    rows = []
    for seq, (operation, label) in enumerate(operations, 1):
        at = round((operation.occurred_at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
        given = program.given(surroundings.of(operation, Account(id=operation.account), at))
        observation = program.observation(given)
        facts = program.complete(given, store.read(observation))
        kind = operation.kind.value
        verdict = judge(Question("", kind, facts, None, at), facts, program)
        outcome = verdict.outcome.word
        store.observe(program.observed(given, observation, outcome))
        fired = [program.rules[number].id for number in verdict.evaluation.fired]
        unknown = [program.rules[number].id for number in verdict.evaluation.unknown]
        amount = program.amount_of(facts) if "amount" in program.index else None
        rows.append(
            (
                seq,
                operation.id,
                at,
                kind,
                operation.account,
                amount,
                label,
                outcome,
                verdict.score,
                fired,
                unknown,
            )
        )
    columns = list(zip(*rows, strict=True)) if rows else [[] for _ in SCHEMA]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def mapped(path: Path, mapping_file: Path, rows_max: int, skip: int = 0) -> Iterable[Labelled]:
    """The operations of a mapped file with their labels."""
    table = open_table(path, read_mapping(mapping_file.read_text("utf-8"), mapping_file), mapping_file, 1000)
    seen = 0
    for batch in table.batches():
        for operation, label in zip(batch.operations, batch.labels, strict=True):
            seen += 1
            if seen > skip + rows_max:
                return
            if seen > skip:
                yield operation, None if label < 0 else bool(label)


POLICY = """policy: lab
version: "{version}"
title: {{en: "The laboratory's policy", zh: "实验室策略"}}
currency: CNY
timezone: Asia/Shanghai
history: 7 days
false_positive_budget: 1%
answers:
  - outcome: challenge
    takes: 20 seconds
    stops: 80%
    source: {{en: "Timed at our own desk, n = 212", zh: "本行柜面实测，样本212"}}
    as_of: 2026-10-31
features:
  payments_1d: {{count: operations, by: account, over: 1 day}}
bands:
  - {{at_least: {first}, then: challenge, reason: {{en: "Unusual", zh: "异常"}}}}
  - {{at_least: 120, then: hold, reason: {{en: "Very unusual", zh: "非常异常"}}}}
rules:
  - id: large
    on: [payment, withdrawal]
    when: amount > cny({large})
    score: 60
    reason: {{en: "{{amount}} is a large sum", zh: "{{amount}}是大额"}}
    scenario: large amount
  - id: busy-day
    when: payments_1d > 5
    score: 50
    false_positive_budget: 2 a day
    reason: {{en: "{{payments_1d}} operations in a day", zh: "一天内{{payments_1d}}笔"}}
  - id: round-sum
    on: [payment]
    when: amount = cny(100)
    score: 10
    reason: {{en: "A round sum", zh: "整数金额"}}
  - id: huge
    on: [withdrawal]
    when: amount > cny(900)
    then: hold
    hold_for: 2 hours
    false_positive_budget: 0.01%
    reason: {{en: "A huge withdrawal &lt;i&gt; 5<6\\"'", zh: "巨额提现&lt;i&gt; 5<6\\"'"}}
  - id: late-login
    on: [login]
    when: local_hour < 5
    then: {late}
    reason: {{en: "A login at night", zh: "夜间登录"}}
{more}"""

EXTRA = """  - id: known-shop
    on: [payment]
    when: counterparty = 'shop-3'
    score: 70
    reason: {en: "A shop with complaints", zh: "有投诉的商户"}
"""


def lab(
    version: str = "1", first: int = 60, large: int = 500, late: str = "challenge", more: str = ""
) -> Program:
    """A small policy with every kind of rule; its numbers may be changed."""
    return compile_policy(
        {"policy.yaml": POLICY.format(version=version, first=first, large=large, late=late, more=more)}
    )


def lab_operations(seed: int, count: int, labelled: float = 0.9) -> list[Labelled]:
    """Payments, withdrawals and logins of sixty customers over twenty days, some of them fraud."""
    chance = np.random.default_rng(seed)
    minutes = np.sort(chance.integers(0, 20 * 24 * 60, count))
    found: list[Labelled] = []
    for number in range(count):
        kind = ("payment", "payment", "payment", "withdrawal", "login")[int(chance.integers(5))]
        fraud = bool(chance.random() < 0.04)
        yuan = round(float(chance.lognormal(4.2, 1.0) * (6 if fraud else 1)), 2)
        yuan = 100.0 if chance.random() < 0.05 else yuan
        operation = Operation(
            id=f"op-{number}",
            kind=Kind(kind),
            account=f"acct-{int(chance.integers(60))}",
            occurred_at=START + timedelta(minutes=int(minutes[number]), microseconds=number),
            amount=None if kind == "login" else Amount(round(yuan * 100), "CNY"),
            counterparty=Counterparty(f"shop-{int(chance.integers(8))}") if kind == "payment" else None,
        )
        known = chance.random() < labelled
        found.append((operation, fraud if known else None))
    return found


def with_column(table: pa.Table, name: str, values: object) -> pa.Table:
    """The table with one column replaced."""
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), pa.array(values, table.schema.field(name).type))


def counted(words: Iterable[str]) -> Mapping[str, int]:
    """How often each word stands there."""
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found
