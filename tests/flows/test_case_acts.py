"""Goal: every act on a case happens whole, once, by somebody who may, and nothing of it is lost.

Method: a house on a database of its own, people with keys, the acts as doors send them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from countermand.flows.act_on_case import act_on_case
from countermand.flows.agree_act import agree
from countermand.flows.beside_case import be_there, keep_draft, read_draft
from countermand.flows.house import House
from countermand.flows.show_case import dossier_of
from countermand.kernel.clock import ManualClock, moment_of
from countermand.kernel.errors import BadRequest, Conflict, CountermandError, Forbidden
from countermand.vocabulary.acts import (
    AddTask,
    Appeal,
    Assign,
    BeginPlaybook,
    Close,
    Decide,
    DoneStep,
    DoneTask,
    Macro,
    Move,
    Note,
    PauseCollection,
    PoliceReport,
    Promise,
    RenewReceipt,
    Reopen,
    Reply,
    ResumeCollection,
    Review,
    SetRisk,
    Snooze,
    Tag,
    Take,
    TakeTask,
    Withdraw,
)
from countermand.vocabulary.cases import CaseOutcome, Message, RootCause, Stage
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.staff import Role
from countermand.vocabulary.triage import Category, Risk
from flows.case_stage import NOT_ME, QUESTION, acted, case_at, opened, somebody
from flows.report_stage import reporting_house
from flows.stage import NOON, SECOND, outcome_of, payment

DAY = 86_400 * SECOND


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock(NOON)


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house that hears reports."""
    async with reporting_house(database_dsn, clock, tmp_path) as made:
        yield made


async def sent_of(house: House, number: str) -> list[Message]:
    """What was written to the customer."""
    return [one for one in (await dossier_of(house.reception, number)).messages if one.direction == "out"]


async def test_two_agents_on_one_case_see_each_other_and_lose_nothing(house: House) -> None:
    """Of two who act on the same version one is told that it changed; their draft is still there."""
    li, wang = await somebody(house, "li"), await somebody(house, "wang")
    number = await opened(house)
    first = await be_there(house.case_desk, number, "reading", li)
    second = await be_there(house.case_desk, number, "writing", wang)
    assert [one["staff"] for one in second["others"]] == ["li"]
    await keep_draft(house.case_desk, number, "我正在核实", wang)
    answers = await asyncio.gather(
        *(
            act_on_case(house.case_desk, number, Note(text=f"by {one.name}"), one, version=first["version"])
            for one in (li, wang)
        ),
        return_exceptions=True,
    )
    refused = [one for one in answers if isinstance(one, Conflict)]
    assert [one.code for one in refused] == ["case_changed"]
    draft = await read_draft(house.case_desk, number, wang)
    assert (draft["text"], draft["changed_since"]) == ("我正在核实", True)
    assert (await read_draft(house.case_desk, number, li))["text"] is None
    notes = [one for one in (await dossier_of(house.reception, number)).messages if one.direction == "note"]
    assert len(notes) == 1


async def test_a_macro_happens_whole_or_not_at_all(house: House) -> None:
    """Its last act lacks a value: nothing of the first ones is left, in case, messages or journal."""
    li = await somebody(house, "li")
    number = await opened(house)
    before = await dossier_of(house.reception, number)
    with pytest.raises(BadRequest, match="phrase_lacks_value"):
        await acted(house, number, li, Macro(macro="take-and-greet"))
    assert await dossier_of(house.reception, number) == before
    done = await acted(house, number, li, Macro(macro="take-and-greet", values={"by": "18:00"}))
    case = await case_at(house, number)
    assert (case.owner, case.playbook, done["macro"]) == ("li", "unwanted-operation@1", "take-and-greet@1")


async def test_a_transaction_cut_anywhere_leaves_the_case_as_it_was(house: House, monkeypatch: Any) -> None:
    """Whatever write of an act the machine dies at, everything of it or nothing is there."""
    li = await somebody(house, "li")
    number = await opened(house)
    before = await dossier_of(house.reception, number)
    from countermand.adapters.postgres.cases import PostgresCases
    from countermand.adapters.postgres.unit import PostgresUnit

    for place, name in ((PostgresCases, "add_messages"), (PostgresCases, "append"), (PostgresUnit, "note")):
        whole = getattr(place, name)

        async def dies(self: Any, *given: Any, whole: Any = whole) -> None:
            await whole(self, *given)
            raise KeyboardInterrupt

        with monkeypatch.context() as cut:
            cut.setattr(place, name, dies)
            with pytest.raises(KeyboardInterrupt):
                await acted(house, number, li, Reply(text="我们已收到您的补充材料。"))
        assert await dossier_of(house.reception, number) == before


