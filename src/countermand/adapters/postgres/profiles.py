"""Account profiles, and the whole population's addresses and devices for legacy rules."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

import asyncpg
import msgspec

from countermand.adapters.postgres.gates import take_gate
from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.orders import Order
from countermand.vocabulary.parties import Account, Freeze, GivenBack

QUERIES = Queries("profiles.sql")
# Every freeze announces a change of the account table; reading the whole population again may take this
# part of the time at most.
POPULATION_SHARE = 0.1
POPULATION_PAUSE_SECONDS_MIN = 1.0


class PostgresProfiles:
    """The profiles of the database."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def put(self, account: Account, fact: Fact) -> Account:
        """Keep a profile behind the account's gate; an equal one changes nothing. Returns it as it is now."""
        async with self._pool.acquire() as connection, connection.transaction():
            await take_gate(connection, account.id)
            row = await connection.fetchrow(
                QUERIES.upsert_profile,
                account.id,
                account.type,
                account.timezone,
                None if account.opened_at is None else moment_of(account.opened_at),
                account.home_ips,
                account.home_places,
                account.devices,
                account.traits,
                account.kyc_level,
                moment_of(fact.at),
            )
            if row is not None:
                about = msgspec.structs.replace(fact, subject=str(row["handle"]))
                await append_fact(connection, about, guard=row["guard"])
            kept = await connection.fetchrow(QUERIES.find_account, account.id)
        return account_of_row(kept)

    async def find(self, account_id: str) -> Account | None:
        """What is known about an account, with the freeze that binds it; or None."""
        row = await self._pool.fetchrow(QUERIES.find_account, account_id)
        return None if row is None else account_of_row(row)


class PostgresPopulation:
    """Whether any profile at all has an address or a device: SQL's `x IN (SELECT … FROM user_profiles)`.

    True if some profile has it; else None (unknown) if some profile has none recorded; else False. Kept in
    memory only if `kept`, because only legacy rules ask; otherwise every answer is None.
    """

    TABLE = "account"

    def __init__(self, pool: asyncpg.Pool[Any], *, kept: bool) -> None:
        self._pool = pool
        self._kept = kept
        self._ips: tuple[frozenset[str], bool] = (frozenset(), True)
        self._devices: tuple[frozenset[str], bool] = (frozenset(), True)
        self._turn = asyncio.Lock()
        self._stale = True
        self._rest_until = 0.0

    def ip_in_any_home(self, ip: str) -> bool | None:
        """Whether any profile names the address as usual."""
        return _in(ip, *self._ips)

    def device_in_any_profile(self, device: str) -> bool | None:
        """Whether any profile names the device."""
        return _in(device, *self._devices)

    async def keep(self) -> None:
        """From now on somebody asks: read the population, unless it is kept already."""
        if not self._kept:
            self._kept = True
            await self.refresh()

    async def refresh(self, connection: Any = None, noticed: bool = True) -> None:
        """Read the population again after a change; while resting from the last time, leave it for later."""
        if not self._kept:
            return
        async with self._turn:
            self._stale = self._stale or noticed
            if not self._stale or (connection is not None and monotonic() < self._rest_until):
                return
            began = monotonic()
            asked = self._pool if connection is None else connection
            ips = await asked.fetchrow(QUERIES.home_ips_of_all)
            devices = await asked.fetchrow(QUERIES.devices_of_all)
            self._ips = (frozenset(ips["known"]), ips["some_unknown"])
            self._devices = (frozenset(devices["known"]), devices["some_unknown"])
            self._stale = False
            taken = monotonic() - began
            self._rest_until = monotonic() + max(POPULATION_PAUSE_SECONDS_MIN, taken / POPULATION_SHARE)


def _in(value: str, known: frozenset[str], some_unknown: bool) -> bool | None:
    if value in known:
        return True
    return None if some_unknown else False


def account_of_row(row: Any) -> Account:
    """An account from its columns, with its freeze (`freeze_id` NULL: none) and its other orders."""

    def texts(name: str) -> tuple[str, ...] | None:
        return None if row[name] is None else tuple(row[name])

    return Account(
        id=row["id"],
        guard=row["guard"],
        handle=str(row["handle"]),
        type=row["type"],
        timezone=row["timezone"],
        opened_at=None if row["opened_at"] is None else micros_of(row["opened_at"]),
        home_ips=texts("home_ips"),
        home_places=texts("home_places"),
        devices=texts("devices"),
        traits=texts("traits"),
        kyc_level=row["kyc_level"],
        frozen=_freeze(row),
        orders=orders_of(row["orders"]),
        given_back=_given_back(row["given_back"]),
        profiled=row["profiled"] is not False,
    )


def _given_back(values: list[Any] | None) -> tuple[GivenBack, ...]:
    return msgspec.convert(tuple(values), tuple[GivenBack, ...]) if values else ()


def orders_of(values: list[Any] | None) -> tuple[Order, ...]:
    """Standing orders from the values of the view order_in_force."""
    return () if values is None else msgspec.convert(tuple(values), tuple[Order, ...])


def _freeze(row: Any) -> Freeze | None:
    if row["freeze_id"] is None:
        return None
    return Freeze(row["freeze_id"], row["freeze_reason"], micros_of(row["freeze_placed_at"]))
