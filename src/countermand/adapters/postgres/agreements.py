"""Approvals and consent in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from countermand.adapters.postgres.holds import hold_of_row
from countermand.adapters.postgres.queries import Queries
from countermand.confirmation.approvals import Waiting, asked_of, makers_of
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.approvals import Approval, Approver, Delegation, Verdict
from countermand.vocabulary.consent import DataConsent
from countermand.vocabulary.operations import Operation

QUERIES = Queries("agreements.sql")
_OPERATION = msgspec.json.Decoder(Operation)


class PostgresApprovals:
    """What approvers said and who they are, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def said(self, operations: Collection[str]) -> list[Approval]:
        """What was said about these operations, in order."""
        rows = await self._connection.fetch(QUERIES.approvals_of, list(operations))
        return [
            Approval(
                operation=row["operation"], level=row["level"], by=row["person"], at=micros_of(row["at"]),
                on_behalf_of=row["on_behalf_of"], verdict=Verdict(row["verdict"]), reason=row["reason"],
            )
            for row in rows
        ]  # fmt: skip

    async def add(self, approval: Approval) -> None:
        """Write one word; the operation's hold must be locked."""
        one = approval
        await self._connection.execute(
            QUERIES.add_approval, one.operation, one.level, one.by, one.on_behalf_of, one.verdict.value,
            one.reason, moment_of(one.at),
        )  # fmt: skip

    async def waiting(self, after: tuple[int, str] | None, now: int, count_max: int) -> list[Waiting]:
        """Open holds that lack an approval and have not run out, behind `after`, the oldest first."""
        at, operation = (0, "") if after is None else after
        rows = await self._connection.fetch(
            QUERIES.holds_awaiting_approval, moment_of(at), operation, moment_of(now), count_max
        )
        return [_waiting(row) for row in rows]

    async def approvers(self) -> list[Approver]:
        """Everybody who may approve."""
        rows = await self._connection.fetch(QUERIES.all_approvers)
        return [Approver(name=row["name"], roles=tuple(row["roles"])) for row in rows]

    async def delegations(self, now: int) -> list[Delegation]:
        """Who acts for whom now."""
        rows = await self._connection.fetch(QUERIES.delegations_at, moment_of(now))
        return [
            Delegation(
                principal=row["principal"],
                delegate=row["delegate"],
                since=micros_of(row["since"]),
                until=micros_of(row["until"]),
            )
            for row in rows
        ]

    async def name(self, approver: Approver, now: int, by: str) -> None:
        """Give a person their roles, in place of those before."""
        await self._connection.execute(
            QUERIES.name_approver, approver.name, list(approver.roles), moment_of(now), by
        )

    async def remove(self, name: str) -> bool:
        """Take a person's roles away; whether they had any."""
        return await self._connection.fetchval(QUERIES.remove_approver, name) is not None

    async def delegate(self, delegation_id: str, delegation: Delegation, now: int) -> None:
        """Let one person act for another."""
        await self._connection.execute(
            QUERIES.add_delegation, delegation_id, delegation.principal, delegation.delegate,
            moment_of(delegation.since), moment_of(delegation.until), moment_of(now),
        )  # fmt: skip

    async def end_delegations(self, principal: str, delegate: str, now: int) -> int:
        """End what one delegated to another; how many that were."""
        return len(await self._connection.fetch(QUERIES.end_delegations, principal, delegate, moment_of(now)))


class PostgresDataConsents:
    """Consent to the use of data, on a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def give(self, consent: DataConsent) -> bool:
        """Keep a consent; False where the same is in force already."""
        one = consent
        added = await self._connection.fetchval(
            QUERIES.give_data_consent, one.id, one.subject, one.purpose, one.recipient, one.statement,
            one.language, one.shown, bytes.fromhex(one.digest), moment_of(one.given_at), one.given_by,
        )  # fmt: skip
        return added is not None

    async def withdraw(
        self, subject: str, purpose: str, recipient: str | None, now: int, by: str
    ) -> Sequence[DataConsent]:
        """Withdraw what is in force; what that was."""
        rows = await self._connection.fetch(
            QUERIES.withdraw_data_consent, subject, purpose, recipient, moment_of(now), by
        )
        return [_consent(row) for row in rows]

    async def of(self, subject: str) -> list[DataConsent]:
        """Everything a subject agreed to, newest first."""
        return [_consent(row) for row in await self._connection.fetch(QUERIES.data_consents, subject)]


def _waiting(row: Any) -> Waiting:
    operation = _OPERATION.decode(row["body"])
    return Waiting(hold_of_row(row), asked_of(operation, row["account_type"]), makers_of(operation))


def _consent(row: Any) -> DataConsent:
    return DataConsent(
        id=row["id"],
        subject=row["subject"],
        purpose=row["purpose"],
        recipient=row["recipient"],
        statement=row["statement"],
        language=row["language"],
        shown=row["shown"],
        digest=row["digest"].hex(),
        given_at=micros_of(row["given_at"]),
        given_by=row["given_by"],
        withdrawn_at=None if row["withdrawn_at"] is None else micros_of(row["withdrawn_at"]),
    )
