"""An SMS gateway over HTTP, in the dialect of Kannel's sendsms."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx

from countermand.kernel.errors import SetupError, Unavailable

TIMEOUT_SECONDS = 10
# Kannel: 0 accepted for delivery, 3 queued for later; anything else is a refusal.
_ACCEPTED, _QUEUED = "0:", "3:"
# With these the request has not left us whole.
_NOT_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL)


class NumberRefused(Exception):
    """The gateway takes nothing for this number, now or later."""


class MayHaveLeft(Exception):
    """The connection broke or ran out of time after the request had left."""


class Kannel:
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

    async def hand(self, to: str, text: str, **more: str) -> str:
        """Hand a text over; what the gateway said.

        Raises NumberRefused, MayHaveLeft, and Unavailable (`sender_away`) where it has surely not left.
        """
        query = {**self._fixed, "to": to, "text": text, "charset": "UTF-8", **more}
        if not text.isascii():
            query["coding"] = "2"  # UCS-2, for Chinese
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        try:
            answer = await self._client.get(self._address, params=query)
        except _NOT_LEFT as error:
            raise _away(type(error).__name__) from None
        except httpx.HTTPError as error:
            raise MayHaveLeft(type(error).__name__) from None
        said = answer.text.strip()[:100]
        if answer.status_code in (200, 202) and said.startswith((_ACCEPTED, _QUEUED)):
            return said
        if answer.status_code in (400, 404) or (answer.status_code == 202 and said):
            raise NumberRefused
        if answer.status_code in (502, 504):  # somebody in between lost the answer
            raise MayHaveLeft(f"HTTP {answer.status_code}")
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
