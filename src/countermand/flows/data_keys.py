"""Data keys in use: made with the first thing that a case keeps, unwrapped when needed, kept briefly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from countermand.evidence.exhibits import About
from countermand.evidence.ports import KeyRow
from countermand.evidence.sealing import open_value, seal_value
from countermand.extensions import KeyService
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import Conflict
from countermand.kernel.ids import Ids, new_nonce
from countermand.vocabulary.cases import Case
from countermand.vocabulary.subject_keys import person_key
from countermand.vocabulary.vault import WrappedKey
from countermand.work import Unit

KEPT_SECONDS = 300
KEPT_MAX = 10_000
# What a key service says that has no key to give just now.
NO_KEY_NOW = ("key_service_away", "key_encryption_key_lost")


class DataKey(NamedTuple):
    """An unwrapped data key; it never leaves this process, and no text of it shows the key."""

    id: str
    key: bytes

    def __repr__(self) -> str:
        return f"DataKey({self.id!r})"

    def seal(self, plain: bytes, context: str) -> bytes:
        """A small value; it opens with this key and the same context only."""
        return seal_value(self.key, self.id, plain, new_nonce(), context)

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises Conflict (`evidence_altered`)."""
        return open_value(self.key, sealed, context)


class _Kept(NamedTuple):
    wrapped: bytes
    key: DataKey
    until: int


@dataclass(frozen=True, slots=True)
class DataKeys:
    """Keys are unwrapped by the key service and kept in memory for five minutes, ten thousand at most.

    A key that was destroyed is never served from memory: its row is read first, every time.
    """

    service: KeyService
    clock: Clock
    ids: Ids
    seconds_max: int = KEPT_SECONDS
    _kept: dict[str, _Kept] = field(default_factory=dict, repr=False)

    async def of_case(
        self,
        unit: Unit,
        case: Case,
        about: About = About.HOLDER,
        *,
        opened: bool = False,
        subject: str | None = None,
    ) -> DataKey:
        """The key of a case, made where it has none yet; `opened` in this very unit, it has none.

        Raises Unavailable (`key_service_away`, `key_encryption_key_lost`).
        """
        found = unit.evidence.key_at_hand(case.id, about)
        if found is None and not opened:
            found = await unit.evidence.find_key(case.id, about)
        if found is None:
            now = self.clock.now()
            name, key = self.ids.new("dk", now), new_nonce()
            wrapped = await self.service.wrap(key, key_context(name))
            made = KeyRow(
                id=name,
                case=case.id,
                subject=subject or case.id,
                about=about,
                wrapped=wrapped.sealed,
                service=self.service.name,
                key_name=wrapped.key_name,
                created_at=now,
            )
            if opened:
                await unit.evidence.put_key_later(made)
                return self._keep(made, key)
            whose = case.account or (None if case.person is None else person_key(case.person))
            found = await unit.evidence.put_key(made, whose)
            if found.id == name:
                return self._keep(found, key)
        return await self.unwrapped(found)

    async def live(self, unit: Unit, case: Case, about: About = About.HOLDER) -> DataKey | None:
        """The key of a case, None where it has none, or none any more. Raises Unavailable as `of_case`."""
        found = unit.evidence.key_at_hand(case.id, about) or await unit.evidence.find_key(case.id, about)
        return None if found is None else await self.unwrapped(found)

    async def named(self, unit: Unit, names: Collection[str]) -> Mapping[str, DataKey]:
        """Keys by name; those that were destroyed are left out. Raises Unavailable as `of_case`."""
        rows = await unit.evidence.keys(names)
        return {row.id: await self.unwrapped(row) for row in rows.values() if row.wrapped is not None}

    async def one(self, unit: Unit, name: str) -> DataKey:
        """One key by its name. Raises Conflict (`subject_shredded`), Unavailable."""
        found = await self.named(unit, [name])
        if name not in found:
            raise gone()
        return found[name]

    async def unwrapped(self, row: KeyRow) -> DataKey:
        """A live key. Raises Conflict (`subject_shredded`), Unavailable as `of_case`."""
        if row.wrapped is None:
            raise gone()
        kept = self._kept.get(row.id)
        if kept is not None and kept.wrapped == row.wrapped and kept.until > self.clock.now():
            return kept.key
        key = await self.service.unwrap(WrappedKey(row.key_name, row.wrapped), key_context(row.id))
        return self._keep(row, key)

    def forget(self, names: Iterable[str]) -> None:
        """Keys that were destroyed leave the memory too."""
        for name in names:
            self._kept.pop(name, None)

    def _keep(self, row: KeyRow, key: bytes) -> DataKey:
        assert row.wrapped is not None, "a live key is wrapped"
        while len(self._kept) >= KEPT_MAX:
            self._kept.pop(next(iter(self._kept)))
        one = DataKey(row.id, key)
        self._kept[row.id] = _Kept(row.wrapped, one, self.clock.now() + self.seconds_max * MICROS_PER_SECOND)
        return one


def key_context(name: str) -> str:
    """What a wrapped key is bound to: its own name, so that none can stand in for another."""
    return f"data key {name}"


def gone() -> Conflict:
    """409 for what was sealed under a key that was destroyed."""
    return Conflict(
        "subject_shredded",
        "This was erased for good, as the law wants; that it was there stays provable.",
        "该数据已依法永久销毁；其曾经存在仍可证明。",
    )
