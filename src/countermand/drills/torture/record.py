"""Reads what the database holds after the torture, and lets the product decide a part of it again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import asyncpg
import msgspec

from countermand.app import open_database, open_house, read_policy
from countermand.drills.torture.checker import Record, Row, seen_of
from countermand.drills.torture.windows import Recount
from countermand.flows.replay_decision import replay_decision
from countermand.kernel.clock import micros_of
from countermand.policy.package import compile_policy
from countermand.policy.plan import Observation
from countermand.settings import Settings

ROWS = """
SELECT seq, id, account, kind, occurred_at, body, decision_id, outcome, facts, standing, answer
FROM operation ORDER BY seq
"""
DECIDED = "SELECT body ->> 'operation', body ->> 'decision' FROM journal WHERE kind = 'operation.decided'"
_FACTS = msgspec.msgpack.Decoder(list[Any])
_OBSERVATION = msgspec.msgpack.Decoder(Observation)


async def read_record(settings: Settings) -> Record:
    """Everything that was decided, in the order of the record."""
    names = list(compile_policy(read_policy(settings.policy)).index)
    async with open_database(settings) as dsn:
        connection = await asyncpg.connect(dsn)
        try:
            rows = [row_of(row, names) for row in await connection.fetch(ROWS)]
            journal = [(row[0], row[1]) for row in await connection.fetch(DECIDED)]
        finally:
            await connection.close()
    return Record(rows, journal)


def row_of(row: Mapping[str, Any], names: list[str]) -> Row:
    """A row of the table as the checker sees it."""
    return Row(
        row["seq"],
        row["id"],
        row["account"],
        row["kind"],
        micros_of(row["occurred_at"]),
        row["body"],
        row["decision_id"],
        row["outcome"],
        dict(zip(names, _FACTS.decode(row["facts"]), strict=True)),
        msgspec.msgpack.decode(row["standing"])["freeze"] is not None,
        row["answer"],
    )


async def violations_after_restart(
    settings: Settings, record: Record, draw: random.Random, sample: int
) -> list[str]:
    """Start once more: decisions replay to the same bytes, rebuilt windows answer as defined."""
    found = []
    async with open_house(settings) as house:
        if house.rebuilt != len(record.rows):
            found.append(f"{house.rebuilt} operations came back after the restart, not {len(record.rows)}")
        for row in draw.sample(record.rows, min(sample, len(record.rows))):
            replayed = await replay_decision(house, row.id)
            if not replayed["identical"]:
                found.append(f"{row.id}: decided again it gets other bytes")
        recount = Recount()
        for row in record.rows:
            recount.add(seen_of(row))
        last = max((row.at for row in record.rows), default=0)
        windows = [window.name for window in house.program.plan.windows]
        for row in draw.sample(record.rows, min(sample, len(record.rows))):
            stored = await house.archive.find(row.id)
            assert stored is not None, "it was read a moment ago"
            for at in (row.at, last):
                own = _OBSERVATION.decode(stored.row.observation)._replace(at=at)
                read = dict(zip(windows, house.features.read(own), strict=True))
                expected = recount.facts(seen_of(row)._replace(at=at))
                if at != row.at:  # the limit's key holds the day, so it is asked on its own day only
                    expected["limit.daily.used"] = read["limit.daily.used"]
                if read != expected:
                    found.append(f"{row.id}: rebuilt windows differ at {at}: {read} and {expected}")
    return found
