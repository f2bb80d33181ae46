"""Signatures over files (CMS, RFC 5652) and time stamps (RFC 3161), read strictly: DER, or it is refused.

Only what CAdES baseline (ETSI EN 319 122-1) and RFC 3161 need: one signer, signed attributes that name the
signer's certificate, SHA-2. Whose certificate it is, `certificates` says.
"""

from __future__ import annotations

import hmac
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import new as new_digest
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

_INTEGER, _OCTETS, _OID, _TIME, _SEQUENCE, _SET = 0x02, 0x04, 0x06, 0x18, 0x30, 0x31
_FIRST, _SECOND = 0xA0, 0xA1
_SIGNED_DATA, _DATA, _TST_INFO = (
    bytes.fromhex("2a864886f70d010702"),
    bytes.fromhex("2a864886f70d010701"),
    bytes.fromhex("2a864886f70d0109100104"),
)
_CONTENT_TYPE, _MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010903"), bytes.fromhex("2a864886f70d010904")
_NAMED, _NAMED_V2 = bytes.fromhex("2a864886f70d010910020c"), bytes.fromhex("2a864886f70d010910022f")
_PSS = bytes.fromhex("2a864886f70d01010a")
_DIGESTS: dict[bytes, hashes.HashAlgorithm] = {
    bytes.fromhex("608648016503040201"): hashes.SHA256(),
    bytes.fromhex("608648016503040202"): hashes.SHA384(),
    bytes.fromhex("608648016503040203"): hashes.SHA512(),
}
_SHA1 = "sha1"  # only as the name that RFC 3161 gave a certificate before RFC 5816, never under a signature


class CmsError(ValueError):
    """A signature that does not hold: `cms_unreadable`, `cms_wrong`, `cms_elsewhere`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Signed(NamedTuple):
    """A signature that fits its content: who made it, and the certificates that came with it."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    content: bytes


class Stamped(NamedTuple):
    """A time stamp that fits its content; `at` in POSIX seconds."""

    signed: Signed
    at: int


class _Value(NamedTuple):
    """One DER value: its tag, its content, and all of its bytes."""

    tag: int
    content: bytes
    whole: bytes

    def parts(self, tag: int) -> list[_Value]:
        """What is in it, if it has this tag."""
        if self.tag != tag:
            raise _unreadable(f"tag {self.tag:02x} where {tag:02x} is due")
        return list(_values(self.content))

    def one(self, tag: int) -> bytes:
        """The content of a value that has this tag."""
        if self.tag != tag:
            raise _unreadable(f"tag {self.tag:02x} where {tag:02x} is due")
        return self.content


def _values(data: bytes) -> Iterator[_Value]:
    at = 0
    while at < len(data):
        tag, length, begin = data[at], data[at + 1], at + 2
        if tag & 0x1F == 0x1F:
            raise _unreadable("a tag of several bytes")
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[begin : begin + count], "big")
            begin += count
            if not 0 < count <= 4 or length < 0x80 or length.bit_length() <= 8 * (count - 1):
                raise _unreadable("a length that is not DER")
        if begin + length > len(data):
            raise _unreadable("a value is cut short")
        yield _Value(tag, data[begin : begin + length], data[at : begin + length])
        at = begin + length


def _only(data: bytes) -> _Value:
    found = list(_values(data))
    if len(found) != 1:
        raise _unreadable("more than one value, or none")
    return found[0]


def verified(signature: bytes, content: bytes) -> Signed:
    """A detached signature (CAdES) over this content. Raises CmsError."""
    with _read():
        return _verified(signature, _DATA, content)


def stamped(token: bytes, content: bytes) -> Stamped:
    """A time-stamp token over the hash of this content. Raises CmsError."""
    with _read():
        signed = _verified(token, _TST_INFO, None)
        _, _, imprint, _, made, *_ = _only(signed.content).parts(_SEQUENCE)
        algorithm, digest = imprint.parts(_SEQUENCE)
        chosen = _digest(algorithm)
        if not hmac.compare_digest(new_digest(chosen.name, content).digest(), digest.one(_OCTETS)):
            raise CmsError("cms_elsewhere", "it stamps something else")
        return Stamped(signed, _seconds(made.one(_TIME)))


