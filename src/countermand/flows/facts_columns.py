"""Which columns a policy's facts table has, and what makes two tables the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from countermand.kernel.canonical import canonical_bytes, digest
from countermand.policy.catalogue import FIELDS, FROM_OPERATION
from countermand.policy.program import FactSpec, Program
from countermand.policy.terms import Type
from countermand.policy.whole import whole_facts
from countermand.policy.wording import written
from countermand.vocabulary.facts_table import FIRST_COLUMNS, GIVEN, LIVE, FactColumn, FactsTable

LAYOUT = 1  # grows when a table of an earlier version of this code must not be used again
PART_ROWS = 100_000
_COLUMN_TYPES = {Type.BOOLEAN: "boolean", Type.NUMBER: "number", Type.TEXT: "text"}
_HALF_INTEGER_MAX = 2**62


class FactsFolder(Protocol):
    """One facts table on its way to disk. What `write` returned from stays, whatever comes after."""

    parts: list[Any]
    state: dict[str, Any] | None

    @property
    def complete(self) -> bool: ...

    def write(self, columns: dict[str, Sequence[Any]], state: dict[str, Any]) -> None: ...

    def read(self, number: int, names: Sequence[str]) -> dict[str, Any]: ...

    def ids(self) -> Iterator[list[str]]: ...

    def known(self, number: int, ids: Sequence[str]) -> set[str]: ...

    def relabel(self, number: int, labels: Sequence[Any], label_seqs: Sequence[Any]) -> None: ...

    def correct(self, rows: Sequence[tuple[int, int, bool | None]]) -> None: ...

    def finish(self, summary: dict[str, Any]) -> None: ...

    def summary(self) -> dict[str, Any]: ...

    def share(self) -> None: ...

    def table(self) -> FactsTable: ...


def facts_columns(program: Program, *, live: bool = False) -> tuple[FactColumn, ...]:
    """The table's columns; with `live` also every fact that was recorded beside the given ones.

    The thresholds are among the given ones: the value in force belongs to the operation.
    """
    given = (*program.specs[: program.given_count], *program.specs[program.thresholds_at :])
    late = program.specs[program.given_count : program.thresholds_at] if live else ()
    whole = whole_facts(program.package)

    def column(prefix: str, spec: FactSpec) -> FactColumn:
        counted = "integer" if spec.name in whole else "number"
        return FactColumn(prefix + spec.name, _COLUMN_TYPES.get(spec.type, counted))

    return (*FIRST_COLUMNS, *(column(GIVEN, one) for one in given), *(column(LIVE, one) for one in late))


def given_digest(program: Program) -> bytes:
    """Equal for policies that are given the same facts of every operation, whatever they make of them."""
    package = program.package
    head = package.head
    early = [(one.name, written(one.term, head.currency)) for one in package.early]
    given = [(symbol.name, symbol.type.value) for symbol in package.given.values()]
    attributes = sorted((name, type_.value) for name, type_ in head.attributes.items())
    listed, traits = sorted(package.listed.items()), sorted(package.traits.items())
    back = sorted(package.given_back.items())
    said = (given, early, listed, traits, back, attributes, head.currency, head.timezone, head.lateness)
    return digest(repr(said).encode())


def facts_key(source: dict[str, Any], program: Program, *, live: bool = False) -> str:
    """The name of a table's folder: another source, or other facts, and it is another table."""
    made_from = {"layout": LAYOUT, "source": source, "given": given_digest(program).hex(), "live": live}
    if live or program.thresholds:  # the values in force are those of one policy
        made_from["policy"] = program.digest.hex()
    return digest(canonical_bytes(made_from)).hex()[:32]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which given facts come from where; what a source cannot tell must be told by name."""

    profile: tuple[str, ...]
    lists: tuple[str, ...]
    places: tuple[str, ...]

    @classmethod
    def by(cls, program: Program) -> Asked:
        """The facts that the policy asks of others than the operation."""
        package = program.package
        own = package.listed.keys() | package.given_back.keys()
        given = [name for name in package.given if name not in own]
        outside = [
            name for name in given if name not in FROM_OPERATION and name not in package.head.attributes
        ]
        places = tuple(name for name in outside if name in FIELDS and "p." in FIELDS[name].code)
        profile = tuple(name for name in outside if name not in places or name == "home_place")
        return cls(profile, tuple(package.listed), places)


def same_meaning(program: Program, then: Program) -> frozenset[str]:
    """The given facts that mean in one policy what they mean in the other."""
    package, other = program.package, then.package
    head, past = package.head, other.head
    return frozenset(
        name
        for name, symbol in package.given.items()
        if name in other.given
        and other.given[name].type is symbol.type
        and package.listed.get(name) == other.listed.get(name)
        and package.traits.get(name) == other.traits.get(name)
        and package.given_back.get(name) == other.given_back.get(name)
        and (name != "amount" or head.currency == past.currency)
        and (not name.startswith("local_") or head.timezone == past.timezone)
        and (name in head.attributes) == (name in past.attributes)
    )


class PartBuilder:
    """Collects rows, column by column, until there are enough for a part."""

    def __init__(self, columns: Sequence[FactColumn]) -> None:
        self._columns: dict[str, list[Any]] = {one.name: [] for one in columns}
        self.rows = 0

    def extend(self, first: Sequence[Sequence[Any]], facts: Sequence[Sequence[Any]]) -> None:
        """More rows: `first` are the first columns, `facts` one list of the further ones for each row."""
        if not facts:
            return
        for held, values in zip(self._columns.values(), (*first, *zip(*facts, strict=True)), strict=True):
            held.extend(values)
        self.rows += len(facts)

    def take(self) -> dict[str, Sequence[Any]]:
        """The rows so far, as columns; begins anew."""
        taken: dict[str, Sequence[Any]] = dict(self._columns)
        self._columns = {name: [] for name in taken}
        self.rows = 0
        return taken


def label_seqs(seq: Any, due: Any, arrived: Any, first_seq: int) -> Any:
    """When each label becomes known, in the order of `seq`: before the first operation at or after `due`.

    `seq` are even numbers in steps of 2 from `first_seq`, `arrived` the instants of all operations in their
    order, never falling. A label takes the odd number before that operation's; -1 where none comes.
    """
    place = np.searchsorted(arrived, due, side="left")
    known_before = first_seq + 2 * place.astype(np.int64)
    known_before = np.maximum(known_before, seq + 2)  # a label comes after its operation
    assert first_seq < _HALF_INTEGER_MAX, "sequence numbers fit"
    return np.where(known_before > first_seq + 2 * (len(arrived) - 1), -1, known_before - 1)
