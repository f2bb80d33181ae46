"""Items of evidence are hashed again, from what is kept, before they are certified; a check is a touch."""

from __future__ import annotations

from hashlib import sha256

from countermand.evidence.case_record import CaseRecord
from countermand.evidence.custody import Touch
from countermand.evidence.evidence_index import Checked
from countermand.evidence.exhibits import Exhibit, Standing
from countermand.flows.capture_exhibit import touch
from countermand.flows.case_desk import at_known
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.kept_words import open_kept
from countermand.flows.show_exhibits import plain_of
from countermand.kernel.errors import Conflict
from countermand.vocabulary.reading import body_digest
from countermand.vocabulary.staff import Role, Staff
from countermand.work import Unit

# Who touches an exhibit to hash it: the product itself, which sees bytes and nobody's face.
CHECKER = Staff(name="countermand", roles=frozenset[Role]())


async def check_items(room: EvidenceRoom, record: CaseRecord) -> dict[str, Checked]:
    """What came of every item, by its name: its bytes unsealed and hashed, in pieces, shown to nobody.

    Raises Unavailable.
    """
    found = {
        one.operation.id: _same(body_digest(one.operation), one.body_digest) for one in record.operations
    }
    async with room.works.open() as unit:
        for heard in record.heard:
            found[heard.id] = await _report(room, unit, heard.id)
    for exhibit in record.exhibits:
        found[exhibit.id] = await _exhibit(room, exhibit)
    return found


async def _report(room: EvidenceRoom, unit: Unit, name: str) -> Checked:
    inbound = await unit.cases.inbound_named(name)
    assert inbound is not None, "the record names what is there"
    try:
        raw = await open_kept(room.desk, unit, inbound.sealed, f"inbound {name}")
    except Conflict:
        return Checked.GONE
    return _same(sha256(raw).digest(), inbound.digest)


async def _exhibit(room: EvidenceRoom, exhibit: Exhibit) -> Checked:
    if exhibit.standing is Standing.SHREDDED or exhibit.plain_digest is None:
        return Checked.GONE
    if exhibit.standing is Standing.QUARANTINED:
        return Checked.CLOSED
    async with room.works.open() as unit:
        key = await room.keys.one(unit, exhibit.data_key)
    hashed = sha256()
    try:
        async for piece in plain_of(room, key, exhibit):
            hashed.update(piece)
    except Conflict:
        return await _noted(room, exhibit, Checked.ALTERED)
    return await _noted(room, exhibit, _same(hashed.digest(), exhibit.plain_digest))


async def _noted(room: EvidenceRoom, exhibit: Exhibit, found: Checked) -> Checked:
    """The check joins the chain of custody."""
    async with room.works.open() as unit:
        (work,) = await at_known(room.desk, unit, [exhibit.case], CHECKER)
        await touch(work, exhibit.id, Touch.VERIFIED, outcome=found.value)
        await work.end()
    return found


def _same(one: bytes, other: bytes) -> Checked:
    return Checked.EQUAL if one == other else Checked.ALTERED
