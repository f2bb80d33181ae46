"""The journal becomes the log: read, make entries, grow the tree, commit, and have the new root signed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence

from countermand.flows.journal_gaps import Gaps
from countermand.flows.log_ports import SealStore, SealTerms, SignerPort
from countermand.flows.log_refusals import damaged, inconsistent, rolled_back, signer_forgot
from countermand.flows.seal_entries import case_of, entry_bytes, facts_in
from countermand.kernel.clock import MICROS_PER_SECOND, Clock, moment_of
from countermand.kernel.errors import SetupError, Unavailable
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.entries import Link
from countermand.transparency.notes import NoteError, VerifierKey, parse_note, verify_note
from countermand.transparency.tile_proofs import consistency_or_nothing, read_from, tiles_for
from countermand.transparency.tiles import HEIGHT, WIDTH, Edge, Tile
from countermand.transparency.tree import leaf_hash
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.sealing import (
    Batch,
    ChainEnd,
    FactRow,
    NewNote,
    Position,
    SealedRows,
    Shard,
    Stock,
    Turn,
)
from countermand.vocabulary.signing import Behind, Look, Open, Refused, Sign, Signed, Standing

CHAINS_MAX = 100_000
TILES_MAX = 256
_EMPTY = b""

TilePlace = tuple[int, int]


class Sealer:
    """The one who seals, on the open shard. After any error it is done with, and another begins anew."""

    def __init__(
        self, store: SealStore, signer: SignerPort, clock: Clock, terms: SealTerms, stock: Stock
    ) -> None:
        assert stock.shard is not None, "a shard is opened first"
        self._store, self._signer, self._clock, self.terms = store, signer, clock, terms
        self.shard: Shard = stock.shard
        self._edge = _edge_of(stock, self.shard)
        self._head, self._gaps, self._ahead = (
            stock.position.head,
            Gaps(stock.position.gaps),
            set(stock.ahead),
        )
        self._chains: OrderedDict[str, ChainEnd] = OrderedDict()
        self._tiles: OrderedDict[TilePlace, bytes] = OrderedDict(stock.tiles)
        self._keys = set(stock.keys)
        self._signed_size, self._signer_size = stock.signed_size, 0
        self._signed_at = 0

    @property
    def size(self) -> int:
        """How many entries the shard has."""
        return self._edge.size

    @property
    def signed_size(self) -> int:
        """How many of them a kept checkpoint covers."""
        return self._signed_size

    async def agree(self) -> None:
        """Find the signer where the database says it is, or behind; to be done before anything is sealed.

        Raises SetupError: `log_rolled_back`, `log_inconsistent`, `log_signer_forgot`; Unavailable.
        """
        reply = await self._signer.ask(Look(self.shard.origin))
        if isinstance(reply, Refused) and reply.code == "unknown_log" and self._signed_size == 0:
            reply = await self._signer.ask(Open(self.shard.origin))
        if not isinstance(reply, Standing):
            raise self._refusal(reply)
        if reply.size > self.size:
            raise rolled_back(self.shard.origin, self.size, reply.size)
        self._signer_size = reply.size
        if self.size:
            await self.sign()

    async def sweep(self) -> int:
        """Seal what came since the last time; how many lines were read, at most `rows_max` and the gaps'."""
        if self._gaps:
            self._gaps.ask(await self._store.writers())
        rows = await self._store.read(self._head, self._gaps.ranges, self.terms.rows_max)
        late = [row.seq for row in rows if row.seq <= self._head]
        self._gaps.looked(late)
        self._head = self._gaps.pass_by(self._head, [row.seq for row in rows[len(late) :]])
        fresh = [row for row in rows if row.seq not in self._ahead]
        self._ahead = {seq for seq in self._ahead if seq > self._head}
        if fresh:
            await self._store.append(await self._batch(fresh))
        return len(rows)

    async def sign(self) -> None:
        """Have the tree signed as it is, and keep the note. Raises like `agree`."""
        point = Checkpoint(self.shard.origin, self.size, self._edge.root())
        reply = await self._ask_to_sign(point)
        if isinstance(reply, Behind):
            self._signer_size = reply.size
            if reply.size > point.size:
                raise rolled_back(point.origin, point.size, reply.size)
            reply = await self._ask_to_sign(point)
        if not isinstance(reply, Signed):
            raise self._refusal(reply)
        keys = await self._signers_of(reply.note, point)
        now = self._clock.now()
        await self._store.keep_note(NewNote(self.shard.id, point.size, point.root, reply.note, now, keys))
        self._keys |= keys
        self._signed_size = self._signer_size = point.size
        self._signed_at = now

    async def run(self, stop: asyncio.Event) -> None:
        """Seal and sign at the cadence of the terms, until told to stop or until the shard's year is over."""
        loop = asyncio.get_running_loop()
        while not stop.is_set() and not self.over:
            started = loop.time()
            read = await self.sweep()
            if self.size > self._signed_size and self._clock.now() >= self._signed_at + self._sign_after(
                read
            ):
                await self.sign()
            if read < self.terms.rows_max:
                pause = self.terms.interval_micros / MICROS_PER_SECOND - (loop.time() - started)
                await _until(stop, max(pause, 0.001))

    @property
    def over(self) -> bool:
        """Whether another shard should be open: another year, or another name in the settings."""
        return self.shard.label[:4] != year_of(self._clock.now()) or (
            self.shard.origin != f"{self.terms.base}/{self.shard.label}"
        )

    async def seal_own(self, fact: Fact, turn: Turn | None = None) -> None:
        """Journal and seal a fact of the log's own in one transaction; with a turn, as its first entry."""

        def make(row: FactRow) -> Batch:
            self._ahead.add(row.seq)
            return self._grown([row], [facts_in(row)], [None])

        await self._store.append_own(fact, make, turn)

    def _sign_after(self, read: int) -> int:
        return 0 if read >= self.terms.rows_max else self.terms.checkpoint_micros

    async def _batch(self, rows: Sequence[FactRow]) -> Batch:
        facts = [facts_in(row) for row in rows]
        cases = [case_of(one) for one in facts]
        unknown = {case for case in cases if case is not None and case not in self._chains}
        if unknown:
            self._chains.update(await self._store.ends_of(unknown))
        batch = self._grown(rows, facts, cases)
        while len(self._chains) > CHAINS_MAX:
            self._chains.popitem(last=False)
        return batch

    def _grown(
        self, rows: Sequence[FactRow], facts: Sequence[dict[str, object]], cases: Sequence[str | None]
    ) -> Batch:
        tenant = self.terms.tenant
        sealed = SealedRows(self._edge.size, [row.seq for row in rows], list(cases), [], [], [])
        for row, body, case in zip(rows, facts, cases, strict=True):
            if case is None:
                seq, entry = None, entry_bytes(row, body, tenant, None)
                leaf = leaf_hash(entry)
            else:
                before = self._chains.pop(case, None)
                seq, prev = (1, _EMPTY) if before is None else (before.seq + 1, before.leaf)
                entry = entry_bytes(row, body, tenant, Link(case, seq, prev))
                leaf = leaf_hash(entry)
                self._chains[case] = ChainEnd(seq, leaf)
            sealed.case_seqs.append(seq)
            sealed.leaves.append(leaf)
            sealed.bodies.append(entry)
        written = self._edge.append(sealed.leaves)
        self._remember({(tile.level, tile.number): data for tile, data in written.items()})
        # The last tile of level 0 grows with every batch: until it is full, its leaves are in the rows.
        kept = {
            (tile.level, tile.number): data
            for tile, data in written.items()
            if tile.level or tile.width == WIDTH
        }
        return Batch(self.shard.id, sealed, kept, Position(self._head, self._gaps.ranges))

    def _remember(self, tiles: Mapping[TilePlace, bytes]) -> None:
        for place, data in tiles.items():
            self._tiles.pop(place, None)
            self._tiles[place] = data
        while len(self._tiles) > TILES_MAX:
            self._tiles.popitem(last=False)

    async def _ask_to_sign(self, point: Checkpoint) -> object:
        old = self._signer_size
        spans = consistency_or_nothing(old, point.size) if old < point.size else []
        wanted = tiles_for(spans, point.size)
        try:
            proof = read_from(await self._tiles_of(wanted), spans, point.size)
        except (KeyError, ValueError) as error:
            raise damaged(point.origin, str(error)) from error
        return await self._signer.ask(Sign(point.origin, old, point.size, point.root, proof))

    async def _tiles_of(self, wanted: Collection[Tile]) -> dict[Tile, bytes]:
        places = {(tile.level, tile.number) for tile in wanted}
        found = {place: self._tiles[place] for place in places & self._tiles.keys()}
        lacking = places - found.keys()
        if lacking:
            fetched = await self._store.tiles(self.shard.id, lacking)
            self._remember(fetched)
            found.update(fetched)
        return {tile: found[tile.level, tile.number] for tile in wanted}

    async def _signers_of(self, note: str, point: Checkpoint) -> frozenset[str]:
        """The keys under a note that were not known. Raises SetupError where it is not what was asked for."""
        parsed = parse_note(note.encode())
        ids = {VerifierKey.parse(key).id for key in self._keys}
        if parsed.text != point.text or not {one.key_id for one in parsed.signatures} <= ids:
            reply = await self._signer.ask(Look(point.origin))
            fresh = frozenset(reply.keys if isinstance(reply, Standing) else ()) - self._keys
        else:
            fresh = frozenset()
        try:
            if parsed.text != point.text:
                raise NoteError("checkpoint_malformed", "it is another checkpoint")
            verify_note(parsed, [VerifierKey.parse(key) for key in self._keys | fresh])
        except NoteError as error:
            raise SetupError(
                "log_signature_wrong",
                f"The signer of the log {point.origin} gave back a wrong signature: {error}.",
                f"日志 {point.origin} 的签名程序返回了错误的签名：{error}。",
            ) from error
        return fresh

    def _refusal(self, reply: object) -> SetupError | Unavailable:
        match reply:
            case Refused("unknown_log"):
                return signer_forgot(self.shard.origin)
            case Refused("inconsistent"):
                return inconsistent(self.shard.origin, self.size)
        return Unavailable(
            "signer_failed",
            f"The log's signer could not sign: {reply}.",
            f"日志签名程序未能签名：{reply}。",
        )


def year_of(now: int) -> str:
    """The year, in UTC, that an instant falls in."""
    return f"{moment_of(now).year:04d}"


def _edge_of(stock: Stock, shard: Shard) -> Edge:
    partial = {}
    for (level, number), data in stock.tiles.items():
        width = (stock.size >> HEIGHT * level) - number * WIDTH
        partial[Tile(level, number, width)] = data
    try:
        return Edge(stock.size, partial)
    except (KeyError, ValueError) as error:
        raise damaged(shard.origin, f"the tile {error}") from error


async def _until(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
