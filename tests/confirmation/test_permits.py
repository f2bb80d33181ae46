"""Goal: nothing that needs consent gets a permit without its own receipt, and no permit fits anything else.

Method: every kind, every state, every field changed by one; an independent look at the signature.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from countermand.confirmation.permits import (
    Cleared,
    PermitKey,
    cleared_by_decision,
    cleared_by_hold,
    mismatch,
    permit_of,
    published,
    read_keys,
    signed,
    verified,
)
from countermand.kernel.errors import BadRequest, Conflict
from countermand.vocabulary.banking import Terms
from countermand.vocabulary.confirmations import ConsentReceipt, needs_consent
from countermand.vocabulary.consent import NEEDS_CONSENT
from countermand.vocabulary.holds import Hold, HoldState, Need
from countermand.vocabulary.operations import MOVES_MONEY, OPENS_DEBT, Kind

NOW = 1_795_233_600_000_000
SECOND = 10**6
KEY = PermitKey("k-1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
KEYS = read_keys(published([KEY]))
CLEARED = cleared_by_decision("op-1", "dec-1", "allow")
RECEIPT = ConsentReceipt(
    operation="op-1",
    shown="One yuan to the shop.",
    statement="payment",
    version="1",
    language="zh",
    given_at=NOW,
    given_by="p-1",
)


def terms(**more: Any) -> Terms:
    """A payment of one yuan to a shop."""
    given = {"account": "a-1", "kind": "payment", "amount_minor": 100, "currency": "CNY"}
    return Terms(**{"operation": "op-1", "counterparty": "shop", "institution": "bank-2", **given, **more})


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("receipt", [None, msgspec.structs.replace(RECEIPT, operation="op-2")])
def test_no_kind_that_needs_consent_gets_a_permit_without_its_receipt(
    kind: Kind, receipt: ConsentReceipt | None
) -> None:
    """Neither without one nor with another operation's; and a permit stripped of it fits nothing."""
    of = terms(kind=kind.value)
    if kind in NEEDS_CONSENT:
        with pytest.raises(Conflict, match="consent_missing"):
            permit_of(of, CLEARED, receipt, "p-1", NOW, 60)
        permit = permit_of(of, CLEARED, RECEIPT, "p-1", NOW, 60)
        assert mismatch(permit, of) is None
        assert mismatch(msgspec.structs.replace(permit, consent=None), of) == "consent"
    else:
        assert mismatch(permit_of(of, CLEARED, None, "p-1", NOW, 60), of) is None


def test_whatever_moves_money_or_opens_a_debt_needs_consent() -> None:
    """But for the run of a mandate, which was agreed to when it was made."""
    assert {kind for kind in Kind if needs_consent(kind.value)} == (
        (MOVES_MONEY | OPENS_DEBT | {Kind.MANDATE_CREATE}) - {Kind.MANDATE_RUN}
    )


@pytest.mark.parametrize("outcome", ["challenge", "hold", "approve", "deny"])
def test_a_decision_that_did_not_allow_clears_nothing(outcome: str) -> None:
    """Only `allow` does."""
    with pytest.raises(Conflict, match="not_allowed"):
        cleared_by_decision("op-1", "dec-1", outcome)


@given(
    state=st.sampled_from(HoldState), met=st.sets(st.sampled_from(Need)), needs=st.sets(st.sampled_from(Need))
)
def test_a_hold_clears_only_when_it_was_released_with_all_it_needs(
    state: HoldState, met: set[Need], needs: set[Need]
) -> None:
    """Whatever its state and its needs."""
    hold = Hold(
        operation="op-1", account="a-1", person=None, kind="payment", amount_minor=1, currency="CNY",
        counterparty=None, institution=None, channel=None, session=None, device=None, needs=tuple(needs),
        met=tuple(met), placed_at=NOW, until=NOW, expires_at=NOW, state=state,
    )  # fmt: skip
    released = state in (HoldState.RELEASED, HoldState.EXECUTED)
    if released and needs <= met:
        assert isinstance(cleared_by_hold(hold, "dec-1"), Cleared)
    else:
        with pytest.raises(Conflict, match="not_allowed"):
            cleared_by_hold(hold, "dec-1")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account", "a-2"), ("operation", "op-2"), ("kind", "transfer"), ("amount_minor", 101),
        ("amount_minor", None), ("currency", "USD"), ("counterparty", "thief"), ("institution", None),
    ],
)  # fmt: skip
def test_a_permit_fits_nothing_else(field: str, value: Any) -> None:
    """A payee changed after consent, an amount, an account: named."""
    permit = permit_of(terms(), CLEARED, RECEIPT, "p-1", NOW, 60)
    assert mismatch(permit, terms(**{field: value})) == field


def test_a_permit_is_good_in_its_time_only() -> None:
    """With five seconds for clocks that differ."""
    text = signed(permit_of(terms(), CLEARED, RECEIPT, "p-1", NOW, 60), KEY)
    assert verified(text, KEYS, NOW).consent == RECEIPT.digest.hex()
    assert verified(text, KEYS, NOW + 64 * SECOND).terms == terms()
    for at in (NOW - 6 * SECOND, NOW + 65 * SECOND):
        with pytest.raises(BadRequest, match="bad_permit"):
            verified(text, KEYS, at)


@given(place=st.integers(min_value=0), change=st.integers(min_value=1, max_value=63))
def test_a_permit_changed_anywhere_is_none(place: int, change: int) -> None:
    """Each character counts; and the key of somebody else, or no signature at all, is no good."""
    text = signed(permit_of(terms(), CLEARED, RECEIPT, "p-1", NOW, 60), KEY)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # The last character of a part holds bits that mean nothing; the one before is as good a place.
    places = [at for at, one in enumerate(text[:-1]) if one != "." and text[at + 1] != "."]
    at = places[place % len(places)]
    changed = alphabet[(alphabet.index(text[at]) + change) % 64]
    with pytest.raises(BadRequest, match="bad_permit"):
        verified(text[:at] + changed + text[at + 1 :], KEYS, NOW)


def test_no_other_algorithm_passes() -> None:
    """`none`, and a symmetric signature with the public key as its secret."""
    head, body, _ = signed(permit_of(terms(), CLEARED, RECEIPT, "p-1", NOW, 60), KEY).split(".")
    for algorithm in ("none", "HS256"):
        forged = json.dumps({"alg": algorithm, "kid": "k-1", "typ": "permit+jwt"}).encode()
        made = base64.urlsafe_b64encode(forged).rstrip(b"=").decode()
        with pytest.raises(BadRequest, match="bad_permit"):
            verified(f"{made}.{body}.", KEYS, NOW)
    with pytest.raises(BadRequest, match="bad_permit"):
        verified(f"{head}.{body}.", KEYS, NOW)


def test_anybody_can_check_a_permit_with_the_published_key() -> None:
    """By RFC 8032 alone, without our code: the signature is over the first two parts."""
    text = signed(permit_of(terms(), CLEARED, RECEIPT, "p-1", NOW, 60), KEY)
    head, body, signature = text.split(".")
    (key,) = KEYS.values()
    raw = base64.urlsafe_b64decode(signature + "==")
    key.verify(raw, f"{head}.{body}".encode())
    with pytest.raises(InvalidSignature):
        key.verify(raw, f"{head}.{body}x".encode())
    assert json.loads(base64.urlsafe_b64decode(body + "=="))["terms"]["counterparty"] == "shop"
