"""One contract, every feature store; and that all of them equal the slow and obvious definition."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.features.store_contract import Factory, Walk
from countermand.adapters.features.memory import MemoryFeatureStore
from countermand.policy.plan import Aggregate, Column, ColumnKind, FeaturePlan, Observation, Window
from countermand.policy.reference import ReferenceStore

# How many walks the long comparison makes, and from which on; 100000 of them compare 30 million values.
CASES = int(os.environ.get("COUNTERMAND_CASES", "2000"))
SEED = int(os.environ.get("COUNTERMAND_SEED", "1"))
STEPS = 60

PLAN = FeaturePlan(
    entities=(("account",), ("account", "device")),
    columns=(Column("amount", ColumnKind.INTEGER), Column("payee", ColumnKind.TEXT)),
    streams=2,
    windows=(
        Window("operations", 0, 0, Aggregate.COUNT, 10),
        Window("others", 0, 0, Aggregate.COUNT, 10, own=False),
        Window("paid", 0, 1, Aggregate.SUM, 10, 0),
        Window("mean", 0, 1, Aggregate.AVG, 10, 0),
        Window("least", 0, 1, Aggregate.MIN, 10, 0),
        Window("most", 0, 1, Aggregate.MAX, 10, 0),
        Window("payees", 0, 1, Aggregate.DISTINCT, 10, 1),
        Window("rate", 0, 0, Aggregate.RATE, 10, per_micros=5),
        Window("first", 0, 0, Aggregate.FIRST_SEEN, 10, own=False),
        Window("since", 0, 0, Aggregate.TIME_SINCE_LAST, 10, own=False),
        Window("payee", 0, 1, Aggregate.LAST, 10, 1, own=False),
        Window("together", 1, 0, Aggregate.COUNT, 20),
    ),
    history_micros=20,
    lateness_micros=5,
)
PAID, SEEN = 3, 1
# Operations a week (5) ago and older, and those of them that turned out to be fraud; fraud as known now.
LATE_PLAN = FeaturePlan(
    entities=(("account",),),
    columns=(Column("amount", ColumnKind.INTEGER),),
    streams=2,
    windows=(
        Window("old", 0, 0, Aggregate.COUNT, 10, own=False, delay_micros=5),
        Window("old_most", 0, 0, Aggregate.MAX, 10, 0, own=False, delay_micros=5),
        Window("old_fraud", 0, 1, Aggregate.COUNT, 10, own=False, delay_micros=5),
        Window("fraud", 0, 1, Aggregate.COUNT, 15, own=False),
        Window("last_fraud", 0, 1, Aggregate.LAST, 15, 0, own=False),
        Window("now", 0, 0, Aggregate.COUNT, 15),
    ),
    history_micros=15,
    lateness_micros=5,
    labelled=2,
)


def paid(at: int, amount: int | None, payee: str | None = "p", account: str | None = "a") -> Observation:
    """An operation that both filters let through."""
    pair = f"{account}\x1fd" if account else None
    return Observation(at, (account, pair), PAID, (amount, payee))


def seen(at: int, account: str | None = "a") -> Observation:
    """An operation that only the first filter lets through, without values and without a device."""
    return Observation(at, (account, None), SEEN, (None, None))


@pytest.fixture(params=[ReferenceStore, MemoryFeatureStore], ids=["reference", "memory"])
def make(request: pytest.FixtureRequest) -> Factory:
    """Every implementation of the port."""
    factory: Factory = request.param
    return factory


def test_an_empty_store_knows_only_the_operation_at_hand(make: Factory) -> None:
    """Counts, sums and extremes hold the operation itself; what looks back is unknown."""
    assert make(PLAN).read(paid(100, 7)) == [1, 0, 7, 7.0, 7, 7, 1, 0.5, None, None, None, 1]
    assert make(PLAN).read(seen(100)) == [1, 0, 0, None, None, None, 0, 0.5, None, None, None, None]


def test_what_was_observed_is_in_the_next_read(make: Factory) -> None:
    """Every aggregate of one key over two operations and the one at hand."""
    store = make(PLAN)
    store.observe(paid(100, 5, "p"))
    store.observe(paid(103, 9, "q"))
    assert store.read(paid(104, 4, "p")) == [3, 2, 18, 6.0, 4, 9, 2, 1.5, 4, 1, "q", 3]


def test_the_window_is_open_on_the_left_and_closed_on_the_right(make: Factory) -> None:
    """Exactly one window ago is outside; the same instant is inside."""
    store = make(PLAN)
    store.observe(seen(100))
    store.observe(seen(110))
    assert store.read(seen(110))[1] == 1
    assert store.read(seen(109))[1] == 1
    assert store.read(seen(99))[1] == 0


def test_equal_instants_keep_the_order_of_recording(make: Factory) -> None:
    """The last of two operations at one instant is the one recorded last, also if a newer one came before."""
    store = make(PLAN)
    store.observe(paid(105, 1, "newer"))
    store.observe(paid(100, 1, "first"))
    store.observe(paid(100, 1, "second"))
    assert store.read(seen(100))[10] == "second"


def test_a_missing_part_belongs_to_no_key(make: Factory) -> None:
    """An unknown key gives unknown values, and its operation is in no one's window."""
    store = make(PLAN)
    store.observe(paid(100, 5, account=None))
    assert store.read(paid(100, 5, account=None)) == [None] * 12
    assert store.read(seen(101))[1] == 0


