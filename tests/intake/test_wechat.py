"""Goal: WeChat's envelopes open and close exactly, whatever is in them. Method: laws, and wechatpy beside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from countermand.intake.wechat import (
    Envelope,
    WechatAccount,
    check_envelope,
    key_of,
    seal,
    signature_of,
    unseal,
)
from countermand.intake.wechat_messages import TEXT_BYTES_MAX, fields_of, read_message, reply_xml, shortened
from countermand.kernel.errors import BadRequest, CountermandError, Unauthenticated

KEY = "a1" * 21 + "b"
ACCOUNT = WechatAccount("main", "wx1", "token", (key_of(KEY),))
NOW = 1_795_233_600


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=16))
def test_what_is_sealed_opens_to_the_same_bytes(plain: bytes, chance: bytes) -> None:
    """Any bytes, any chance; under another account's name nothing opens."""
    cipher = seal(ACCOUNT, plain, chance)
    assert unseal(ACCOUNT, cipher) == plain
    with pytest.raises(Unauthenticated, match="wechat_not_ours"):
        unseal(ACCOUNT._replace(app_id="wx2"), cipher)


@given(st.text(max_size=200))
def test_what_junk_says_is_a_refusal_and_never_a_crash(junk: str) -> None:
    """A cipher or a body that is none."""
    with pytest.raises(CountermandError):
        unseal(ACCOUNT, junk)
    with pytest.raises(BadRequest):
        read_message(junk.encode())


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=300))
def test_a_reply_says_what_it_was_given_to_say(text: str) -> None:
    """Markup, the end of a CDATA section and all: what a reader gets is the text."""
    message = read_message(
        b"<xml><FromUserName>a</FromUserName><ToUserName>b</ToUserName><CreateTime>1</CreateTime>"
        b"<MsgType>text</MsgType></xml>"
    )
    assert fields_of(reply_xml(message, text, 1)).get("Content", "") == text.strip("\r\n")


@given(st.text(max_size=1500), st.integers(16, TEXT_BYTES_MAX))
def test_a_shortened_text_fits_and_is_a_beginning(text: str, most: int) -> None:
    """Never more bytes than the platform carries, never half a character."""
    cut = shortened(text, most)
    assert len(cut.encode()) <= most
    assert text.startswith(cut)


def test_a_peer_reads_what_we_seal_and_signs_what_we_check() -> None:
    """Another program opens our cipher; the signature is the one it computes."""
    peer = WeChatCrypto("token", KEY, "wx1")
    cipher = seal(ACCOUNT, "你好".encode(), b"0" * 16)
    envelope = f"<xml><Encrypt>{cipher}</Encrypt></xml>"
    signature = signature_of("token", str(NOW), "n", cipher)
    assert peer.decrypt_message(envelope, signature, str(NOW), "n") == "你好"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"signature": "0" * 40}, "wechat_unsigned"),
        ({"message_signature": "0" * 40}, "wechat_unsigned"),
        ({"nonce": "m"}, "wechat_unsigned"),
        ({"timestamp": str(NOW - 301)}, "wechat_unsigned"),
    ],
)
def test_an_envelope_is_whole_or_refused(change: dict[str, str], code: str | None) -> None:
    """Every part is under the signature."""
    good = Envelope(
        signature_of("token", str(NOW), "n"), str(NOW), "n", True, signature_of("token", str(NOW), "n", "c")
    )
    envelope = good._replace(**change)
    if code is None:
        check_envelope(ACCOUNT, envelope, NOW * 10**6, "c")
        with pytest.raises(Unauthenticated, match="wechat_too_old"):
            check_envelope(ACCOUNT, envelope, (NOW + 301) * 10**6, "c")
    else:
        with pytest.raises(Unauthenticated, match=code):
            check_envelope(ACCOUNT, envelope, NOW * 10**6, "c")


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml/>',
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml>&b;</xml>',
        b"<xml>&unknown;</xml>",
        b"<xml><a><b><c><d>deep</d></c></b></a></xml>",
        b"<xml>" + b"<a>x</a><b>y</b>" + b"".join(b"<n%d>x</n%d>" % (n, n) for n in range(80)) + b"</xml>",
        b"<xml>" + b"x" * 70_000 + b"</xml>",
        b"\xff\xfe<xml/>",
    ],
)
def test_no_entity_no_document_type_nothing_without_end(body: bytes) -> None:
    """Each is refused before anything is made of it."""
    with pytest.raises(BadRequest, match="wechat_unreadable"):
        fields_of(body)
