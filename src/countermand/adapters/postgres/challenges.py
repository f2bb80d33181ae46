"""Authenticators, challenges, strikes and confirmations in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from countermand.adapters.postgres.queries import Queries
from countermand.confirmation.challenges import Challenge
from countermand.confirmation.lockout import Standing, Strikes
from countermand.kernel.clock import MICROS_PER_SECOND, micros_of, moment_of
from countermand.kernel.errors import Conflict
from countermand.vocabulary.authenticators import (
    Authenticator,
    AuthenticatorState,
    Confirmation,
    Factor,
    Method,
    Purpose,
)

QUERIES = Queries("challenges.sql")
DELIVERY_SECONDS = 600  # codes older than this tell nothing about a method's health
_INSTANTS = ("created_at", "pending_until", "used_at", "removed_at")


class PostgresAuthenticators:
    """The authenticators, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def of_account(self, account: str) -> list[Authenticator]:
        """Those of an account that were not removed, locked, in order of id."""
        await self._connection.execute(QUERIES.lock_topic, f"authenticators of {account}")
        rows = await self._connection.fetch(QUERIES.account_authenticators, account)
        return [authenticator_of_row(row) for row in rows]

    async def put(self, authenticators: Sequence[Authenticator]) -> None:
        """Write new ones, and what became of locked ones."""
        for one in authenticators:
            try:
                await self._connection.execute(QUERIES.put_authenticator, *row_of_authenticator(one))
            except asyncpg.UniqueViolationError:
                raise Conflict(
                    "passkey_known",
                    "This passkey is enrolled already; use it, or make another one.",
                    "该通行密钥已登记；请直接使用，或另建一个。",
                ) from None


class PostgresChallenges:
    """The challenges and the strikes, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def last(self, purpose: Purpose, ref: str) -> Challenge | None:
        """The newest challenge about something, locked."""
        await self._connection.execute(QUERIES.lock_topic, f"challenge {purpose.value} {ref}")
        found = await self._connection.fetchval(QUERIES.last_challenge, purpose.value, ref)
        return None if found is None else msgspec.convert(found, Challenge)

    async def put(self, challenge: Challenge) -> None:
        """Write a new challenge, or what became of a locked one."""
        await self._connection.execute(
            QUERIES.put_challenge,
            challenge.id,
            challenge.purpose.value,
            challenge.ref,
            challenge.account,
            challenge.state.value,
            moment_of(challenge.begun_at),
            moment_of(challenge.expires_at),
            None if challenge.ended_at is None else moment_of(challenge.ended_at),
            msgspec.to_builtins(challenge),
        )

    async def strikes(self, account: str) -> dict[tuple[Method, str], Strikes]:
        """The wrong answers of an account by method and standing, locked."""
        await self._connection.execute(QUERIES.lock_topic, f"strikes of {account}")
        rows = await self._connection.fetch(QUERIES.account_strikes, account)
        found = [
            Strikes(
                account=account,
                method=Method(row["method"]),
                standing=Standing(row["standing"]),
                failures=row["failures"],
                window_at=micros_of(row["window_at"]),
                locked_until=micros_of(row["locked_until"]),
            )
            for row in rows
        ]
        return {(one.method, one.standing.value): one for one in found}

    async def strike(self, strikes: Strikes) -> None:
        """Write what became of locked strikes."""
        await self._connection.execute(
            QUERIES.put_strike,
            strikes.account,
            strikes.method.value,
            strikes.standing.value,
            strikes.failures,
            moment_of(strikes.window_at),
            moment_of(strikes.locked_until),
        )


class PostgresCodeLedger:
    """When codes left, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def sent(self, budgets: Collection[str]) -> dict[str, tuple[int, ...]]:
        """The instants of each of these budgets, locked, in one order so that none can deadlock."""
        names = sorted(budgets)
        await self._connection.execute(QUERIES.open_code_budgets, names)
        rows = await self._connection.fetch(QUERIES.code_budgets, names)
        return {row["budget"]: tuple(row["sent"]) for row in rows}

    async def keep(self, sent: Mapping[str, Sequence[int]]) -> None:
        """Write the instants of locked budgets."""
        for budget, instants in sent.items():
            await self._connection.execute(QUERIES.keep_code_budget, budget, list(instants))


class PostgresConfirmations:
    """The proofs and the spent tokens, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def add(self, proof: Confirmation, evidence: Sequence[Mapping[str, Any]]) -> None:
        """Keep a proof with the raw evidence behind it."""
        values = {name: getattr(proof, name) for name in Confirmation.__struct_fields__}
        values |= {
            "purpose": proof.purpose.value,
            "factors": [factor.value for factor in proof.factors],
            "methods": [method.value for method in proof.methods],
            "at": moment_of(proof.at),
        }
        await self._connection.execute(QUERIES.add_confirmation, *values.values(), list(evidence))

    async def find(self, confirmation: str) -> Confirmation | None:
        """One proof by its id."""
        row = await self._connection.fetchrow(QUERIES.find_confirmation, confirmation)
        return None if row is None else confirmation_of_row(row)

    async def spend(self, token: str, expires_at: int) -> bool:
        """Take a token that counts once; False where it was taken before."""
        taken = await self._connection.fetchval(QUERIES.spend_token, token, moment_of(expires_at))
        return taken is not None

    async def undelivered(self, account: str, now: int) -> frozenset[str]:
        """Methods whose codes lately went nowhere, for everybody or for this account."""
        since = moment_of(now - DELIVERY_SECONDS * MICROS_PER_SECOND)
        await self._connection.execute(QUERIES.forget_tokens, moment_of(now))
        rows = await self._connection.fetch(QUERIES.undelivered_methods, since, account)
        return frozenset(row["method"] for row in rows if row["method"] is not None)


def row_of_authenticator(one: Authenticator) -> list[Any]:
    """An authenticator as the columns of its table, in their order."""
    values = {name: getattr(one, name) for name in Authenticator.__struct_fields__}
    for name in _INSTANTS:
        values[name] = None if values[name] is None else moment_of(values[name])
    values |= {"method": one.method.value, "state": one.state.value}
    return list(values.values())


def confirmation_of_row(row: Any) -> Confirmation:
    """A row of the table as a proof."""
    values = {name: row[name] for name in Confirmation.__struct_fields__}
    values |= {
        "purpose": Purpose(row["purpose"]),
        "factors": tuple(Factor(word) for word in row["factors"]),
        "methods": tuple(Method(word) for word in row["methods"]),
        "at": micros_of(row["at"]),
    }
    return Confirmation(**values)


def authenticator_of_row(row: Any) -> Authenticator:
    """A row of the table as an authenticator."""
    values = {name: row[name] for name in Authenticator.__struct_fields__}
    for name in _INSTANTS:
        values[name] = None if values[name] is None else micros_of(values[name])
    values |= {"method": Method(row["method"]), "state": AuthenticatorState(row["state"])}
    return Authenticator(**values)
