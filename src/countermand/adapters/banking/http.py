"""Core banking over HTTP, by the contract in docs/reference/core-banking.openapi.json."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx
import msgspec

from countermand.adapters.banking.breaker import Breaker
from countermand.adapters.banking.signing import signature_of
from countermand.confirmation.permits import PermitKey
from countermand.extensions import bank_away, bank_protests
from countermand.kernel.clock import Clock
from countermand.vocabulary.banking import BankAnswer, BankEntry, Instruction

CONNECTIONS_MAX = 32
# Sent with a request and repeated by its answer.
REQUEST_ID = "x-request-id"
_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_ANSWER = msgspec.json.Decoder(BankAnswer)


class _Entries(msgspec.Struct):
    entries: list[BankEntry]


_ENTRIES = msgspec.json.Decoder(_Entries)


class HttpCoreBanking:
    """A CoreBanking behind a base address. Every request is signed, bounded in time, and sent once."""

    def __init__(
        self,
        address: str,
        key: PermitKey,
        clock: Clock,
        *,
        seconds_max: float,
        breaker: Breaker | None = None,
    ) -> None:
        self._key, self._clock = key, clock
        self.breaker = Breaker() if breaker is None else breaker
        self._client = httpx.AsyncClient(
            base_url=address.rstrip("/"),
            timeout=seconds_max,
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def tell(self, instruction: Instruction) -> BankAnswer:
        """Put the instruction under its key. Raises Unavailable, Conflict (`bank_protests`)."""
        target = f"/v1/instructions/{quote(instruction.key, safe='')}"
        response = await self._ask("PUT", target, _ENCODE(instruction))
        if response.status_code != 200:
            raise bank_protests(f"status {response.status_code}")
        return self._answer(response, instruction.key)

    async def status(self, key: str) -> BankAnswer | None:
        """What became of it. Raises Unavailable, Conflict (`bank_protests`)."""
        response = await self._ask("GET", f"/v1/instructions/{quote(key, safe='')}")
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise bank_protests(f"status {response.status_code}")
        return self._answer(response, key)

    async def entries(self, after: int, count_max: int) -> Sequence[BankEntry]:
        """What was executed. Raises Unavailable, Conflict (`bank_protests`)."""
        response = await self._ask("GET", f"/v1/entries?after={after}&count={count_max}")
        if response.status_code != 200:
            raise bank_protests(f"status {response.status_code}")
        try:
            return _ENTRIES.decode(response.content).entries
        except msgspec.MsgspecError as error:
            raise bank_protests("an answer that is no list of entries") from error

    async def _ask(self, method: str, target: str, body: bytes = b"") -> httpx.Response:
        if not self.breaker.admit():
            raise bank_away("it failed too often, and is left alone for a moment")
        signature = signature_of(self._key, method, target, body, self._clock.now())
        mark = sha256(signature.encode()).hexdigest()[:32]
        headers = {
            "authorization": f"Bearer {signature}",
            "content-type": "application/json",
            REQUEST_ID: mark,
        }
        try:
            response = await self._client.request(method, target, content=body, headers=headers)
        except httpx.HTTPError as error:
            self.breaker.failed()
            raise bank_away(type(error).__name__) from error
        except BaseException:
            self.breaker.failed()
            raise
        if response.status_code >= 500 or response.status_code == 429:
            self.breaker.failed()
            raise bank_away(f"status {response.status_code}")
        if response.headers.get(REQUEST_ID) != mark:
            # Of another question: somebody answered twice on this connection. It is asked again on a new one.
            self.breaker.failed()
            raise bank_away("the answer belongs to another request")
        self.breaker.succeeded()
        return response

    def _answer(self, response: httpx.Response, key: str) -> BankAnswer:
        try:
            answer = _ANSWER.decode(response.content)
        except msgspec.MsgspecError as error:
            raise bank_protests("an answer that is none") from error
        if answer.key != key:
            raise bank_protests("an answer about another instruction")
        return answer
