"""Shards of the log: the first one, a new one each year, and a new one where the old cannot go on."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import structlog

from countermand.flows.log_ports import SealStore, SealTerms, SignerPort
from countermand.flows.seal_log import Sealer, year_of
from countermand.kernel.clock import MICROS_PER_HOUR, Clock, rfc3339
from countermand.kernel.errors import SetupError, Unavailable
from countermand.kernel.ids import Ids, RandomIds
from countermand.transparency.notes import parse_note
from countermand.vocabulary.facts import LOG_SHARD_CLOSING, LOG_SHARD_OPENED, Fact
from countermand.vocabulary.incidents import Task
from countermand.vocabulary.sealing import NewNote, Position, Shard, Stock, Turn
from countermand.vocabulary.signing import Open, Standing

SHARDS_A_YEAR_MAX = 9999
# What the desk is given where nothing is sealed any more: to look at within the hour.
REFUSED_TASK, REFUSED_TIER = "log_refused", 3
REFUSED_DUE_MICROS = MICROS_PER_HOUR
BEGUN, YEAR, ASKED, LOST = "begun", "year", "asked", "lost"

log = structlog.get_logger(__name__)


class Sealing:
    """What sealing works with, and the turn from one shard to the next."""

    def __init__(
        self, store: SealStore, signer: SignerPort, clock: Clock, terms: SealTerms, ids: Ids | None = None
    ) -> None:
        self.store, self.signer, self.clock, self.terms = store, signer, clock, terms
        self.ids: Ids = RandomIds() if ids is None else ids

    async def begin(self) -> Sealer:
        """A sealer on the open shard, which signer and database agree on.

        Raises SetupError: `log_rolled_back`, `log_inconsistent`, `log_signer_forgot`, `log_damaged`; why
        stands in the database then. Raises Unavailable.
        """
        stock = await self.store.stock()
        if stock.shard is None:
            return await self._open(stock, BEGUN, None, [])
        try:
            sealer = self._sealer(stock)
            await sealer.agree()
        except SetupError as refusal:
            now = self.clock.now()
            await self.store.note_refusal(refusal.code, now, self._task(refusal.code, now))
            raise
        await self.store.note_refusal(None, self.clock.now())
        return await self.turn(sealer, YEAR) if sealer.over else sealer

    def _task(self, code: str, now: int) -> Task:
        """Somebody must look: until they do, nothing more is sealed."""
        return Task(
            id=self.ids.new("task", now),
            kind=REFUSED_TASK,
            tier=REFUSED_TIER,
            about=f"{code} {rfc3339(now)}",
            incident=None,
            account=None,
            person=None,
            created_at=now,
            due_at=now + REFUSED_DUE_MICROS,
        )

    async def turn(self, sealer: Sealer, reason: str) -> Sealer:
        """Close a shard in good order: its last words name the next one's keys, and are signed. The next."""
        stock = await self.store.stock()
        shard, keys = await self._next(stock)
        body = {"log": sealer.shard.origin, "next": shard.origin, "next_keys": list(keys)}
        await sealer.seal_own(Fact(self.clock.now(), LOG_SHARD_CLOSING, body))
        await sealer.sign()
        stock = await self.store.stock()
        return await self._open(stock, reason, await self.store.last_note(sealer.shard.id), [])

    async def new_shard(self) -> Sealer:
        """Go on under a new name, whatever became of the old one; what was not signed there comes again here.

        Raises Unavailable.
        """
        stock = await self.store.stock()
        if stock.shard is None:
            return await self._open(stock, BEGUN, None, [])
        try:
            sealer = self._sealer(stock)
            await sealer.agree()
        except SetupError as refusal:
            log.warning("log_shard_given_up", origin=stock.shard.origin, code=refusal.code)
            void = await self.store.unsigned_facts(stock.shard.id, stock.signed_size)
            last = await self.store.last_note(stock.shard.id)
            opened = await self._open(stock, LOST, last, void, refusal.code)
            await self.store.note_refusal(None, self.clock.now())
            return opened
        return await self.turn(sealer, ASKED)

    async def _open(
        self, stock: Stock, reason: str, last: NewNote | None, void: list[int], refusal: str | None = None
    ) -> Sealer:
        shard, keys = await self._next(stock)
        now = self.clock.now()
        body: dict[str, Any] = {"log": shard.origin, "reason": reason, "keys": list(keys)}
        if refusal is not None:
            body["refusal"] = refusal
        if last is not None:
            body["previous"] = parse_note(last.note.encode()).text
            body["previous_note_sha256"] = sha256(last.note.encode()).hexdigest()
        closing = None if stock.shard is None else stock.shard.id
        turn = Turn(closing, stock.signed_size, shard, keys, now)
        sealer = self._sealer(_fresh(stock, shard, keys, void))
        await sealer.seal_own(Fact(now, LOG_SHARD_OPENED, body), turn)
        await sealer.agree()
        log.info("log_shard_opened", origin=shard.origin, reason=reason)
        return sealer

    async def _next(self, stock: Stock) -> tuple[Shard, tuple[str, ...]]:
        """The next name of this year that neither database nor signer has used, and the keys made for it."""
        year = year_of(self.clock.now())
        number = 1 if stock.shard is None else stock.shard.id + 1
        for count in range(1, SHARDS_A_YEAR_MAX + 1):
            label = year if count == 1 else f"{year}-{count}"
            if label in stock.labels:
                continue
            origin = f"{self.terms.base}/{label}"
            standing = await self.signer.ask(Open(origin))
            if not isinstance(standing, Standing):
                raise Unavailable(
                    "signer_failed",
                    f"The log's signer made no keys for {origin}: {standing}.",
                    f"日志签名程序未能为 {origin} 生成密钥：{standing}。",
                )
            if standing.size == 0:
                return Shard(number, origin, label), tuple(standing.keys)
        raise AssertionError("no year has so many shards")

    def _sealer(self, stock: Stock) -> Sealer:
        return Sealer(self.store, self.signer, self.clock, self.terms, stock)


def _fresh(stock: Stock, shard: Shard, keys: tuple[str, ...], void: list[int]) -> Stock:
    """What a sealer of a new shard begins with: void facts are looked for again."""
    head = stock.position.head
    again = tuple((seq, seq) for seq in sorted(void) if seq <= head)
    gaps = tuple(sorted((*stock.position.gaps, *again)))
    ahead = stock.ahead - frozenset(void)
    position = Position(head, gaps)
    return Stock(shard, (*stock.labels, shard.label), 0, {}, 0, frozenset(keys), position, ahead)
