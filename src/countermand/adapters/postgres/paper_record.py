"""The record of a case, read back for papers; and the maps attached to decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from countermand.adapters.postgres.agreements import PostgresApprovals
from countermand.adapters.postgres.challenges import confirmation_of_row
from countermand.adapters.postgres.consents import PostgresConsents
from countermand.adapters.postgres.effects import effect_of_row
from countermand.adapters.postgres.holds import hold_of_row
from countermand.adapters.postgres.incidents import incident_of_row
from countermand.adapters.postgres.notices import QUERIES as NOTICES
from countermand.adapters.postgres.notices import notice_of_row, sending_of_row
from countermand.adapters.postgres.queries import Queries
from countermand.confirmation.challenges import Challenge
from countermand.evidence.case_record import (
    Attempt,
    FactLine,
    Heard,
    Labelled,
    OperationRecord,
    PlacedOrder,
    Stop,
)
from countermand.kernel.clock import micros_of, moment_of
from countermand.vocabulary.decisions import Answer
from countermand.vocabulary.incidents import Incident
from countermand.vocabulary.notices import Notice, Sending
from countermand.vocabulary.operations import Operation

QUERIES = Queries("paper_record.sql")
_OPERATION = msgspec.json.Decoder(Operation)
_ANSWER = msgspec.json.Decoder(Answer)
Item = TypeVar("Item")


class PostgresPaperRecord:
    """On a connection that is in a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def operations(self, named: Collection[str]) -> list[OperationRecord]:
        """Operations by their ids with all that is kept of them, by when they happened."""
        ids, fetch = sorted(named), self._connection.fetch
        rows = await fetch(QUERIES.operations_named, ids)
        consents = await PostgresConsents(self._connection).receipts_for(ids)
        proofs = [confirmation_of_row(row) for row in await fetch(QUERIES.confirmations_about, ids)]
        attempts = [_attempt(row["document"]) for row in await fetch(QUERIES.challenges_about, ids)]
        holds = {row["operation"]: hold_of_row(row) for row in await fetch(QUERIES.holds_about, ids)}
        approvals = await PostgresApprovals(self._connection).said(ids)
        by_proof = _grouped((one.ref, one) for one in proofs)
        by_attempt = _grouped((one.operation, one) for one in attempts)
        by_approval = _grouped((one.operation, one) for one in approvals)
        return [
            OperationRecord(
                operation=_OPERATION.decode(row["body"]),
                decision=_ANSWER.decode(row["answer"]).decision,
                policy=row["policy"],
                occurred_at=micros_of(row["occurred_at"]),
                received_at=micros_of(row["received_at"]),
                body_digest=row["body_digest"],
                trace=row["trace_id"],
                consent=consents.get(row["id"]),
                confirmations=by_proof.get(row["id"], ()),
                attempts=by_attempt.get(row["id"], ()),
                hold=holds.get(row["id"]),
                approvals=by_approval.get(row["id"], ()),
                label=_label(row),
            )
            for row in rows
        ]

    async def operations_kept(self, incidents: Collection[str]) -> list[str]:
        """The operations that these incidents asked to be kept as evidence."""
        rows = await self._connection.fetch(QUERIES.operations_kept, list(incidents))
        return [row["operation"] for row in rows]

    async def operations_since(self, account: str, since: int, count_max: int) -> list[str]:
        """An account's operations that came or ended their wait since (microseconds UTC), oldest first."""
        rows = await self._connection.fetch(QUERIES.operations_since, account, moment_of(since), count_max)
        return [row["id"] for row in rows]

    async def stops(self, incidents: Collection[str]) -> list[Stop]:
        """These incidents with their orders and effects, by when they were placed."""
        names, fetch = list(incidents), self._connection.fetch
        found = [incident_of_row(row) for row in await fetch(QUERIES.incidents_named, names)]
        orders = [(row["incident"], _order(row)) for row in await fetch(QUERIES.orders_placed, names)]
        wanted = [name for one in found for name in _effects_of(one)]
        rows = await fetch(QUERIES.effects_named, wanted)
        effects = {effect.id: effect for effect in map(effect_of_row, rows)}
        placed = _grouped(orders)
        return [
            Stop(
                incident=one,
                orders=placed.get(one.id, ()),
                effects=tuple(effects[name] for name in _effects_of(one) if name in effects),
            )
            for one in found
        ]

    async def heard(self, cases: Collection[str]) -> list[Heard]:
        """What came in for these cases, by time."""
        rows = await self._connection.fetch(QUERIES.heard_in_cases, list(cases))
        return [
            Heard(
                id=row["id"],
                case=row["case_id"],
                channel=row["channel"],
                received_at=micros_of(row["received_at"]),
                digest=row["digest"],
            )
            for row in rows
        ]

    async def notices(
        self, account: str, since: int, until: int, count_max: int
    ) -> list[tuple[Notice, tuple[Sending, ...]]]:
        """What an account's holder was told in a time, by time, with each way it went."""
        fetch = self._connection.fetch
        rows = await fetch(QUERIES.notices_between, account, moment_of(since), moment_of(until), count_max)
        found = [notice_of_row(row) for row in rows]
        ways = await fetch(NOTICES.sendings_of_notices, [one.id for one in found])
        by_notice = _grouped((one.notice, one) for one in map(sending_of_row, ways))
        return [(one, by_notice.get(one.id, ())) for one in found]

    async def facts(
        self,
        instants: Collection[int],
        cases: Collection[str],
        subjects: Collection[str],
        operations: Collection[str],
        count_max: int,
    ) -> list[FactLine]:
        """The journal's lines at exactly these instants about these cases, subjects or operations."""
        at = [moment_of(one) for one in sorted(set(instants))]
        rows = await self._connection.fetch(
            QUERIES.facts_at, at, list(cases), list(subjects), list(operations), count_max
        )
        return [_fact(row) for row in rows]

    async def attach(self, case: str, seq: int, content: bytes, at: int) -> None:
        """Keep the map that goes with an event of a case."""
        await self._connection.execute(QUERIES.attach_map, case, seq, content, moment_of(at))

    async def attached(self, case: str) -> list[tuple[int, bytes]]:
        """The maps of a case by the events that they go with."""
        rows = await self._connection.fetch(QUERIES.maps_attached, case)
        return [(row["seq"], row["content"]) for row in rows]


