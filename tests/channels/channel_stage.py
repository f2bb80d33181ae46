"""What tests of channels hold: a house behind its door, a double of WeChat's platform, and signed tokens."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from joserfc.jwk import OKPKey
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from countermand.flows.house import House
from countermand.kernel.clock import ManualClock

TOKEN, APP_ID, OPENID = "abcToken123", "wx0123456789abcdef", "oAbCdEfGhIjKlMnOpQrStUvWxYz01"
AES_KEY, OLD_AES_KEY, ACCESS_TOKEN = "a1" * 21 + "b", "c3" * 21 + "d", "ACCESS"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 9
_numbers = itertools.count(7_000_000_000)


def accounts_file(folder: Path, platform: str) -> Path:
    """Two official accounts: one encrypts, one does not."""
    token = folder / "access-token"
    token.write_text(ACCESS_TOKEN)
    file = folder / "wechat.yaml"
    file.write_text(
        f"platform: {platform}\n"
        "accounts:\n"
        f"- {{name: main, app_id: {APP_ID}, token: {TOKEN}, keys: [{AES_KEY}, {OLD_AES_KEY}],"
        f" access_token_file: {token}}}\n"
        f"- {{name: plain, app_id: wxplain, token: {TOKEN}, mode: plain, access_token_file: {token}}}\n"
        f"- {{name: both, app_id: {APP_ID}, token: {TOKEN}, keys: [{AES_KEY}], mode: compatible}}\n"
    )
    file.chmod(0o600)
    return file


def chat_keys(folder: Path) -> tuple[OKPKey, Path]:
    """The key that the institution signs chat tokens with, and the file of its public half."""
    key = OKPKey.generate_key("Ed25519", {"kid": "chat-1", "alg": "EdDSA"}, private=True)
    file = folder / "chat-keys.json"
    file.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    return key, file


class Platform:
    """WeChat's own interface, as far as it is called: media, and customer-service messages."""

    def __init__(self) -> None:
        self.address = ""
        self.sent: list[dict[str, Any]] = []
        self.media: dict[str, bytes] = {"photo": PNG}
        self.away = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Platform]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next((line for line in head.lower().split("\r\n") if "content-length" in line), ":0")
            body = await reader.readexactly(int(length.split(":")[1]))
            kind, answer = self._answer(head.split(" ")[1], body)
            writer.write(
                f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(answer)}\r\n"
                "connection: close\r\n\r\n".encode()
                + answer
            )
            await writer.drain()
        finally:
            writer.close()

    def _answer(self, target: str, body: bytes) -> tuple[str, bytes]:
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert query["access_token"] == ACCESS_TOKEN
        if self.away:
            self.away -= 1
            return "application/json", b'{"errcode": -1}'
        if url.path.endswith("/media/get"):
            found = self.media.get(query["media_id"])
            return ("image/png", found) if found else ("application/json", b'{"errcode": 40007}')
        self.sent.append(json.loads(body))
        return "application/json", b'{"errcode": 0, "errmsg": "ok"}'


@dataclass
class ChannelStage:
    """A house, its door, and everything beside it."""

    dsn: str
    house: House
    clock: ManualClock
    client: httpx.AsyncClient
    address: str
    platform: Platform
    chat_key: OKPKey
    secret: str
    desk: str
    crypto: WeChatCrypto = field(default_factory=lambda: WeChatCrypto(TOKEN, AES_KEY, APP_ID))

    @property
    def seconds(self) -> int:
        return self.clock.now() // 10**6

    async def call(self, method: str, path: str, *, key: str | None = None, **given: Any) -> httpx.Response:
        """One request with the system's key, or another one."""
        headers = {"authorization": f"Bearer {key or self.secret}", **given.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **given)

    def signed(self, timestamp: int | None = None, *parts: str) -> dict[str, str]:
        """What the platform adds to the address, signed by other code than ours."""
        time, nonce = str(self.seconds if timestamp is None else timestamp), "nonce-1"
        signer = WeChatSigner()
        signer.add_data(TOKEN, time, nonce, *parts)
        return {"signature": signer.signature, "timestamp": time, "nonce": nonce}

    async def wechat(
        self,
        xml: str,
        *,
        account: str = "main",
        crypto: WeChatCrypto | None = None,
        timestamp: int | None = None,
        **over: str,
    ) -> httpx.Response:
        """A message as the platform sends it, encrypted by wechatpy."""
        query = self.signed(timestamp)
        sealed = (crypto or self.crypto).encrypt_message(xml, query["nonce"], query["timestamp"])
        signature = sealed.split("<MsgSignature><![CDATA[")[1].split("]]")[0]
        query |= {"encrypt_type": "aes", "msg_signature": signature, **over}
        path = f"/v1/channels/wechat/{account}"
        return await self.client.post(path, params=query, content=sealed.encode(), headers=_XML)

    async def wechat_plain(self, xml: str, account: str = "plain") -> httpx.Response:
        """A message in clear."""
        path = f"/v1/channels/wechat/{account}"
        return await self.client.post(path, params=self.signed(), content=xml.encode(), headers=_XML)

    def unsealed(self, reply: httpx.Response) -> str:
        """A passive reply, as wechatpy reads it."""
        parts = {
            name: reply.text.split(f"<{name}>")[1]
            .split(f"</{name}>")[0]
            .removeprefix("<![CDATA[")
            .removesuffix("]]>")
            for name in ("MsgSignature", "TimeStamp", "Nonce")
        }
        return str(
            self.crypto.decrypt_message(reply.text, parts["MsgSignature"], parts["TimeStamp"], parts["Nonce"])
        )

    def token(self, account: str, **claims: Any) -> str:
        """A token by which the institution vouches for the holder of an account."""
        now = self.seconds
        given = {"aud": "countermand-chat", "sub": account, "sid": "s-1", "iat": now, "exp": now + 600}
        secret = self.chat_key.as_pem(private=True)
        return jwt.encode({**given, **claims}, secret, algorithm="EdDSA", headers={"kid": "chat-1"})

    async def work(self) -> None:
        """Deliver what waits in the outbox."""
        await self.house.worker.deliverer.settle()


_XML = {"content-type": "text/xml"}


def message_xml(
    text: str | None = None, *, number: int | None = None, openid: str = OPENID, **fields: str
) -> str:
    """A message as the platform writes it; of one openid unless told otherwise."""
    given = {"MsgType": "text", "Content": text} if text is not None else {}
    given |= fields
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in given.items())
    name = "" if "Event" in fields else f"<MsgId>{next(_numbers) if number is None else number}</MsgId>"
    return (
        f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>1795233600</CreateTime>{inner}{name}</xml>"
    )
