"""Whether a certificate leads to one that the asker brought along (X.509, RFC 5280 section 6, offline).

What was revoked is not known here: that is asked of the authority, and by the docs said to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

PATH_MAX = 8
OTHERS_MAX = 64


class Led(Enum):
    """Where a certificate leads."""

    TRUSTED = "trusted"
    STRANGER = "stranger"
    OVER = "over"


def roots_of(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file. Raises ValueError where it has none."""
    found = tuple(x509.load_pem_x509_certificates(pem))
    for one in found:
        one.extensions  # noqa: B018 - what cannot be read is refused here, not in the middle of a check
    return found


def led(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: int,
    *,
    stamping: bool = False,
) -> Led:
    """Where a certificate leads at a moment (POSIX seconds): `OVER` where the path is not valid then.

    `stamping`: it must be one for time stamps and nothing else (RFC 3161 section 2.3).
    """
    try:
        if stamping and not _stamps(certificate):
            return Led.STRANGER
        path = _path(certificate, [*others[:OTHERS_MAX], *roots], frozenset(roots))
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension):
        return Led.STRANGER
    if path is None:
        return Led.STRANGER
    moment = datetime.fromtimestamp(at, UTC)
    valid = all(one.not_valid_before_utc <= moment <= one.not_valid_after_utc for one in path)
    return Led.TRUSTED if valid else Led.OVER


def _path(
    one: x509.Certificate, pool: Sequence[x509.Certificate], roots: frozenset[x509.Certificate]
) -> list[x509.Certificate] | None:
    """The shortest way up to a root, itself included; each certificate is tried once, whatever was sent.

    A certificate that was brought along is its own root.
    """
    ways, seen = [[one]], {one}
    for _ in range(PATH_MAX):
        longer = []
        for way in ways:
            if way[-1] in roots:
                return way
            for issuer in pool:
                if issuer not in seen and issuer.subject == way[-1].issuer and _issues(issuer, way[-1]):
                    seen.add(issuer)
                    longer.append([*way, issuer])
        ways = longer
    return None


def _issues(issuer: x509.Certificate, one: x509.Certificate) -> bool:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    try:
        one.verify_directly_issued_by(issuer)
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as absent:
        return absent.oid == x509.KeyUsage.oid and constraints.ca
    except (InvalidSignature, TypeError, ValueError):
        return False
    return constraints.ca and usage.key_cert_sign


def _stamps(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
