"""Whether a planted change is a fault at all, told by evaluating it: what means the same is not counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from countermand.drills.faults import mutants as ways
from countermand.drills.faults.facts import Chance, Machine, histories
from countermand.drills.faults.mutants import Mutant
from countermand.drills.faults.pack import understood
from countermand.policy.bound import BoundRule, Package
from countermand.policy.emit import Emitter, compiled
from countermand.policy.terms import Term
from countermand.vocabulary.operations import Kind
from countermand.vocabulary.outcomes import Outcome

SAMPLES, HISTORIES, OPERATIONS = 500, 6, 25
Truth = Callable[[list[Any]], bool | None]


def is_fault(mutant: Mutant, seed: int) -> bool:
    """Whether evaluation shows the fault; a change that means the same as the original is none."""
    if mutant.proof == ways.TEXT:
        return mutant.edit.files != mutant.pack.files
    package = understood(mutant.edit.files)
    if mutant.proof == ways.REFUSED or package is None:
        return package is None
    if mutant.proof == ways.POINTS:
        return _out_of_reach(mutant, package)
    return _Trial(mutant, package, seed).shows()


class _Trial:
    def __init__(self, mutant: Mutant, package: Package, seed: int) -> None:
        self.mutant, self.package = mutant, package
        self.machine = Machine(package)
        self.chance = Chance([package, mutant.pack.package], seed)
        self.rules = {rule.id: rule for rule in package.rules}

    def shows(self) -> bool:
        match self.mutant.proof:
            case ways.NEVER:
                probes = [self._truth(probe) for probe in self.mutant.probes]
                return not any(probe(facts) is True for facts in self._facts() for probe in probes)
            case ways.ALWAYS:
                probes = [self._truth(probe) for probe in self.mutant.probes]
                return not any(probe(facts) is False for facts in self._facts() for probe in probes)
            case ways.UNKNOWN:
                return self._unknown_passes()
            case ways.DIFFERS:
                return self._differs()
        return self._beside_others()

    def _facts(self) -> Iterator[list[Any]]:
        """Facts of operations of the rule's kinds, or of histories where windows matter."""
        if self.mutant.streams:
            for _, (facts,) in histories(self.chance, [self.machine], HISTORIES, OPERATIONS):
                yield facts
            return
        rule = self.rules.get(self.mutant.rule)
        kinds = sorted(rule.kinds) if rule is not None and rule.kinds else list(Kind)
        for number in range(SAMPLES):
            values = self.chance.given(kinds[number % len(kinds)], 1_795_000_000_000_000)
            given = self.machine.given(values)
            yield self.machine.all(given, self.chance.windows(self.machine, given))

    def _truth(self, term: Term) -> Truth:
        return truth_of(term, self.machine)

    def _unknown_passes(self) -> bool:
        """Something is unknown while all else that is asked for is so, and the rule stays silent."""
        *given, doubtful = [self._truth(probe) for probe in self.mutant.probes]
        rule = self.rules.get(self.mutant.rule)
        speaks = None if rule is None else self._fires(rule)
        for facts in self._facts():
            if all(one(facts) is True for one in given) and doubtful(facts) is None:
                return speaks is None or not speaks(facts)
        return False

    def _differs(self) -> bool:
        """The windows or the rules of a history are not those of the original."""
        original = Machine(self.mutant.pack.package)
        names = {window.name for window in self.package.plan.windows}
        mine, yours = _evaluator(self.machine), _evaluator(original)
        for values, (facts, others) in histories(
            self.chance, [self.machine, original], HISTORIES, OPERATIONS
        ):
            ours, theirs = (
                dict(zip(m.names, f, strict=True)) for m, f in ((self.machine, facts), (original, others))
            )
            if any(ours.get(name) != theirs.get(name) for name in names):
                return True
            if mine(values["kind"], facts) != yours(values["kind"], others):
                return True
        return False

    def _beside_others(self) -> bool:
        """The rule fires, and others that fire with it leave it nothing to say."""
        rule = self.rules[self.mutant.rule]
        fires = self._fires(rule)
        others = [(other, self._fires(other)) for other in self.package.rules if other is not rule]
        fired = False
        for facts in self._facts():
            if not fires(facts):
                continue
            fired = True
            kind = facts[self.machine.names.index("kind")]
            beside = [
                other
                for other, speaks in others
                if (other.kinds is None or Kind(kind) in other.kinds) and speaks(facts)
            ]
            if not self._is_covered(rule, beside):
                return False
        return fired

    def _is_covered(self, rule: BoundRule, beside: list[BoundRule]) -> bool:
        mine, most = rule.then or Outcome.ALLOW, max((one.then or Outcome.ALLOW for one in beside), default=0)
        if self.mutant.proof == ways.TWIN:
            return any(one.score == rule.score and one.id != rule.id for one in beside)
        if self.mutant.proof == ways.HIDDEN:
            return most > mine
        duties = {duty for one in beside for duty in one.oblige}
        return most >= mine and rule.score == 0 and set(rule.oblige) <= duties

    def _fires(self, rule: BoundRule) -> Callable[[list[Any]], bool]:
        truth = self._truth(rule.when)
        return (
            (lambda facts: truth(facts) is not False)
            if rule.fires_unknown
            else (lambda facts: truth(facts) is True)
        )


def truth_of(term: Term, machine: Machine) -> Truth:
    """A function of facts: TRUE, FALSE or None for unknown."""
    index = {name: number for number, name in enumerate(machine.names)}
    emitter = Emitter(lambda name: f"f[{index[name]}]")
    body = f"    return True if {emitter.holds(term)} else False if {emitter.fails(term)} else None\n"
    return compiled(f"def truth(f):\n{body}", "truth", emitter.constants)


def _evaluator(machine: Machine) -> Callable[[str, list[Any]], frozenset[str]]:
    truths = [(rule, truth_of(rule.when, machine)) for rule in machine.package.rules]

    def fired(kind: str, facts: list[Any]) -> frozenset[str]:
        return frozenset(
            rule.id
            for rule, truth in truths
            if (rule.kinds is None or Kind(kind) in rule.kinds)
            and (truth(facts) is True or (rule.fires_unknown and truth(facts) is None))
        )

    return fired


def _out_of_reach(mutant: Mutant, package: Package) -> bool:
    """By arithmetic: a band above all points, one with its neighbour's answer, an amount above the day's."""
    if "idle_limit" in mutant.expected:
        return _limit_of(mutant) > 0
    if "idle_band" in mutant.expected:
        answers = [band.then for band in package.declared.bands]
        return any(one == other for one, other in pairwise(answers))
    most = max(
        sum(rule.score for rule in package.rules if rule.kinds is None or kind in rule.kinds) for kind in Kind
    )
    return int(mutant.rule) > most


def _limit_of(mutant: Mutant) -> int:
    """How far the amount of one operation lies above the day's, in minor units."""
    package = understood(mutant.edit.files)
    assert package is not None, "the limit is sound by itself"
    name = mutant.what.removeprefix("limit ").split(":")[0]
    (when,) = [rule.when for rule in package.rules if rule.id == f"limit.{name}"]
    single = daily = 0
    waiting = [when]
    while waiting:
        term = waiting.pop()
        waiting += term.operands
        if term.operator == ">" and isinstance(term.operands[1].value, int):
            if term.operands[0].operator == "+":
                daily = term.operands[1].value
            else:
                single = term.operands[1].value
    return single - daily
