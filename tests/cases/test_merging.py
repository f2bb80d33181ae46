"""Goal: a merge taken back leaves no trace in how cases stand. Method: whatever happens, fold and compare."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from countermand.cases.case import apply
from countermand.kernel.errors import Conflict
from countermand.vocabulary.cases import Case, CaseEvent, EventKind, Stage
from countermand.vocabulary.triage import Category, Risk

OPENED = {"channel": "app", "standing": "proven", "language": "zh", "first_at": 5}
happenings = st.lists(
    st.one_of(
        st.builds(dict, kind=st.just(EventKind.STAGE_MOVED), stage=st.sampled_from(Stage)),
        st.builds(dict, kind=st.just(EventKind.OUTCOME_SET), outcome=st.just("authorised")),
        st.builds(dict, kind=st.just(EventKind.CLOSED), root_cause=st.just("unknown")),
        st.builds(dict, kind=st.just(EventKind.RISK_SET), risk=st.sampled_from(Risk)),
        st.builds(dict, kind=st.just(EventKind.TAGGED), tag=st.sampled_from("abc"), on=st.booleans()),
        st.builds(
            dict,
            kind=st.just(EventKind.READ),
            risk=st.sampled_from(Risk),
            category=st.sampled_from(Category),
            flags=st.just([]),
        ),
    ),
    max_size=5,
)


def event(case: Case | None, kind: EventKind, name: str = "", /, **body: object) -> CaseEvent:
    """The next event of a case."""
    version = 0 if case is None else case.version
    return CaseEvent(
        case=name if case is None else case.id, seq=version + 1, kind=kind, at=10, actor="li", body=body
    )


def made(name: str, risk: Risk, tries: list[dict[str, object]]) -> Case:
    """A case to which some things happened."""
    number = {"number": f"{name:0>12}", "risk": risk.value, "category": "other"}
    return lived(apply(None, event(None, EventKind.OPENED, name, **OPENED, **number)), tries)


def lived(case: Case, tries: list[dict[str, object]]) -> Case:
    """The same after more; what may not happen does not."""
    for one in tries:
        body = {name: value for name, value in one.items() if name != "kind"}
        try:
            case = apply(case, event(case, one["kind"], **body))  # type: ignore[arg-type]
        except Conflict:
            continue
    return case


def stands(case: Case) -> Case:
    """How a case stands, whatever it took."""
    return replace(case, version=1, updated_at=0)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(Risk), happenings), min_size=2, max_size=5), st.randoms())
def test_merging_many_and_taking_it_back_in_any_order_is_nothing(lives, chance):
    """Every case stands again as it did, the one they went into too, risk and all."""
    into, *parts = [made(f"c{place}", risk, tries) for place, (risk, tries) in enumerate(lives)]
    if into.stage is Stage.CLOSED:
        return
    before = [stands(one) for one in (into, *parts)]
    for place, part in enumerate(parts):
        into = apply(into, event(into, EventKind.ABSORBED, case=part.id, risk=part.risk.value))
        parts[place] = apply(part, event(part, EventKind.MERGED, into=into.id))
    assert into.risk == min(one.risk for one in before)
    order = list(range(len(parts)))
    chance.shuffle(order)
    for place in order:
        parts[place] = apply(parts[place], event(parts[place], EventKind.UNMERGED))
        into = apply(into, event(into, EventKind.RELEASED, case=parts[place].id))
    assert [stands(one) for one in (into, *parts)] == before


READ = {"kind": EventKind.READ, "flags": []}


@settings(max_examples=60)
@given(st.sampled_from(Risk), st.sampled_from(Risk), happenings)
@example(
    Risk.P2,
    Risk.P0,
    [
        {**READ, "risk": Risk.P1, "category": Category.UNAUTHORISED_PAYMENT},
        {**READ, "risk": Risk.P0, "category": Category.UNAUTHORISED_LOAN},
    ],
)
def test_what_happened_in_between_stays_as_if_nothing_had_been_merged(mine, theirs, tries):
    """Risk set by a person or read by the machine meanwhile is kept after the merge is taken back."""
    alone = made("c1", mine, [])
    merged = apply(alone, event(alone, EventKind.ABSORBED, case="c2", risk=theirs.value))
    open_only = [one for one in tries if one["kind"] is not EventKind.CLOSED]
    after = lived(merged, open_only)
    after = apply(after, event(after, EventKind.RELEASED, case="c2"))
    assert stands(after) == stands(lived(alone, open_only))
    assert after.risk_alone is None
