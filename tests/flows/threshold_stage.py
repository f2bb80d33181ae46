"""A policy with two thresholds, and days of traffic for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from countermand.flows.adapt_thresholds import adapt_thresholds
from countermand.flows.house import House
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.labels import Label
from flows.stage import payment, until

HOUR = 3600 * 10**6
DAY = 24 * HOUR
POLICY = """
policy: movable
version: "1"
title: {en: "Movable", zh: "可调"}
history: 30 days
thresholds:
  big:
    title: {en: "Big amount", zh: "大额"}
    value: cny(5)
    floor: cny(3)
    ceiling: cny(9)
    step: cny(1)
    toward: {alerts: 40 a day}
    least: 50
  often:
    title: {en: "Often", zh: "频繁"}
    value: 30
    floor: 20
    ceiling: 40
    step: 4
    toward: {false_alarms: 5%}
    over: 12 hours
    delay: 6 hours
    least: 20
features:
  paid: {count: operations, by: account, over: 24 hours}
rules:
  - {id: large, on: [payment], when: amount > big, then: hold,
     reason: {en: "{amount} is over {big}", zh: "{amount} 超过 {big}"}}
  - {id: many, on: [payment, transfer], when: NOT paid <= often, then: challenge,
     reason: {en: "Often", zh: "频繁"}}
"""


def movable_policy(folder: Path, **changes: str) -> Path:
    """The policy above in a folder, with some texts replaced."""
    folder.mkdir(exist_ok=True)
    (folder / "policy.yaml").write_text(movable_files(**changes)["policy.yaml"], "utf-8")
    return folder


def movable_files(**changes: str) -> dict[str, str]:
    """The same as a folder's files."""
    text = POLICY
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return {"policy.yaml": text}


def payments(clock: ManualClock, count: int, minor: int, account: str = "") -> list[Any]:
    """So many payments of an amount now, each of an account of its own unless one is named."""
    return [payment(account or f"a-{number}", at=clock.now(), minor=minor) for number in range(count)]


async def one_day(house: House, clock: ManualClock, small: int, large: int) -> list[Any]:
    """A day with so many payments of 1 yuan and of 8.50 yuan; then the clock stands at its end."""
    operations = [*payments(clock, small, 100), *payments(clock, large, 850)]
    answers = await house.decider.decide_many(operations, None)
    clock.advance(DAY)
    return list(zip(operations, answers, strict=True))


async def label_all(house: House, operations: list[Any], *, fraud: bool) -> None:
    """Say of operations what they were."""
    labels = [Label(fraud, "dispute", None, operation=one.id) for one in operations]
    assert all(isinstance(one, bytes) for one in await house.decider.label_many(labels, "tester", None))


async def verdicts(house: Any, actor: str = "server") -> dict[str, tuple[Any, str]]:
    """What one look says of each threshold: its value afterwards, and the cause."""
    found = await adapt_thresholds(house, actor)
    return {one["threshold"]: (one["value"], one["cause"]) for one in found}


async def taken_over(house: House, value: int) -> None:
    """Wait until the deciding side has the value."""
    await until(lambda: house.program.thresholds["big"] == value)


async def recorded_values(tables: Any, house: House, name: str = "big") -> list[Any]:
    """The value each operation was decided under, in the order of the record."""
    rows = await tables.fetch("SELECT facts FROM operation ORDER BY seq")
    index = house.program.index[name]
    return [msgspec.msgpack.decode(row["facts"])[index] for row in rows]
