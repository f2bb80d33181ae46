"""Faults of words: units, currencies and zones mixed, gaps left open, windows and keys that are not meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from countermand.drills.faults.mutants import ALWAYS, DIFFERS, NEVER, REFUSED, TEXT, Mutant
from countermand.drills.faults.pack import Edit, Item, Pack, quoted
from countermand.drills.faults.sites import Site, both, compares, fact, sites, swapped, thresholds
from countermand.policy.declarations import DAY
from countermand.policy.plan import Aggregate
from countermand.policy.terms import MEASURED, Term, Type, literal

_HOUR = Term("name", Type.INTEGER, False, (), "local_hour")
_GAPS = (
    "TODO",
    "TBD",
    "…",
    "<AMOUNT>",
    "???",
    "${LIMIT}",
    "{{value}}",
    "xxx",
    "FIXME",
    "待定",
    "待补充",
    "待填写",
)


def mixed(pack: Pack) -> list[Mutant]:
    """Money without its currency or in another one, seconds for durations, hours in another zone."""
    found = [mutant for site in sites(pack) for mutant in _mixed(site)]
    for item in pack.of("limits"):
        for key in sorted({"per_operation", "per_day"} & item.values.keys()):
            digits = re.sub(r"\D", "", pack.text(item, key))
            values = (digits, f"usd({digits})", f"INTERVAL '{digits} seconds'")
            found += [_refused(pack, item, key, value, f"{key} as {value}") for value in values]
    head = pack.of("head")[0]
    for zone in ("UTC+8", "Beijing", "GMT+08:00", "CST8"):
        edit = pack.with_value(head, "timezone", quoted(zone))
        found.append(
            Mutant("mix", f"head: the time zone {zone}", pack, edit, frozenset({"unknown_timezone"}), TEXT)
        )
    return found


def _mixed(site: Site) -> Iterator[Mutant]:
    pack, item = site.pack, site.item
    written = pack.text(item, site.key)
    refused = [
        (r"\b(cny|eur)\(([\d.]+)\)", r"\2", "an amount without its currency"),
        (r"\b(cny|eur)\(([\d.]+)\)", r"usd(\2)", "an amount in dollars"),
        (r"INTERVAL '(\d+) (\w+)'", r"\1", "a bare number for a duration"),
        (r"\blocal_hour\b", "EXTRACT(HOUR FROM occurred_at)", "the hour of another zone"),
    ]
    for pattern, replacement, what in refused:
        changed = re.sub(pattern, replacement, written)
        if changed != written:
            yield _refused(pack, item, site.key, quoted(changed), what)
    for part, name, _ in thresholds(site):
        for type_, value in ((Type.MONEY, 500), (Type.INTEGER, 3), (Type.DURATION, 3600 * 10**6)):
            if (
                name.type in MEASURED
                and name.type is not type_
                and not {name.type, type_} <= {Type.INTEGER, Type.NUMBER}
            ):
                wrong = Term(part.operator, Type.BOOLEAN, True, (name, literal(value, type_)))
                changed_ = pack.say(swapped(site.term, part, wrong))
                yield _refused(pack, item, site.key, changed_, f"{name.value} compared with {type_.value}")
                break
    if item.section == "rules":
        for hours in (8, -8):
            shifted = Term("+" if hours > 0 else "-", Type.INTEGER, False, (_HOUR, literal(8, Type.INTEGER)))
            test = compares(shifted, "<" if hours < 0 else ">=", 0 if hours < 0 else 22)
            yield site.mutant(
                "mix",
                "the local hour shifted to another zone",
                both(site.term, test),
                "shifted_hour never_true always_true",
                DIFFERS,
            )


def _refused(pack: Pack, item: Item, key: str, value: str, what: str) -> Mutant:
    edit = pack.with_value(item, key, value)
    codes = "type_mix currency_mix not_allowed unknown_function bad_limit not_sql bad_interval"
    name = f"{item.section.removesuffix('s')} {item.name}: {what}"
    return Mutant("mix", name, pack, edit, frozenset(codes.split()), REFUSED)


def placeholders(pack: Pack) -> list[Mutant]:
    """Gaps that somebody meant to fill."""
    found: list[Mutant] = []

    def leave(item: Item, key: str, value: str, gap: str) -> None:
        edit = pack.with_value(item, key, value)
        found.append(
            Mutant(
                "placeholder",
                f"{item.section.removesuffix('s')} {item.name}: {key} with {gap}",
                pack,
                edit,
                frozenset({"placeholder"}),
                TEXT,
            )
        )

    number = 0
    for item in pack.items:
        for key, node in item.values.items():
            number += 1
            gap = _GAPS[number % len(_GAPS)]
            if key in ("when", "where", "value"):
                text = re.sub(r"(?<![\w.])\d+", gap, str(node.value), count=1)
                if text != str(node.value):
                    leave(item, key, quoted(text), gap)
            elif key == "scenario":
                leave(item, key, quoted(gap), gap)
            elif key in ("over", "hold_for", "per_day", "per_operation", "at_least"):
                text = re.sub(r"\d+", gap, str(node.value), count=1)
                if text != str(node.value):
                    leave(item, key, quoted(text), gap)
            elif key in ("reason", "title"):
                en, zh = (str(value.value) for _, value in node.value)
                leave(item, key, f"{{en: {quoted(en)}, zh: {quoted(gap + zh)}}}", gap)
    return found


def wrong_windows(pack: Pack) -> list[Mutant]:
    """Windows longer than the history, longer than what a rule asks for, or not what the name says."""
    found: list[Mutant] = []
    declared = {feature.name: feature for feature in pack.package.declared.features}
    for item in pack.of("features"):
        over = declared[item.name].over
        days = pack.package.head.history // DAY
        for longer in (f"{days + 1} days", f"{days * 24 + 24} hours", f"{days} weeks"):
            edit = pack.with_value(item, "over", longer)
            found.append(
                Mutant(
                    "window",
                    f"feature {item.name}: over {longer}",
                    pack,
                    edit,
                    frozenset({"window_too_long"}),
                    REFUSED,
                )
            )
        said = re.search(r"_(\d+)([mhd])$", item.name)
        if said and over is not None:
            wrong = {"m": "hours", "h": "minutes", "d": "hours"}[said[2]]
            edit = pack.with_value(item, "over", f"{said[1]} {wrong}")
            found.append(
                Mutant(
                    "window",
                    f"feature {item.name}: over {said[1]} {wrong}",
                    pack,
                    edit,
                    frozenset({"window_other", "never_true"}),
                    DIFFERS,
                )
            )
    for site in sites(pack):
        found += _beyond_window(site, {name: one.over for name, one in declared.items()})
    return found


def _beyond_window(site: Site, overs: dict[str, int | None]) -> Iterator[Mutant]:
    features = {window.name: window for window in site.pack.package.plan.windows}
    for part, name, _ in thresholds(site):
        window, over = features.get(str(name.value)), overs.get(str(name.value))
        if window is None or over is None or window.aggregate is not Aggregate.TIME_SINCE_LAST:
            continue
        for longer in (over, over + DAY, over * 4):
            below = compares(name, "<", longer)
            yield site.mutant(
                "window",
                f"{name.value} compared beyond its window",
                swapped(site.term, part, below),
                "always_true",
                ALWAYS,
                below,
            )
            above = compares(name, ">", longer)
            yield site.mutant(
                "window",
                f"{name.value} asked to be longer than its window",
                swapped(site.term, part, above),
                "never_true",
                NEVER,
                above,
            )


def wrong_entities(pack: Pack) -> list[Mutant]:
    """Windows kept by something else than their name says, and lists asked about something else."""
    found: list[Mutant] = []
    declared = {feature.name: feature for feature in pack.package.declared.features}
    expected = frozenset({"entity_other", "entity_unsaid", "aggregates_its_key", "never_carried"})
    for item in pack.of("features"):
        by = declared[item.name].by
        others = [(name,) for name in ("account", "device", "ip", "counterparty", "session", "person")]
        others += [(name,) for name in by if len(by) > 1]
        for other in dict.fromkeys(others):
            if other == by:
                continue
            edit: Edit = pack.with_value(item, "by", other[0])
            found.append(
                Mutant("wrong_entity", f"feature {item.name}: by {other[0]}", pack, edit, expected, DIFFERS)
            )
    for site in sites(pack):
        text = pack.text(site.item, site.key)
        for match in re.finditer(r"listed\((\w+),", text):
            for other_ in ("person", "account", "device", "ip", "counterparty"):
                symbol = fact(pack, other_)
                if symbol is not None and other_ != match[1]:
                    edit = pack.with_value(
                        site.item, site.key, quoted(text.replace(match[0], f"listed({other_},"))
                    )
                    found.append(
                        Mutant(
                            "wrong_entity",
                            f"{site.item.section.removesuffix('s')} {site.item.name}: listed({other_})",
                            pack,
                            edit,
                            frozenset({"list_of_other"}),
                            DIFFERS,
                        )
                    )
    return found
