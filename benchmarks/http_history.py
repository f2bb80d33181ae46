"""A seeded history for both sides of the HTTP benchmark: the same operations, as each side keeps them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import msgspec
from benchmarks.peers import FORMS
from benchmarks.peers.window_sql import WindowSql

from countermand.flows.circumstances import EMPTY, Surroundings
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.clock import moment_of
from countermand.policy.program import Program
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import Account
from countermand.vocabulary.places import NOWHERE

ACCOUNTS, DEVICES, ADDRESSES, PAYEES = 500_000, 600_000, 300_000, 200_000
DAYS = 30
DAY = 86400 * 10**6
KINDS = ("payment",) * 8 + ("login",) * 5 + ("transfer",) * 3 + ("withdrawal", "deposit", "loan_apply")
CHUNK = 20_000


def operations(seed: int, count: int, now: int) -> Iterator[tuple[Operation, int]]:
    """`count` operations over the last 30 days, in order of time, and their instants."""
    draw = random.Random(seed)
    step = DAYS * DAY // count
    for n in range(count):
        at = now - (count - n) * step
        kind = draw.choice(KINDS)
        account = draw.randrange(ACCOUNTS)
        fields: dict[str, Any] = {}
        if kind != "login":
            fields["amount"] = {"minor": draw.randrange(100, 50_000), "currency": "CNY"}
            fields["counterparty"] = {"id": f"c-{draw.randrange(PAYEES)}"}
        address = draw.randrange(ADDRESSES)
        yield (
            msgspec.convert(
                {
                    "id": f"h-{n}",
                    "kind": kind,
                    "account": f"a-{account}",
                    "person": f"p-{account}",
                    "occurred_at": moment_of(at),
                    "channel": "app",
                    "device": {"id": f"d-{account if draw.random() < 0.9 else draw.randrange(DEVICES)}"},
                    "ip": f"10.{address >> 16}.{address >> 8 & 255}.{address & 255}",
                    **fields,
                },
                Operation,
            ),
            at,
        )


async def load_history(
    ours: Any, theirs: Any, program: Program, policy_id: int, seed: int, count: int, now: int, form: str
) -> None:
    """COPY the same history into both databases; everything was allowed, and nothing of it is asked again.

    Facts, standing and answers of these rows are short stand-ins: no window and no decision reads them.
    """
    surroundings = Surroundings(program, lambda _: NOWHERE, EMPTY, EMPTY)
    sql = FORMS[form](program)
    mine: list[tuple[Any, ...]] = []
    peers: list[tuple[Any, ...]] = []
    for n, (operation, at) in enumerate(operations(seed, count, now)):
        given = program.given(surroundings.of(operation, Account(id=operation.account), at))
        seen = program.observed(given, program.observation(given), "allow")
        body = canonical_bytes(operation)
        moment = moment_of(at)
        mine.append((
            n + 1, operation.id, operation.account, operation.kind.value, moment, moment, digest(body), body,
            f"dec-{n}", 0, policy_id, b"\x90", msgspec.msgpack.encode(seen), b"\xc0", b"{}",
        ))  # fmt: skip
        peers.append(tuple(sql.row_of(operation.id, seen, given, "allow")))
        if len(mine) == CHUNK:
            await _copy(ours, theirs, sql, mine, peers)
            mine, peers = [], []
    await _copy(ours, theirs, sql, mine, peers)


async def _copy(ours: Any, theirs: Any, sql: WindowSql, mine: list[Any], peers: list[Any]) -> None:
    columns = (
        "seq id account kind occurred_at received_at body_digest body decision_id outcome policy_id facts "
        "observation standing answer"
    ).split()
    await ours.copy_records_to_table("operation", records=mine, columns=columns)
    await theirs.copy_records_to_table("operation_seen", records=peers, columns=sql.columns)
