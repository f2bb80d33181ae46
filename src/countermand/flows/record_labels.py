"""A label is recorded: in one order with the operations, known to every operation decided after it.

Labels wait in the same queue as operations and are recorded by the same groups (`flows.group_commit`). The
same label again changes nothing; another one corrects it, and both stay in the record.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from countermand.flows.labelled_windows import LabelledWindows
from countermand.kernel.clock import micros_of, rfc3339
from countermand.kernel.errors import BadRequest, CountermandError, NotFound
from countermand.kernel.ids import Ids
from countermand.vocabulary.facts import OPERATION_LABELLED, Fact
from countermand.vocabulary.labels import Label
from countermand.work.record import DecidedRow, LabelRow, PastOperation

_ANSWER = msgspec.json.Encoder()
Past = PastOperation | DecidedRow


class LabelShown(msgspec.Struct, frozen=True, gc=False):
    """The label an operation has now; `changed`: this request made it so; `corrects`: which it replaced."""

    operation: str
    label: str
    fraud: bool
    source: str
    known_at: str
    recorded_at: str
    changed: bool
    corrects: str | None = None


@dataclass(slots=True)
class PendingLabel:
    """One label on its way, and what came of it. `known_at` is None where the request left it out."""

    label: Label
    known_at: int | None
    actor: str
    trace: str | None
    result: bytes | CountermandError | None = None

    @property
    def id(self) -> str:
        """The operation it is about."""
        return self.label.operation


def pending_label(label: Label, actor: str, trace: str | None, latest: int) -> PendingLabel:
    """A label to be recorded; `latest` is the latest instant at which it may have become known.

    Raises BadRequest (`label_known_in_the_future`, `invalid_label`).
    """
    known_at = None if label.known_at is None else micros_of(label.known_at)
    if known_at is not None and known_at > latest:
        raise BadRequest(
            "label_known_in_the_future",
            "known_at lies in the future; check the sender's clock.",
            "known_at 在未来；请检查发送方的时钟。",
            field="known_at",
            operation=label.operation,
        )
    try:
        (label.operation + label.source).encode()
    except UnicodeEncodeError:
        raise BadRequest(
            "invalid_label",
            "The label holds half of a character, which cannot be recorded.",
            "标签含有不完整的字符，无法落库。",
            field="operation",
        ) from None
    return PendingLabel(label, known_at, actor, trace)


@dataclass(slots=True)
class _Changing:
    """The labels of one operation as this process knows them: the recorded one, then those on their way."""

    settled: LabelRow | None
    unsettled: list[LabelRow] = field(default_factory=list)

    @property
    def latest(self) -> LabelRow | None:
        return self.unsettled[-1] if self.unsettled else self.settled


@dataclass(slots=True)
class LabelBook:
    """Labels as they are decided, before and after their commit. `count_max`: as many as can be in flight.

    `windows` are those of every policy that observes.
    """

    ids: Ids
    count_max: int
    _changing: dict[str, _Changing] = field(default_factory=dict)
    _order: deque[str] = field(default_factory=deque)

    def record(
        self, member: PendingLabel, past: Past | None, windows: Sequence[LabelledWindows], now: int
    ) -> tuple[LabelRow, Fact] | None:
        """The row of a label that changes something, now in the windows too; the member has its answer.

        `past` is None for an operation that nobody decided.
        """
        if past is None:
            member.result = _unknown(member.id)
            return None
        changing = self._changing.get(member.id)
        if changing is None:
            changing = _Changing(past.label if isinstance(past, PastOperation) else None)
        latest = changing.latest
        if latest is not None and _says_the_same(latest, member):
            member.result = _shown(latest, None, changed=False)
            return None
        asked = member.label
        known_at = now if member.known_at is None else member.known_at
        row = LabelRow(
            self.ids.new("lab", now),
            member.id,
            asked.fraud,
            asked.source,
            past.occurred_at,
            known_at,
            now,
            member.actor,
            member.trace,
        )
        corrects = None if latest is None else latest.id
        body: dict[str, Any] = {"operation": member.id, "label": row.id, "fraud": row.fraud}
        if corrects is not None:
            body["corrects"] = corrects
        fact = Fact(now, OPERATION_LABELLED, body, None, member.trace)
        for one in windows:
            one.stand(past, row.fraud, now)
        changing.unsettled.append(row)
        self._keep(member.id, changing)
        member.result = _shown(row, corrects, changed=True)
        return row, fact

    def undo(self, row: LabelRow, past: Past, windows: Sequence[LabelledWindows], now: int) -> None:
        """Take back a label whose group was not committed; what stood before it stands again.

        If it was a correction, the earlier label comes last among operations of the very same instant until
        the next start: only a `last` over a filter that names fraud could tell.
        """
        changing = self._changing[row.operation_id]
        changing.unsettled.remove(row)
        _stand(changing, past, windows, now)

    def settle(self, row: LabelRow) -> None:
        """The label is recorded."""
        changing = self._changing[row.operation_id]
        changing.unsettled.remove(row)
        changing.settled = row

    def reinstate(self, row: LabelRow, past: Past, windows: Sequence[LabelledWindows], now: int) -> None:
        """A label that was taken back is recorded after all."""
        changing = self._changing[row.operation_id]
        changing.settled = row
        _stand(changing, past, windows, now)

    def _keep(self, operation: str, changing: _Changing) -> None:
        if operation in self._changing:
            return
        self._changing[operation] = changing
        self._order.append(operation)
        while len(self._order) > self.count_max and not self._changing[self._order[0]].unsettled:
            del self._changing[self._order.popleft()]


class Labeller(Protocol):
    """Who puts labels in order with the operations."""

    async def label_many(
        self, labels: Sequence[Label], actor: str, trace: str | None
    ) -> list[bytes | CountermandError]:
        """Durable answers (LabelShown as JSON) in order; what is refused is a value in its place."""
        ...


class LabelHouse(Protocol):
    """What this story needs of the house."""

    @property
    def decider(self) -> Labeller: ...


async def label_operation(house: LabelHouse, label: Label, actor: str, trace: str | None = None) -> bytes:
    """Record one label; its LabelShown as JSON.

    Raises NotFound (`unknown_operation`), BadRequest (`label_known_in_the_future`, `invalid_label`) and
    Unavailable.
    """
    (result,) = await house.decider.label_many([label], actor, trace)
    if isinstance(result, CountermandError):
        raise result
    return result


def _stand(changing: _Changing, past: Past, windows: Sequence[LabelledWindows], now: int) -> None:
    latest = changing.latest
    for one in windows:
        one.stand(past, None if latest is None else latest.fraud, now)


def _says_the_same(latest: LabelRow, member: PendingLabel) -> bool:
    asked = member.label
    same_instant = member.known_at is None or member.known_at == latest.known_at
    return latest.fraud == asked.fraud and latest.source == asked.source and same_instant


def _shown(row: LabelRow, corrects: str | None, *, changed: bool) -> bytes:
    return _ANSWER.encode(
        LabelShown(
            row.operation_id,
            row.id,
            row.fraud,
            row.source,
            rfc3339(row.known_at),
            rfc3339(row.recorded_at),
            changed,
            corrects,
        )
    )


def _unknown(operation: str) -> NotFound:
    return NotFound(
        "unknown_operation",
        f"No operation {operation} was decided here, so it cannot be labelled.",
        f"此处没有裁决过操作 {operation}，无法加标签。",
        operation=operation,
    )
