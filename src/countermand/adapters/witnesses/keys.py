"""A witness's own keys, Ed25519 and ML-DSA-44, and the logs it witnesses: two files in its folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from countermand.kernel.errors import SetupError
from countermand.transparency.notes import (
    COSIGNED_ED25519,
    COSIGNED_ML_DSA_44,
    NoteError,
    VerifierKey,
)
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.witness import Cosigner

KEYS_NAME, LOGS_NAME, NAME_NAME = "witness-keys.pem", "logs.txt", "name.txt"
_BLOCK = re.compile(rb"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n?", re.DOTALL)
_NAME = re.compile(r"[^\s+\x00-\x1f]{1,255}")


def make_witness(folder: Path, name: str) -> tuple[Cosigner, ...]:
    """New keys under a name (a schema-less URL). Raises SetupError (`witness_exists`, `witness_unusable`)."""
    if not _NAME.fullmatch(name) or len(name.encode()) > 255:
        raise _unusable(folder, "its name has spaces or a plus", "名称含有空格或加号")
    if (folder / KEYS_NAME).exists():
        raise SetupError(
            "witness_exists",
            f"{folder} holds a witness already; its keys are never replaced.",
            f"{folder} 中已有见证方；其密钥不会被替换。",
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME_NAME).write_text(f"{name}\n", encoding="utf-8")
    (folder / LOGS_NAME).touch()
    keys = (Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate())
    pem = b"".join(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in keys)
    handle = os.open(folder / KEYS_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return read_witness(folder)


def read_witness(folder: Path) -> tuple[Cosigner, ...]:
    """The keys of a folder, Ed25519 first. Raises SetupError (`witness_unusable`)."""
    try:
        if (folder / KEYS_NAME).stat().st_mode & 0o077:
            raise _unusable(
                folder, "others may read its keys (chmod 600)", "其他用户可读取其密钥（请 chmod 600）"
            )
        name = (folder / NAME_NAME).read_text(encoding="utf-8").strip()
        blocks = _BLOCK.findall((folder / KEYS_NAME).read_bytes())
        found = [load_pem_private_key(block, None) for block in blocks]
    except (OSError, ValueError) as error:
        raise _unusable(folder, type(error).__name__, type(error).__name__) from error
    match found:
        case [Ed25519PrivateKey() as plain, MLDSA44PrivateKey() as lattice] if _NAME.fullmatch(name):
            return (
                Cosigner(
                    VerifierKey(name, COSIGNED_ED25519, plain.public_key().public_bytes_raw()), plain.sign
                ),
                Cosigner(
                    VerifierKey(name, COSIGNED_ML_DSA_44, lattice.public_key().public_bytes_raw()),
                    lattice.sign,
                ),
            )
    raise _unusable(folder, "its keys are not Ed25519 and ML-DSA-44", "其密钥不是 Ed25519 与 ML-DSA-44")


def read_logs(folder: Path) -> dict[str, tuple[VerifierKey, ...]]:
    """The keys of each witnessed log, by origin. Raises SetupError (`witness_unusable`)."""
    try:
        text = (folder / LOGS_NAME).read_text(encoding="utf-8")
        policy = TrustPolicy.parse(f"{text.rstrip()}\nquorum none\n")
    except (OSError, ValueError) as error:
        raise _unusable(folder, str(error), str(error)) from error
    logs: dict[str, tuple[VerifierKey, ...]] = {}
    for key in policy.logs:
        logs[key.name] = (*logs.get(key.name, ()), key)
    return logs


def add_log(folder: Path, text: str) -> VerifierKey:
    """Witness one more key of a log, given as vkey. Raises SetupError (`witness_unusable`)."""
    known = read_logs(folder)
    try:
        key = VerifierKey.parse(text)
        TrustPolicy.parse(f"log {key}\nquorum none\n")
    except NoteError as error:
        raise _unusable(folder, str(error), str(error)) from error
    if key not in known.get(key.name, ()):
        lines = [f"log {one}\n" for keys in known.values() for one in keys]
        unfinished = folder / f"{LOGS_NAME}.new"
        unfinished.write_text("".join([*lines, f"log {key}\n"]), encoding="utf-8")
        unfinished.replace(folder / LOGS_NAME)
    return key


def _unusable(folder: Path, en: str, zh: str) -> SetupError:
    return SetupError(
        "witness_unusable",
        f"The witness in {folder} cannot be used: {en}.",
        f"{folder} 中的见证方无法使用：{zh}。",
    )
