"""The evidence vault in PostgreSQL, on a connection that is in a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import asyncpg

from countermand.adapters.postgres.cases import inbound_of_row
from countermand.adapters.postgres.queries import Queries
from countermand.evidence.custody import CustodyEvent, Touch
from countermand.evidence.exhibits import About, Exhibit, ExhibitKind, Scan, Standing
from countermand.evidence.holds import HoldReason, LegalHold
from countermand.evidence.ports import InstrumentRow, KeyRow, Tombstone, UploadPart, UploadRow
from countermand.kernel.clock import micros_of, moment_of
from countermand.kernel.errors import Conflict
from countermand.work.tellings import told_inbound
from countermand.work.vault_tellings import (
    told_destroyed,
    told_exhibit,
    told_key,
    told_legal_hold,
    told_tombstone,
    told_touch,
)

QUERIES = Queries("evidence.sql")


class PostgresKeyring:
    """Data keys, wrapped, and tombstones."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        # Found or put in this unit; the share of their rows keeps them alive until it ends.
        self._keys: dict[tuple[str, About], KeyRow] = {}

    async def put_key(self, row: KeyRow, subject_key: str | None) -> KeyRow:
        """Write a key under the handle of its subject; or the live one of its case."""
        written = await self._connection.fetchrow(
            QUERIES.put_key,
            row.id,
            row.case,
            row.subject,
            row.about.value,
            row.wrapped,
            row.service,
            row.key_name,
            moment_of(row.created_at),
            subject_key,
        )
        if written["id"] == row.id:
            self._connection.tell([told_key(key_of_row(written))])
        return self._seen(key_of_row(written))

    async def put_key_later(self, row: KeyRow) -> None:
        """Write the first key of a case that the same unit opens, together with the case."""
        given = (row.id, row.case, row.subject, row.about.value, row.wrapped, row.service, row.key_name)
        self._connection.later(QUERIES.put_new_keys, [(*given, moment_of(row.created_at))])
        self._connection.tell([told_key(row)])
        self._seen(row)

    def key_at_hand(self, case: str, about: About) -> KeyRow | None:
        """The live key of a case, where this unit has found or put one."""
        return self._keys.get((case, about))

    async def find_key(self, case: str, about: About) -> KeyRow | None:
        """The live key of a case."""
        row = await self._connection.beside.fetchrow(QUERIES.find_key, case, about.value)
        return None if row is None else self._seen(key_of_row(row))

    def _seen(self, row: KeyRow) -> KeyRow:
        self._keys[row.case, row.about] = row
        return row

    async def keys(self, names: Collection[str]) -> Mapping[str, KeyRow]:
        """Keys by name, destroyed ones too."""
        rows = await self._connection.fetch(QUERIES.keys_named, list(names))
        return {row["id"]: key_of_row(row) for row in rows}

    async def keys_of(self, case: str) -> list[KeyRow]:
        """All keys of a case, locked."""
        return [key_of_row(row) for row in await self._connection.fetch(QUERIES.keys_of_case, case)]

    async def keys_of_subject(self, subject: str) -> list[KeyRow]:
        """All keys of a subject."""
        return [key_of_row(row) for row in await self._connection.fetch(QUERIES.keys_of_subject, subject)]

    async def keys_to_rewrap(self, service: str, key_name: str, after: str, count_max: int) -> list[KeyRow]:
        """Live keys that are not wrapped by this key, behind one of them; locked."""
        rows = await self._connection.fetch(QUERIES.keys_to_rewrap, service, key_name, after, count_max)
        return [key_of_row(row) for row in rows]

    async def rewrap(self, rows: Sequence[KeyRow]) -> None:
        """Write how keys are wrapped now; all of them by one service."""
        await self._connection.execute(
            QUERIES.rewrap_keys,
            [row.id for row in rows],
            [row.wrapped for row in rows],
            rows[0].service,
            [row.key_name for row in rows],
        )

    async def key_samples(self) -> list[KeyRow]:
        """One live key for each key that wraps some."""
        return [key_of_row(row) for row in await self._connection.fetch(QUERIES.key_samples)]

    async def destroy_keys(self, stones: Sequence[Tombstone]) -> list[bytes]:
        """Forget wrapped keys for good; the objects that held what was sealed under them."""
        names = [stone.data_key for stone in stones]
        rows = await self._connection.fetch(QUERIES.objects_of_keys, names)
        await self._connection.execute(
            QUERIES.destroy_keys,
            names,
            [stone.case for stone in stones],
            [stone.subject for stone in stones],
            [moment_of(stone.at) for stone in stones],
            [stone.actor for stone in stones],
            [stone.reason for stone in stones],
        )
        left = await self._connection.fetch(QUERIES.exhibits_of_keys, names)
        self._connection.tell(told_exhibit(exhibit_of_row(row)) for row in left)
        heard = await self._connection.fetch(QUERIES.reports_of_keys, names)
        self._connection.tell(told_inbound(inbound_of_row(row)) for row in heard)
        self._connection.tell(map(told_destroyed, stones))
        self._connection.tell(map(told_tombstone, stones))
        return [row["object"] for row in rows]

    async def tombstones(self) -> list[Tombstone]:
        """Everything that was destroyed, oldest first."""
        rows = await self._connection.fetch(QUERIES.all_tombstones)
        return [tombstone_of_row(row) for row in rows]


