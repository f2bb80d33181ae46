"""Goal: what is ours is known, what only looks like it never passes, and the reason is said.

Method: tables over the shipped (fictional) registry, homographs by rule, and laws by Hypothesis.
"""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.app.official import FICTIONAL
from countermand.intake.look_alikes import looks_like
from countermand.intake.official_channels import read_registry
from countermand.intake.official_check import FINDINGS_MAX, Claim, Verdict, check_official, kind_of
from countermand.intake.official_words import SAID
from countermand.kernel.errors import SetupError

REGISTRY = read_registry("shipped", FICTIONAL.read_text(encoding="utf-8"))
OURS, NOT_OURS, UNKNOWN = Verdict.OURS, Verdict.NOT_OURS, Verdict.UNKNOWN
CERTIFICATE = REGISTRY.apps[0].certificate

TABLE = [
    ("https://example-finance.example/pay?x=1", OURS, "link_ours"),
    ("my.example-finance.example", OURS, "link_ours"),
    ("EXAMPLE-FINANCE.EXAMPLE.", OURS, "link_ours"),
    ("https://example-finance.example:443/", OURS, "link_ours"),
    ("hxxps://example-finance[.]example", OURS, "link_ours"),
    ("http://example-finance.example", UNKNOWN, "link_unsafe"),
    ("https://x.pay.example-wallet.example", NOT_OURS, "link_look_alike"),  # that one has nothing below it
    ("https://example-finance.example@evil.com/x", NOT_OURS, "link_dressed"),
    ("https://evil.com/example-finance.example", NOT_OURS, "link_foreign"),
    ("https://example-finance.example.evil.com", NOT_OURS, "link_look_alike"),
    ("examp1e-finance.example", NOT_OURS, "link_look_alike"),
    ("exarnple-finance.com", NOT_OURS, "link_look_alike"),
    ("example-finance-safe.top", NOT_OURS, "link_look_alike"),
    ("examplefinance.cn", NOT_OURS, "link_look_alike"),
    ("exmaple-finance.example", NOT_OURS, "link_look_alike"),
    ("https://\u0435xample-finance.com", NOT_OURS, "link_look_alike"),  # a Cyrillic letter
    ("https://xn--xample-finance-zvl.com", NOT_OURS, "link_look_alike"),  # the same, in punycode
    ("https://exampl\u00e9-finance.com", NOT_OURS, "link_look_alike"),
    ("https://ｅｘａｍｐｌｅ-finance.com", NOT_OURS, "link_look_alike"),  # full-width letters
    ("https://пример.рф", NOT_OURS, "link_script"),
    ("https://bit.ly/3xY", NOT_OURS, "link_short"),
    ("t.cn/A6x", NOT_OURS, "link_short"),
    ("https://185.199.108.1/login", NOT_OURS, "link_number"),
    ("http://0x7f000001/", NOT_OURS, "link_number"),
    ("http://[::1]/", NOT_OURS, "link_number"),
    ("https:\\\\evil.com\\x", NOT_OURS, "link_foreign"),
    ("weather.com", NOT_OURS, "link_foreign"),
    ("400-000-0001", OURS, "number_ours"),
    ("+86 400 000 0001", OURS, "number_ours"),
    ("０１０ 0000 0002", OURS, "number_ours"),
    ("400-000-0009", NOT_OURS, "number_foreign"),
    ("106900000001", OURS, "sender_ours"),
    ("help@example-finance.example", OURS, "mail_ours"),
    ("li@example-finance.example", OURS, "mail_ours"),
    ("help@exampIe-finance.example", NOT_OURS, "mail_look_alike"),
    ("help@example-finance.example.evil.com", NOT_OURS, "mail_look_alike"),
    ("boss@mail.com", NOT_OURS, "mail_foreign"),
    ("0000000000000000017", OURS, "account_ours"),
    ("6222 0212 3456 7890 128", NOT_OURS, "account_foreign"),
    (CERTIFICATE, OURS, "app_ours"),
    ("SHA256: " + ":".join(CERTIFICATE.upper()[n : n + 2] for n in range(0, 64, 2)), OURS, "app_ours"),
    ("0" + CERTIFICATE[1:], NOT_OURS, "app_foreign"),
]


@pytest.mark.parametrize(("value", "verdict", "code"), TABLE, ids=[one[0] for one in TABLE])
def test_one_thing_is_told_from_what_looks_like_it(value: str, verdict: Verdict, code: str) -> None:
    """Verdict and reason, without being told what kind of thing it is."""
    found = check_official(REGISTRY, value)
    assert (found.verdict, [one.code for one in found.findings]) == (verdict, [code])


@pytest.mark.parametrize(
    ("value", "verdict", "codes"),
    [
        ("1001", OURS, ["agent_ours"]),
        (" １００１ ", OURS, ["agent_ours"]),
        ("9999", NOT_OURS, ["number_foreign", "agent_foreign"]),
        ("12", NOT_OURS, ["number_unreadable", "agent_foreign"]),
        ("10-01", NOT_OURS, ["number_foreign"]),
        ("123456789", NOT_OURS, ["number_foreign"]),
    ],
)
def test_bare_short_digits_may_be_a_staff_number(value: str, verdict: Verdict, codes: list[str]) -> None:
    """A real staff number is never called foreign; of one that nobody has, both ways to read it are told."""
    found = check_official(REGISTRY, value)
    assert (found.verdict, [one.code for one in found.findings]) == (verdict, codes)


