"""What facts tell of the rows of the evidence vault."""

from __future__ import annotations

from countermand.evidence.custody import CustodyEvent
from countermand.evidence.exhibits import Exhibit
from countermand.evidence.holds import LegalHold
from countermand.evidence.ports import KeyRow, Tombstone
from countermand.transparency.replaying import Thing
from countermand.work.tellings import Telling


def told_key(row: KeyRow) -> Telling:
    """A data key; how it is wrapped changes with every rotation, and shows by opening or not."""
    says = {
        "case": row.case,
        "subject": row.subject,
        "about": row.about.value,
        "created_at": row.created_at,
        "shredded_at": row.shredded_at,
    }
    return Telling(Thing.DATA_KEY, row.id, ("case", row.case), "data_key", says)


def told_destroyed(stone: Tombstone) -> Telling:
    """A data key that was destroyed."""
    about = ("case", stone.case)
    return Telling(Thing.DATA_KEY, stone.data_key, about, "data_key", {"shredded_at": stone.at})


def told_tombstone(stone: Tombstone) -> Telling:
    """What is left of a data key that was destroyed."""
    says = {name: value for name, value in stone._asdict().items() if name != "data_key"}
    return Telling(Thing.TOMBSTONE, stone.data_key, ("case", stone.case), "data_key", says)


def told_exhibit(one: Exhibit) -> Telling:
    """An exhibit as it stands."""
    names = ("data_key", "sniffed", "lies", "size", "object_size", "captured_at", "captured_by")
    says = {name: getattr(one, name) for name in (*names, "derived_from")}
    says |= {
        "kind": one.kind.value,
        "about": one.about.value,
        "object": one.object.hex(),
        "scan": one.scan.value,
        "standing": one.standing.value,
    }
    hides = {
        "name": one.name,
        "declared": one.declared,
        "plain_digest": None if one.plain_digest is None else one.plain_digest.hex(),
        "origin": one.origin.hex(),
        "attachment": one.attachment,
    }
    return Telling(Thing.EXHIBIT, one.id, ("case", one.case), "exhibit", says, hides)


def told_touch(event: CustodyEvent, case: str) -> Telling:
    """One link of a chain of custody."""
    says = {"touch": event.touch.value, "at": event.at, "actor": event.actor, "body": event.body}
    return Telling(Thing.CUSTODY, f"{event.exhibit}/{event.seq}", ("case", case), "custody", says)


def told_legal_hold(hold: LegalHold) -> Telling:
    """A legal hold as it stands."""
    names = ("case", "begun_at", "begun_by", "ended_at", "ended_by")
    says = {**{name: getattr(hold, name) for name in names}, "reason": hold.reason.value}
    return Telling(Thing.LEGAL_HOLD, hold.id, ("case", hold.case), "hold", says, {"basis": hold.basis})
