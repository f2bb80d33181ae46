"""What every anchor must do, whoever is behind it: the contract suite of the port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256

from countermand.extensions import Anchor
from countermand.transparency.anchors import AnchorState, digest_of

DIGEST = sha256(b"a checkpoint").digest()
CONFIRMATIONS = 3


async def anchors_and_confirms(
    anchor: Anchor, mine: Callable[[], Awaitable[object]], undo: Callable[[], Awaitable[object]]
) -> None:
    """Pending, mined, final, and lost when another branch wins; each state with what proves it."""
    sent = await anchor.publish(DIGEST)
    assert (sent.state, sent.digest, sent.block) == (AnchorState.PENDING, DIGEST.hex(), None)
    assert (await anchor.check(sent)).state is AnchorState.PENDING
    await mine()
    mined = await anchor.check(sent)
    assert (mined.state, mined.confirmations) == (AnchorState.MINED, 1)
    assert mined.block_time is not None
    assert digest_of(bytes.fromhex(mined.evidence["transaction"]["input"][2:])) == DIGEST
    assert mined.evidence["receipt"]["blockHash"] == mined.evidence["block"]["hash"]
    for _ in range(CONFIRMATIONS - 1):
        await mine()
    final = await anchor.check(mined)
    assert (final.state, final.confirmations, final.block) == (AnchorState.FINAL, CONFIRMATIONS, mined.block)
    await undo()
    lost = await anchor.check(final)
    assert (lost.state, lost.block, lost.confirmations) == (AnchorState.LOST, None, 0)
    again = await anchor.publish(DIGEST)
    await mine()
    assert (await anchor.check(again)).state is AnchorState.MINED
