"""Goal: a limit goes down at once and up only after the wait and for the proof that was given.

Method: tables of changes and waits; laws over random limits, amounts and instants.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.confirmation.linking import linked_digest, linked_of_account, linked_text
from countermand.containment.own_limits import (
    WAIT_AFTER_CHANGE_MICROS,
    WAIT_MICROS,
    Change,
    binds_from,
    change_of,
)
from countermand.containment.standing import Asked, stops
from countermand.kernel.clock import MICROS_PER_HOUR as HOUR
from countermand.vocabulary.authenticators import Purpose
from countermand.vocabulary.operations import Amount, Kind
from countermand.vocabulary.orders import CAUSES, OWN_CAUSES, OWN_LIMIT, Measure, Order
from countermand.vocabulary.own_limits import (
    AskedLimit,
    is_mandate_ref,
    limit_of_ref,
    ref_of_limit,
    ref_of_mandate,
)

NOON = 1_795_233_600_000_000
CNY, USD = "CNY", "USD"
limits = st.none() | st.builds(Amount, st.integers(0, 50), st.sampled_from([CNY, USD]))
instants = st.integers(NOON - 40 * HOUR, NOON + 40 * HOUR)


@pytest.mark.parametrize(
    ("holds", "wanted", "change"),
    [
        (None, None, Change.NONE),
        (None, Amount(9, CNY), Change.LOWER),
        (Amount(9, CNY), Amount(9, CNY), Change.NONE),
        (Amount(9, CNY), Amount(8, CNY), Change.LOWER),
        (Amount(9, CNY), Amount(0, CNY), Change.LOWER),
        (Amount(9, CNY), Amount(10, CNY), Change.RAISE),
        (Amount(9, CNY), Amount(1, USD), Change.RAISE),
        (Amount(9, CNY), None, Change.RAISE),
    ],
)
def test_what_another_limit_is(holds: Amount | None, wanted: Amount | None, change: Change) -> None:
    """No limit is the highest; another currency cannot be compared, so it counts as higher."""
    assert change_of(holds, wanted) is change


@pytest.mark.parametrize(
    ("changed_at", "hours"),
    [
        (None, 12),
        (NOON - 24 * HOUR - 1, 12),
        (NOON - 24 * HOUR, 12),
        (NOON - 24 * HOUR + 1, 24),
        (NOON - 1, 24),
        (NOON, 24),
        (NOON + 11 * HOUR, 24),
    ],
)
def test_how_long_a_raise_waits(changed_at: int | None, hours: int) -> None:
    """Twelve hours; a day where a device or credential changed in the day before, or while it waits."""
    assert binds_from(NOON, changed_at) == NOON + hours * HOUR


@given(instants, st.none() | instants, st.none() | instants)
def test_no_raise_binds_before_its_wait(asked_at: int, one: int | None, later: int | None) -> None:
    """Never before 12 hours, never after 24, and a later change never shortens the wait."""
    assert WAIT_MICROS <= binds_from(asked_at, one) - asked_at <= WAIT_AFTER_CHANGE_MICROS
    if one is not None and later is not None and later >= one:
        assert binds_from(asked_at, later) >= binds_from(asked_at, one)


def _stopped(limit: Amount | None, amount: Amount) -> bool:
    if limit is None:
        return False
    order = Order(
        id="ord-1", measure=Measure.LOWER_LIMIT, account="a-1", amount_limit=limit,
        code=OWN_LIMIT, placed_at=NOON, placed_by="app",
    )  # fmt: skip
    asked = Asked(Kind.PAYMENT, amount_minor=amount.minor, currency=amount.currency)
    return stops(asked, [order], NOON)


@given(limits, limits, st.builds(Amount, st.integers(0, 60), st.sampled_from([CNY, USD])))
def test_what_needs_no_proof_lets_nothing_more_through(
    holds: Amount | None, wanted: Amount | None, amount: Amount
) -> None:
    """Whatever the limit that holds stops, one that counts as lower stops too, from its instant on."""
    if change_of(holds, wanted) is not Change.RAISE and _stopped(holds, amount):
        assert _stopped(wanted, amount)


@given(limits, st.text("abc-1", min_size=1, max_size=8))
def test_a_ref_says_order_and_limit(limit: Amount | None, order: str) -> None:
    """What is written is read again; other texts are read as nothing."""
    assert limit_of_ref(ref_of_limit(order, limit)) == AskedLimit(order, limit)
    assert is_mandate_ref(ref_of_mandate(order))
    assert limit_of_ref(ref_of_mandate(order)) is None
    assert not is_mandate_ref(ref_of_limit(order, limit))


@pytest.mark.parametrize(
    "text", ["", "limit/o", "limit/o/CNY/-1", "limit/o/CNY/01", "limit//none", "limit/o/cny/1"]
)
def test_what_is_no_ref_of_a_limit(text: str) -> None:
    """Nothing is guessed from a text that was not written here."""
    assert limit_of_ref(text) is None


def test_the_holder_reads_the_new_limit_before_they_confirm() -> None:
    """The amount stands in the challenge's words, in both languages; so does that there is none any more."""
    five = linked_of_account(Purpose.LIMIT, ref_of_limit("ord-1", Amount(500_000, CNY)), "a-1")
    assert linked_text(five).en == "Raise a limit of this account: to 5,000.00 yuan"
    assert linked_text(five).zh == "提高账户限额：至5,000.00元"
    none = linked_of_account(Purpose.LIMIT, ref_of_limit("ord-1", None), "a-1")
    assert "no limit" in linked_text(none).en
    assert "不再设" in linked_text(none).zh
    on = linked_of_account(Purpose.LIFT, ref_of_mandate("ord-1"), "a-1")
    assert "automatic debit" in linked_text(on).en
    assert "自动扣款" in linked_text(on).zh


@given(limits, limits)
def test_a_proof_for_one_limit_is_none_for_another(one: Amount | None, other: Amount | None) -> None:
    """What is signed differs with the limit, the order, the account and the purpose."""
    first = linked_of_account(Purpose.LIMIT, ref_of_limit("ord-1", one), "a-1")
    second = linked_of_account(Purpose.LIMIT, ref_of_limit("ord-1", other), "a-1")
    assert (linked_digest(first) == linked_digest(second)) is (one == other)
    for changed in ({"account": "a-2"}, {"purpose": Purpose.LIFT}, {"ref": ref_of_limit("ord-2", one)}):
        assert linked_digest(msgspec.structs.replace(first, **changed)) != linked_digest(first)


@pytest.mark.parametrize("code", sorted(OWN_CAUSES))
def test_own_orders_tell_their_remedy(code: str) -> None:
    """Why and how it ends, in both languages, with nothing to bring."""
    cause = CAUSES[code]
    assert cause.text.en
    assert cause.text.zh
    assert cause.remedy.en
    assert cause.remedy.zh
    assert cause.documents == ()
