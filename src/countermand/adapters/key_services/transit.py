"""A key service over HTTP: the transit engine of HashiCorp Vault and what speaks like it (OpenBao)."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

import httpx

from countermand.extensions import key_lost, key_service_away
from countermand.kernel.errors import SetupError, Unavailable
from countermand.vocabulary.vault import WrappedKey

SECONDS_MAX = 5.0


class TransitKeys:
    """One key of type aes256-gcm96 behind `POST <mount>/encrypt/<key>` and `decrypt/<key>`.

    The data key travels as `plaintext` in base 64, so the address wants TLS; its context is the
    `associated_data`. What comes back names the version of the key (`vault:v3:...`). The token is read from
    its file at every call, because agents renew it there.
    """

    name = "transit"

    def __init__(self, mount: str, key: str, token_file: Path, client: httpx.AsyncClient) -> None:
        self._mount, self._key, self._token_file = mount.rstrip("/"), key, token_file
        self._client = client

    async def newest(self) -> str:
        """The key with its latest version."""
        answer = await self._ask("GET", f"keys/{self._key}", None)
        return f"{self._key}:v{int(answer['latest_version'])}"

    async def wrap(self, key: bytes, context: str) -> WrappedKey:
        """A data key, wrapped by the latest version."""
        asked = {"plaintext": _text(key), "associated_data": _text(context.encode())}
        ciphertext = str((await self._ask("POST", f"encrypt/{self._key}", asked))["ciphertext"])
        version = ciphertext.split(":")[1]
        return WrappedKey(f"{self._key}:{version}", ciphertext.encode())

    async def unwrap(self, wrapped: WrappedKey, context: str) -> bytes:
        """The data key. Raises Unavailable (`key_service_away`, `key_encryption_key_lost`)."""
        asked = {"ciphertext": wrapped.sealed.decode("ascii"), "associated_data": _text(context.encode())}
        name = wrapped.key_name.rpartition(":")[0]
        answer = await self._ask("POST", f"decrypt/{name}", asked, wrapped.key_name)
        try:
            return base64.b64decode(answer["plaintext"], validate=True)
        except (binascii.Error, KeyError, TypeError):
            raise key_service_away("its answer is none of the transit engine") from None

    async def _ask(self, method: str, path: str, body: Any, unwrapping: str | None = None) -> Any:
        """The `data` of its answer; 400 and 404 to a decryption mean that the key is not there any more."""
        try:
            token = self._token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise key_service_away(f"the token file cannot be read ({type(error).__name__})") from None
        try:
            answer = await self._client.request(
                method,
                f"{self._mount}/{path}",
                json=body,
                headers={"X-Vault-Token": token, "X-Vault-Request": "true"},
                timeout=SECONDS_MAX,
            )
            if answer.status_code == 200:
                return answer.json()["data"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise key_service_away(type(error).__name__) from None
        raise _refusal(answer.status_code, unwrapping)


def _refusal(status: int, unwrapping: str | None) -> Unavailable:
    if unwrapping is not None and status in (400, 404):
        return key_lost("transit", unwrapping)
    return key_service_away(f"it answers {status}")


def check_transit(mount: str, token_file: Path | None) -> Path:
    """The file of the token. Raises SetupError (`bad_setting`)."""
    if token_file is None:
        raise SetupError(
            "bad_setting",
            f"The key service {mount} needs a token: name its file in COUNTERMAND_KEY_SERVICE_TOKEN_FILE.",
            f"密钥服务 {mount} 需要令牌：请在 COUNTERMAND_KEY_SERVICE_TOKEN_FILE 中填写令牌文件。",
            variable="COUNTERMAND_KEY_SERVICE_TOKEN_FILE",
        )
    return token_file


def _text(plain: bytes) -> str:
    return base64.b64encode(plain).decode()
