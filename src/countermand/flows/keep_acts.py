"""Every act once: the answer given under an idempotency key is kept, sealed, and given again."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from countermand.flows.address_book import Sealer
from countermand.flows.incident_words import key_reused
from countermand.kernel.clock import Clock
from countermand.kernel.errors import BadRequest, Conflict
from countermand.kernel.ids import Ids
from countermand.work import Works
from countermand.work.claims import KEPT_MICROS, Claim

KEY_CHARACTERS_MAX = 200


class KeepingHouse(Protocol):
    """What this story needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...

    @property
    def vault(self) -> Sealer: ...


class KeptAnswer(NamedTuple):
    """An answer as it was given: HTTP status and JSON bytes."""

    status: int
    body: bytes


def check_key(key: str) -> None:
    """Raises BadRequest (`invalid_key`)."""
    if not 0 < len(key) <= KEY_CHARACTERS_MAX or not key.isprintable():
        raise BadRequest(
            "invalid_key",
            f"An idempotency key has 1 to {KEY_CHARACTERS_MAX} printable characters.",
            f"幂等键应为1至{KEY_CHARACTERS_MAX}个可打印字符。",
            field="Idempotency-Key",
        )


async def begin_act(house: KeepingHouse, actor: str, key: str, asked: bytes) -> KeptAnswer | Claim:
    """The answer that was given to the same request; or the claim under which it is to be done now.

    `asked` is the digest of what is asked. Raises Conflict (`key_reused`: it was something else;
    `answer_lost`: it was done, and the answer did not live to be kept), BadRequest (`invalid_key`),
    Unavailable.
    """
    check_key(key)
    now = house.clock.now()
    async with house.works.open() as unit:
        kept = await unit.acts.find(actor, key, now - KEPT_MICROS)
    if kept is None:
        return Claim(actor, key, asked, house.ids.new("act", now), now)
    if kept.digest != asked:
        raise key_reused(key)
    if kept.status is None or kept.answer is None:
        raise Conflict(
            "answer_lost",
            "What was asked with this idempotency key has been done, but its answer was lost. Read how it "
            "stands now; to do it once more, use a new key.",
            "该幂等键对应的请求已执行，但答复已丢失。请查询当前状态；确需再次执行时请使用新的键。",
            key=key,
        )
    return KeptAnswer(kept.status, house.vault.open(kept.answer, _context(actor, key)))


async def keep_answer(house: KeepingHouse, claim: Claim, answer: KeptAnswer) -> None:
    """Keep what was answered, for whoever asks again. Raises Unavailable."""
    sealed = house.vault.seal(answer.body, _context(claim.actor, claim.key))
    async with house.works.open() as unit:
        await unit.acts.keep(claim, answer.status, sealed)


def _context(actor: str, key: str) -> str:
    return f"answer {actor} {key}"
