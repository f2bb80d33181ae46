"""Goal: a case is nothing but its events, and no order of events brings it into a state it may not be in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.cases.case import LOSS_CATEGORIES, apply, fold, risk_of
from countermand.cases.numbers import grouped, number_of, opens, read_number, secret_of, spoken
from countermand.kernel.errors import Conflict
from countermand.vocabulary.cases import CaseEvent, EventKind, Stage
from countermand.vocabulary.triage import Category, Risk

OPENED = {
    "number": "482910357716",
    "risk": "P1",
    "category": "unauthorised_payment",
    "channel": "door",
    "standing": "claimed",
    "language": "zh",
    "first_at": 5,
}


def event(kind: EventKind, seq: int, **body: object) -> CaseEvent:
    """One event of the case, its version after it."""
    return CaseEvent(case="case-1", seq=seq, kind=kind, at=10 + seq, actor="li", body=body)


some_events = st.lists(
    st.one_of(
        st.builds(dict, kind=st.just(EventKind.STAGE_MOVED), stage=st.sampled_from(Stage)),
        st.builds(dict, kind=st.just(EventKind.CLOSED), root_cause=st.just("unknown")),
        st.builds(dict, kind=st.just(EventKind.OUTCOME_SET), outcome=st.just("authorised")),
        st.builds(dict, kind=st.just(EventKind.REOPENED)),
        st.builds(dict, kind=st.just(EventKind.RISK_SET), risk=st.sampled_from(Risk)),
        st.builds(dict, kind=st.just(EventKind.MERGED), into=st.just("case-2")),
        st.builds(dict, kind=st.just(EventKind.UNMERGED)),
        st.builds(dict, kind=st.just(EventKind.MESSAGE_ADDED), direction=st.just("in")),
    ),
    max_size=14,
)


@given(some_events)
def test_no_order_of_events_leads_where_a_case_may_not_be(tries):
    """A closed case has an outcome, a cause and an end; refusals leave no trace; the fold repeats."""
    events = [event(EventKind.OPENED, 1, **OPENED)]
    case = apply(None, events[0])
    for one in tries:
        body = {name: value for name, value in one.items() if name != "kind"}
        wanted = event(one["kind"], case.version + 1, **body)
        try:
            case = apply(case, wanted)
        except Conflict:
            continue
        events.append(wanted)
    assert fold(events) == case
    assert case.version == len(events)
    if case.stage is Stage.CLOSED:
        assert case.outcome is not None
        assert case.root_cause is not None
        assert case.closed_at is not None
    if case.stage is Stage.REMEDY:
        assert case.outcome is not None
    # Its category says that money was lost: whatever happened, it is never less than P1.
    assert case.risk <= Risk.P1


@given(st.sampled_from(Risk), st.sampled_from(Category), st.sets(st.sampled_from(["unauthorised", "human"])))
def test_a_loss_claimed_by_anyone_is_never_below_p1(risk, category, flags):
    """Whatever a machine or a person says of the risk, a claimed loss keeps it at P1 or P0."""
    least = risk_of(risk, category, flags)
    assert least <= risk
    if category in LOSS_CATEGORIES or "unauthorised" in flags:
        assert least <= Risk.P1


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (EventKind.STAGE_MOVED, {"stage": "remedy"}, "stage_not_next"),
        (EventKind.CLOSED, {"root_cause": "unknown"}, "case_not_decided"),
        (EventKind.REOPENED, {}, "case_not_closed"),
        (EventKind.UNMERGED, {}, "case_not_merged"),
    ],
)
def test_what_may_not_happen_now_is_refused_by_name(kind, body, code):
    """Every refusal has its code and both languages."""
    case = apply(None, event(EventKind.OPENED, 1, **OPENED))
    with pytest.raises(Conflict, match=code) as refusal:
        apply(case, event(kind, 2, **body))
    assert refusal.value.text.zh


@given(st.text("0123456789", min_size=11, max_size=11), st.data())
def test_a_slip_in_a_number_is_found(digits, data):
    """One digit wrong, or two neighbours swapped, is never the number of another case."""
    number = number_of(digits)
    assert read_number(spoken(number)) == number
    place = data.draw(st.integers(0, 11))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert read_number(number[:place] + other + number[place + 1 :]) is None
    if place < 11 and number[place] != number[place + 1]:
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        assert read_number(swapped) is None


def test_a_secret_opens_its_own_case_and_turn_however_it_is_typed():
    """Small letters, other groups, O for 0: the same secret; another case's or an old one opens nothing."""
    secret = secret_of(b"key", "case-1", 1)
    assert opens(b"key", "case-1", 1, grouped(secret).lower().replace("0", "o").replace("1", "l"))
    assert not opens(b"key", "case-1", 2, secret)
    assert not opens(b"key", "case-2", 1, secret)
    assert not opens(b"other", "case-1", 1, secret)
    assert not opens(b"key", "case-1", 1, secret[:-1])
