"""A receipt is handed out: what somebody said and was promised, proved from the log, for them to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from countermand.cases.numbers import spoken
from countermand.flows.case_openings import Heard, Kept, Whose, heard_in, opened_events
from countermand.flows.committed import Salts
from countermand.flows.log_ports import LogDesk
from countermand.flows.receipt_paper import paper_of
from countermand.flows.receipt_readme import readme_of
from countermand.flows.reception import Reception
from countermand.flows.show_case import BALL_WORDS, PROMISE_WORDS, contained_words
from countermand.flows.witnessed_proofs import own_policy, witnessed
from countermand.kernel.text import Text
from countermand.transparency.entries import Entry
from countermand.transparency.receipt_ports import WitnessedNotes
from countermand.transparency.receipts import ENTRIES_MAX, Proved, Receipt
from countermand.transparency.trust import TrustPolicy
from countermand.vocabulary.cases import Case
from countermand.vocabulary.facts import REPORT_RECEIVED
from countermand.vocabulary.papers import Paper, ReceiptPaper

SECONDS_TO_SEAL = 2
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
        heard = await heard_in(house.reception, unit, case, Whose.HOLDER if to_holder else Whose.NOBODY)
        events = await opened_events(unit, case)
    kept = Kept(case, keys, {one.inbound.id: one for one in heard}, events)
    shown = [(one, kept.shown(one)) for one in sealed]
    items = [Proved(one.entry, one.proof, opened) for one, opened in shown if opened is not None]
    if kept.heard or not items:
        return NotSealed(spoken(case.number))
    items = [await witnessed(house.proofs, one) for one in _ordered(items)]
    paper = None
    if house.proofs.papers is not None:
        paper = await house.proofs.papers.printed(await _page(house, case, heard, items[0]))
    receipt = Receipt(
        tuple(items), await own_policy(house.proofs, items), readme_of(spoken(case.number)), paper
    )
    return Handed(receipt, f"receipt-{case.number}.zip")


def _ordered(items: Sequence[Proved]) -> list[Proved]:
    """The first report stands first; of too many the latest follow it."""
    first = next((one for one in items if Entry.parse(one.entry).says["type"] == REPORT_RECEIVED), items[0])
    return [first, *[one for one in items if one is not first][-(ENTRIES_MAX - 1) :]]


async def _page(
    house: ReceiptHouse, case: Case, heard: Sequence[Heard], first: Proved
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
