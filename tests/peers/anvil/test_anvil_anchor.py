"""Goal: our anchors are transactions that an EVM node of others takes, mines, confirms and can undo.

Method: Foundry's anvil as a process, the contract suite of the port against it.
Runs by `make peers`; elsewhere it says loudly that it did not.
"""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import httpx
import pytest

from adapters.anchors.contract import CONFIRMATIONS, DIGEST, anchors_and_confirms
from countermand.adapters.anchors.evm import EvmAnchor
from countermand.kernel.errors import Unavailable

HERE = Path(__file__).parent
# The package of this platform itself: the one in front of it asks for packages of all platforms.
PROGRAM = HERE / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
_LISTENING = re.compile(rb"Listening on ([0-9.]+:[0-9]+)")


def missing() -> str | None:
    """What keeps the peer from running here."""
    if "PEERS" not in os.environ:
        return "it was not asked for"
    return None if PROGRAM.is_file() else "@foundry-rs/anvil-linux-amd64 is not installed"


pytestmark = pytest.mark.skipif(
    missing() is not None,
    reason=f"NOT CHECKED: anchors on an independent EVM node; {missing()}: run `make peers`",
)


async def test_anvil_takes_mines_confirms_and_undoes_our_anchors():
    """The contract suite of the port; then the node ends, and that is said by its code."""
    command = (str(PROGRAM), "--port", "0", "--no-mining")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        address = ""
        while not address:
            line = await asyncio.wait_for(process.stdout.readline(), 20)
            assert line, "anvil did not start"
            found = _LISTENING.search(line)
            address = f"http://{found[1].decode()}" if found else ""
        async with httpx.AsyncClient(trust_env=False) as client:

            async def ask(method: str, *parameters: object):
                body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
                answer = (await client.post(address, json=body)).json()
                assert "error" not in answer, answer
                return answer["result"]

            sender = (await ask("eth_accounts"))[0]
            chain = int(await ask("eth_chainId"), 16)
            anchor = EvmAnchor(
                address, sender, chain, client, seconds_max=10, confirmations_final=CONFIRMATIONS
            )
            start = await ask("evm_snapshot")
            await anchors_and_confirms(anchor, lambda: ask("evm_mine"), lambda: ask("evm_revert", start))
            process.terminate()
            await process.wait()
            with pytest.raises(Unavailable, match="anchor_away"):
                await anchor.publish(DIGEST)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
