"""A receipt is handed out: what somebody said and was promised, proved from the log, for them to keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from countermand.cases.numbers import spoken
from countermand.cases.ports import Inbound, KeptFile
from countermand.flows.committed import Label, Salts, openings
from countermand.flows.keep_reports import report_values
from countermand.flows.kept_words import open_kept
from countermand.flows.log_ports import LogDesk
from countermand.flows.receipt_paper import paper_of
from countermand.flows.receipt_readme import readme_of
from countermand.flows.reception import Reception
from countermand.flows.show_case import BALL_WORDS, PROMISE_WORDS, contained_words
from countermand.kernel.text import Text
from countermand.transparency.entries import COMMITMENTS, Entry
from countermand.transparency.notes import VerifierKey
from countermand.transparency.ports import Sealed
from countermand.transparency.proofs import LogProof
from countermand.transparency.receipt_ports import WitnessedNotes
from countermand.transparency.receipts import ENTRIES_MAX, Opened, Proved, Receipt
from countermand.transparency.tile_proofs import read_from, tiles_for
from countermand.transparency.tree import inclusion_spans
from countermand.transparency.trust import TrustPolicy
from countermand.vocabulary.cases import Case, Direction, EventKind, Message
from countermand.vocabulary.facts import CASE_CHANGED, CASE_OPENED, REPORT_RECEIVED
from countermand.vocabulary.papers import Paper, ReceiptPaper
from countermand.vocabulary.reports import Channel
from countermand.work import Unit

SECONDS_TO_SEAL = 2
# What of a case its holder is given beside their own words; risk marks and the work among staff are not.
_GIVEN = frozenset(
    {
        EventKind.CONTAINED,
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
    {EventKind.CONTAINED, EventKind.PROMISED, EventKind.PROMISE_KEPT, EventKind.COLLECTION_PAUSED}
)
SOON = Text(
    en="Your report is kept and numbered. Its proof is being made; fetch it again in a few seconds.",
    zh="您的诉求已受理并编号，存证正在生成；请几秒后再次领取。",
)


class Papers(Protocol):
    """Where pages are set and sealed."""

    async def printed(self, make: Callable[[bool], Paper]) -> bytes:
        """The signed page that `make` describes, told whether an authority stamps its time; PDF."""
        ...


@dataclass(frozen=True, slots=True)
class Proofs:
    """What receipts are made from: the log, who else signed it, and where papers are made, if anywhere."""

    log: LogDesk
    witnessed: WitnessedNotes
    papers: Papers | None
    trusted: TrustPolicy | None = None


class ReceiptHouse(Protocol):
    """What handing out receipts needs of the house."""

    @property
    def reception(self) -> Reception: ...

    @property
    def salts(self) -> Salts: ...

    @property
    def proofs(self) -> Proofs: ...


@dataclass(frozen=True, slots=True)
class Handed:
    """A receipt, and the name of the file it is kept in."""

    receipt: Receipt
    file_name: str


@dataclass(frozen=True, slots=True)
class NotSealed:
    """The case is kept, and its entries are on their way into the log."""

    case: str
    text: Text = SOON
    retry_after_seconds: int = SECONDS_TO_SEAL


@dataclass(frozen=True, slots=True)
class _Heard:
    """A report of the case, and the values its fact binds, by name."""

    inbound: Inbound
    values: Mapping[str, Any]
    masked: str


async def hand_out_receipt(house: ReceiptHouse, case: Case, *, to_holder: bool) -> Handed | NotSealed:
    """The receipt of a case, with as many signatures as there are by now.

    The holder of its secret gets their own words opened, those of nobody else; staff, who may not read
    covered texts without a purpose, get a receipt without the words, which proves the same. `NotSealed` until
    every report in it is in a signed checkpoint.

    Raises Unavailable, SetupError (`log_damaged`, `vault_cannot_open`).
    """
    sealed = await house.proofs.log.entries_of_case(case.id)
    async with house.reception.works.open() as unit:
        keys = await house.salts.keys(unit, case)
        heard = await _heard(house.reception, unit, case, to_holder=to_holder)
        events = {
            event.seq: event.body for event in await unit.cases.events(case.id) if event.kind in _OPENED
        }
    kept = _Kept(case, keys, {one.inbound.id: one for one in heard}, events)
    shown = [(one, kept.shown(one)) for one in sealed]
    items = [Proved(one.entry, one.proof, opened) for one, opened in shown if opened is not None]
    if kept.heard or not items:
        return NotSealed(spoken(case.number))
    items = [await _witnessed(house, one) for one in _ordered(items)]
    paper = None
    if house.proofs.papers is not None:
        paper = await house.proofs.papers.printed(await _page(house, case, heard, items[0]))
    receipt = Receipt(tuple(items), await _policy(house, items), readme_of(spoken(case.number)), paper)
    return Handed(receipt, f"receipt-{case.number}.zip")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of a case that a receipt shows; `heard` ends empty when every report is sealed."""

    case: Case
    keys: Sequence[bytes]
    heard: dict[str, _Heard]
    events: Mapping[int, Mapping[str, Any]]

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
                return made
        return {}  # bound under a key that was destroyed since: nobody opens it any more