async def test_one_voice_in_every_channel(house: House) -> None:
    """The same phrases are the same words and hash, whichever way they go."""
    li = await somebody(house, "li")
    number = await opened(house)
    hashes = set()
    for channel in ("app", "email", "wechat"):
        said = Reply(phrases=("heard", "never-ask"), values={"by": "18:00"}, channel=channel)
        hashes.add((await acted(house, number, li, said))["phrases_sha256"])
    assert len(hashes) == 1
    sent = await sent_of(house, number)
    assert {one.channel for one in sent} == {"app", "email", "wechat"}
    assert {one.masked for one in sent} == {sent[0].masked}
    assert {one.approved for one in sent} == {"heard@1,never-ask@1"}
    # The first word of a person keeps what the receipt promised: that one speaks to them.
    promises = (await dossier_of(house.reception, number)).promises
    assert [one.kept_at is not None for one in promises] == [True]
    with pytest.raises(BadRequest, match="wording_refused"):
        await acted(house, number, li, Reply(text="请提供您的验证码"))


async def test_a_disputed_decision_is_told_with_explanation_plan_and_handler(house: House) -> None:
    """Without them it is not sent; with them the named handler stands under it."""
    li = await somebody(house, "li", Role.INVESTIGATOR)
    number = await opened(house)
    await acted(
        house, number, li, Take(), Move(stage=Stage.INVESTIGATE),
        Decide(outcome=CaseOutcome.UNAUTHORISED_CONFIRMED, why="设备与登录地均不符"),
    )  # fmt: skip
    with pytest.raises(BadRequest, match="explanation_needed"):
        await acted(house, number, li, Reply(text="您的诉求已处理完毕。"))
    told = Reply(
        explanation="该笔转账由陌生设备发起，非您本人操作。", plan="资金将在三个工作日内退回您的账户。"
    )
    await acted(house, number, li, told)
    assert "承办人：li" in (await sent_of(house, number))[-1].masked


async def test_a_loss_is_refused_by_two_people_or_not_at_all(house: House) -> None:
    """The outcome that leaves the loss with the customer waits for another person, who is not the first."""
    li = await somebody(house, "li", Role.INVESTIGATOR)
    chen, agent = await somebody(house, "chen", Role.APPROVER), await somebody(house, "agent")
    number = await opened(house)
    refusing = Decide(outcome=CaseOutcome.AUTHORISED, why="客户确认系家人代为操作")
    with pytest.raises(Forbidden, match="role_lacks_verb"):
        await acted(house, number, agent, refusing)
    waits = (await acted(house, number, li, refusing))["waits"]
    assert (await case_at(house, number)).outcome is None
    with pytest.raises(Forbidden, match="two_people_needed"):
        await agree(house.case_desk, waits["look"], li, agreed=True, reason="我同意")
    await agree(house.case_desk, waits["look"], chen, agreed=True, reason="材料充分")
    case = await case_at(house, number)
    assert (case.outcome, case.decided_by) == (CaseOutcome.AUTHORISED, "li")
    with pytest.raises(Conflict, match="look_over"):
        await agree(house.case_desk, waits["look"], chen, agreed=True, reason="再次同意")


async def test_an_appeal_is_reviewed_by_somebody_who_has_not_decided(house: House) -> None:
    """The decider cannot review, nor does the case close meanwhile; another one may change the outcome."""
    li = await somebody(house, "li", Role.INVESTIGATOR)
    chen = await somebody(house, "chen", Role.INVESTIGATOR)
    number = await opened(house, QUESTION)
    await acted(
        house, number, li, Take(), Decide(outcome=CaseOutcome.INSUFFICIENT, why="无法核实"),
        Close(root_cause=RootCause.UNKNOWN), Appeal(grounds="我不同意，请重新核查"),
    )  # fmt: skip
    case = await case_at(house, number)
    assert (case.appealed, case.stage, case.owner) == (True, Stage.INVESTIGATE, None)
    with pytest.raises(Conflict, match="cannot_take"):
        await acted(house, number, li, Take())
    with pytest.raises(Conflict, match="case_appealed"):
        await acted(house, number, chen, Close(root_cause=RootCause.UNKNOWN))
    review = Review(upheld=True, outcome=CaseOutcome.ANSWERED, why="已补充材料，可以认定")
    with pytest.raises(Forbidden, match="conflict_of_interest"):
        await acted(house, number, li, review)
    await acted(house, number, chen, review)
    case = await case_at(house, number)
    assert (case.appealed, case.outcome, case.deciders) == (False, CaseOutcome.ANSWERED, ("li", "chen"))


