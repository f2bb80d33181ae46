"""What evidence a case wants, what we hold of it, and what is missing: nobody is asked for what we have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

import msgspec

from countermand.evidence.lexicon import pack_refused
from countermand.kernel.text import Text
from countermand.vocabulary.triage import Category

ALL = "all"


class Held(StrEnum):
    """What a case can hold.

    operations: ours of its account; decisions: how they were authorised; notices: what we told the person;
    payment_screen, bank_message: a picture that was read as one; whereabouts, chat, credit_report,
    collection_record, merchant_order, loan_contract: a file that somebody marked so.
    """

    REPORT = "report"
    OPERATIONS = "operations"
    DECISIONS = "decisions"
    NOTICES = "notices"
    CONTAINMENT = "containment"
    DEVICES = "devices"
    IDENTITY = "identity"
    PAYMENT_SCREEN = "payment_screen"
    BANK_MESSAGE = "bank_message"
    POLICE_RECEIPT = "police_receipt"
    INCIDENT_FACTS = "incident_facts"
    WHEREABOUTS = "whereabouts"
    CHAT = "chat"
    LOAN_CONTRACT = "loan_contract"
    CREDIT_REPORT = "credit_report"
    COLLECTION_RECORD = "collection_record"
    MERCHANT_ORDER = "merchant_order"


# What somebody may say that a file is; the rest the record knows by itself.
MARKS = frozenset(
    {
        Held.WHEREABOUTS, Held.CHAT, Held.LOAN_CONTRACT, Held.CREDIT_REPORT, Held.COLLECTION_RECORD,
        Held.MERCHANT_ORDER, Held.PAYMENT_SCREEN, Held.BANK_MESSAGE, Held.POLICE_RECEIPT, Held.IDENTITY,
    }
)  # fmt: skip


class Source(StrEnum):
    """Who has it: we, the person alone, or either of both."""

    OURS = "ours"
    THEIRS = "theirs"
    EITHER = "either"


class Basis(StrEnum):
    """statutory: a law names it. useful: it helps."""

    STATUTORY = "statutory"
    USEFUL = "useful"


class Confidence(StrEnum):
    """How surely a law was cited: the statute was read, a published page was, or neither."""

    READ = "T"
    PUBLISHED = "P"
    MEMORY = "M"


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One item of the pack; `for_` are categories, or all. `ask` is how the person gives it."""

    id: str
    source: Source
    held_by: tuple[Held, ...]
    basis: Basis
    weight: int
    for_: tuple[str, ...] = msgspec.field(name="for")
    name: Text
    why: Text
    law: Text | None = None
    confidence: Confidence | None = None
    ask: Text | None = None


class Fact(StrEnum):
    """A field of the structured facts of an incident."""

    NOTICED_AT = "noticed_at"
    HAPPENED_AT = "happened_at"
    AMOUNTS = "amounts"
    PAYEES = "payees"
    IP = "ip"
    PLACE = "place"
    DEVICE = "device"
    TOLD_BY = "told_by"
    FOUND_BY = "found_by"
    ASKED_BY = "asked_by"
    SHARED = "shared"


class ChecklistPack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Items, and which facts each category needs."""

    items: tuple[Wanted, ...]
    facts: dict[Category, tuple[Fact, ...]]


class State(StrEnum):
    """held: here already. ask: only the person can give it. collect: ours to find; nobody is asked."""

    HELD = "held"
    ASK = "ask"
    COLLECT = "collect"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a checklist; `by` are the holdings that fill it."""

    wanted: Wanted
    state: State
    by: tuple[Held, ...]


class Checklist(msgspec.Struct, frozen=True, kw_only=True):
    """All lines, those to be asked for first. `score` is the share of weights held, in percent, rounded down.

    `statutory_complete`: everything that a law names is here.
    """

    items: tuple[Item, ...]
    score: int
    statutory_complete: bool


def read_checklists(text: str) -> ChecklistPack:
    """The pack. Raises SetupError (`evidence_pack_refused`)."""
    try:
        pack = msgspec.yaml.decode(text, type=ChecklistPack)
    except (msgspec.MsgspecError, ValueError) as error:
        raise pack_refused("checklists.yaml", str(error)) from error
    categories = {*(one.value for one in Category), ALL}
    for one in pack.items:
        faults = {
            "names an unknown category": set(one.for_) - categories,
            "needs a weight above 0": one.weight < 1,
            "is statutory, so it names its law and how surely": (
                one.basis is Basis.STATUTORY and (one.law is None or one.confidence is None)
            ),
            "is for the person to give, so it says how": one.source is Source.THEIRS and one.ask is None,
            "can be filled by nothing": not one.held_by,
        }
        for why, wrong in faults.items():
            if wrong:
                raise pack_refused("checklists.yaml", f"{one.id} {why}")
    if len({one.id for one in pack.items}) != len(pack.items):
        raise pack_refused("checklists.yaml", "two items have one id")
    return pack


def checklist_of(pack: ChecklistPack, category: Category, held: Collection[Held]) -> Checklist:
    """The checklist of a case of this category that holds these things; total."""
    items = [_item(one, held) for one in pack.items if category.value in one.for_ or ALL in one.for_]
    weight = sum(one.wanted.weight for one in items)
    got = sum(one.wanted.weight for one in items if one.state is State.HELD)
    order = (State.ASK, State.COLLECT, State.HELD)
    return Checklist(
        items=tuple(sorted(items, key=lambda one: order.index(one.state))),
        score=100 * got // weight if weight else 100,
        statutory_complete=not any(
            one.wanted.basis is Basis.STATUTORY and one.state is not State.HELD for one in items
        ),
    )


def _item(wanted: Wanted, held: Collection[Held]) -> Item:
    by = tuple(one for one in wanted.held_by if one in held)
    if by:
        return Item(wanted=wanted, state=State.HELD, by=by)
    # What either side may have is asked for only where the pack says how to give it.
    theirs = wanted.source is Source.THEIRS or (wanted.source is Source.EITHER and wanted.ask is not None)
    return Item(wanted=wanted, state=State.ASK if theirs else State.COLLECT, by=())


def missing_facts(pack: ChecklistPack, category: Category, told: Iterable[Fact]) -> tuple[Fact, ...]:
    """The facts that this category still needs, in the order of the pack."""
    known = set(told)
    return tuple(one for one in _needed(pack.facts, category) if one not in known)


def _needed(facts: Mapping[Category, tuple[Fact, ...]], category: Category) -> tuple[Fact, ...]:
    return facts.get(category, facts.get(Category.OTHER, ()))
