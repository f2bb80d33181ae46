"""Where conditions stand in a pack, and how one part of them is exchanged for another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from countermand.drills.faults.mutants import Mutant
from countermand.drills.faults.pack import Item, Pack
from countermand.policy.bound import marks
from countermand.policy.terms import MEASURED, Scalar, Term, Type, literal
from countermand.vocabulary.operations import Kind


@dataclass(frozen=True)
class Site:
    """A condition of a pack as written: `key` of `item`; `kinds` of its rule, None for all."""

    pack: Pack
    item: Item
    key: str
    term: Term
    kinds: frozenset[Kind] | None

    def mutant(
        self,
        fault: str,
        what: str,
        changed: Term,
        expected: str,
        proof: str,
        *probes: Term,
        streams: bool = False,
    ) -> Mutant:
        """This pack with the condition exchanged; `expected` are codes, separated by blanks."""
        return Mutant(
            fault,
            f"{self.item.section} {self.item.name}: {what}",
            self.pack,
            self.pack.with_value(self.item, self.key, self.pack.say(changed)),
            frozenset(expected.split()),
            proof,
            probes,
            self.item.name if self.item.section == "rules" else "",
            streams,
        )

    def tells_all(self, changed: Term) -> bool:
        """Whether the reason still shows only what the condition names."""
        if self.item.section != "rules":
            return True
        return marks(self.pack.rules[self.item.name].reason) <= self.pack.package.told_by(changed)


def sites(pack: Pack) -> Iterator[Site]:
    """Every condition of the pack: of rules, filters and derived values."""
    package = pack.package
    terms = {item: (term, node) for item, term, node in package.conditions()}
    for section, key in (("rules", "when"), ("features", "where"), ("derive", "value")):
        for item in pack.of(section):
            single = section.removesuffix("s") if section != "derive" else "derive"
            found = terms.get((single, item.name))
            if found is not None and found[0].type is Type.BOOLEAN and key in item.values:
                kinds = pack.rules[item.name].kinds if section == "rules" else None
                yield Site(pack, item, key, found[0], kinds)


def parts(term: Term) -> Iterator[Term]:
    """The term and everything in it."""
    yield term
    for operand in term.operands:
        yield from parts(operand)


def swapped(term: Term, old: Term, new: Term) -> Term:
    """The term with one part exchanged."""
    if term is old:
        return new
    return replace(term, operands=tuple(swapped(one, old, new) for one in term.operands))


def thresholds(site: Site) -> Iterator[tuple[Term, Term, float]]:
    """The comparisons of a measured name with a constant: the comparison, the name, the constant."""
    for part in parts(site.term):
        if part.operator not in (">", ">=", "<", "<=") or len(part.operands) != 2:
            continue
        left, right = part.operands
        if left.operator == "name" and left.type in MEASURED and right.operator == "literal":
            assert isinstance(right.value, (int, float)), "a measured constant"
            yield part, left, right.value


def compares(name: Term, operator: str, value: Scalar, type_: Type | None = None) -> Term:
    """`name operator value`."""
    return Term(operator, Type.BOOLEAN, name.nullable, (name, literal(value, type_ or name.type)))


def both(*terms: Term) -> Term:
    """All of them."""
    return _joined("and", terms)


def either(*terms: Term) -> Term:
    """One of them."""
    return _joined("or", terms)


def _joined(operator: str, terms: tuple[Term, ...]) -> Term:
    flat: list[Term] = []
    for term in terms:
        flat += term.operands if term.operator == operator else (term,)
    return Term(operator, Type.BOOLEAN, any(one.nullable for one in flat), tuple(flat))


def denied(term: Term) -> Term:
    """Not so."""
    if term.operator == "not":
        return term.operands[0]
    return Term("not", Type.BOOLEAN, term.nullable, (term,))


def missing(name: Term) -> Term:
    """`name IS NULL`."""
    return Term("is_null", Type.BOOLEAN, False, (name,))


def fact(pack: Pack, name: str) -> Term | None:
    """A given fact or a feature of the pack as a term."""
    symbol = pack.package.given.get(name) or pack.package.features.get(name)
    return None if symbol is None else Term("name", symbol.type, symbol.nullable, (), name)
