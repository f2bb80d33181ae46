"""One policy's part of the report, from its answers."""

from __future__ import annotations

from dataclasses import dataclass

from countermand.oversight.contributions import overlap_of, rule_lines
from countermand.oversight.estimates import Estimates, estimates_of
from countermand.oversight.intervals import Resamples
from countermand.oversight.ladder import ladder_of
from countermand.oversight.report import AnswerLine, PolicyReport
from countermand.oversight.results import Answers, Operations
from countermand.oversight.tallies import Provenance, by_day, by_hour, by_kind, by_outcome, by_score
from countermand.oversight.trade_off import trade_off_of
from countermand.vocabulary.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Frame:
    """How a report is drawn: the seed and number of resamples, and how many cards can be looked at a day."""

    seed: int
    resamples: int
    each_day: int


def estimated(operations: Operations, answers: Answers, resamples: Resamples, frame: Frame) -> Estimates:
    """The headline figures. Raises ResultsDisagreeError where the answers are not this policy's."""
    return estimates_of(operations, answers, ladder_of(answers), resamples, frame.seed, frame.each_day)


def policy_report(
    operations: Operations,
    answers: Answers,
    estimates: Estimates,
    resamples: Resamples,
    told: Provenance,
    frame: Frame,
) -> PolicyReport:
    """Everything about one policy."""
    policy, ladder = answers.policy, ladder_of(answers)
    assumed = [policy.answers[outcome] for outcome in Outcome if outcome > Outcome.ALLOW]
    return PolicyReport(
        label=policy.label,
        title=policy.title,
        digest=policy.digest,
        figures={name: estimate.figure(told) for name, estimate in estimates.items()},
        outcomes=by_outcome(operations, answers, told),
        answers=[
            AnswerLine(
                outcome=one.outcome.word,
                takes_seconds=one.takes_seconds,
                stops=one.stops,
                source=one.source,
                as_of=one.as_of,
            )
            for one in assumed
        ],
        days=by_day(operations, answers, told),
        hours=by_hour(operations, answers, told),
        kinds=by_kind(operations, answers, told),
        scores=by_score(operations, answers, told),
        rules=rule_lines(operations, answers, ladder, resamples, told, frame.seed),
        overlap=overlap_of(answers, told),
        trade_off=trade_off_of(operations, answers, ladder, told),
    )
