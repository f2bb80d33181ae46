"""A case or an account is rebuilt from the journal, and every difference to what is stored is named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from countermand.cases.numbers import read_number
from countermand.extensions import ObjectStore
from countermand.flows.bind_decisions import DecisionBinder
from countermand.flows.committed import Salts
from countermand.flows.kept_words import Keeping
from countermand.flows.rebuild_case import CaseRebuilder
from countermand.flows.show_case import unknown_case
from countermand.kernel.errors import CountermandError
from countermand.transparency.entries import COMMITMENTS
from countermand.transparency.replaying import TABLES, Difference, Line, Rebuilt, Thing, differences, rebuilt
from countermand.work import Works
from countermand.work.replaying import ReplaySource, StoredCase, StoredDecision
from countermand.work.tellings import Telling, Told, bound

PAGE_ROWS = 500
DIFFERENCES_MAX = 1_000
ON_ACCOUNTS = (Thing.ORDER, Thing.HOLD, Thing.RAISE, Thing.INCIDENT)
ON_ACCOUNT_TABLES = frozenset(TABLES[one] for one in (*ON_ACCOUNTS, Thing.LIFTING))
# By which field it is known when a row began; what began before facts told of rows was not told whole.
_BEGAN = (
    "placed_at", "started_at", "made_at", "asked_at", "lifted_at", "created_at", "captured_at", "begun_at",
    "at", "due_at",
)  # fmt: skip
_ABSENT = Rebuilt()


@dataclass(slots=True)
class Replay:
    """What was rebuilt, and the differences, the first 1,000 of them.

    `older` rows began before facts told of rows; `erased` are values whose key was destroyed, as a fact says:
    what is left of these was compared all the same.
    """

    cases: int = 0
    events: int = 0
    rows: int = 0
    decisions: int = 0
    older: int = 0
    erased: int = 0
    differences: list[Difference] = field(default_factory=list)
    more: int = 0

    def differ(self, found: Iterable[Difference]) -> None:
        """Keep these, as far as there is room."""
        for one in found:
            if len(self.differences) < DIFFERENCES_MAX:
                self.differences.append(one)
            else:
                self.more += 1


class ReplayHouse(Keeping, Protocol):
    """What opens what facts bind."""

    @property
    def works(self) -> Works: ...

    @property
    def salts(self) -> Salts: ...


@dataclass(frozen=True, slots=True)
class Replayer:
    """A record, and the keys to what its facts bind without showing."""

    source: ReplaySource
    house: ReplayHouse
    binder: DecisionBinder
    objects: ObjectStore

    async def exhibits(self, number: str | None) -> list[Difference]:
        """Exhibits, of one case or (None) of all, whose sealed bytes are missing or others than were kept.

        Raises NotFound (`unknown_case`).
        """
        pages = self.source.cases(PAGE_ROWS) if number is None else self._one(number)
        return [
            Difference("objects", digest.hex(), name, wrong, f"{size} bytes of this digest")
            async for page in pages
            for case in page
            for name, digest, size in case.exhibits
            if (wrong := await self._wrong(digest, size)) is not None
        ]

    async def _wrong(self, digest: bytes, size: int) -> str | None:
        """What is wrong with an object."""
        found, count = sha256(), 0
        try:
            async for piece in self.objects.get(digest):
                found.update(piece)
                count += len(piece)
        except CountermandError as error:
            return error.code
        same = found.digest() == digest and count == size
        return None if same else f"{count} bytes of digest {found.hexdigest()}"

    async def _one(self, number: str) -> AsyncIterator[list[StoredCase]]:
        read = read_number(number)
        found = [] if read is None else await self.source.case(read)
        if not found:
            raise unknown_case(number)
        yield found

    async def case(self, number: str) -> Replay:
        """One case by its number. Raises NotFound (`unknown_case`), Unavailable."""
        replay, told = Replay(), await self.source.told()
        async for page in self._one(number):
            await self._replay_cases(page, told, replay)
        return replay

    async def cases(self) -> Replay:
        """Every case, and every fact about one that is not there. Raises Unavailable."""
        replay, told = Replay(), await self.source.told()
        async for page in self.source.cases(PAGE_ROWS):
            await self._replay_cases(page, told, replay)
        replay.differ(await self._lost(None, of_cases=True))
        return replay

    async def account(self, account: str) -> Replay:
        """The orders, holds, limits and containments of one account. Raises Unavailable."""
        replay, told = Replay(), await self.source.told()
        about = await self.source.lines_of_account(account)
        await self._replay_rows(account, told, replay, about)
        replay.differ(await self._lost([line.number for line in about], of_cases=False))
        return replay

    async def accounts(self) -> Replay:
        """All orders, holds, limits, containments and decisions, of whomever. Raises Unavailable."""
        replay, told = Replay(), await self.source.told()
        await self._replay_rows(None, told, replay, ())
        async for page in self.source.decisions(PAGE_ROWS):
            replay.decisions += len(page)
            for one in page:
                replay.differ(self._decision(one))
        if await self.source.operations() != replay.decisions:
            name = await self.source.undecided()
            if name is not None:
                replay.differ([Difference("operation", name, "the row", "there", "no fact tells of it")])
        replay.differ(await self._lost(None, of_cases=False))
        return replay

    async def _replay_cases(self, page: Sequence[StoredCase], told: Told, replay: Replay) -> None:
        lines = await self.source.lines([case.id for case in page])
        for stored in page:
            # A unit for each: it keeps the case's data key from being destroyed until it ends.
            async with self.house.works.open() as unit:
                await CaseRebuilder(self.house, unit, stored, lines[stored.id], told, replay).compare()
            replay.differ(stored.rows.unreadable)
            there = _compare_rows(stored.rows.tellings, lines[stored.id], told, replay)
            replay.differ(_gone(there, stored))

    async def _replay_rows(
        self, account: str | None, told: Told, replay: Replay, about: Sequence[Line]
    ) -> None:
        for thing in ON_ACCOUNTS:
            async for page in self.source.rows(thing, account, PAGE_ROWS):
                replay.differ(page.unreadable)
                found = await self.source.lines({one.about[1] for one in page.tellings})
                lines = {line.number: line for some in (about, *found.values()) for line in some}
                _compare_rows(page.tellings, [lines[number] for number in sorted(lines)], told, replay)

    async def _lost(self, facts: Collection[int] | None, *, of_cases: bool) -> list[Difference]:
        """Rows that facts tell of and that are not there."""
        lost = await self.source.told_of_no_row(DIFFERENCES_MAX, facts)
        return [
            Difference(one.table, one.row, "the row", "missing", "there", one.fact)
            for one in lost
            if (one.table in ON_ACCOUNT_TABLES) is not of_cases
        ]

    def _decision(self, one: StoredDecision) -> list[Difference]:
        fact, body = one.line.number, one.line.body
        if one.stored is None:
            return [Difference("operation", one.operation, "the row", "missing", "there", fact)]
        says = {**body, "received_at": one.line.at}
        found = [
            Difference("operation", one.operation, name, value, says.get(name), fact)
            for name, value in one.stored.items()
            if says.get(name) != value
        ]
        if COMMITMENTS in body:
            bound_now = self.binder.bound(one.operation, one.request, one.answer)[COMMITMENTS]
            found += [
                Difference("operation", one.operation, column, "another value", "what was bound", fact)
                for column, name in (("body", "request"), ("answer", "answer"))
                if body[COMMITMENTS].get(name) != bound_now[name]
            ]
        return found


def _compare_rows(
    tellings: Sequence[Telling], lines: Sequence[Line], told: Told, replay: Replay
) -> Mapping[tuple[Thing, str], Rebuilt]:
    """Compare rows with what these facts told of them; all that they told of."""
    states, faults = rebuilt(lines)
    names = {(one.thing, one.id) for one in tellings}
    replay.differ(one for one in faults if (_thing_of(one.table), one.row) in names)
    for one in tellings:
        replay.rows += 1
        state = states.get((one.thing, one.id), _ABSENT)
        if not one.says.keys() <= state.says.keys() and _began(one.says) < told.since:
            replay.older += 1
            continue
        opens = None
        if one.hides is not None:
            said = bound(told.key, one.thing.value, one.id, one.hides)
            opens = said.__eq__
        replay.differ(differences(one.thing, one.id, _as_told(one.says), state, opens))
    return states


def _gone(states: Mapping[tuple[Thing, str], Rebuilt], stored: StoredCase) -> Iterator[Difference]:
    """Rows of which the facts of a case tell, and which are not among those of the case."""
    there = {(one.thing, one.id) for one in stored.rows.tellings}
    there |= {(_thing_of(one.table), one.row) for one in stored.rows.unreadable}
    for thing, row in states.keys() - there:
        fact = states[thing, row].last
        yield Difference(TABLES[thing], row, "the row", "not with its case", stored.id, fact)


def _thing_of(table: str) -> Thing:
    return next(thing for thing, name in TABLES.items() if name == table)


def _began(says: Mapping[str, Any]) -> int:
    return next((says[name] for name in _BEGAN if says.get(name) is not None), 0)


def _as_told(says: Mapping[str, Any]) -> dict[str, Any]:
    """A row's fields in the form in which a fact has them, once it was read back."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in says.items()}
