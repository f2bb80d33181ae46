"""Passwords of the private server: random, in files only their owner reads, never in a statement or a log."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path

from countermand.kernel.ids import new_secret

SCRAM_ITERATIONS = 4096
_SALT_BYTES = 16


def kept_password(path: Path) -> tuple[str, bool]:
    """The password in the file, and whether it was made just now (mode 0600, written whole or not at all)."""
    if path.exists():
        return path.read_text().strip(), False
    password = new_secret()
    write_secret(path, password)
    return password, True


def write_secret(path: Path, secret: str) -> None:
    """Write a secret so that no other user can read it at any moment, and a crash leaves no half file."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def scram_verifier(password: str) -> str:
    """What PostgreSQL stores for a password (RFC 5802, RFC 7677), so that the password never travels."""
    salt = hashlib.sha256(new_secret().encode()).digest()[:_SALT_BYTES]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt64}${stored64}:{server64}"
