"""Goal: papers count as sent to other systems what was sent to them, once, and nothing the customer got.

Method: a record with one stop made by hand, with an effect of every port, and the papers' own cells.
"""

from __future__ import annotations

from typing import Any

import pytest

from countermand.evidence.after_notice import after_notice
from countermand.evidence.after_notice_paper import losses_after_notice
from countermand.evidence.case_record import CaseRecord, PlacedOrder, Stop
from countermand.evidence.responsibility_rules import map_of
from countermand.evidence.self_assessment import Hop, assessed
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Ball, Case, Category, Contained, Risk, Stage
from countermand.vocabulary.documents import Table
from countermand.vocabulary.effects import Effect, EffectState
from countermand.vocabulary.incidents import Incident, Source
from countermand.vocabulary.orders import MEASURE_TEXTS, Measure

AT, TRACE = 1_795_000_000_000_000, "4bf92f3577b34da6a3ce929d0e0e4736"
TERMS: dict[str, Any] = {"institution": Text(en="A bank", zh="某银行"), "timezone": "Asia/Shanghai"}
ORDERS = (Measure.FREEZE, Measure.STOP_OUTGOING, Measure.STOP_MANDATES, Measure.HEIGHTENED_REVIEW)
SENT = (
    ("banking", "freeze", EffectState.DONE),
    ("banking", "stop_mandate", EffectState.DONE),
    ("banking", "stop_mandate", EffectState.PENDING),
    ("banking", "cancel", EffectState.FAILED),
    ("sessions", "revoke", EffectState.DONE),
    ("notices", "account_contained", EffectState.DONE),
)


def record_of(sent: tuple[tuple[str, str, EffectState], ...]) -> CaseRecord:
    """A case in which one incident ordered everything in ORDERS, and sent these effects."""
    case = Case(
        id="c", number="000000000001", version=1, stage=next(iter(Stage)), ball=next(iter(Ball)),
        contained=next(iter(Contained)), risk=next(iter(Risk)), category=next(iter(Category)),
        channel="app", standing="proven", opened_at=AT, first_at=AT, updated_at=AT, account="a-1",
    )  # fmt: skip
    incident = Incident(
        id="i", key="k", digest=b"", source=next(iter(Source)), account="a-1", person=None, code="report",
        reason="", tier=2, began_at=AT, ended_at=AT, reference=None, follows=None, placed_at=AT,
        placed_by="app",
    )  # fmt: skip
    orders = tuple(
        PlacedOrder(id=f"o-{one}", measure=one.value, code="report", placed_at=AT, placed_by="app")
        for one in ORDERS
    )
    effects = tuple(
        Effect(
            id=f"i/{number}", port=port, action=action, lane="a-1", body={}, placed_at=AT, due_at=AT,
            trace=TRACE, state=state, ended_at=None if state is EffectState.PENDING else AT,
        )
        for number, (port, action, state) in enumerate(sent, 1)
    )  # fmt: skip
    return CaseRecord(
        case=case, number=case.number, made_at=AT, parts=("c",), stops=(Stop(incident=incident,
        orders=orders, effects=effects),),
    )  # fmt: skip


def measures(record: CaseRecord, language: str) -> list[tuple[str, str]]:
    """Each measure and what core banking did about it, as the paper says them."""
    paper = losses_after_notice(after_notice(record), record, language=language, stamped=False, **TERMS)
    section = next(one for one in paper.sections if one.title.en == "Measures taken")
    (table,) = section.blocks
    assert isinstance(table, Table)
    assert [one.en for one in table.columns] == ["Placed", "Measure", "Core banking"]
    return [tuple(getattr(cell.text, language) for cell in row[1:]) for row in table.rows]


@pytest.mark.parametrize(
    ("language", "said", "cancelled"),
    [
        (
            "en",
            ["1 told, 1 answered", "by the same instruction", "2 told, 1 answered", "no instruction"],
            ("What was let go and not yet executed is to be cancelled.", "1 told, 0 answered"),
        ),
        (
            "zh",
            ["下发 1 项，已确认 1 项", "同一指令，已计入上项", "下发 2 项，已确认 1 项", "无指令"],
            ("已放行但尚未执行的操作，要求核心系统撤销。", "下发 1 项，已确认 0 项"),
        ),
    ],
)
def test_each_measure_counts_its_own_instructions_to_core_banking(language, said, cancelled):
    """Each instruction once, beside the order it follows from; what the customer was told is none."""
    texts = [getattr(MEASURE_TEXTS[one], language) for one in ORDERS]
    wanted = [*zip(texts, said, strict=True), cancelled]
    assert measures(record_of(SENT), language) == wanted


def test_a_stop_that_only_told_the_customer_instructed_nobody():
    """A notice and an ended session are nothing that core banking was told."""
    assert {said for _, said in measures(record_of(SENT[4:]), "en")} == {"no instruction"}


@pytest.mark.parametrize(("effects", "count"), [(SENT, 5), (SENT[5:], 0)])
def test_a_notice_to_the_customer_is_no_instruction_to_other_systems(effects, count):
    """The outbox's hop holds what went to other systems; notices are a hop of their own."""
    record = record_of(effects)
    way = {one.hop: one for one in assessed(record, map_of(record)).way}
    assert (way[Hop.OUTBOX].carrying, way[Hop.OUTBOX].others) == (count, 0)
