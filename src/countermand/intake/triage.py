"""One message read: category, risk, flags, how sure, and because of which words. Pure, and total."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from countermand.intake.linear_reader import LinearReader, read_model
from countermand.intake.risk import closable, flags_of_answers, risk_of
from countermand.intake.triage_rules import Found, RulePack, read_rules, weighed
from countermand.vocabulary.triage import (
    Answers,
    Category,
    Flag,
    Reading,
    Signals,
    TriageRun,
    Weighed,
)

WORDS_TOLD_MAX = 6
WORD_CHARACTERS_MAX = 12
_NOTHING_ASKED, _NOTHING_KNOWN = Answers(), Signals()


class Triage:
    """A model and the rules beside it. Rules can only add flags and urgency, so they always win."""

    def __init__(self, model: LinearReader, rules: RulePack) -> None:
        self.model, self.rules = model, rules
        self._categories = [Category(one) for one in model.categories]

    @classmethod
    def load(cls, model: bytes, rules: Mapping[str, str]) -> Triage:
        """From a model's file and the files of a rule pack (name -> text).

        Raises SetupError: `triage_model_unfit`, `triage_rules_refused`.
        """
        return cls(read_model(model), read_rules(rules))

    def read(
        self,
        text: str,
        *,
        answers: Answers = _NOTHING_ASKED,
        signals: Signals = _NOTHING_KNOWN,
        explain: bool = True,
    ) -> Reading:
        """What a message was taken for; without `explain`, `words` stays empty and it is faster."""
        margins = self.model.margins(text)
        shares, told = self.model.probabilities(margins)
        found = self.rules.found(text)
        ranked = sorted(range(len(shares)), key=shares.__getitem__, reverse=True)
        category = self._categories[ranked[0]]
        confidence = self.model.confidence(shares[ranked[0]])
        thresholds = self.model.file.thresholds
        flags = {Flag(name) for name, probability in told.items() if probability >= thresholds[name]}
        flags |= flags_of_answers(answers)
        flags.update(flag for one in found for flag in one.rule.flags)
        abstained = confidence < thresholds["abstain"]
        clear = told[Flag.UNAUTHORISED] < thresholds["clear"]
        risk = risk_of(category, flags, found, answers, signals, abstained=abstained)
        return Reading(
            category=category,
            risk=risk,
            confidence=round(confidence, 4),
            abstained=abstained,
            flags=frozenset(flags),
            words=tuple(self._words(text, category, flags, found)) if explain else (),
            unauthorised=round(told[Flag.UNAUTHORISED], 4),
            second=self._categories[ranked[1]],
            rules=tuple(one.rule.id for one in found),
            closable=closable(category, risk, flags, abstained=abstained, clear=clear),
            model=self.model.sha256,
            rule_pack=self.rules.version,
        )

    def run_of(self, reading: Reading) -> TriageRun:
        """What is kept of a reading: no text."""
        return TriageRun(
            model=reading.model,
            version=self.model.file.version,
            rule_pack=reading.rule_pack,
            label=reading.category,
            probability=reading.confidence,
            unauthorised=reading.unauthorised,
            risk=reading.risk,
            flags=tuple(sorted(reading.flags)),
            rules=reading.rules,
            abstain=reading.abstained,
        )

    def _words(
        self, text: str, category: Category, flags: set[Flag], found: Sequence[Found]
    ) -> list[Weighed]:
        words = weighed(text, found)
        toward = [str(category), *(str(flag) for flag in sorted(flags) if flag in self.model.flags)]
        for output in toward:
            words += heaviest(text, self.model.effects(text, output), output)
        return words


def heaviest(text: str, effects: Sequence[tuple[int, int, float]], toward: str) -> list[Weighed]:
    """The stretches of a message that spoke most for an output, none overlapping another.

    A piece's weight lies on its characters in equal parts; a stretch is neighbouring characters above half
    of the heaviest one's weight, at most WORD_CHARACTERS_MAX of them.
    """
    weights: defaultdict[int, float] = defaultdict(float)
    for start, end, weight in effects:
        for place in range(start, end):
            weights[place] += weight / (end - start)
    if not weights or max(weights.values()) <= 0:
        return []
    least = max(weights.values()) / 2
    stretches: list[list[int]] = []
    for place in sorted(weights):
        if weights[place] < least or text[place].isspace():
            continue
        last = stretches[-1] if stretches else []
        if last and last[-1] == place - 1 and len(last) < WORD_CHARACTERS_MAX:
            last.append(place)
        else:
            stretches.append([place])
    told = [
        Weighed(one[0], one[-1] + 1, round(sum(weights[place] for place in one), 4), toward)
        for one in stretches
    ]
    return sorted(told, key=lambda one: (-one.weight, one.start))[:WORDS_TOLD_MAX]