@contextmanager
def _read() -> Iterator[None]:
    """Whatever goes wrong while a stranger's bytes are read: it is no signature. Nothing is printed of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except CmsError:
            raise
        except Exception as error:  # parsers so general have many words for "broken"; here all mean this
            raise _unreadable(f"{type(error).__name__}: {error}") from error


def _verified(data: bytes, kind: bytes, content: bytes | None) -> Signed:
    """Of content that is handed in, or of the one inside where none is."""
    what, inner = _only(data).parts(_SEQUENCE)
    if what.one(_OID) != _SIGNED_DATA:
        raise _unreadable("no signed data")
    _, _, told, *more = _only(inner.one(_FIRST)).parts(_SEQUENCE)
    told_kind, *inside = told.parts(_SEQUENCE)
    if told_kind.one(_OID) != kind or bool(inside) != (content is None):
        raise _unreadable("signed data of another kind")
    if content is None:
        content = _only(inside[0].one(_FIRST)).one(_OCTETS)
    certificates = [
        one.whole
        for part in more[:-1] if part.tag == _FIRST
        for one in _values(part.content) if one.tag == _SEQUENCE
    ]  # fmt: skip
    (signer,) = more[-1].parts(_SET)
    return _judged(signer, kind, content, certificates)


def _certificate(der: bytes) -> x509.Certificate:
    """A certificate that can be read to its end: the library looks at most parts when they are asked for."""
    found = x509.load_der_x509_certificate(der)
    found.subject.rfc4514_string()
    for part in (found.issuer, found.not_valid_before_utc, found.not_valid_after_utc, found.extensions):
        assert part is not None, "whatever cannot be read raises"
    return found


def _judged(signer: _Value, kind: bytes, content: bytes, certificates: list[bytes]) -> Signed:
    _, _, algorithm, attributes, method, made, *_ = signer.parts(_SEQUENCE)
    chosen = _digest(algorithm)
    said: dict[bytes, _Value] = {}
    for one in attributes.parts(_FIRST):
        name, values = one.parts(_SEQUENCE)
        if name.content in said:
            raise _unreadable("one attribute stands there twice")
        said[name.one(_OID)] = _only(values.one(_SET))
    if said[_CONTENT_TYPE].one(_OID) != kind if _CONTENT_TYPE in said else True:
        raise _unreadable("it does not say what kind of content it signs")
    if _MESSAGE_DIGEST not in said:
        raise _unreadable("it does not say what it signs")
    digest = new_digest(chosen.name, content).digest()
    if not hmac.compare_digest(said[_MESSAGE_DIGEST].one(_OCTETS), digest):
        raise CmsError("cms_elsewhere", "it signs something else")
    named = next((one for one in certificates if _names(said, one)), None)
    if named is None:
        raise _unreadable("it does not name a certificate that came with it")
    own = _certificate(named)
    # What is signed is the SET of the attributes, whose tag in the file is another (RFC 5652 section 5.4).
    signed = bytes([_SET]) + attributes.whole[1:]
    try:
        _check(own, method, chosen, made.one(_OCTETS), signed)
    except InvalidSignature as error:
        raise CmsError("cms_wrong", "the signature is not of this certificate's key") from error
    others = [_certificate(one) for one in certificates if one is not named]
    return Signed(own, tuple(others), content)


def _digest(algorithm: _Value) -> hashes.HashAlgorithm:
    name = algorithm.parts(_SEQUENCE)[0].one(_OID)
    if name not in _DIGESTS:
        raise _unreadable("a digest that is none of SHA-256, SHA-384 and SHA-512")
    return _DIGESTS[name]


def _names(said: dict[bytes, _Value], der: bytes) -> bool:
    """Whether the signed attributes name this certificate (RFC 5035): without it another could stand in."""
    if _NAMED_V2 in said:
        first = said[_NAMED_V2].parts(_SEQUENCE)[0].parts(_SEQUENCE)[0].parts(_SEQUENCE)
        default = first[0].tag == _OCTETS
        name = "sha256" if default else _digest(first[0]).name
        return hmac.compare_digest(new_digest(name, der).digest(), first[0 if default else 1].one(_OCTETS))
    if _NAMED in said:
        first = said[_NAMED].parts(_SEQUENCE)[0].parts(_SEQUENCE)[0].parts(_SEQUENCE)
        return hmac.compare_digest(
            new_digest(_SHA1, der, usedforsecurity=False).digest(), first[0].one(_OCTETS)
        )
    return False


def _check(
    certificate: x509.Certificate, method: _Value, digest: hashes.HashAlgorithm, made: bytes, signed: bytes
) -> None:
    """Raises InvalidSignature."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(made, signed, ec.ECDSA(digest))
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(made, signed)
    elif isinstance(key, rsa.RSAPublicKey) and method.parts(_SEQUENCE)[0].one(_OID) == _PSS:
        key.verify(made, signed, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(made, signed, padding.PKCS1v15(), digest)
    else:
        raise _unreadable("a kind of key that is not known here")


def _seconds(said: bytes) -> int:
    """GeneralizedTime as RFC 3161 wants it: `YYYYMMDDhhmmss[.f]Z`."""
    text = said.decode("ascii")
    moment = datetime.strptime(text.rstrip("Z").partition(".")[0], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    if not text.endswith("Z"):
        raise _unreadable("a time that is not UTC")
    return int(moment.timestamp())


def _unreadable(detail: str) -> CmsError:
    return CmsError("cms_unreadable", detail)
