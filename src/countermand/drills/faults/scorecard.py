"""How many of the planted faults the analyser found, class by class."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from countermand.drills.faults.decides_nothing import always_true, contradictory, never_true, unreachable
from countermand.drills.faults.ladders import out_of_reach, overlapping, shadowed
from countermand.drills.faults.mutants import Mutant, Planter
from countermand.drills.faults.pack import Pack
from countermand.drills.faults.proof import is_fault
from countermand.drills.faults.said_wrong import mixed, placeholders, wrong_entities, wrong_windows
from countermand.drills.faults.unsafe import unknown_unsafe
from countermand.policy.findings import Finding
from countermand.policy.package import examine_policy

CLASSES: dict[str, tuple[Planter, ...]] = {
    "always_true": (always_true,),
    "never_true": (never_true,),
    "unreachable": (unreachable, out_of_reach),
    "contradictory": (contradictory,),
    "shadowed": (shadowed,),
    "mix": (mixed,),
    "placeholder": (placeholders,),
    "unknown_unsafe": (unknown_unsafe,),
    "overlap": (overlapping,),
    "wrong_entity": (wrong_entities,),
    "window": (wrong_windows,),
}


@dataclass
class Row:
    """One class. planted: shown to be faults. equivalent: shown to be none, and not counted."""

    planted: int = 0
    found: int = 0
    equivalent: int = 0
    missed: list[str] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        return {
            "planted": self.planted,
            "equivalent": self.equivalent,
            "found": self.found,
            "missed": self.missed,
        }


@dataclass
class Scorecard:
    """All classes, and what is said about the packs as they are shipped."""

    rows: dict[str, Row]
    alarms: list[str]

    @property
    def share(self) -> float:
        planted = sum(row.planted for row in self.rows.values())
        return sum(row.found for row in self.rows.values()) / max(1, planted)


def score(packs: Iterable[Pack], seed: int, per_class: int, only: str = "") -> Scorecard:
    """Plant `per_class` faults of every class, drawn over all packs and planters, and look for them."""
    packs = list(packs)
    before = {pack.name: _said(pack.files) for pack in packs}
    alarms = [f"{pack.name}: {finding}" for pack in packs for finding in before[pack.name]]
    rows: dict[str, Row] = {}
    for fault, planters in CLASSES.items():
        if only in ("", fault):
            chance = random.Random(f"{seed} {fault}")
            mutants = [mutant for pack in packs for planter in planters for mutant in planter(pack)]
            chance.shuffle(mutants)
            rows[fault] = _row(mutants, before, seed, per_class)
    return Scorecard(rows, alarms)


def _row(mutants: list[Mutant], before: Mapping[str, list[Finding]], seed: int, count: int) -> Row:
    row = Row()
    for mutant in mutants:
        if row.planted == count:
            break
        if not is_fault(mutant, seed):
            row.equivalent += 1
            row.idle.append(f"{mutant.pack.name} {mutant.what}")
            continue
        row.planted += 1
        said = _said(mutant.edit.files)
        known = {(one.code, one.en) for one in before[mutant.pack.name]}
        new = [one for one in said if (one.code, one.en) not in known]
        if any(_points_at(mutant, one) for one in new):
            row.found += 1
        else:
            where = f"{mutant.edit.file}:{min(mutant.edit.lines)}"
            instead = "; ".join(f"{one.code} {one.at.file}:{one.at.line}" for one in new) or "nothing"
            row.missed.append(f"{mutant.pack.name} {where} {mutant.what} (said: {instead})")
    return row


def _points_at(mutant: Mutant, finding: Finding) -> bool:
    at = finding.at
    return finding.code in mutant.expected and at.file == mutant.edit.file and at.line in mutant.edit.lines


def _said(files: Mapping[str, str]) -> list[Finding]:
    examined = examine_policy(files)
    return [*examined.findings, *examined.warnings]
