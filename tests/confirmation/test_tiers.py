"""Goal: who must show what. Method: the shipped pack, one line a case; broken packs with their places."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.app import read_confirmation_pack
from countermand.confirmation.auth_methods import read_auth_methods
from countermand.confirmation.factors import Evidence, assess
from countermand.confirmation.tier_pack import read_pack
from countermand.confirmation.tiers import Asked, missing, wanted_of
from countermand.kernel.errors import PolicyError
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.operations import Kind

FILES = dict(read_confirmation_pack("cn-consumer-finance"))
PACK = read_pack(FILES)
PASSWORD, TOTP, SMS, MAIL, KEY, FACE = (
    Method.PASSWORD, Method.TOTP, Method.SMS, Method.EMAIL, Method.WEBAUTHN, Method.LIVENESS,
)  # fmt: skip


def wanted(
    kind: str, yuan: int | None = None, risk: int | None = 0, kyc: int | None = 2, currency: str = "CNY"
):
    """What the shipped pack wants of an operation."""
    minor = None if yuan is None else yuan * 100
    given_currency = None if yuan is None else currency
    asked = Asked(kind=Kind(kind), amount_minor=minor, currency=given_currency, risk=risk, kyc_level=kyc)
    return wanted_of(asked, PACK.tiers, PACK.kyc)


@pytest.mark.parametrize(
    ("kind", "yuan", "risk", "tier"),
    [
        ("login", None, 0, "one"),
        ("login", None, 399, "one"),
        ("login", None, 400, "dual"),
        ("login", None, None, "one"),
        ("repayment", 90_000, 0, "one"),
        ("payment", 1, 0, "dual"),
        ("payment", 4_999, 0, "dual"),
        ("payment", 5_000, 0, "strong"),
        ("payment", 49_999, 0, "strong"),
        ("payment", 50_000, 0, "three"),
        ("payment", 1, 700, "three"),
        ("payment", 1, None, "three"),
        ("transfer", None, 0, "three"),
        ("credential_change", None, 0, "dual"),
        ("credential_change", None, 400, "strong"),
        ("credential_change", None, 700, "three"),
        ("loan_apply", 100, 0, "dual"),
        ("loan_disburse", 1, 0, "three"),
    ],
)
def test_the_tier_follows_kind_amount_and_risk(kind, yuan, risk, tier):
    """Stricter wins, and what is not known about money never makes it milder."""
    assert wanted(kind, yuan, risk).tier == tier


def test_an_amount_in_another_currency_is_taken_for_large():
    """Nobody said what counts as large in dollars."""
    assert wanted("payment", 1, currency="USD").tier == "three"


def shown(*pairs: tuple[Method, str | None]) -> tuple[list[Evidence], list[Method]]:
    """Evidence by (method, device), each with its person verified and matched with the document."""
    evidence = [
        Evidence(method=m, authenticator=m, device=d, at=0, user_verified=True, document_match=m is FACE)
        for m, d in pairs
    ]
    return evidence, [method for method, _ in pairs]


@pytest.mark.parametrize(
    ("kind", "yuan", "pairs", "enough"),
    [
        ("login", None, [(SMS, "phone")], True),
        ("payment", 10, [(SMS, None)], False),
        ("payment", 10, [(SMS, None), (MAIL, None)], True),
        ("payment", 10, [(SMS, "laptop"), (MAIL, "laptop")], False),
        ("payment", 10, [(PASSWORD, None), (SMS, "laptop")], True),
        ("payment", 6_000, [(PASSWORD, None), (SMS, "laptop")], False),
        ("payment", 6_000, [(PASSWORD, None), (SMS, "phone")], True),
        ("payment", 6_000, [(KEY, "laptop")], True),
        ("payment", 60_000, [(KEY, "laptop")], False),
        ("payment", 60_000, [(PASSWORD, None), (TOTP, "phone")], False),
        ("payment", 60_000, [(PASSWORD, None), (TOTP, "phone"), (KEY, "laptop")], True),
        ("payment", 60_000, [(PASSWORD, None), (SMS, "phone"), (FACE, None)], True),
    ],
)
def test_each_tier_is_met_by_what_it_names(kind, yuan, pairs, enough):
    """The session is on the laptop."""
    want, (evidence, methods) = wanted(kind, yuan), shown(*pairs)
    found = assess(evidence, "laptop", trust_unknown=want.trust_unknown_devices)
    assert (not missing(want, found, methods)) is enough


@pytest.mark.parametrize("kyc", [None, 0, 1])
def test_a_loan_below_the_kyc_level_wants_the_face_and_the_document(kyc):
    """Three factors are not enough without the comparison; from level 2 on they are."""
    evidence, methods = shown((PASSWORD, None), (TOTP, "phone"), (KEY, "laptop"))
    below, above = wanted("loan_disburse", 1_000, kyc=kyc), wanted("loan_disburse", 1_000, kyc=2)
    assert missing(above, assess(evidence, "laptop", trust_unknown=False), methods) == []
    assert below.kyc_level == 2
    assert missing(below, assess(evidence, "laptop", trust_unknown=False), methods) == [
        "method:liveness",
        "document_match",
    ]


@given(
    kind=st.sampled_from(list(Kind)),
    yuan=st.integers(0, 100_000),
    risk=st.integers(0, 1000),
    more=st.integers(0, 100_000),
)
def test_more_money_or_risk_never_wants_less(kind, yuan, risk, more):
    """The factors and the strength wanted grow with the amount and with the risk."""
    mild = wanted(kind.value, yuan, risk)
    for strict in (wanted(kind.value, yuan + more, risk), wanted(kind.value, yuan, min(1000, risk + more))):
        assert strict.factors >= mild.factors


@pytest.mark.parametrize(
    ("text", "methods"),
    [
        ('{"auth_methods": ["sms", "email", "biometric"]}', "sms email webauthn"),
        (
            '{"auth_methods": [{"type": "email", "priority": 2}, {"type": "sms", "priority": 1}]}',
            "sms email",
        ),
        (
            '{"auth_methods": [{"method": "SMS", "priority": "2"}, {"method": "Email", "priority": "1"}]}',
            "email sms",
        ),
        ('{"auth_methods": {"primary": "sms", "backup": {"type": "email"}}}', "sms email"),
        (
            '{"auth_methods": {"sms": {"priority": 3}, "biometric": 1, "email": {"priority": 2, "x": true}}}',
            "webauthn email sms",
        ),
        ('"auth_methods": [\n\t{"name": "短信", "priority": 1},\n\t{"name": "邮箱", "priority": 2}\n],',
         "sms email"),
        ('[{"type": "passkey"}, {"type": "otp"}, {"type": "sms", "enabled": false}]', "webauthn totp"),
    ],
)  # fmt: skip
def test_auth_methods_are_read_as_they_are_written(text, methods):
    """Words or objects, lists or mappings, with or without braces: in the order of their priorities."""
    assert " ".join(one.method.value for one in read_auth_methods(text)) == methods


def test_biometric_means_the_devices_own_authenticator():
    """A passkey on a stick would not do for it."""
    found = {one.method: one.biometric for one in read_auth_methods('{"auth_methods": ["biometric", "sms"]}')}
    assert found == {Method.WEBAUTHN: True, Method.SMS: False}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('{"auth_methods": [\n "sms",\n {"type": "smoke"}]}', ["unknown_method:3:11"]),
        ('{"auth_methods": [\n "sms",\n\t{"type": "短信"}]}', ["method_named_twice:3:11"]),
        ('{"auth_methods": [{"type": "sms", "priority": "soon"}]}', ["bad_priority:1:47"]),
        ('{"auth_methods": ["sms", 7, true]}', ["unknown_method:1:26", "unknown_method:1:29"]),
        ('{"auth_methods": []}', ["no_auth_methods:1:18"]),
        ("{}", ["no_auth_methods:1:1"]),
        ("", ["malformed_json:1:1"]),
        ('{"auth_methods":\n [}', ["malformed_json:2:3"]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, places):
    """Every finding has file, line and column, and both languages."""
    with pytest.raises(PolicyError, match="auth_pack_refused") as caught:
        read_auth_methods(text, "m.json")
    found = caught.value.details["findings"]
    assert [f"{one['code']}:{one['line']}:{one['column']}" for one in found] == places
    assert all(one["file"] == "m.json" and one["text"]["zh"] and one["text"]["en"] for one in found)


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("unknown_kind", "kinds: [any]}]", "kinds: [anything]}]"),
        ("bad_tiers", "factors: 1", "factors: 9"),
        ("bad_tiers", "factors: 1", "factor: 1"),
        ("named_twice", "id: strong", "id: dual"),
        ("unknown_currency", "CNY: 500000}", "RMB: 500000}"),
        ("bad_tiers", "[liveness]", "[palmistry]"),
        ("bad_tiers", 'version: "1"', "version: 1"),
        ("named_twice", "factors: 1", "factors: 1, factors: 2"),
    ],
)
def test_a_broken_pack_is_refused_with_the_line(code, before, after):
    """What a pack says wrongly is told where it stands."""
    text = FILES["tiers.yaml"]
    line = text[: text.index(before)].count("\n") + 1
    broken = text.replace(before, after, 1)
    if "," in after:  # a second one of the same name, on the next line
        broken, line = text.replace(before, "factors: 1\n    factors: 2", 1), line + 1
    with pytest.raises(PolicyError) as caught:
        read_pack({**FILES, "tiers.yaml": broken})
    assert (code, line) in {(one["code"], one["line"]) for one in caught.value.details["findings"]}


def test_every_kind_needs_a_tier_that_always_applies():
    """Nothing falls through; the finding names the kinds."""
    text = FILES["tiers.yaml"].replace("[{kinds: [any]}]", "[{kinds: [login]}]", 1)
    with pytest.raises(PolicyError) as caught:
        read_pack({**FILES, "tiers.yaml": text})
    (finding,) = caught.value.details["findings"]
    assert finding["code"] == "kinds_without_tier"
    assert "repayment" in finding["text"]["zh"]


def test_a_tier_that_nobody_can_reach_is_refused():
    """Three factors cannot be shown with codes alone."""
    files = {**FILES, "auth_methods.json": json.dumps({"auth_methods": ["sms", "liveness"]})}
    with pytest.raises(PolicyError) as caught:
        read_pack(files)
    assert "tier_out_of_reach" in {one["code"] for one in caught.value.details["findings"]}
