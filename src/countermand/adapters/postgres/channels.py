"""What channels keep, in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from countermand.adapters.postgres.cases import message_of_row
from countermand.adapters.postgres.queries import Queries
from countermand.cases.channel_ports import Chat, Check, Line
from countermand.kernel.clock import micros_of, moment_of

QUERIES = Queries("channels.sql")


class PostgresChannels:
    """Chats and their lines, checks on the phone, and who wrote where before."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def number_of_sender(self, channel: str, sender: bytes, since: int) -> str | None:
        """The number of the open case that a sender wrote to last."""
        number: str | None = await self._connection.fetchval(
            QUERIES.number_of_sender, channel, sender, moment_of(since)
        )
        return number

    async def open_chat(self, chat: Chat) -> None:
        """Write a new chat."""
        await self._connection.execute(
            QUERIES.open_chat, chat.id, chat.account, chat.session, chat.public, moment_of(chat.opened_at)
        )

    async def lock_chat(self, chat: str) -> Chat | None:
        """A chat, locked until the transaction ends."""
        row = await self._connection.fetchrow(QUERIES.lock_chat, chat)
        if row is None:
            return None
        return Chat(
            id=row["id"],
            account=row["account"],
            session=row["session"],
            public=row["public"],
            opened_at=micros_of(row["opened_at"]),
            last=await self._connection.fetchval(QUERIES.last_line, chat),
        )

    async def add_line(self, chat: str, seq: int, message: str, client_id: str | None) -> None:
        """Write the next line of a locked chat; nothing where it has the message already."""
        await self._connection.execute(QUERIES.add_line, chat, seq, message, client_id)

    async def chats_of(self, case: str, since: int) -> Sequence[str]:
        """The chats opened since an instant in which something of a case was said."""
        rows = await self._connection.fetch(QUERIES.chats_of_case, case, moment_of(since))
        return [row["chat"] for row in rows]

    async def lines(self, chat: str, after: int, count_max: int) -> list[Line]:
        """The lines behind a number, in order."""
        return [
            _line(row) for row in await self._connection.fetch(QUERIES.lines_behind, chat, after, count_max)
        ]

    async def line_of(self, chat: str, client_id: str) -> Line | None:
        """The line that its holder named so."""
        row = await self._connection.fetchrow(QUERIES.line_of, chat, client_id)
        return None if row is None else _line(row)

    async def register(self, account: str, digests: Collection[bytes]) -> None:
        """Write the digests of an account, instead of others."""
        await self._connection.execute(QUERIES.register_digests, account, list(digests))

    async def registered(self, accounts: Collection[str]) -> list[tuple[str, tuple[bytes, ...]]]:
        """Those of these accounts."""
        rows = await self._connection.fetch(QUERIES.registered_digests, list(accounts))
        return [(row["account"], tuple(row["digests"])) for row in rows]

    async def checks(self, keys: Collection[bytes]) -> list[Check]:
        """How checks went for these keys; a row is made for each, so that two at once count as two."""
        rows = await self._connection.fetch(QUERIES.lock_checks, sorted(set(keys)))
        return [
            Check(
                key=row["key"],
                wrong=row["wrong"],
                since=micros_of(row["since"]),
                locked_until=None if row["locked_until"] is None else micros_of(row["locked_until"]),
            )
            for row in rows
        ]

    async def put_checks(self, checks: Sequence[Check]) -> None:
        """Write how they went."""
        await self._connection.executemany(
            QUERIES.put_check,
            [
                (
                    one.key,
                    one.wrong,
                    moment_of(one.since),
                    None if one.locked_until is None else moment_of(one.locked_until),
                )
                for one in checks
            ],
        )


def _line(row: Any) -> Line:
    return Line(row["seq"], row["client_id"], message_of_row(row))
