"""Goal: the comparison counts what it says. Method: operations counted twice, once by hand."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from countermand.oversight.shadow_diff import difference
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.shadows import Compared, Labelled, Tally, Verdict

verdicts = st.builds(
    Verdict,
    st.integers(0, 4),
    st.integers(0, 1000),
    st.sets(st.sampled_from("abcd")).map(lambda rules: tuple(sorted(rules))),
)
operations = st.lists(
    st.builds(Compared, st.just(1), st.just(0), verdicts, verdicts, st.none() | st.integers(0, 10**9))
)


@given(operations)
def test_every_operation_is_in_one_transition_and_its_rules_are_told_apart(told: list[Compared]) -> None:
    """Operations, amounts and rules, each counted a second time in the simplest way."""
    tally = Tally()
    for one in told:
        tally.add(one)
    found = difference(tally, [], 0.95)
    assert found.operations == len(told)
    moves = Counter((one.live.outcome, one.candidate.outcome) for one in told)
    assert {(t.live.value, t.candidate.value): t.operations for t in found.transitions} == moves
    assert sum(t.amount_minor for t in found.transitions) == sum(one.amount_minor or 0 for one in told)
    assert sum(t.with_amount for t in found.transitions) == sum(one.amount_minor is not None for one in told)
    for rule in found.rules:
        live = {n for n, one in enumerate(told) if rule.rule in one.live.rules}
        candidate = {n for n, one in enumerate(told) if rule.rule in one.candidate.rules}
        assert (rule.live_only, rule.both, rule.candidate_only) == (
            len(live - candidate),
            len(live & candidate),
            len(candidate - live),
        )
        assert rule.word == (
            "same" if live == candidate else "began" if not live else "changed" if candidate else "ceased"
        ) or (rule.word == "changed" and live and candidate)
    for one in found.shares:
        assert one.live.value == sum(c.live.outcome == one.outcome for c in told) / len(told)
        assert one.candidate.value == sum(c.candidate.outcome == one.outcome for c in told) / len(told)
    assert len(found.shares) == (5 if told else 0)


def test_labels_tell_who_stops_fraud() -> None:
    """Three frauds: the live policy stops one and one honest operation, the candidate stops two."""
    labelled = [
        Labelled(Outcome.DENY, Outcome.DENY, True, 1),
        Labelled(Outcome.ALLOW, Outcome.HOLD, True, 1),
        Labelled(Outcome.ALLOW, Outcome.ALLOW, True, 1),
        Labelled(Outcome.CHALLENGE, Outcome.ALLOW, False, 1),
        Labelled(Outcome.ALLOW, Outcome.ALLOW, False, 6),
    ]
    found = difference(Tally(), labelled, 0.95)
    assert found.labelled == 10
    live, candidate = found.live_catch, found.candidate_catch
    assert (live.fraud, live.stopped, live.fraud_stopped) == (3, 2, 1)
    assert (candidate.fraud, candidate.stopped, candidate.fraud_stopped) == (3, 2, 2)
    assert candidate.precision is not None
    assert candidate.recall is not None
    assert candidate.precision.value == 1
    assert round(candidate.recall.value, 3) == 0.667


def test_nothing_seen_is_nothing_claimed() -> None:
    """No shares, no precision."""
    found = difference(Tally(), [], 0.95)
    assert (found.operations, found.transitions, found.shares, found.rules) == (0, [], [], [])
    assert found.live_catch.precision is None