def test_a_late_arrival_is_decided_at_its_own_instant_and_counts_from_then_on(make: Factory) -> None:
    """It does not see what came after it, and every window that covers it sees it."""
    store = make(PLAN)
    for at in (100, 104, 108):
        store.observe(paid(at, at))
    late = paid(104, 1_000, "late")
    assert store.read(late)[:3] == [3, 2, 1204]
    store.observe(late)
    assert store.read(seen(109))[2:6] == [1312, 328.0, 100, 1000]
    assert store.read(seen(114))[2:4] == [108, 108.0]


def test_a_sum_may_exceed_64_bits(make: Factory) -> None:
    """Sums stay exact integers however large, and come back when the operations leave."""
    store = make(PLAN)
    for at in range(100, 106):
        store.observe(paid(at, 9 * 10**18))
    assert store.read(seen(105))[2] == 54 * 10**18
    store.observe(paid(106, -1))
    assert store.read(seen(106))[2] == 54 * 10**18 - 1
    assert store.read(seen(115))[2:4] == [-1, -1.0]
    store.observe(paid(115, 3))
    assert store.read(seen(115))[2] == 2


def test_a_late_arrival_meets_a_sum_beyond_64_bits(make: Factory) -> None:
    """Late reads, late observations and retractions of a key whose sum is that large stay exact."""
    store = make(PLAN)
    for at in range(100, 106):
        store.observe(paid(at, 9 * 10**18))
    assert store.read(seen(103))[2] == 36 * 10**18
    ticket = store.observe(paid(102, 8 * 10**18))
    assert store.read(seen(103))[2:4] == [44 * 10**18, 44 * 10**18 / 5]
    assert store.read(seen(105))[2] == 62 * 10**18
    store.retract(ticket)
    assert store.read(seen(105))[2] == 54 * 10**18


def test_a_refused_group_leaves_no_trace(make: Factory) -> None:
    """Retracting a group, newest first or not, gives what was read before it."""
    store = make(PLAN)
    store.observe(paid(100, 5, "p"))
    before = store.read(paid(105, 1, "q"))
    for order in ((2, 1, 0), (0, 1, 2), (1, 0, 2)):
        tickets = [store.observe(paid(at, at, "r")) for at in (103, 104, 101)]
        assert store.read(paid(105, 1, "q")) != before
        for chosen in order:
            store.retract(tickets[chosen])
        assert store.read(paid(105, 1, "q")) == before


def one(at: int, amount: int = 0, *, fraud: bool = False) -> Observation:
    """An operation as it is decided, or as it comes in with the label fraud."""
    return Observation(at, ("a",), 2 if fraud else 1, (amount,))


def test_a_delayed_window_ends_before_the_operation(make: Factory) -> None:
    """Exactly the delay ago is inside, a moment later is not; exactly delay and length ago is outside."""
    store = make(LATE_PLAN)
    for at in (100, 104, 105):
        store.observe(one(at, at))
    assert store.read(one(104))[:2] == [0, None]
    assert store.read(one(105))[:2] == [1, 100]
    assert store.read(one(110))[:2] == [3, 105]
    assert store.read(one(109))[:2] == [2, 104]
    assert store.read(one(115))[:2] == [2, 105]
    assert store.read(one(120))[:2] == [0, None]


