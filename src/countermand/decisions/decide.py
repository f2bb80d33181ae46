"""The decision itself: facts, a policy and standing orders in; an answer with its reasons out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from countermand.decisions.counterfactual import milder_amount
from countermand.decisions.ports import Rulebook
from countermand.decisions.wording import shown_texts, shown_values
from countermand.kernel.clock import rfc3339
from countermand.vocabulary.decisions import Counterfactual, Decision, Obligation, Reason
from countermand.vocabulary.operations import STOPPED_BY_FREEZE
from countermand.vocabulary.orders import BoundOrder
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.parties import FREEZE_RULE, FREEZE_TEXT, Freeze
from countermand.vocabulary.rules import Evaluation

SCORE_MAX = 1000
UNKNOWN_MAX = 50
_NOTHING: list[Any] = []


@dataclass(frozen=True, slots=True)
class Question:
    """One operation to be decided, with all that the answer depends on. `decided_at` is in microseconds.

    `bound` is what standing orders say about it, besides the freeze of its account.
    """

    decision: str
    kind: str
    facts: list[Any]
    freeze: Freeze | None
    decided_at: int
    bound: Sequence[BoundOrder] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ladder says before it is put into words."""

    outcome: Outcome
    score: int
    evaluation: Evaluation
    frozen: bool
    bound: Sequence[BoundOrder] = ()


def decide(question: Question, rulebook: Rulebook) -> Decision:
    """Answer with the strictest of all that speaks: standing orders, rules, score bands."""
    verdict = judge(question, question.facts, rulebook)
    reasons = _reasons(question, verdict, rulebook)
    counterfactual = _counterfactual(question, verdict, rulebook)
    decision = Decision(
        id=question.decision,
        outcome=verdict.outcome.word,
        score=verdict.score,
        reasons=reasons,
        unknown=_unknown(question.facts, verdict.evaluation, rulebook)
        if verdict.evaluation.unknown
        else _NOTHING,
        counterfactual=counterfactual,
        obligations=_obligations(verdict, rulebook),
        policy=rulebook.label,
        decided_at=rfc3339(question.decided_at),
    )
    assert verdict.outcome is Outcome.ALLOW or reasons, "no silent friction"
    return decision


def judge(question: Question, facts: list[Any], rulebook: Rulebook) -> Verdict:
    """The ladder: the strictest outcome wins, whatever the order of the rules."""
    evaluation = rulebook.evaluate(question.kind, facts)
    frozen = question.freeze is not None and question.kind in STOPPED_BY_FREEZE
    outcome = Outcome.DENY if frozen else Outcome.ALLOW
    for order in question.bound:
        outcome = max(outcome, order.outcome)
    score = 0
    rules = rulebook.rules
    for number in evaluation.fired:
        rule = rules[number]
        score += rule.score
        outcome = max(outcome, rule.then)
    score = min(score, SCORE_MAX)
    for band in rulebook.bands:
        if score >= band.at_least:
            outcome = max(outcome, band.then)
    return Verdict(outcome, score, evaluation, frozen, question.bound)


def _reasons(question: Question, verdict: Verdict, rulebook: Rulebook) -> list[Reason]:
    """Everything that spoke, the strictest first; within one outcome in the policy's order."""
    found: list[tuple[int, int, Reason]] = [
        (-order.outcome, -3, Reason(order.rule, order.text, order.values)) for order in verdict.bound
    ]
    if verdict.frozen and question.freeze is not None:
        values = {"order": question.freeze.order}
        found.append((-Outcome.DENY, -2, Reason(FREEZE_RULE, FREEZE_TEXT, values)))
    for number in verdict.evaluation.fired:
        rule = rulebook.rules[number]
        text = rule.reason
        if "{" in text.en or "{" in text.zh:
            text = shown_texts(text, rule.shown, question.facts, rulebook.currency)
        values = shown_values(rule.shown, question.facts, rulebook.currency)
        found.append((-rule.then, number, Reason(rule.id, text, values)))
    reached = [band for band in rulebook.bands if verdict.score >= band.at_least]
    if reached:
        band = reached[-1]
        found.append((-band.then, -1, Reason(f"band.{band.at_least}", band.reason, {"score": verdict.score})))
    found.sort(key=lambda one: one[:2])
    return [reason for _, _, reason in found]


def _unknown(facts: list[Any], evaluation: Evaluation, rulebook: Rulebook) -> list[str]:
    """The facts that were missing where a rule could not be decided, in the order of the facts."""
    missing = {
        shown.index: shown.name
        for number in evaluation.unknown
        for shown in rulebook.rules[number].shown
        if facts[shown.index] is None
    }
    return [missing[index] for index in sorted(missing)][:UNKNOWN_MAX]


def _counterfactual(question: Question, verdict: Verdict, rulebook: Rulebook) -> list[Counterfactual]:
    """Up to which amount the same operation would have been allowed, where the amount decided."""
    if verdict.outcome is Outcome.ALLOW or verdict.frozen or verdict.bound:
        return _NOTHING
    amount = rulebook.amount_of(question.facts)
    if amount is None:
        return _NOTHING
    rules = (rulebook.rules[number] for number in verdict.evaluation.fired)
    if not any(rule.needs_amount for rule in rules if rule.then > Outcome.ALLOW or rule.score):
        return _NOTHING
    if any(
        rulebook.rules[n].then > Outcome.ALLOW and not rulebook.rules[n].needs_amount
        for n in verdict.evaluation.fired
    ):
        return _NOTHING
    return milder_amount(
        amount, rulebook, lambda facts: judge(question, facts, rulebook).outcome, question.facts
    )


def _obligations(verdict: Verdict, rulebook: Rulebook) -> list[Obligation]:
    """What later flows must do: the outcome's own duty first, then what the rules ask for."""
    if verdict.outcome is Outcome.ALLOW and not verdict.evaluation.fired:
        return _NOTHING
    fired = [rulebook.rules[number] for number in verdict.evaluation.fired]
    duties: list[Obligation] = []
    if verdict.outcome is Outcome.CHALLENGE:
        duties.append(Obligation("step_up_challenge"))
    if verdict.outcome is Outcome.HOLD:
        seconds = max((rule.hold_seconds for rule in fired if rule.then is Outcome.HOLD), default=86400)
        duties.append(Obligation("hold", seconds))
    if verdict.outcome is Outcome.APPROVE:
        duties.append(Obligation("approval"))
    asked = dict.fromkeys(word for rule in fired for word in rule.oblige)
    return duties + [Obligation(word) for word in asked]
