"""One suite for every key service: only the same context unwraps, rotation keeps old keys readable.

The peer of the transit adapter is a double written from HashiCorp's documentation of the API; the real server
is no free software any more and is not in Debian.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from countermand.adapters.credentials.vault import FileVault
from countermand.adapters.key_services.kept_keys import environment_keys, file_keys
from countermand.adapters.key_services.transit import TransitKeys, check_transit
from countermand.kernel.errors import SetupError, Unavailable


class TransitDouble:
    """`/v1/transit/{keys,encrypt,decrypt}/<key>` as the documentation has them."""

    def __init__(self) -> None:
        self.versions = [os.urandom(32)]
        self.token = "hvs.token"
        self.sealed = False
        self.seen: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request.url.path)
        if self.sealed:
            return httpx.Response(503, json={"errors": ["Vault is sealed"]})
        if request.headers.get("x-vault-token") != self.token:
            return httpx.Response(403, json={"errors": ["permission denied"]})
        _, _, mount, what, key = request.url.path.split("/")
        assert mount == "transit"
        if key != "countermand":
            return httpx.Response(400, json={"errors": ["encryption key not found"]})
        body = json.loads(request.content) if request.content else {}
        return getattr(self, f"_{what}")(body)

    def _keys(self, _: Any) -> httpx.Response:
        data = {"latest_version": len(self.versions), "type": "aes256-gcm96"}
        return httpx.Response(200, json={"data": data})

    def _encrypt(self, body: Any) -> httpx.Response:
        nonce, bound = os.urandom(12), base64.b64decode(body.get("associated_data", ""))
        sealed = AESGCM(self.versions[-1]).encrypt(nonce, base64.b64decode(body["plaintext"]), bound)
        text = f"vault:v{len(self.versions)}:{base64.b64encode(nonce + sealed).decode()}"
        return httpx.Response(200, json={"data": {"ciphertext": text, "key_version": len(self.versions)}})

    def _decrypt(self, body: Any) -> httpx.Response:
        _, version, text = body["ciphertext"].split(":")
        raw, bound = base64.b64decode(text), base64.b64decode(body.get("associated_data", ""))
        try:
            key = self.versions[int(version[1:]) - 1]
            plain = AESGCM(key).decrypt(raw[:12], raw[12:], bound)
        except (InvalidTag, IndexError):
            return httpx.Response(400, json={"errors": ["cipher: message authentication failed"]})
        return httpx.Response(200, json={"data": {"plaintext": base64.b64encode(plain).decode()}})


class Service:
    """A key service, how to rotate it, and how to lose its keys."""

    def __init__(self, kind: str, folder: Path, client: httpx.AsyncClient, double: TransitDouble) -> None:
        self.kind, self.folder, self.client, self.double = kind, folder, client, double
        self.texts = [base64.b64encode(os.urandom(32)).decode()]
        (folder / "token").write_text(double.token)

    def open(self) -> Any:
        if self.kind == "transit":
            return TransitKeys("http://vault/v1/transit", "countermand", self.folder / "token", self.client)
        if self.kind == "environment":
            return environment_keys(",".join(self.texts))
        (self.folder / "vault.key").write_text("\n".join(self.texts))
        return file_keys(self.folder / "vault.key")

    def rotate(self) -> None:
        self.texts.insert(0, base64.b64encode(os.urandom(32)).decode())
        self.double.versions.append(os.urandom(32))

    def lose(self) -> None:
        self.texts = [base64.b64encode(os.urandom(32)).decode()]
        self.double.versions = [os.urandom(32)]


@pytest.fixture(params=["file", "environment", "transit"])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    """Each of them."""
    double = TransitDouble()
    async with httpx.AsyncClient(transport=httpx.MockTransport(double)) as client:
        yield Service(request.param, tmp_path, client, double)


async def test_a_key_comes_back_under_its_own_context_only(service: Service) -> None:
    """Wrapped twice it looks different; unwrapped it is the same; for another data key it does not open."""
    keys, key = service.open(), os.urandom(32)
    first, second = await keys.wrap(key, "data key 1"), await keys.wrap(key, "data key 1")
    assert keys.name == service.kind
    assert first.sealed != second.sealed
    assert key not in first.sealed
    assert first.key_name == await keys.newest()
    assert await keys.unwrap(first, "data key 1") == await keys.unwrap(second, "data key 1") == key
    with pytest.raises(Unavailable) as refusal:
        await keys.unwrap(first, "data key 2")
    assert refusal.value.code == "key_encryption_key_lost"


async def test_old_keys_unwrap_after_a_rotation(service: Service) -> None:
    """The newest key wraps from then on; what the one before wrapped still opens."""
    before, key = service.open(), os.urandom(32)
    wrapped = await before.wrap(key, "c")
    service.rotate()
    after = service.open()
    assert await after.newest() != wrapped.key_name
    assert await after.unwrap(wrapped, "c") == key
    assert (await after.wrap(key, "c")).key_name == await after.newest()


async def test_a_lost_key_is_named_and_none_is_made(service: Service) -> None:
    """503 with the name of the key in both languages; afterwards there is still no key that opens it."""
    wrapped = await service.open().wrap(os.urandom(32), "c")
    service.lose()
    with pytest.raises(Unavailable) as refusal:
        await service.open().unwrap(wrapped, "c")
    assert refusal.value.code == "key_encryption_key_lost"
    assert wrapped.key_name.rpartition(":")[0] in refusal.value.text.en
    assert "密钥" in refusal.value.text.zh


def test_a_lost_file_is_not_made_anew(tmp_path: Path) -> None:
    """Where something is sealed already, the vault and the key service refuse to start without their file."""
    for opening in (FileVault, file_keys):
        with pytest.raises(SetupError) as refusal:
            opening(tmp_path / "vault.key", may_make=False)
        assert refusal.value.code == "key_encryption_key_lost"
    assert list(tmp_path.iterdir()) == []


async def test_a_transit_engine_that_is_away_or_refuses_is_503(tmp_path: Path) -> None:
    """Sealed, a wrong token, no token file, nobody there, an answer that is none: each says so."""
    double = TransitDouble()
    (tmp_path / "token").write_text("wrong")
    async with httpx.AsyncClient(transport=httpx.MockTransport(double)) as client:
        keys = TransitKeys("http://vault/v1/transit/", "countermand", tmp_path / "token", client)
        missing = TransitKeys("http://vault/v1/transit", "countermand", tmp_path / "none", client)
        for asked in (keys.newest(), missing.newest()):
            with pytest.raises(Unavailable) as refusal:
                await asked
            assert refusal.value.code == "key_service_away"
        double.sealed = True
        (tmp_path / "token").write_text(double.token)
        with pytest.raises(Unavailable, match="503"):
            await keys.wrap(bytes(32), "c")
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>"))
    async with httpx.AsyncClient(transport=transport) as client:
        keys = TransitKeys("http://vault/v1/transit", "countermand", tmp_path / "token", client)
        with pytest.raises(Unavailable):
            await keys.newest()


@pytest.mark.parametrize("text", [None, "", "AAAA", "no base 64", "é"])
def test_keys_that_are_none_are_refused(text: str | None) -> None:
    """The setting is named."""
    with pytest.raises(SetupError) as refusal:
        environment_keys(text)
    assert refusal.value.details["variable"] == "COUNTERMAND_KEY_ENCRYPTION_KEYS"


def test_a_transit_engine_wants_a_token() -> None:
    """Without its file nothing starts."""
    with pytest.raises(SetupError):
        check_transit("https://vault/v1/transit", None)
