"""The second half: the desk works the case, it is put right, and every step is proven without us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from countermand.drills.demo_company.cast import CAST, CUSTOMER
from countermand.drills.demo_company.patience import again
from countermand.drills.demo_story.acts import Act, Look, at, at_case, numbered, same
from countermand.drills.demo_story.scene import GOOD, GROCER, STOP, Scene
from countermand.drills.demo_story.theft import THEFT, press_red_button
from countermand.flows.act_on_case import act_on_case
from countermand.flows.bundle_case import Bound, Bundling, bundle_case
from countermand.flows.lift_containment import uphold_appeal
from countermand.flows.show_case import dossier_of, event_said
from countermand.kernel.text import Text
from countermand.vocabulary.acts import AnyAct, Close, Decide, Freeze, Move, Note, Reply, Take
from countermand.vocabulary.cases import (
    Case,
    CaseEvent,
    CaseOutcome,
    Contained,
    Direction,
    EventKind,
    RootCause,
    Stage,
)
from countermand.vocabulary.incidents import AppealRequest
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.staff import Role

AGENT, INVESTIGATOR = CAST[Role.AGENT], CAST[Role.INVESTIGATOR]
BUNDLE_TRIES_MAX, BUNDLE_SECONDS = 120, 0.25
SHOWN_LINES_MAX = 6
PRESSED = 200
RECALL_LOOKS_MAX, RECALL_SECONDS = 80, 0.25
_SOUND = "✓"
_UNTIL_DECIDED = (Stage.INTAKE, Stage.CONTAIN, Stage.INVESTIGATE)


async def _do(scene: Scene, role: Role, act: AnyAct) -> None:
    await again(partial(act_on_case, scene.house.case_desk, scene.number, act, CAST[role].staff))


async def _open_case(scene: Scene) -> Case | None:
    """The case, or None and told: whatever follows stands on it."""
    case = await scene.case()
    await scene.expect(case is not None, "there is no case", "没有案件")
    return case


async def play_desk(scene: Scene) -> None:
    """An agent takes it, speaks to her and looks that everything stands still; each part once."""
    case = await _open_case(scene)
    if case is None:
        return
    if case.owner is None:
        await _do(scene, Role.AGENT, Take())
        await scene.tell(
            f"{AGENT.called.en} takes the case. A clock of the law runs on it, in sight of everybody.",
            f"{AGENT.called.zh}接单。法定时限开始计时，人人可见。",
        )
    else:
        await scene.yours(f"{case.owner} has taken the case already.", f"{case.owner}已经接单。")
    if case.contained in (Contained.FROZEN, Contained.LIFTED):
        await scene.tell("Money, loans and sign-ins stand still: no need to ask anything first.",
                         "资金、借款、登录均已停住：无须先问任何问题。")  # fmt: skip
    else:
        why = "the customer says: that was not me"
        await _do(scene, Role.AGENT, Freeze(why=why, whole=True))
        await scene.tell("She freezes the rest as well, with one key.", "她一键停掉其余功能。", STOP)
    if await _is_answered(scene):
        await scene.yours("Lin Yue has had an answer of a person already.", "已有工作人员答复林悦。")
    else:
        soon = {"by": "tomorrow at noon" if case.language == "en" else "明天中午12点"}
        await _do(scene, Role.AGENT, Reply(phrases=("heard", "stopped-first", "never-ask"), values=soon))
        await scene.tell(
            "She answers in approved words: what is stopped, who handles it, and by when.",
            "她用规范话术答复：已停了什么、由谁办理、何时之前。",
        )


async def _is_answered(scene: Scene) -> bool:
    dossier = await dossier_of(scene.house.reception, scene.number)
    people = {one.name for one in CAST.values()}
    return any(one.direction is Direction.OUT and one.author in people for one in dossier.messages)


async def is_worked(scene: Scene) -> bool:
    """Whether somebody has taken the case and answered."""
    case = await scene.case()
    return case is not None and case.owner is not None and await _is_answered(scene)


async def play_traced(scene: Scene) -> None:
    """Back to the decisions: what was known then, which rule spoke, what would have been milder."""
    case = await _open_case(scene)
    if case is None:
        return
    if case.stage in (Stage.INTAKE, Stage.CONTAIN):
        await _do(scene, Role.INVESTIGATOR, Move(stage=Stage.INVESTIGATE))
    await scene.tell(
        f"{INVESTIGATOR.called.en} opens each decision: the values it had, the rules that spoke, "
        "the policy's version, and what would have been let through.",
        f"{INVESTIGATOR.called.zh}逐一打开当时的决策：所用数值、命中规则、策略版本，以及怎样才会放行。",
    )
    note = "new phone, another city; her own phone was at home" if case.language == "en" else (
        "新手机、异地；本人手机当时在家"
    )  # fmt: skip
    await _do(scene, Role.INVESTIGATOR, Note(text=note))
    await scene.tell(
        "Her phone was at home all the time; the thief's was two provinces away. It was not her.",
        "她的手机一直在家，盗用者的手机远在两省之外。不是她。",
        GOOD,
    )


async def play_recalled(scene: Scene) -> None:
    """What had left is asked back from the payee's bank; what it answers stands in her case."""
    if await _open_case(scene) is None:
        return
    if scene.setting.pay is None:
        await scene.tell("No bank follows this house: nothing has left it, and nothing is asked back.",
                         "本机构未接核心系统：资金未转出，无须追回。")  # fmt: skip
        return
    asked = await _recalls(scene)
    if not asked:
        await scene.tell(
            "Lin Yue looks through her payments once more: the 30.00 yuan to that shop were not hers either. "
            "That money has left.",
            "林悦又核对了一遍付款：付给那家小店的30.00元也不是她操作的。这笔钱已经转出。",
        )
        answered = await press_red_button(scene, scene.operations["small"])
        await scene.expect(answered == PRESSED, "the red button did not answer", "“不是我”未得到答复")
    else:
        await scene.yours(
            "You have reported the 30.00 yuan as well, as Lin Yue.", "您已以林悦的身份反映了这30.00元。"
        )
    for _ in range(RECALL_LOOKS_MAX):
        asked = await _recalls(scene)
        if len(asked) > 1:
            break
        await asyncio.sleep(RECALL_SECONDS)
    await scene.expect(
        len(asked) > 1, "the payee's bank was not asked, or did not answer", "收款机构未被请求或未答复"
    )
    for event in asked:
        said = event_said(event)
        answered = event.kind is EventKind.RECALL_ANSWERED
        await scene.tell(f"{said.en}.", f"{said.zh}。", GOOD if answered else STOP)


