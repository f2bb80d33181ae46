"""The institution's seal: the certificate that papers are signed with, given or made here for a trial."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from pyhanko.sign import SimpleSigner

from countermand.kernel.clock import moment_of
from countermand.kernel.errors import SetupError

OWN_SEAL, OWN_AUTHORITY = "seal.p12", "seal-ca.pem"
OWN_YEARS = 3


def given_seal(path: Path, passphrase: str | None) -> SimpleSigner:
    """The seal in a PKCS#12 file, or in a PEM file of key, certificate and chain.

    Raises SetupError (`seal_unusable`).
    """
    try:
        data = path.read_bytes()
        secret = None if passphrase is None else passphrase.encode()
        if data.lstrip().startswith(b"-----BEGIN"):
            data = _packed(data, secret)
        return _signer(data, secret)
    except (OSError, ValueError, TypeError) as error:
        raise unusable(path, error) from error


def own_seal(folder: Path, name: str, now: int) -> SimpleSigner:
    """A seal under an authority of its own, made at the first use: for trials, nobody else knows it.

    `now` in microseconds UTC. Raises SetupError (`seal_unusable`).
    """
    path = folder / OWN_SEAL
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            sealed, authority = _made(name, now)
            (folder / OWN_AUTHORITY).write_bytes(authority)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(sealed)
    except FileExistsError:
        pass  # another process made it meanwhile
    except OSError as error:
        raise unusable(path, error) from error
    return given_seal(path, None)


def _signer(data: bytes, secret: bytes | None) -> SimpleSigner:
    found = SimpleSigner.load_pkcs12_data(data, other_certs=[], passphrase=secret)
    if found is None or not isinstance(found, SimpleSigner):
        raise ValueError("no key with its certificate is in it")
    return found


def _packed(pem: bytes, secret: bytes | None) -> bytes:
    certificates = x509.load_pem_x509_certificates(pem)
    key = load_pem_private_key(pem, secret)
    lock = NoEncryption() if secret is None else BestAvailableEncryption(secret)
    return pkcs12.serialize_key_and_certificates(b"seal", key, certificates[0], certificates[1:], lock)  # type: ignore[arg-type]


def _made(name: str, now: int) -> tuple[bytes, bytes]:
    """A key pair with its certificate (PKCS#12), and the certificate of the authority behind it (PEM)."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name[:40]} (trial authority)")])
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{name[:40]} (trial seal)"),
        ]
    )
    begin = moment_of(now) - timedelta(hours=1)

    def issued(
        about: x509.Name, public: ec.EllipticCurvePublicKey, *, is_authority: bool
    ) -> x509.Certificate:
        usage = x509.KeyUsage(
            digital_signature=not is_authority, content_commitment=not is_authority, key_encipherment=False,
            data_encipherment=False, key_agreement=False, key_cert_sign=is_authority, crl_sign=is_authority,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = x509.CertificateBuilder().subject_name(about).issuer_name(root).public_key(public)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
        builder = builder.not_valid_after(begin + timedelta(days=365 * OWN_YEARS))
        builder = builder.add_extension(
            x509.BasicConstraints(ca=is_authority, path_length=None), critical=True
        )
        builder = builder.add_extension(usage, critical=True)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
        builder = builder.add_extension(issuer, critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        return builder.sign(authority, SHA256())

    own = issued(root, authority.public_key(), is_authority=True)
    seal = issued(subject, key.public_key(), is_authority=False)
    packed = pkcs12.serialize_key_and_certificates(b"seal", key, seal, [own], NoEncryption())
    return packed, own.public_bytes(Encoding.PEM)


def unusable(path: Path, error: Exception) -> SetupError:
    """The refusal of a seal that cannot sign."""
    return SetupError(
        "seal_unusable",
        f"The seal in {path} cannot be used: {error}. Give a PKCS#12 or PEM file with key and certificate.",
        f"无法使用印章文件 {path}：{error}。请提供含私钥与证书的 PKCS#12 或 PEM 文件。",
    )
