"""Offline equals live: everything recorded is decided again in SQL and compared, value by value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from countermand.decisions.decide import Question, judge
from countermand.flows.decided_operations import Archive
from countermand.flows.facts_of_record import Record
from countermand.flows.prepare_facts import Shelf, Told, facts_from_record
from countermand.flows.standing_met import Standing
from countermand.policy.bound import Package
from countermand.policy.package import compile_recorded
from countermand.policy.program import Program
from countermand.vocabulary.facts_table import FactsTable
from countermand.vocabulary.offline import Compared, Decided
from countermand.vocabulary.operations import STOPPED_BY_FREEZE
from countermand.vocabulary.outcomes import Outcome

EXAMPLES_MAX = 3
_STANDING = msgspec.msgpack.Decoder(Standing)


class ComparedRun(Protocol):
    """One policy over the record, evaluated in SQL."""

    def compared(self, label: str) -> list[Compared]:
        """Every calculated fact beside its recorded value, for the operations that the policy decided."""
        ...

    def decided(self, label: str) -> Iterator[list[Decided]]:
        """The operations that the policy decided, as recorded and as the SQL decides them, in order."""
        ...


class ComparingEngine(Protocol):
    """Runs a policy's SQL over facts."""

    def run(
        self, package: Package, facts: FactsTable, *, settle: bool
    ) -> AbstractContextManager[ComparedRun]:
        """The policy over the facts; without `settle` its filters see the recorded outcomes."""
        ...


@dataclass(slots=True)
class PolicyParity:
    """One policy: how many operations it decided, how many of them met a freeze, and every comparison."""

    policy: str
    operations: int
    frozen: int
    compared: list[Compared]

    @property
    def mismatches(self) -> int:
        return sum(one.mismatches for one in self.compared)


@dataclass(slots=True)
class _Tally:
    """Counts of what differed, with the first ids."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, operation: str) -> None:
        self.counts[name] += 1
        found = self.examples.setdefault(name, [])
        if len(found) < EXAMPLES_MAX:
            found.append(operation)

    def compared(self, what: str, name: str, rows: int, key: str) -> Compared:
        return Compared(what, name, rows, self.counts[key], self.examples.get(key, []))


async def check_parity(
    record: Record,
    archive: Archive,
    sources: Mapping[int, Mapping[str, str]],
    identity: Mapping[str, Any],
    shelf: Shelf,
    engine: ComparingEngine,
    told: Told,
) -> list[PolicyParity]:
    """Every policy that decided, each over its own operations, with windows over all of them.

    Filters that look at outcomes see the recorded ones; an operation that met a freeze was denied for that,
    and its own record says so. Raises SetupError (`nothing_recorded`, and those of engine and shelf),
    PolicyError where a recorded policy is not understood any more.
    """
    found = []
    for number in sorted(sources):
        program = compile_recorded(sources[number])
        with ExitStack() as stack:
            prepared = await facts_from_record(
                record, sources, identity, shelf, [program], None, told, stack, live=True
            )
            if not prepared.counts["decided_by"].get(program.label):
                continue
            with engine.run(program.package, prepared.tables[0], settle=False) as run:
                found.append(await _compared(run, program, archive))
    return found


async def _compared(run: ComparedRun, program: Program, archive: Archive) -> PolicyParity:
    """Facts, then rules, score and outcome of one policy."""
    compared = run.compared(program.label)
    tally, rows = _Tally(), 0
    stricter: list[Decided] = []
    for chunk in run.decided(program.label):
        rows += len(chunk)
        stricter += _rules_of(chunk, program, tally)
    frozen = 0
    for one in stricter:
        if await _ordered(archive, one) == one.recorded:
            frozen += 1
        else:
            tally.add("outcome", one.id)
    compared += [tally.compared("rule", rule.id, rows, f"rule {rule.id}") for rule in program.rules]
    compared += [tally.compared(name, name, rows, name) for name in ("score", "outcome")]
    return PolicyParity(program.label, rows, frozen, compared)


def _rules_of(chunk: Sequence[Decided], program: Program, tally: _Tally) -> Iterable[Decided]:
    """What the rules said live of the recorded facts, beside the SQL; gives what was answered otherwise."""
    for one in chunk:
        verdict = judge(Question("", one.kind, one.facts, None, 0), one.facts, program)
        differing = _bits(verdict.evaluation.fired) ^ one.fired
        differing |= _bits(verdict.evaluation.unknown) ^ one.unknown
        while differing:
            lowest = differing & -differing
            tally.add(f"rule {program.rules[lowest.bit_length() - 1].id}", one.id)
            differing ^= lowest
        if verdict.score != one.score:
            tally.add("score", one.id)
        if Outcome(one.outcome).word != one.recorded:
            yield one


def _bits(numbers: Iterable[int]) -> int:
    found = 0
    for number in numbers:
        found |= 1 << number
    return found


async def _ordered(archive: Archive, one: Decided) -> str | None:
    """The outcome that a standing order called for when the operation was decided; None where none did."""
    stored = await archive.find(one.id)
    if stored is None:
        return None
    standing = _STANDING.decode(stored.row.standing)
    if standing.freeze is not None and one.kind in STOPPED_BY_FREEZE:
        return Outcome.DENY.word
    return max((order.outcome for order in standing.bound), default=Outcome.ALLOW).word
