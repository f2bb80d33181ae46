"""A time-stamping authority over HTTP (RFC 3161 section 3.4): any one that answers as the standard says."""

from __future__ import annotations

import asyncio

import httpx

from countermand.adapters.timestamps.tokens import Trust, examine, request_of, token_of
from countermand.extensions import tsa_away, tsa_lies
from countermand.kernel.clock import Clock
from countermand.kernel.ids import new_nonce
from countermand.transparency.stamps import StampedTime, seconds_off

ANSWER_BYTES_MAX = 1 << 16
_NONCE_BYTES = 8


class HttpTimestampAuthority:
    """Implements `TimestampAuthority`; a token that does not hold, or whose time is not now, never leaves."""

    def __init__(
        self,
        address: str,
        trust: Trust,
        clock: Clock,
        client: httpx.AsyncClient,
        *,
        seconds_max: float,
        skew_seconds_max: int,
    ) -> None:
        self._address, self._trust, self._clock, self._client = address, trust, clock, client
        self._seconds_max, self._skew_seconds_max = seconds_max, skew_seconds_max
        # Where one policy is agreed it is asked for; of several, the authority takes its own.
        self._policy = next(iter(trust.policies)) if len(trust.policies) == 1 else None

    async def stamp(self, digest: bytes) -> bytes:
        """A token of this moment. Raises Unavailable (`tsa_away`), Conflict (`tsa_lies`)."""
        nonce = int.from_bytes(new_nonce()[:_NONCE_BYTES], "big")
        asked_at = self._clock.now()
        token = token_of(await self._ask(request_of(digest, nonce, self._policy)))
        stamped = await examine(token, digest, self._trust, nonce)
        off = seconds_off(stamped, asked_at, self._clock.now())
        if off > self._skew_seconds_max:
            raise tsa_lies(f"its time is {off} s off ours")
        return token

    async def examine(self, token: bytes, digest: bytes) -> StampedTime:
        """What a kept token says. Raises Conflict (`tsa_lies`)."""
        return await examine(token, digest, self._trust)

    async def _ask(self, request: bytes) -> bytes:
        headers = {"content-type": "application/timestamp-query", "accept": "application/timestamp-reply"}
        answer = bytearray()
        try:
            async with (
                asyncio.timeout(self._seconds_max),  # of all of it: one that trickles is as good as away
                self._client.stream("POST", self._address, content=request, headers=headers) as response,
            ):
                if response.status_code != 200:
                    raise tsa_away(f"status {response.status_code}")
                async for part in response.aiter_bytes():
                    answer += part
                    if len(answer) > ANSWER_BYTES_MAX:
                        raise tsa_lies("an answer without end")
        except (httpx.HTTPError, TimeoutError) as error:
            raise tsa_away(type(error).__name__) from error
        return bytes(answer)
