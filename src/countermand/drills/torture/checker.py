"""After the torture: does the record agree with what the clients saw, and with its own definition?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from countermand.drills.torture.clients import answer_digest
from countermand.drills.torture.history import History
from countermand.drills.torture.windows import DENY, Recount, Seen, over_limit
from countermand.vocabulary.operations import STOPPED_BY_FREEZE, Kind, Operation
from countermand.vocabulary.outcomes import OUTCOME_OF_WORD

_OPERATION = msgspec.json.Decoder(Operation)
STOPPED = frozenset(kind.value for kind in STOPPED_BY_FREEZE)


class Row(msgspec.Struct, frozen=True, gc=False):
    """One recorded operation as it stands in the database; `at` in microseconds, `facts` by name."""

    seq: int
    id: str
    account: str
    kind: str
    at: int
    body: bytes
    decision: str
    outcome: int
    facts: dict[str, Any]
    frozen: bool
    answer: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """What the database holds at the end. journal: (operation, decision) of each `operation.decided` fact."""

    rows: Sequence[Row]
    journal: Sequence[tuple[str, str]]


def violations_of(history: History, record: Record) -> Iterator[str]:
    """Everything that broke a promise, the clients' own findings first."""
    yield from history.violations
    yield from _durable(history, record)
    yield from _once(record)
    yield from _journalled(record)
    yield from _frozen(history, record)
    yield from _exact(record)


def _durable(history: History, record: Record) -> Iterator[str]:
    """Every acknowledged answer is recorded with the same bytes, and nothing is recorded that nobody sent."""
    recorded = {row.id: row for row in record.rows}
    for name, sent in history.sent.items():
        row = recorded.get(name)
        if sent.acknowledged and row is None:
            yield f"{name}: acknowledged, but not recorded"
        elif row is not None and sent.acknowledged and answer_digest(row.answer) != sent.answer:
            yield f"{name}: the recorded answer is not the one that was given"
        elif row is not None and (row.account, row.kind) != (sent.account, sent.kind):
            yield f"{name}: recorded for {row.account}, {row.kind}; sent for {sent.account}, {sent.kind}"
    for name in recorded.keys() - history.sent.keys():
        yield f"{name}: recorded, but nobody sent it"


def _once(record: Record) -> Iterator[str]:
    """No operation and no decision twice."""
    for what, names in (
        ("operation", (row.id for row in record.rows)),
        ("decision", (row.decision for row in record.rows)),
        ("number", (str(row.seq) for row in record.rows)),
    ):
        yield from (f"{what} {name} is recorded {n} times" for name, n in _repeated(names))


def _journalled(record: Record) -> Iterator[str]:
    """The journal has exactly one fact per decision, and none without one."""
    facts = set(record.journal)
    for (operation, _), n in _repeated(record.journal):
        yield f"{operation}: {n} facts in the journal"
    decided = {(row.id, row.decision) for row in record.rows}
    for operation, decision in sorted(decided - facts):
        yield f"{operation}: decision {decision} has no fact in the journal"
    for operation, decision in sorted(facts - decided):
        yield f"{operation}: the journal tells of decision {decision}, which is not recorded"


def _frozen(history: History, record: Record) -> Iterator[str]:
    """Nothing that a freeze stops was let through between its acknowledgement and the wish to lift it."""
    orders: dict[str, list[tuple[int, int]]] = {}
    for order in history.frozen:
        orders.setdefault(order.account, []).append((order.since, order.until or 2**63))
    for row in record.rows:
        sent = history.sent.get(row.id)
        if row.kind not in STOPPED or sent is None or row.outcome == DENY or not sent.acknowledged:
            continue
        for since, until in orders.get(row.account, ()):
            # Sent after the freeze was acknowledged, answered before its end: no order excuses it.
            if since < sent.invoked and sent.acknowledged < until:
                yield f"{row.id}: let through while its account was frozen"


def _exact(record: Record) -> Iterator[str]:
    """Each decision's windows equal those of all that was recorded before it, and the limit was kept."""
    recount = Recount()
    for row in record.rows:
        seen = seen_of(row)
        expected = recount.facts(seen)
        wrong = {
            name: (row.facts.get(name), value)
            for name, value in expected.items()
            if row.facts.get(name) != value or type(row.facts.get(name)) is not type(value)
        }
        if wrong:
            yield f"{row.id} (number {row.seq}): recorded and recomputed facts differ: {wrong}"
        refused = over_limit(seen, expected["limit.daily.used"]) or (row.frozen and row.kind in STOPPED)
        if refused != (row.outcome == DENY):
            yield f"{row.id}: outcome {row.outcome} where {'deny' if refused else 'no refusal'} was due"
        word = msgspec.json.decode(row.answer)["decision"]["outcome"]
        if OUTCOME_OF_WORD[word] != row.outcome:
            yield f"{row.id}: recorded as {row.outcome}, answered {word}"
        recount.add(seen)


def seen_of(row: Row) -> Seen:
    """The part of a row that windows look at."""
    operation = _OPERATION.decode(row.body)
    assert operation.kind is Kind(row.kind), "the body is the record's own"
    return Seen(
        row.account,
        row.kind,
        row.at,
        None if operation.amount is None else operation.amount.minor,
        None if operation.counterparty is None else operation.counterparty.id,
        None if operation.device is None else operation.device.id,
        row.outcome,
    )


def _repeated(names: Iterable[Any]) -> Iterator[tuple[Any, int]]:
    return ((name, n) for name, n in Counter(names).items() if n > 1)
