"""The platform's own interface: files of messages, and customer-service messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec

from countermand.intake.wechat import WechatAccount
from countermand.intake.wechat_ports import MEDIA_BYTES_MAX, FetchedFile
from countermand.kernel.errors import Unavailable

SECONDS_MAX = 20.0
ANSWER_BYTES_MAX = 64 * 1024
# The token was renewed meanwhile, or the platform is busy: the same call succeeds later.
_LATER = frozenset({-1, 40001, 40014, 42001, 45009})


class _Answer(msgspec.Struct, frozen=True):
    errcode: int = 0


class WechatApi:
    """Calls the platform at `base`; an account's access token stands in its file, renewed by its owner."""

    def __init__(self, base: str, token_files: dict[str, Path], client: httpx.AsyncClient) -> None:
        self._base = base.rstrip("/")
        self._files = token_files
        self._client = client

    async def fetch(
        self, account: WechatAccount, media: str, bytes_max: int = MEDIA_BYTES_MAX
    ) -> FetchedFile:
        """A file of a message. Raises Unavailable (`wechat_away`)."""
        asked = {"access_token": self._token(account), "media_id": media}
        content = bytearray()
        try:
            async with self._client.stream(
                "GET", f"{self._base}/cgi-bin/media/get", params=asked, timeout=SECONDS_MAX
            ) as answer:
                kind = answer.headers.get("content-type", "")
                async for part in answer.aiter_bytes():
                    content += part
                    if len(content) > bytes_max:
                        return FetchedFile(b"", "", "too_large")
        except httpx.HTTPError as error:
            raise _away(type(error).__name__) from None
        if answer.status_code != 200:
            raise _away(str(answer.status_code))
        if kind.startswith(("application/json", "text/")):
            return FetchedFile(b"", "", _refusal(bytes(content)) or "no_file")
        return FetchedFile(bytes(content), "wechat-media", None)

    async def send(self, account: WechatAccount, openid: str, text: str) -> str | None:
        """A customer-service message; why it was refused for good. Raises Unavailable (`wechat_away`)."""
        body: dict[str, Any] = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        try:
            answer = await self._client.post(
                f"{self._base}/cgi-bin/message/custom/send",
                params={"access_token": self._token(account)},
                content=msgspec.json.encode(body),
                headers={"content-type": "application/json"},
                timeout=SECONDS_MAX,
            )
        except httpx.HTTPError as error:
            raise _away(type(error).__name__) from None
        if answer.status_code != 200:
            raise _away(str(answer.status_code))
        return _refusal(answer.content)

    def _token(self, account: WechatAccount) -> str:
        try:
            return self._files[account.name].read_text(encoding="ascii").strip()
        except (KeyError, OSError, ValueError):
            raise _away("no access token") from None


def _refusal(answer: bytes) -> str | None:
    """What the platform refused for good, by its number. Raises Unavailable for what it may do later."""
    try:
        code = msgspec.json.decode(answer[:ANSWER_BYTES_MAX], type=_Answer).errcode
    except msgspec.MsgspecError:
        raise _away("an answer that is no JSON") from None
    if code in _LATER:
        raise _away(f"error {code}")
    return None if code == 0 else f"error {code}"


def _away(what: str) -> Unavailable:
    return Unavailable(
        "wechat_away",
        f"The WeChat platform does not do what is asked now: {what}.",
        f"微信平台暂未处理：{what}。",
    )
