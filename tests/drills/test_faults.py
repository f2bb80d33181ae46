"""Goal: the analyser finds faults planted in the shipped packs, and says nothing of the packs themselves.

Method: a few faults of every class (`make faults` plants 50 of each); the tool's own judgement of what is a
fault is tried on changes that mean the same.
"""

from dataclasses import replace

import pytest

from countermand.app import read_policy
from countermand.drills.faults.decides_nothing import always_true, never_true
from countermand.drills.faults.ladders import shadowed
from countermand.drills.faults.mutants import ALWAYS, DIFFERS, IDLE, NEVER, UNKNOWN
from countermand.drills.faults.pack import Pack
from countermand.drills.faults.proof import is_fault
from countermand.drills.faults.scorecard import CLASSES, score
from countermand.drills.faults.sites import sites
from countermand.policy.package import examine_policy

SHIPPED = ("cn-consumer-finance", "handbook-demo")


@pytest.fixture(scope="module")
def packs():
    """The shipped packs."""
    return [Pack(name, read_policy(name)) for name in SHIPPED]


@pytest.mark.parametrize("name", SHIPPED)
def test_nothing_is_said_of_the_packs_as_they_are_shipped(name):
    """No finding and no warning: there is no false alarm."""
    examined = examine_policy(read_policy(name))
    assert [*examined.findings, *examined.warnings] == []


def test_planted_faults_are_found_where_they_are(packs):
    """One of every class, at its file and line."""
    card = score(packs, seed=7, per_class=1)
    assert {fault: row.missed for fault, row in card.rows.items() if row.missed} == {}
    assert {row.planted for row in card.rows.values()} == {1}
    assert card.alarms == []


def test_there_is_room_for_many_faults_of_every_class(packs):
    """Fifty of each class over many rules, so that a seed chooses among them."""
    for fault, planters in CLASSES.items():
        mutants = [mutant for pack in packs for planter in planters for mutant in planter(pack)]
        assert len(mutants) >= 50, fault
        assert len({mutant.what.split(":")[0] for mutant in mutants}) >= 20, fault
        assert all(mutant.edit.files != mutant.pack.files and mutant.edit.lines for mutant in mutants)


def test_a_change_that_means_the_same_is_no_fault(packs):
    """The original condition is neither always true, nor never, nor idle, nor different, nor unsafe."""
    (site,) = [one for one in sites(packs[0]) if one.item.name == "payout-burst"]
    same = site.mutant("x", "written again", site.term, "x", NEVER, site.term)
    for proof in (NEVER, ALWAYS, DIFFERS, UNKNOWN):
        assert not is_fault(replace(same, proof=proof), 1), proof
    copies = [one for one in shadowed(packs[0]) if "payout-burst" in one.what]
    assert is_fault(copies[0], 1)
    assert not is_fault(replace(copies[0], rule="payout-burst", proof=IDLE), 1)


def test_the_same_seed_plants_the_same_faults(packs):
    """A failure names its seed, and the seed plants it again."""
    again = [Pack(name, read_policy(name)) for name in SHIPPED]
    for planter in (always_true, never_true):
        assert [one.edit for one in planter(packs[0])] == [one.edit for one in planter(again[0])]