def _ordered(items: Sequence[Proved]) -> list[Proved]:
    """The first report stands first; of too many the latest follow it."""
    first = next((one for one in items if Entry.parse(one.entry).says["type"] == REPORT_RECEIVED), items[0])
    return [first, *[one for one in items if one is not first][-(ENTRIES_MAX - 1) :]]


async def _heard(reception: Reception, unit: Unit, case: Case, *, to_holder: bool) -> list[_Heard]:
    """The reports of whoever opened the case: others may have been heard in it too, and theirs are theirs."""
    came = []
    for message in await unit.cases.messages(case.id):
        if message.direction is Direction.IN and message.inbound is not None:
            inbound = await unit.cases.inbound_named(message.inbound)
            if inbound is not None and inbound.case == case.id:
                came.append((message, inbound))
    opener = next((inbound for _, inbound in came if inbound.answer.get("opened")), None)
    found = []
    for message, inbound in came:
        if opener is None or not _of_opener(inbound, opener):
            continue
        values: dict[str, Any] = {"answer": inbound.answer}
        if to_holder:
            values = await _opened_values(reception, unit, message, inbound)
        found.append(_Heard(inbound, values, message.masked if to_holder else ""))
    return found


async def _opened_values(house: Reception, unit: Unit, message: Message, inbound: Inbound) -> dict[str, Any]:
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


async def _page(
    house: ReceiptHouse, case: Case, heard: Sequence[_Heard], first: Proved
) -> Callable[[bool], Paper]:
    """What the paper says, but for whether its time is stamped."""
    reception = house.reception
    async with reception.works.open() as unit:
        promises = [one for one in await unit.cases.promises(case.id) if one.kept_at is None]
    names = reception.knowledge.names["institution"]
    origin, trusted = first.proof.checkpoint.origin, house.proofs.trusted
    first_said = next((one.masked for one in heard if one.inbound.answer.get("opened")), "")

    def page(stamped: bool) -> ReceiptPaper:
        return paper_of(
            case.number,
            case.first_at,
            first_said,
            [(PROMISE_WORDS[one.code], one.due_at) for one in promises],
            stopped=contained_words(case),
            next_mover=BALL_WORDS[case.ball],
            language=case.language,
            institution=names,
            code=first.mark,
            witnesses=sorted({one.name for one in first.proof.note.signatures} - {origin}),
            awaited=trusted is not None and bool(trusted.witnesses),
            timezone=reception.timezone,
            stamped=stamped,
            made_at=reception.clock.now(),
        )

    return page


async def _witnessed(house: ReceiptHouse, item: Proved) -> Proved:
    """The same entry in the newest checkpoint that witnesses signed, where one covers it."""
    origin, index = item.proof.checkpoint.origin, item.proof.index
    point = await house.proofs.witnessed.covering(origin, index + 1)
    if point is None:
        return item
    spans = inclusion_spans(index, point.size)
    wanted = tiles_for(spans, point.size)
    held = {tile: await house.proofs.log.tile(point.label, tile) for tile in wanted}
    tiles = {tile: data for tile, data in held.items() if data is not None}
    proof = LogProof(index, tuple(read_from(tiles, spans, point.size)), point.note)
    return item._replace(proof=proof)


async def _policy(house: ReceiptHouse, items: Sequence[Proved]) -> bytes:
    """Our own word on whose keys these are, for comfort alone."""
    if house.proofs.trusted is not None:
        return str(house.proofs.trusted).encode()
    origins = {one.proof.checkpoint.origin for one in items}
    shards = [one for one in await house.proofs.log.shards() if one.origin in origins]
    keys = {key.public: key for shard in shards for key in map(VerifierKey.parse, shard.keys)}
    return str(TrustPolicy(tuple(keys.values()))).encode()
