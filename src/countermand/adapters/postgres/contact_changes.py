"""What holders change about where they are reached, in PostgreSQL, on a connection in a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from countermand.adapters.postgres.notices import QUERIES
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.contact_changes import ChangeState, ContactAction, ContactChange
from countermand.vocabulary.notices import NoticeChannel


class PostgresContactChanges:
    """The changes of accounts whose gate whoever asks has."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def open_of(self, account: str) -> list[ContactChange]:
        """Those of an account that may still come to something, oldest first."""
        return [_change(row) for row in await self._connection.fetch(QUERIES.contact_changes_of, account)]

    async def find(self, changes: Sequence[str]) -> list[ContactChange]:
        """Those of these that may still come to something."""
        rows = await self._connection.fetch(QUERIES.contact_changes_open, list(changes))
        return [_change(row) for row in rows]

    async def put(self, change: ContactChange) -> None:
        """Write one, new or as it is now."""
        await self._connection.execute(
            QUERIES.put_contact_change,
            change.id,
            change.account,
            change.action.value,
            change.channel.value,
            change.key,
            change.sealed,
            change.code,
            moment_of(change.asked_at),
            change.asked_by,
            moment_of(change.due_at),
            change.state.value,
            None if change.ended_at is None else moment_of(change.ended_at),
            change.ended_by,
            change.why,
        )

    async def forget(self, account: str) -> None:
        """Forget those of an account, whatever became of them."""
        await self._connection.execute(QUERIES.forget_contact_changes, account)


def _change(row: Any) -> ContactChange:
    return ContactChange(
        id=row["id"],
        account=row["account"],
        action=ContactAction(row["action"]),
        channel=NoticeChannel(row["channel"]),
        key=row["key"],
        sealed=row["sealed"],
        code=row["code"],
        asked_at=micros_of(row["asked_at"]),
        asked_by=row["asked_by"],
        due_at=micros_of(row["due_at"]),
        state=ChangeState(row["state"]),
    )
