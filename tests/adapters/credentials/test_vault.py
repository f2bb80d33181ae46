"""Goal: what is sealed opens with its key and context alone; leaked passwords are found. On real files."""

import base64
import hashlib
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from countermand.adapters.credentials.passwords import ArgonPasswords
from countermand.adapters.credentials.vault import FileVault
from countermand.kernel.errors import KeyMissing, SetupError


def test_a_vault_makes_its_key_once_and_closed(tmp_path: Path):
    """Two processes find the same key, which nobody else can read."""
    path = tmp_path / "deep" / "vault.key"
    sealed = FileVault(path).seal("秘密".encode(), "a")
    assert FileVault(path).open(sealed, "a").decode() == "秘密"
    assert path.stat().st_mode & 0o777 == 0o600
    assert FileVault(path).mac_key("x") != FileVault(path).mac_key("y")


def test_another_context_key_or_byte_opens_nothing(tmp_path: Path):
    """Moved to another row, read by another installation, or altered, it stays shut."""
    vault, other = FileVault(tmp_path / "1"), FileVault(tmp_path / "2")
    sealed = vault.seal(b"x", "authenticator 1")
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for keys, given, context in [
        (vault, sealed, "authenticator 2"),
        (other, sealed, "authenticator 1"),
        (vault, altered, "authenticator 1"),
        (vault, b"", "authenticator 1"),
    ]:
        with pytest.raises(KeyMissing, match="vault_cannot_open") as refused:
            keys.open(given, context)
        assert refused.value.http_status == 503, "the rest goes on, and this comes back with its key"
        assert str(tmp_path) not in f"{refused.value.text} {refused.value.details}", (
            "nobody is told its place"
        )


def test_a_key_is_rotated_by_putting_a_new_line_first(tmp_path: Path):
    """What was sealed before still opens, MACs stay, and new seals use the new key."""
    path = tmp_path / "vault.key"
    old = FileVault(path)
    sealed, mac = old.seal(b"x", "c"), old.mac_key("code")
    path.write_text(base64.b64encode(bytes(range(32))).decode() + "\n" + path.read_text())
    new = FileVault(path)
    assert (new.open(sealed, "c"), new.mac_key("code")) == (b"x", mac)
    with pytest.raises(SetupError, match="vault_cannot_open"):
        old.open(new.seal(b"x", "c"), "c")


@pytest.mark.parametrize("content", ["", "short\n", base64.b64encode(b"31 bytes").decode()])
def test_a_key_file_that_is_none_is_refused(tmp_path: Path, content: str):
    """Nothing is sealed with half a key."""
    (tmp_path / "vault.key").write_text(content)
    with pytest.raises(SetupError, match="vault_unusable"):
        FileVault(tmp_path / "vault.key")


async def test_leaked_passwords_are_found_by_the_head_of_their_hash(tmp_path: Path):
    """A range file holds the tails; only the file of the head is opened."""
    digest = hashlib.sha1(b"Correct-horse-9", usedforsecurity=False).hexdigest().upper()
    (tmp_path / f"{digest[:5]}.txt").write_text(f"{'0' * 35}:3\n{digest[5:]}:12\n")
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    passwords = ArgonPasswords(tmp_path, cheap)
    assert await passwords.breached("Correct-horse-9")
    assert not await passwords.breached("Correct-horse-8")
    assert not await ArgonPasswords(None, cheap).breached("Correct-horse-9")
    kept = await passwords.hashed("Correct-horse-9")
    assert kept.startswith("$argon2id$")
    assert await passwords.fits(kept, "Correct-horse-9")
    assert not await passwords.fits(kept, "correct-horse-9")
    assert not await passwords.fits("no hash", "x")
