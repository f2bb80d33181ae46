"""Posting events to addresses that an administrator has set."""

from __future__ import annotations

import httpx

from countermand.cases.webhook_ports import Posting

TIMEOUT_SECONDS = 10


class HttpPoster:
    """Implements `cases.webhook_ports.Poster` with one client for all addresses."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Posting:
        """One attempt; the answer's body is not read, whatever its length."""
        try:
            async with self._client.stream("POST", url, content=body, headers=headers) as answer:
                return Posting(answer.status_code)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Posting(None, type(error).__name__)

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()
