"""A stage for flows: operations in one line, a house on a database of its own, a store that breaks on cue."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

import countermand
from countermand.app import open_house
from countermand.flows.house import House
from countermand.kernel.clock import ManualClock, moment_of
from countermand.policy.plan import Observation
from countermand.policy.reference import ReferenceStore
from countermand.settings import Settings
from countermand.vocabulary.operations import Operation

POLICY = Path(countermand.__file__).parent / "drills" / "torture" / "policy"
NOON = 1_795_233_600_000_000  # 2026-11-21 04:00 UTC, noon in Shanghai
SECOND = 10**6
_DIRECTORY = tempfile.TemporaryDirectory(prefix="countermand-test-")
PERMIT_KEYS = Path(_DIRECTORY.name) / "permit-keys.pem"
# Where a house keeps what it makes once: a key of 3,072 bits takes longer than a test.
KEPT = Path(_DIRECTORY.name) / "kept"
_numbers = itertools.count(1)
_observation = msgspec.msgpack.Decoder(Observation)


def payment(account: str = "a-1", *, at: int = NOON, minor: int = 100, **more: Any) -> Operation:
    """A payment of one yuan, at noon, with an id of its own, unless told otherwise."""
    given = {
        "id": f"op-{next(_numbers)}",
        "kind": "payment",
        "account": account,
        "occurred_at": moment_of(at),
        "amount": {"minor": minor, "currency": "CNY"},
        "counterparty": {"id": "shop"},
        "device": {"id": "phone"},
    }
    return msgspec.convert({**given, **more}, Operation)


@asynccontextmanager
async def house_on(
    dsn: str, clock: ManualClock | None = None, *, policy: Path | str = POLICY, **settings: Any
) -> AsyncIterator[House]:
    """A house of the torture policy, or another one that takes its place, on a database."""
    own = {"policy_start": "replace", "permit_key_file": PERMIT_KEYS, **settings}
    given = Settings(database_url=dsn, policy=str(policy), **own)
    async with open_house(given, ManualClock(NOON) if clock is None else clock) as house:
        yield house


def answer_of(answer: Any) -> dict[str, Any]:
    """The decision within an answer."""
    assert isinstance(answer, bytes), answer
    return msgspec.json.decode(answer)["decision"]


def outcome_of(answer: Any) -> str:
    """allow, challenge, hold, approve or deny."""
    return answer_of(answer)["outcome"]


async def facts_of(house: House, operation_id: str) -> dict[str, Any]:
    """The recorded facts of an operation, by name."""
    stored = await house.archive.find(operation_id)
    assert stored is not None, operation_id
    return dict(zip(house.program.index, msgspec.msgpack.decode(stored.row.facts), strict=True))


async def recorded_observations(connection: Any) -> list[Observation]:
    """Everything the windows should hold, in the order of the record."""
    rows = await connection.fetch("SELECT observation FROM operation ORDER BY seq")
    return [_observation.decode(row["observation"]) for row in rows]


def windows_of(house: House, observations: list[Observation], at: int) -> list[list[Any]]:
    """What the live windows say about every recorded combination of keys, as of `at`."""
    return [house.features.read(own) for own in _askers(observations, at)]


def expected_windows(house: House, observations: list[Observation], at: int) -> list[list[Any]]:
    """What the definition of the windows says about the same."""
    reference = ReferenceStore(house.program.plan)
    reference.load(observations)
    return [reference.read(own) for own in _askers(observations, at)]


def _askers(observations: list[Observation], at: int) -> list[Observation]:
    asking = {(seen.keys, seen.mask): seen._replace(at=at) for seen in observations}
    return list(asking.values())


async def assert_windows_equal_the_record(house: House, connection: Any, at: int = NOON) -> int:
    """The live windows hold what is recorded, no more and no less; how many operations that is."""
    observations = await recorded_observations(connection)
    assert windows_of(house, observations, at) == expected_windows(house, observations, at)
    return len(observations)


Step = Callable[[], Awaitable[None]]


class Faults:
    """Stands before the house's store and breaks when told to.

    `plan` maps (step, how many times it was called, from 1) to what happens there; a step is `look_up`,
    `commit`, `committed` (the commit happened, but its answer is lost) or `recorded`.
    """

    def __init__(self, store: Any, plan: Mapping[tuple[str, int], Exception | Step]) -> None:
        self.store, self.plan = store, plan
        self.calls: dict[str, int] = {}

    async def look_up(self, lane: int, guards: Any, ids: Any, labelled: Any) -> Any:
        await self.at("look_up")
        return await self.store.look_up(lane, guards, ids, labelled)

    async def commit(self, lane: int, rows: Any, guards: Any, facts: Any, holds: Any) -> None:
        await self.at("commit")
        await self.store.commit(lane, rows, guards, facts, holds)
        await self.at("committed")

    def behind_gates(self, lane: int, keys: Any) -> Any:
        return self.store.behind_gates(lane, keys)

    async def recorded(self, ids: Any) -> Any:
        await self.at("recorded")
        return await self.store.recorded(ids)

    def history(self, since: int, same_windows: Any, after: int = 0) -> Any:
        return self.store.history(since, same_windows, after)

    async def at(self, step: str) -> None:
        self.calls[step] = self.calls.get(step, 0) + 1
        happens = self.plan.get((step, self.calls[step]))
        if isinstance(happens, Exception):
            raise happens
        if happens is not None:
            await happens()


def break_store(house: House, plan: Mapping[tuple[str, int], Exception | Step]) -> Faults:
    """Put faults before the store of a house that is open."""
    faults = Faults(house.decider.store, plan)
    house.decider.store = faults
    return faults


@asynccontextmanager
async def commits_held(tables: Any) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Inside, no commit of a group can end: its statement waits in the database, sharing its gates.

    Yields what waits until one is there.
    """

    async def one_waits() -> None:
        async with asyncio.timeout(10):
            while not await tables.fetchval(  # noqa: ASYNC110 - nobody announces a lock
                "SELECT count(*) FROM pg_locks WHERE relation = 'operation'::regclass AND NOT granted"
            ):
                await asyncio.sleep(0.005)

    async with tables.transaction():
        await tables.execute("LOCK TABLE operation IN SHARE MODE")
        yield one_waits


async def until(condition: Callable[[], bool], seconds_max: float = 10) -> None:
    """Let the loop run until something holds."""
    async with asyncio.timeout(seconds_max):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)
