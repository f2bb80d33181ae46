"""Faults of not knowing: rules and filters that let money pass where something is unknown."""

from __future__ import annotations

from collections.abc import Iterator

from countermand.drills.faults.mutants import UNKNOWN, Mutant
from countermand.drills.faults.pack import Edit, Pack
from countermand.drills.faults.sites import Site, both, denied, parts, sites, swapped
from countermand.policy.bound import BoundRule
from countermand.policy.terms import Term, Type, literal
from countermand.vocabulary.operations import MOVES_MONEY
from countermand.vocabulary.outcomes import Outcome

_STOPS = (Outcome.HOLD, Outcome.APPROVE)
_CODES = frozenset(
    {"unknown_passes", "unknown_unsaid", "unknown_skips", "unknown_hidden", "unknown_uncounted"}
)


def unknown_unsafe(pack: Pack) -> list[Mutant]:
    """What is unknown lets money pass."""
    return [mutant for site in sites(pack) for mutant in _unsafe(site)]


def _unsafe(site: Site) -> Iterator[Mutant]:
    if site.item.section == "features":
        yield from _uncounted(site)
    if site.item.section != "rules":
        return
    rule = site.pack.rules[site.item.name]
    if rule.kinds is not None and rule.kinds & MOVES_MONEY and rule.then is not None and rule.when.nullable:
        if "if_unknown" in site.item.values and not rule.fires_unknown:
            yield from _refuses(site, rule)
            yield from _denies(site, rule)
        yield from _skips(site, rule)


def _uncounted(site: Site) -> Iterator[Mutant]:
    """Filters with a bare NOT."""
    pack, names = site.pack, set(site.term.names())
    for part in parts(site.term):
        inner = part.operands[0] if part.operator == "not" else None
        if inner is not None and inner.operator == "coalesce":
            changed = swapped(site.term, inner, inner.operands[0])
            edit = pack.with_value(site.item, "where", pack.say(changed))
            yield _mutant(site, "NOT without coalesce", edit, changed)
    for signal in ("known_device", "home_ip", "home_place"):
        if signal in pack.package.given and signal not in names:
            test = denied(Term("name", Type.BOOLEAN, True, (), signal))
            edit = pack.with_value(site.item, "where", pack.say(both(site.term, test)))
            yield _mutant(site, f"counts only NOT {signal}", edit, site.term, test)


def _refuses(site: Site, rule: BoundRule) -> Iterator[Mutant]:
    """A rule that skipped with a milder answer, made to refuse; or made to be for all kinds."""
    pack, item = site.pack, site.item
    if rule.then is not Outcome.DENY:
        edit = pack.with_value(item, "then", "deny")
        if "hold_for" in item.values:
            edit = pack.without(edit, item, "hold_for")
        skip = _line_of(edit.files[edit.file], item.first, "if_unknown: skip")
        yield _mutant(site, "refuses, and skips what is unknown",
                      Edit(edit.files, edit.file, edit.lines | {skip}), rule.when)  # fmt: skip
        stern = Pack(pack.name, edit.files)
        (again,) = [one for one in stern.of("rules") if one.name == item.name]
        hidden = Term("coalesce", Type.BOOLEAN, False, (rule.when, literal(False, Type.BOOLEAN)))
        edit = stern.with_value(again, "when", pack.say(hidden))
        yield _mutant(site, "refuses, and coalesce hides what is unknown", edit, rule.when)
    if "on" in item.values:
        edit = pack.without(pack.with_value(item, "id", rule.id), item, "on", "if_unknown")
        yield _mutant(site, "for all kinds, nothing said of unknown", edit, rule.when)


def _denies(site: Site, rule: BoundRule) -> Iterator[Mutant]:
    """A rule that holds or refuses, narrowed by a bare NOT."""
    if rule.then is None or rule.then < Outcome.HOLD:
        return
    for signal in ("known_device", "home_ip", "own_payee"):
        if signal in site.pack.package.given and signal not in set(rule.when.names()):
            test = denied(Term("name", Type.BOOLEAN, True, (), signal))
            edit = site.pack.with_value(site.item, "when", site.pack.say(both(rule.when, test)))
            yield _mutant(site, f"only where NOT {signal}", edit, rule.when, test)


def _skips(site: Site, rule: BoundRule) -> Iterator[Mutant]:
    """A refusal, or a question about the amount alone, that no longer fires where it does not know."""
    amount_only = rule.then in _STOPS and set(rule.when.names()) == {"amount"}
    if rule.fires_unknown and "if_unknown" in site.item.values and (rule.then is Outcome.DENY or amount_only):
        edit = site.pack.with_value(site.item, "if_unknown", "skip")
        yield _mutant(site, "skips what is unknown", edit, rule.when)


def _mutant(site: Site, what: str, edit: Edit, *probes: Term) -> Mutant:
    rule = site.item.name if site.item.section == "rules" else ""
    name = f"{site.item.section.removesuffix('s')} {site.item.name}: {what}"
    return Mutant("unknown_unsafe", name, site.pack, edit, _CODES, UNKNOWN, probes, rule)


def _line_of(text: str, first: int, words: str) -> int:
    lines = text.split("\n")
    return next(number for number in range(first, len(lines) + 1) if words in lines[number - 1])
