"""A chain of one process for tests: it answers JSON-RPC as an EVM node does, and can be made to lie."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

CHAIN_ID = 31337
SENDER = f"0x{'ab' * 20}"
Lie = Callable[[str, Any], Any]


def _hash(*parts: object) -> str:
    return f"0x{sha256(repr(parts).encode()).hexdigest()}"


class Node:
    """Transactions wait until `mine` puts them into a block; `undo` drops the last blocks and all in them."""

    def __init__(self) -> None:
        self.blocks: list[dict[str, Any]] = [{"number": "0x0", "hash": _hash(0), "transactions": []}]
        self.sent: dict[str, dict[str, Any]] = {}
        self.lie: Lie = lambda _, result: result

    async def mine(self) -> None:
        """One more block, with all that waits."""
        number = len(self.blocks)
        waiting = [one for one in self.sent.values() if one["blockNumber"] is None]
        block = {
            "number": hex(number),
            "hash": _hash(number, len(self.sent)),
            "timestamp": hex(1_800_000_000 + number),
            "transactions": [one["hash"] for one in waiting],
        }
        for one in waiting:
            one |= {"blockNumber": block["number"], "blockHash": block["hash"]}
        self.blocks.append(block)

    async def undo(self) -> None:
        """All blocks but the first, and everything that was sent, are gone."""
        del self.blocks[1:]
        self.sent.clear()

    def answer(self, method: str, parameters: list[Any]) -> Any:
        """What is said, before any lie."""
        match method, parameters:
            case "eth_chainId", []:
                return hex(CHAIN_ID)
            case "eth_blockNumber", []:
                return self.blocks[-1]["number"]
            case "eth_sendTransaction", [{"from": sender, "to": receiver, "data": data}]:
                reference = _hash(sender, receiver, data, len(self.blocks), len(self.sent))
                self.sent[reference] = {
                    "hash": reference,
                    "input": data,
                    "blockNumber": None,
                    "blockHash": None,
                }
                return reference
            case "eth_getTransactionByHash", [reference]:
                return self.sent.get(reference)
            case "eth_getTransactionReceipt", [reference]:
                return {"status": "0x1", "blockHash": self.sent[reference]["blockHash"]}
            case "eth_getBlockByNumber", [number, False]:
                return self.blocks[int(number, 16)]
        raise AssertionError(f"asked for {method} {parameters}")


@asynccontextmanager
async def serving(node: Node, *, hung: bool = False, status: int = 200) -> AsyncIterator[str]:
    """The address at which the node answers."""
    ended = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        asked = json.loads(await reader.readexactly(length))
        if hung:
            await ended.wait()
        answer: Any = {"jsonrpc": "2.0", "id": asked["id"]}
        answer["result"] = node.lie(asked["method"], node.answer(asked["method"], asked["params"]))
        if isinstance(answer["result"], dict) and "instead" in answer["result"]:
            answer = answer["result"]["instead"]
        body = json.dumps(answer).encode()
        writer.write(
            b"HTTP/1.1 %d x\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(body))
        )
        writer.write(body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        ended.set()
        server.close()
        await server.wait_closed()
