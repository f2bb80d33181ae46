"""Goal: the drill finds nothing in the product, and finds everything in a doctored record."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from countermand.drills.torture.__main__ import main
from countermand.drills.torture.checker import Record, Row, seen_of, violations_of
from countermand.drills.torture.clients import answer_digest
from countermand.drills.torture.history import Frozen, History, Sent
from countermand.drills.torture.windows import Recount, over_limit
from countermand.kernel.clock import rfc3339

NOON = 1_795_233_600_000_000
SECOND = 10**6


def test_a_short_torture_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """5,000 operations of 24 clients, the server killed once and its connections once: no promise broken."""
    assert main(["--short", "--seed", "3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["violations"] == 0
    assert report["operations"] == report["operations recorded"] == 5000
    assert report["servers killed"] == 1
    assert report["database connections killed"] > 0
    assert report["freezes"] > 0
    assert min(report["outcomes"].get(word, 0) for word in ("allow", "deny", "challenge")) > 0


def _answer(name: str, word: str) -> bytes:
    return msgspec.json.encode({"operation": name, "decision": {"outcome": word}})


def _sound() -> tuple[History, list[Row], list[tuple[str, str]]]:
    """A history and a record that agree: payments of two accounts on one device, some over the limit."""
    history, recount = History(), Recount()
    rows: list[Row] = []
    for n in range(40):
        name, account, at = f"op-{n}", f"a-{n % 2}", NOON + (n - n % 3) * SECOND
        operation = {"id": name, "kind": "payment", "account": account, "occurred_at": rfc3339(at)}
        operation |= {"amount": {"minor": 45_000, "currency": "CNY"}, "counterparty": {"id": f"c-{n % 5}"}}
        body = msgspec.json.encode({**operation, "device": {"id": "d"}})
        row = Row(n + 1, name, account, "payment", at, body, f"dec-{n}", 0, {}, False, b"")
        facts = recount.facts(seen_of(row))
        denied = over_limit(seen_of(row), facts["limit.daily.used"])
        word = "deny" if denied else "allow"
        row = msgspec.structs.replace(
            row, facts=facts, outcome=4 if denied else 0, answer=_answer(name, word)
        )
        recount.add(seen_of(row))
        rows.append(row)
        history.sent[name] = Sent(account, "payment", 100 * n + 1)
        history.answered(name, answer_digest(row.answer), word, 100 * n + 50)
    return history, rows, [(row.id, row.decision) for row in rows]


def _found(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> list[str]:
    return list(violations_of(history, Record(rows, journal)))


def test_a_sound_record_has_no_violation() -> None:
    """The same record that is doctored below passes, with refusals in it."""
    history, rows, journal = _sound()
    assert {row.outcome for row in rows} == {0, 4}
    assert _found(history, rows, journal) == []


def _replaced(n: int, **values: Any) -> Callable[[History, list[Row], list[tuple[str, str]]], None]:
    def doctor(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
        rows[n] = msgspec.structs.replace(rows[n], **values)

    return doctor


def _lost(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
    del rows[-1], journal[-1]


def _twice(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
    rows.append(rows[3])


def _invented(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
    del history.sent["op-39"]


def _unfounded(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
    journal.append(("op-5", "dec-elsewhere"))


def _doubled(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
    journal.append(journal[5])


def _silent(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
    del journal[5]


def _swapped(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
    rows[6], rows[8] = rows[8], rows[6]


def _frozen(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
    history.frozen.append(Frozen("a-0", since=150, until=270))


def _fickle(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
    history.answered("op-2", b"other bytes", "allow", 10_000)


def _miscounted(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
    rows[9] = msgspec.structs.replace(rows[9], facts={**rows[9].facts, "operations_1m": 1})


def _let_through(history: History, rows: list[Row], journal: list[tuple[str, str]]) -> None:
    n = next(n for n, row in enumerate(rows) if row.outcome == 4)
    changed = _answer(rows[n].id, "allow")
    rows[n] = msgspec.structs.replace(rows[n], outcome=0, answer=changed)
    history.sent[rows[n].id].answer = answer_digest(changed)


@pytest.mark.parametrize(
    ("doctor", "says"),
    [
        (_lost, "acknowledged, but not recorded"),
        (_twice, "is recorded 2 times"),
        (_invented, "nobody sent it"),
        (_unfounded, "which is not recorded"),
        (_doubled, "2 facts in the journal"),
        (_silent, "has no fact in the journal"),
        (_swapped, "recorded and recomputed facts differ"),
        (_frozen, "while its account was frozen"),
        (_fickle, "other bytes"),
        (_miscounted, "recorded and recomputed facts differ"),
        (_let_through, "where deny was due"),
        (_replaced(4, answer=_answer("op-4", "hold")), "not the one that was given"),
        (_replaced(4, account="a-9"), "sent for a-0"),
        (_replaced(4, decision="dec-3"), "decision dec-3 is recorded 2 times"),
        (_replaced(4, outcome=2), "answered allow"),
    ],
)
def test_every_kind_of_damage_is_found(doctor: Any, says: str) -> None:
    """One thing is wrong with the record or with what the clients saw, and the checker says what."""
    history, rows, journal = _sound()
    doctor(history, rows, journal)
    violations = _found(history, rows, journal)
    assert any(says in violation for violation in violations), violations
