"""An EVM chain as anchor, over the JSON-RPC of the institution's own node (Ethereum execution API).

The node, or the signer before it, holds the key and signs what `eth_sendTransaction` asks for: so no key of
value lies in this process, none is copied into its backups, and nothing here counts nonces or prices gas.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import httpx
import msgspec

from countermand.extensions import anchor_away, anchor_lies
from countermand.transparency.anchors import AnchorReceipt, AnchorState, call_data

ANSWER_BYTES_MAX = 4 << 20
WORDS_MAX = 200
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,15})")
_HASH = re.compile(r"0x[0-9a-f]{64}")
# The lists in a block are long, and nothing of an anchor is looked up in them later.
_BLOCK_LISTS = frozenset({"transactions", "withdrawals", "uncles"})


class _Answer(msgspec.Struct):
    id: int
    result: Any = None
    error: Any = None


class EvmAnchor:
    """Implements `Anchor`. An anchor is a transaction of `sender` to itself, of no value, with 36 bytes."""

    def __init__(
        self,
        address: str,
        sender: str,
        chain_id: int,
        client: httpx.AsyncClient,
        *,
        seconds_max: float,
        confirmations_final: int,
    ) -> None:
        self._address, self._sender, self._chain_id = address, sender, chain_id
        self._client, self._seconds_max = client, seconds_max
        self._confirmations_final = confirmations_final
        self._number = 0

    async def publish(self, digest: bytes) -> AnchorReceipt:
        """Send it. Raises Unavailable (`anchor_away`), Conflict (`anchor_lies`)."""
        found = _quantity(await self._ask("eth_chainId"))
        if found != self._chain_id:
            raise anchor_lies(f"it is of chain {found}, not {self._chain_id}")
        data = f"0x{call_data(digest).hex()}"
        sent = {"from": self._sender, "to": self._sender, "value": "0x0", "data": data}
        reference = _hash(await self._ask("eth_sendTransaction", sent))
        return AnchorReceipt(f"eip155:{self._chain_id}", digest.hex(), reference, AnchorState.PENDING)

    async def check(self, receipt: AnchorReceipt) -> AnchorReceipt:
        """How it stands now. Raises Unavailable (`anchor_away`), Conflict (`anchor_lies`)."""
        unmined = replace(receipt, state=AnchorState.PENDING, block=None, block_time=None, confirmations=0)
        transaction = await self._ask("eth_getTransactionByHash", receipt.reference)
        if transaction is None:
            return replace(unmined, state=AnchorState.LOST)
        self._same(transaction, receipt)
        if transaction.get("blockNumber") is None:
            return replace(unmined, evidence={"transaction": transaction})
        number = _quantity(transaction["blockNumber"])
        block = await self._ask("eth_getBlockByNumber", hex(number), False)
        outcome = await self._ask("eth_getTransactionReceipt", receipt.reference)
        head = _quantity(await self._ask("eth_blockNumber"))
        blocks = {
            _part(one, "hash" if one is block else "blockHash") for one in (transaction, block, outcome)
        }
        if len(blocks) != 1 or None in blocks:
            return replace(
                unmined, evidence={"transaction": transaction}
            )  # the chain moved while it was asked
        if receipt.reference not in block.get("transactions", ()):
            raise anchor_lies(f"block {number} does not hold the transaction that is said to be in it")
        confirmations = max(head - number, 0) + 1
        final = confirmations >= self._confirmations_final
        header = {name: value for name, value in block.items() if name not in _BLOCK_LISTS}
        return replace(
            receipt,
            state=AnchorState.FINAL if final else AnchorState.MINED,
            block=number,
            block_time=_quantity(block.get("timestamp")),
            confirmations=confirmations,
            evidence={"transaction": transaction, "receipt": outcome, "block": header},
        )

    def _same(self, transaction: Any, receipt: AnchorReceipt) -> None:
        data = f"0x{call_data(bytes.fromhex(receipt.digest)).hex()}"
        if _part(transaction, "hash") != receipt.reference or _part(transaction, "input") != data:
            raise anchor_lies("the transaction is another one")
        if receipt.chain != f"eip155:{self._chain_id}":
            raise anchor_lies(f"the receipt is of {receipt.chain}, this node of eip155:{self._chain_id}")

    async def _ask(self, method: str, *parameters: object) -> Any:
        self._number += 1
        number = self._number
        body = msgspec.json.encode(
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(parameters)}
        )
        try:
            answer = msgspec.json.decode(await self._post(body), type=_Answer)
        except msgspec.DecodeError as error:
            raise anchor_lies("an answer that is no JSON-RPC") from error
        if answer.id != number:
            raise anchor_lies("an answer to another request")
        if answer.error is not None:
            raise anchor_away(f"it declines {method}: {str(answer.error)[:WORDS_MAX]}")
        return answer.result

    async def _post(self, body: bytes) -> bytes:
        answer = bytearray()
        headers = {"content-type": "application/json"}
        try:
            async with (
                asyncio.timeout(self._seconds_max),
                self._client.stream("POST", self._address, content=body, headers=headers) as response,
            ):
                if response.status_code != 200:
                    raise anchor_away(f"status {response.status_code}")
                async for part in response.aiter_bytes():
                    answer += part
                    if len(answer) > ANSWER_BYTES_MAX:
                        raise anchor_lies("an answer without end")
        except (httpx.HTTPError, TimeoutError) as error:
            raise anchor_away(type(error).__name__) from error
        return bytes(answer)


def _part(answer: Any, name: str) -> Any:
    return answer.get(name) if isinstance(answer, dict) else None


def _quantity(value: Any) -> int:
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise anchor_lies("a number that is none")
    return int(value, 16)


def _hash(value: Any) -> str:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise anchor_lies("a hash that is none")
    return value