class PostgresEvidence(PostgresKeyring):
    """Exhibits, their chains of custody, uploads and legal holds."""

    async def add_exhibit(self, exhibit: Exhibit, events: Sequence[CustodyEvent]) -> None:
        """Write an exhibit with the first touches of its chain."""
        one = exhibit
        await self._connection.execute(
            QUERIES.add_exhibit,
            one.id, one.case, one.data_key, one.kind.value, one.about.value, one.name, one.declared,
            one.sniffed, one.lies, one.size, one.plain_digest, one.object, one.object_size, one.scan.value,
            one.standing.value, one.origin, moment_of(one.captured_at), one.captured_by, one.derived_from,
            one.attachment,
        )  # fmt: skip
        self._connection.tell([told_exhibit(exhibit)])
        await self.touch(events)

    async def exhibits(self, case: str) -> list[Exhibit]:
        """All exhibits of a case, oldest first."""
        return [exhibit_of_row(row) for row in await self._connection.fetch(QUERIES.case_exhibits, case)]

    async def exhibit(self, name: str) -> Exhibit | None:
        """One by its name, locked."""
        row = await self._connection.fetchrow(QUERIES.lock_exhibit, name)
        return None if row is None else exhibit_of_row(row)

    async def touch(self, events: Sequence[CustodyEvent]) -> None:
        """Touches more. Raises Conflict (`custody_gap`)."""
        try:
            rows = await self._connection.fetch(
                QUERIES.add_touches,
                [one.exhibit for one in events],
                [one.seq for one in events],
                [one.touch.value for one in events],
                [moment_of(one.at) for one in events],
                [one.actor for one in events],
                [one.body for one in events],
            )
        except asyncpg.UniqueViolationError as error:
            raise Conflict(
                "custody_gap",
                "Somebody else touched the exhibit at the same moment; ask again.",
                "该证物同时被他人操作，请重试。",
            ) from error
        cases = {row["exhibit"]: row["case_id"] for row in rows}
        self._connection.tell(told_touch(one, cases[one.exhibit]) for one in events)

    async def custody(self, exhibit: str) -> list[CustodyEvent]:
        """The chain of one exhibit."""
        return [touch_of_row(row) for row in await self._connection.fetch(QUERIES.exhibit_custody, exhibit)]

    async def custody_of_case(self, case: str) -> list[CustodyEvent]:
        """The chains of all exhibits of a case, by time."""
        return [touch_of_row(row) for row in await self._connection.fetch(QUERIES.case_custody, case)]

    async def begin_upload(self, upload: UploadRow) -> None:
        """Write an upload."""
        one = upload
        await self._connection.execute(
            QUERIES.begin_upload,
            one.id, one.token, one.case, one.data_key, one.kind.value, one.about.value, one.declared,
            one.wanted, one.length, one.actor, moment_of(one.begun_at), moment_of(one.ends_at),
        )  # fmt: skip

    async def upload(self, token: bytes, *, lock: bool = False) -> UploadRow | None:
        """The upload that somebody holds the token of."""
        row = await self._connection.fetchrow(QUERIES.lock_upload if lock else QUERIES.find_upload, token)
        return None if row is None else _upload(row)

    async def add_part(self, part: UploadPart) -> None:
        """Bytes more. Raises Conflict (`upload_offset`)."""
        moved = await self._connection.fetchval(QUERIES.move_upload, part.upload, part.start, part.size)
        if moved is None:
            raise Conflict(
                "upload_offset",
                "The upload has gone on meanwhile; ask with HEAD where it is.",
                "上传进度已变化，请用 HEAD 查询当前偏移量。",
            )
        await self._connection.execute(QUERIES.add_part, *part)

    async def parts(self, upload: str) -> list[UploadPart]:
        """What is safe of an upload, in order."""
        return [UploadPart(*row) for row in await self._connection.fetch(QUERIES.upload_parts, upload)]

    async def end_upload(self, upload: str, exhibit: str | None) -> list[bytes]:
        """It became an exhibit, or nothing; the objects of its parts."""
        rows = await self._connection.fetch(QUERIES.forget_parts, upload)
        if exhibit is None:
            await self._connection.execute(QUERIES.forget_upload, upload)
        else:
            await self._connection.execute(QUERIES.finish_upload, upload, exhibit)
        return [row["object"] for row in rows]

    async def uploads_over(self, now: int, count_max: int) -> list[UploadRow]:
        """Uploads that were never finished and are over their time."""
        rows = await self._connection.fetch(QUERIES.uploads_over, moment_of(now), count_max)
        return [_upload(row) for row in rows]

    async def object_used(self, object_name: bytes) -> bool:
        """Whether an exhibit or a part is in this object."""
        return bool(await self._connection.fetchval(QUERIES.object_used, object_name))

    async def put_hold(self, hold: LegalHold) -> None:
        """A legal hold, new or ended."""
        await self._connection.execute(
            QUERIES.put_legal_hold,
            hold.id,
            hold.case,
            hold.reason.value,
            hold.basis,
            moment_of(hold.begun_at),
            hold.begun_by,
            None if hold.ended_at is None else moment_of(hold.ended_at),
            hold.ended_by,
        )
        self._connection.tell([told_legal_hold(hold)])

    async def holds(self, case: str) -> list[LegalHold]:
        """All legal holds of a case."""
        return [hold_of_row(row) for row in await self._connection.fetch(QUERIES.case_holds, case)]

    async def cases_ended(self, before: int, after: str, count_max: int) -> list[tuple[str, int]]:
        """Closed cases with live data keys that ended before an instant."""
        rows = await self._connection.fetch(QUERIES.cases_ended, moment_of(before), after, count_max)
        return [(row["id"], micros_of(row["closed_at"])) for row in rows]


