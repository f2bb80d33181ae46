"""Goal: an order says the same about the same operation, never less for what is unknown, and ends on time.

Method: a table of one line per measure and operation; laws over random orders and operations.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.containment.lifting import lifting
from countermand.containment.plan import suspect_devices
from countermand.containment.preview import KIND_TEXTS, scope_of
from countermand.containment.standing import Asked, begun_at, binding, concerning, session_revoked, stops
from countermand.decisions.decide import Question, judge
from countermand.flows.standing_met import Standing
from countermand.vocabulary.incidents import Incident, IncidentState, Revocation, Seen, Source
from countermand.vocabulary.operations import MOVES_MONEY, OPENS_DEBT, STOPPED_BY_FREEZE, Amount, Kind
from countermand.vocabulary.orders import CAUSES, MEASURE_TEXTS, BoundOrder, Measure, Order
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.rules import Evaluation

NOON = 1_795_233_600_000_000
CNY = "CNY"
NINE = Amount(9, CNY)


def order(measure: str, *values: str, **more: Any) -> Order:
    """An order of noon on a-1."""
    given = {"id": "ord-1", "account": "a-1", "code": "desk", "placed_at": NOON, "placed_by": "desk"}
    return Order(**{**given, "measure": Measure(measure), "values": values, **more})


def _paying(minor: int, currency: str = CNY) -> Asked:
    return Asked(Kind.PAYMENT, amount_minor=minor, currency=currency)


@pytest.mark.parametrize(
    ("one", "asked", "said"),
    [
        (order("freeze"), Asked(Kind.PAYMENT), "deny"),
        (order("freeze"), Asked(Kind.REPAYMENT), None),
        (order("stop_outgoing"), Asked(Kind.WITHDRAWAL), "deny"),
        (order("stop_outgoing"), Asked(Kind.LOAN_APPLY), None),
        (order("stop_kinds", "withdrawal"), Asked(Kind.WITHDRAWAL), "deny"),
        (order("stop_kinds", "withdrawal"), Asked(Kind.REPAYMENT), None),
        (order("stop_channels", "atm"), Asked(Kind.WITHDRAWAL, channel="atm"), "deny"),
        (order("stop_channels", "atm"), Asked(Kind.WITHDRAWAL, channel="app"), None),
        (order("stop_channels", "atm"), Asked(Kind.WITHDRAWAL), "hold"),
        (order("stop_devices", "d"), Asked(Kind.LOGIN, device="d"), "deny"),
        (order("stop_devices", "d"), Asked(Kind.CREDENTIAL_CHANGE, device="d"), "deny"),
        (order("stop_devices", "d"), Asked(Kind.REPAYMENT, device="d"), None),
        (order("stop_devices", "d"), Asked(Kind.PAYMENT), "hold"),
        (order("stop_devices", "d"), Asked(Kind.MANDATE_RUN), None),
        (order("stop_sessions", "s"), Asked(Kind.DATA_EXPORT, session="s"), "deny"),
        (order("stop_sessions", "s"), Asked(Kind.LOGIN, session="s"), None),
        (order("stop_sessions", begun_before=5), Asked(Kind.PAYMENT, None, None, "n", 4), "deny"),
        (order("stop_sessions", begun_before=5), Asked(Kind.PAYMENT, session="n", session_begun_at=5), None),
        (order("stop_sessions", begun_before=5), Asked(Kind.PAYMENT, session="n"), "hold"),
        (order("stop_payees", "m"), Asked(Kind.TRANSFER, payee="m"), "deny"),
        (order("stop_payees", "m"), Asked(Kind.TRANSFER), "hold"),
        (order("stop_payees", "m"), Asked(Kind.WITHDRAWAL), None),
        (order("stop_mandates"), Asked(Kind.MANDATE_RUN), "deny"),
        (order("stop_mandates", "x"), Asked(Kind.MANDATE_RUN, mandate="y"), None),
        (order("stop_mandates", "x"), Asked(Kind.MANDATE_CANCEL, mandate="x"), None),
        (order("stop_instruments", "c"), Asked(Kind.PAYMENT, instrument="c"), "deny"),
        (order("stop_instruments", "c"), Asked(Kind.TRANSFER), None),
        (order("stop_instruments", "c"), Asked(Kind.PAYMENT), "hold"),
        (order("lower_limit", amount_limit=NINE), _paying(9), None),
        (order("lower_limit", amount_limit=NINE), _paying(10), "deny"),
        (order("lower_limit", amount_limit=NINE), _paying(1, "USD"), "deny"),
        (order("lower_limit", amount_limit=NINE), Asked(Kind.PAYMENT), "deny"),
        (order("heightened_review", "hold"), Asked(Kind.TRANSFER), "hold"),
        (order("heightened_review"), Asked(Kind.TRANSFER), "challenge"),
        (order("heightened_review"), Asked(Kind.LOGIN), None),
        (order("stop_debt"), Asked(Kind.LOAN_APPLY), "deny"),
        (order("stop_collection", "d"), Asked(Kind.LOAN_APPLY), None),
        (order("stop_collection", "d"), Asked(Kind.MANDATE_RUN, debt="d"), "deny"),
        (order("stop_collection", "d"), Asked(Kind.MANDATE_RUN, debt="e"), None),
        (order("stop_collection", "d"), Asked(Kind.REPAYMENT, debt="d"), None),
        (order("stop_debt", "debt"), Asked(Kind.MANDATE_RUN, debt="debt"), "deny"),
        (order("stop_debt", "debt"), Asked(Kind.MANDATE_RUN, debt="other"), None),
    ],
)  # fmt: skip
def test_each_measure_says_what_it_is_for(one: Order, asked: Asked, said: str | None) -> None:
    """One line: the order, the operation, the outcome it calls for."""
    assert [bound.outcome.word for bound in binding(asked, [one], NOON)] == ([] if said is None else [said])


_names = st.sampled_from(["x", "y", None])
_asked = st.builds(
    Asked,
    kind=st.sampled_from(list(Kind)),
    channel=st.sampled_from(["app", "atm", None]),
    device=_names,
    session=_names,
    session_begun_at=st.sampled_from([NOON - 1, NOON + 1, None]),
    payee=_names,
    instrument=_names,
    mandate=_names,
    debt=_names,
    amount_minor=st.sampled_from([1, 100, None]),
    currency=st.sampled_from([CNY, "USD"]),
)
_orders = st.lists(
    st.builds(
        lambda number, measure, value, ends: order(
            measure.value,
            *(["withdrawal"] if measure is Measure.STOP_KINDS else [value]),
            id=f"ord-{number}",
            ends_at=ends,
            amount_limit=Amount(50, CNY) if measure is Measure.LOWER_LIMIT else None,
            begun_before=NOON if measure is Measure.STOP_SESSIONS else None,
        ),
        st.integers(0, 99),
        st.sampled_from(list(Measure)),
        st.sampled_from(["x", "app"]),
        st.sampled_from([None, NOON, NOON + 10]),
    ),
    max_size=5,
)


def _worst(asked: Asked, orders: list[Order], now: int = NOON) -> Outcome:
    return max((one.outcome for one in binding(asked, orders, now)), default=Outcome.ALLOW)


@given(_asked, _orders, _orders)
def test_one_more_order_never_weakens_the_answer(asked: Asked, some: list[Order], more: list[Order]) -> None:
    """Orders overlap; together they are at least as strict as each."""
    assert _worst(asked, some + more) >= max(_worst(asked, some), _worst(asked, more))


@given(_asked, _orders)
def test_the_order_of_orders_does_not_matter(asked: Asked, orders: list[Order]) -> None:
    """The same set, the same answer."""
    assert _worst(asked, orders) == _worst(asked, orders[::-1])


@given(_asked, _orders, st.sampled_from(["channel", "device", "payee", "amount_minor"]))
def test_hiding_a_fact_never_makes_a_refusal_pass(asked: Asked, orders: list[Order], field: str) -> None:
    """What is denied with a fact is at least held without it, wherever the kind needs that fact."""
    hidden = asked._replace(**{field: None})
    for one in orders:
        if _worst(asked, [one]) is Outcome.DENY and one.measure is not Measure.STOP_PAYEES:
            assert _worst(hidden, [one]) >= Outcome.HOLD or asked.kind not in STOPPED_BY_FREEZE - {
                Kind.MANDATE_RUN
            }


@given(_asked, _orders)
def test_an_order_ends_at_its_instant(asked: Asked, orders: list[Order]) -> None:
    """One microsecond before it binds, at it no more."""
    for one in orders:
        if one.ends_at is not None:
            assert not binding(asked, [one], one.ends_at)
            assert bool(binding(asked, [one], one.ends_at - 1)) == bool(
                binding(asked, [msgspec.structs.replace(one, ends_at=None)], NOON)
            )


@given(_asked, _orders)
def test_what_pays_in_is_never_stopped(asked: Asked, orders: list[Order]) -> None:
    """Paying back stays possible under every order, in a session that was not ended."""
    paying = asked._replace(kind=Kind.REPAYMENT, session="new", session_begun_at=NOON + 1)
    assert not stops(paying, orders, NOON)


@given(_asked, _orders)
def test_bound_orders_survive_the_record(asked: Asked, orders: list[Order]) -> None:
    """MessagePack gives back what was put in; a record without orders reads as one with none."""
    standing = Standing(3, None, binding(asked, orders, NOON))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(standing), type=Standing) == standing
    old = msgspec.msgpack.encode({"guard": 1, "freeze": None})
    assert msgspec.msgpack.decode(old, type=Standing).bound == ()
    assert msgspec.msgpack.encode(Standing(1, None)) == old


class _Silent:
    """A policy that says nothing."""

    label, currency = "p@1", CNY
    rules: tuple[Any, ...] = ()
    bands: tuple[Any, ...] = ()

    def evaluate(self, _kind: str, _facts: list[Any]) -> Evaluation:
        return Evaluation((), ())


@given(_asked, _orders)
def test_the_decision_is_as_strict_as_its_orders(asked: Asked, orders: list[Order]) -> None:
    """Where the policy says nothing, the orders decide."""
    bound: tuple[BoundOrder, ...] = binding(asked, orders, NOON)
    question = Question("dec-1", asked.kind.value, [], None, NOON, bound)
    assert judge(question, [], _Silent()).outcome is _worst(asked, orders)  # type: ignore[arg-type]


def test_every_measure_kind_and_cause_has_words_in_both_languages() -> None:
    """Nobody is refused without a reason they can read."""
    texts = [*MEASURE_TEXTS.values(), *KIND_TEXTS.values()]
    texts += [text for cause in CAUSES.values() for text in (cause.text, cause.remedy)]
    assert set(MEASURE_TEXTS) == set(Measure)
    assert set(KIND_TEXTS) == set(Kind)
    assert all(text.en and text.zh for text in texts)


@given(_orders)
def test_a_preview_sorts_every_kind_once(orders: list[Order]) -> None:
    """Each kind stops, waits or stays; the balance can always be looked at."""
    scope = scope_of(orders, NOON)
    kinds = [one["kind"] for part in ("stops", "waits", "keeps") for one in scope[part]]
    assert sorted(kinds) == sorted(["balance", *(kind.value for kind in Kind)])
    assert "repayment" in [one["kind"] for one in scope["keeps"]]


def test_persons_and_everybody_are_concerned_with_their_own() -> None:
    """An operation meets the orders of its account, of its person, of everybody, and no other."""
    orders = [
        order("freeze", id="1"),
        order("freeze", id="2", account=None, person="p-1"),
        order("freeze", id="3", account=None),
        order("freeze", id="4", account="a-2"),
    ]
    assert [one.id for one in concerning(orders, "a-1", "p-1")] == ["1", "2", "3"]
    assert [one.id for one in concerning(orders, "a-9", None)] == ["3"]


@pytest.mark.parametrize(
    ("seen", "trusted", "suspect"),
    [
        (Seen(devices=("new", "old"), devices_before=("old",)), None, ("new",)),
        (Seen(devices=("new", "old"), devices_before=("old",)), "new", ()),
        (Seen(devices=("own",), devices_known=("own",)), None, ()),
        (Seen(devices=("own",), devices_known=("own",), devices_bound=("own",)), None, ("own",)),
        (Seen(devices=("only",)), None, ()),
        (Seen(), None, ()),
    ],
)
def test_a_device_is_suspect_if_it_came_in_the_window(
    seen: Seen, trusted: str | None, suspect: tuple[str, ...]
) -> None:
    """Old, known and trusted ones stay; where nothing earlier is known, nothing is called new."""
    assert suspect_devices(seen, trusted) == suspect


@pytest.mark.parametrize(
    ("one", "revoked"),
    [
        ({"session": "s"}, True),
        ({"session": "t"}, False),
        ({"device": "d"}, True),
        ({"begun_before": 6}, True),
        ({"begun_before": 5}, False),
    ],
)
def test_a_session_is_ended_by_name_device_or_age(one: dict[str, Any], revoked: bool) -> None:
    """The session s on device d, begun at 5."""
    ended = Revocation(incident="i", account="a", person=None, revoked_at=9, **one)
    assert session_revoked("s", "d", 5, ended) is revoked


def test_the_age_of_a_session_is_read_with_its_offset_or_not_at_all() -> None:
    """A time without an offset, or none at all, is unknown."""
    assert begun_at("2026-11-21T12:00:00+08:00") == NOON
    assert [begun_at(value) for value in ("2026-11-21T12:00:00", "yesterday", 5, None)] == [None] * 4


@given(_orders, st.integers(1, 3), st.integers(1, 3))
def test_grades_only_go_up_and_the_last_lifts_all(orders: list[Order], first: int, second: int) -> None:
    """A grade again, or a lower one, does nothing; grade 3 leaves only a review that ends."""
    incident = Incident(
        id="inc", key="k", digest=b"", source=Source.DESK, account="a-1", person=None, code="desk",
        reason="r", tier=1, began_at=0, ended_at=0, reference=None, follows=None, placed_at=0, placed_by="d",
    )  # fmt: skip
    one = lifting(incident, orders, first, "d", NOON, lambda prefix: prefix)
    after = msgspec.structs.replace(incident, grade=first, state=one.state)
    two = lifting(after, list(one.place), second, "d", NOON, lambda prefix: prefix)
    if second <= first:
        assert (two.lift, two.place) == ((), ())
    whole = lifting(incident, orders, 3, "d", NOON, lambda prefix: prefix)
    assert list(whole.lift) == orders
    assert whole.state is IncidentState.CLOSED
    assert all(one.measure is Measure.HEIGHTENED_REVIEW and one.ends_at for one in whole.place)


def test_what_counts_as_money_is_what_the_freeze_counts() -> None:
    """The measures lean on the kinds of the vocabulary; a new kind must be thought of here."""
    assert MOVES_MONEY | OPENS_DEBT < STOPPED_BY_FREEZE
    assert {Kind.REPAYMENT, Kind.DEPOSIT, Kind.REFUND, Kind.LOGIN}.isdisjoint(STOPPED_BY_FREEZE)
