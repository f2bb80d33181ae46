"""Faults inside one condition: always true, never true, contradictory, and alternatives nobody reaches."""

from __future__ import annotations

from collections.abc import Iterator

from countermand.drills.faults.mutants import ALWAYS, NEVER, Mutant
from countermand.drills.faults.pack import Pack
from countermand.drills.faults.sites import (
    Site,
    both,
    compares,
    denied,
    either,
    fact,
    missing,
    parts,
    sites,
    swapped,
    thresholds,
)
from countermand.policy.terms import Scalar, Term, Type
from countermand.vocabulary.operations import Kind

_HOUR = Term("name", Type.INTEGER, False, (), "local_hour")
_WEEKDAY = Term("name", Type.INTEGER, False, (), "local_weekday")
_KIND = Term("name", Type.TEXT, False, (), "kind")


def always_true(pack: Pack) -> list[Mutant]:
    """Tests that every operation passes."""
    return [mutant for site in sites(pack) for mutant in _always_true(site)]


def _always_true(site: Site) -> Iterator[Mutant]:
    expected = "always_true idle_part"
    for part, name, value in thresholds(site):
        if part.operator in (">", ">="):
            floor = compares(name, ">=", 0)
            yield site.mutant(
                "always_true",
                f"{name.value} from 0 on",
                swapped(site.term, part, floor),
                expected,
                ALWAYS,
                floor,
            )
            half = compares(name, ">=", type(value)(value / 2))
            changed = swapped(site.term, part, both(part, half))
            yield site.mutant(
                "always_true",
                f"a weaker bound of {name.value} as well",
                changed,
                expected,
                ALWAYS,
                either(denied(part), half),
            )
        other = compares(name, "<" if part.operator in (">", ">=") else ">=", _twice(value, part.operator))
        wide = either(part, other)
        yield site.mutant(
            "always_true",
            f"OR for AND in a range of {name.value}",
            swapped(site.term, part, wide),
            expected,
            ALWAYS,
            wide,
        )
        if not name.nullable:
            known = denied(missing(name))
            yield site.mutant(
                "always_true", f"{name.value} IS NOT NULL", both(site.term, known), expected, ALWAYS, known
            )
    yield from _true_words(site, expected)


def _true_words(site: Site, expected: str) -> Iterator[Mutant]:
    for part in parts(site.term):
        if part.operator in ("=", "<>") and part.operands[1].operator == "literal":
            name, value_ = part.operands[0], part.operands[1].value
            assert not isinstance(value_, frozenset), "a literal is one value"
            wrong = either(compares(name, "<>", value_), compares(name, "<>", _other_word(name, value_)))
            if name.type is Type.TEXT:
                yield site.mutant(
                    "always_true",
                    f"two <> joined by OR on {name.value}",
                    swapped(site.term, part, wrong),
                    expected,
                    ALWAYS,
                    wrong,
                )
    if site.kinds and site.item.section == "rules":
        same = _kinds(site.kinds)
        yield site.mutant(
            "always_true",
            "the rule's own kinds asked for again",
            both(site.term, same),
            expected,
            ALWAYS,
            either(denied(same), same),
        )
        day = compares(_HOUR, "<=", 23)
        yield site.mutant("always_true", "an hour up to 23", both(site.term, day), expected, ALWAYS, day)


def never_true(pack: Pack) -> list[Mutant]:
    """Tests that no operation passes."""
    return [mutant for site in sites(pack) for mutant in _never_true(site)]


