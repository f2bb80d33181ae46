"""Everything that the record has about a case, gathered once: what every paper about it is made from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from countermand.evidence.custody import CustodyEvent
from countermand.evidence.exhibits import Exhibit
from countermand.vocabulary.approvals import Approval
from countermand.vocabulary.authenticators import Confirmation, Method
from countermand.vocabulary.cases import Case, CaseEvent, Message
from countermand.vocabulary.clocks import Clock
from countermand.vocabulary.confirmations import ConsentReceipt
from countermand.vocabulary.decisions import Decision
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.incidents import Incident
from countermand.vocabulary.notices import Notice, Sending
from countermand.vocabulary.operations import Operation


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One challenge: what was offered, how it ended, and the wrong answers on the way. Microseconds UTC."""

    id: str
    operation: str
    state: str
    begun_at: int
    ended_at: int | None
    offered: tuple[Method, ...]
    wrong_answers: int
    device: str | None
    session: str | None


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation was last said to be, by whom; microseconds UTC."""

    fraud: bool
    source: str
    recorded_at: int
    recorded_by: str


class OperationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One operation with all that was decided, shown, proved and said about it. Microseconds UTC."""

    operation: Operation
    decision: Decision
    policy: str
    occurred_at: int
    received_at: int
    body_digest: bytes
    trace: str | None
    consent: ConsentReceipt | None = None
    confirmations: tuple[Confirmation, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    hold: Hold | None = None
    approvals: tuple[Approval, ...] = ()
    label: Labelled | None = None


class PlacedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order of an incident, standing or lifted; microseconds UTC."""

    id: str
    measure: str
    code: str
    placed_at: int
    placed_by: str
    ends_at: int | None = None
    lifted_at: int | None = None
    lifted_by: str | None = None


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """An incident, what it ordered, and who was told to follow."""

    incident: Incident
    orders: tuple[PlacedOrder, ...]
    effects: tuple[Effect, ...]


class FactLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the journal; `leaf` and `index` where the log has it. Microseconds UTC."""

    seq: int
    at: int
    kind: str
    subject: str | None
    body: dict[str, Any]
    trace: str | None
    shard: str | None = None
    index: int | None = None
    leaf: bytes | None = None


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it came in; `digest` is the SHA-256 of its bytes. Microseconds UTC."""

    id: str
    case: str
    channel: str
    received_at: int
    digest: bytes


class CaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A case, those that became part of it (`parts`), and all about them; each list by time.

    `number` as it is spoken; `made_at` (microseconds UTC) is when it was gathered. `later` are the operations
    of the account that came or ended their wait since the first word; `later_cut`: not all of them are here.
    """

    case: Case
    number: str
    made_at: int
    parts: tuple[str, ...]
    events: tuple[CaseEvent, ...] = ()
    messages: tuple[Message, ...] = ()
    heard: tuple[Heard, ...] = ()
    operations: tuple[OperationRecord, ...] = ()
    later: tuple[OperationRecord, ...] = ()
    later_cut: bool = False
    stops: tuple[Stop, ...] = ()
    notices: tuple[tuple[Notice, tuple[Sending, ...]], ...] = ()
    clocks: tuple[Clock, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    custody: tuple[CustodyEvent, ...] = ()
    facts: tuple[FactLine, ...] = ()
    addresses: tuple[str, ...] = ()

    def raw_values(self) -> Iterator[str]:
        """What no paper may show as it is: accounts, people, devices, sessions, addresses, receivers."""
        yield from self.addresses
        for one in (self.case.account, self.case.person):
            if one is not None:
                yield one
        for record in (*self.operations, *self.later):
            yield from _values_of(record)
        for stop in self.stops:
            yield from (one for one in (stop.incident.account, stop.incident.person) if one is not None)


def _values_of(record: OperationRecord) -> Iterator[str]:
    asked = record.operation
    found = [asked.account, asked.person, asked.ip, asked.session]
    found += [] if asked.device is None else [asked.device.id]
    found += [] if asked.counterparty is None else [asked.counterparty.id]
    for device, session in given_on(record):
        found += [device, session]
    yield from (one for one in found if one is not None)


def given_on(record: OperationRecord) -> Iterator[tuple[str | None, str | None]]:
    """On which devices and in which sessions proofs and consent were given, in order."""
    for proof in record.confirmations:
        yield proof.device, proof.session
    for attempt in record.attempts:
        yield attempt.device, attempt.session
    if record.consent is not None:
        yield record.consent.device, record.consent.session
