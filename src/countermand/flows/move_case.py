"""Where a case goes: stage, who moves next, regulator, how bad it is, collection, police, receipt."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from countermand.cases.case import risk_of
from countermand.cases.numbers import grouped, secret_of, spoken
from countermand.flows.case_desk import CaseDesk, CaseWork
from countermand.flows.contain_now import Containing, contain_within
from countermand.flows.reception import RECEIPT_KEY
from countermand.intake.redaction import mask
from countermand.kernel.errors import BadRequest, Conflict
from countermand.vocabulary.acts import (
    Move,
    PassBall,
    PauseCollection,
    PoliceReport,
    RenewReceipt,
    ResumeCollection,
    SetRisk,
    SetSide,
)
from countermand.vocabulary.cases import Case, EventKind
from countermand.vocabulary.facts import INCIDENT_CLOSED, ORDER_LIFTED, Fact
from countermand.vocabulary.incidents import ContainRequest, IncidentState, MeasureRequest, Source
from countermand.vocabulary.orders import ON_DEBT, Measure
from countermand.vocabulary.staff import Staff
from countermand.vocabulary.subject_keys import subject_key
from countermand.vocabulary.triage import Category
from countermand.work import Unit

COLLECTION = "collection"
# What an appeal or a claim is proven with: two of these, different ones, before a receipt is renewed.
PROOFS = frozenset(
    {"session", "identity_document", "face", "phone_code", "card_in_hand", "branch", "question"}
)
_DISPUTABLE = frozenset(
    {
        Category.UNAUTHORISED_LOAN, Category.RATE_OR_FEE_DISPUTE, Category.REPAYMENT_DISPUTE,
        Category.COLLECTION_CONDUCT, Category.CREDIT_RECORD, Category.UNAUTHORISED_PAYMENT,
        Category.DECEIVED_PAYMENT, Category.ACCOUNT_TAKEOVER,
    }
)  # fmt: skip


async def move(work: CaseWork, act: Move) -> None:
    """The next stage. Raises Conflict `stage_not_next`, `case_not_decided`."""
    work.happen(EventKind.STAGE_MOVED, stage=act.stage.value)


async def pass_ball(work: CaseWork, act: PassBall) -> None:
    """Somebody else moves next."""
    if act.ball is not work.case.ball:
        work.happen(EventKind.BALL_PASSED, ball=act.ball.value)


async def set_side(work: CaseWork, act: SetSide) -> None:
    """The regulator or a court has it too; or no longer."""
    if (act.side.value in work.case.sides) != act.on:
        work.happen(EventKind.SIDE_SET, side=act.side.value, on=act.on)


async def set_risk(work: CaseWork, act: SetRisk) -> None:
    """As a person sees it. A claimed loss stays P1 at least, unless they say that none is claimed.

    Raises Conflict `risk_too_low`.
    """
    category = act.category or work.case.category
    flags = work.case.flags - {"unauthorised"} if act.no_loss else work.case.flags
    least = risk_of(act.risk, category, flags)
    if least != act.risk:
        raise Conflict(
            "risk_too_low",
            f"A claimed loss is never below {least.value}. If none is claimed, say so: no_loss, and another "
            "category.",
            f"客户主张资金损失的案件风险不得低于 {least.value}。确无损失主张的，请注明 no_loss 并更改类别。",
            least=least.value,
        )
    work.happen(
        EventKind.RISK_SET,
        risk=act.risk.value,
        category=None if act.category is None else act.category.value,
        no_loss=act.no_loss or None,
        why=mask(act.why).text,
    )


async def police_report(work: CaseWork, act: PoliceReport) -> None:
    """The receipt of the police raises a case to P1 at least."""
    if work.case.police_report != act.reference:
        work.happen(EventKind.POLICE_REPORTED, reference=act.reference)


async def renew_receipt(work: CaseWork, act: RenewReceipt) -> None:
    """A new secret, shown once; the old one opens nothing from now on. Raises BadRequest `proofs_unfit`."""
    methods = sorted(set(act.proofs))
    if len(methods) < 2 or not set(methods) <= PROOFS:
        raise BadRequest(
            "proofs_unfit",
            f"A lost receipt is replaced after two different proofs of: {', '.join(sorted(PROOFS))}.",
            f"补发查询码须先完成两种不同的身份核验：{'、'.join(sorted(PROOFS))}。",
            field="proofs",
        )
    work.happen(EventKind.RECEIPT_RENEWED, proofs=methods)
    secret = secret_of(work.house.vault.mac_key(RECEIPT_KEY), work.case.id, work.case.receipt)
    work.shown |= {"number": spoken(work.case.number), "secret": grouped(secret)}


async def contain_debts(
    house: CaseDesk, unit: Unit, case: Case, act: PauseCollection, by: Staff, trace: str | None
) -> dict[str, Any]:
    """Stop collecting these debts, and new ones in that name or account unless the act says otherwise.

    Before the case is locked: gates come before rows.

    Raises BadRequest `nobody_to_protect`, and as `contain_within`.
    """
    if (case.account is None and case.person is None) or case.category not in _DISPUTABLE:
        raise BadRequest(
            "nobody_to_protect",
            "Collection is paused for a disputed debt of an account or person that the case is about.",
            "仅可对案件所涉账户或当事人的争议债务暂停催收。",
            field="debts",
        )
    measure = Measure.STOP_COLLECTION if act.new_debt else Measure.STOP_DEBT
    request = ContainRequest(
        reason=f"disputed in case {case.number}",
        account=case.account,
        person=case.person,
        source=Source.DESK,
        measures=(MeasureRequest(measure=measure, values=act.debts),),
        reference=case.number,
    )
    containing = Containing(house.works, house.clock, house.ids, house.effect_ports)
    key = f"{case.id} {COLLECTION} {case.version}"
    return await contain_within(containing, unit, request, key, by.name, trace)


async def pause_collection(work: CaseWork, act: PauseCollection) -> None:
    """Nobody collects while it is disputed; what was contained stands in `shown`, from before the lock."""
    incident = work.shown["incident"]
    work.happen(
        EventKind.COLLECTION_PAUSED, on=True, incident=incident, debts=len(act.debts), new_debt=act.new_debt
    )


async def resume_collection(work: CaseWork, act: ResumeCollection) -> None:
    """Collecting may go on, once it is decided. Raises Conflict `still_disputed`, `collection_not_paused`."""
    case = work.case
    if not case.collection_paused:
        raise Conflict(
            "collection_not_paused",
            "The collection is not paused in this case.",
            "该案件未暂停催收。",
            number=case.number,
        )
    if case.outcome is None or case.appealed:
        raise Conflict(
            "still_disputed",
            "While it is disputed, nobody collects: decide the case, and its appeal, first.",
            "争议处理期间不得恢复催收：请先作出结论并完成申诉复核。",
            number=case.number,
        )
    events = await work.unit.cases.events(case.id)
    paused = [
        one.body["incident"]
        for one in events
        if one.kind is EventKind.COLLECTION_PAUSED and one.body["on"] and "incident" in one.body
    ]
    await _lift_debts(work, paused)
    work.happen(EventKind.COLLECTION_PAUSED, on=False, why=mask(act.why).text)


async def _lift_debts(work: CaseWork, incidents: list[str]) -> None:
    """End the orders on the debts alone, and tell who collects."""
    unit, now = work.unit, work.now
    orders = [one for one in await unit.standing.of_incidents(incidents) if one.measure in ON_DEBT]
    await unit.standing.lift([one.id for one in orders], now, work.by.name)
    for incident in await unit.incidents.lock(incidents):
        if incident.state is not IncidentState.CLOSED:
            await unit.incidents.put(replace(incident, state=IncidentState.CLOSED, closed_at=now, grade=3))
            await unit.note(
                [
                    Fact(
                        now,
                        INCIDENT_CLOSED,
                        {"incident": incident.id, "actor": work.by.name},
                        None,
                        work.trace,
                    )
                ]
            )
    handles = await unit.handles({subject_key(one.subject) for one in orders})
    await unit.note(
        [
            Fact(
                now,
                ORDER_LIFTED,
                {
                    "order": one.id,
                    "measure": one.measure.value,
                    "incident": one.incident,
                    "actor": work.by.name,
                },
                handles.get(subject_key(one.subject)),
                work.trace,
            )
            for one in orders
        ]
    )
    for one in orders:
        body = {"account": one.account, "person": one.person, "debts": list(one.values)}
        await work.tell("webhooks", "resume_collection", one.id, body)
