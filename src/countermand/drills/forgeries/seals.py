"""Seals and time stamps by our own hand, in DER: what bundles of an invented institution are signed with.

Written against the standards (RFC 5652, RFC 5035, RFC 3161), not against the code that checks them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_SHA256 = bytes.fromhex("300b0609608648016503040201")
_ECDSA = bytes.fromhex("300a06082a8648ce3d040302")
_DATA, _TST_INFO, _SIGNED_DATA = (
    bytes.fromhex("06092a864886f70d010701"),
    bytes.fromhex("060b2a864886f70d0109100104"),
    bytes.fromhex("06092a864886f70d010702"),
)
_CONTENT_TYPE, _MESSAGE_DIGEST, _NAMED = (
    bytes.fromhex("06092a864886f70d010903"),
    bytes.fromhex("06092a864886f70d010904"),
    bytes.fromhex("060b2a864886f70d010910022f"),
)
_POLICY = bytes.fromhex("06042a030401")
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def der(tag: int, *parts: bytes) -> bytes:
    """A value of a tag around its parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


@dataclass(frozen=True)
class Signer:
    """Somebody with a certificate under an authority of their own; the same numbers make the same keys."""

    root: x509.Certificate
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def made(cls, number: int, name: str, at: int, *, stamping: bool = False) -> Signer:
        """Valid for a year around `at` (POSIX seconds)."""
        keys = [
            ec.derive_private_key(_number(number, part) % (_ORDER - 1) + 1, ec.SECP256R1()) for part in "ab"
        ]
        root = _certificate(f"{name} root", keys[0], f"{name} root", keys[0], at, number, usage=None)
        usage = ExtendedKeyUsageOID.TIME_STAMPING if stamping else ExtendedKeyUsageOID.EMAIL_PROTECTION
        own = _certificate(name, keys[1], f"{name} root", keys[0], at, number + 1, usage=usage)
        return cls(root, own, keys[1])

    def sealed(self, content: bytes) -> bytes:
        """A detached signature over content (CAdES-B)."""
        return self._signed(_DATA, content, b"")

    def stamped(self, content: bytes, at: int) -> bytes:
        """A time-stamp token over content, of a moment in POSIX seconds."""
        imprint = der(0x30, _SHA256, der(0x04, sha256(content).digest()))
        moment = datetime.fromtimestamp(at, UTC).strftime("%Y%m%d%H%M%SZ").encode()
        info = der(0x30, der(0x02, b"\1"), _POLICY, imprint, der(0x02, b"\7"), der(0x18, moment))
        return self._signed(_TST_INFO, info, der(0xA0, der(0x04, info)))

    def _signed(self, kind: bytes, content: bytes, inside: bytes) -> bytes:
        own = self.certificate.public_bytes(Encoding.DER)
        named = der(0x30, der(0x30, der(0x30, der(0x04, sha256(own).digest()))))
        attributes = sorted(
            der(0x30, name, der(0x31, value))
            for name, value in (
                (_CONTENT_TYPE, kind),
                (_MESSAGE_DIGEST, der(0x04, sha256(content).digest())),
                (_NAMED, named),
            )
        )
        made = self.key.sign(der(0x31, *attributes), ec.ECDSA(SHA256(), deterministic_signing=True))
        issuer = self.certificate.issuer.public_bytes()
        serial = self.certificate.serial_number.to_bytes(16, "big")
        signer = der(
            0x30, der(0x02, b"\1"), der(0x30, issuer, der(0x02, serial)), _SHA256,
            der(0xA0, *attributes), _ECDSA, der(0x04, made),
        )  # fmt: skip
        told = der(0x30, kind, inside)
        whole = der(0x30, der(0x02, b"\1"), der(0x31, _SHA256), told, der(0xA0, own), der(0x31, signer))
        return der(0x30, _SIGNED_DATA, der(0xA0, whole))


def _number(number: int, part: str) -> int:
    return int.from_bytes(sha256(f"{number} {part}".encode()).digest(), "big")


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    at: int,
    number: int,
    *,
    usage: x509.ObjectIdentifier | None,
) -> x509.Certificate:
    moment = datetime.fromtimestamp(at, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number((_number(number, "serial") >> 130) | 1 << 125)
        .not_valid_before(moment - timedelta(days=180))
        .not_valid_after(moment + timedelta(days=180))
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
    return builder.sign(issuer_key, SHA256(), ecdsa_deterministic=True)