async def _recalls(scene: Scene) -> list[CaseEvent]:
    kinds = (EventKind.RECALL_ASKED, EventKind.RECALL_ANSWERED)
    events = (await dossier_of(scene.house.reception, scene.number)).events
    return [one for one in events if one.kind in kinds]


async def is_recalled(scene: Scene) -> bool:
    """Whether the money that had left was asked back already."""
    return scene.setting.pay is not None and await scene.case() is not None and bool(await _recalls(scene))


async def play_settled(scene: Scene) -> None:
    """Decided for her, told, given back; the bank has booked nothing of the theft."""
    case = await _open_case(scene)
    if case is None:
        return
    english = case.language == "en"
    if case.stage in _UNTIL_DECIDED:
        if case.stage is not Stage.INVESTIGATE:
            await _do(scene, Role.INVESTIGATOR, Move(stage=Stage.INVESTIGATE))
        await _do(scene, Role.INVESTIGATOR, Move(stage=Stage.DECIDE))
    if case.outcome is None:
        why = "Not hers: new device, another city." if english else "非本人操作：新设备、异地。"
        await _do(scene, Role.INVESTIGATOR, Decide(outcome=CaseOutcome.UNAUTHORISED_CONFIRMED, why=why))
        await _do(scene, Role.INVESTIGATOR, _result(english=english))
        await scene.tell(
            "Decided: it was not her. She owes nothing, and bears no loss; she is told why, and what she "
            "can do if she does not agree.",
            "结论：非本人操作。她不承担任何损失；已告知理由，以及不同意时的救济途径。",
        )
    else:
        await scene.yours("You have decided the case yourself.", "您已亲自作出处理结论。")
    case = await _open_case(scene)
    assert case is not None, "it was there"
    for incident in case.incidents:
        await uphold_appeal(scene.house, incident, AppealRequest(reason="it was not the customer"), "demo")
    freed = await scene.try_it("freed", "payment", yuan=18.5, payee=GROCER, **scene.home)
    await scene.expect(freed <= Outcome.CHALLENGE, "her account is still shut", "她的账户仍被停用")
    if freed is Outcome.CHALLENGE:
        await scene.tell(
            "She is asked once, because the stranger was far away a moment ago; then she pays as always.",
            "因为陌生人刚在外地操作过，这次会问她一句；之后照常付款。",
        )
    await scene.tell(
        "Her account is hers again; the stranger's phone stays out.",
        "账户已归还给她；陌生手机仍被拒之门外。",
        GOOD,
    )
    if case.stage in (*_UNTIL_DECIDED, Stage.DECIDE):
        await _do(scene, Role.INVESTIGATOR, Move(stage=Stage.REMEDY))
    if case.stage is not Stage.CLOSED:
        await _do(scene, Role.INVESTIGATOR, Close(root_cause=RootCause.CUSTOMER_DEVICE))
        await scene.tell("The case is closed with its cause: a password that leaked.",
                         "案件办结，原因已登记：密码泄露。")  # fmt: skip


def _result(*, english: bool) -> Reply:
    if english:
        return Reply(
            explanation="The operations came from a phone and a place that were never yours. It was not you.",
            plan="You bear no loss: what did not come back of the 30.00 yuan is ours to bear. "
            "You owe nothing. Everything is open again from now on.",
            phrases=("remedies",),
        )
    return Reply(
        explanation="这几笔操作来自您从未使用过的手机和地点，确认不是您本人操作。",
        plan="您不承担任何损失：30.00元中未能追回的部分由我们承担；也无须承担任何借款。即刻起恢复全部功能。",
        phrases=("remedies",),
    )


