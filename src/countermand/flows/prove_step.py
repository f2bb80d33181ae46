"""One step of a case, proved by the log: where it stands there, and what to check that with, without us."""

from __future__ import annotations

from typing import NamedTuple

from countermand.cases.numbers import spoken
from countermand.flows.case_openings import Kept, opened_events
from countermand.flows.hand_out_receipt import Handed, ReceiptHouse
from countermand.flows.receipt_readme import readme_of
from countermand.flows.show_case import SHOWN_EVENTS
from countermand.flows.witnessed_proofs import own_policy, witnessed
from countermand.kernel.errors import NotFound
from countermand.transparency.entries import Entry
from countermand.transparency.ports import Sealed
from countermand.transparency.receipts import Proved, Receipt
from countermand.vocabulary.cases import Case, EventKind
from countermand.vocabulary.facts import CASE_CHANGED, CASE_OPENED

_SHOWN = frozenset(kind.value for kind in SHOWN_EVENTS)


class Leaf(NamedTuple):
    """Where a step stands in the log: whose, at which place, and the hash of its leaf in hex."""

    origin: str
    place: int
    leaf: str


async def steps_in_log(house: ReceiptHouse, case: Case) -> dict[int, Leaf]:
    """The steps of a case that its holder sees, by number; one that is not signed yet is not there.

    Raises Unavailable, SetupError (`log_damaged`).
    """
    return {seq: leaf for seq, (leaf, _) in (await _sealed(house, case)).items()}


async def prove_step(house: ReceiptHouse, case: Case, seq: int) -> Handed:
    """The proof of one step, as anybody checks a receipt.

    Raises NotFound (`unknown_step`: none, one that its holder does not see, or not signed yet), Unavailable,
    SetupError (`log_damaged`).
    """
    found = (await _sealed(house, case)).get(seq)
    if found is None:
        raise NotFound(
            "unknown_step",
            "This step cannot be proved yet. A new one can in a few seconds.",
            "该步骤暂无法出具证明；新的步骤请几秒后再试。",
        )
    leaf, sealed = found
    async with house.reception.works.open() as unit:
        keys, events = await house.salts.keys(unit, case), await opened_events(unit, case)
    opened = Kept(case, keys, {}, events).shown(sealed) or {}
    items = [await witnessed(house.proofs, Proved(sealed.entry, sealed.proof, opened))]
    receipt = Receipt(tuple(items), await own_policy(house.proofs, items), readme_of(spoken(case.number)))
    return Handed(receipt, f"step-{case.number}-{leaf.place}.zip")


async def _sealed(house: ReceiptHouse, case: Case) -> dict[int, tuple[Leaf, Sealed]]:
    found = {}
    for one in await house.proofs.log.entries_of_case(case.id):
        entry = Entry.parse(one.entry)
        facts, kind = entry.says["facts"], entry.says["type"]
        seq = 1 if kind == CASE_OPENED else facts.get("seq") if kind == CASE_CHANGED else None
        named = EventKind.OPENED.value if kind == CASE_OPENED else facts.get("kind")
        if isinstance(seq, int) and named in _SHOWN:
            leaf = Leaf(one.proof.checkpoint.origin, one.index, entry.leaf.hex())
            found[seq] = leaf, one
    return found
