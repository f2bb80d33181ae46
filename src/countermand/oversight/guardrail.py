"""When a candidate must stop: its share of challenged, held or denied operations has left the agreed bounds.

The same rule serves a canary (live and candidate decided different operations) and a shadow (both answered
the same ones). It is asked again and again while operations come in, so it is strict about chance: each look
uses up a part of one chance of a false alarm, a smaller part each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log, pi

from countermand.kernel.shares import Interval
from countermand.kernel.text import Text
from countermand.oversight.proportions import Pairs, paired_difference, share_difference
from countermand.vocabulary.outcomes import Outcome

WATCHED = (Outcome.CHALLENGE, Outcome.HOLD, Outcome.DENY)
# A look is counted when the operations have grown by this much since the one before.
LOOK_GROWTH = 1.1
_NAMES = {
    Outcome.CHALLENGE: ("challenged", "须验证的"),
    Outcome.HOLD: ("held", "暂缓的"),
    Outcome.DENY: ("denied", "拒绝的"),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far the candidate's share may be from the live one, in either direction, as a share of 1.

    false_alarm: the chance, over the whole run, of stopping a candidate whose shares are no different from
    the live policy's. operations_min: nothing is said about fewer operations of the candidate.
    """

    challenge: float = 0.05
    hold: float = 0.02
    deny: float = 0.01
    false_alarm: float = 0.01
    operations_min: int = 200

    def of(self, outcome: Outcome) -> float:
        """The bound for one outcome."""
        return {Outcome.CHALLENGE: self.challenge, Outcome.HOLD: self.hold, Outcome.DENY: self.deny}[outcome]


@dataclass(frozen=True, slots=True)
class Breach:
    """A bound that was left: the difference of shares (candidate minus live) lies beyond it, surely."""

    outcome: Outcome
    bound: float
    difference: Interval

    @property
    def text(self) -> Text:
        """The sentence for the people who are asked why the candidate stopped."""
        more = self.difference.value > 0
        value, bound = f"{abs(self.difference.value) * 100:.2f}", f"{self.bound * 100:.2f}"
        en, zh = _NAMES[self.outcome]
        return Text(
            en=f"The share of {en} operations is {value} percentage points {'above' if more else 'below'} "
            f"that of the live policy; {bound} are allowed.",
            zh=f"{zh}操作占比比现行策略{'高' if more else '低'} {value} 个百分点；允许 {bound} 个百分点。",
        )


def canary_breach(
    live: Mapping[Outcome, int], candidate: Mapping[Outcome, int], bounds: Bounds
) -> Breach | None:
    """The worst breach, if any, of two groups that were decided by one policy each: counts by outcome."""
    counts = sum(live.values()), sum(candidate.values())
    if not all(counts) or counts[1] < bounds.operations_min:
        return None
    confidence = confidence_of_look(counts[1], bounds)
    differences = [
        (one, share_difference((live.get(one, 0), counts[0]), (candidate.get(one, 0), counts[1]), confidence))
        for one in WATCHED
    ]
    return _worst(differences, bounds)


def shadow_breach(outcomes: Mapping[tuple[int, int], int], bounds: Bounds) -> Breach | None:
    """For operations that both answered: (live, candidate) -> how many. The worst breach, if any."""
    count = sum(outcomes.values())
    if count < max(1, bounds.operations_min):
        return None
    confidence = confidence_of_look(count, bounds)
    differences = [(one, paired_difference(pairs_of(outcomes, one), confidence)) for one in WATCHED]
    return _worst(differences, bounds)


def pairs_of(outcomes: Mapping[tuple[int, int], int], outcome: int) -> Pairs:
    """Who answered with this outcome: both, only the live policy, only the candidate, neither."""
    places = [0, 0, 0, 0]
    for (live, candidate), count in outcomes.items():
        places[2 * (live != outcome) + (candidate != outcome)] += count
    return Pairs(*places)


def confidence_of_look(operations: int, bounds: Bounds) -> float:
    """How sure one look must be, so that all looks together give a false alarm no more often than allowed.

    Look k may use 6/(π²k²) of the whole chance, and these parts add up to one; it is split over the watched
    outcomes. Looks are counted by growth: between two of them the operations grow by a tenth, so a million
    operations make ninety.
    """
    first = max(1, bounds.operations_min)
    look = 1 + max(0, floor(log(max(operations, first) / first) / log(LOOK_GROWTH)))
    return 1 - bounds.false_alarm * 6 / (pi * look) ** 2 / len(WATCHED)


def _worst(differences: Sequence[tuple[Outcome, Interval | None]], bounds: Bounds) -> Breach | None:
    """The breach that lies furthest beyond its bound."""
    found: list[tuple[float, Breach]] = []
    for outcome, difference in differences:
        if difference is None:
            continue
        bound = bounds.of(outcome)
        beyond = max(difference.low - bound, -difference.high - bound)
        if beyond > 0:
            found.append((beyond, Breach(outcome, bound, difference)))
    return max(found, key=lambda one: one[0])[1] if found else None