def test_a_label_counts_from_its_arrival_at_the_operations_own_time(make: Factory) -> None:
    """Told late, corrected, and told again; the windows that ask for no label never move."""
    store = make(LATE_PLAN)
    for at in (100, 103):
        store.observe(one(at, at))
    assert store.read(one(108)) == [2, 103, 0, 0, None, 3]
    later = store.amend(0, one(103, 103, fraud=True))
    assert store.read(one(108)) == [2, 103, 1, 1, 103, 3]
    earlier = store.amend(0, one(100, 100, fraud=True))
    assert store.read(one(108)) == [2, 103, 2, 2, 103, 3]
    assert store.amend(later, None) == 0
    assert store.read(one(108)) == [2, 103, 1, 1, 100, 3]
    store.amend(earlier, one(100, 7, fraud=True))
    assert store.read(one(108)) == [2, 103, 1, 1, 7, 3]
    assert store.read(one(115))[2:5] == [0, 0, None]


def test_labels_of_one_instant_stand_in_the_order_in_which_they_came(make: Factory) -> None:
    """The operation that was labelled last is the last, whichever was recorded first; corrections too."""
    store = make(LATE_PLAN)
    for amount in (1, 2):
        store.observe(one(100, amount))
    store.amend(0, one(100, 2, fraud=True))
    first = store.amend(0, one(100, 1, fraud=True))
    assert store.read(one(101))[4] == 1
    second = store.amend(0, one(100, 3, fraud=True))
    store.amend(first, one(100, 1, fraud=True))
    assert store.read(one(101))[4] == 1
    store.amend(second, None)
    assert store.read(one(101))[3:5] == [2, 1]


def test_a_label_for_what_is_forgotten_changes_nothing(make: Factory) -> None:
    """Too old for any window: nothing comes in, and an old ticket undoes nobody else's operation."""
    store = make(LATE_PLAN)
    store.observe(one(100))
    old = store.amend(0, one(100, fraud=True))
    for at in range(200, 260):
        store.observe(one(at))
    before = store.read(one(260))
    store.amend(old, one(100, fraud=True))
    assert store.read(one(260)) == before


@pytest.mark.parametrize(
    "window",
    [
        Window("too_long", 0, 0, Aggregate.COUNT, 11, own=False, delay_micros=5),
        Window("own", 0, 0, Aggregate.COUNT, 10, delay_micros=5),
        Window("own_label", 0, 1, Aggregate.COUNT, 10),
        Window("measured", 0, 0, Aggregate.FIRST_SEEN, 10, own=False, delay_micros=5),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(window: Window) -> None:
    """The store says so before it answers anything wrong."""
    with pytest.raises(ValueError, match=window.name):
        MemoryFeatureStore(replace(LATE_PLAN, windows=(window,)))


def test_an_observation_is_retracted_once(make: Factory) -> None:
    """Undoing twice is an error, not a second subtraction."""
    store = make(PLAN)
    ticket = store.observe(paid(100, 5))
    store.retract(ticket)
    with pytest.raises(KeyError):
        store.retract(ticket)


def test_loading_equals_observing_one_by_one(make: Factory) -> None:
    """History in order of recording, which is not the order of time."""
    history = [paid(100 + (7 * n) % 11, n, f"p{n % 3}", "ab"[n % 2]) for n in range(40)]
    loaded, observed = make(PLAN), make(PLAN)
    assert loaded.load(iter(history)) == 40
    for observation in history:
        observed.observe(observation)
    for at in range(99, 130):
        assert loaded.read(paid(at, 1)) == observed.read(paid(at, 1))


def test_loading_nothing_or_on_top_is_fine(make: Factory) -> None:
    """An empty history, and a second one after traffic."""
    store = make(PLAN)
    assert store.load([]) == 0
    store.observe(seen(100))
    assert store.load([seen(101), seen(99)]) == 2
    assert store.read(seen(101))[1] == 3


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=10**9, max_value=2**62))
def test_any_walk_agrees_with_the_definition(number: int) -> None:
    """Hypothesis picks the walks: plans, streams, loads and retractions all follow from one number."""
    Walk(number, MemoryFeatureStore).run(STEPS)


def test_many_walks_agree_with_the_definition(record_property: Callable[[str, object], None]) -> None:
    """As many consecutive walks as COUNTERMAND_CASES says, from COUNTERMAND_SEED on."""
    started = time.monotonic()
    compared = sum(Walk(number, MemoryFeatureStore).run(STEPS) for number in range(SEED, SEED + CASES))
    record_property("values_compared", compared)
    print(
        f"{compared} values compared in walks {SEED}..{SEED + CASES - 1}, {time.monotonic() - started:.0f} s"
    )
    assert compared > 100 * CASES, "walks that compare next to nothing prove next to nothing"
