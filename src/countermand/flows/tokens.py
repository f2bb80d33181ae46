"""Numbers of cards and accounts behind tokens: each good for one merchant, each way back on record."""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import Any

from countermand.evidence.ports import InstrumentRow
from countermand.flows.evidence_room import EvidenceRoom
from countermand.kernel.errors import BadRequest, NotFound
from countermand.kernel.ids import new_secret
from countermand.vocabulary.facts import INSTRUMENT_DETOKENISED, INSTRUMENT_TOKENISED, Fact
from countermand.vocabulary.staff import Purpose

FINDER_KEY = "instrument"
_NUMBER = re.compile(r"[0-9A-Z]{8,34}")


async def tokenise(
    room: EvidenceRoom, merchant: str, number: str, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """The token of a number for one merchant: drawn by chance, and the same when asked again.

    Raises BadRequest (`bad_instrument`), Unavailable.
    """
    plain = re.sub(r"[ -]", "", number).upper()
    if not _NUMBER.fullmatch(plain):
        raise BadRequest(
            "bad_instrument",
            "The number of a card or an account has 8 to 34 digits or letters.",
            "卡号或账号应为 8 至 34 位数字或字母。",
            field="number",
        )
    vault, now, token = room.desk.vault, room.clock.now(), f"tok_{new_secret()}"
    finder = hmac.digest(vault.mac_key(FINDER_KEY), f"{merchant}\0{plain}".encode(), sha256)
    row = InstrumentRow(
        token=token,
        merchant=merchant,
        finder=finder,
        sealed=vault.seal(plain.encode(), _context(merchant, token)),
        masked=f"****{plain[-4:]}",
        made_at=now,
        used_at=now,
    )
    async with room.works.open() as unit:
        kept = await unit.instruments.put_instrument(row)
        if kept.token == token:
            body = {"token": _name(kept.token), "merchant": merchant, "actor": actor}
            await unit.note([Fact(now, INSTRUMENT_TOKENISED, body, None, trace)])
    return {"token": kept.token, "merchant": merchant, "masked": kept.masked}


async def detokenise(
    room: EvidenceRoom, merchant: str, token: str, purpose: Purpose, actor: str, trace: str | None = None
) -> dict[str, Any]:
    """The number behind a token, for its own merchant only; the fact that somebody asked comes first.

    Raises NotFound (`unknown_token`: also of a token of another merchant, which learns nothing), Unavailable.
    """
    now = room.clock.now()
    async with room.works.open() as unit:
        kept = await unit.instruments.instrument(token, now)
        known = kept is not None and kept.merchant == merchant
        body = {
            "token": _name(token),
            "merchant": merchant,
            "purpose": purpose.value,
            "actor": actor,
            "refused": not known,
        }
        await unit.note([Fact(now, INSTRUMENT_DETOKENISED, body, None, trace)])
    if kept is None or not known:
        raise NotFound(
            "unknown_token",
            "This merchant has no such token; of another merchant it is worth nothing.",
            "该商户没有此令牌；其他商户的令牌在此无效。",
        )
    number = room.desk.vault.open(kept.sealed, _context(merchant, token)).decode()
    return {"token": token, "merchant": merchant, "number": number}


def _context(merchant: str, token: str) -> str:
    return f"instrument {merchant} {token}"


def _name(token: str) -> str:
    """What stands in facts for a token: whoever reads the journal cannot use it."""
    return sha256(token.encode()).hexdigest()[:32]
