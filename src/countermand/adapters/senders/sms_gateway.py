"""One-time codes by SMS through an HTTP gateway that speaks Kannel's sendsms dialect."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx

from countermand.confirmation.challenge_ports import CodeMessage
from countermand.kernel.errors import BadRequest, SetupError, Unavailable

TIMEOUT_SECONDS = 10
# Kannel: 0 accepted for delivery, 3 queued for later; anything else is a refusal.
_ACCEPTED, _QUEUED = "0:", "3:"


class SmsGateway:
    """`address` is the sendsms address with what identifies us: `http://host/cgi-bin/sendsms?username=me`.

    Raises SetupError (`bad_setting`).
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SetupError(
                "bad_setting",
                "COUNTERMAND_SMS_GATEWAY_URL must look like "
                "https://host:13013/cgi-bin/sendsms?username=USER&password=PASSWORD.",
                "COUNTERMAND_SMS_GATEWAY_URL 应形如 "
                "https://host:13013/cgi-bin/sendsms?username=USER&password=PASSWORD。",
                variable="COUNTERMAND_SMS_GATEWAY_URL",
            )
        self._fixed = dict(parse_qsl(parts.query))
        self._address = urlunsplit(parts._replace(query="", fragment=""))
        self._client: httpx.AsyncClient | None = None

    async def send(self, message: CodeMessage) -> dict[str, Any]:
        """Hand it to the gateway, in the customer's language alone: a second one would cost a second SMS."""
        text = message.text.zh if message.language == "zh" else message.text.en
        query = {**self._fixed, "to": message.to, "text": text, "charset": "UTF-8"}
        if not text.isascii():
            query["coding"] = "2"  # UCS-2, for Chinese
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        try:
            answer = await self._client.get(self._address, params=query)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _away(type(error).__name__) from None
        said = answer.text.strip()[:100]
        if answer.status_code in (200, 202) and said.startswith((_ACCEPTED, _QUEUED)):
            return {"said": said}
        if answer.status_code in (400, 404) or (answer.status_code == 202 and said):
            raise BadRequest(
                "code_refused",
                "The SMS gateway does not take messages for this number.",
                "短信网关拒绝向该号码发送。",
            )
        raise _away(f"HTTP {answer.status_code}")

    async def close(self) -> None:
        """Let the connections go."""
        if self._client is not None:
            await self._client.aclose()


def _away(why: str) -> Unavailable:
    return Unavailable(
        "sender_away",
        f"The SMS gateway does not take anything now: {why}.",
        f"短信网关暂时不可用：{why}。",
    )