def _never_true(site: Site) -> Iterator[Mutant]:
    expected = "never_true always_unknown"
    for part, name, value in thresholds(site):
        low = compares(name, "<" if part.operator in (">", ">=") else ">=", _half(value, part.operator))
        empty = both(part, low)
        yield site.mutant(
            "never_true",
            f"AND for OR in a range of {name.value}",
            swapped(site.term, part, empty),
            expected,
            NEVER,
            empty,
        )
        if part.operator in (">", ">="):
            below = compares(name, "<", 0)
            yield site.mutant(
                "never_true", f"{name.value} below 0", swapped(site.term, part, below), expected, NEVER, below
            )
        if not name.nullable:
            unknown = missing(name)
            yield site.mutant(
                "never_true",
                f"{name.value} IS NULL",
                swapped(site.term, part, unknown),
                expected,
                NEVER,
                unknown,
            )
    for part in parts(site.term):
        if part.operator == "=" and part.operands[1].operator == "literal":
            name, value_ = part.operands[0], part.operands[1].value
            two = both(part, compares(name, "=", _other_word(name, value_)))
            if name.type is Type.TEXT:
                yield site.mutant(
                    "never_true",
                    f"two words at once for {name.value}",
                    swapped(site.term, part, two),
                    expected,
                    NEVER,
                    two,
                )
    if site.item.section == "rules":
        for what, test in (
            ("a night that wraps around midnight", both(compares(_HOUR, ">=", 22), compares(_HOUR, "<", 6))),
            ("an hour from 24 on", compares(_HOUR, ">=", 24)),
            ("Sunday as 0", compares(_WEEKDAY, "=", 0)),
        ):
            yield site.mutant("never_true", what, both(site.term, test), expected, NEVER, test)


def contradictory(pack: Pack) -> list[Mutant]:
    """Two parts of one condition that exclude each other, often through a name."""
    return [mutant for site in sites(pack) if site.item.section == "rules" for mutant in _contradictory(site)]


def _contradictory(site: Site) -> Iterator[Mutant]:
    package = site.pack.package
    derived = {one.name: one.term for one in (*package.early, *package.late)}
    for name in dict.fromkeys(site.term.names()):
        meaning = derived.get(name)
        if meaning is None or meaning.type is not Type.BOOLEAN or not _stands_alone(site.term, name):
            continue
        for number, part in enumerate(meaning.operands if meaning.operator == "and" else (meaning,)):
            changed = both(site.term, denied(part))
            yield site.mutant(
                "contradictory",
                f"{name} and not its part {number + 1}",
                changed,
                "never_true",
                NEVER,
                changed,
            )
    for name in dict.fromkeys(site.term.names()):
        for source in _sources(site.pack, name):
            key = fact(site.pack, source)
            if key is not None and key.nullable and _stands_alone(site.term, name):
                changed = both(missing(key), site.term)
                yield site.mutant(
                    "contradictory",
                    f"{name} where {source} is missing",
                    changed,
                    "never_true always_unknown",
                    NEVER,
                    changed,
                )
    for part, name_, value in thresholds(site):
        if not any(part is one for one in _conjuncts(site.term)):
            continue
        if name_.value == "amount" and fact(site.pack, "currency") is not None:
            foreign = compares(Term("name", Type.TEXT, True, (), "currency"), "=", "USD")
            changed = both(site.term, foreign)
            yield site.mutant(
                "contradictory",
                "an amount in another currency",
                changed,
                "never_true always_unknown",
                NEVER,
                changed,
            )
        for large in _wider(str(name_.value)):
            other = fact(site.pack, large)
            assert other is not None, "a feature of the pack"
            less = compares(other, "<", _half(value, part.operator))
            changed = both(site.term, less)
            if part.operator in (">", ">=") and value >= 2:
                yield site.mutant(
                    "contradictory",
                    f"many in {name_.value}, few in {large}",
                    changed,
                    "never_true",
                    NEVER,
                    changed,
                    streams=True,
                )


def unreachable(pack: Pack) -> list[Mutant]:
    """Conditions whose rule, filter or alternative is never reached."""
    return [mutant for site in sites(pack) for mutant in _unreachable(site)]


def _unreachable(site: Site) -> Iterator[Mutant]:
    if site.kinds:
        strangers = sorted(set(Kind) - site.kinds)[:3]
        for stranger in strangers[:2]:
            other = compares(_KIND, "=", stranger.value)
            yield site.mutant(
                "unreachable",
                f"only {stranger.value}, which the rule is not for",
                both(other, site.term),
                "never_true",
                NEVER,
                both(other, site.term),
            )
        two = both(_kinds(frozenset(strangers)), compares(_HOUR, "<", 6))
        yield site.mutant(
            "unreachable",
            "an alternative for kinds the rule is not for",
            either(site.term, two),
            "never_true",
            NEVER,
            two,
        )
    yield from _unreached_alternatives(site)
    if site.item.section == "features":
        yield from _uncounted(site)


