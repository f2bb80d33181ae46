"""Everything that hears people and works on what they said, as one part of the house."""

from __future__ import annotations

from dataclasses import dataclass

from countermand.cases.hotlines import Hotline
from countermand.flows.case_desk import CaseDesk
from countermand.flows.channels import Channels
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.official_channels import OfficialChannels
from countermand.flows.public_door import PublicDoor
from countermand.flows.reading_desk import ReadingDesk
from countermand.intake.public_notices import PublicNotice


@dataclass(frozen=True, slots=True)
class FrontDesk:
    """The door without login, other channels, where staff work and read, the evidence room, what is ours.

    `hotlines` are those of the law packs in use: whom else people can call; `notices` every version of what
    everybody is told.
    """

    public_door: PublicDoor
    case_desk: CaseDesk
    channels: Channels
    reading_desk: ReadingDesk
    room: EvidenceRoom
    official: OfficialChannels
    hotlines: tuple[Hotline, ...] = ()
    notices: tuple[PublicNotice, ...] = ()
