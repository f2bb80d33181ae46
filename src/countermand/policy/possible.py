"""Whether a condition can be true, or false, at all: a search through the ways it could come about.

Nothing is called impossible that is possible: what the search does not understand it takes for possible.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from countermand.policy.emit import like_pattern
from countermand.policy.ranges import EVERYTHING, Range, calculated, hull, in_order
from countermand.policy.relations import Relations
from countermand.policy.rooms import Room, side_by_side
from countermand.policy.terms import MEASURED, Term, Type

STEPS_MAX = 2_000
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NEGATED = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_SIGNS = {"=": {0}, "<>": {-1, 1}, "<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}}

_TRUE, NOT_TRUE = frozenset({True}), frozenset({False, None})

Demand = tuple[Term, frozenset[bool | None]]  # a condition, and the truths that are asked of it
Key = int | tuple[int, int]  # a term, or two terms compared with each other
World = Mapping[Key, Room]


class TooManyWays(Exception):
    """The search is given up; everything counts as possible."""


@dataclass
class Search:
    """What names stand for: `rooms` for facts, `meanings` for derived values; what holds between facts."""

    rooms: Mapping[str, Room]
    meanings: Mapping[str, Term]
    relations: Relations = field(default_factory=Relations)
    steps: int = field(default=0)
    _numbers: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _known_terms: dict[int, tuple[Term, int]] = field(
        default_factory=dict
    )  # the terms are kept, so ids stay theirs

    def can_be(self, term: Term, wanted: bool, given: tuple[Term, ...] = ()) -> bool:
        """Whether the condition can be TRUE (or FALSE) where all of `given` are TRUE."""
        return self.possible([*((one, _TRUE) for one in given), (term, frozenset({wanted}))])

    def possible(self, demands: Sequence[Demand]) -> bool:
        """Whether every condition can have one of its truths (None: unknown) at the same time."""
        self.steps = 0
        try:
            return any(True for _ in self._met(tuple(demands), {}))
        except TooManyWays:
            return True

    def implies(self, first: Term, second: Term) -> bool:
        """Whether the second condition is TRUE wherever the first is."""
        return not self.possible([(first, _TRUE), (second, NOT_TRUE)])

    def _met(self, demands: tuple[Demand, ...], world: World) -> Iterator[World]:
        if not demands:
            yield world
            return
        (term, truths), rest = demands[0], demands[1:]
        for truth in (True, False, None):
            if truth in truths:
                ways = self.unknown(term, world) if truth is None else self.worlds(term, truth, world)
                for met in ways:
                    yield from self._met(rest, met)

    def key(self, term: Term) -> int:
        """The same number for terms that mean the same; derived values are what they are derived from."""
        found = self._known_terms.get(id(term))
        if found is None:
            found = self._known_terms[id(term)] = (term, self._number(term))
        return found[1]

    def _number(self, term: Term) -> int:
        meaning = self._meaning(term)
        if meaning is not None:
            return self.key(meaning)
        parts = [self.key(operand) for operand in term.operands]
        if term.operator in ("and", "or", "+", "*", "=", "<>", "least", "greatest", "same"):
            parts.sort()
        shape = (term.operator, type(term.value).__name__, term.value, *parts)
        return self._numbers.setdefault(shape, len(self._numbers))

    # -- the ways a condition comes about -----------------------------------------------------------

    def worlds(self, term: Term, wanted: bool, world: World) -> Iterator[World]:
        """Every way in which the condition is TRUE (or FALSE) that does not contradict `world`."""
        self._step()
        match term.operator:
            case "and" | "or":
                if (term.operator == "and") == wanted:
                    yield from self._all(term.operands, wanted, world)
                else:
                    for part in term.operands:
                        yield from self.worlds(part, wanted, world)
            case "not":
                yield from self.worlds(term.operands[0], not wanted, world)
            case "literal":
                if term.value is wanted:
                    yield world
            case "is_true" | "is_false":
                yield from self._is(term, wanted, world)
            case "is_null":
                yield from (self.unknown if wanted else self._known)(term.operands[0], world)
            case "case":
                *branches, default = term.operands
                for condition, result in zip(branches[::2], branches[1::2], strict=True):
                    for met in self.worlds(condition, True, world):
                        yield from self.worlds(result, wanted, met)
                yield from self.worlds(default, wanted, world)
            case "coalesce":
                for number, part in enumerate(term.operands):
                    for met in self._all_unknown(term.operands[:number], world):
                        yield from self.worlds(part, wanted, met)
            case "same":
                yield from self._same(term, wanted, world)
            case "name":
                yield from self._named(term, wanted, world)
            case _:
                for known in self._all_known(term.operands, world):
                    yield from self._tested(term, wanted, known)

    def _all(self, terms: tuple[Term, ...], wanted: bool, world: World) -> Iterator[World]:
        if not terms:
            yield world
            return
        for first in self.worlds(terms[0], wanted, world):
            yield from self._all(terms[1:], wanted, first)

    def _is(self, term: Term, wanted: bool, world: World) -> Iterator[World]:
        target, subject = term.operator == "is_true", term.operands[0]
        yield from self.worlds(subject, target == wanted, world)
        if not wanted:
            yield from self.unknown(subject, world)

    def _named(self, term: Term, wanted: bool, world: World) -> Iterator[World]:
        meaning = self._meaning(term)
        if meaning is not None:
            yield from self.worlds(meaning, wanted, world)
        else:
            yield from self._narrowed(term, self._room(term, world).one_of(frozenset({wanted})), world)

    def _same(self, term: Term, wanted: bool, world: World) -> Iterator[World]:
        left, right = term.operands
        if self.key(left) == self.key(right):
            if wanted:
                yield world
        elif right.operator == "literal" and right.value is not None and right.type is not Type.BOOLEAN:
            room = self._room(left, world)
            if wanted:
                yield from self._narrowed(left, room.one_of(frozenset({right.value})), world)  # type: ignore[arg-type]
            else:
                yield world
        else:
            yield world

    # -- unknown and known ----------------------------------------------------------------------------

    def unknown(self, term: Term, world: World) -> Iterator[World]:
        """Every way in which the value is NULL that does not contradict `world`."""
        self._step()
        meaning = self._meaning(term)
        if meaning is not None:
            yield from self.unknown(meaning, world)
            return
        found = world.get(self.key(term))
        if not term.nullable or (found is not None and not found.unknown):
            return
        match term.operator:
            case "name":
                yield from self._narrowed(term, self._room(term, world).must_be_unknown(), world)
            case "and" | "or":  # one part is unknown, and no part decides
                deciding = term.operator == "or"
                for number, part in enumerate(term.operands):
                    others = (*term.operands[:number], *term.operands[number + 1 :])
                    for met in self.unknown(part, world):
                        yield from self._met(
                            tuple((other, frozenset({not deciding, None})) for other in others), met
                        )
            case "coalesce" | "least" | "greatest":
                yield from self._all_unknown(term.operands, world)
            case "case" | "literal":
                yield world
            case _:
                for part in term.operands:
                    yield from self.unknown(part, world)
                if term.operator in ("/", "%") and term.operands[1].operator != "literal":  # by zero
                    yield from self._narrowed(term, self._room(term, world).must_be_unknown(), world)

    def _all_unknown(self, terms: tuple[Term, ...], world: World) -> Iterator[World]:
        if not terms:
            yield world
            return
        for first in self.unknown(terms[0], world):
            yield from self._all_unknown(terms[1:], first)

    def _known(self, term: Term, world: World) -> Iterator[World]:
        self._step()
        meaning = self._meaning(term)
        found = world.get(self.key(term))
        if meaning is not None:
            yield from self._known(meaning, world)
        elif found is not None and not found.known:
            return
        elif term.operator == "literal":
            if term.value is not None:
                yield world
        elif term.operator == "name":
            yield from self._narrowed(term, self._room(term, world).must_be_known(), world)
        elif term.operator in ("+", "-", "*", "/", "%", "neg", "abs", "length", "lower", "distance_km"):
            yield from self._all_known(term.operands, world)
        else:
            yield world

    def _all_known(self, terms: tuple[Term, ...], world: World) -> Iterator[World]:
        if not terms:
            yield world
            return
        for first in self._known(terms[0], world):
            yield from self._all_known(terms[1:], first)

    # -- one test ---------------------------------------------------------------------------------------

    def _tested(self, term: Term, wanted: bool, world: World) -> Iterator[World]:
        subject = term.operands[0]
        room = self._room(subject, world)
        match term.operator:
            case "in":
                assert isinstance(term.value, frozenset), "IN carries its constants"
                room = room.one_of(term.value) if wanted else room.none_of(term.value)
            case "like":
                fits = like_pattern(str(term.value))
                room = room.fitting(lambda word: (fits(word) is not None) == wanted)
            case "starts_with":
                room = room.fitting(lambda word: word.startswith(str(term.value)) == wanted)
            case _:
                yield from self._compared(term.operator if wanted else _NEGATED[term.operator], term, world)
                return
        yield from self._narrowed(subject, room, world)

    def _compared(self, operator: str, term: Term, world: World) -> Iterator[World]:
        left, right = term.operands
        if left.operator == "literal" and right.operator != "literal":
            left, right, operator = right, left, _MIRRORED[operator]
        if right.operator != "literal":
            yield from self._paired(operator, left, right, world)
        elif left.type is Type.BOOLEAN:
            yield from self.worlds(left, (right.value is True) == (operator == "="), world)
        else:
            assert not isinstance(right.value, frozenset), "a literal is one value"
            room, value = self._room(left, world), right.value
            if operator in ("=", "<>"):
                room = (
                    room.one_of(frozenset({value})) if operator == "=" else room.none_of(frozenset({value}))
                )
            elif isinstance(value, (int, float)):
                room = room.compared(operator, value)
            elif room.only is not None:
                room = room.fitting(lambda word: in_order(word, operator, str(value)))
            yield from self._narrowed(left, room, world)

    def _paired(self, operator: str, left: Term, right: Term, world: World) -> Iterator[World]:
        """Two values compared with each other: which of the signs -1, 0, 1 is left for left - right."""
        mine, yours = self.key(left), self.key(right)
        if left.type is Type.BOOLEAN:
            if mine != yours or operator != "<>":
                yield world
            return
        signs = set(_SIGNS[operator])
        if mine > yours:
            mine, yours, left, right = yours, mine, right, left
            signs = {-sign for sign in signs}
        pair = (mine, yours)
        found = world.get(pair)
        room = Room(unknown=False, only=self._signs(mine, yours, left, right)) if found is None else found
        room = room.one_of(frozenset(signs))
        if not room.is_empty:
            first, second = side_by_side(self._room(left, world), self._room(right, world), room)
            for met in self._narrowed(left, first, {**world, pair: room}):
                yield from self._narrowed(right, second, met)

    def _signs(self, mine: int, yours: int, left: Term, right: Term) -> frozenset[Any]:
        if mine == yours:
            return frozenset({0})
        first, second = self.range_of(left), self.range_of(right)
        if left.type not in MEASURED:
            return frozenset({-1, 0, 1})
        ordered = self._ordered(left, right)
        possible = {-1} if first[0] < second[1] else set()
        possible |= {1} if first[1] > second[0] else set()
        possible |= {0} if first[0] <= second[1] and second[0] <= first[1] else set()
        return frozenset(possible - ordered)

    def _ordered(self, left: Term, right: Term) -> set[int]:
        """The sign that left - right never has, because one window lies within the other."""
        if left.operator != "name" or right.operator != "name":
            return set()
        first, second = str(left.value), str(right.value)
        if second in self.relations.within.get(first, ()):
            return {1}
        return {-1} if first in self.relations.within.get(second, ()) else set()

    # -- rooms ------------------------------------------------------------------------------------------

    def _room(self, term: Term, world: World) -> Room:
        found = world.get(self.key(term))
        if found is not None:
            return found
        meaning = self._meaning(term)
        if meaning is not None:
            return self._room(meaning, world)
        if term.operator == "name" and term.value in self.rooms:
            return self.rooms[str(term.value)]
        only = None
        if term.operator == "literal" and not isinstance(term.value, frozenset):
            only = frozenset({term.value})
        low, high = self.range_of(term)
        whole = term.type is Type.INTEGER
        return Room(unknown=term.nullable, low=low, high=high, only=only, whole=whole)

    def _narrowed(self, term: Term, room: Room, world: World) -> Iterator[World]:
        self._step()
        if room.is_empty:
            return
        narrowed = {**world, self.key(term): room}
        if term.operator != "name" or self._agrees(str(term.value), room, narrowed):
            yield narrowed

    def _agrees(self, name: str, room: Room, world: dict[Key, Room]) -> bool:
        """Tell the facts that depend on this one what is left for them; whether something is."""
        relations, told = self.relations, list[tuple[str, Room]]()
        if not room.unknown:
            for source, values in relations.needs.get(name, ()):
                found = self._room_of(source, world).must_be_known()
                told.append((source, found if values is None else found.one_of(values)))
        if not room.known:
            dependents = relations.needed_by.get(name, ())
            told += [(one, self._room_of(one, world).must_be_unknown()) for one in dependents]
        elif not room.unknown:
            more, less = relations.within.get(name, ()), relations.beyond.get(name, ())
            told += [(one, self._room_of(one, world).not_below(room)) for one in more]
            told += [(one, self._room_of(one, world).not_above(room)) for one in less]
        for other, left in told:
            if left.is_empty:
                return False
            key = self._key_of(other)
            if left != self._room_of(other, world):
                world[key] = left
                if not self._agrees(other, left, world):
                    return False
        return True

    def _key_of(self, name: str) -> int:
        return self._numbers.setdefault(("name", "str", name), len(self._numbers))

    def _room_of(self, name: str, world: World) -> Room:
        found = world.get(self._key_of(name))
        return found if found is not None else self.rooms.get(name, Room())

    def _meaning(self, term: Term) -> Term | None:
        return self.meanings.get(str(term.value)) if term.operator == "name" else None

    def _step(self) -> None:
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise TooManyWays

    def range_of(self, term: Term) -> Range:
        """The least and the greatest value a measured term can have."""
        if term.type not in MEASURED:
            return EVERYTHING
        meaning = self._meaning(term)
        if meaning is not None:
            return self.range_of(meaning)
        match term.operator:
            case "literal" if isinstance(term.value, (int, float)):
                return (term.value, term.value)
            case "name" if term.value in self.rooms:
                return (self.rooms[str(term.value)].low, self.rooms[str(term.value)].high)
            case "length":
                return (0, math.inf)
            case "distance_km":
                return (0, 20015.2)
            case "case":
                results = (*term.operands[1:-1:2], term.operands[-1])
                return self._hull(results)
            case "coalesce" | "least" | "greatest":
                return self._hull(term.operands)
        return calculated(term, [self.range_of(operand) for operand in term.operands])

    def _hull(self, terms: tuple[Term, ...]) -> Range:
        return hull([self.range_of(term) for term in terms if term.type is not Type.NULL])