async def is_settled(scene: Scene) -> bool:
    """Whether the case is closed."""
    case = await scene.case()
    return case is not None and case.stage is Stage.CLOSED


async def play_proven(scene: Scene) -> None:
    """Everything of the case in one sealed file, checked by a program that asks nobody."""
    bound = await _bound(scene)
    if bound is None:
        await scene.expect(False, "the log did not get the case in time", "日志未能及时收录该案")
        return
    place = scene.setting.folder / f"demo-{scene.run}-{bound.file_name}"
    try:
        await asyncio.to_thread(_write, place, bound)
    finally:
        bound.made.close()
    await scene.tell(
        f"One file with every entry, its proof, and every paper: {bound.file_name}.",
        f"一个文件，含全部记录、证明与文书：{bound.file_name}。",
    )
    policy = scene.setting.folder / "demo-policy.txt"
    keys = [f"log {key}" for shard in await scene.house.log.shards() for key in shard.keys]
    policy.write_text("\n".join([*keys, "quorum none", ""]), encoding="utf-8")
    valid, lines = await scene.setting.verify(place, policy, scene.setting.folder / "seal-ca.pem")
    await scene.tell(f"$ countermand verify {bound.file_name} --policy policy.txt",
                     f"$ countermand verify {bound.file_name} --policy policy.txt")  # fmt: skip
    for line in [one.strip() for one in lines if _SOUND in one][-SHOWN_LINES_MAX:] + lines[-1:]:
        await scene.tell(line, line, GOOD if valid else STOP)
    await scene.expect(valid, "the bundle does not verify", "证据包核验未通过")
    scene.bundle = place


async def _bound(scene: Scene) -> Bound | None:
    """The bundle, once the log has all of the case."""
    wanted = Bundling(language="zh" if scene.setting.language == "zh" else "en")
    for _ in range(BUNDLE_TRIES_MAX):
        found = await bundle_case(scene.house.bundles, scene.number, wanted, INVESTIGATOR.staff)
        if isinstance(found, Bound):
            return found
        await asyncio.sleep(BUNDLE_SECONDS)
    return None


def _write(place: Path, bound: Bound) -> None:
    with place.open("wb") as file:
        for piece in bound.made.pieces():
            file.write(piece)


def _decision(scene: Scene) -> str | None:
    name = scene.decisions.get("first")
    return f"/desk/cases/{scene.number}/decisions/{name}" if scene.number and name else None


def _bundle(scene: Scene) -> str | None:
    return None if scene.bundle is None else "/demo/bundle"


_CASE: Callable[[Scene], str | None] = at_case("/desk/cases/{number}")
REDRESS: tuple[Act, ...] = (
    Act(
        "desk", Text(en="The desk works", zh="客服办理"),
        Text(en="A person takes it, and says so.", zh="有人接手，并告诉她。"),
        play_desk, is_worked,
        looks=(
            Look(Role.AGENT.value, Text(en="Look as the agent", zh="以客服身份查看"), _CASE, numbered),
            Look(CUSTOMER, Text(en="Read the answer as Lin Yue", zh="以林悦身份看答复"), at("/me/notices"),
                 same("account", "账户")),
        ),
    ),
    Act(
        "traced", Text(en="Traced back to its decisions", zh="追溯到每个决策"),
        Text(en="Why was it stopped? Reasons, values, policy.", zh="为什么停？理由、数值、策略。"),
        play_traced,
        looks=(
            Look(Role.INVESTIGATOR.value, Text(en="See why the transfer was held", zh="查看转账被暂缓的理由"),
                 _decision, same("cn-consumer-finance", "cn-consumer-finance"), proof=True),
        ),
    ),
    Act(
        "recalled", Text(en="Asked back", zh="追回"),
        Text(en="What had left, and what comes back.", zh="转出的钱，能追回多少。"),
        play_recalled, is_recalled,
        looks=(
            Look(Role.INVESTIGATOR.value, Text(en="See it in the case", zh="在案件中查看"),
                 at_case("/desk/cases/{number}?view=timeline"), same("20.00", "20.00")),
        ),
    ),
    Act(
        "settled", Text(en="Put right", zh="处理完毕"),
        Text(en="She owes nothing, and has her account back.", zh="她分文未失，账户归还。"),
        play_settled, is_settled,
        looks=(
            Look(CUSTOMER, Text(en="Look as Lin Yue", zh="以林悦身份查看"), at("/me"),
                 same("18.50", "18.50")),
            Look(Role.AUDITOR.value, Text(en="Look as the auditor", zh="以审计员身份查看"), _CASE, numbered),
        ),
    ),
    Act(
        "proven", Text(en="Proven", zh="可证明"),
        Text(en="Do not believe us: check it yourself.", zh="不必相信我们：自己核验。"),
        play_proven,
        looks=(
            Look("", Text(en="Take the bundle", zh="下载证据包"), _bundle, same("", ""), proof=True),
            Look("", Text(en="Check a receipt in the browser", zh="在浏览器中核验回执"), at("/verify"),
                 same("receipt", "回执"), proof=True),
        ),
    ),
)  # fmt: skip
STORY: tuple[Act, ...] = (*THEFT, *REDRESS)
