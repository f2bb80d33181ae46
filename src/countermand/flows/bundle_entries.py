"""The entries of a case for its bundle: every chain whole, opened as far as its reader may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from countermand.evidence.bundles import Shown
from countermand.evidence.exhibits import Exhibit
from countermand.flows.bundle_parts import BundleHouse
from countermand.flows.capture_exhibit import PLAIN
from countermand.flows.case_openings import Heard, Kept, Whose, heard_in, opened_events
from countermand.flows.committed import Label, openings, salts_key
from countermand.flows.data_keys import DataKey
from countermand.flows.show_case import dossier_of
from countermand.flows.witnessed_proofs import proved_together
from countermand.kernel.errors import Conflict
from countermand.transparency.entries import Entry
from countermand.transparency.receipts import Opened, Proved
from countermand.vocabulary.bundle_names import entry_name
from countermand.vocabulary.cases import Case
from countermand.vocabulary.facts import CASE_CHANGED, EVIDENCE_CAPTURED
from countermand.work import Unit

ERASED = "subject_shredded"


class ChainOf(NamedTuple):
    """A case, or one that became part of it, with all entries that the log has of it."""

    case: str
    items: Sequence[Proved]


@dataclass(frozen=True, slots=True)
class CaseEntries:
    """What the log has of a case, its exhibits with the names of their entries, and the keys that open them.

    `opened` are the messages whose words are in it.
    """

    case: Case
    chains: Sequence[ChainOf]
    exhibits: Sequence[Exhibit]
    captured: Mapping[str, str]
    keys: Mapping[str, DataKey]
    opened: frozenset[str]

    @property
    def items(self) -> dict[str, Proved]:
        """Every entry by its name in a bundle."""
        return {
            entry_name(number, seq): item
            for number, chain in enumerate(self.chains, 1)
            for seq, item in enumerate(chain.items, 1)
        }


async def entries_for_bundle(house: BundleHouse, number: str, shown: Shown) -> CaseEntries | None:
    """None until all that happened in the case is in a signed checkpoint.

    Raises NotFound (`unknown_case`), SetupError (`log_damaged`, `vault_cannot_open`), Unavailable.
    """
    desk = house.room.desk
    case = (await dossier_of(desk, number)).case
    parts = [case]
    async with desk.works.open() as unit:
        numbers = await unit.desk.numbers_of([one for one, _ in case.absorbed])
        for one, _ in case.absorbed:
            part = await unit.cases.by_number(numbers[one])
            assert part is not None, "what became part of a case is there"
            parts.append(part)
        exhibits = [one for part in parts for one in await unit.evidence.exhibits(part.id)]
        keys = await house.room.keys.named(unit, {one.data_key for one in exhibits})
    chains, opened = [], set()
    for part in parts:
        found = await _chain(house, part, shown)
        if found is None:
            return None
        chains.append(found[0])
        opened |= found[1]
    chains = await _led_to_one(house, chains)
    chains = [ChainOf(one.case, _with_exhibits(one.items, exhibits, keys, shown)) for one in chains]
    made = CaseEntries(case, chains, exhibits, {}, keys, frozenset(opened))
    captured = _captured(made.items)
    if any(one.id not in captured for one in exhibits):
        return None
    return CaseEntries(case, chains, exhibits, captured, keys, frozenset(opened))


async def _chain(house: BundleHouse, case: Case, shown: Shown) -> tuple[ChainOf, set[str]] | None:
    """The entries of one case, opened, and which messages that opens; None where something is not sealed."""
    sealed = await house.proofs.log.entries_of_case(case.id)
    court = shown is Shown.COURT
    desk = house.room.desk
    async with desk.works.open() as unit:
        keys = await desk.salts.keys(unit, case)
        heard, opened = await _heard(house, unit, case, court=court)
        events = await opened_events(unit, case)
        last = max((one.seq for one in await unit.cases.events(case.id)), default=0)
    kept = Kept(case, keys, {one.inbound.id: one for one in heard}, events, whole=court)
    items = [Proved(one.entry, one.proof, kept.shown(one) or {}) for one in sealed]
    if kept.heard or not items or _last_event(items) < last:
        return None
    return ChainOf(case.id, items), opened


async def _heard(house: BundleHouse, unit: Unit, case: Case, *, court: bool) -> tuple[list[Heard], set[str]]:
    """The reports of a case; what was erased is proved without its words."""
    desk = house.room.desk
    if court:
        try:
            heard = await heard_in(desk, unit, case, Whose.EVERYBODY)
        except Conflict as error:
            if error.code != ERASED:
                raise
        else:
            return heard, {one.message for one in heard}
    return await heard_in(desk, unit, case, Whose.NOBODY), set()


def _last_event(items: Sequence[Proved]) -> int:
    """The number of the last event of the case that the log has."""
    found = [Entry.parse(one.entry).says for one in items]
    return max((one["facts"]["seq"] for one in found if one["type"] == CASE_CHANGED), default=0)


async def _led_to_one(house: BundleHouse, chains: Sequence[ChainOf]) -> list[ChainOf]:
    """The chains, with the entries of one log all proved by one checkpoint."""
    flat = await proved_together(house.proofs, [item for chain in chains for item in chain.items])
    led, at = [], 0
    for chain in chains:
        led.append(ChainOf(chain.case, flat[at : at + len(chain.items)]))
        at += len(chain.items)
    return led


def _with_exhibits(
    items: Sequence[Proved], exhibits: Sequence[Exhibit], keys: Mapping[str, DataKey], shown: Shown
) -> list[Proved]:
    """To a court the entries of exhibits are opened: what is in the bundle can be held to them."""
    if shown is not Shown.COURT:
        return list(items)
    known = {one.id: keys[one.data_key] for one in exhibits if one.data_key in keys}
    done = []
    for item in items:
        says = Entry.parse(item.entry).says
        key = known.get(str(says["facts"].get("exhibit"))) if says["type"] == EVIDENCE_CAPTURED else None
        if key is None:
            done.append(item)
            continue
        salt = openings(salts_key(key), Label.exhibit(says["facts"]["exhibit"]), {PLAIN: b""})[PLAIN].salt
        done.append(item._replace(openings={**item.openings, PLAIN: Opened(salt, hidden=True)}))
    return done


def _captured(items: Mapping[str, Proved]) -> dict[str, str]:
    """Exhibit -> the name of the entry that captured it."""
    found = {}
    for name, item in items.items():
        says = Entry.parse(item.entry).says
        if says["type"] == EVIDENCE_CAPTURED:
            found[str(says["facts"]["exhibit"])] = name
    return found