def _grouped(pairs: Iterable[tuple[str, Item]]) -> Mapping[str, tuple[Item, ...]]:
    found: dict[str, tuple[Item, ...]] = {}
    for name, one in pairs:
        found[name] = (*found.get(name, ()), one)
    return found


def _effects_of(incident: Incident) -> list[str]:
    return [str(name) for name in incident.shown.get("effects", [])]


def _attempt(document: Any) -> Attempt:
    one = msgspec.convert(document, Challenge)
    return Attempt(
        id=one.id,
        operation=one.ref,
        state=one.state.value,
        begun_at=one.begun_at,
        ended_at=one.ended_at,
        offered=tuple(offer.method for offer in one.offers),
        wrong_answers=one.known_failures + one.stranger_failures,
        device=one.device,
        session=one.session,
    )


def _label(row: Any) -> Labelled | None:
    if row["recorded_at"] is None:
        return None
    return Labelled(
        fraud=row["fraud"],
        source=row["source"],
        recorded_at=micros_of(row["recorded_at"]),
        recorded_by=row["recorded_by"],
    )


def _order(row: Any) -> PlacedOrder:
    return PlacedOrder(
        id=row["id"],
        measure=row["kind"],
        code=row["code"],
        placed_at=micros_of(row["placed_at"]),
        placed_by=row["placed_by"],
        ends_at=None if row["ends_at"] is None else micros_of(row["ends_at"]),
        lifted_at=None if row["lifted_at"] is None else micros_of(row["lifted_at"]),
        lifted_by=row["lifted_by"],
    )


def _fact(row: Any) -> FactLine:
    return FactLine(
        seq=row["seq"],
        at=micros_of(row["at"]),
        kind=row["kind"],
        subject=None if row["subject"] is None else str(row["subject"]),
        body=msgspec.json.decode(row["body"]) if isinstance(row["body"], str | bytes) else row["body"],
        trace=row["trace_id"],
        shard=row["label"],
        index=row["index"],
        leaf=row["leaf"],
    )
