"""The key that logout tokens are signed with: made once, in a file only its owner reads, shown as a JWK."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from countermand.kernel.errors import SetupError

# What every relying party verifies by default (OpenID Connect Core 1.0, 15.1).
ALGORITHM = "RS256"
KEY_BITS = 3072
FILE = "session-key.pem"


class SessionKey:
    """A private key with its public face; the id is that of its public part."""

    def __init__(self, private: RSAPrivateKey) -> None:
        self._private = private
        jwk: dict[str, Any] = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
        public = {name: jwk[name] for name in ("kty", "n", "e")}
        self.id = hashlib.sha256(f"{public['n']}.{public['e']}".encode()).hexdigest()[:16]
        self.jwks: dict[str, Any] = {
            "keys": [{**public, "kid": self.id, "alg": ALGORITHM, "use": "sig"}],
        }

    def signed(self, claims: dict[str, Any], kind: str) -> str:
        """A compact JWS of these claims; `kind` is its `typ`."""
        return jwt.encode(claims, self._private, ALGORITHM, headers={"kid": self.id, "typ": kind})


def kept_session_key(directory: Path) -> SessionKey:
    """The key in the directory, made if there is none; of two that make one at once, one wins.

    Raises SetupError `bad_session_key` for a file that holds no such key.
    """
    path = directory / FILE
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        _write(path, generate_private_key(public_exponent=65537, key_size=KEY_BITS))
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise _bad_key(path) from error
    if not isinstance(private, RSAPrivateKey):
        raise _bad_key(path)
    return SessionKey(private)


def _bad_key(path: Path) -> SetupError:
    return SetupError(
        "bad_session_key",
        f"{path} holds no RSA private key; put the right one back, or remove it to make a new one.",
        f"{path} 不是有效的 RSA 私钥；请恢复原文件，或删除后重新生成。",
    )


def _write(path: Path, private: RSAPrivateKey) -> None:
    data = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(unfinished, path)  # fails where another process was faster: its key is the key
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()
