"""Faults between rules: copies that add nothing, answers that never show, bands out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from countermand.drills.faults.mutants import HIDDEN, IDLE, POINTS, TWIN, Mutant
from countermand.drills.faults.pack import Edit, Item, Pack, rule_text
from countermand.drills.faults.sites import Site, both, compares, either, sites, swapped, thresholds
from countermand.policy.terms import Term, Type
from countermand.vocabulary.operations import Kind
from countermand.vocabulary.outcomes import Outcome

_MILDER = {Outcome.DENY: "hold", Outcome.APPROVE: "hold", Outcome.HOLD: "challenge"}
_STRICTER = {Outcome.CHALLENGE: "hold", Outcome.HOLD: "deny", Outcome.APPROVE: "deny"}
_HOUR = Term("name", Type.INTEGER, False, (), "local_hour")


def shadowed(pack: Pack) -> list[Mutant]:
    """Copies of rules and limits that an equal or stricter one covers."""
    found = [mutant for site in sites(pack) if site.item.section == "rules" for mutant in _shadowed(site)]
    for item in pack.of("limits"):
        for key in ("per_operation", "per_day"):
            if key in item.values:
                higher = pack.text(item, key).replace("(", "(1")
                other = {"per_day": "per_operation", "per_operation": "per_day"}[key]
                text = rule_text(pack, item, f"{item.name}-2", **{key: higher, other: None})
                found.append(
                    _added(
                        pack,
                        item,
                        "shadowed",
                        f"a copy with a higher {key}",
                        text,
                        IDLE,
                        f"limit.{item.name}-2",
                    )
                )
    return found


def _shadowed(site: Site) -> Iterator[Mutant]:
    pack, item, rule = site.pack, site.item, site.pack.rules[site.item.name]
    if rule.then is None or rule.then is Outcome.ALLOW:
        return
    copy = f"{rule.id}-2"

    def added(what: str, term: Term, **changed: str | None) -> Mutant:
        changes = {"when": pack.say(term), "score": None, **changed}
        text = rule_text(pack, item, copy, **changes)
        return _added(pack, item, "shadowed", what, text, IDLE, copy)

    yield added("the same again under another id", site.term)
    for part, name, value in thresholds(site):
        if part.operator in (">", ">=") and type(value) is int:
            narrower = compares(name, part.operator, value * 2 + 1)
            yield added(f"a stricter threshold of {name.value}", swapped(site.term, part, narrower))
    yield added("one more condition", both(site.term, compares(_HOUR, "<", 6)))
    if rule.kinds and len(rule.kinds) > 1:
        yield added("fewer kinds", site.term, on=f"[{min(rule.kinds).value}]")
    if rule.then in _MILDER:
        yield added("a milder answer", site.term, then=_MILDER[rule.then], hold_for=None)


def overlapping(pack: Pack) -> list[Mutant]:
    """Two rules for the same operations that say different things, or say it twice."""
    found = [mutant for site in sites(pack) if site.item.section == "rules" for mutant in _overlapping(site)]
    for item in pack.of("limits"):
        text = rule_text(pack, item, f"{item.name}-2", then="challenge")
        found.append(
            _added(
                pack,
                item,
                "overlap",
                "a copy with a milder answer",
                text,
                IDLE,
                f"limit.{item.name}-2",
                both_=True,
            )
        )
    for item in pack.of("bands"):
        points = int(pack.text(item, "at_least"))
        text = rule_text(pack, item, "", at_least=str(points + 5))
        edit = pack.with_item_after(item, text, both=True)
        found.append(
            Mutant(
                "overlap",
                f"band {item.name}: another with the same answer",
                pack,
                edit,
                frozenset({"idle_band"}),
                POINTS,
                rule=item.name,
            )
        )
    return found


def _overlapping(site: Site) -> Iterator[Mutant]:
    pack, item, rule = site.pack, site.item, site.pack.rules[site.item.name]
    copy = f"{rule.id}-2"

    def added(what: str, term: Term, proof: str, hidden: str, **changed: str | None) -> Mutant:
        text = rule_text(pack, item, copy, **{"when": pack.say(term), **changed})
        return _added(pack, item, "overlap", what, text, proof, hidden, both_=True)

    if rule.then in _STRICTER:
        yield added(
            "the same with a stricter answer",
            site.term,
            HIDDEN,
            rule.id,
            then=_STRICTER[rule.then],
            hold_for=None,
        )
        for part, name, value in thresholds(site):
            if part.operator in (">", ">=") and type(value) is int and value >= 2:
                wider = swapped(site.term, part, compares(name, part.operator, value // 2))
                yield added(
                    f"the stricter answer from a lower {name.value} on",
                    wider,
                    HIDDEN,
                    rule.id,
                    then=_STRICTER[rule.then],
                    hold_for=None,
                )
    if rule.score:
        yield added("the same points again", site.term, TWIN, rule.id, then=None, oblige=None)
    if rule.then in _MILDER and not rule.score:
        yield added(
            "the same with a milder answer and points",
            site.term,
            HIDDEN,
            copy,
            then=_MILDER[rule.then],
            hold_for=None,
            score="10",
        )
    if rule.then is not None and rule.then >= Outcome.HOLD:
        late = either(compares(_HOUR, "<", 7), compares(_HOUR, ">=", 20))
        for what, when in (("by day", compares(_HOUR, ">=", 6)), ("early and late", late)):
            term = both(site.term, when)
            nothing = dict.fromkeys(("score", "hold_for", "oblige"))
            yield added(f"an exception that allows, {what}", term, IDLE, copy, then="allow", **nothing)


def out_of_reach(pack: Pack) -> list[Mutant]:
    """Bands that no operation scores, and limits of which one part never decides."""
    found: list[Mutant] = []
    most = max(
        sum(rule.score for rule in pack.package.rules if rule.kinds is None or kind in rule.kinds)
        for kind in Kind
    )
    for item in pack.of("bands")[-1:]:
        for points in (most + 1, most + 40, 1000):
            if most < points <= 1000:
                edit = pack.with_value(item, "at_least", str(points))
                found.append(
                    Mutant(
                        "unreachable",
                        f"band {item.name}: from {points} points",
                        pack,
                        edit,
                        frozenset({"unreachable_band"}),
                        POINTS,
                        rule=str(points),
                    )
                )
    for item in pack.of("limits"):
        if "per_operation" in item.values and "per_day" in item.values:
            for zeros in ("0", "00"):
                day = pack.text(item, "per_day")
                edit = pack.with_value(item, "per_operation", day.replace(")", f"{zeros})"))
                rule = pack.rules[f"limit.{item.name}"].when
                found.append(
                    Mutant(
                        "unreachable",
                        f"limit {item.name}: one operation may be more than a day",
                        pack,
                        edit,
                        frozenset({"idle_limit"}),
                        POINTS,
                        (rule,),
                    )
                )
    return found


def _added(
    pack: Pack, item: Item, fault: str, what: str, text: str, proof: str, rule: str, *, both_: bool = False
) -> Mutant:
    edit: Edit = pack.with_item_after(item, text, both=both_)
    codes = {"shadowed_rule", "overruled_then", "doubled_points", "allow_excuses_nothing"}
    expected = frozenset({"shadowed_rule"} if fault == "shadowed" else codes)
    made = Mutant(fault, f"{item.section.removesuffix('s')} {item.name}: {what}", pack, edit, expected, proof)
    return replace(made, rule=rule)