async def test_nobody_touches_a_case_about_their_own_account(house: House) -> None:
    """Kin and self are refused with why, and assigned to nobody of them."""
    li = await somebody(house, "li", Role.AGENT, own=frozenset({"a-1"}))
    boss = await somebody(house, "boss", Role.APPROVER)
    number = await opened(house)
    with pytest.raises(Forbidden, match="conflict_of_interest"):
        await acted(house, number, li, Note(text="看看"))
    with pytest.raises(Conflict, match="cannot_take"):
        await acted(house, number, boss, Assign(to="li"))
    given = await acted(house, number, boss, Assign())
    assert given["owner"] == "boss"
    assert {"staff": "li", "why": "own_case"} in given["passed"]


async def test_risk_goes_down_by_a_person_only_and_never_for_a_claimed_loss(house: House) -> None:
    """P2 for a claimed loss is refused; said to be none, with another category, it is taken."""
    li = await somebody(house, "li")
    number = await opened(house)
    with pytest.raises(Conflict, match="risk_too_low"):
        await acted(house, number, li, SetRisk(risk=Risk.P2, why="看起来不急"))
    lower = SetRisk(risk=Risk.P3, why="客户来电澄清", category=Category.HOW_TO_QUESTION, no_loss=True)
    await acted(house, number, li, lower)
    assert (await case_at(house, number)).risk is Risk.P3


async def test_no_case_closes_without_a_cause_and_a_cause_that_returns_is_told(house: House) -> None:
    """Causes of ours name who fixes them; the third case of one system raises a task."""
    li = await somebody(house, "li", Role.INVESTIGATOR)
    recurs = []
    for turn in range(3):
        number = await opened(house, QUESTION, account=f"a-{turn}", key=f"k-{turn}")
        await acted(house, number, li, Decide(outcome=CaseOutcome.ANSWERED, why="已解答"))
        with pytest.raises(BadRequest, match="fix_needed"):
            await acted(house, number, li, Close(root_cause=RootCause.SYSTEM_FLAW, system="login"))
        closing = Close(
            root_cause=RootCause.SYSTEM_FLAW, system="login", fix_owner="it",
            fix_due_at=moment_of(NOON + 30 * DAY),
        )  # fmt: skip
        recurs.append((await acted(house, number, li, closing)).get("recurs"))
    assert recurs[:2] == [None, None]
    assert recurs[2]["again"] == {"system": 2}
    tasks = await house.incidents.tasks(False, (0, ""), 10)
    assert [one.about for one in tasks if one.kind == "cause_recurs"] == ["system_flaw system login"]


async def test_collection_rests_while_it_is_disputed(house: House) -> None:
    """A debit for the disputed debt is denied until the case is decided, and allowed after."""
    li = await somebody(house, "li", Role.INVESTIGATOR)
    number = await opened(house, QUESTION)
    disputed = SetRisk(risk=Risk.P2, why="对利率有争议", category=Category.RATE_OR_FEE_DISPUTE)
    await acted(house, number, li, disputed)
    await acted(house, number, li, PauseCollection(debts=("loan-1",)))
    assert (await case_at(house, number)).collection_paused
    assert await collecting(house) == "deny"
    with pytest.raises(Conflict, match="still_disputed"):
        await acted(house, number, li, ResumeCollection(why="催一下"))
    await acted(
        house, number, li, Decide(outcome=CaseOutcome.ANSWERED, why="利率已按合同更正"),
        ResumeCollection(why="已更正，恢复正常还款"),
    )  # fmt: skip
    assert not (await case_at(house, number)).collection_paused
    assert await collecting(house) == "allow"


async def collecting(house: House) -> str:
    """What a debit for the disputed debt gets."""
    debit = payment(at=house.clock.now(), kind="mandate_run", attributes={"debt": "loan-1"})
    return outcome_of(await house.decider.decide(debit, None))


async def _events(house: House, number: str) -> Any:
    return (await dossier_of(house.reception, number)).events


async def test_withdrawing_ends_the_service_and_not_the_look_into_fraud(house: House) -> None:
    """A question is closed the same day, and can be reopened; a claimed loss stays open with the desk."""
    li = await somebody(house, "li")
    question, loss = await opened(house, QUESTION), await opened(house, NOT_ME, account="a-2")
    await acted(house, question, li, Withdraw())
    assert (await case_at(house, question)).stage is Stage.CLOSED
    with pytest.raises(Conflict, match="case_not_closed"):
        await acted(house, loss, li, Reopen(why="看错了"))
    await acted(house, question, li, Reopen(why="客户来电补充"))
    assert (await case_at(house, question)).reopened == 1
    done = await acted(house, loss, li, Withdraw(why="不想追究了"))
    case = await case_at(house, loss)
    assert done["investigation_goes_on"]
    assert (case.stage, case.outcome) == (Stage.INVESTIGATE, CaseOutcome.WITHDRAWN)


