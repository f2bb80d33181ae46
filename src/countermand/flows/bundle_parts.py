"""The documents that stand in the bundle of a case, each made by a flow of its own, joined here by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec

from countermand.evidence.bundles import BundleFile
from countermand.flows.bundle_ports import Bindery, LogHistory
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.hand_out_receipt import Proofs
from countermand.flows.label_history import LabelArchive
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text

CUSTODY = "custody.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleHouse:
    """What documents are made from: the evidence and its desk, the log, operations as they were recorded.

    `institution` is the name that stands on papers; `history` and `bindery` make the bundle around them.
    """

    room: EvidenceRoom
    proofs: Proofs
    archive: LabelArchive
    institution: Text
    history: LogHistory
    bindery: Bindery


# The house, the name of a case inside (not its number), the language that a paper speaks first (`zh`, `en`).
# Raises what the flow raises; a case without what the document is about has no such document: ().
Part = Callable[[BundleHouse, str, str], Awaitable[tuple[BundleFile, ...]]]


async def custody_part(house: BundleHouse, case: str, _language: str) -> tuple[BundleFile, ...]:
    """The chain of custody of every exhibit of a case and of those that became part of it, as JSON."""
    async with house.room.works.open() as unit:
        whole = await unit.cases.by_number((await unit.desk.numbers_of([case]))[case])
        assert whole is not None, "its number was just read"
        parts = (case, *(one for one, _ in whole.absorbed))
        chain = [touch for part in parts for touch in await unit.evidence.custody_of_case(part)]
    told: list[dict[str, Any]] = [
        {
            "exhibit": one.exhibit,
            "seq": one.seq,
            "touch": one.touch.value,
            "at": rfc3339(one.at),
            "by": one.actor,
            "more": one.body,
        }
        for one in sorted(chain, key=lambda one: (one.exhibit, one.seq))
    ]
    content = msgspec.json.format(msgspec.json.encode({"v": 1, "custody": told}), indent=1)
    return (BundleFile(CUSTODY, "application/json", content),)


# Their order is that of the bundle's index.
PARTS: Mapping[str, Part] = MappingProxyType({"custody": custody_part})