@pytest.mark.parametrize(
    ("value", "kind", "verdict", "code"),
    [
        ("1001", Claim.AGENT, OURS, "agent_ours"),
        (" 9999 ", Claim.AGENT, NOT_OURS, "agent_foreign"),
        ("?", Claim.AGENT, UNKNOWN, "agent_unreadable"),
        ("example.finance.app", Claim.APP, UNKNOWN, "app_name"),
        ("abc", Claim.APP, UNKNOWN, "app_unreadable"),
        ("123", Claim.ACCOUNT, UNKNOWN, "account_short"),
        ("12", Claim.NUMBER, UNKNOWN, "number_unreadable"),
        ("somebody", Claim.MAIL, UNKNOWN, "mail_unreadable"),
        ("javascript:alert(1)", Claim.LINK, UNKNOWN, "link_unreadable"),
        ("", Claim.LINK, UNKNOWN, "link_unreadable"),
    ],
)
def test_a_named_kind_is_believed(value: str, kind: Claim, verdict: Verdict, code: str) -> None:
    """What cannot be read as that is unknown, never ours."""
    found = check_official(REGISTRY, value, kind)
    assert (found.verdict, found.findings[0].code) == (verdict, code)


@pytest.mark.parametrize(
    ("message", "verdict", "codes"),
    [
        ("【示例金融】账户异常，请点击examp1e-finance.cn/x核实", NOT_OURS, {"link_look_alike"}),
        ("Your parcel waits: http://evil.com领取", NOT_OURS, {"link_foreign"}),
        ("请把验证码告诉客服：提供验证码即可退款", NOT_OURS, {"asks_code"}),
        ("请转到安全账户 6222 0212 3456 7890 128", NOT_OURS, {"asks_transfer", "number_foreign"}),
        ("Please share your screen with our agent", NOT_OURS, {"asks_screen"}),
        ("示例金融提醒：我们绝不索要验证码", UNKNOWN, {"message_nothing"}),
        ("请拨打400-000-0001", UNKNOWN, {"number_ours", "message_only_ours"}),
        ("在吗", UNKNOWN, {"message_nothing"}),
    ],
)
def test_a_message_is_no_better_than_the_worst_in_it(message: str, verdict: Verdict, codes: set[str]) -> None:
    """And a message with nothing but ours in it is still from nobody knows whom."""
    found = check_official(REGISTRY, message, Claim.MESSAGE)
    assert found.verdict is verdict
    assert {one.code for one in found.findings} >= codes


def test_a_long_message_is_answered_in_time() -> None:
    """Whatever is sent, a bounded number of things is looked at."""
    found = check_official(REGISTRY, "http://e.com " * 5000, Claim.MESSAGE)
    assert len(found.findings) <= FINDINGS_MAX
    assert check_official(REGISTRY, "a" * 100_000).verdict is UNKNOWN


LABELS = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=20)


@given(st.lists(LABELS, min_size=1, max_size=4), st.sampled_from(["com", "cn", "example"]))
def test_only_registered_names_are_ours(labels: list[str], top: str) -> None:
    """Whatever stands before them, nothing but our domains and what is below them is ours."""
    host = ".".join((*labels, top))
    found = check_official(REGISTRY, f"https://{host}/", Claim.LINK)
    ours = host in {"pay.example-wallet.example", "example-finance.example"}
    assert (found.verdict is OURS) == (ours or host.endswith(".example-finance.example"))


@given(st.text(max_size=200))
def test_every_text_is_answered(text: str) -> None:
    """Total: some verdict, with a reason that has words in both languages, whatever was pasted."""
    found = check_official(REGISTRY, text)
    assert found.findings
    assert all(one.text.en and one.text.zh for one in found.findings)
    assert kind_of(text) in Claim


@given(st.integers(0, 14), st.sampled_from(["\u0430", "1", "rn", "vv", ""]))
def test_a_slip_in_our_name_still_looks_like_it(place: int, put: str) -> None:
    """One letter changed, doubled or left out is skipped by the eye, so it is by us."""
    name = "example-finance"
    assert looks_like(name[:place] + put + name[place + 1 :], [name]) == name


@pytest.mark.parametrize(
    "spoiled",
    ["websites: [{domain: UPPER.example, use: {en: a, zh: b}}]",
     "apps: [{package: a, store: b, certificate: c, use: {en: a, zh: b}}]",
     "phones: [{number: none, use: {en: a, zh: b}}]", "nonsense: 1", "- a list"],
)  # fmt: skip
def test_a_registry_that_cannot_be_is_refused(spoiled: str, tmp_path: Path) -> None:
    """With the name of its file and what is wrong."""
    text = 'institution: {en: A, zh: 甲}\nissued: "2026-01-01"\n' + spoiled
    with pytest.raises(SetupError, match="official_channels_refused"):
        read_registry("own.yaml", text)


def test_every_reason_can_be_given_and_is_in_both_languages() -> None:
    """No reason is left over, and none sounds like the other language."""
    source = (Path(__file__).parents[2] / "src/countermand/intake/official_check.py").read_text("utf-8")
    assert [code for code in SAID if f'"{code}"' not in source] == []
    assert [code for code, text in SAID.items() if not text.en.isascii() and "“" not in text.en] == []
