"""Units of work on PostgreSQL: one connection, one transaction, and every book on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from countermand.adapters.postgres.access import PostgresAccess
from countermand.adapters.postgres.acts import PostgresActs, take_claim
from countermand.adapters.postgres.agreements import PostgresApprovals, PostgresDataConsents
from countermand.adapters.postgres.answers import PostgresAnswers
from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.cases import PostgresCases
from countermand.adapters.postgres.challenges import (
    PostgresAuthenticators,
    PostgresChallenges,
    PostgresCodeLedger,
    PostgresConfirmations,
)
from countermand.adapters.postgres.channels import PostgresChannels
from countermand.adapters.postgres.clocks import PostgresClocks
from countermand.adapters.postgres.consents import PostgresConsents, PostgresProofs
from countermand.adapters.postgres.contact_changes import PostgresContactChanges
from countermand.adapters.postgres.desk import PostgresDesk
from countermand.adapters.postgres.effects import QUERIES as EFFECTS
from countermand.adapters.postgres.effects import PostgresEffects
from countermand.adapters.postgres.evidence import PostgresEvidence, PostgresInstruments
from countermand.adapters.postgres.finding import PostgresCaseLists
from countermand.adapters.postgres.gates import QUERIES
from countermand.adapters.postgres.holder_access import PostgresHolderDevices, PostgresHolderSessions
from countermand.adapters.postgres.holds import PostgresHolds
from countermand.adapters.postgres.incidents import PostgresIncidents
from countermand.adapters.postgres.journal import QUERIES as JOURNAL
from countermand.adapters.postgres.journal import rows_of
from countermand.adapters.postgres.mandates import PostgresHolderBook
from countermand.adapters.postgres.notices import PostgresContacts, PostgresNotices
from countermand.adapters.postgres.official import PostgresOfficialVersions
from countermand.adapters.postgres.paper_record import PostgresPaperRecord
from countermand.adapters.postgres.proposals import PostgresProposals
from countermand.adapters.postgres.receipt_sessions import PostgresReceiptSessions
from countermand.adapters.postgres.standing import PostgresStanding
from countermand.adapters.postgres.timers import QUERIES as TIMERS
from countermand.adapters.postgres.timers import PostgresTimers
from countermand.adapters.postgres.told import Teller
from countermand.adapters.postgres.unit_connection import UnitConnection
from countermand.adapters.postgres.webhooks import PostgresWebhooks
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.facts import Fact
from countermand.work import gate_of
from countermand.work.members import MEMBER
from countermand.work.record import unrecordable_text


class PostgresUnit:
    """One open transaction."""

    def __init__(self, bare: Any, teller: Teller) -> None:
        self._connection = connection = UnitConnection(bare)
        self._teller = teller
        self._facts: list[Fact] = []
        self._handles: dict[str, str] = {}
        self._gates: set[int] = set()
        # Those on the bare connection have no part in rows that may wait.
        self.holds = PostgresHolds(connection)
        self.clocks = PostgresClocks(connection)
        self.approvals = PostgresApprovals(connection)
        self.data_consents = PostgresDataConsents(connection)
        self.timers = PostgresTimers(connection)
        self.effects = PostgresEffects(connection)
        self.standing = PostgresStanding(connection)
        self.incidents = self.incident_record = PostgresIncidents(connection)
        self.consents = PostgresConsents(connection)
        self.proofs = PostgresProofs(connection)
        self.contacts = PostgresContacts(connection)
        self.contact_changes = PostgresContactChanges(connection)
        self.notices = PostgresNotices(connection)
        self.authenticators = PostgresAuthenticators(connection)
        self.challenges = PostgresChallenges(connection)
        self.confirmations = PostgresConfirmations(connection)
        self.codes = PostgresCodeLedger(connection)
        self.own = PostgresHolderBook(connection)
        self.cases = PostgresCases(connection)
        self.desk = PostgresDesk(connection)
        self.answers = PostgresAnswers(bare)
        self.case_lists = PostgresCaseLists(connection)
        self.webhooks = PostgresWebhooks(connection)
        self.channels = PostgresChannels(connection)
        self.acts = PostgresActs(connection)
        self.holder_sessions = PostgresHolderSessions(bare)
        self.holder_devices = PostgresHolderDevices(bare)
        self.evidence = PostgresEvidence(connection)
        self.instruments = PostgresInstruments(connection)
        self.access = PostgresAccess(connection)
        self.paper_record = PostgresPaperRecord(connection)
        self.official_versions = PostgresOfficialVersions(connection)
        self.proposals = PostgresProposals(bare)
        self.receipt_sessions = PostgresReceiptSessions(connection)

    async def gate(self, accounts: Collection[str]) -> None:
        """Take the gates of these accounts alone; in order, so that none can deadlock."""
        gates = {gate_of(account) for account in accounts} - self._gates
        if gates:
            await self._connection.beside.execute(QUERIES.lock_gates, sorted(gates))
            self._gates |= gates

    async def share(self, accounts: Collection[str]) -> None:
        """Share the gates of these accounts; in order, so that none can deadlock."""
        gates = sorted({gate_of(account) for account in accounts})
        await self._connection.execute(QUERIES.share_gates, gates)

    async def handles(self, accounts: Collection[str]) -> Mapping[str, str]:
        """The random handles of those accounts that are known; a handle never changes."""
        if unknown := [account for account in accounts if account not in self._handles]:
            rows = await self._connection.beside.fetch(QUERIES.account_handles, unknown)
            self._handles |= {row["id"]: str(row["handle"]) for row in rows}
        return {account: self._handles[account] for account in accounts if account in self._handles}

    async def note(self, facts: Sequence[Fact]) -> None:
        """Write journal facts, in order: all of a unit at its end, in one statement."""
        self._facts += facts

    async def close(self) -> None:
        """Write what waits for the end."""
        told = self._connection.tellings
        facts = await self._teller.told(self._connection.beside, self._facts, told)
        self._connection.later(JOURNAL.append_facts, ((row,) for row in rows_of(facts)))
        await self._connection.flush()
        await take_claim(self._connection)


class PostgresWorks:
    """Units of work on the connections of a pool."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool
        self._teller = Teller()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[PostgresUnit]:
        """A unit; leaving it without an error commits it.

        Raises Unavailable, also at the end; Conflict (`key_in_use`); BadRequest (`unrecordable_text`).
        """
        try:
            with away_is_unavailable():
                async with self._pool.acquire() as connection, connection.transaction():
                    if (member := MEMBER.get()) is not None:
                        await connection.execute(QUERIES.act_for, member)
                    unit = PostgresUnit(connection, self._teller)
                    yield unit
                    await unit.close()
        except (asyncpg.DataError, UnicodeEncodeError) as error:
            raise unrecordable_text() from error


class PostgresSchedule:
    """When there is something to do, and what time the database has."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def now(self) -> int:
        """What time it is for the database, microseconds UTC. Raises Unavailable."""
        with away_is_unavailable():
            return micros_of(await self._pool.fetchval(QUERIES.database_now))

    async def timers_due(self, kinds: Collection[str]) -> Mapping[str, int]:
        """When the next timer of each kind is due, of those kinds that have one. Raises Unavailable."""
        with away_is_unavailable():
            rows = await self._pool.fetch(TIMERS.next_due, list(kinds))
        return {row["kind"]: micros_of(row["due_at"]) for row in rows}

    async def effect_due(self, ports: Collection[str], after: int) -> int | None:
        """When the next effect of these ports is due after an instant. Raises Unavailable."""
        with away_is_unavailable():
            due_at = await self._pool.fetchval(EFFECTS.effect_next_due, list(ports), moment_of(after))
        return None if due_at is None else micros_of(due_at)