async def test_a_renewed_receipt_opens_and_the_old_one_no_more(house: House) -> None:
    """Two different proofs, a new secret; with one proof twice there is none."""
    li = await somebody(house, "li")
    number = await opened(house)
    with pytest.raises(BadRequest, match="proofs_unfit"):
        await acted(house, number, li, RenewReceipt(proofs=("face", "face")))
    renewed = await acted(house, number, li, RenewReceipt(proofs=("face", "identity_document")))
    found = await house.public_door.case_of(number, renewed["secret"], "192.0.2.9")
    assert found.receipt == 2


async def test_a_playbook_leads_step_by_step(house: House, clock: ManualClock) -> None:
    """Steps go in their order, pass the ball and move the stage; what is late says so."""
    li = await somebody(house, "li")
    number = await opened(house, "我要举报一个冒充贵公司的非法贷款平台", account=None)
    await acted(house, number, li, BeginPlaybook(playbook="illegal-platform"))
    with pytest.raises(Conflict, match="step_not_next"):
        await acted(house, number, li, DoneStep(step="check"))
    with pytest.raises(Conflict, match="step_not_next"):
        await acted(house, number, li, DoneStep(step="keep", skipped="不需要"))
    await acted(house, number, li, DoneStep(step="keep"))
    clock.advance(4 * DAY)
    await acted(house, number, li, DoneStep(step="check"), DoneStep(step="hand-on"))
    case = await case_at(house, number)
    assert (case.stage, case.ball.value, case.steps) == (
        Stage.INVESTIGATE,
        "police",
        ("keep", "check", "hand-on"),
    )
    moved = [one.body for one in await _events(house, number) if one.kind == "playbook_moved"]
    assert [one.get("late") for one in moved] == [None, None, True, None]


async def test_small_acts_leave_their_trace(house: House) -> None:
    """Tasks, tags, promises, snoozes are events; a police receipt raises to P1; a P0 case does not sleep."""
    li = await somebody(house, "li")
    number = await opened(house, QUESTION)
    task = (await acted(house, number, li, AddTask(title="回电13812345678", owner="li")))["task"]
    later = moment_of(NOON + DAY)
    await acted(house, number, li, DoneTask(task=task), Tag(tag="vip"), Promise(what="answer", due_at=later))
    await acted(house, number, li, Snooze(until=later))
    case = await case_at(house, number)
    assert (case.tags, case.snoozed_until) == (frozenset({"vip"}), NOON + DAY)
    async with house.works.open() as unit:
        (kept,) = await unit.desk.tasks(case.id)
    assert "13812345678" not in kept.title
    assert kept.done_by == "li"
    await acted(house, number, li, PoliceReport(reference="A3101-2026-11-21"))
    assert (await case_at(house, number)).risk is Risk.P1
    urgent = await opened(house, "我的钱正在被转走！", account="a-3", stop=Preset.EVERYTHING)
    with pytest.raises(BadRequest, match="snooze_refused"):
        await acted(house, urgent, li, Snooze(until=later))


async def test_a_task_is_taken_left_done_and_opened_again(house: House) -> None:
    """Who has it stands in the task; what is done is taken by nobody; nothing said twice happens twice."""
    li, wang = await somebody(house, "li"), await somebody(house, "wang")
    number = await opened(house, QUESTION)
    task = (await acted(house, number, li, AddTask(title="call back")))["task"]

    async def kept() -> tuple[str | None, str | None]:
        async with house.works.open() as unit:
            (one,) = await unit.desk.tasks((await case_at(house, number)).id)
        return one.owner, one.done_by

    await acted(house, number, wang, TakeTask(task=task), TakeTask(task=task))
    assert await kept() == ("wang", None)
    await acted(house, number, wang, TakeTask(task=task, on=False))
    assert await kept() == (None, None)
    await acted(house, number, li, TakeTask(task=task), DoneTask(task=task))
    with pytest.raises(Conflict, match="task_done"):
        await acted(house, number, wang, TakeTask(task=task))
    await acted(house, number, wang, DoneTask(task=task, on=False), DoneTask(task=task, on=False))
    assert await kept() == ("li", None)
    states = [one.body["state"] for one in await _events(house, number) if one.kind == "task_set"]
    assert states == ["open", "taken", "left", "taken", "done", "open"]


async def test_an_auditor_reads_and_writes_nothing(house: House) -> None:
    """Every act is refused to who watches over the desk, and leaves no trace."""
    eve = await somebody(house, "eve", Role.AUDITOR)
    number = await opened(house)
    before = await dossier_of(house.reception, number)
    for act in (
        Note(text="x"),
        Take(),
        Tag(tag="x"),
        Withdraw(),
        Decide(outcome=CaseOutcome.ANSWERED, why="x"),
    ):
        with pytest.raises(CountermandError, match=r"role_lacks_verb|cannot_take"):
            await acted(house, number, eve, act)
    assert await dossier_of(house.reception, number) == before
