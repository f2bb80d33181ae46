"""One round: witnesses are asked, two customers hand in what they were given, and a monitor looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from countermand.drills.forks.honest import WITNESSES, HonestWitness, Showing, policy_of
from countermand.drills.forks.operator import HONEST, Operator
from countermand.drills.forks.story import ORIGIN
from countermand.flows.monitor_log import Report, monitor_log
from countermand.kernel.clock import Clock
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.forks import FraudProof
from countermand.transparency.notes import Note, Signature


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed; `wrong` says what must not be."""

    seed: int
    way: str
    proofs: tuple[FraudProof, ...]
    alarms: tuple[str, ...]
    wrong: tuple[str, ...]


async def play(seed: int, way: str, clock: Clock) -> Outcome:
    """One fork, or one honest log, by the seed alone."""
    operator = Operator(seed, way)
    witnesses = [HonestWitness(number, operator.key, clock) for number in range(WITNESSES)]
    notes: list[Note] = []
    plan = [(number, operator.story_for(number)) for number in range(WITNESSES)]
    for number, story in [*plan, *operator.later()]:
        for request in operator.step(story, await witnesses[number].latest(ORIGIN)):
            if await witnesses[number].ask(request):
                kept = await witnesses[number].latest(ORIGIN)
                assert kept is not None, "what is answered is kept"
                notes.append(kept)
                break
    shown = operator.shown()
    handed = {"customer 1": operator.told.note, "customer 2": operator.hidden.note}
    handed |= {
        f"suspect {one.name}.{place}": note for one in witnesses for place, note in enumerate(one.suspects)
    }
    policy = policy_of(operator.key, witnesses)
    report = await monitor_log(
        policy, ORIGIN, Showing(shown.log, shown.size), {one.name: one for one in witnesses}, handed
    )
    alarms = tuple(sorted(set(report.doubts.values())))
    return Outcome(seed, way, report.forks, alarms, tuple(_wrong(operator, witnesses, notes, report)))


def _wrong(
    operator: Operator, witnesses: list[HonestWitness], notes: list[Note], report: Report
) -> Iterator[str]:
    if operator.way == HONEST:
        if report.forks or report.doubts or len(report.agree) < 1 + WITNESSES + 2:
            yield "an honest log was suspected"
        return
    shown = operator.shown()
    other = operator.hidden if shown is operator.told else operator.told
    if not report.forks and not report.doubts:
        yield "the fork was not found"
    # The larger tree's nodes prove it. Where its web server shows the smaller tree alone, it stands there
    # as one that shows less than it signed: an alarm, and a proof as soon as it shows more.
    if not report.forks and shown.size >= other.size:
        yield "nothing proves the fork"
    if not all(FraudProof.parse(str(proof).encode()).holds([operator.key]) for proof in report.forks):
        yield "a proof does not convict"
    policy, lines = policy_of(operator.key, witnesses), dict[str, dict[Signature, None]]()
    for note in notes:
        lines.setdefault(note.text, {}).update(dict.fromkeys(note.signatures))
    trusted = [text for text, same in lines.items() if policy.judge(Note(text, tuple(same))).quorum_met]
    if len({operator.is_told(Checkpoint.of_text(text)) for text in trusted}) > 1:
        yield "quorums cosigned both stories"