def _unreached_alternatives(site: Site) -> Iterator[Mutant]:
    for part, name, value in thresholds(site):
        if part.operator in (">", ">="):
            inner = compares(name, ">=", _twice(value, ">"))
            changed = swapped(site.term, part, either(part, inner))
            yield site.mutant(
                "unreachable",
                f"an alternative of {name.value} that the first one covers",
                changed,
                "idle_part",
                NEVER,
                both(inner, denied(part)),
            )
        for large in _wider(str(name.value)):
            other_ = fact(site.pack, large)
            assert other_ is not None, "a feature of the pack"
            more = Term(">", Type.BOOLEAN, True, (name, other_))
            changed = swapped(site.term, part, more)
            if site.tells_all(changed):
                yield site.mutant(
                    "unreachable",
                    f"{name.value} above {large}, which counts more",
                    changed,
                    "never_true",
                    NEVER,
                    more,
                    streams=True,
                )


def _uncounted(site: Site) -> Iterator[Mutant]:
    feature = next(one for one in site.pack.package.declared.features if one.name == site.item.name)
    for key in feature.by:
        name_ = fact(site.pack, key)
        if name_ is not None and name_.nullable:
            changed = both(site.term, missing(name_))
            mutant = site.mutant(
                "unreachable",
                f"only operations without a {key}, kept by {key}",
                changed,
                "never_counted",
                NEVER,
                both(changed, denied(missing(name_))),
            )
            yield mutant


def _kinds(kinds: frozenset[Kind]) -> Term:
    return Term("in", Type.BOOLEAN, False, (_KIND,), frozenset(kind.value for kind in kinds))


def _twice(value: float, operator: str) -> Scalar:
    return value * 2 + 1 if operator in (">", ">=") else type(value)(value / 2)


def _half(value: float, operator: str) -> Scalar:
    return type(value)(value / 2) if operator in (">", ">=") else value * 2 + 1


def _other_word(name: Term, value: object) -> Scalar:
    if name.value == "kind":
        return "refund" if value != "refund" else "deposit"
    return {"channel": "batch", "currency": "JPY", "country": "SG"}.get(str(name.value), "pending")


def _conjuncts(term: Term) -> tuple[Term, ...]:
    return term.operands if term.operator == "and" else (term,)


def _stands_alone(term: Term, name: str) -> bool:
    """Whether the condition needs the name to be true, or known: not under OR, NOT, CASE or coalesce."""
    for part in _conjuncts(term):
        if part.operator == "name" and part.value == name:
            return True
        compared = part.operator in (">", ">=", "<", "<=", "=") and name in {
            str(one.value) for one in part.operands if one.operator == "name"
        }
        if compared:
            return True
    return False


def _sources(pack: Pack, name: str) -> tuple[str, ...]:
    """What must be known for the name to be known: the key of a count, the subject of a list."""
    if name in pack.package.listed:
        return (pack.package.listed[name][1],)
    for window in pack.package.plan.windows:
        if window.name == name:
            return pack.package.plan.entities[window.entity]
    return {"home_ip": ("ip",), "known_device": ("device",), "home_place": ("country",)}.get(name, ())


def _wider(name: str) -> list[str]:
    """Features of the shipped packs that count at least what this one counts."""
    return {
        "small_payments_1h": ["payouts_1h"],
        "loans_before": ["operations_before"],
        "payments_1d": ["payments_7d", "payments_30d"],
        "spent_1d": ["spent_7d", "spent_30d"],
        "terminal_cards_1d": ["terminal_cards_7d", "terminal_payments_1d"],
        "terminal_payments_1d": ["terminal_payments_7d", "terminal_payments_30d"],
    }.get(name, [])
