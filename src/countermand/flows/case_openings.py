"""What opens the entries of a case: the values that its facts bind, for whoever may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from countermand.cases.ports import Inbound, KeptFile
from countermand.flows.committed import Label, openings
from countermand.flows.keep_reports import report_values
from countermand.flows.kept_words import Keeping, open_kept
from countermand.transparency.entries import COMMITMENTS, Entry
from countermand.transparency.ports import Sealed
from countermand.transparency.receipts import Opened
from countermand.vocabulary.cases import Case, Direction, EventKind, Message
from countermand.vocabulary.facts import CASE_CHANGED, CASE_OPENED, REPORT_RECEIVED
from countermand.vocabulary.reports import Channel
from countermand.work import Unit

# What of a case its holder is given beside their own words; risk marks and the work among staff are not.
_GIVEN = frozenset(
    {
        EventKind.CONTAINED,
        EventKind.GIVEN_BACK,
        EventKind.RECALL_ASKED,
        EventKind.RECALL_ANSWERED,
        EventKind.PROMISED,
        EventKind.PROMISE_KEPT,
        EventKind.OUTCOME_SET,
        EventKind.CLOSED,
        EventKind.REOPENED,
        EventKind.APPEALED,
        EventKind.WITHDRAWN,
        EventKind.COLLECTION_PAUSED,
    }
)
_OPENED = frozenset(
    {
        EventKind.CONTAINED,
        EventKind.GIVEN_BACK,
        EventKind.RECALL_ASKED,
        EventKind.RECALL_ANSWERED,
        EventKind.PROMISED,
        EventKind.PROMISE_KEPT,
        EventKind.COLLECTION_PAUSED,
    }
)


class Whose(Enum):
    """Whose words are opened: those of who opened the case, of everybody in it, or nobody's."""

    HOLDER = "holder"
    EVERYBODY = "everybody"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Heard:
    """A report of the case, and the values its fact binds, by name."""

    inbound: Inbound
    values: Mapping[str, Any]
    masked: str
    message: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a case that a receipt or bundle shows; `heard` ends empty when every report is sealed.

    `whole`: long files are shown too, as they are.
    """

    case: Case
    keys: Sequence[bytes]
    heard: dict[str, Heard]
    events: Mapping[int, Mapping[str, Any]]
    whole: bool = False

    def shown(self, sealed: Sealed) -> dict[str, Opened] | None:
        """What opens an entry; None where it is no part of a receipt."""
        says = Entry.parse(sealed.entry).says
        facts, label = says["facts"], None
        values: Mapping[str, Any] = {}
        if says["type"] == REPORT_RECEIVED and facts["report"] in self.heard:
            label, values = Label.report(facts["report"]), self.heard.pop(facts["report"]).values
        elif says["type"] == CASE_OPENED:
            label, values = Label.opened(self.case.id), {"number": self.case.number}
        elif says["type"] == CASE_CHANGED and facts["kind"] in _GIVEN:
            label = Label.event(self.case.id, facts["seq"])
            values = {"body": self.events[facts["seq"]]} if facts["seq"] in self.events else {}
        if label is None:
            return None
        bound = says.get(COMMITMENTS, {})  # a fact from before there were commitments binds nothing
        for key in self.keys:
            made = {name: one for name, one in openings(key, label, values).items() if name in bound}
            if all(one.opens(bound[name]) is not False for name, one in made.items()):
                return {name: self._whole(one, values[name]) for name, one in made.items()}
        return {}  # bound under a key that was destroyed since: nobody opens it any more

    def _whole(self, opened: Opened, value: Any) -> Opened:
        return Opened(opened.salt, data=value) if self.whole and opened.hidden else opened


async def opened_events(unit: Unit, case: Case) -> dict[int, Mapping[str, Any]]:
    """The bodies of those events of a case that are opened, by number."""
    return {event.seq: event.body for event in await unit.cases.events(case.id) if event.kind in _OPENED}


async def heard_in(house: Keeping, unit: Unit, case: Case, whose: Whose) -> list[Heard]:
    """The reports of whoever opened the case: others may have been heard in it too, and theirs are theirs.

    Raises Conflict (`subject_shredded`), SetupError, Unavailable.
    """
    came = []
    for message in await unit.cases.messages(case.id):
        if message.direction is Direction.IN and message.inbound is not None:
            inbound = await unit.cases.inbound_named(message.inbound)
            if inbound is not None and inbound.case == case.id:
                came.append((message, inbound))
    opener = next((inbound for _, inbound in came if inbound.answer.get("opened")), None)
    found = []
    for message, inbound in came:
        if whose is not Whose.EVERYBODY and (opener is None or not _of_opener(inbound, opener)):
            continue
        values: dict[str, Any] = {"answer": inbound.answer}
        if whose is not Whose.NOBODY:
            values = await _opened_values(house, unit, message, inbound)
        found.append(Heard(inbound, values, message.masked if whose is not Whose.NOBODY else "", message.id))
    return found


async def _opened_values(house: Keeping, unit: Unit, message: Message, inbound: Inbound) -> dict[str, Any]:
    """The words, bytes and files of a report, unsealed."""
    files = []
    for file in sorted(await unit.cases.files(inbound.case), key=_place):
        if file.message == message.id:
            held = await unit.cases.file_bytes(inbound.case, file.id)
            context = f"attachment {file.id}"
            files.append(b"" if held is None else await open_kept(house, unit, held, context))
    raw = await open_kept(house, unit, inbound.sealed, f"inbound {inbound.id}")
    text = (await open_kept(house, unit, message.sealed, f"message {message.id}")).decode()
    return report_values(raw, text, inbound.answer, files)


def _place(file: KeptFile) -> int:
    """Which of its message's files it is, from 1."""
    return int(file.id.rpartition("/")[2])


def _of_opener(inbound: Inbound, opener: Inbound) -> bool:
    """The same report, the same sender, or somebody who had number and secret at the public door."""
    if inbound.id == opener.id:
        return True
    if inbound.sender is not None and inbound.sender == opener.sender:
        return True
    return inbound.channel == Channel.DOOR and inbound.key.startswith(f"{inbound.case} ")
