"""The whole log, checked: every entry, leaf, tile, root, signature and chain, against the journal itself.

What is wrong first is named: the table or file, the row, and the byte.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol, cast

from countermand.flows.audit_findings import AuditReport, first_difference, whose_fault
from countermand.flows.seal_entries import case_of, entry_bytes, facts_in
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.entries import Entry, Link
from countermand.transparency.notes import Note, NoteError, VerifierKey, parse_note, verify_note
from countermand.transparency.tiles import WIDTH, Edge, Tile, tiles_of
from countermand.transparency.tree import HASH_BYTES, leaf_hash
from countermand.vocabulary.auditing import Finding, Wrong
from countermand.vocabulary.sealing import AuditPoint, AuditRow, AuditShard, ChainEnd, FactRow

CHUNK_ROWS = 16 * WIDTH
POINTS_AT_ONCE = 500


class AuditSource(Protocol):
    """A log to check: a database, or a folder of files. What cannot be read raises Wrong."""

    async def shards(self) -> list[AuditShard]:
        """The shards, in order."""
        ...

    def rows(self, shard: AuditShard, count: int) -> AsyncIterator[Sequence[AuditRow]]:
        """The entries in order, `count` at a time."""
        ...

    async def points(self, shard: AuditShard, above: int, count: int) -> Sequence[AuditPoint]:
        """The first `count` checkpoints above a size, the smallest first."""
        ...

    async def tiles(self, shard: AuditShard, wanted: Collection[Tile]) -> dict[Tile, bytes | None]:
        """The bytes of tiles as they are stored, so wide as that."""
        ...

    def named(self, shard: AuditShard, what: str, where: object) -> tuple[str, str]:
        """What holds something (`entry`, `leaf`, `tile`, `checkpoint`, `journal`), and which part of it."""
        ...

    async def left_out(self) -> Finding | None:
        """A fact that should be in the log and is not, or a part of no shard."""
        ...

    async def keys(self, shard: AuditShard) -> Sequence[str] | None:
        """The keys that it names as those of a shard, as vkeys; None where it names none: files."""
        ...


async def audit_log(
    source: AuditSource, keys: Collection[VerifierKey], *, whole: bool = False
) -> AuditReport:
    """Check everything, up to the first thing that is wrong; `keys` come from outside of what is checked.

    `whole`: these are all keys there are, so that nobody else may have signed and no other key be named.
    """
    report = AuditReport()
    chains: dict[str, ChainEnd] = {}
    try:
        for shard in await source.shards():
            await _ShardAudit(source, shard, keys, chains, report, whole=whole).check()
            report.shards += 1
        missing = await source.left_out()
        if missing is not None:
            report.finding = missing
    except Wrong as wrong:
        report.finding = wrong.finding
    return report


class _ShardAudit:
    def __init__(
        self,
        source: AuditSource,
        shard: AuditShard,
        keys: Collection[VerifierKey],
        chains: dict[str, ChainEnd],
        report: AuditReport,
        *,
        whole: bool,
    ) -> None:
        self._whole = whole
        self._links: list[tuple[AuditRow, Link]] = []
        self._source, self._shard, self._chains, self._report = source, shard, chains, report
        self._keys = [key for key in keys if key.name == shard.origin]
        self._edge = Edge()
        self._points: list[AuditPoint] = []

    async def check(self) -> None:
        if not self._keys or self._shard.origin.rpartition("/")[2] != self._shard.label:
            raise self._wrong("shard", self._shard.id, f"no known key is of {self._shard.origin}",
                              f"没有已知密钥属于 {self._shard.origin}")  # fmt: skip
        if self._whole:
            await self._check_keys()
        await self._refill(0)
        async for rows in self._source.rows(self._shard, CHUNK_ROWS):
            await self._check_rows(rows)
        if self._edge.size != self._shard.size or self._points:
            size = self._points[-1].size if self._points else self._shard.size
            raise self._wrong("entry", self._edge.size, f"{size} entries are promised, this one lacks",
                              f"应有 {size} 条，此条缺失")  # fmt: skip

    async def _check_keys(self) -> None:
        known, named = {str(key) for key in self._keys}, await self._source.keys(self._shard)
        if named is None:
            return
        for key in sorted(known ^ set(named)):
            place = ("log_key", f"shard {self._shard.id}, key {key}")
            if key in known:
                raise Wrong(Finding.of(place, "this key is known and not there", "该密钥应有而缺失"))
            raise Wrong(Finding.of(place, "nobody knows this key", "无人认可此密钥"))

    async def _refill(self, above: int) -> None:
        self._points = list(await self._source.points(self._shard, above, POINTS_AT_ONCE))[::-1]

    async def _check_rows(self, rows: Sequence[AuditRow]) -> None:
        leaves: list[bytes] = []
        for number, row in enumerate(rows, self._edge.size):
            if row.number != number:
                raise self._wrong("entry", number, "it is missing", "缺失")
            leaf = leaf_hash(row.entry)
            leaves.append(leaf)
            if row.seq is None:
                self._note_link(row)
                continue
            expected, link = self._expected(row)
            if expected != row.entry or row.leaf != leaf:
                raise await self._guilty(row, expected)
            if link is not None and number < self._shard.counted:
                self._chains[link.case] = ChainEnd(link.seq, leaf)
        since, start = self._edge.size, 0
        written: dict[Tile, bytes] = {}
        met: list[tuple[AuditPoint, bytes]] = []
        while start < len(leaves):
            end = len(leaves) if not self._points else min(len(leaves), self._points[-1].size - since)
            written.update(self._edge.append(leaves[start:end]))
            start = end
            if self._points and self._points[-1].size == self._edge.size:
                met.append((self._points.pop(), self._edge.root()))
                if not self._points:
                    await self._refill(self._edge.size)
        await self._check_tiles(written, rows, since)
        # Behind the tiles, which know which of two entries that contradict each other is wrong.
        for row, link in self._links:
            self._check_link(row, link)
        self._links.clear()
        for point, root in met:
            self._check_point(point, root)
        self._report.entries += len(rows)

    async def _guilty(self, row: AuditRow, expected: bytes) -> Wrong:
        """Of journal, entry and leaf that contradict each other, the wrong one."""
        tile = Tile(0, row.number // WIDTH, row.number % WIDTH + 1)
        stored = (await self._source.tiles(self._shard, [tile]))[tile] or b""
        return Wrong(whose_fault(self._source.named, self._shard, row, expected, stored[-HASH_BYTES:]))

    def _note_link(self, row: AuditRow) -> None:
        """Where only files are read, an entry must be right by itself; links are checked after tiles."""
        try:
            link = Entry.parse(row.entry).link
        except ValueError as error:
            raise self._wrong(
                "entry", row.number, f"it is no entry: {error}", f"不是条目：{error}"
            ) from error
        if link is not None:
            self._links.append((row, link))

    def _expected(self, row: AuditRow) -> tuple[bytes, Link | None]:
        """The entry that the journal makes, and its place in the chain of its case."""
        if row.at is None:
            raise self._wrong("journal", row.seq, "the line is missing", "该行缺失")
        line = cast("FactRow", row)
        try:
            facts = facts_in(line)
        except ValueError as error:
            raise self._wrong(
                "journal", row.seq, f"the body is no JSON: {error}", f"正文不是 JSON：{error}"
            ) from error
        case, link = case_of(facts), None
        if case is not None:
            before = self._chains.get(case)
            link = Link(case, 1, b"") if before is None else Link(case, before.seq + 1, before.leaf)
        if row.case != case or row.case_seq != (None if link is None else link.seq):
            raise self._wrong(
                "entry", row.number, "its case or its number there is another", "其案件或案内序号不符"
            )
        return entry_bytes(line, facts, self._shard.tenant, link), link

    def _check_link(self, row: AuditRow, link: Link) -> None:
        before = self._chains.get(link.case)
        if before is not None and (link.seq, link.prev) != (before.seq + 1, before.leaf):
            raise self._wrong("entry", row.number, "the chain of its case is broken", "其案件的链已断开")
        if row.number < self._shard.counted:
            self._chains[link.case] = ChainEnd(link.seq, leaf_hash(row.entry))

    async def _check_tiles(self, written: dict[Tile, bytes], rows: Sequence[AuditRow], since: int) -> None:
        last: dict[tuple[int, int], Tile] = {}
        for tile in written:
            place = (tile.level, tile.number)
            if place not in last or last[place].width < tile.width:
                last[place] = tile
        stored = await self._source.tiles(self._shard, list(last.values()))
        for tile in sorted(last.values()):
            found = stored[tile]
            if found is None:
                raise self._wrong("tile", tile, "it is missing", "缺失")
            byte = first_difference(found, written[tile])
            if byte is None:
                self._report.tiles += 1
                continue
            nth = tile.number * WIDTH + byte // HASH_BYTES - since
            if tile.level == 0 and rows[0].leaf is None and 0 <= nth < len(rows):
                await self._tile_or_entry(tile, found, rows[nth])
            raise self._wrong("tile", tile, f"byte {byte} is not as it was", f"第 {byte} 字节与原来不同")

    async def _tile_or_entry(self, tile: Tile, found: bytes, row: AuditRow) -> None:
        """Of two files that contradict each other the one is right that the signed tree knows."""
        if await self._is_known(tile, found):
            raise self._wrong("entry", row.number, "its bytes are not those of its leaf", "其字节与叶子不符")

    async def _is_known(self, tile: Tile, found: bytes) -> bool:
        size = self._shard.size
        if tile.width == WIDTH:
            above = Tile(1, tile.number // WIDTH, tile.number % WIDTH + 1)
            known = (await self._source.tiles(self._shard, [above]))[above] or b""
            edge = Edge()
            edge.append([found[at : at + HASH_BYTES] for at in range(0, len(found), HASH_BYTES)])
            return known[-HASH_BYTES:] == edge.root()
        wanted = [one for one in tiles_of(size) if one.level and one.width < WIDTH]
        partial = {one: data or b"" for one, data in (await self._source.tiles(self._shard, wanted)).items()}
        points = await self._source.points(self._shard, size - 1, 1)
        try:
            root = Edge(size, {**partial, tile: found}).root()
            return [Checkpoint.of_note(parse_note(one.note.encode())).root for one in points] == [root]
        except ValueError:  # something else is wrong as well
            return False

    def _check_point(self, point: AuditPoint, root: bytes) -> None:
        try:
            note = parse_note(point.note.encode())
            said = Checkpoint.of_note(note)
            if said[:2] != (self._shard.origin, point.size):
                raise NoteError("checkpoint_malformed", "it is of another tree")
            verify_note(note, self._keys)
            if self._whole:
                _only_known(note, self._keys)
        except NoteError as error:
            raise self._wrong(
                "checkpoint", point.size, f"the note: {error}", f"签名检查点无效：{error}"
            ) from error
        if said.root != root:
            en = "the signed root is another: entries were replaced"
            raise self._wrong("entry", f"0-{point.size - 1}", en, "与已签名的树根不符：条目被替换")
        if point.root is not None and point.root != root:
            byte = first_difference(point.root, root)
            raise self._wrong(
                "checkpoint", point.size, f"byte {byte} of its root is wrong", f"树根第 {byte} 字节有误"
            )
        self._report.checkpoints += 1

    def _wrong(self, what: str, where: object, en: str, zh: str) -> Wrong:
        return Wrong(Finding.of(self._source.named(self._shard, what, where), en, zh))


def _only_known(note: Note, keys: Collection[VerifierKey]) -> None:
    """Raises NoteError where somebody else has signed too."""
    known = {(key.name, key.id) for key in keys}
    for one in note.signatures:
        if (one.name, one.key_id) not in known:
            raise NoteError("checkpoint_malformed", f"a signature is of nobody known: {one.name}")
