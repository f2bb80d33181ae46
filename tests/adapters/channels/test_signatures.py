"""Goal: a sender is vouched for only by a good signature of their own domain, or by our own relay.

Method: mails signed here with keys made here, the DNS handed in as a table.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from countermand.adapters.channels.signatures import MailSignatures

SENDER = "zhang@mail.bank.example"
MAIL = b"From: Zhang <zhang@mail.bank.example>\r\nTo: desk@x.example\r\nSubject: hi\r\n\r\nnot me\r\n"
KEY = rsa.generate_private_key(65537, 1024)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
RECORD = b"v=DKIM1; k=rsa; p=" + PUBLIC
RELAY = "mx.desk.example"


def texts(record: bytes = RECORD) -> Callable[[str], bytes | None]:
    """A DNS that knows this key under any domain's selector `s`."""
    return lambda name: record if name.startswith("s._domainkey.") else None


def signed(mail: bytes = MAIL, domain: bytes = b"mail.bank.example", **more: object) -> bytes:
    """The mail with a signature on top."""
    return dkim.sign(mail, b"s", domain, PRIVATE, include_headers=[b"from", b"to", b"subject"], **more) + mail


def test_a_good_signature_of_the_senders_domain_is_a_sign() -> None:
    """The domain itself, or one above it."""
    for domain in (b"mail.bank.example", b"bank.example"):
        assert MailSignatures(texts()).signs(signed(domain=domain), SENDER) == ("dkim",)


@pytest.mark.parametrize(
    "mail",
    [
        MAIL,
        signed().replace(b"not me", b"it was me"),
        signed().replace(b"Subject: hi", b"Subject: ho"),
        signed(domain=b"evil.example"),
        signed(domain=b"sub.mail.bank.example"),
        signed(length=True) + b"and more\r\n",
        b"From: somebody@else.example\r\n" + signed(),
        b"DKIM-Signature: " + b"a=b; " * 10_000 + b"\r\n" + MAIL,
        b"DKIM-Signature: v=1; d=mail.bank.example\r\n" + MAIL,
    ],
    ids=["none", "body", "subject", "foreign", "below", "part", "two senders", "long", "torn"],
)
def test_everything_else_is_none(mail: bytes) -> None:
    """No signature, a changed mail, another's domain, a part of the body, two senders, and torn ones."""
    assert MailSignatures(texts()).signs(mail, SENDER) == ()


@pytest.mark.parametrize("record", [b"", b"v=DKIM1; p=", RECORD + b"; t=y", b"nonsense"])
def test_a_key_that_is_gone_or_on_trial_proves_nothing(record: bytes) -> None:
    """Revoked, missing, being tried out, or no key."""
    assert MailSignatures(texts(record)).signs(signed(), SENDER) == ()


def test_a_dns_that_fails_is_no_sign() -> None:
    """And no exception."""

    def away(name: str) -> bytes | None:
        raise OSError(name)

    assert MailSignatures(away).signs(signed(), SENDER) == ()


def test_our_relays_word_counts_only_under_its_name_on_top_and_for_the_senders_domain() -> None:
    """RFC 8601: others' fields, fields below ours, and results for other domains are not believed."""
    said = (
        f"Authentication-Results: {RELAY}; dkim=pass header.d=bank.example;\r\n"
        " spf=pass smtp.mailfrom=zhang@mail.bank.example; dmarc=fail header.from=mail.bank.example\r\n"
    ).encode()
    trusting = MailSignatures(texts(b""), RELAY)
    assert trusting.signs(said + MAIL, SENDER) == ("relay_dkim", "relay_spf")
    assert MailSignatures(texts(b"")).signs(said + MAIL, SENDER) == ()
    assert MailSignatures(texts(b""), "other.example").signs(said + MAIL, SENDER) == ()
    below = f"Authentication-Results: {RELAY}; dkim=fail\r\n".encode() + said
    assert trusting.signs(below + MAIL, SENDER) == ()
    assert trusting.signs(said.replace(b"bank.example", b"evil.example") + MAIL, SENDER) == ()


def test_a_chain_of_custody_is_told_and_is_no_proof_of_the_sender() -> None:
    """ARC (RFC 8617): a forwarder vouches for itself."""
    arrived = b"Authentication-Results: fwd.example; dkim=pass header.d=mail.bank.example\r\n" + MAIL
    sealed = dkim.arc_sign(arrived, b"s", b"fwd.example", PRIVATE, srv_id=b"fwd.example")
    assert MailSignatures(texts()).signs(b"".join(sealed) + arrived, SENDER) == ("arc",)
