"""Goal: an anchor is believed exactly as far as the chain's node can back it; what cannot be so is refused.

Method: the contract suite on a chain of one process; `make peers` runs the same suite on Foundry's anvil.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from adapters.anchors.contract import CONFIRMATIONS, DIGEST, anchors_and_confirms
from adapters.anchors.node import CHAIN_ID, SENDER, Node, serving
from countermand.adapters.anchors.evm import EvmAnchor
from countermand.kernel.errors import Conflict, Unavailable
from countermand.transparency.anchors import AnchorState, call_data, digest_of


def anchor_at(address: str, client: httpx.AsyncClient, seconds_max: float = 5.0) -> EvmAnchor:
    """The adapter under test."""
    return EvmAnchor(
        address, SENDER, CHAIN_ID, client, seconds_max=seconds_max, confirmations_final=CONFIRMATIONS
    )


async def test_a_digest_is_anchored_and_confirmed():
    """The contract of the port."""
    node = Node()
    async with httpx.AsyncClient(trust_env=False) as client, serving(node) as address:
        await anchors_and_confirms(anchor_at(address, client), node.mine, node.undo)
    assert len(next(iter(node.sent.values()))["input"]) == 2 + 2 * 36


LIES: list[tuple[str, Any, str]] = [
    ("eth_chainId", "0x1", "of chain 1"),
    ("eth_chainId", "31337", "number"),
    ("eth_sendTransaction", "0x12", "hash"),
    ("eth_sendTransaction", None, "hash"),
    ("eth_getTransactionByHash", {"hash": "0x00", "input": "0x"}, "another one"),
    ("eth_getTransactionByHash", "nonsense", "another one"),
    ("eth_blockNumber", "0x", "number"),
    ("eth_chainId", {"instead": {"id": 0, "result": "0x7a69"}}, "another request"),
    ("eth_chainId", {"instead": ["no", "answer"]}, "no JSON-RPC"),
]


@pytest.mark.parametrize(("method", "said", "why"), LIES)
async def test_what_cannot_be_so_is_refused(method, said, why):
    """Another chain, another transaction, what is no number or no hash, no answer to this request."""
    node = Node()
    async with httpx.AsyncClient(trust_env=False) as client, serving(node) as address:
        anchor = anchor_at(address, client)
        sent = await anchor.publish(DIGEST)
        await node.mine()
        node.lie = lambda asked, result: said if asked == method else result
        with pytest.raises(Conflict, match=why) as refused:
            await anchor.publish(DIGEST) if method in ("eth_chainId", "eth_sendTransaction") else (
                await anchor.check(sent)
            )
    assert refused.value.code == "anchor_lies"


async def test_a_block_must_hold_what_is_said_to_be_in_it():
    """A block without the transaction is a lie; one of another branch only means: ask again."""
    node = Node()
    async with httpx.AsyncClient(trust_env=False) as client, serving(node) as address:
        anchor = anchor_at(address, client)
        sent = await anchor.publish(DIGEST)
        await node.mine()
        node.lie = lambda asked, result: (
            result | {"hash": "0x1"} if asked == "eth_getBlockByNumber" else result
        )
        assert (await anchor.check(sent)).state is AnchorState.PENDING
        node.lie = lambda asked, result: (
            result | {"transactions": []} if asked == "eth_getBlockByNumber" else result
        )
        with pytest.raises(Conflict, match="does not hold"):
            await anchor.check(sent)


async def test_a_node_that_is_away_is_away():
    """Down, in trouble, hung or declining: nothing else stops, and asking later is right."""
    node = Node()
    async with httpx.AsyncClient(trust_env=False) as client:
        async with serving(node) as address:
            node.lie = lambda *_: {"instead": {"id": 1, "error": {"code": -32000, "message": "no funds"}}}
            with pytest.raises(Unavailable, match="no funds"):
                await anchor_at(address, client).publish(DIGEST)
        with pytest.raises(Unavailable, match="anchor_away"):
            await anchor_at(address, client).publish(DIGEST)
        async with serving(node, status=502) as address:
            with pytest.raises(Unavailable, match="502"):
                await anchor_at(address, client).publish(DIGEST)
        async with serving(node, hung=True) as address:
            with pytest.raises(Unavailable, match="TimeoutError"):
                await anchor_at(address, client, seconds_max=0.05).publish(DIGEST)


def test_call_data_are_told_from_others():
    """36 bytes with the mark, and nothing else, are an anchor of ours."""
    assert digest_of(call_data(DIGEST)) == DIGEST
    assert [digest_of(one) for one in (b"", DIGEST, call_data(DIGEST) + b"x", b"CMT2" + DIGEST)] == [None] * 4
