"""What outsiders say of the log, in PostgreSQL: cosignatures, time stamps, anchors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from countermand.adapters.postgres.availability import away_is_unavailable
from countermand.adapters.postgres.journal import append_fact
from countermand.adapters.postgres.queries import Queries
from countermand.kernel.clock import micros_of, moment_of
from countermand.transparency.anchors import AnchorReceipt, AnchorState
from countermand.transparency.notes import Note, Signature, parse_note
from countermand.transparency.stamps import StampedTime
from countermand.transparency.witness_ports import KeptAnchor, KeptStamp
from countermand.vocabulary.facts import LOG_ANCHORED, Fact

QUERIES = Queries("witnesses.sql")


class PostgresCosignatures:
    """Implements `CosignatureShelf`."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def sizes(self, origin: str) -> Mapping[str, int]:
        """The largest size each witness cosigned."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.cosigned_sizes, origin)
        return {row["witness"]: row["size"] for row in rows}

    async def keep(self, origin: str, size: int, witness: str, lines: Sequence[Signature], at: int) -> None:
        """Keep a witness's lines."""
        text = "".join(one.line for one in lines)
        with away_is_unavailable():
            await self._pool.execute(QUERIES.keep_cosignature, origin, size, witness, text, moment_of(at))

    async def lines(self, origin: str, size: int) -> Mapping[str, tuple[Signature, ...]]:
        """What each witness signed at a size."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.lines_at, origin, size)
        return {row["witness"]: parse_note(f"\n\n{row['lines']}".encode()).signatures for row in rows}

    async def notes(self, origin: str, count_max: int) -> Sequence[Note]:
        """Checkpoints with their cosignatures, the largest first."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.cosigned_notes, origin, count_max)
        return [parse_note(f"{row['note']}{row['lines']}".encode()) for row in rows]


class PostgresStamps:
    """Implements `StampShelf`."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def newest(self, origin: str) -> KeptStamp | None:
        """The token of the largest size."""
        with away_is_unavailable():
            return _stamp(await self._pool.fetchrow(QUERIES.newest_timestamp, origin))

    async def keep(self, stamp: KeptStamp) -> None:
        """Keep a token."""
        said = stamp.stamped
        with away_is_unavailable():
            await self._pool.execute(
                QUERIES.keep_timestamp,
                *(stamp.origin, stamp.size, stamp.digest, stamp.token),
                *(moment_of(said.at), said.accuracy, said.serial, said.policy, said.authority),
                moment_of(stamp.kept_at),
            )

    async def covering(self, origin: str, size: int) -> KeptStamp | None:
        """The token of the smallest tree that has the first `size` entries."""
        with away_is_unavailable():
            return _stamp(await self._pool.fetchrow(QUERIES.covering_timestamp, origin, size))


class PostgresAnchors:
    """Implements `AnchorShelf`."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def newest(self, origin: str) -> KeptAnchor | None:
        """The one sent last."""
        with away_is_unavailable():
            row = await self._pool.fetchrow(QUERIES.newest_anchor, origin)
        return None if row is None else _anchor(row)

    async def covering(self, origin: str, size: int) -> KeptAnchor | None:
        """The anchor of the smallest tree that has the first `size` entries, once a block holds it."""
        with away_is_unavailable():
            row = await self._pool.fetchrow(QUERIES.covering_anchor, origin, size)
        return None if row is None else _anchor(row)

    async def unsettled(self, lost_since: int, count_max: int) -> Sequence[KeptAnchor]:
        """Those not final yet."""
        with away_is_unavailable():
            rows = await self._pool.fetch(QUERIES.unsettled_anchors, moment_of(lost_since), count_max)
        return [_anchor(row) for row in rows]

    async def keep(self, anchor: KeptAnchor) -> None:
        """Keep a new one, or how it stands now; once it is final, the log itself says so."""
        receipt = anchor.receipt
        with away_is_unavailable():
            async with self._pool.acquire() as connection, connection.transaction():
                before = await connection.fetchval(QUERIES.lock_anchor, receipt.chain, receipt.reference)
                await connection.execute(
                    QUERIES.keep_anchor,
                    *(receipt.chain, receipt.reference, anchor.origin, anchor.size, receipt.digest),
                    *(receipt.state.value, receipt.block, receipt.block_time, receipt.confirmations),
                    *(receipt.evidence, moment_of(anchor.sent_at), moment_of(anchor.checked_at)),
                )
                if receipt.state is AnchorState.FINAL and before != AnchorState.FINAL:
                    await append_fact(connection, _anchored(anchor))


def _anchored(anchor: KeptAnchor) -> Fact:
    receipt = anchor.receipt
    body = {
        "log": anchor.origin,
        "size": anchor.size,
        "digest": receipt.digest,
        "chain": receipt.chain,
        "reference": receipt.reference,
        "block": receipt.block,
    }
    return Fact(anchor.checked_at, LOG_ANCHORED, body)


def _stamp(row: asyncpg.Record | None) -> KeptStamp | None:
    if row is None:
        return None
    return KeptStamp(
        origin=row["origin"],
        size=row["size"],
        digest=row["digest"],
        token=row["token"],
        stamped=StampedTime(
            at=micros_of(row["stamped_at"]),
            accuracy=row["accuracy_micros"],
            serial=row["serial"],
            policy=row["policy"],
            authority=row["authority"],
        ),
        kept_at=micros_of(row["kept_at"]),
    )


def _anchor(row: asyncpg.Record) -> KeptAnchor:
    receipt = AnchorReceipt(
        chain=row["chain"],
        digest=row["digest"],
        reference=row["reference"],
        state=AnchorState(row["state"]),
        block=row["block"],
        block_time=row["block_time"],
        confirmations=row["confirmations"],
        evidence=row["evidence"],
    )
    return KeptAnchor(
        row["origin"], row["size"], receipt, micros_of(row["sent_at"]), micros_of(row["checked_at"])
    )
