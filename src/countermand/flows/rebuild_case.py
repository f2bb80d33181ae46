"""A case as the facts about it tell: its events opened against what was bound, folded, and compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from cryptography.exceptions import InvalidTag

from countermand.cases.case import fold
from countermand.cases.ports import Inbound
from countermand.flows.committed import Label, Salts, commitments
from countermand.flows.kept_words import Keeping, open_kept
from countermand.kernel.errors import CountermandError, Unavailable
from countermand.transparency.entries import COMMITMENTS
from countermand.transparency.replaying import Difference, Line, Thing
from countermand.vocabulary.cases import Case, CaseEvent, EventKind
from countermand.vocabulary.facts import CASE_CHANGED, REPORT_NOTED, REPORT_RECEIVED, SUBJECT_SHREDDED
from countermand.work import Unit
from countermand.work.replaying import StoredCase, StoredEvent
from countermand.work.tellings import Told

# What folding an event that somebody changed by hand can end with.
_UNFOLDABLE = (CountermandError, AssertionError, KeyError, ValueError, TypeError, msgspec.ValidationError)


class Found(Protocol):
    """Where what is found goes."""

    cases: int
    events: int
    older: int
    erased: int

    def differ(self, found: Iterable[Difference]) -> None:
        """Keep these."""
        ...


class Opening(Keeping, Protocol):
    """What opens what facts bind."""

    @property
    def salts(self) -> Salts: ...


@dataclass(frozen=True, slots=True)
class CaseRebuilder:
    """One stored case, and the facts about it in order."""

    house: Opening
    unit: Unit
    stored: StoredCase
    lines: Sequence[Line]
    told: Told
    found: Found

    async def compare(self) -> None:
        """Events, state and columns, and what came in. Raises Unavailable."""
        self.found.cases += 1
        events, folded = self._told_events(), None
        try:
            folded = fold(self._as_events(events))
        except _UNFOLDABLE as error:
            self._differ("case_file", self.stored.id, "state", "there", f"cannot be rebuilt: {error}", None)
        if folded is None:
            return
        keys = await self._keys(folded)
        erased = any(line.kind == SUBJECT_SHREDDED for line in self.lines)
        for line, event in events:
            self._compare_event(line, event, keys, erased=erased)
        self._compare_state(folded, events[-1][0].number)
        if not keys:
            return
        for report in self.stored.reports:
            await self._compare_report(report, keys, erased=erased)

    async def _keys(self, case: Case) -> Sequence[bytes]:
        """The keys to what is bound; one that does not unwrap was changed, unless its service is away."""
        try:
            return await self.house.salts.keys(self.unit, case)
        except Unavailable as error:
            if error.code == "key_service_away":
                raise
            reason = error.code
        except (CountermandError, InvalidTag, ValueError) as error:
            reason = str(error) or type(error).__name__
        live = [
            one.id
            for one in self.stored.rows.tellings
            if one.thing is Thing.DATA_KEY and one.says["shredded_at"] is None
        ]
        name = ", ".join(live) or f"of {self.stored.id}"
        self._differ("data_key", name, "wrapped", f"does not unwrap: {reason}", "unwraps", None)
        return ()

    def _told_events(self) -> list[tuple[Line, StoredEvent]]:
        """Each event that a fact tells of, as stored; what only one of them knows is a difference."""
        kept = {event.seq: event for event in self.stored.events}
        told = []
        for line in self.lines:
            if line.kind != CASE_CHANGED:
                continue
            event = kept.pop(line.body["seq"], None)
            if event is None:
                self._differ("case_event", self._row(line.body["seq"]), "the row", "missing", "there", line)
            else:
                told.append((line, event))
        for seq in kept:
            self._differ("case_event", self._row(seq), "the row", "there", "no fact tells of it", None)
        return told

    def _as_events(self, events: Sequence[tuple[Line, StoredEvent]]) -> Iterable[CaseEvent]:
        for line, event in events:
            yield CaseEvent(
                case=self.stored.id,
                seq=line.body["seq"],
                kind=EventKind(line.body["kind"]),
                at=line.at,
                actor=line.body["actor"],
                body=event.body,
                trace=line.trace,
            )

    def _compare_event(self, line: Line, event: StoredEvent, keys: Sequence[bytes], *, erased: bool) -> None:
        self.found.events += 1
        row, body = self._row(event.seq), line.body
        said = {"kind": body["kind"], "at": line.at, "actor": body["actor"], "trace_id": line.trace}
        stored = {"kind": event.kind, "at": event.at, "actor": event.actor, "trace_id": event.trace}
        for name, value in stored.items():
            if value != said[name]:
                self._differ("case_event", row, name, value, said[name], line)
        if not keys:
            return
        bound = body.get(COMMITMENTS, {}).get("body")
        label = Label.event(self.stored.id, event.seq)
        self._compare_bound(line, bound, ("case_event", row, "body"), label, event.body, keys, erased=erased)

    def _compare_bound(
        self,
        line: Line,
        bound: str | None,
        place: tuple[str, str, str],
        label: tuple[str, ...],
        value: Any,
        keys: Sequence[bytes],
        *,
        erased: bool,
    ) -> None:
        """That a value is the one that a fact binds under some name, here the last word of its column."""
        name = _NAMES.get(place[2], place[2])
        if bound is None and line.at < self.told.since:
            self.found.older += 1
        elif not any(commitments(key, label, {name: value})[COMMITMENTS][name] == bound for key in keys):
            if erased:
                self.found.erased += 1
            else:
                self._differ(*place, "another value", "what was bound", line)

    def _compare_state(self, case: Case, last: int) -> None:
        table, row, state = "case_file", self.stored.id, self.stored.state
        try:
            kept = msgspec.convert(state, Case)
        except msgspec.ValidationError as error:
            self.found.differ([Difference(table, row, "state", f"unreadable: {error}", "a case", last)])
            return
        names = Case.__struct_fields__
        for name in names:
            self._compare_value(f"state.{name}", getattr(kept, name), getattr(case, name), last)
        for name in state.keys() - set(names):
            self.found.differ([Difference(table, row, f"state.{name}", state[name], None, last)])
        for name, value in self.stored.columns.items():
            self._compare_value(name, value, msgspec.to_builtins(getattr(case, name)), last)

    def _compare_value(self, name: str, kept: Any, rebuilt: Any, last: int) -> None:
        if kept != rebuilt:
            stored, told = msgspec.to_builtins((kept, rebuilt))
            self.found.differ([Difference("case_file", self.stored.id, name, stored, told, last)])

    async def _compare_report(self, inbound: Inbound, keys: Sequence[bytes], *, erased: bool) -> None:
        lines = [line for line in self.lines if line.kind in (REPORT_RECEIVED, REPORT_NOTED)]
        line = next((one for one in lines if one.body["report"] == inbound.id), None)
        if line is None:
            self._differ("inbound", inbound.id, "the row", "there", "no fact tells of it", None)
            return
        if line.body["channel"] != inbound.channel:
            self._differ("inbound", inbound.id, "channel", inbound.channel, line.body["channel"], line)
        label, bound = Label.report(inbound.id), line.body.get(COMMITMENTS, {})
        place = ("inbound", inbound.id, "answer")
        self._compare_bound(line, bound.get("answer"), place, label, inbound.answer, keys, erased=erased)
        try:
            raw = await open_kept(self.house, self.unit, inbound.sealed, f"inbound {inbound.id}")
        except CountermandError as error:
            if not erased:
                self._differ("inbound", inbound.id, "sealed", f"does not open: {error.code}", "opens", line)
            return
        place = ("inbound", inbound.id, "sealed")
        self._compare_bound(line, bound.get("raw"), place, label, raw, keys, erased=erased)

    def _row(self, seq: int) -> str:
        return f"{self.stored.id}/{seq}"

    def _differ(self, table: str, row: str, name: str, stored: Any, rebuilt: Any, line: Line | None) -> None:
        fact = None if line is None else line.number
        self.found.differ([Difference(table, row, name, stored, rebuilt, fact)])


# The names under which a fact binds what stands in these columns.
_NAMES = {"sealed": "raw"}
