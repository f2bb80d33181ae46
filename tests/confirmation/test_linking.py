"""Goal: a confirmation speaks for one thing only. Method: laws over everything that can differ."""

import re

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from countermand.confirmation.linking import (
    Linked,
    challenge_bytes,
    code_mac,
    code_text,
    linked_digest,
    linked_text,
    proves,
    sealed_confirmation,
)
from countermand.vocabulary.authenticators import Confirmation, Factor, Method, Purpose
from countermand.vocabulary.operations import Kind

KEY, NOON, SECOND = bytes(32), 1_795_233_600_000_000, 10**6
_text = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=8)
_linked = st.builds(
    Linked,
    purpose=st.sampled_from(list(Purpose)),
    ref=_text,
    account=_text,
    kind=st.sampled_from([kind.value for kind in Kind]),
    amount_minor=st.none() | st.integers(0, 10**9),
    currency=st.none() | st.sampled_from(["CNY", "USD"]),
    payee=st.none() | _text,
    institution=st.none() | _text,
)


def confirmed(linked: Linked) -> Confirmation:
    """What passing a challenge about this leaves behind."""
    given_now = Confirmation(
        id="cnf-1",
        purpose=linked.purpose,
        ref=linked.ref,
        account=linked.account,
        linked=linked_digest(linked),
        strength=4,
        factors=(Factor.KNOWLEDGE, Factor.POSSESSION),
        methods=(Method.PASSWORD, Method.SMS),
        device="phone",
        session="s-1",
        at=NOON,
    )
    return sealed_confirmation(KEY, given_now)


@given(one=_linked, other=_linked)
def test_a_proof_of_one_thing_never_proves_another(one, other):
    """Digest, signed bytes, code and confirmation all differ as soon as anything does."""
    assume(one != other)
    assert linked_digest(one) != linked_digest(other)
    assert challenge_bytes(one, bytes(32)) != challenge_bytes(other, bytes(32))
    macs = {code_mac(KEY, "chg-1", linked_digest(it), Method.SMS, "12345678") for it in (one, other)}
    assert len(macs) == 2
    assert proves(KEY, confirmed(one), one, NOON, 600)
    assert not proves(KEY, confirmed(one), other, NOON, 600)


@given(
    linked=_linked,
    name=st.sampled_from(["amount_minor", "payee", "account", "ref", "institution", "currency"]),
)
def test_any_change_of_what_was_confirmed_is_seen(linked, name):
    """Amount, currency, payee, its institution, account, operation: each of them counts."""
    other = 7 if name == "amount_minor" else "somebody else"
    changed = msgspec.structs.replace(linked, **{name: other})
    assume(changed != linked)
    assert not proves(KEY, confirmed(linked), changed, NOON, 600)


@pytest.mark.parametrize(
    ("change", "now", "good"),
    [
        ({}, NOON, True),
        ({}, NOON + 600 * SECOND, True),
        ({}, NOON + 600 * SECOND + 1, False),
        ({}, NOON - 1, False),
        ({"strength": 6}, NOON, False),
        ({"device": "laptop"}, NOON, False),
        ({"account": "a-2"}, NOON, False),
        ({"at": NOON + 1}, NOON + 1, False),
    ],
)
def test_a_confirmation_is_ours_whole_and_fresh(change, now, good):
    """Whatever is altered in the table breaks the seal; too old or from the future, it proves nothing."""
    linked = Linked(purpose=Purpose.OPERATION, ref="op-1", account="a-1", kind="payment")
    altered = msgspec.structs.replace(confirmed(linked), **change)
    assert proves(KEY, altered, linked, now, 600) is good
    assert not proves(b"another key".ljust(32), confirmed(linked), linked, NOON, 600)


def test_a_code_is_worth_nothing_elsewhere():
    """Another challenge, method, code, linked data or key: another MAC."""
    macs = [
        code_mac(KEY, *given)
        for given in [
            ("chg-1", "d1", Method.SMS, "00000000"),
            ("chg-2", "d1", Method.SMS, "00000000"),
            ("chg-1", "d2", Method.SMS, "00000000"),
            ("chg-1", "d1", Method.EMAIL, "00000000"),
            ("chg-1", "d1", Method.SMS, "00000001"),
        ]
    ]
    assert len(set(macs)) == len(macs)


@given(linked=_linked)
def test_the_message_names_what_is_confirmed_and_holds_no_link(linked):
    """The amount and the payee stand in it, in both languages; no address to tap."""
    text = code_text(linked, "12345678", 5)
    for words in (text.en, text.zh):
        assert "12345678" in words
        assert linked.payee is None or linked.payee in words
        assert not re.search(r"https?:|www\.|://", words.replace(linked.payee or "", ""))
    if linked.amount_minor is not None and linked.currency is not None:
        assert f"{linked.amount_minor / 100:,.2f}" in linked_text(linked).zh


def test_a_message_reads_like_this():
    """A golden text."""
    linked = Linked(
        purpose=Purpose.OPERATION, ref="op-1", account="a-1", kind="transfer", amount_minor=198000,
        currency="CNY", payee="Li Si", institution="ICBC",
    )  # fmt: skip
    assert code_text(linked, "01234567", 5).zh == (
        "确认：转账1,980.00元给Li Si(ICBC)。验证码01234567，5分钟内有效。非本人操作请勿透露，"
        "并自行打开官方App。工作人员绝不会索要验证码。"
    )
    assert linked_text(linked).en == "Confirm: transfer 1,980.00 yuan to Li Si (ICBC)"
