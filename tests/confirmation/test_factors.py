"""Goal: independence is computed and cannot be talked up. Method: tables of what is known, and laws."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.confirmation.factors import Evidence, assess
from countermand.vocabulary.authenticators import Factor, Method


def by(method: Method, device: str | None = None, number: int = 1, *, verified: bool = False) -> Evidence:
    """Evidence by a method on a device."""
    return Evidence(
        method=method, authenticator=f"{method}-{number}", device=device, at=0, user_verified=verified
    )


PASSWORD, TOTP, SMS, MAIL, KEY = Method.PASSWORD, Method.TOTP, Method.SMS, Method.EMAIL, Method.WEBAUTHN
TABLE = [
    # what was shown, the session's device, whether unknown devices are trusted: independent factors, strength
    ([], None, False, 0, 0),
    ([by(PASSWORD)], None, False, 1, 2),
    ([by(PASSWORD), by(PASSWORD, number=2)], None, False, 1, 2),
    ([by(SMS, "phone")], "laptop", False, 1, 2),
    ([by(SMS, "phone")], "phone", False, 1, 1),
    ([by(SMS, "phone"), by(SMS, "old phone", 2)], "laptop", True, 1, 2),
    ([by(SMS, "phone"), by(MAIL, "phone")], "laptop", True, 1, 2),
    ([by(SMS, "phone"), by(MAIL, "tablet")], "laptop", False, 2, 4),
    ([by(SMS, "phone"), by(MAIL, "tablet")], "tablet", False, 2, 3),
    ([by(SMS), by(MAIL)], "laptop", True, 2, 4),
    ([by(SMS), by(MAIL)], "laptop", False, 1, 1),
    ([by(SMS, "phone"), by(MAIL)], "laptop", False, 1, 2),
    ([by(PASSWORD), by(SMS, "phone")], "phone", False, 2, 3),
    ([by(PASSWORD), by(SMS, "phone")], None, False, 2, 3),
    ([by(KEY, "phone", verified=True)], "phone", False, 2, 4),
    ([by(KEY, "phone", verified=True), by(TOTP, "phone")], "phone", False, 2, 4),
    ([by(KEY, verified=True), by(SMS, "phone")], "laptop", False, 3, 6),
    ([by(PASSWORD), by(TOTP, "phone"), by(KEY, "laptop", verified=True)], "laptop", False, 4, 8),
    ([by(SMS, "a"), by(SMS, "b", 2), by(TOTP, "a")], "laptop", False, 2, 4),
    ([by(Method.LIVENESS), by(KEY, "phone", verified=True)], None, False, 2, 4),
    ([by(Method.OUT_OF_BAND_CALL, "phone"), by(SMS, "phone")], "laptop", False, 1, 2),
]


@pytest.mark.parametrize(("shown", "session", "trust", "independent", "strength"), TABLE)
def test_what_evidence_is_worth(shown, session, trust, independent, strength):
    """One line a case, in every order of showing."""
    for order in itertools.islice(itertools.permutations(shown), 6):
        found = assess(order, session, trust_unknown=trust)
        assert (found.independent, found.strength) == (independent, strength)


_devices = st.sampled_from([None, "phone", "laptop", "tablet"])
_evidence = st.builds(by, st.sampled_from(list(Method)), _devices, st.integers(1, 2), verified=st.booleans())
_sets = st.lists(_evidence, max_size=6)


@given(shown=_sets, more=_evidence, session=_devices, trust=st.booleans())
def test_more_evidence_never_counts_less(shown, more, session, trust):
    """Adding an answer lowers neither the number nor the strength, and adds two factors at most."""
    before = assess(shown, session, trust_unknown=trust)
    after = assess([*shown, more], session, trust_unknown=trust)
    assert before.independent <= after.independent <= before.independent + 2
    assert before.strength <= after.strength
    assert set(before.kinds) <= set(after.kinds)


@given(shown=_sets, session=_devices, trust=st.booleans())
def test_the_same_again_adds_nothing(shown, session, trust):
    """Everything shown twice is worth what it is worth once."""
    once, twice = (assess(one, session, trust_unknown=trust) for one in (shown, shown * 2))
    assert once == twice


@given(shown=_sets, session=_devices)
def test_codes_to_one_device_are_one_thing_held(shown, session):
    """However many codes go to the phone, together they are one factor of possession."""
    on_phone = [by(one.method, "phone") for one in shown if one.method not in (PASSWORD, Method.LIVENESS)]
    found = assess(on_phone, session, trust_unknown=True)
    assert found.independent == len(found.kinds) == (1 if on_phone else 0)


@given(shown=_sets, session=_devices)
def test_what_is_unknown_never_helps(shown, session):
    """Distrusting unknown devices, and sitting on a device that got a code, only lower the strength."""
    trusting, careful = (assess(shown, session, trust_unknown=trust) for trust in (True, False))
    assert careful.independent <= trusting.independent
    assert careful.strength <= trusting.strength
    for device in ("phone", "laptop"):
        elsewhere = assess(shown, "another device", trust_unknown=True).strength
        assert assess(shown, device, trust_unknown=True).strength <= elsewhere


@given(shown=_sets, session=_devices, trust=st.booleans())
def test_strength_lies_between_one_and_two_for_each_factor(shown, session, trust):
    """Every factor counts once at least and twice at most; nothing shown is worth nothing."""
    found = assess(shown, session, trust_unknown=trust)
    assert found.independent <= found.strength <= 2 * found.independent
    assert bool(found.independent) == bool(shown)
    assert found.independent >= len(found.kinds) or Factor.POSSESSION in found.kinds


def test_a_code_on_the_device_of_the_session_is_told():
    """The customer is warned, and only where it is known."""
    assert assess([by(SMS, "phone")], "phone", trust_unknown=True).same_device
    assert not assess([by(SMS, "phone")], "laptop", trust_unknown=True).same_device
    assert not assess([by(SMS)], None, trust_unknown=True).same_device
