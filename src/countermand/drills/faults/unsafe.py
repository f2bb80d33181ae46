"""Faults of not knowing: rules and filters that let money pass where something is unknown."""

from __future__ import annotations

from collections.abc import Iterator

from countermand.drills.faults.mutants import UNKNOWN, Mutant
from countermand.drills.faults.pack import Pack
from countermand.drills.faults.sites import Site, both, denied, parts, sites, swapped
from countermand.policy.terms import Term, Type, literal
from countermand.vocabulary.operations import MOVES_MONEY
from countermand.vocabulary.outcomes import Outcome

_CODES = frozenset(
    {"unknown_passes", "unknown_unsaid", "unknown_skips", "unknown_hidden", "unknown_uncounted"}
)


def unknown_unsafe(pack: Pack) -> list[Mutant]:
    """What is unknown lets money pass."""
    return [mutant for site in sites(pack) for mutant in _unsafe(site)]


def _unsafe(site: Site) -> Iterator[Mutant]:
    pack, item = site.pack, site.item
    name = f"{item.section.removesuffix('s')} {item.name}"

    if item.section == "features":
        for part in parts(site.term):
            inner = part.operands[0] if part.operator == "not" else None
            if inner is not None and inner.operator == "coalesce":
                bare = denied(inner.operands[0])
                edit = pack.with_value(item, "where", pack.say(swapped(site.term, inner, bare.operands[0])))
                changed = swapped(site.term, inner, bare.operands[0])
                yield Mutant(
                    "unknown_unsafe", f"{name}: NOT without coalesce", pack, edit, _CODES, UNKNOWN, (changed,)
                )
        for signal in ("known_device", "home_ip", "home_place"):
            symbol = pack.package.given.get(signal)
            if symbol is not None and signal not in set(site.term.names()):
                test = denied(Term("name", Type.BOOLEAN, True, (), signal))
                edit = pack.with_value(item, "where", pack.say(both(site.term, test)))
                yield Mutant(
                    "unknown_unsafe",
                    f"{name}: counts only NOT {signal}",
                    pack,
                    edit,
                    _CODES,
                    UNKNOWN,
                    (site.term, test),
                )
        return
    if item.section != "rules":
        return
    rule = pack.rules[item.name]
    moves = rule.kinds is not None and bool(rule.kinds & MOVES_MONEY)
    said = "if_unknown" in item.values
    if moves and said and rule.then is not None and rule.when.nullable and not rule.fires_unknown:
        if rule.then is not Outcome.DENY:
            edit = pack.with_value(item, "then", "deny")
            if "hold_for" in item.values:
                edit = pack.without(edit, item, "hold_for")
            at = edit.lines | {_line_of(edit.files[edit.file], item.first, "if_unknown: skip")}
            edit = type(edit)(edit.files, edit.file, frozenset(at))
            yield Mutant(
                "unknown_unsafe",
                f"{name}: refuses, and skips what is unknown",
                pack,
                edit,
                _CODES,
                UNKNOWN,
                (rule.when,),
                rule=rule.id,
            )
        if "on" in item.values:
            edit = pack.without(pack.with_value(item, "id", rule.id), item, "on", "if_unknown")
            yield Mutant(
                "unknown_unsafe",
                f"{name}: for all kinds, nothing said of unknown",
                pack,
                edit,
                _CODES,
                UNKNOWN,
                (rule.when,),
                rule=rule.id,
            )
    if moves and said and rule.fires_unknown and rule.then is not None and rule.when.nullable:
        edit = pack.with_value(item, "if_unknown", "skip")
        yield Mutant(
            "unknown_unsafe",
            f"{name}: skips what is unknown",
            pack,
            edit,
            _CODES,
            UNKNOWN,
            (rule.when,),
            rule=rule.id,
        )
    if moves and rule.then is not None and rule.then >= Outcome.HOLD and not rule.fires_unknown:
        for signal in ("known_device", "home_ip", "own_payee"):
            symbol = pack.package.given.get(signal)
            if symbol is not None and signal not in set(rule.when.names()):
                test = denied(Term("name", Type.BOOLEAN, symbol.nullable, (), signal))
                edit = pack.with_value(item, "when", pack.say(both(rule.when, test)))
                yield Mutant(
                    "unknown_unsafe",
                    f"{name}: only where NOT {signal}",
                    pack,
                    edit,
                    _CODES,
                    UNKNOWN,
                    (rule.when, test),
                    rule=rule.id,
                )
    if moves and rule.then is Outcome.DENY:
        hidden = Term("coalesce", Type.BOOLEAN, False, (rule.when, literal(False, Type.BOOLEAN)))
        edit = pack.with_value(item, "when", pack.say(hidden))
        if said and not rule.fires_unknown:
            return
        yield Mutant(
            "unknown_unsafe",
            f"{name}: coalesce hides what is unknown",
            pack,
            edit,
            _CODES,
            UNKNOWN,
            (rule.when,),
            rule=rule.id,
        )


def _line_of(text: str, first: int, words: str) -> int:
    lines = text.split("\n")
    return next(number for number in range(first, len(lines) + 1) if words in lines[number - 1])