class PostgresInstruments:
    """Numbers of cards and accounts behind tokens."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def put_instrument(self, row: InstrumentRow) -> InstrumentRow:
        """Write a token; the one that the merchant has already, where there is one."""
        *given, made_at, used_at = row
        written = await self._connection.fetchrow(
            QUERIES.put_instrument, *given, moment_of(made_at), moment_of(used_at)
        )
        return _instrument(written)

    async def instrument(self, token: str, at: int) -> InstrumentRow | None:
        """What a token stands for; used at that instant."""
        row = await self._connection.fetchrow(QUERIES.use_instrument, token, moment_of(at))
        return None if row is None else _instrument(row)

    async def drop_instruments(self, unused_since: int) -> int:
        """Forget tokens that nobody used since; how many."""
        done = await self._connection.execute(QUERIES.drop_instruments, moment_of(unused_since))
        return int(done.rpartition(" ")[2])


async def anything_sealed(connection: Any) -> bool:
    """Whether anything was ever sealed in this database; its keys must be there then."""
    return bool(await connection.fetchval(QUERIES.anything_sealed))


def tombstone_of_row(row: Any) -> Tombstone:
    """A row of the table as a tombstone."""
    return Tombstone(
        row["data_key"], row["case_id"], row["subject"], micros_of(row["at"]), row["actor"], row["reason"]
    )


def key_of_row(row: Any) -> KeyRow:
    """A row of the table as a data key."""
    return KeyRow(
        id=row["id"],
        case=row["case_id"],
        subject=row["subject"],
        about=About(row["about"]),
        wrapped=row["wrapped"],
        service=row["service"],
        key_name=row["key_name"],
        created_at=micros_of(row["created_at"]),
        shredded_at=_micros(row["shredded_at"]),
    )


def exhibit_of_row(row: Any) -> Exhibit:
    """A row of the table as an exhibit."""
    return Exhibit(
        id=row["id"],
        case=row["case_id"],
        data_key=row["data_key"],
        kind=ExhibitKind(row["kind"]),
        about=About(row["about"]),
        name=row["name"],
        declared=row["declared"],
        sniffed=row["sniffed"],
        lies=row["lies"],
        size=row["size"],
        plain_digest=row["plain_digest"],
        object=row["object"],
        object_size=row["object_size"],
        scan=Scan(row["scan"]),
        standing=Standing(row["standing"]),
        origin=row["origin"],
        captured_at=micros_of(row["captured_at"]),
        captured_by=row["captured_by"],
        derived_from=row["derived_from"],
        attachment=row["attachment"],
    )


def touch_of_row(row: Any) -> CustodyEvent:
    """A row of the table as a touch."""
    return CustodyEvent(
        exhibit=row["exhibit"],
        seq=row["seq"],
        touch=Touch(row["touch"]),
        at=micros_of(row["at"]),
        actor=row["actor"],
        body=row["body"],
    )


def _upload(row: Any) -> UploadRow:
    return UploadRow(
        id=row["id"],
        token=row["token"],
        case=row["case_id"],
        data_key=row["data_key"],
        kind=ExhibitKind(row["kind"]),
        about=About(row["about"]),
        declared=row["declared"],
        wanted=row["wanted"],
        length=row["length"],
        offset=row["offset"],
        actor=row["actor"],
        begun_at=micros_of(row["begun_at"]),
        ends_at=micros_of(row["ends_at"]),
        exhibit=row["exhibit"],
    )


def hold_of_row(row: Any) -> LegalHold:
    """A row of the table as a legal hold."""
    return LegalHold(
        id=row["id"],
        case=row["case_id"],
        reason=HoldReason(row["reason"]),
        basis=row["basis"],
        begun_at=micros_of(row["begun_at"]),
        begun_by=row["begun_by"],
        ended_at=_micros(row["ended_at"]),
        ended_by=row["ended_by"],
    )


def _instrument(row: Any) -> InstrumentRow:
    return InstrumentRow(
        row["token"],
        row["merchant"],
        row["finder"],
        row["sealed"],
        row["masked"],
        micros_of(row["made_at"]),
        micros_of(row["used_at"]),
    )


def _micros(moment: Any) -> int | None:
    return None if moment is None else micros_of(moment)
