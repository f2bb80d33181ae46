"""New keys for the log: for a month or more the old ones sign beside them, so that nobody is left behind."""

from __future__ import annotations

from typing import Protocol

from countermand.flows.log_ports import SignerPort
from countermand.kernel.clock import Clock
from countermand.kernel.errors import BadRequest, NotFound
from countermand.transparency.ports import SignedCheckpoint
from countermand.vocabulary.facts import LOG_KEYS_ROTATED, Fact
from countermand.vocabulary.signing import Refused, Rotate, Standing
from countermand.work import Journal


class RotatedLog(Protocol):
    """What this story needs."""

    @property
    def signer(self) -> SignerPort: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def clock(self) -> Clock: ...


async def rotate_log_keys(log: RotatedLog, latest: SignedCheckpoint | None, overlap_days: int) -> list[str]:
    """Add keys to the log that is signed now; every key that signs from now on, as vkeys.

    The fact of it names the new keys, so the old ones vouch for them. Raises NotFound `unknown_log` before
    the first checkpoint, BadRequest `overlap_too_short`, Unavailable.
    """
    if latest is None:
        raise NotFound("unknown_log", "No checkpoint was signed yet.", "尚无已签名的检查点。")
    reply = await log.signer.ask(Rotate(latest.origin, overlap_days))
    if not isinstance(reply, Standing):
        code = reply.code if isinstance(reply, Refused) else "unknown_log"
        raise BadRequest(
            code,
            f"The signer refused: {code}. Old keys sign for 30 days more at the least.",
            f"签名程序已拒绝：{code}。旧密钥至少须再签名 30 天。",
        )
    body = {"log": latest.origin, "keys": reply.keys, "overlap_days": overlap_days}
    await log.journal.append([Fact(log.clock.now(), LOG_KEYS_ROTATED, body)])
    return reply.keys
