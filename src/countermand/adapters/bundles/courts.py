"""Encryption to the key of a court, an expert or a regulator (age-encryption.org/v1, by pyrage)."""

from __future__ import annotations

import pyrage

from countermand.adapters.bundles.spool import Spool
from countermand.kernel.errors import BadRequest


def recipient_of(key: str) -> pyrage.x25519.Recipient:
    """A public key as `age-keygen` prints it. Raises BadRequest (`age_key_unusable`)."""
    try:
        return pyrage.x25519.Recipient.from_str(key.strip())
    except (pyrage.RecipientError, ValueError) as error:
        raise BadRequest(
            "age_key_unusable",
            "This is no public key of age: such a key begins with age1, as age-keygen prints it.",
            "这不是 age 公钥：公钥以 age1 开头，由 age-keygen 显示。请勿提供私钥。",
        ) from error


def encrypt(plain: Spool, sealed: Spool, key: str) -> None:
    """Everything in the one into the other, in pieces. Raises BadRequest (`age_key_unusable`), OSError."""
    plain.seek(0)
    pyrage.encrypt_io(plain, sealed, [recipient_of(key)])
