"""A policy that looks at labels, and what its windows must have said, worked out from the tables alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from countermand.flows.house import House
from countermand.kernel.clock import micros_of, moment_of
from countermand.policy.plan import Observation
from countermand.policy.reference import window_value
from countermand.vocabulary.labels import Label
from countermand.vocabulary.outcomes import Outcome

HOUR = 3600 * 10**6
POLICY = """
policy: labelled
version: "1"
title: {en: "Labels", zh: "标签"}
history: 10 days
lateness: 2 days
features:
  seen: {count: operations, by: account, over: 7 days}
  fraud_seen: {count: operations, where: fraud, by: account, over: 7 days}
  honest_paid: {sum: amount, where: NOT fraud, by: account, over: 7 days}
  let_through: {count: operations, where: "fraud AND outcome = 'allow'", by: counterparty, over: 10 days}
  old_fraud: {count: operations, where: fraud, by: counterparty, over: 5 days, delay: 1 hour}
  old_most: {max: amount, by: counterparty, over: 5 days, delay: 1 hour}
  last_fraud: {last: amount, where: fraud, by: account, over: 7 days}
  since_fraud: {time_since_last: operations, where: fraud, by: counterparty, over: 7 days}
rules:
  - {id: fraud-here, when: "fraud_seen + let_through + old_fraud > 2 OR last_fraud > cny(9)", then: hold,
     reason: {en: "Fraud before", zh: "曾有欺诈"}}
  - {id: much, when: "honest_paid > cny(900) OR old_most > cny(990) OR seen > 90", then: challenge,
     reason: {en: "Much", zh: "多"}}
  - {id: soon, when: "since_fraud < INTERVAL '1 minute'", then: deny, reason: {en: "Soon", zh: "刚刚"}}
"""


def labelled_policy(folder: Path, **changes: str) -> Path:
    """The policy above in a folder, with some texts replaced."""
    folder.mkdir(exist_ok=True)
    text = POLICY
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "policy.yaml").write_text(text, "utf-8")
    return folder


def label(operation: str, fraud: bool = True, source: str = "chargeback", at: int | None = None) -> Label:
    """The label of an operation."""
    return Label(fraud, source, None if at is None else moment_of(at), operation=operation)


async def labelled(house: House, *labels: Label) -> list[Any]:
    """What each label was answered, decoded; refusals as values."""
    results = await house.decider.label_many(labels, "tester", None)
    return [msgspec.json.decode(one) if isinstance(one, bytes) else one for one in results]


async def recorded_order(tables: Any) -> list[Any]:
    """Operations and labels as one list, in the order of the record."""
    rows = await tables.fetch("SELECT seq, id, observation, facts, outcome FROM operation")
    rows += await tables.fetch("SELECT seq, operation_id, fraud, occurred_at FROM label")
    numbers = [row["seq"] for row in rows]
    assert len(set(numbers)) == len(numbers), "operations and labels share one sequence"
    return sorted(rows, key=lambda row: row["seq"])


async def assert_decided_on_what_was_known(house: House, tables: Any) -> int:
    """Every recorded window value equals the definition over the record before it; how many there are."""
    program = house.program
    first, plan = program.given_count, program.plan
    told: dict[str, tuple[int, Observation]] = {}  # by operation: the number of its last label, its entry
    plain: dict[str, tuple[int, Observation]] = {}
    whole: dict[str, tuple[list[Any], Observation, str]] = {}
    compared = 0
    for row in await recorded_order(tables):
        if "operation_id" in row.keys():  # noqa: SIM118 - a row is no mapping
            facts, observation, outcome = whole[row["operation_id"]]
            assert micros_of(row["occurred_at"]) == observation.at
            entry = program.labelled(facts, observation, outcome, fraud=row["fraud"])
            told.pop(row["operation_id"], None)
            if entry is not None:
                told[row["operation_id"]] = row["seq"], entry
            continue
        facts = msgspec.msgpack.decode(row["facts"])
        own = program.observation(facts[:first])
        known = sorted([*plain.values(), *told.values()], key=lambda one: (one[1].at, one[0]))
        before = [observation for _, observation in known]
        for number, window in enumerate(plan.windows):
            expected = window_value(window, before, own)
            assert facts[first + number] == expected, (
                row["id"],
                window.name,
                facts[first + number],
                expected,
            )
            compared += 1
        observed = msgspec.msgpack.decode(row["observation"], type=Observation)
        plain[row["id"]] = row["seq"], observed
        whole[row["id"]] = facts, own, Outcome(row["outcome"]).word
    return compared
